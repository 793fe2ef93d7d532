<?php

declare(strict_types=1);

namespace Gatepost\Tests\Facade;

use Gatepost\Gateway;

/** Tests of what asks who is connected. */
trait Online
{
    public function testIsOnline(): void
    {
        $a = $this->connect();
        self::assertSame(1, Gateway::isOnline($a->id()));
        self::assertSame(0, Gateway::isOnline(self::GONE));
    }

    public function testIsUidOnline(): void
    {
        $keep = $this->connect('42');
        self::assertSame(1, Gateway::isUidOnline(42));
        self::assertSame(1, Gateway::isUidOnline('42'));
        self::assertSame(0, Gateway::isUidOnline('eva'));
        self::assertSame(1, Gateway::isOnline($keep->id()));
        self::assertSame(0, Gateway::isUidOnline(''));
    }

    public function testIsUidsOnline(): void
    {
        $keep = $this->connect('42');
        self::assertSame(['eva' => 0, 42 => 1], Gateway::isUidsOnline(['eva', '42']));
        self::assertSame(['' => 0, 42 => 1], Gateway::isUidsOnline(['', 42]));
        self::assertSame([], Gateway::isUidsOnline([]));
        self::assertSame(1, Gateway::isOnline($keep->id()));
    }

    public function testGetAllClientCount(): void
    {
        self::assertSame(0, Gateway::getAllClientCount());
        $keep = [$this->connect(), $this->connect()];
        self::assertSame(2, Gateway::getAllClientCount());
        self::assertSame(2, Gateway::getAllClientIdCount());
        self::assertCount(2, $keep);
    }

    public function testGetAllClientIdList(): void
    {
        $a = $this->connect();
        $b = $this->connect();
        $list = Gateway::getAllClientIdList();
        ksort($list);
        $want = [$a->id() => $a->id(), $b->id() => $b->id()];
        ksort($want);
        self::assertSame($want, $list);
    }
}
