<?php

declare(strict_types=1);

namespace Gatepost\Tests\Facade;

use Gatepost\Exception\NoCurrentEvent;
use Gatepost\Gateway;

/** Tests of what closes connections. */
trait Closing
{
    public function testCloseCurrentClientNeedsAnEvent(): void
    {
        $this->expectException(NoCurrentEvent::class);
        Gateway::closeCurrentClient();
    }

    public function testCloseClient(): void
    {
        $a = $this->connect();
        $b = $this->connect();
        self::assertSame(true, Gateway::closeClient($a->id()));
        self::assertSame(0, Gateway::isOnline($a->id()));
        self::assertSame(1000, $a->closeCode());
        self::assertSame(true, Gateway::closeClient($b->id(), 'bye'));
        self::assertSame('bye', $b->next());
        self::assertSame(1000, $b->closeCode());
        self::assertSame(true, Gateway::closeClient(self::GONE));
    }

    public function testUntil(): void
    {
        $a = $this->connect();
        self::assertSame(true, Gateway::until($a->id(), time() + 3600));
        self::assertSame(true, Gateway::until($a->id(), null));
        self::assertSame(1, Gateway::isOnline($a->id()));
        self::assertSame(true, Gateway::until(self::GONE, null));
    }

    /** @dataProvider destroying */
    public function testDestroyClient(string $method): void
    {
        $a = $this->connect();
        self::assertSame(true, Gateway::$method($a->id()));
        self::assertSame(0, Gateway::isOnline($a->id()));
        self::assertSame(1006, $a->closeCode());
        self::assertSame(true, Gateway::$method(self::GONE));
    }

    /** @return array<string, array{string}> */
    public static function destroying(): array
    {
        return ['as GatewayWorker spells it' => ['destoryClient'], 'as others do' => ['destroyClient']];
    }
}
