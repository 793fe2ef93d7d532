<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Exception\GatepostException;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Exception\NoCurrentEvent;
use Gatepost\Gateway;
use Gatepost\Tests\Support\GatewayTestCase;

/**
 * Each method of the facade against the real gateway: what it does, and the value and
 * type that it returns, which are those of GatewayClient and GatewayWorker.
 */
class GatewayTest extends GatewayTestCase
{
    /** An id that a client could have had. */
    private const GONE = '0123456789abcdef0123';

    public function testSendToAll(): void
    {
        $a = $this->connect();
        $b = $this->connect();
        self::assertNull(Gateway::sendToAll('to all'));
        self::assertSame(['to all', 'to all'], [$a->next(), $b->next()]);
        self::assertNull(Gateway::sendToAll('to one', [$a->id(), self::GONE]));
        self::assertNull(Gateway::sendToAll('to nobody', []));
        self::assertNull(Gateway::sendToAll('not to a', null, $a->id()));
        self::assertNull(Gateway::sendToAll('not to b', null, [$b->id()]));
        self::assertNull(Gateway::sendToAll('only b of both', [$a->id(), $b->id()], [$a->id()]));
        self::assertSame(['to one', 'not to b'], [$a->next(), $a->next()]);
        self::assertSame(['not to a', 'only b of both'], [$b->next(), $b->next()]);
    }

    public function testSendToAllComplainsOfAListThatIsNone(): void
    {
        $this->expectOutputString("bad \$client_id_array:'abc'\n");
        self::assertNull(Gateway::sendToAll('x', 'abc'));
    }

    public function testSendToAllTakesMoreClientsThanOneCallDoes(): void
    {
        $a = $this->connect();
        $ids = array_map(static fn (int $i): string => 'gone' . $i, range(1, 1500));
        self::assertNull(Gateway::sendToAll('among many', [...$ids, $a->id()]));
        self::assertSame('among many', $a->next());
    }

    public function testSendToClient(): void
    {
        $a = $this->connect();
        self::assertSame(true, Gateway::sendToClient($a->id(), 'hello'));
        self::assertSame('hello', $a->next());
        self::assertSame(true, Gateway::sendToClient($a->id(), 42));
        self::assertSame('42', $a->next());
        self::assertFalse($a->lastWasBinary());
        self::assertSame(true, Gateway::sendToClient($a->id(), "\xff\x00"));
        self::assertSame("\xff\x00", $a->next());
        self::assertTrue($a->lastWasBinary());
        self::assertSame(true, Gateway::sendToClient(self::GONE, 'hello'));
    }

    public function testSendToCurrentClientNeedsAnEvent(): void
    {
        $this->expectException(NoCurrentEvent::class);
        Gateway::sendToCurrentClient('hello');
    }

    public function testCloseCurrentClientNeedsAnEvent(): void
    {
        $this->expectException(NoCurrentEvent::class);
        Gateway::closeCurrentClient();
    }

    public function testSendToUid(): void
    {
        $a = $this->connect('42');
        $b = $this->connect('eva');
        self::assertNull(Gateway::sendToUid(42, 'by integer'));
        self::assertNull(Gateway::sendToUid(['42', 'eva', 'nobody', ''], 'to both'));
        self::assertNull(Gateway::sendToUid('', 'to nobody'));
        self::assertSame(['by integer', 'to both'], [$a->next(), $a->next()]);
        self::assertSame('to both', $b->next());
    }

    public function testSendToGroup(): void
    {
        $a = $this->connect(null, ['room', '7']);
        $b = $this->connect(null, ['room']);
        self::assertNull(Gateway::sendToGroup('room', 'to the room'));
        self::assertNull(Gateway::sendToGroup(7, 'by integer'));
        self::assertNull(Gateway::sendToGroup(['room', 7], 'once'));
        self::assertNull(Gateway::sendToGroup('room', 'not to a', [$a->id()]));
        self::assertNull(Gateway::sendToGroup('empty', 'to nobody'));
        self::assertSame(['to the room', 'by integer', 'once'], [$a->next(), $a->next(), $a->next()]);
        self::assertSame(['to the room', 'once', 'not to a'], [$b->next(), $b->next(), $b->next()]);
    }

