<?php

declare(strict_types=1);

namespace Gatepost\Facade;

use Gatepost\Action;

/** @internal methods of Gatepost\Gateway that close connections */
trait Closing
{
    /**
     * Closes a connection, once what waits for it is sent.
     *
     * @param string $client_id
     * @param string|null $message sent before
     * @return bool true, even where the client has gone
     */
    public static function closeClient($client_id, $message = null)
    {
        $words = $message === null ? [] : self::message($message);
        self::write(['action' => 'close', 'clients' => [self::clientId($client_id, __FUNCTION__)]] + $words);
        return true;
    }

    /**
     * Closes the event's client.
     *
     * @param string|null $message sent before
     * @return bool true
     */
    public static function closeCurrentClient($message = null)
    {
        return self::closeClient(self::current(__FUNCTION__)->clientId, $message);
    }

    /**
     * Closes a connection with 4001 at a time: what a Timer was for that closes who hasn't logged in.
     *
     * @param string $client_id
     * @param int|null $at unix time in seconds; null: never
     * @return bool true, even where the client has gone
     */
    public static function until($client_id, $at)
    {
        self::write(Action::until(self::clientId($client_id, __FUNCTION__), $at));
        return true;
    }

    /**
     * Drops a connection at once, with all that waits for it.
     *
     * @param string $client_id
     * @return bool true, even where the client has gone
     */
    public static function destroyClient($client_id)
    {
        $id = self::clientId($client_id, __FUNCTION__);
        self::write(['action' => 'close', 'clients' => [$id], 'force' => true]);
        return true;
    }

    /**
     * Drops the event's client at once.
     *
     * @return bool true
     */
    public static function destroyCurrentClient()
    {
        return self::destroyClient(self::current(__FUNCTION__)->clientId);
    }

    /**
     * destroyClient, as GatewayWorker spells it.
     *
     * @param string $client_id
     * @return bool
     */
    public static function destoryClient($client_id)
    {
        return self::destroyClient($client_id);
    }

    /**
     * destroyCurrentClient, as GatewayWorker spells it.
     *
     * @return bool
     */
    public static function destoryCurrentClient()
    {
        return self::destroyCurrentClient();
    }
}
