<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Client;
use Gatepost\Exception\ApiError;
use Gatepost\Http\Request;
use Gatepost\Http\Response;
use Gatepost\Http\Transport;
use Gatepost\Tests\Support\GatewayTestCase;
use Gatepost\Tests\Support\Node;

/** No call has a name in its path, where proxies change it, and its token is good for nothing else. */
final class ScopeTest extends GatewayTestCase implements Transport
{
    private ?Request $asked = null;
    private ?string $token = null;

    public function send(Request $request, ?string $token): Response
    {
        [$this->asked, $this->token] = [$request, $token];
        return new Response(200, [], '{"matched":1,"closed":1,"results":[{"ok":true}]}');
    }

    /** @return array<string, array{0: callable(Client): mixed, 1: string, 2: string}> call, its path, its scope */
    public static function calls(): array
    {
        $odd = '../all *';
        $send = static fn (array $more): callable => static fn (Client $c) => $c->actions([['action' => 'send', 'text' => 'x'] + $more]);
        return [
            'pushAll' => [static fn (Client $c) => $c->pushAll('x', ['abc']), '/push', 'push:all'],
            'pushClient' => [static fn (Client $c) => $c->pushClient('abc', 'x'), '/push', 'push:client:abc'],
            'pushUid' => [static fn (Client $c) => $c->pushUid($odd, 'x'), '/push', 'push:uid:..%2Fall%20%2A'],
            'pushGroup' => [static fn (Client $c) => $c->pushGroup($odd, 'x'), '/push', 'push:group:..%2Fall%20%2A'],
            'push' => [
                static fn (Client $c) => $c->push(text: 'x', clients: ['abc'], uids: [7], groups: ['g', 'h'], exceptUids: [8]),
                '/push',
                'push:client:abc push:uid:7 push:group:g push:group:h',
            ],
            'push to nobody' => [static fn (Client $c) => $c->push(text: 'x'), '/push', 'push'],
            'push to all and some' => [static fn (Client $c) => $c->push('x', uids: [7], all: true), '/push', 'push:all push:uid:7'],
            'bind' => [static fn (Client $c) => $c->bind('abc', $odd), '/bind', 'bind:uid:..%2Fall%20%2A'],
            'unbind' => [static fn (Client $c) => $c->unbind('abc'), '/unbind', 'bind:client:abc'],
            'join' => [static fn (Client $c) => $c->join('abc', $odd), '/join', 'group:..%2Fall%20%2A'],
            'leave' => [static fn (Client $c) => $c->leave([], 'g', [7]), '/leave', 'group:g'],
            'dissolve' => [static fn (Client $c) => $c->dissolve('../groups/v'), '/dissolve', 'group:..%2Fgroups%2Fv'],
            'until' => [static fn (Client $c) => $c->until('abc', 1), '/until', 'close:client:abc'],
            'close' => [static fn (Client $c) => $c->close(uids: [7], text: 'bye'), '/close', 'close:uid:7 push:uid:7'],
            'closeClient' => [static fn (Client $c) => $c->closeClient('abc'), '/close', 'close:client:abc'],
            'session' => [static fn (Client $c) => $c->session('abc'), '/session', 'read'],
            'putSession' => [static fn (Client $c) => $c->putSession('abc', []), '/session', 'session:client:abc'],
            'patchSession' => [static fn (Client $c) => $c->patchSession('abc', [], 'e', true), '/session', 'session:client:abc'],
            'client' => [static fn (Client $c) => $c->client('abc'), '/lookup', 'read'],
            'isConnected' => [static fn (Client $c) => $c->isConnected('abc'), '/lookup', 'read'],
            'clients' => [static fn (Client $c) => $c->clients([$odd], [$odd], ['uid'], 5, 'Y3Vyc29y'), '/clients', 'read'],
            'uid' => [static fn (Client $c) => $c->uid($odd), '/lookup', 'read'],
            'uids' => [static fn (Client $c) => $c->uids([$odd]), '/uids', 'read'],
            'group' => [static fn (Client $c) => $c->group($odd), '/lookup', 'read'],
            'groups' => [static fn (Client $c) => $c->groups(), '/groups', 'read'],
            'lookup' => [static fn (Client $c) => $c->lookup(['abc'], [$odd], [$odd]), '/lookup', 'read'],
            'stats' => [static fn (Client $c) => $c->stats(), '/stats', 'read'],
            'metrics' => [static fn (Client $c) => $c->metrics(), '/metrics', 'read'],
            'isHealthy' => [static fn (Client $c) => $c->isHealthy(), '/healthz', ''],
            'readiness' => [static fn (Client $c) => $c->readiness(), '/readyz', ''],
            'openapi' => [static fn (Client $c) => $c->openapi(), '/openapi.yaml', ''],
            'deadLetter' => [static fn (Client $c) => $c->deadLetter('../x'), '/events/dead/show', 'admin'],
            'dropDeadLetter' => [static fn (Client $c) => $c->dropDeadLetter('../x'), '/events/dead/drop', 'admin'],
            'replayDeadLetters' => [static fn (Client $c) => $c->replayDeadLetters(['../x']), '/events/dead/replay', 'admin'],
            'replayAllDeadLetters' => [static fn (Client $c) => $c->replayAllDeadLetters(), '/events/dead/replay', 'admin'],
            'deadLetters' => [static fn (Client $c) => $c->deadLetters(), '/events/dead?limit=100', 'admin'],
            'a send among actions' => [$send(['groups' => [$odd, 'g']]), '/actions', 'push:group:..%2Fall%20%2A push:group:g'],
            'a name that is none' => [$send(['groups' => ["a\nb"], 'uids' => [7]]), '/actions', 'push:uid:7 push'],
            'a list that is none' => [$send(['groups' => 'g']), '/actions', 'push'],
            'other actions' => [
                static fn (Client $c) => $c->batch()->add(['action' => 'join', 'client_id' => 'abc', 'groups' => ['g']])->run(),
                '/actions',
                'group:g',
            ],
            'an action that is none' => [static fn (Client $c) => $c->actions([['action' => 'dance']]), '/actions', ''],
            'more names than a header has room for' => [
                static fn (Client $c) => $c->push('x', uids: range(1, 1000), all: true),
                '/push',
                'push',
            ],
            'by hand' => [static fn (Client $c) => $c->call('GET', '/stats'), '/stats', '*'],
        ];
    }

