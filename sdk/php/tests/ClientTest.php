<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Exception\ApiError;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Result\ConnectedClient;
use Gatepost\Tests\Support\GatewayTestCase;

/** Every call of the HTTP API, against the real gateway. */
final class ClientTest extends GatewayTestCase
{
    private const GONE = '0123456789abcdef0123';

    public function testPushes(): void
    {
        $client = $this->client();
        $a = $this->connect('a/b %', ['news.*']);
        $b = $this->connect();

        $pushed = $client->pushAll('to all');
        self::assertSame([2, 2, 0], [$pushed->matched, $pushed->queued, $pushed->dropped]);
        self::assertSame(1, $client->pushAll('to a', [$b->id()])->matched);
        self::assertSame(1, $client->pushClient($a->id(), 'by id')->queued);
        self::assertSame(1, $client->pushUid('a/b %', 'by uid')->queued);
        self::assertSame(0, $client->pushUid('a/b %', 'not to a', [$a->id()])->matched);
        self::assertSame(1, $client->pushGroup('news.*', 'by group')->queued);
        self::assertSame(1, $client->pushClient($a->id(), "\xff", binary: true)->queued);
        foreach (['to all', 'to a', 'by id', 'by uid', 'by group', "\xff"] as $message) {
            self::assertSame($message, $a->next());
        }
        self::assertTrue($a->lastWasBinary());
        self::assertSame('to all', $b->next());
    }

    public function testPushToSeveral(): void
    {
        $client = $this->client();
        $a = $this->connect('7', ['room']);
        $b = $this->connect('8', ['room']);
        self::assertSame(1, $client->push(text: 'once', clients: [$a->id()], uids: [7])->matched);
        self::assertSame(1, $client->push(json: ['n' => 1.0], groups: ['room'], exceptUids: [8])->matched);
        self::assertSame(2, $client->push(binary: "\x00", all: true)->matched);
        self::assertSame(1, $client->push(text: '', all: true, exceptClients: [$a->id()])->matched);
        self::assertSame(['once', '{"n":1.0}', "\x00"], [$a->next(), $a->next(), $a->next()]);
        self::assertSame(["\x00", ''], [$b->next(), $b->next()]);
    }

    public function testAPushToAClientThatHasGone(): void
    {
        try {
            $this->client()->pushClient(self::GONE, 'too late');
        } catch (ApiError $e) {
            self::assertTrue($e->isClientGone());
            self::assertSame([404, 404, 'client_gone'], [$e->status, $e->getCode(), $e->problem]);
            self::assertStringContainsString('POST /push: 404 client_gone', $e->getMessage());
            self::assertStringContainsString(self::GONE, $e->getMessage());
            return;
        }
        self::fail('nothing was thrown');
    }

    public function testAProblemNamesTheField(): void
    {
        try {
            $this->client()->push(text: 'to nobody');
        } catch (ApiError $e) {
            self::assertSame(400, $e->status);
            self::assertNotSame('', $e->detail);
            self::assertNotNull($e->field);
            self::assertStringContainsString("({$e->field})", $e->getMessage());
            return;
        }
        self::fail('nothing was thrown');
    }

    public function testBindAndUnbind(): void
    {
        $client = $this->client();
        $a = $this->connect('eva');
        $bound = $client->bind($a->id(), 42);
        self::assertSame([$a->id(), '42', 'eva'], [$bound->clientId, $bound->uid, $bound->previousUid]);
        $unbound = $client->unbind($a->id());
        self::assertSame([null, '42'], [$unbound->uid, $unbound->previousUid]);
    }

    public function testJoinLeaveAndDissolve(): void
    {
        $client = $this->client();
        $a = $this->connect('eva');
        $b = $this->connect('eva');
        $joined = $client->join([$a->id(), self::GONE], 'a/b');
        self::assertSame(['a/b', 1, [self::GONE]], [$joined->group, $joined->changed, $joined->missing]);
        self::assertSame(1, $client->join([], 'a/b', uids: ['eva'])->changed);
        self::assertSame(1, $client->leave($a->id(), 'a/b')->changed);
        self::assertSame(1, $client->dissolve('a/b'));
        self::assertSame(0, $client->dissolve('a/b'));
        self::assertTrue($client->isConnected($b->id()));
    }

