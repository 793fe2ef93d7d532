<?php

declare(strict_types=1);

namespace Gatepost\Exception;

/**
 * The gateway gave no answer: it couldn't be reached, or took too long. What was
 * asked for was done, or not, unless $sent is false: then it wasn't.
 */
final class ConnectionFailed extends \RuntimeException implements GatepostException
{
    /**
     * @param bool $sent the request may have reached the gateway
     * @param int $code curl's error number
     */
    public function __construct(string $message, public readonly bool $sent, int $code = 0)
    {
        parent::__construct($message, $code);
    }
}
