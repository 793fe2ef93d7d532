<?php

declare(strict_types=1);

namespace Gatepost\Tests\Facade;

use Gatepost\Exception\InvalidArgument;
use Gatepost\Exception\NoCurrentEvent;
use Gatepost\Gateway;

/** Tests of what sends. */
trait Sending
{
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
}
