<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** What a join or leave has changed. */
final class Membership
{
    /**
     * @param int $changed clients that weren't in the group before, or were
     * @param list<string> $missing clients that have gone
     */
    public function __construct(
        public readonly string $group,
        public readonly int $changed,
        public readonly array $missing,
    ) {
    }

    /**
     * @internal
     * @param array<string, mixed> $answer
     */
    public static function of(array $answer): self
    {
        return new self($answer['group'] ?? '', $answer['changed'] ?? 0, $answer['missing'] ?? []);
    }
}
