<?php

declare(strict_types=1);

namespace Gatepost\Fake;

/**
 * A client of the gateway in memory.
 *
 * @internal
 */
final class Peer
{
    public ?string $uid = null;
    /** @var array<array-key, true> by name */
    public array $groups = [];
    /** @var array<array-key, mixed> */
    public array $session = [];
    public ?int $until = null;
    /** @var list<array{message: string, binary: bool}> what it was sent */
    public array $messages = [];
    /** @var array{code: int, reason: string, force: bool, discard: bool}|null how it was closed */
    public ?array $closed = null;

    public function __construct(public readonly string $id)
    {
    }

    /** @return list<string> */
    public function groupNames(): array
    {
        $names = array_map('strval', array_keys($this->groups));
        sort($names, SORT_STRING);
        return $names;
    }

    /** @return array<string, mixed> as GET /clients/{id} shows it */
    public function shown(): array
    {
        return [
            'client_id' => $this->id,
            'uid' => $this->uid,
            'groups' => $this->groupNames(),
            'session' => (object) $this->session,
            'node' => 'fake',
            'connected_at' => '2026-01-01T00:00:00.000Z',
            'remote_addr' => '127.0.0.1',
        ];
    }
}
