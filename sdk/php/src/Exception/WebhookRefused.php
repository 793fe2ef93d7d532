<?php

declare(strict_types=1);

namespace Gatepost\Exception;

/**
 * A request that isn't a webhook of the gateway, or can't be read as one. Nothing
 * has been run for it. The message is safe to answer: it holds no secret and
 * nothing of the request.
 */
final class WebhookRefused extends \RuntimeException implements GatepostException
{
    /** @param int $status what to answer: 400, 401, 405 or 413 */
    public function __construct(public readonly int $status, string $message)
    {
        parent::__construct($message, $status);
    }
}
