<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** What became of a message. */
final class Pushed
{
    /**
     * @param int $matched clients that it named
     * @param int $queued for how many of them it was queued
     * @param int $dropped how many were too slow; they are closed with 4008
     */
    public function __construct(
        public readonly int $matched,
        public readonly int $queued,
        public readonly int $dropped,
    ) {
    }

    /**
     * @internal
     * @param array<string, mixed> $answer
     */
    public static function of(array $answer): self
    {
        return new self($answer['matched'] ?? 0, $answer['queued'] ?? 0, $answer['dropped'] ?? 0);
    }
}
