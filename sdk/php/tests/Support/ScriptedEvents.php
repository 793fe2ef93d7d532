<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

/** An Events class that does what a test tells it to, and writes down what it was called with. */
final class ScriptedEvents
{
    /** @var array<string, callable> what each callback does */
    public static array $do = [];

    /** @var list<list<mixed>> the callbacks that were called, with their arguments */
    public static array $calls = [];

    public static function onWorkerStart(object $worker): void
    {
        self::called(__FUNCTION__, [$worker->id]);
    }

    public static function onConnect(string $client_id): void
    {
        self::called(__FUNCTION__, func_get_args());
    }

    /** @param array<string, mixed> $data */
    public static function onWebSocketConnect(string $client_id, array $data): void
    {
        self::called(__FUNCTION__, func_get_args());
    }

    public static function onMessage(string $client_id, string $message): void
    {
        self::called(__FUNCTION__, func_get_args());
    }

    public static function onClose(string $client_id): void
    {
        self::called(__FUNCTION__, func_get_args());
    }

    /** @param list<mixed> $arguments */
    private static function called(string $callback, array $arguments): void
    {
        self::$calls[] = [$callback, ...$arguments];
        if (isset(self::$do[$callback])) {
            (self::$do[$callback])(...$arguments);
        }
    }
}
