<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** How many are in a group; zeros where it is empty. */
final class Group
{
    public function __construct(
        public readonly string $group,
        public readonly int $clients,
        public readonly int $uids,
    ) {
    }

    /**
     * @internal
     * @param array<string, mixed> $answer
     */
    public static function of(string $group, array $answer): self
    {
        return new self($group, $answer['clients'] ?? 0, $answer['uids'] ?? 0);
    }
}
