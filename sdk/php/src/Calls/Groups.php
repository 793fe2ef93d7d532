<?php

declare(strict_types=1);

namespace Gatepost\Calls;

use Gatepost\Action;
use Gatepost\Name;
use Gatepost\Result\Group;
use Gatepost\Result\Membership;
use Gatepost\Result\Page;

/** @internal calls of Gatepost\Client: groups */
trait Groups
{
    /**
     * Adds clients to a group.
     *
     * @param string|list<string> $clients
     * @param list<string|int> $uids whose clients join, those that they have now
     */
    public function join(string|array $clients, string|int $group, array $uids = []): Membership
    {
        return $this->changeGroup('join', (array) $clients, $group, $uids);
    }

    /**
     * Takes clients out of a group.
     *
     * @param string|list<string> $clients
     * @param list<string|int> $uids whose clients leave
     */
    public function leave(string|array $clients, string|int $group, array $uids = []): Membership
    {
        return $this->changeGroup('leave', (array) $clients, $group, $uids);
    }

    /** Takes all its clients out of a group. @return int how many there were */
    public function dissolve(string|int $group): int
    {
        return $this->act('/dissolve', Action::dissolve($group))['removed'] ?? 0;
    }

    /** How many are in a group. */
    public function group(string|int $group): Group
    {
        $name = Name::group($group);
        return Group::of($name, $this->read('/lookup', ['groups' => [$name]])['groups'][$name] ?? []);
    }

    /**
     * A page of the groups that have clients, by name.
     *
     * @return Page<array-key, Group>
     */
    public function groups(int $limit = 100, ?string $cursor = null): Page
    {
        $answer = $this->read('/groups', ['limit' => $limit, 'cursor' => $cursor]);
        $groups = [];
        foreach ($answer['groups'] ?? [] as $name => $counts) {
            $groups[$name] = Group::of((string) $name, $counts);
        }
        return new Page($groups, $answer['cursor'] ?? null);
    }

    /**
     * All groups, page by page as they are needed.
     *
     * @return \Generator<string, Group> by name
     */
    public function eachGroup(int $pageSize = 1000): \Generator
    {
        $cursor = null;
        do {
            $page = $this->groups($pageSize, $cursor);
            foreach ($page->items as $group) {
                yield $group->group => $group;
            }
            $cursor = $page->cursor;
        } while ($cursor !== null);
    }

    /**
     * @param list<string> $clients
     * @param list<string|int> $uids
     */
    private function changeGroup(string $verb, array $clients, string|int $group, array $uids): Membership
    {
        return Membership::of($this->act("/$verb", Action::membership($verb, $clients, $uids, [$group])));
    }
}
