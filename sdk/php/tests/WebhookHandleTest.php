<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Testing\FakeWebhook;
use Gatepost\Testing\SignedRequest;
use Gatepost\Tests\Support\Backend;
use Gatepost\Webhook;
use PHPUnit\Framework\TestCase;

/**
 * Webhook::handle() as a script's whole answer, on a PHP that shows its errors: whatever a
 * handler does, the gateway gets JSON or an error status, and nothing of what was printed.
 */
final class WebhookHandleTest extends TestCase
{
    private const SCRIPT = __DIR__ . '/Support/backends/webhook.php';

    private static ?Backend $server = null;
    private static FakeWebhook $gateway;

    public static function setUpBeforeClass(): void
    {
        self::$gateway = Webhook::fake();
        self::$server = Backend::start(
            self::SCRIPT,
            ['GATEPOST_WEBHOOK_SECRET' => self::$gateway->secret],
            ['display_errors' => '1', 'html_errors' => '1', 'output_buffering' => '4096', 'log_errors' => '1'],
        );
    }

    public static function tearDownAfterClass(): void
    {
        self::$server = null;
    }

    private static function server(): Backend
    {
        assert(self::$server !== null);
        return self::$server;
    }

    /** @return array<string, array{0: string, 1: int, 2: string}> */
    public function handlers(): array
    {
        $json = '{"reply":"done"}';
        return [
            'nothing special' => ['', 200, $json],
            'prints' => ['echo', 200, $json],
            'prints and flushes' => ['flush', 200, $json],
            'makes a warning' => ['warning', 200, $json],
            'refuses' => ['refuse', 422, 'no'],
            'throws' => ['exception', 500, 'internal error'],
            'calls what is not there' => ['undefined', 500, 'internal error'],
            'exits' => ['exit', 500, ''],
            'runs out of memory' => ['fatal', 500, ''],
        ];
    }

    /** @dataProvider handlers */
    public function testTheAnswerIsClean(string $does, int $status, string $body): void
    {
        foreach (['', '?noise=1'] as $query) {
            $request = self::$gateway->request('message', ['message' => ['text' => $does]]);
            [$got, $type, $answer] = self::post(self::server(), $request, $query);
            self::assertSame([$status, $body], [$got, $answer], $query);
            if ($status === 200) {
                self::assertSame('application/json', $type);
            }
        }
    }

    public function testWhatWasPrintedIsInTheErrorLog(): void
    {
        foreach (['echo', 'exception'] as $does) {
            $request = self::$gateway->request('message', ['message' => ['text' => $does]]);
            self::post(self::server(), $request, '?noise=1');
        }
        $log = self::server()->log();
        self::assertStringContainsString('gatepost: a webhook handler printed: <b>debug</b>a buffer left open', $log);
        self::assertStringContainsString('gatepost: a webhook handler failed: RuntimeException: a secret', $log);
        self::assertStringContainsString('gatepost: printed before the webhook: a blank before <?php', $log);
    }

    public function testWhatIsNotSignedIs401(): void
    {
        $request = self::$gateway->request('message', ['message' => ['text' => 'exit']]);
        [$status, , $body] = self::post(self::server(), new SignedRequest(['webhook-id' => 'x'] + $request->headers, $request->body));
        self::assertSame([401, 'webhook-signature is missing or wrong'], [$status, $body]);
        self::assertStringContainsString('a webhook was refused with 401', self::server()->log());
    }

    public function testAPageIsNoWebhook(): void
    {
        $context = stream_context_create(['http' => ['ignore_errors' => true]]);
        self::assertSame('webhooks are POSTed', file_get_contents(self::server()->url, false, $context));
        self::assertStringContainsString(' 405 ', $http_response_header[0]);
        self::assertContains('allow: POST', $http_response_header);
    }

    public function testWithoutSecretItIs500AndSaysNothing(): void
    {
        $server = Backend::start(self::SCRIPT, ['GATEPOST_WEBHOOK_SECRET' => ''], ['display_errors' => '1']);
        [$status, , $body] = self::post($server, self::$gateway->request('message'));
        self::assertSame([500, 'internal error'], [$status, $body]);
        self::assertStringContainsString('GATEPOST_WEBHOOK_SECRET', $server->log());
    }

    /** @return array{0: int, 1: string, 2: string} status, content type, body */
    private static function post(Backend $server, SignedRequest $request, string $query = ''): array
    {
        $headers = array_map(static fn (string $name, string $value): string => "$name: $value", array_keys($request->headers), $request->headers);
        $curl = curl_init("$server->url/$query");
        assert($curl !== false);
        curl_setopt_array($curl, [
            CURLOPT_POSTFIELDS => $request->body,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 20,
        ]);
        $body = (string) curl_exec($curl);
        return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), (string) curl_getinfo($curl, CURLINFO_CONTENT_TYPE), $body];
    }
}
