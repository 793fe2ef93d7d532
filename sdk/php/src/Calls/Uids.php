<?php

declare(strict_types=1);

namespace Gatepost\Calls;

use Gatepost\Name;
use Gatepost\Result\ConnectedClient;
use Gatepost\Result\Group;
use Gatepost\Result\Lookup;
use Gatepost\Result\Page;
use Gatepost\Result\Uid;

/** @internal calls of Gatepost\Client: uids, and many names at once */
trait Uids
{
    /** A uid and its clients. */
    public function uid(string|int $uid): Uid
    {
        $name = Name::uid($uid);
        $clients = $this->read('/lookup', ['uids' => [$name]])['uids'][$name] ?? [];
        return new Uid($name, $clients !== [], $clients);
    }

    /**
     * A page of the uids that have clients: how many each has, by uid.
     *
     * @param list<string|int> $groups only uids with a client in one of these
     * @return Page<array-key, int>
     */
    public function uids(array $groups = [], int $limit = 100, ?string $cursor = null): Page
    {
        $answer = $this->read('/uids', ['groups' => Name::groups($groups), 'limit' => $limit, 'cursor' => $cursor]);
        return new Page($answer['uids'] ?? [], $answer['cursor'] ?? null);
    }

    /**
     * All uids, page by page as they are needed.
     *
     * @param list<string|int> $groups
     * @return \Generator<string, int> by uid: how many clients it has
     */
    public function eachUid(array $groups = [], int $pageSize = 1000): \Generator
    {
        $cursor = null;
        do {
            $page = $this->uids($groups, $pageSize, $cursor);
            foreach ($page->items as $uid => $clients) {
                yield (string) $uid => $clients;
            }
            $cursor = $page->cursor;
        } while ($cursor !== null);
    }

    /**
     * What is known of many names: at most 1,000 of each kind.
     *
     * @param list<string> $clients
     * @param list<string|int> $uids
     * @param list<string|int> $groups
     */
    public function lookup(array $clients = [], array $uids = [], array $groups = []): Lookup
    {
        $answer = $this->read('/lookup', [
            'clients' => Name::clients($clients),
            'uids' => Name::uids($uids),
            'groups' => Name::groups($groups),
        ]);
        $found = [];
        foreach ($answer['groups'] ?? [] as $name => $counts) {
            $found[$name] = Group::of((string) $name, $counts);
        }
        return new Lookup(
            array_map(
                static fn (?array $client): ?ConnectedClient => $client === null ? null : ConnectedClient::of($client),
                $answer['clients'] ?? [],
            ),
            $answer['uids'] ?? [],
            $found,
        );
    }
}
