<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Fake\Api;
use Gatepost\Fake\Hub;
use Gatepost\Fake\Peer;

/**
 * A gateway in memory, for tests of code that uses Gateway or Client: it keeps
 * clients, uids, groups and sessions as the real one does, and shows what each
 * client was sent.
 *
 *     $gateway = Gateway::fake();
 *     $eva = $gateway->connect('eva', ['room']);
 *     Gateway::sendToGroup('room', 'hello');
 *     assert($gateway->messages($eva) === ['hello']);
 */
final class FakeGateway
{
    private readonly Hub $hub;
    private readonly Client $client;
    private int $made = 0;

    public function __construct()
    {
        $this->hub = new Hub();
        // The secret mints client tokens, which nothing looks at.
        $this->client = new Client('http://fake.invalid', str_repeat('fake', 8), '', [
            'transport' => new Api($this->hub),
        ]);
    }

    /** A client of this gateway. */
    public function client(): Client
    {
        return $this->client;
    }

    /**
     * A client connects.
     *
     * @param list<string|int> $groups
     * @param array<array-key, mixed> $session
     * @return string its client_id
     */
    public function connect(string|int|null $uid = null, array $groups = [], array $session = []): string
    {
        $peer = new Peer(sprintf('fake%04d', ++$this->made));
        $peer->uid = $uid === null ? null : Name::uid($uid);
        $peer->groups = array_fill_keys(Name::groups($groups), true);
        $peer->session = $session;
        $this->hub->peers[$peer->id] = $peer;
        return $peer->id;
    }

    /** A client leaves by itself. */
    public function disconnect(string $clientId): void
    {
        $this->hub->peer($clientId)->closed = ['code' => 1000, 'reason' => '', 'force' => false, 'discard' => false];
    }

    public function isConnected(string $clientId): bool
    {
        return $this->peer($clientId)->closed === null;
    }

    /** @return list<string> what a client was sent, also one that has gone */
    public function messages(string $clientId): array
    {
        return array_column($this->peer($clientId)->messages, 'message');
    }

    /** Whether a client was sent this message as a binary one. */
    public function wasBinary(string $clientId, int $message): bool
    {
        return $this->peer($clientId)->messages[$message]['binary'] ?? false;
    }

    public function uid(string $clientId): ?string
    {
        return $this->peer($clientId)->uid;
    }

    /** @return list<string> in order of their names */
    public function groups(string $clientId): array
    {
        return $this->peer($clientId)->groupNames();
    }

    /** @return array<array-key, mixed> */
    public function session(string $clientId): array
    {
        return $this->peer($clientId)->session;
    }

    /** @return array{code: int, reason: string, force: bool, discard: bool}|null how a client was closed; null: it wasn't */
    public function closed(string $clientId): ?array
    {
        return $this->peer($clientId)->closed;
    }

    /** @return list<array<string, mixed>> every action that was asked for, in order */
    public function actions(): array
    {
        return $this->hub->actions;
    }

    private function peer(string $clientId): Peer
    {
        return $this->hub->peers[$clientId]
            ?? throw new Exception\InvalidArgument('client_id', "$clientId was never connected to this fake");
    }
}
