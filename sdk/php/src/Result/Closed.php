<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** How many clients a close named, and how many it closed. */
final class Closed
{
    public function __construct(public readonly int $matched, public readonly int $closed)
    {
    }

    /**
     * @internal
     * @param array<string, mixed> $answer
     */
    public static function of(array $answer): self
    {
        return new self($answer['matched'] ?? 0, $answer['closed'] ?? 0);
    }
}
