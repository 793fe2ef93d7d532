<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Client;
use Gatepost\Exception\ApiError;
use Gatepost\Exception\BatchIncomplete;
use Gatepost\Exception\ConnectionFailed;
use Gatepost\Http\Request;
use Gatepost\Http\Response;
use Gatepost\Http\Transport;
use Gatepost\Tests\Support\GatewayTestCase;

/** Actions that are gathered and done in one call, against the real gateway. */
final class BatchTest extends GatewayTestCase
{
    public function testEveryAction(): void
    {
        $a = $this->connect();
        $b = $this->connect('eva', ['hall']);
        $batch = $this->client()->batch()
            ->bind($a->id(), 42)
            ->join($a->id(), ['room', 7])
            ->join([], 'room', uids: ['eva'])
            ->leave($a->id(), 7)
            ->session($a->id(), ['a' => ['b' => 1]])
            ->session($a->id(), ['a' => ['c' => null]], 'update')
            ->session($a->id(), ['a' => ['b' => null]], 'merge')
            ->send('hello', groups: ['room'], exceptClients: [$b->id()])
            ->send(json: ['n' => 1], uids: [42])
            ->dissolve('hall')
            ->unbind($b->id())
            ->until($b->id(), time() + 60)
            ->close(clients: [$b->id()], code: 4200, text: 'bye', discard: true);
        self::assertCount(13, $batch);
        $results = $batch->run();
        self::assertSame(array_fill(0, 13, true), array_column($results, 'ok'));
        self::assertSame(['matched' => 1, 'queued' => 1, 'dropped' => 0], $results[7]->fields);
        self::assertSame(['hello', '{"n":1}'], [$a->next(), $a->next()]);
        self::assertSame(['bye', 4200], [$b->next(), $b->closeCode()]);
        $shown = $this->client()->client($a->id());
        self::assertSame(
            ['42', ['room'], ['a' => ['c' => null]]],
            [$shown?->uid, $shown?->groups, $shown?->session],
        );
        self::assertCount(0, $batch);
        self::assertSame([], $batch->run());
    }

    public function testListsWithHoles(): void
    {
        $a = $this->connect('eva');
        $join = ['action' => 'join', 'uids' => [3 => 'eva'], 'groups' => [1 => 'room']];
        self::assertSame([true], array_column($this->client()->actions([5 => $join]), 'ok'));
        $send = ['action' => 'send', 'groups' => [4 => 'room'], 'text' => 'hello'];
        self::assertSame([true], array_column($this->client()->batch()->add($send)->run(), 'ok'));
        self::assertSame('hello', $a->next());
    }

    public function testMoreThanOneCallTakes(): void
    {
        $a = $this->connect();
        $batch = $this->client()->batch();
        foreach (range(1, 2500) as $i) {
            $batch->send("message $i", clients: [$a->id()]);
        }
        $results = $batch->run();
        self::assertCount(2500, $results);
        foreach (range(1, 2500) as $i) {
            self::assertSame("message $i", $a->next());
        }
    }

    public function testMoreBytesThanOneCallTakes(): void
    {
        $batch = $this->client()->batch();
        foreach (range(1, 60) as $i) {
            $batch->send(str_repeat('x', 200_000), groups: ['nobody']);
        }
        self::assertCount(60, array_filter($batch->run(), static fn ($result) => $result->ok));
    }

    public function testTooLittleScope(): void
    {
        $client = $this->client(['scope' => 'push']);
        $this->expectException(ApiError::class);
        $this->expectExceptionCode(403);
        $client->batch()->send('x', all: true)->dissolve('room')->run();
    }

    public function testWhatWasDoneBeforeAFailureIsKnown(): void
    {
        $transport = new class implements Transport {
            private int $calls = 0;

            public function send(Request $request, ?string $token): Response
            {
                if (++$this->calls > 1) {
                    throw new ConnectionFailed('gone', true);
                }
                $actions = json_decode((string) $request->body, true)['actions'];
                $results = array_fill(0, count($actions), ['ok' => true]);
                return new Response(200, [], (string) json_encode(['results' => $results]));
            }
        };
        $batch = (new Client('http://a', str_repeat('s', 32), options: ['transport' => $transport]))->batch();
        foreach (range(1, 1001) as $_) {
            $batch->dissolve('room');
        }
        try {
            $batch->run();
        } catch (BatchIncomplete $e) {
            self::assertCount(1000, $e->results);
            self::assertInstanceOf(ConnectionFailed::class, $e->getPrevious());
            self::assertSame('1000 of 1001 actions were carried out: gone', $e->getMessage());
            return;
        }
        self::fail('nothing was thrown');
    }
}
