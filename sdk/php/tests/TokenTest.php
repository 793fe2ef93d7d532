<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Client;
use Gatepost\Exception\ApiError;
use Gatepost\Exception\GatepostException;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Gateway;
use Gatepost\Http\Request;
use Gatepost\Http\Response;
use Gatepost\Http\Transport;
use Gatepost\Tests\Support\GatewayTestCase;
use Gatepost\Tests\Support\Node;
use Gatepost\Tests\Support\Refused;
use Gatepost\Tests\Support\Socket;

/** Tokens: minted, renewed, for clients, and never shown. */
final class TokenTest extends GatewayTestCase implements Transport
{
    /** @var list<string|null> of the calls that this transport was given */
    private array $tokens = [];
    /** @var list<int> what it answers, in turn; then 200 */
    private array $statuses = [];

    public function send(Request $request, ?string $token): Response
    {
        $this->tokens[] = $token;
        return new Response(array_shift($this->statuses) ?? 200, [], '{}');
    }

    public function testATokenIsMintedOnceAndHasTheScope(): void
    {
        $client = new Client('http://a', Node::SECRET . ', the-old-one-of-at-least-32-bytes', options: [
            'transport' => $this, 'scope' => 'read push:group:news-*', 'token_ttl' => 600,
        ]);
        $client->stats();
        $client->stats();
        self::assertCount(1, array_unique($this->tokens));
        [$head, $claims, $signature] = explode('.', (string) $this->tokens[0]);
        self::assertSame(['alg' => 'HS256', 'typ' => 'JWT'], self::decoded($head));
        $claims = self::decoded($claims);
        self::assertSame(['gatepost:api', 'read push:group:news-*'], [$claims['aud'], $claims['scope']]);
        self::assertEqualsWithDelta(time() + 600, $claims['exp'], 2);
        self::assertNotSame('', $signature);
    }

    public function testAMintedTokenIsRenewedBeforeItExpires(): void
    {
        // So short that it is renewed after a second: 31 s less the margin of 30.
        $client = new Client('http://a', Node::SECRET, options: ['transport' => $this, 'token_ttl' => 31]);
        $client->stats();
        $second = time();
        while (time() === $second) {
            usleep(20_000);
        }
        $client->stats();
        self::assertNotSame($this->tokens[0], $this->tokens[1]);
    }

    public function testARefusedTokenIsRenewedOnce(): void
    {
        $client = new Client('http://a', Node::SECRET, options: ['transport' => $this]);
        $client->stats();
        $second = time();
        while (time() === $second) {
            usleep(20_000);
        }
        $this->statuses = [401];
        $client->stats();
        self::assertCount(3, $this->tokens);
        self::assertSame($this->tokens[0], $this->tokens[1]);
        self::assertNotSame($this->tokens[1], $this->tokens[2]);
        $this->statuses = [401, 401];
        try {
            $client->stats();
            self::fail('nothing was thrown');
        } catch (ApiError $e) {
            self::assertSame(401, $e->status);
            self::assertLessThanOrEqual(5, count($this->tokens));
        }
    }

    public function testAGivenTokenIsUsedAsItIs(): void
    {
        $client = new Client('http://a', token: 'given', options: ['transport' => $this]);
        $this->statuses = [401];
        try {
            $client->stats();
            self::fail('nothing was thrown');
        } catch (ApiError) {
            self::assertSame(['given'], $this->tokens);
        }
    }

    /** @dataProvider environments */
    public function testTheEnvironmentServesWhereNothingIsGiven(array $env, array $arguments, ?string $want): void
    {
        $before = ['GATEPOST_SECRET' => getenv('GATEPOST_SECRET'), 'GATEPOST_TOKEN' => getenv('GATEPOST_TOKEN')];
        foreach ($env + ['GATEPOST_SECRET' => '', 'GATEPOST_TOKEN' => ''] as $name => $value) {
            putenv("$name=$value");
        }
        try {
            (new Client('http://a', ...$arguments, options: ['transport' => $this]))->stats();
            $told = $this->tokens[0];
            self::assertSame($want, $told === null || strlen($told) < 20 ? $told : 'minted');
        } finally {
            foreach ($before as $name => $value) {
                putenv($value === false ? $name : "$name=$value");
            }
        }
    }

    /** @return iterable<string, array{array<string, string>, array<string, string>, ?string}> */
    public static function environments(): iterable
    {
        $token = ['GATEPOST_TOKEN' => 'environment'];
        yield 'nothing' => [[], [], null];
        yield 'token' => [$token, [], 'environment'];
        yield 'secret' => [['GATEPOST_SECRET' => Node::SECRET], [], 'minted'];
        yield 'both' => [$token + ['GATEPOST_SECRET' => Node::SECRET], [], 'environment'];
        yield 'secret given' => [$token, ['secret' => Node::SECRET], 'minted'];
        yield 'token given' => [$token, ['token' => 'given'], 'given'];
    }

