<?php

declare(strict_types=1);

namespace Gatepost\Tests\Facade;

use Gatepost\Gateway;

/** Tests of what is about groups. */
trait Groups
{
    public function testJoinGroup(): void
    {
        $a = $this->connect();
        self::assertNull(Gateway::joinGroup($a->id(), 'room'));
        self::assertNull(Gateway::joinGroup($a->id(), 7));
        self::assertSame([7 => 7, 'room' => 'room'], Gateway::getAllGroupIdList());
        self::assertNull(Gateway::joinGroup(self::GONE, 'room'));
    }

    public function testJoinGroupKnowsNoEmptyGroup(): void
    {
        $a = $this->connect();
        $log = self::errorLogOf(static fn () => self::assertNull(Gateway::joinGroup($a->id(), '0')));
        self::assertStringContainsString("group('0') empty", $log);
        self::assertSame([], Gateway::getAllGroupIdList());
    }

    public function testLeaveGroup(): void
    {
        $a = $this->connect(null, ['room', 'hall']);
        self::assertNull(Gateway::leaveGroup($a->id(), 'room'));
        self::assertSame(['hall' => 'hall'], Gateway::getAllGroupIdList());
        self::assertNull(Gateway::leaveGroup(self::GONE, 'room'));
    }

    public function testUngroup(): void
    {
        $keep = [$this->connect(null, ['room']), $this->connect(null, ['room', 'hall'])];
        self::assertNull(Gateway::ungroup('room'));
        self::assertSame(['hall' => 'hall'], Gateway::getAllGroupIdList());
        $this->expectOutputString("group('') empty\n");
        self::assertSame(false, Gateway::ungroup(''));
        self::assertCount(2, $keep);
    }

    public function testGetClientCountByGroup(): void
    {
        $keep = [$this->connect(null, ['room']), $this->connect(null, ['room']), $this->connect()];
        self::assertSame(2, Gateway::getClientCountByGroup('room'));
        self::assertSame(2, Gateway::getClientIdCountByGroup('room'));
        self::assertSame(0, Gateway::getClientCountByGroup('empty'));
        self::assertSame(3, Gateway::getClientCountByGroup());
        self::assertSame(3, Gateway::getClientIdCountByGroup());
        self::assertCount(3, $keep);
    }

    public function testBatchGetClientIdCountByGroup(): void
    {
        $keep = $this->connect(null, ['room', '7']);
        self::assertSame(
            ['room' => 1, 'empty' => 0, 7 => 1, '' => 0],
            Gateway::batchGetClientIdCountByGroup(['room', 'empty', 7, '']),
        );
        self::assertSame(1, Gateway::isOnline($keep->id()));
    }

    public function testGetClientIdListByGroup(): void
    {
        $a = $this->connect(null, ['room']);
        $b = $this->connect(null, ['hall', '7']);
        self::assertSame([$a->id() => $a->id()], Gateway::getClientIdListByGroup('room'));
        self::assertSame([$b->id() => $b->id()], Gateway::getClientIdListByGroup(7));
        self::assertCount(2, Gateway::getClientIdListByGroup(['room', 'hall', '7']));
        self::assertSame([], Gateway::getClientIdListByGroup('empty'));
        $this->expectOutputString("group('') empty\n");
        self::assertSame([], Gateway::getClientIdListByGroup(''));
    }

    public function testGetAllGroupIdList(): void
    {
        self::assertSame([], Gateway::getAllGroupIdList());
        $keep = $this->connect(null, ['room', '7']);
        self::assertSame([7 => 7, 'room' => 'room'], Gateway::getAllGroupIdList());
        self::assertSame(1, Gateway::isOnline($keep->id()));
    }

    public function testGetAllGroupUidCount(): void
    {
        $keep = [$this->connect('42', ['room', '7']), $this->connect('eva', ['room']), $this->connect(null, ['hall'])];
        self::assertSame([7 => 1, 'room' => 2], Gateway::getAllGroupUidCount());
        self::assertCount(3, $keep);
    }

    public function testGetAllGroupUidList(): void
    {
        $keep = [$this->connect(null, ['hall']), $this->connect('42', ['room', '7']), $this->connect('42', ['room'])];
        $lists = Gateway::getAllGroupUidList();
        ksort($lists);
        self::assertSame([7 => [42 => '42'], 'room' => [42 => '42']], $lists);
        self::assertCount(3, $keep);
    }

    public function testGetAllGroupClientIdList(): void
    {
        $a = $this->connect('42', ['room', '7']);
        $b = $this->connect();
        $lists = Gateway::getAllGroupClientIdList();
        ksort($lists);
        self::assertSame([7 => [$a->id() => $a->id()], 'room' => [$a->id() => $a->id()]], $lists);
        self::assertSame(1, Gateway::isOnline($b->id()));
    }

    public function testGetAllGroupClientIdCount(): void
    {
        $keep = [$this->connect('42', ['room', '7']), $this->connect(null, ['room'])];
        self::assertSame([7 => 1, 'room' => 2], Gateway::getAllGroupClientIdCount());
        self::assertCount(2, $keep);
    }
}
