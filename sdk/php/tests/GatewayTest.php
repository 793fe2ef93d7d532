<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Exception\GatepostException;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Gateway;
use Gatepost\Tests\Support\GatewayTestCase;

/**
 * Each method of the facade against the real gateway: what it does, and the value and
 * type that it returns, which are those of GatewayClient and GatewayWorker.
 */
class GatewayTest extends GatewayTestCase
{
    use Facade\Sending;
    use Facade\Closing;
    use Facade\Online;
    use Facade\Uids;
    use Facade\Groups;
    use Facade\Sessions;

    /** An id that a client could have had. */
    private const GONE = '0123456789abcdef0123';

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
        yield 'until' => [static fn (string $id) => Gateway::until($id, 1), 'client_id'];
        foreach (['bindUid', 'unbindUid', 'joinGroup', 'leaveGroup'] as $method) {
            yield $method => [static fn (string $id) => Gateway::$method($id, 'name'), 'client_id'];
        }
        yield 'setSession' => [static fn (string $id) => Gateway::setSession($id, []), 'client_id'];
        yield 'updateSession' => [static fn (string $id) => Gateway::updateSession($id, []), 'client_id'];
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
