<?php

declare(strict_types=1);

namespace Gatepost\Tests\Facade;

use Gatepost\Gateway;

/** Tests of what is about sessions. */
trait Sessions
{
    public function testSetSession(): void
    {
        $a = $this->connect();
        self::assertNull(Gateway::setSession($a->id(), ['name' => 'Eva', 'n' => 1.5, 'none' => null]));
        self::assertSame(['name' => 'Eva', 'n' => 1.5, 'none' => null], Gateway::getSession($a->id()));
        self::assertNull(Gateway::setSession($a->id(), []));
        self::assertSame([], Gateway::getSession($a->id()));
        self::assertNull(Gateway::setSession(self::GONE, ['a' => 1]));
    }

    public function testUpdateSession(): void
    {
        $session = ['z' => 1, 'age' => ['years' => 7], 'list' => ['x', 'y', ['a' => 1]], 'none' => null];
        $a = $this->connect(null, [], $session);
        $changes = [
            ['b' => 2, 'age' => ['months' => 1], 'gone' => null, 'a' => 3],
            ['age' => [], 'list' => ['Q'], 'none' => []],
            ['list' => [2 => ['b' => 2]], 'none' => ['x' => 1], 'z' => ['deep' => ['list']]],
            ['list' => [7 => 'gap'], 'z' => null],
            [],
        ];
        foreach ($changes as $change) {
            $session = array_replace_recursive($session, $change);
            self::assertNull(Gateway::updateSession($a->id(), $change));
            self::assertSame($session, Gateway::getSession($a->id()));
        }
        self::assertNull(Gateway::updateSession(self::GONE, ['a' => 1]));
    }

    public function testGetSession(): void
    {
        $a = $this->connect(null, [], ['list' => ['x'], 'map' => ['k' => 1], 'empty' => []]);
        $b = $this->connect();
        self::assertSame(
            ['list' => ['x'], 'map' => ['k' => 1], 'empty' => []],
            Gateway::getSession($a->id()),
        );
        self::assertSame([], Gateway::getSession($b->id()));
        self::assertNull(Gateway::getSession(self::GONE));
    }

    public function testGetAllClientSessions(): void
    {
        $a = $this->connect(null, ['room'], ['name' => 'Eva']);
        $b = $this->connect();
        $all = Gateway::getAllClientSessions();
        self::assertSame(['name' => 'Eva'], $all[$a->id()]);
        self::assertSame([], $all[$b->id()]);
        self::assertCount(2, $all);
        self::assertSame([$a->id() => ['name' => 'Eva']], Gateway::getAllClientSessions('room'));
        self::assertSame($all, Gateway::getAllClientInfo());
    }

    public function testGetClientSessionsByGroup(): void
    {
        $a = $this->connect(null, ['7'], ['name' => 'Eva']);
        $b = $this->connect();
        self::assertSame([$a->id() => ['name' => 'Eva']], Gateway::getClientSessionsByGroup(7));
        self::assertSame([$a->id() => ['name' => 'Eva']], Gateway::getClientInfoByGroup('7'));
        self::assertSame([], Gateway::getClientSessionsByGroup('empty'));
        self::assertSame(1, Gateway::isOnline($b->id()));
        $this->expectOutputString("group('') empty\n");
        self::assertSame([], Gateway::getClientSessionsByGroup(''));
    }
}
