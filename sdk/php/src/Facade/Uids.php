<?php

declare(strict_types=1);

namespace Gatepost\Facade;

use Gatepost\Name;

/** @internal methods of Gatepost\Gateway about uids */
trait Uids
{
    /**
     * @param string $client_id
     * @param int|string $uid one that is empty() binds nothing, as in GatewayWorker
     * @return null
     */
    public static function bindUid($client_id, $uid)
    {
        $id = self::clientId($client_id, __FUNCTION__);
        if (empty($uid)) {
            error_log('Gateway::bindUid: uid(' . var_export($uid, true) . ') empty, nothing is bound');
            return null;
        }
        self::write(['action' => 'bind', 'client_id' => $id, 'uid' => Name::uid($uid)]);
        return null;
    }

    /**
     * @param string $client_id
     * @param int|string $uid not looked at: a client has one uid at most
     * @return null
     */
    public static function unbindUid($client_id, $uid)
    {
        self::write(['action' => 'unbind', 'client_id' => self::clientId($client_id, __FUNCTION__)]);
        return null;
    }

    /**
     * @param int|string $uid
     * @return list<string>
     */
    public static function getClientIdByUid($uid)
    {
        $names = self::names($uid);
        if ($names === []) {
            return [];
        }
        $name = Name::uid($names[0]);
        $clients = self::reader()->uid($name)->clients;
        $connecting = self::connecting();
        return $connecting?->uid === $name ? [...$clients, $connecting->clientId] : $clients;
    }

    /**
     * @param array<int|string> $uids
     * @return array<int|string, list<string>> for each uid that was asked for
     */
    public static function batchGetClientIdByUid(array $uids)
    {
        $client = self::reader();
        $found = [];
        foreach (array_chunk(Name::uids(self::names($uids)), 1000) as $some) {
            $found += $client->lookup(uids: $some)->uids;
        }
        $connecting = self::connecting();
        if (isset($connecting?->uid, $found[$connecting->uid])) {
            $found[$connecting->uid][] = $connecting->clientId;
        }
        $all = [];
        foreach ($uids as $uid) {
            $all[$uid] = $found[$uid] ?? [];
        }
        return $all;
    }

    /**
     * @param string $client_id
     * @return string|null null where it has none, or has gone
     */
    public static function getUidByClientId($client_id)
    {
        return self::reader()->client(self::clientId($client_id, __FUNCTION__))?->uid;
    }

    /** @return array<int|string, string> uid to uid */
    public static function getAllUidList()
    {
        return self::onlineUids([]);
    }

    /** @return int */
    public static function getAllUidCount()
    {
        $count = self::reader()->stats()->uids;
        $uid = self::connecting()?->uid;
        return $count + (int) ($uid !== null && !self::client()->uid($uid)->online);
    }

    /**
     * @param int|string|array<int|string> $group
     * @return array<int|string, string> uid to uid
     */
    public static function getUidListByGroup($group)
    {
        return self::isValidGroupId($group) ? self::onlineUids(Name::groups(self::names($group))) : [];
    }

    /**
     * @param int|string|array<int|string> $group
     * @return int
     */
    public static function getUidCountByGroup($group)
    {
        return self::isValidGroupId($group) ? count(self::getUidListByGroup($group)) : 0;
    }

    /**
     * @param list<string> $groups none: all uids
     * @return array<int|string, string>
     */
    private static function onlineUids(array $groups): array
    {
        $uids = [];
        foreach (self::reader()->eachUid($groups) as $uid => $_) {
            $uids[$uid] = $uid;
        }
        $uid = self::connecting(...$groups)?->uid;
        return $uid === null ? $uids : $uids + [$uid => $uid];
    }
}
