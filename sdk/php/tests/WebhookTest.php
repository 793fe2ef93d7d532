<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Event;
use Gatepost\Event\Batch;
use Gatepost\Event\Close;
use Gatepost\Event\Connect;
use Gatepost\Event\Message;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Exception\WebhookRefused;
use Gatepost\Reply;
use Gatepost\Testing\FakeWebhook;
use Gatepost\Testing\SignedRequest;
use Gatepost\Webhook;
use PHPUnit\Framework\TestCase;

/** Webhooks: what is believed, what is refused and runs nothing, and what is answered. */
final class WebhookTest extends TestCase
{
    private FakeWebhook $gateway;

    protected function setUp(): void
    {
        $this->gateway = Webhook::fake();
    }

    public function testAConnectIsTyped(): void
    {
        $event = $this->receive($this->gateway->request('connect', [
            'client_id' => 'abc', 'uid' => '42', 'groups' => ['a', 'b'], 'session' => ['lang' => 'en'], 'node' => 'n1',
            'request' => [
                'query' => ['name' => 'anna'], 'raw_query' => 'name=anna&name=b', 'headers' => ['user-agent' => 'x'],
                'cookies' => ['sid' => 's'], 'subprotocols' => ['chat'], 'claims' => ['sub' => 42],
            ],
        ]));
        self::assertInstanceOf(Connect::class, $event);
        self::assertSame(
            ['connect', 'abc', 0, '42', ['a', 'b'], ['lang' => 'en'], '127.0.0.1', 50000, 'n1', 1],
            [$event->type, $event->clientId, $event->seq, $event->uid, $event->groups, $event->session,
                $event->remoteAddr, $event->remotePort, $event->node, $event->attempt],
        );
        $request = $event->request;
        self::assertSame(
            ['/ws', ['name' => 'anna'], 'name=anna&name=b', 'x', null, ['sid' => 's'], ['chat'], ['sub' => 42]],
            [$request->path, $request->query, $request->rawQuery, $request->header('User-Agent'),
                $request->header('origin'), $request->cookies, $request->subprotocols, $request->claims],
        );
    }

    public function testAMessageIsTextOrBinary(): void
    {
        $text = $this->receive($this->gateway->request('message', ['message' => ['text' => '{"a":1}']]));
        self::assertInstanceOf(Message::class, $text);
        self::assertSame(['{"a":1}', null, '{"a":1}', ['a' => 1]], [$text->text, $text->binary, $text->payload(), $text->json()]);

        $binary = $this->receive($this->gateway->request('message', ['message' => ['binary' => base64_encode("\xff\0")]]));
        self::assertInstanceOf(Message::class, $binary);
        self::assertSame([null, "\xff\0", "\xff\0", null], [$binary->text, $binary->binary, $binary->payload(), $binary->json()]);

        $empty = $this->receive($this->gateway->request('message', ['message' => ['binary' => '']]));
        self::assertInstanceOf(Message::class, $empty);
        self::assertSame([null, '', ''], [$empty->text, $empty->binary, $empty->payload()]);
    }

    public function testACloseIsTyped(): void
    {
        $event = $this->receive($this->gateway->request('close', [
            'uid_remaining' => 0,
            'close' => ['code' => 1006, 'reason' => 'r', 'initiator' => 'network', 'duration_ms' => 5,
                'messages_in' => 2, 'messages_out' => 3],
        ]));
        self::assertInstanceOf(Close::class, $event);
        self::assertSame(
            [1006, 'r', 'network', 5, 2, 3, 0],
            [$event->code, $event->reason, $event->initiator, $event->durationMs, $event->messagesIn,
                $event->messagesOut, $event->uidRemaining],
        );
    }

    public function testNumbersTooLargeForPhpKeepTheirDigits(): void
    {
        $body = '{"type":"message","id":"e","timestamp":"t","data":{"client_id":"a","seq":1,"uid":null,"groups":[],'
            . '"session":{"n":12345678901234567890},"remote_addr":"","remote_port":1,"connected_at":"","node":"",'
            . '"message":{"text":""}}}';
        $event = $this->receive($this->signed('e', (string) time(), $body));
        self::assertInstanceOf(Message::class, $event);
        self::assertSame(['n' => '12345678901234567890'], $event->session);
    }

