<?php

declare(strict_types=1);

namespace Gatepost\Facade;

use Gatepost\Current;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Name;

/** @internal methods of Gatepost\Gateway that send */
trait Sending
{
    /**
     * Sends to all clients, or to those given. Not to those excluded.
     *
     * @param string $message
     * @param array<string>|null $client_id_array an empty array: nobody
     * @param string|array<string>|null $exclude_client_id at most 1,000
     * @param bool $raw must be false: there are no raw bytes of a WebSocket to write here
     * @return null
     */
    public static function sendToAll($message, $client_id_array = null, $exclude_client_id = null, $raw = false)
    {
        self::refuseRaw($raw);
        $content = self::message($message);
        $excluded = Name::clients((array) ($exclude_client_id ?: []), 'exclude_client_id');
        if ($client_id_array) {
            if (!is_array($client_id_array)) {
                echo 'bad $client_id_array:' . var_export($client_id_array, true) . "\n";
                return null;
            }
            $wanted = array_diff(array_unique(Name::clients($client_id_array, 'client_id_array')), $excluded);
            self::send('clients', array_values($wanted), [], $content);
            return null;
        }
        if (!is_array($client_id_array)) {
            $current = Current::get();
            $connecting = $current?->isConnecting() ? ['clients' => [$current->clientId]] : [];
            self::write(['action' => 'send', 'all' => true] + $connecting + self::except($excluded) + $content);
        }
        return null;
    }

    /**
     * @param string $client_id
     * @param string $message
     * @param bool $raw must be false
     * @return bool true, even where the client has gone
     */
    public static function sendToClient($client_id, $message, $raw = false)
    {
        self::refuseRaw($raw);
        self::send('clients', [self::clientId($client_id, __FUNCTION__)], [], self::message($message));
        return true;
    }

    /**
     * Sends to the event's client.
     *
     * @param string $message
     * @param bool $raw must be false
     * @return bool true
     */
    public static function sendToCurrentClient($message, $raw = false)
    {
        self::refuseRaw($raw);
        self::send('clients', [self::current(__FUNCTION__)->clientId], [], self::message($message));
        return true;
    }

    /**
     * @param int|string|array<int|string> $uid
     * @param string $message
     * @param bool $raw must be false
     * @return null
     */
    public static function sendToUid($uid, $message, $raw = false)
    {
        self::refuseRaw($raw);
        self::send('uids', Name::uids(self::names($uid)), [], self::message($message));
        return null;
    }

    /**
     * Sends to a group's clients, or to those of several; once to a client that is in more than one.
     *
     * @param int|string|array<int|string> $group
     * @param string $message
     * @param string|array<string>|null $exclude_client_id at most 1,000
     * @param bool $raw must be false: there are no raw bytes of a WebSocket to write here
     * @return null|false false where the group is empty(), which is complained of on the output
     */
    public static function sendToGroup($group, $message, $exclude_client_id = null, $raw = false)
    {
        if (!self::isValidGroupId($group)) {
            return false;
        }
        self::refuseRaw($raw);
        $excluded = Name::clients((array) ($exclude_client_id ?: []), 'exclude_client_id');
        self::send('groups', Name::groups(self::names($group)), $excluded, self::message($message));
        return null;
    }

    /**
     * One send, or as many as the gateway's limit of 1,000 names needs.
     *
     * @param list<string> $names
     * @param list<string> $excluded
     * @param array<string, string> $content
     */
    private static function send(string $kind, array $names, array $excluded, array $content): void
    {
        foreach (array_chunk($names, 1000) as $some) {
            self::write(['action' => 'send', $kind => $some] + self::except($excluded) + $content);
        }
    }

    /**
     * @param list<string> $clients
     * @return array<string, list<string>>
     */
    private static function except(array $clients): array
    {
        return $clients === [] ? [] : ['except_clients' => $clients];
    }

    /**
     * What names somebody: '' and null reach nobody in GatewayWorker.
     *
     * @return list<mixed>
     */
    private static function names(mixed $names): array
    {
        $given = is_array($names) ? $names : [$names];
        return array_values(array_filter($given, static fn (mixed $name): bool => $name !== '' && $name !== null));
    }

    private static function refuseRaw(mixed $raw): void
    {
        if ($raw) {
            throw new InvalidArgument('raw', 'must be false: the gateway makes the frames; give it the message itself');
        }
    }
}
