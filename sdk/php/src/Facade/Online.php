<?php

declare(strict_types=1);

namespace Gatepost\Facade;

/** @internal methods of Gatepost\Gateway that ask who is connected */
trait Online
{
    /**
     * @param string $client_id
     * @return int 1 or 0
     */
    public static function isOnline($client_id)
    {
        return (int) self::reader()->isConnected(self::clientId($client_id, __FUNCTION__));
    }

    /**
     * @param int|string $uid
     * @return int 1 or 0
     */
    public static function isUidOnline($uid)
    {
        return (int) (self::getClientIdByUid($uid) !== []);
    }

    /**
     * @param array<int|string> $uids
     * @return array<int|string, int> 1 or 0 for each uid that was asked for
     */
    public static function isUidsOnline(array $uids)
    {
        $clients = self::batchGetClientIdByUid($uids);
        return array_map(static fn (array $ids): int => (int) ($ids !== []), $clients);
    }

    /** @return int */
    public static function getAllClientIdCount()
    {
        return self::reader()->stats()->clients + (int) (self::connecting() !== null);
    }

    /** @return int */
    public static function getAllClientCount()
    {
        return self::getAllClientIdCount();
    }

    /** @return array<string, string> client_id to client_id */
    public static function getAllClientIdList()
    {
        return self::clientIds([]);
    }

    /**
     * @param list<string> $groups none: all clients
     * @return array<string, string> client_id to client_id
     */
    private static function clientIds(array $groups): array
    {
        $ids = [];
        foreach (self::everyClient($groups, ['client_id']) as $client) {
            $ids[$client->clientId] = $client->clientId;
        }
        return $ids;
    }
}