    public function testClose(): void
    {
        $client = $this->client();
        $a = $this->connect(null, ['room']);
        $b = $this->connect(null, ['room']);
        $c = $this->connect();
        $closed = $client->close(
            groups: ['room'],
            exceptClients: [$b->id()],
            code: 4100,
            reason: 'banned',
            text: 'bye',
            discard: true,
        );
        self::assertSame([1, 1], [$closed->matched, $closed->closed]);
        self::assertSame(['bye', 4100], [$a->next(), $a->closeCode()]);
        $client->closeClient($b->id(), 'so long', 4101, 'over', discard: true);
        self::assertSame(['so long', 4101], [$b->next(), $b->closeCode()]);
        $client->closeClient($c->id(), force: true);
        self::assertSame(1006, $c->closeCode());
        $this->expectExceptionObject(new ApiError(404, 'client_gone', call: 'x'));
        $this->expectExceptionMessage('client_gone');
        $client->closeClient($c->id());
    }

    public function testClient(): void
    {
        $a = $this->connect('eva', ['room', '7'], ['lang' => 'en']);
        $shown = $this->client()->client($a->id());
        self::assertInstanceOf(ConnectedClient::class, $shown);
        self::assertSame(
            [$a->id(), 'eva', ['7', 'room'], ['lang' => 'en'], '127.0.0.1'],
            [$shown->clientId, $shown->uid, $shown->groups, $shown->session, $shown->remoteAddr],
        );
        self::assertEqualsWithDelta(time(), strtotime($shown->connectedAt), 5);
        self::assertNotSame('', $shown->node);
        self::assertNull($this->client()->client(self::GONE));
    }

    public function testClientsInPages(): void
    {
        $client = $this->client();
        $all = [];
        foreach (range(1, 5) as $i) {
            $sockets[] = $socket = $this->connect("u$i", [$i < 4 ? 'room' : 'hall']);
            $all[] = $socket->id();
        }
        sort($all);
        $page = $client->clients(limit: 2);
        self::assertCount(2, $page);
        self::assertNotNull($page->cursor);
        self::assertSame(array_slice($all, 0, 2), array_column(iterator_to_array($page), 'clientId'));
        $each = iterator_to_array($client->eachClient(fields: ['client_id'], pageSize: 2), false);
        self::assertSame($all, array_column($each, 'clientId'));
        self::assertSame([null], array_unique(array_column($each, 'uid')));
        self::assertCount(3, $client->clients(groups: ['room']));
        self::assertCount(2, $client->clients(uids: ['u1', 'u5']));
        self::assertNull($client->clients()->cursor);
    }

    public function testSessions(): void
    {
        $client = $this->client();
        $a = $this->connect();
        $first = $client->session($a->id());
        self::assertSame([], $first?->data);
        $put = $client->putSession($a->id(), ['n' => ['a' => 1, 'b' => 2], 'big' => '9'], $first->etag);
        self::assertNotSame($first->etag, $put->etag);
        $patched = $client->patchSession($a->id(), ['n' => ['a' => null], 'x' => null]);
        self::assertSame(['n' => ['b' => 2], 'big' => '9'], $patched->data);
        $updated = $client->patchSession($a->id(), ['n' => ['a' => null]], $patched->etag, update: true);
        self::assertSame(['n' => ['b' => 2, 'a' => null], 'big' => '9'], $updated->data);
        self::assertEquals($updated, $client->session($a->id()));
        self::assertNull($client->session(self::GONE));
        try {
            $client->putSession($a->id(), [], $first->etag);
            self::fail('a session was replaced that had changed');
        } catch (ApiError $e) {
            self::assertSame([412, 'precondition_failed'], [$e->status, $e->problem]);
        }
    }

    public function testUntil(): void
    {
        $client = $this->client();
        $a = $this->connect();
        $client->until($a->id(), time() + 3600);
        $client->until($a->id(), null);
        self::assertTrue($client->isConnected($a->id()));
        $client->until($a->id(), time());
        self::assertSame(4001, $a->closeCode());
    }

