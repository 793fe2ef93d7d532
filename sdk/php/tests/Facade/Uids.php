<?php

declare(strict_types=1);

namespace Gatepost\Tests\Facade;

use Gatepost\Gateway;

/** Tests of what is about uids. */
trait Uids
{
    public function testBindUid(): void
    {
        $a = $this->connect();
        self::assertNull(Gateway::bindUid($a->id(), 42));
        self::assertSame('42', Gateway::getUidByClientId($a->id()));
        self::assertNull(Gateway::bindUid($a->id(), 'eva'));
        self::assertSame('eva', Gateway::getUidByClientId($a->id()));
        self::assertNull(Gateway::bindUid(self::GONE, 'eva'));
    }

    public function testBindUidBindsNobodyToAnEmptyUid(): void
    {
        $a = $this->connect();
        $log = self::errorLogOf(static fn () => self::assertNull(Gateway::bindUid($a->id(), 0)));
        self::assertStringContainsString('uid(0) empty', $log);
        self::assertNull(Gateway::getUidByClientId($a->id()));
    }

    public function testUnbindUid(): void
    {
        $a = $this->connect('42');
        self::assertNull(Gateway::unbindUid($a->id(), 42));
        self::assertNull(Gateway::getUidByClientId($a->id()));
        self::assertNull(Gateway::unbindUid(self::GONE, 42));
    }

    public function testGetClientIdByUid(): void
    {
        $a = $this->connect('42');
        $b = $this->connect('42');
        $ids = Gateway::getClientIdByUid(42);
        sort($ids);
        $want = [$a->id(), $b->id()];
        sort($want);
        self::assertSame($want, $ids);
        self::assertSame([], Gateway::getClientIdByUid('eva'));
    }

    public function testBatchGetClientIdByUid(): void
    {
        $a = $this->connect('42');
        self::assertSame(['eva' => [], 42 => [$a->id()]], Gateway::batchGetClientIdByUid(['eva', 42]));
    }

    public function testGetUidByClientId(): void
    {
        $a = $this->connect('42');
        $b = $this->connect();
        self::assertSame('42', Gateway::getUidByClientId($a->id()));
        self::assertNull(Gateway::getUidByClientId($b->id()));
        self::assertNull(Gateway::getUidByClientId(self::GONE));
    }

    public function testGetAllUidList(): void
    {
        self::assertSame([], Gateway::getAllUidList());
        $keep = [$this->connect('42'), $this->connect('42'), $this->connect('eva'), $this->connect()];
        self::assertSame([42 => '42', 'eva' => 'eva'], Gateway::getAllUidList());
        self::assertCount(4, $keep);
    }

    public function testGetAllUidCount(): void
    {
        $keep = [$this->connect('42'), $this->connect('42'), $this->connect('eva')];
        self::assertSame(2, Gateway::getAllUidCount());
        self::assertCount(3, $keep);
    }

    public function testGetUidListByGroup(): void
    {
        $keep = [$this->connect('42', ['room']), $this->connect('eva', ['hall']), $this->connect(null, ['room'])];
        self::assertSame([42 => '42'], Gateway::getUidListByGroup('room'));
        self::assertSame([42 => '42', 'eva' => 'eva'], Gateway::getUidListByGroup(['room', 'hall']));
        $this->expectOutputString("group('') empty\n");
        self::assertSame([], Gateway::getUidListByGroup(''));
        self::assertCount(3, $keep);
    }

    public function testGetUidCountByGroup(): void
    {
        $keep = [$this->connect('42', ['room']), $this->connect('42', ['room']), $this->connect('eva', ['room'])];
        self::assertSame(2, Gateway::getUidCountByGroup('room'));
        $this->expectOutputString("group('') empty\n");
        self::assertSame(0, Gateway::getUidCountByGroup(''));
        self::assertCount(3, $keep);
    }
}
