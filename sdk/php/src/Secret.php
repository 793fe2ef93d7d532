<?php

declare(strict_types=1);

namespace Gatepost;

/**
 * A value that isn't shown: not by var_dump, print_r, var_export, a cast to array,
 * json_encode or a debugger's dump of the object that holds it.
 *
 * @internal
 */
final class Secret
{
    /** @var \WeakMap<self, string>|null outside of the objects, where a dump doesn't look */
    private static ?\WeakMap $values = null;

    public function __construct(#[\SensitiveParameter] string $value)
    {
        self::$values ??= new \WeakMap();
        self::$values[$this] = $value;
    }

    public function reveal(): string
    {
        return self::$values[$this] ?? '';
    }

    /** @return array<string, string> */
    public function __debugInfo(): array
    {
        return ['value' => '(hidden)'];
    }

    public function __clone()
    {
        throw new \LogicException('a secret is not copied');
    }

    /** @return never */
    public function __serialize(): array
    {
        throw new \LogicException('a secret is not serialized');
    }
}
