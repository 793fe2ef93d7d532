<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** A uid and its clients. */
final class Uid
{
    /** @param list<string> $clients */
    public function __construct(
        public readonly string $uid,
        public readonly bool $online,
        public readonly array $clients,
    ) {
    }
}
