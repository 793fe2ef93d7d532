<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** A client's uid, and the one that it had before. */
final class Bound
{
    public function __construct(
        public readonly string $clientId,
        public readonly ?string $uid,
        public readonly ?string $previousUid,
    ) {
    }

    /**
     * @internal
     * @param array<string, mixed> $answer
     */
    public static function of(array $answer): self
    {
        return new self($answer['client_id'] ?? '', $answer['uid'] ?? null, $answer['previous_uid'] ?? null);
    }
}
