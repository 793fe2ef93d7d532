<?php

declare(strict_types=1);

namespace Gatepost\Facade;

use Gatepost\Action;
use Gatepost\Current;
use Gatepost\Name;

/** @internal methods of Gatepost\Gateway about sessions */
trait Sessions
{
    /**
     * Replaces a client's session.
     *
     * @param string $client_id
     * @param array<mixed> $session
     * @return null
     */
    public static function setSession($client_id, array $session)
    {
        $id = self::clientId($client_id, __FUNCTION__);
        if (self::ownsSession($id)) {
            self::current(__FUNCTION__)->sessionWritten = true;
            $_SESSION = $session;
        }
        self::write(Action::session($id, $session, 'set'));
        return null;
    }

    /**
     * Changes a client's session as array_replace_recursive does: by key, at every depth.
     *
     * @param string $client_id
     * @param array<mixed> $session
     * @return null
     */
    public static function updateSession($client_id, array $session)
    {
        $id = self::clientId($client_id, __FUNCTION__);
        if (self::ownsSession($id)) {
            self::current(__FUNCTION__)->sessionWritten = true;
            $_SESSION = array_replace_recursive((array) ($_SESSION ?? []), $session);
        }
        self::write(Action::session($id, $session, 'update'));
        return null;
    }

    /**
     * @param string $client_id
     * @return array<mixed>|null [] where none was set, null where the client has gone
     */
    public static function getSession($client_id)
    {
        return self::reader()->session(self::clientId($client_id, __FUNCTION__))?->data;
    }

    /**
     * @param int|string $group '': all clients
     * @return array<string, array<mixed>> session by client_id
     */
    public static function getAllClientSessions($group = '')
    {
        $groups = $group ? Name::groups(self::names($group)) : [];
        $sessions = [];
        foreach (self::everyClient($groups, ['client_id', 'session']) as $client) {
            $id = $client->clientId;
            $sessions[$id] = self::ownsSession($id) ? (array) ($_SESSION ?? []) : $client->session;
        }
        return $sessions;
    }

    /**
     * @param int|string $group
     * @return array<string, array<mixed>> session by client_id
     */
    public static function getClientSessionsByGroup($group)
    {
        return self::isValidGroupId($group) ? self::getAllClientSessions($group) : [];
    }

    /**
     * The old name of getAllClientSessions.
     *
     * @param int|string $group
     * @return array<string, array<mixed>>
     */
    public static function getAllClientInfo($group = '')
    {
        return self::getAllClientSessions($group);
    }

    /**
     * The old name of getClientSessionsByGroup, for which an empty group is all clients.
     *
     * @param int|string $group
     * @return array<string, array<mixed>>
     */
    public static function getClientInfoByGroup($group)
    {
        return self::getAllClientSessions($group);
    }

    /** $_SESSION is this client's session: its event is handled as GatewayWorker handles one. */
    private static function ownsSession(string $clientId): bool
    {
        $current = Current::get();
        return $current !== null && $current->ownsSession && $current->clientId === $clientId;
    }
}
