<?php

declare(strict_types=1);

namespace Gatepost\Facade;

use Gatepost\Action;
use Gatepost\Name;

/** @internal methods of Gatepost\Gateway about groups */
trait Groups
{
    /**
     * @param string $client_id
     * @param int|string $group one that is empty() is none, as in GatewayWorker
     * @return null
     */
    public static function joinGroup($client_id, $group)
    {
        return self::changeMembership('join', self::clientId($client_id, __FUNCTION__), $group);
    }

    /**
     * @param string $client_id
     * @param int|string $group
     * @return null
     */
    public static function leaveGroup($client_id, $group)
    {
        return self::changeMembership('leave', self::clientId($client_id, __FUNCTION__), $group);
    }

    /**
     * All members of the group leave it.
     *
     * @param int|string $group
     * @return null|false false where the group is empty(), which is complained of on the output
     */
    public static function ungroup($group)
    {
        if (!self::isValidGroupId($group)) {
            return false;
        }
        self::write(Action::dissolve($group));
        return null;
    }

    /**
     * @param int|string $group '': all clients
     * @return int
     */
    public static function getClientIdCountByGroup($group = '')
    {
        if ($group === '' || $group === null) {
            return self::getAllClientIdCount();
        }
        $name = Name::group($group);
        return self::reader()->group($name)->clients + (int) (self::connecting($name) !== null);
    }

    /**
     * @param int|string $group '': all clients
     * @return int
     */
    public static function getClientCountByGroup($group = '')
    {
        return self::getClientIdCountByGroup($group);
    }

    /**
     * @param array<int|string> $groups
     * @return array<int|string, int> for each group that was asked for
     */
    public static function batchGetClientIdCountByGroup(array $groups)
    {
        $client = self::reader();
        $found = [];
        foreach (array_chunk(Name::groups(self::names($groups)), 1000) as $some) {
            $found += $client->lookup(groups: $some)->groups;
        }
        $its = self::connecting()?->groups ?? [];
        $all = [];
        foreach ($groups as $group) {
            $all[$group] = ($found[$group]?->clients ?? 0) + (int) in_array((string) $group, $its, true);
        }
        return $all;
    }

    /**
     * @param int|string|array<int|string> $group
     * @return array<string, string> client_id to client_id
     */
    public static function getClientIdListByGroup($group)
    {
        return self::isValidGroupId($group) ? self::clientIds(Name::groups(self::names($group))) : [];
    }

    /** @return array<int|string, int|string> group to group; one that looks like an integer is one */
    public static function getAllGroupIdList()
    {
        $names = array_keys(self::getAllGroupClientIdCount());
        return array_combine($names, $names);
    }

    /** @return array<int|string, int> uids in each group that has any */
    public static function getAllGroupUidCount()
    {
        if (self::connecting() !== null) {
            return array_map('count', self::getAllGroupUidList());
        }
        $counts = [];
        foreach (self::reader()->eachGroup() as $name => $group) {
            if ($group->uids > 0) {
                $counts[$name] = $group->uids;
            }
        }
        return $counts;
    }

    /** @return array<int|string, array<int|string, string>> by group: uid to uid */
    public static function getAllGroupUidList()
    {
        $lists = [];
        foreach (self::everyClient([], ['uid', 'groups']) as $client) {
            foreach ($client->uid === null ? [] : $client->groups as $group) {
                $lists[$group][$client->uid] = $client->uid;
            }
        }
        return $lists;
    }

    /** @return array<int|string, array<string, string>> by group: client_id to client_id */
    public static function getAllGroupClientIdList()
    {
        $lists = [];
        foreach (self::everyClient([], ['client_id', 'groups']) as $client) {
            foreach ($client->groups as $group) {
                $lists[$group][$client->clientId] = $client->clientId;
            }
        }
        return $lists;
    }

    /** @return array<int|string, int> clients in each group */
    public static function getAllGroupClientIdCount()
    {
        $counts = [];
        foreach (self::reader()->eachGroup() as $name => $group) {
            $counts[$name] = $group->clients;
        }
        foreach (self::connecting()?->groups ?? [] as $name) {
            $counts[$name] = ($counts[$name] ?? 0) + 1;
        }
        return $counts;
    }

    /** @return null */
    private static function changeMembership(string $action, string $client, mixed $group)
    {
        if (empty($group)) {
            error_log("Gateway::{$action}Group: group(" . var_export($group, true) . ') empty, nothing is done');
            return null;
        }
        self::write(['action' => $action, 'client_id' => $client, 'groups' => [Name::group($group)]]);
        return null;
    }
}