    public function testTheGatewayTakesClientTokens(): void
    {
        $until = time() + 3600;
        $token = $this->client()->clientToken(42, ['room', 7], ['lang' => 'en'], 30, $until);
        $socket = Socket::connect(self::node()->addr, '/ws?token=' . $token);
        $shown = $this->client()->client($socket->id());
        self::assertSame(
            ['42', ['7', 'room'], ['lang' => 'en']],
            [$shown?->uid, $shown?->groups, $shown?->session],
        );
        self::assertSame('', implode(array_diff(
            array_keys(self::decoded(explode('.', $token)[1])),
            ['aud', 'exp', 'sub', 'groups', 'session', 'until'],
        )));
    }

    public function testListsWithHolesAreListsInClientTokens(): void
    {
        $token = $this->client()->clientToken('eva', array_filter(['a', '', 'c']), ['x', 'y']);
        $claims = json_decode((string) base64_decode(strtr(explode('.', $token)[1], '-_', '+/'), true));
        self::assertSame([['a', 'c'], 'object'], [$claims->groups, gettype($claims->session)]);
    }

    public function testAClientTokenHasAnIssuerWhereOneIsAskedFor(): void
    {
        $node = Node::start(['GATEPOST_CLIENT_ISSUER' => 'https://id.example/,https://own.example']);
        $client = new Client($node->url, Node::SECRET);
        $socket = Socket::connect($node->addr, '/ws?token=' . $client->clientToken('eva', issuer: 'https://own.example'));
        self::assertSame('eva', $client->client($socket->id())?->uid);
        $this->expectException(Refused::class);
        $this->expectExceptionCode(401);
        Socket::connect($node->addr, '/ws?token=' . $client->clientToken('eva'));
    }

    public function testAnExpiredClientTokenIsRefused(): void
    {
        $this->expectException(Refused::class);
        $this->expectExceptionCode(401);
        Socket::connect(self::node()->addr, '/ws?token=' . $this->client()->clientToken('eva', ttl: -120));
    }

    public function testClientTokensNeedTheSecret(): void
    {
        $this->expectException(InvalidArgument::class);
        $this->expectExceptionMessage('secret is needed');
        (new Client('http://a', secret: '', token: 'given'))->clientToken('eva');
    }

    public function testAScopeIsEnough(): void
    {
        $client = $this->client(['scope' => 'push:group:room']);
        self::assertSame(0, $client->pushGroup('room', 'hello')->matched);
        $this->expectExceptionCode(403);
        $client->pushGroup('hall', 'hello');
    }

    public function testSecretsAreNotShown(): void
    {
        $secret = 'a-very-visible-secret-of-32-bytes-or-more';
        $client = new Client('http://127.0.0.1:9', $secret, options: ['connect_timeout' => 0.2]);
        $shown = print_r($client, true) . var_export($client, true) . json_encode($client) . self::dump($client)
            . print_r((array) $client, true);
        try {
            $client->stats();
            self::fail('nothing was thrown');
        } catch (GatepostException $e) {
            $shown .= $e . print_r($e->getTrace(), true);
        }
        try {
            new Client('http://a', 'visible');
            self::fail('nothing was thrown');
        } catch (InvalidArgument $e) {
            $shown .= $e->getMessage();
        }
        self::assertStringNotContainsString('visible', $shown);
        self::assertStringNotContainsString('Bearer ey', $shown);
        $this->expectException(\LogicException::class);
        serialize($client);
    }

    public function testARefusedTokenIsExplainedAlsoWhereTheCallHasNoBody(): void
    {
        $client = new Client(self::node()->url, 'another secret of more than thirty-two bytes');
        try {
            $client->isConnected('0123456789abcdef0123');
            self::fail('nothing was thrown');
        } catch (ApiError $e) {
            self::assertSame([401, 'unauthorized'], [$e->status, $e->problem]);
            self::assertNotSame('', $e->detail);
        }
    }

    public function testWhoHasNoSecretIsToldWhereItIsLookedFor(): void
    {
        try {
            (new Client(self::node()->url, ''))->stats();
            self::fail('nothing was thrown');
        } catch (ApiError $e) {
            self::assertSame([401, 'unauthorized'], [$e->status, $e->problem]);
            self::assertStringContainsString('GATEPOST_SECRET', $e->getMessage());
        }
    }

    public function testTheFacadeTakesAnotherUrlAndSecret(): void
    {
        $a = $this->connect();
        self::assertSame(1, Gateway::isOnline($a->id()));
        $other = Node::start(['GATEPOST_SECRET' => 'another secret of more than thirty-two bytes']);
        Gateway::$url = $other->url;
        Gateway::$secret = 'another secret of more than thirty-two bytes';
        self::assertSame(0, Gateway::isOnline($a->id()));
    }

    public function testTheFacadeTakesAToken(): void
    {
        Gateway::$secret = null;
        Gateway::$token = 'worthless';
        $this->expectException(ApiError::class);
        $this->expectExceptionCode(401);
        Gateway::getAllClientCount();
    }

    private static function dump(mixed $value): string
    {
        ob_start();
        var_dump($value);
        return (string) ob_get_clean();
    }

    /** @return array<string, mixed> */
    private static function decoded(string $part): array
    {
        return json_decode((string) base64_decode(strtr($part, '-_', '+/'), true), true);
    }
}
