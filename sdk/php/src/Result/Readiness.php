<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** Whether a node takes clients. */
final class Readiness
{
    /** @param array<string, string> $reasons why it doesn't, by what checks it */
    public function __construct(public readonly bool $ready, public readonly array $reasons)
    {
    }
}
