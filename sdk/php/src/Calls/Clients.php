<?php

declare(strict_types=1);

namespace Gatepost\Calls;

use Gatepost\Action;
use Gatepost\Exception\ApiError;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Name;
use Gatepost\Result\Bound;
use Gatepost\Result\Closed;
use Gatepost\Result\ConnectedClient;
use Gatepost\Result\Page;

/** @internal calls of Gatepost\Client: connections */
trait Clients
{
    /** Binds a client to a uid, in the place of the one that it has. */
    public function bind(string $clientId, string|int $uid): Bound
    {
        return Bound::of($this->act('/bind', Action::bind($clientId, $uid)));
    }

    /** Takes a client's uid away. */
    public function unbind(string $clientId): Bound
    {
        return Bound::of($this->act('/unbind', Action::unbind($clientId)));
    }

    /** A client, or null where it isn't connected. */
    public function client(string $clientId): ?ConnectedClient
    {
        $found = $this->read('/lookup', ['clients' => [Name::client($clientId)]])['clients'][$clientId] ?? null;
        if ($found === null && $this->partial !== []) {
            $silent = implode(', ', $this->partial);
            throw new ApiError(503, 'node_unreachable', "node $silent didn't answer", call: 'POST /lookup');
        }
        return $found === null ? null : ConnectedClient::of($found);
    }

    public function isConnected(string $clientId): bool
    {
        return $this->client($clientId) !== null;
    }

    /**
     * A page of the clients, in order of their ids.
     *
     * @param list<string|int> $groups only clients in one of these
     * @param list<string|int> $uids only clients of one of these
     * @param list<string> $fields only these: client_id, uid, groups, session, node, connected_at, remote_addr
     * @param int $limit at most 10,000
     * @param string|null $cursor the page before has
     * @return Page<int, ConnectedClient>
     */
    public function clients(
        array $groups = [],
        array $uids = [],
        array $fields = [],
        int $limit = 100,
        ?string $cursor = null,
    ): Page {
        $answer = $this->read('/clients', [
            'groups' => Name::groups($groups),
            'uids' => Name::uids($uids),
            'fields' => array_values($fields),
            'limit' => $limit,
            'cursor' => $cursor,
        ]);
        $clients = array_map(ConnectedClient::of(...), array_values($answer['clients'] ?? []));
        return new Page($clients, $answer['cursor'] ?? null);
    }

    /**
     * All clients, page by page as they are needed.
     *
     * @param list<string|int> $groups
     * @param list<string|int> $uids
     * @param list<string> $fields
     * @return \Generator<int, ConnectedClient>
     */
    public function eachClient(
        array $groups = [],
        array $uids = [],
        array $fields = [],
        int $pageSize = 1000,
    ): \Generator {
        $cursor = null;
        do {
            $page = $this->clients($groups, $uids, $fields, $pageSize, $cursor);
            foreach ($page->items as $client) {
                yield $client;
            }
            $cursor = $page->cursor;
        } while ($cursor !== null);
    }

    /**
     * Closes a client; an ApiError of the code client_gone where it isn't connected.
     *
     * @param string|null $message the last words, sent first
     * @param int|null $code 1000 (null is that too), or 4100 to 4999
     * @param bool $force drop the connection at once, with all that waits for it
     * @param bool $binary the message is binary
     * @param bool $discard drop what the client sent and no webhook has got or is getting; its close event is next
     */
    public function closeClient(
        string $clientId,
        ?string $message = null,
        ?int $code = null,
        string $reason = '',
        bool $force = false,
        bool $binary = false,
        bool $discard = false,
    ): void {
        if ($message !== null && !$binary && preg_match('//u', $message) !== 1) {
            throw new InvalidArgument('message', 'is not UTF-8; send it as binary');
        }
        $words = $message === null ? [] : [$binary ? 'binary' : 'text' => $message];
        $target = ['clients' => [Name::client($clientId)], 'code' => $code, 'reason' => $reason];
        $closed = $this->close(...$target + $words + ['force' => $force, 'discard' => $discard]);
        if ($closed->closed === 0) {
            throw self::gone($clientId, 'POST /close');
        }
    }

    /**
     * Closes all whom the arguments name.
     *
     * @param list<string> $clients
     * @param list<string|int> $uids
     * @param list<string|int> $groups
     * @param list<string> $exceptClients
     * @param list<string|int> $exceptUids
     * @param int|null $code 1000 (null is that too), or 4100 to 4999
     * @param string|null $text last words, sent first; or $binary
     * @param bool $discard drop what the clients sent and no webhook has got or is getting
     */
    public function close(
        array $clients = [],
        array $uids = [],
        array $groups = [],
        bool $all = false,
        array $exceptClients = [],
        array $exceptUids = [],
        ?int $code = null,
        string $reason = '',
        ?string $text = null,
        ?string $binary = null,
        bool $force = false,
        bool $discard = false,
    ): Closed {
        $target = Action::target($clients, $uids, $groups, $all, $exceptClients, $exceptUids);
        $ending = Action::ending($code, $reason, $text, $binary, $force, $discard);
        return Closed::of($this->act('/close', ['action' => 'close'] + $target + $ending));
    }

    /** @param int|null $at unix time at which the client is closed with 4001; null: never */
    public function until(string $clientId, ?int $at): void
    {
        $this->act('/until', Action::until($clientId, $at));
    }
}
