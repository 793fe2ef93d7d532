<?php

declare(strict_types=1);

namespace Gatepost\Events;

/**
 * Workerman's Timer for an Events class: says what to use instead.
 *
 * @internal
 */
final class Timer
{
    /** @param list<mixed> $arguments */
    public static function __callStatic(string $method, array $arguments): never
    {
        throw new \LogicException(
            "Timer::$method has no process to run in: PHP ends with its answer. To close a client at a time, such as one "
            . 'that hasn\'t logged in, use until: Gateway::until($client_id, time() + 30), and null for the '
            . 'time once it has. What recurs is for cron (docs/php.md, Timers)',
        );
    }
}
