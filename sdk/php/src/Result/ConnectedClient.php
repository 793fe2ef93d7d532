<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** A client as the gateway shows it. What wasn't asked for (fields) is empty. */
final class ConnectedClient
{
    /**
     * @param list<string> $groups
     * @param array<array-key, mixed> $session
     * @param string $connectedAt RFC 3339
     */
    public function __construct(
        public readonly string $clientId,
        public readonly ?string $uid,
        public readonly array $groups,
        public readonly array $session,
        public readonly string $node,
        public readonly string $connectedAt,
        public readonly string $remoteAddr,
    ) {
    }

    /**
     * @internal
     * @param array<string, mixed> $answer
     */
    public static function of(array $answer): self
    {
        return new self(
            $answer['client_id'] ?? '',
            $answer['uid'] ?? null,
            $answer['groups'] ?? [],
            $answer['session'] ?? [],
            $answer['node'] ?? '',
            $answer['connected_at'] ?? '',
            $answer['remote_addr'] ?? '',
        );
    }
}
