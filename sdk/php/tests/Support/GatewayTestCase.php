<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

use Gatepost\Client;
use Gatepost\Gateway;
use PHPUnit\Framework\TestCase;

/** A test with a real gateway, without webhooks, on which nobody is connected at first. */
abstract class GatewayTestCase extends TestCase
{
    private static ?Node $shared = null;

    protected static function node(): Node
    {
        return self::$shared ??= Node::start();
    }

    protected function setUp(): void
    {
        Gateway::setClient(null);
        Gateway::$url = self::node()->url;
        Gateway::$secret = Node::SECRET;
        Gateway::$token = null;
        $this->client()->close(all: true, force: true); // when that has answered they are gone
    }

    protected function tearDown(): void
    {
        Gateway::setClient(null);
        Gateway::$url = Gateway::$secret = Gateway::$token = null;
    }

    /** @param array<string, mixed> $options */
    protected function client(array $options = []): Client
    {
        return new Client(self::node()->url, Node::SECRET, options: $options);
    }

    /**
     * A connected client.
     *
     * @param list<string> $groups
     * @param array<string, mixed> $session
     */
    protected function connect(?string $uid = null, array $groups = [], array $session = []): Connection
    {
        $token = $this->client()->clientToken($uid, $groups, $session);
        return Socket::connect(self::node()->addr, '/ws?token=' . $token);
    }
}
