<?php

declare(strict_types=1);

namespace Gatepost\Events;

use Gatepost\Gateway;

/**
 * The names by which an Events class knows the gateway.
 *
 * @internal
 */
final class Names
{
    private const GATEWAY = ['GatewayWorker\Lib\Gateway', 'GatewayClient\Gateway'];
    private const CONTEXT = 'GatewayWorker\Lib\Context';
    private const TIMER = ['Workerman\Timer', 'Workerman\Lib\Timer'];

    /**
     * Makes them mean Gatepost's classes. An autoloader isn't asked: where GatewayWorker is
     * still installed it would load that.
     *
     * @throws \LogicException where GatewayWorker's own class is loaded already: its calls would go nowhere
     */
    public static function claim(): void
    {
        foreach (self::GATEWAY as $name) {
            self::alias(Gateway::class, $name);
        }
        self::alias(Context::class, self::CONTEXT);
        foreach (self::TIMER as $name) {
            class_exists($name, false) || class_alias(Timer::class, $name); // where Workerman runs, timers run
        }
    }

    /** @param class-string $class */
    private static function alias(string $class, string $name): void
    {
        if (!class_exists($name, false)) {
            class_alias($class, $name);
        } elseif (!is_a($name, $class, true)) {
            throw new \LogicException("$name is loaded already; make the EventsAdapter before it is used");
        }
    }
}
