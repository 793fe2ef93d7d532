<?php

declare(strict_types=1);

namespace Gatepost\Exception;

/** A value that no call could have; nothing was sent. */
final class InvalidArgument extends \InvalidArgumentException implements GatepostException
{
    /** @param string $field which argument or option, by the protocol's name where it has one */
    public function __construct(public readonly string $field, string $what)
    {
        parent::__construct("$field $what");
    }
}