    /** @return array<string, array{0: callable(SignedRequest): array{0: array<string, string>, 1: string}, 1: int}> */
    public function refused(): array
    {
        $over = static fn (array $headers): callable =>
            static fn (SignedRequest $r): array => [$headers + $r->headers, $r->body];
        $other = (new FakeWebhook())->request('message', ['id' => 'evt_other']);
        return [
            'no headers' => [static fn (SignedRequest $r): array => [[], $r->body], 401],
            'no signature' => [$over(['webhook-signature' => '']), 401],
            "another's signature" => [$over(['webhook-signature' => $other->headers['webhook-signature']]), 401],
            'a signature of another kind' => [$over(['webhook-signature' => 'v2,AAAA v1a,BBBB']), 401],
            'no timestamp' => [$over(['webhook-timestamp' => '']), 401],
            'a timestamp that is none' => [$over(['webhook-timestamp' => '1e9']), 401],
            'a timestamp that overflows' => [$over(['webhook-timestamp' => str_repeat('9', 30)]), 401],
            'another timestamp than was signed' => [$over(['webhook-timestamp' => (string) (time() - 1)]), 401],
            'another id than was signed' => [$over(['webhook-id' => 'evt_1']), 401],
            'no id' => [$over(['webhook-id' => '']), 401],
            'another body' => [static fn (SignedRequest $r): array => [$r->headers, $r->body . ' '], 401],
            'an empty body' => [static fn (SignedRequest $r): array => [$r->headers, ''], 401],
            'a body too large' => [static fn (SignedRequest $r): array => [$r->headers, str_repeat(' ', 9 << 20)], 413],
        ];
    }

    /**
     * @dataProvider refused
     * @param callable(SignedRequest): array{0: array<string, string>, 1: string} $change
     */
    public function testWhatIsNotSignedRunsNothing(callable $change, int $status): void
    {
        [$headers, $body] = $change($this->gateway->request('message'));
        $ran = false;
        $response = $this->gateway->webhook()->answer($headers, $body, static function () use (&$ran): void {
            $ran = true;
        });
        self::assertSame([$status, false], [$response->status, $ran]);
        self::assertStringNotContainsString('whsec_', $response->body);
        $this->expectException(WebhookRefused::class);
        $this->gateway->webhook()->receive($headers, $body);
    }

    /** @return array<string, array{0: int, 1: int}> */
    public function ages(): array
    {
        return [
            'now' => [0, 200], 'nearly too old' => [-290, 200], 'too old' => [-310, 401],
            'a clock that is ahead' => [290, 200], 'signed for later' => [310, 401],
        ];
    }

    /** @dataProvider ages */
    public function testATimestampMustBeNearNow(int $off, int $status): void
    {
        $request = $this->gateway->request('message', timestamp: time() + $off);
        self::assertSame($status, $this->gateway->webhook()->answer($request->headers, $request->body, [])->status);
    }

    public function testEachOfSeveralSecretsIsBelieved(): void
    {
        $other = new FakeWebhook();
        foreach ([[$other->secret, $this->gateway->secret], "$other->secret  {$this->gateway->secret}"] as $secrets) {
            $webhook = new Webhook($secrets);
            foreach ([$this->gateway, $other] as $gateway) {
                $request = $gateway->request('message');
                self::assertSame(200, $webhook->answer($request->headers, $request->body, [])->status);
            }
        }
        // And one of several signatures is enough.
        $request = $this->gateway->request('message');
        $headers = ['webhook-signature' => 'v1,AAAA ' . $request->headers['webhook-signature']] + $request->headers;
        self::assertSame(200, $this->gateway->webhook()->answer($headers, $request->body, [])->status);
    }

    /** @return array<string, array{0: string|list<string>}> */
    public function unusable(): array
    {
        return [
            'none' => [''], 'none in a list' => [[]], 'empty' => ['whsec_'], 'no base64' => ['whsec_%%%'],
            'too short' => ['whsec_' . base64_encode('short')], 'without prefix' => [base64_encode(str_repeat('k', 32))],
            'one good, one not' => [['whsec_' . base64_encode(str_repeat('k', 32)), 'whsec_']],
        ];
    }

    /**
     * @dataProvider unusable
     * @param string|list<string> $secrets
     */
    public function testWithoutUsableSecretNobodyIsBelieved(string|array $secrets): void
    {
        // What an empty key would sign.
        $signature = 'v1,' . base64_encode(hash_hmac('sha256', 'e.' . time() . '.{}', '', true));
        $headers = ['webhook-id' => 'e', 'webhook-timestamp' => (string) time(), 'webhook-signature' => $signature];
        $webhook = new Webhook($secrets);
        $response = $webhook->answer($headers, '{}', static fn () => self::fail('it ran'));
        self::assertSame([500, 'internal error'], [$response->status, $response->body]);
        self::assertInstanceOf(InvalidArgument::class, $response->error);
        $this->expectException(InvalidArgument::class);
        $webhook->receive($headers, '{}');
    }

