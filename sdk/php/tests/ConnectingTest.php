<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Current;
use Gatepost\Gateway;
use Gatepost\Tests\Support\Asked;
use Gatepost\Tests\Support\Backend;
use Gatepost\Tests\Support\Node;
use Gatepost\Tests\Support\Socket;
use PHPUnit\Framework\TestCase;

/**
 * While its connect event is handled a client is in no list and count of the gateway's.
 * The facade adds it: GatewayWorker has it in them from onConnect on.
 */
final class ConnectingTest extends TestCase
{
    public function testTheRealGateway(): void
    {
        $file = (string) tempnam(sys_get_temp_dir(), 'gatepost-url');
        $backend = Backend::start(__DIR__ . '/Support/backends/connecting.php', [
            'URL_FILE' => $file, 'GATEPOST_SECRET' => Node::SECRET, 'GATEPOST_TOKEN' => '',
        ]);
        $node = Node::start([
            'GATEPOST_WEBHOOK_URL' => $backend->url . '/',
            'GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET,
        ]);
        file_put_contents($file, $node->url);
        $first = Socket::connect($node->addr);
        self::assertEquals(self::expected([$first->id()]), json_decode($first->next(), true), $backend->log());
        self::assertSame('to all', $first->next());
        $second = Socket::connect($node->addr);
        $said = json_decode($second->next(), true);
        self::assertEquals(self::expected([$first->id(), $second->id()]), self::sorted($said));
        self::assertSame('to all', $second->next());
        self::assertSame(['to all', 'to all others'], [$first->next(), $first->next()]);
        unlink($file);
    }

    public function testTheOneInMemory(): void
    {
        $fake = Gateway::fake();
        $ids = [$fake->connect(42, ['room', 7], ['lang' => 'en']), $fake->connect(42, ['room', 7], ['lang' => 'en'])];
        $said = Current::run(new Current($ids[1], ['request' => []]), static function (): array {
            $said = [];
            foreach (Asked::CALLS as $method => $arguments) {
                $said[$method] = Gateway::$method(...$arguments);
            }
            Gateway::sendToAll('to all');
            Gateway::flush();
            return $said;
        });
        Gateway::setClient(null);
        self::assertEquals(self::expected($ids), self::sorted($said));
        self::assertSame([['to all'], ['to all']], array_map($fake->messages(...), $ids));
    }

    /**
     * @param list<string> $ids of clients that have all done the same
     * @return array<string, mixed>
     */
    private static function expected(array $ids): array
    {
        $count = count($ids);
        sort($ids);
        $map = array_combine($ids, $ids);
        $sessions = array_fill_keys($ids, ['lang' => 'en']);
        return [
            'isUidOnline' => 1,
            'isUidsOnline' => [42 => 1, 'eva' => 0],
            'getClientIdByUid' => $ids,
            'batchGetClientIdByUid' => [42 => $ids],
            'getAllUidList' => [42 => '42'],
            'getAllUidCount' => 1,
            'getUidListByGroup' => [42 => '42'],
            'getUidCountByGroup' => 1,
            'getAllClientCount' => $count,
            'getAllClientIdList' => $map,
            'getClientIdListByGroup' => $map,
            'getClientCountByGroup' => $count,
            'batchGetClientIdCountByGroup' => ['room' => $count, 'empty' => 0],
            'getAllGroupIdList' => [7 => 7, 'room' => 'room'],
            'getAllGroupUidCount' => [7 => 1, 'room' => 1],
            'getAllGroupUidList' => [7 => [42 => '42'], 'room' => [42 => '42']],
            'getAllGroupClientIdCount' => [7 => $count, 'room' => $count],
            'getAllGroupClientIdList' => [7 => $map, 'room' => $map],
            'getAllClientSessions' => $sessions,
            'getClientSessionsByGroup' => [],
        ];
    }

    /**
     * The lists of ids in order, which are in none.
     *
     * @param array<string, mixed> $said
     * @return array<string, mixed>
     */
    private static function sorted(array $said): array
    {
        sort($said['getClientIdByUid']);
        sort($said['batchGetClientIdByUid'][42]);
        return $said;
    }
}