    public function testGroupsAndUids(): void
    {
        $client = $this->client();
        $a = $this->connect('42', ['room', '7', 'hall']);
        $b = $this->connect('42', ['room']);
        $room = $client->group('room');
        self::assertSame(['room', 2, 1], [$room->group, $room->clients, $room->uids]);
        self::assertSame(0, $client->group('empty')->clients);
        self::assertSame(['7', 'hall', 'room'], array_column(self::pairs($client->eachGroup(2)), 0));
        self::assertSame(['42' => 2], $client->uids()->items);
        self::assertSame(['42' => 1], $client->uids(['hall'])->items);
        self::assertSame([['42', 2]], self::pairs($client->eachUid()));
        $uid = $client->uid(42);
        self::assertSame(['42', true, 2], [$uid->uid, $uid->online, count($uid->clients)]);
        self::assertFalse($client->uid('eva')->online);
        $found = $client->lookup([$a->id(), self::GONE], [42, 'eva'], ['room', 'empty']);
        self::assertSame('42', $found->clients[$a->id()]?->uid);
        self::assertNull($found->clients[self::GONE]);
        self::assertContains($b->id(), $found->uids['42']);
        self::assertSame([], $found->uids['eva']);
        self::assertSame([2, 0], [$found->groups['room']->clients, $found->groups['empty']->clients]);
    }

    /** @dataProvider oddNames */
    public function testANameIsThatNameAndNoOther(string $name): void
    {
        $a = $this->connect($name, [$name]);
        $client = $this->client();
        self::assertSame([$a->id()], $client->uid($name)->clients);
        self::assertSame([1, 1], [$client->group($name)->clients, $client->group($name)->uids]);
        self::assertSame(1, $client->pushUid($name, 'by uid')->queued);
        self::assertSame(1, $client->pushGroup($name, 'by group')->queued);
        self::assertSame(['by uid', 'by group'], [$a->next(), $a->next()]);
        self::assertSame(1, $client->dissolve($name));
    }

    /** @return iterable<array{string}> */
    public static function oddNames(): iterable
    {
        foreach (['.', '..', '../..', '../all', '../groups/victims', '%2E%2E', 'a/b', '?a=b&c', '#', ' ', '+', '*', 'a.*>', 'ü ✓'] as $name) {
            yield $name => [$name];
        }
    }

    public function testAThousandNames(): void
    {
        $a = $this->connect('eva', ['room']);
        $ids = array_map(static fn (int $i): string => sprintf('%040d', $i), range(1, 1000));
        $names = [...array_map(static fn (int $i): string => str_repeat('é', 126) . sprintf('%04d', $i), range(1, 999)), 'room'];
        $client = $this->client();
        self::assertSame(1, $client->pushAll('all', $ids)->matched);
        self::assertSame(1, $client->pushUid('eva', 'uid', $ids)->matched);
        self::assertSame(1, $client->pushGroup('room', 'group', $ids)->matched);
        self::assertSame(1, $client->push(text: 'groups', groups: $names, exceptClients: $ids)->matched);
        self::assertSame(['all', 'uid', 'group', 'groups'], [$a->next(), $a->next(), $a->next(), $a->next()]);
        self::assertSame(['eva' => 1], $client->uids($names)->items);
        self::assertSame($a->id(), $client->clients(groups: $names)->items[0]->clientId);
        self::assertSame(0, $client->leave($ids, 'room')->changed);
        self::assertSame(0, $client->close(clients: $ids)->closed);
    }

    public function testStats(): void
    {
        $keep = $this->connect('eva', ['room']);
        $stats = $this->client()->stats();
        self::assertSame([1, 1, 1], [$stats->clients, $stats->uids, $stats->groups]);
        self::assertSame(1, $stats->nodes[0]['clients']);
        self::assertNotSame('', $keep->id());
    }

