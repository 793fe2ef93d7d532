<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** Numbers of the whole gateway. */
final class Stats
{
    /**
     * @param list<array{node: string, clients: int, version: string, uptime_s: int|float}> $nodes
     * @param list<array<string, mixed>> $webhooks of each endpoint
     */
    public function __construct(
        public readonly int $clients,
        public readonly int $uids,
        public readonly int $groups,
        public readonly array $nodes,
        public readonly array $webhooks,
    ) {
    }
}
