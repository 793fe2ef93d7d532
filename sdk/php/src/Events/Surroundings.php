<?php

declare(strict_types=1);

namespace Gatepost\Events;

use Gatepost\Current;
use Gatepost\Event;
use Gatepost\Webhook\Log;

/**
 * What is around a callback in GatewayWorker: $_SESSION, $_SERVER, Context, an output that
 * isn't the answer. It is as it was before, afterwards.
 *
 * @internal
 */
final class Surroundings
{
    /**
     * Runs $do so. A session that is empty is null, as one that was never set is in
     * GatewayWorker.
     *
     * @param callable(): void $do
     * @return array<mixed>|null the session where $do has written to it, whole: what was unset is not in it
     */
    public static function around(Event $event, callable $do): ?array
    {
        $server = $_SERVER;
        $session = $_SESSION ?? null;
        $_SERVER = [
            'REMOTE_ADDR' => $event->remoteAddr,
            'REMOTE_PORT' => $event->remotePort,
            'GATEWAY_ADDR' => $event->node,
            'GATEWAY_PORT' => 0,
            'GATEWAY_CLIENT_ID' => $event->clientId,
        ];
        $given = $event->session === [] ? null : $event->session;
        $_SESSION = $given;
        Context::$client_id = $event->clientId;
        Context::$client_ip = (int) ip2long($event->remoteAddr);
        Context::$client_port = $event->remotePort;
        Context::$old_session = $given;
        try {
            self::quietly($do);
            return self::changed($given);
        } finally {
            $_SERVER = $server;
            $_SESSION = $session;
            Context::$client_id = Context::$old_session = null;
            Context::$client_ip = Context::$client_port = 0;
        }
    }

    /**
     * Runs $do with what it prints going to the error log.
     *
     * @param callable(): void $do
     */
    public static function quietly(callable $do): void
    {
        ob_start();
        $level = ob_get_level();
        try {
            $do();
        } finally {
            while (ob_get_level() > $level) {
                ob_end_flush();
            }
            $printed = ob_get_level() === $level ? (string) ob_get_clean() : '';
            if (trim($printed) !== '') {
                error_log('gatepost: Events printed: ' . Log::line($printed));
            }
        }
    }

    /**
     * @param array<mixed>|null $given
     * @return array<mixed>|null
     */
    private static function changed(?array $given): ?array
    {
        $now = $_SESSION ?? null;
        if ($now !== null && !is_array($now)) {
            throw new \UnexpectedValueException('$_SESSION must be an array, and is ' . get_debug_type($now));
        }
        return $now === $given && Current::get()?->sessionWritten !== true ? null : $now ?? [];
    }
}