    public function testActions(): void
    {
        $a = $this->connect();
        $results = $this->client()->actions([
            ['action' => 'bind', 'client_id' => $a->id(), 'uid' => 42],
            ['action' => 'bind', 'client_id' => self::GONE, 'uid' => 42],
            ['action' => 'dance'],
        ]);
        self::assertSame([true, false, false], array_column($results, 'ok'));
        self::assertSame(['client_id' => $a->id(), 'uid' => '42', 'previous_uid' => null], $results[0]->fields);
        self::assertNull($results[0]->error);
        self::assertTrue($results[1]->error?->isClientGone());
        self::assertSame([400, 'action'], [$results[2]->error?->status, $results[2]->error?->field]);
        self::assertSame([], $this->client()->actions([]));
    }

    public function testTheNode(): void
    {
        $client = $this->client();
        self::assertTrue($client->isHealthy());
        self::assertTrue($client->readiness()->ready);
        self::assertSame([], $client->readiness()->reasons);
        self::assertStringStartsWith('openapi: 3.1', ltrim($client->openapi()));
        self::assertStringContainsString('gatepost_', $client->metrics());
    }

    /** @dataProvider mistakes */
    public function testAMistakeIsFoundBeforeItIsSent(string $field, callable $call): void
    {
        $client = new \Gatepost\Client('http://127.0.0.1:9', str_repeat('s', 32)); // where nobody listens
        try {
            $call($client);
        } catch (InvalidArgument $e) {
            self::assertSame($field, $e->field);
            self::assertStringStartsWith($field, $e->getMessage());
            return;
        }
        self::fail('nothing was thrown');
    }

    /** @return iterable<string, array{string, callable}> */
    public static function mistakes(): iterable
    {
        yield 'client id' => ['client_id', static fn ($c) => $c->pushClient('No Client', 'm')];
        yield 'client id with a newline' => ['client_id', static fn ($c) => $c->client("abc\n")];
        yield 'one of many client ids' => ['clients', static fn ($c) => $c->push(text: 'm', clients: ['a', ''])];
        yield 'empty uid' => ['uid', static fn ($c) => $c->bind('a', '')];
        yield 'long uid' => ['uid', static fn ($c) => $c->uid(str_repeat('u', 257))];
        yield 'control character' => ['group', static fn ($c) => $c->group("a\x00b")];
        yield 'control character of C1' => ['group', static fn ($c) => $c->group("a\u{85}b")];
        yield 'not UTF-8' => ['group', static fn ($c) => $c->dissolve("\xff")];
        yield 'a group of another type' => ['groups', static fn ($c) => $c->clients(groups: [1.5])];
        yield 'text that is not UTF-8' => ['message', static fn ($c) => $c->pushAll("\xff")];
        yield 'two messages' => ['message', static fn ($c) => $c->push(text: 'a', binary: 'b', all: true)];
        yield 'no message' => ['message', static fn ($c) => $c->push(all: true)];
        yield 'nobody to join' => ['clients', static fn ($c) => $c->join([], 'room')];
        yield 'a session that has no JSON' => ['session', static fn ($c) => $c->putSession('a', ['x' => NAN])];
        yield 'mode' => ['mode', static fn ($c) => $c->batch()->session('a', [], 'replace')];
        yield 'short secret' => ['secret', static fn () => new \Gatepost\Client('http://a', 'short')];
        yield 'no URL' => ['url', static fn () => new \Gatepost\Client('ftp://a', str_repeat('s', 32))];
        yield 'no time-out' => ['options[timeout]', static fn () => new \Gatepost\Client(options: ['timeout' => 0])];
        yield 'unknown option' => ['options[time_out]', static fn () => new \Gatepost\Client(options: ['time_out' => 1])];
    }

    /**
     * Keys and values of a generator, whose keys stay strings.
     *
     * @return list<array{string, mixed}> in order of the keys
     */
    private static function pairs(iterable $generator): array
    {
        $pairs = [];
        foreach ($generator as $key => $value) {
            self::assertIsString($key);
            $pairs[] = [$key, $value];
        }
        usort($pairs, static fn (array $a, array $b): int => strcmp($a[0], $b[0]));
        return $pairs;
    }
}