    public function testSendToGroupComplainsOfAnEmptyName(): void
    {
        $this->expectOutputString("group('') empty\ngroup(0) empty\n");
        self::assertSame(false, Gateway::sendToGroup('', 'x'));
        self::assertSame(false, Gateway::sendToGroup(0, 'x'));
    }

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
        self::assertSame([], Gateway::isUidsOnline([]));
        self::assertSame(1, Gateway::isOnline($keep->id()));
    }

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
            ['room' => 1, 'empty' => 0, 7 => 1],
            Gateway::batchGetClientIdCountByGroup(['room', 'empty', 7]),
        );
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
        $a = $this->connect(null, [], ['age' => ['years' => 7], 'list' => ['x', 'y']]);
        self::assertNull(Gateway::updateSession($a->id(), ['age' => ['months' => 1], 'gone' => null]));
        self::assertSame(
            ['age' => ['months' => 1, 'years' => 7], 'gone' => null, 'list' => ['x', 'y']],
            Gateway::getSession($a->id()), // in the order of its keys, unlike array_replace_recursive
        );
        self::assertNull(Gateway::updateSession($a->id(), ['age' => [], 'list' => ['z'], 'none' => []]));
        self::assertSame(
            ['age' => ['months' => 1, 'years' => 7], 'gone' => null, 'list' => ['z'], 'none' => []],
            Gateway::getSession($a->id()),
        );
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

    /** @dataProvider malformed */
    public function testAMalformedClientIdThrows(callable $call, string $field): void
    {
        try {
            $call('No Client');
        } catch (InvalidArgument $e) {
            self::assertSame($field, $e->field);
            self::assertStringContainsString('"No Client" is invalid', $e->getMessage());
            return;
        }
        self::fail('nothing was thrown');
    }

    /** @return iterable<string, array{callable, string}> */
    public static function malformed(): iterable
    {
        yield 'sendToAll' => [static fn (string $id) => Gateway::sendToAll('m', [$id]), 'client_id_array'];
        $excluding = static fn (string $id) => Gateway::sendToAll('m', null, [$id]);
        yield 'sendToAll without' => [$excluding, 'exclude_client_id'];
        $excluding = static fn (string $id) => Gateway::sendToGroup('g', 'm', $id);
        yield 'sendToGroup without' => [$excluding, 'exclude_client_id'];
        yield 'sendToClient' => [static fn (string $id) => Gateway::sendToClient($id, 'm'), 'client_id'];
        foreach (['isOnline', 'getUidByClientId', 'getSession', 'closeClient', 'destroyClient'] as $method) {
            yield $method => [static fn (string $id) => Gateway::$method($id), 'client_id'];
        }
        foreach (['bindUid', 'unbindUid', 'joinGroup', 'leaveGroup'] as $method) {
            yield $method => [static fn (string $id) => Gateway::$method($id, 'name'), 'client_id'];
        }
        yield 'setSession' => [static fn (string $id) => Gateway::setSession($id, []), 'client_id'];
        yield 'updateSession' => [static fn (string $id) => Gateway::updateSession($id, []), 'client_id'];
    }

    /** @dataProvider raw */
    public function testRawFramesAreRefused(callable $send): void
    {
        $this->expectException(InvalidArgument::class);
        $this->expectExceptionMessage('raw must be false');
        $send("\x81\x01a");
    }

    /** @return iterable<string, array{callable}> */
    public static function raw(): iterable
    {
        yield 'all' => [static fn (string $frame) => Gateway::sendToAll($frame, null, null, true)];
        yield 'client' => [static fn (string $frame) => Gateway::sendToClient(self::GONE, $frame, true)];
        yield 'current client' => [static fn (string $frame) => Gateway::sendToCurrentClient($frame, true)];
        yield 'uid' => [static fn (string $frame) => Gateway::sendToUid('eva', $frame, true)];
        yield 'group' => [static fn (string $frame) => Gateway::sendToGroup('room', $frame, null, true)];
    }

    public function testWhatCanNotBeAMessageIsRefused(): void
    {
        $this->expectException(InvalidArgument::class);
        $this->expectExceptionMessage('message is array');
        Gateway::sendToAll(['type' => 'hello']);
    }

    public function testAProblemThrows(): void
    {
        Gateway::$secret = 'another secret of more than thirty-two bytes';
        try {
            Gateway::sendToAll('hello');
        } catch (GatepostException $e) {
            self::assertSame(401, $e->getCode());
            self::assertStringNotContainsString('another secret', $e->getMessage() . $e->getTraceAsString());
            return;
        }
        self::fail('nothing was thrown');
    }

    public function testSettingsOfGatewayWorkerCanStillBeMade(): void
    {
        Gateway::$registerAddress = '127.0.0.1:1236';
        Gateway::$secretKey = 'its own';
        Gateway::$persistentConnection = false;
        Gateway::$addressesCacheDisable = true;
        Gateway::$connectTimeout = 1;
        self::assertSame(0, Gateway::getAllClientCount());
    }

    private static function errorLogOf(callable $do): string
    {
        $file = (string) tempnam(sys_get_temp_dir(), 'gatepost-log');
        $before = (string) ini_set('error_log', $file);
        try {
            $do();
            return (string) file_get_contents($file);
        } finally {
            ini_set('error_log', $before);
            unlink($file);
        }
    }
}
