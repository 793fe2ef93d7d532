<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Client;
use Gatepost\FakeGateway;
use Gatepost\Gateway;
use Gatepost\Tests\Support\Connection;
use Gatepost\Tests\Support\FakeSocket;

/** The gateway in memory passes the real one's tests. */
final class FakeGatewayTest extends GatewayTest
{
    private FakeGateway $gateway;

    protected function setUp(): void
    {
        $this->gateway = Gateway::fake();
    }

    protected function client(array $options = []): Client
    {
        return $this->gateway->client();
    }

    protected function connect(?string $uid = null, array $groups = [], array $session = []): Connection
    {
        return new FakeSocket($this->gateway, $this->gateway->connect($uid, $groups, $session));
    }

    public function testAProblemThrows(): void
    {
        $this->expectExceptionCode(400);
        $this->client()->batch()->add(['action' => 'dance'])->run()[0]->error !== null
            ? throw $this->client()->actions([['action' => 'dance']])[0]->error
            : self::fail('an unknown action was carried out');
    }

    public function testItShowsWhatWasDone(): void
    {
        $eva = $this->gateway->connect('eva', ['room'], ['lang' => 'en']);
        Gateway::bindUid($eva, 7);
        Gateway::joinGroup($eva, 'hall');
        Gateway::updateSession($eva, ['seen' => true]);
        Gateway::sendToUid(7, 'hello');
        self::assertSame('7', $this->gateway->uid($eva));
        self::assertSame(['hall', 'room'], $this->gateway->groups($eva));
        self::assertSame(['lang' => 'en', 'seen' => true], $this->gateway->session($eva));
        self::assertSame(['hello'], $this->gateway->messages($eva));
        self::assertSame(
            ['bind', 'join', 'session', 'send'],
            array_column($this->gateway->actions(), 'action'),
        );
        self::assertTrue($this->gateway->isConnected($eva));
        $this->gateway->disconnect($eva);
        self::assertFalse($this->gateway->isConnected($eva));
        self::assertSame(0, Gateway::isOnline($eva));
        Gateway::sendToClient($eva, 'too late');
        self::assertSame(['hello'], $this->gateway->messages($eva));
    }

    public function testTheRealOneIsBackAfterwards(): void
    {
        Gateway::setClient(null);
        Gateway::$url = 'http://127.0.0.1:9';
        self::assertNotSame($this->gateway->client(), Gateway::client());
    }
}