    public function testTheSecretIsTheEnvironmentsUnlessOneIsGiven(): void
    {
        putenv('GATEPOST_WEBHOOK_SECRET=' . $this->gateway->secret);
        try {
            $request = $this->gateway->request('close');
            self::assertInstanceOf(Close::class, (new Webhook())->receive($request->headers, $request->body));
        } finally {
            putenv('GATEPOST_WEBHOOK_SECRET');
        }
    }

    public function testASecretIsNotShown(): void
    {
        $webhook = $this->gateway->webhook();
        $request = $this->gateway->request('message');
        $webhook->receive($request->headers, $request->body);
        $secret = substr($this->gateway->secret, 6);
        foreach ([print_r($webhook, true), var_export($webhook, true), (string) json_encode($webhook)] as $shown) {
            self::assertStringNotContainsString($secret, $shown);
            self::assertStringNotContainsString((string) base64_decode($secret, true), $shown);
        }
    }

    /** @return array<string, array{0: string}> */
    public function unreadable(): array
    {
        $data = '"client_id":"a","seq":1,"uid":null,"groups":[],"session":{},"remote_addr":"","remote_port":1,'
            . '"connected_at":"","node":""';
        $event = static fn (string $type, string $data): string =>
            '{"type":"' . $type . '","id":"e","timestamp":"t","data":{' . $data . '}}';
        return [
            'empty' => [''], 'no JSON' => ['<html>'], 'a string' => ['"connect"'], 'a list' => ['[1]'],
            'another type' => [$event('moved', $data)], 'no data' => ['{"type":"close","id":"e","timestamp":"t"}'],
            'a missing field' => [$event('message', '"client_id":"a"')],
            'a message without message' => [$event('message', $data)],
            'a message of another kind' => [$event('message', $data . ',"message":{"text":5}')],
            'binary that is not base64' => [$event('message', $data . ',"message":{"binary":"%"}')],
            'a connect without request' => [$event('connect', $data)],
            'a batch of numbers' => ['{"type":"batch","id":"e","timestamp":"t","data":{"events":[1]}}'],
            'too deep' => [str_repeat('[', 600) . str_repeat(']', 600)],
            'another id than the header' => [strtr($event('message', $data . ',"message":{"text":""}'), ['"id":"e"' => '"id":"f"'])],
        ];
    }

    /** @dataProvider unreadable */
    public function testWhatIsSignedButNoEventIs400(string $body): void
    {
        $request = $this->signed('e', (string) time(), $body);
        $response = $this->gateway->webhook()->answer($request->headers, $body, static fn () => self::fail('it ran'));
        self::assertSame(400, $response->status, $response->body);
    }

    /** @return array<string, array{0: mixed, 1: string}> */
    public function returned(): array
    {
        return [
            'nothing' => [null, '{}'],
            'a string' => ['hello "ü"/', '{"reply":"hello \"ü\"/"}'],
            'fields' => [['reply' => ['a' => 1.0], 'session' => ['x' => null]], '{"reply":{"a":1.0},"session":{"x":null}}'],
            'a list with holes' => [['actions' => [2 => ['action' => 'join', 'groups' => [1 => 'a']]]], '{"actions":[{"action":"join","groups":["a"]}]}'],
            'a reply' => [Reply::accept()->reply(0)->join('a', 7), '{"reply":0,"actions":[{"action":"join","groups":["a","7"]}]}'],
        ];
    }

    /** @dataProvider returned */
    public function testWhatAHandlerReturnsIsTheAnswer(mixed $returned, string $json): void
    {
        $response = $this->gateway->send(['message' => static fn (): mixed => $returned], 'message');
        self::assertSame([200, 'application/json', $json], [$response->status, $response->headers['content-type'], $response->body]);
    }

    public function testARefusalHasItsStatusAndText(): void
    {
        $response = $this->gateway->send(static fn (): Reply => Reply::refuse(403, 'no <b>'), 'connect');
        self::assertSame([403, 'no <b>', 'text/plain; charset=utf-8'], [$response->status, $response->body, $response->headers['content-type']]);
        $response = $this->gateway->send(static fn (): Reply => Reply::retry(7), 'message');
        self::assertSame([503, '7'], [$response->status, $response->headers['retry-after']]);
        self::assertArrayNotHasKey('gatepost-refuse', $response->headers);
    }

