<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** What is known of names. Every name that was asked for is there. */
final class Lookup
{
    /**
     * @param array<array-key, ConnectedClient|null> $clients null: has gone
     * @param array<array-key, list<string>> $uids their clients
     * @param array<array-key, Group> $groups
     */
    public function __construct(
        public readonly array $clients,
        public readonly array $uids,
        public readonly array $groups,
    ) {
    }
}