    /**
     * @dataProvider calls
     * @param callable(Client): mixed $call
     */
    public function testACallHasNoNameInItsPathAndNoMoreScopeThanItNeeds(callable $call, string $path, string $scope): void
    {
        $call(new Client('http://a', Node::SECRET, options: ['transport' => $this]));
        self::assertSame($path, $this->asked?->path);
        self::assertSame($scope, self::scope((string) $this->token));
        self::assertLessThan(4000, strlen((string) $this->token));
    }

    /** Each scope is enough at the real gateway, which then finds other faults. */
    public function testEachScopeIsEnough(): void
    {
        foreach (self::calls() as $name => [$call]) {
            try {
                $call($this->client());
            } catch (ApiError $e) {
                self::assertContains($e->status, [400, 404], "$name: {$e->getMessage()}");
            }
        }
    }

    public function testTokensAreKeptByTheirScope(): void
    {
        $client = new Client('http://a', Node::SECRET, options: ['transport' => $this]);
        $tokens = [];
        foreach (['g', 'h', 'g'] as $group) {
            $client->pushGroup($group, 'x');
            $tokens[] = $this->token;
        }
        self::assertSame($tokens[0], $tokens[2]);
        self::assertNotSame($tokens[0], $tokens[1]);
    }

    private static function scope(string $token): string
    {
        return json_decode((string) base64_decode(strtr(explode('.', $token)[1], '-_', '+/'), true), true)['scope'];
    }
}
