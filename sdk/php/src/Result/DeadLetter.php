<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** An event that wasn't delivered. */
final class DeadLetter
{
    /**
     * @param string $type connect, message or close
     * @param string $diedAt RFC 3339
     * @param string $reason rejected, exhausted, expired, stopped or unwanted
     * @param list<array<string, mixed>> $attempts
     * @param array<string, mixed>|null $event its body, cookies masked; only where one letter was asked for
     * @param array<string, mixed> $headers that it was sent with; likewise
     */
    public function __construct(
        public readonly string $id,
        public readonly string $type,
        public readonly string $clientId,
        public readonly string $endpoint,
        public readonly string $diedAt,
        public readonly string $reason,
        public readonly array $attempts,
        public readonly ?array $event,
        public readonly array $headers,
    ) {
    }

    /**
     * @internal
     * @param array<string, mixed> $answer
     */
    public static function of(array $answer): self
    {
        return new self(
            $answer['id'] ?? '',
            $answer['type'] ?? '',
            $answer['client_id'] ?? '',
            $answer['endpoint'] ?? '',
            $answer['died_at'] ?? '',
            $answer['reason'] ?? '',
            $answer['attempts'] ?? [],
            $answer['event'] ?? null,
            $answer['headers'] ?? [],
        );
    }
}