    /** Without the header the gateway takes 404, 405 and 413 for a proxy's, and tries for ten minutes. */
    public function testARefusalSaysThatItIsMeant(): void
    {
        foreach ([403, 404, 405, 413] as $status) {
            $response = $this->gateway->send(static fn (): Reply => Reply::refuse($status), 'message');
            self::assertSame([$status, '1'], [$response->status, $response->headers['gatepost-refuse'] ?? null]);
        }
        $response = $this->gateway->webhook()->answer([], str_repeat(' ', 9 << 20), static fn () => null);
        self::assertSame([413, '1'], [$response->status, $response->headers['gatepost-refuse'] ?? null]);
        $response = $this->gateway->send(static fn () => throw new \RuntimeException('x'), 'message');
        self::assertSame(500, $response->status);
        self::assertArrayNotHasKey('gatepost-refuse', $response->headers);
    }

    public function testATypeWithoutHandlerIsAccepted(): void
    {
        $response = $this->gateway->send(['message' => static fn () => self::fail('it ran')], 'connect');
        self::assertSame([200, '{}'], [$response->status, $response->body]);
    }

    /** @return array<string, array{0: mixed}> */
    public function faulty(): array
    {
        return [
            'throws' => [static fn () => throw new \RuntimeException('the password is hunter2')],
            'a type error' => [static fn (): int => strlen([])], // @phpstan-ignore-line
            'returns what is no reply' => [static fn (): bool => true],
            'returns text that is not UTF-8' => [static fn (): string => "\xff"],
            'returns an unknown field' => [static fn (): array => ['sesion' => []]],
            'an unknown type' => [['mesage' => static fn () => null]],
        ];
    }

    /** @dataProvider faulty */
    public function testAFailureIs500AndSaysNothing(mixed $handler): void
    {
        $response = $this->gateway->send($handler, 'message');
        self::assertSame([500, 'internal error'], [$response->status, $response->body]);
        self::assertNotNull($response->error);
    }

    public function testInABatchEachEventHasItsOwnAnswer(): void
    {
        $request = $this->gateway->batch([
            ['message', ['id' => 'evt_a', 'message' => ['text' => 'a']]],
            ['message', ['id' => 'evt_b', 'message' => ['text' => 'fail']]],
            ['close', ['id' => 'evt_c']],
            ['message', ['id' => '7', 'message' => ['text' => 'later']]],
        ]);
        self::assertInstanceOf(Batch::class, $this->receive($request));
        $response = $this->gateway->webhook()->answer($request->headers, $request->body, [
            'message' => static fn (Message $event): Reply => match ($event->text) {
                'fail' => throw new \RuntimeException('boom'),
                'later' => Reply::retry(),
                default => Reply::accept()->reply($event->text),
            },
        ]);
        self::assertSame(200, $response->status);
        self::assertSame(
            '{"replies":{"evt_a":{"reply":"a"},"evt_b":{"retry":true},"evt_c":{},"7":{"retry":true}}}',
            $response->body,
        );
        self::assertSame('boom', $response->error?->getMessage());
    }

    public function testTheFakeCallsHandlersWithMadeEvents(): void
    {
        $handlers = [
            'connect' => static fn (Connect $e): Reply => Reply::accept()->uid($e->request->query['name']),
            'message' => static fn (Message $e): string => $e->uid . ': ' . $e->text,
            'close' => static fn (Close $e): array => ['actions' => [['action' => 'dissolve', 'group' => $e->initiator]]],
        ];
        self::assertSame(
            [['uid' => 'anna'], ['reply' => 'anna: hi'], ['actions' => [['action' => 'dissolve', 'group' => 'network']]]],
            [
                $this->gateway->connect($handlers, ['request' => ['query' => ['name' => 'anna']]])->fields(),
                $this->gateway->message($handlers, 'hi', ['uid' => 'anna'])->fields(),
                $this->gateway->close($handlers, ['close' => ['initiator' => 'network']])->fields(),
            ],
        );
        $server = $this->gateway->request('close', ['id' => 'evt_x'])->server();
        self::assertSame('evt_x', $server['HTTP_WEBHOOK_ID']);
    }

    private function receive(SignedRequest $request): Event|Batch
    {
        return $this->gateway->webhook()->receive($request->headers, $request->body);
    }

    private function signed(string $id, string $timestamp, string $body): SignedRequest
    {
        $key = (string) base64_decode(substr($this->gateway->secret, 6), true);
        return new SignedRequest([
            'webhook-id' => $id,
            'webhook-timestamp' => $timestamp,
            'webhook-signature' => 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true)),
        ], $body);
    }
}
