<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Current;
use Gatepost\Gateway;
use Gatepost\Tests\Support\GatewayTestCase;

/** The facade while an event is handled: writes wait for the reply, in order, and come before any read. */
final class CurrentTest extends GatewayTestCase
{
    public function testWritesAreKeptInOrder(): void
    {
        $a = $this->connect();
        $event = new Current($a->id(), []);
        $returned = Current::run($event, static function () use ($a): array {
            self::assertSame($a->id(), Current::get()?->clientId);
            return [
                Gateway::bindUid($a->id(), 42),
                Gateway::joinGroup(null, 'room'),
                Gateway::sendToGroup('room', 'hello'),
                Gateway::sendToCurrentClient('you'),
                Gateway::setSession($a->id(), ['a' => 1]),
                Gateway::leaveGroup($a->id(), 'hall'),
                Gateway::ungroup('old'),
                Gateway::sendToAll('all', null, [$a->id()]),
                Gateway::closeCurrentClient('bye'),
                Gateway::destoryCurrentClient(),
            ];
        });
        self::assertSame([null, null, null, true, null, null, null, null, true, true], $returned);
        self::assertEquals([
            ['action' => 'bind', 'client_id' => $a->id(), 'uid' => '42'],
            ['action' => 'join', 'client_id' => $a->id(), 'groups' => ['room']],
            ['action' => 'send', 'groups' => ['room'], 'text' => 'hello'],
            ['action' => 'send', 'clients' => [$a->id()], 'text' => 'you'],
            ['action' => 'session', 'client_id' => $a->id(), 'set' => (object) ['a' => 1]],
            ['action' => 'leave', 'client_id' => $a->id(), 'groups' => ['hall']],
            ['action' => 'dissolve', 'group' => 'old'],
            ['action' => 'send', 'all' => true, 'except_clients' => [$a->id()], 'text' => 'all'],
            ['action' => 'close', 'clients' => [$a->id()], 'text' => 'bye'],
            ['action' => 'close', 'clients' => [$a->id()], 'force' => true],
        ], $event->take());
        self::assertSame([], $event->take());
        self::assertNull(Gateway::getUidByClientId($a->id()), 'nothing was carried out');
        self::assertNull(Current::get());
    }

    public function testAReadSeesWhatWasAskedForBefore(): void
    {
        $a = $this->connect();
        $event = new Current($a->id(), []);
        Current::run($event, static function () use ($a): void {
            Gateway::bindUid($a->id(), 42);
            Gateway::joinGroup($a->id(), 'room');
            Gateway::sendToGroup('room', 'reaches the sender');
            self::assertSame(1, Gateway::isUidOnline(42));
            self::assertSame([$a->id() => $a->id()], Gateway::getClientIdListByGroup('room'));
            Gateway::sendToCurrentClient('later');
        });
        self::assertSame('reaches the sender', $a->next());
        self::assertSame(['later'], array_column($event->take(), 'text'));
    }

    public function testFlush(): void
    {
        $a = $this->connect();
        $event = new Current($a->id(), []);
        Current::run($event, static function () use ($a): void {
            Gateway::sendToCurrentClient('now');
            Gateway::closeClient('0123456789', 'one that has gone makes no trouble');
            Gateway::flush();
            self::assertSame('now', $a->next());
        });
        self::assertSame([], $event->take());
        Gateway::flush(); // without an event: nothing
    }

    public function testEventsNest(): void
    {
        $outer = new Current('outer', []);
        Current::run($outer, static function () use ($outer): void {
            try {
                Current::run(new Current('inner', []), static fn () => throw new \RuntimeException('inside'));
            } catch (\RuntimeException) {
                self::assertSame($outer, Current::get());
            }
        });
        self::assertNull(Current::get());
    }

    public function testTheSessionOfAnEventsClient(): void
    {
        $a = $this->connect(null, [], ['lang' => 'en']);
        $before = $_SESSION ?? null;
        $_SESSION = ['lang' => 'en', 'seen' => true];
        try {
            Current::run(new Current($a->id(), [], ownsSession: true), static function () use ($a): void {
                self::assertSame([$a->id() => ['lang' => 'en', 'seen' => true]], Gateway::getAllClientSessions());
                Gateway::updateSession($a->id(), ['lang' => 'de']);
                self::assertSame(['lang' => 'de', 'seen' => true], $_SESSION);
                Gateway::setSession($a->id(), ['new' => 1]);
                self::assertSame(['new' => 1], $_SESSION);
            });
            Current::run(new Current($a->id(), []), static function () use ($a): void {
                Gateway::setSession($a->id(), []);
                self::assertSame(['new' => 1], $_SESSION, 'a session of PHP is left alone');
            });
        } finally {
            $_SESSION = $before ?? [];
        }
    }
}
