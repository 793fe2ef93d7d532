<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Client;
use Gatepost\Exception\ApiError;
use Gatepost\Exception\ConnectionFailed;
use Gatepost\Tests\Support\Backend;
use Gatepost\Tests\Support\Node;
use PHPUnit\Framework\TestCase;

/** How calls travel: what is sent, what is tried again, and what isn't the gateway's answer. */
final class TransportTest extends TestCase
{
    private const SECRET = 'a secret of at least thirty-two bytes';

    private static ?Backend $server = null;

    public static function setUpBeforeClass(): void
    {
        self::$server = Backend::start(__DIR__ . '/Support/backends/scripted.php');
    }

    public static function tearDownAfterClass(): void
    {
        self::$server = null;
    }

    public function testWhatIsSent(): void
    {
        $query = ['a' => ['b c', 'ü'], 'n' => null, 't' => true];
        $response = self::client()->call('POST', '/x', $query, 'text', ['content-type' => 'text/plain']);
        $answer = (array) json_decode($response->body, true);
        self::assertSame('POST', $answer['method']);
        self::assertSame('/x?a=b%20c&a=%C3%BC&t=true', $answer['uri']);
        self::assertSame('text', $answer['body']);
        self::assertSame('text/plain', $answer['headers']['content-type']);
        self::assertStringStartsWith('Bearer ey', $answer['headers']['authorization']);
        self::assertArrayNotHasKey('expect', $answer['headers']);
        self::assertArrayNotHasKey('accept-encoding', $answer['headers']);
    }

    public function testNoOptionOfACallIsLeftForTheNext(): void
    {
        $client = self::client();
        $calls = ['POST' => 'body', 'GET' => null, 'PATCH' => '{}', 'HEAD' => null, 'DELETE' => null, 'PUT' => '[]'];
        foreach ($calls as $method => $body) {
            $response = $client->call($method, '/x', body: $body);
            if ($method === 'HEAD') {
                self::assertSame('', $response->body);
                continue;
            }
            $answer = (array) json_decode($response->body, true);
            self::assertSame([$method, (string) $body], [$answer['method'], $answer['body']]);
        }
    }

    public function testPartialAnswersNameTheNodes(): void
    {
        $client = self::client();
        $client->call('GET', '/x');
        self::assertSame(['node-a', 'node-b'], $client->partial());
    }

    public function testAnAnswerThatIsNotTheGateways(): void
    {
        $client = self::client('/html');
        try {
            $client->stats();
            self::fail('nothing was thrown');
        } catch (ApiError $e) {
            self::assertSame([200, ''], [$e->status, $e->problem]);
            self::assertStringContainsString('is not JSON', $e->getMessage());
        }
        $this->expectException(ApiError::class);
        $this->expectExceptionCode(503);
        self::client('/503')->stats();
    }

    public function testRedirectsAreNotFollowed(): void
    {
        $this->expectException(ApiError::class);
        $this->expectExceptionCode(302);
        self::client('/redirect')->stats();
    }

    public function testACallThatTakesTooLong(): void
    {
        $client = self::client('/slow', ['timeout' => 0.2]);
        $start = microtime(true);
        try {
            $client->stats();
            self::fail('nothing was thrown');
        } catch (ConnectionFailed $e) {
            self::assertTrue($e->sent);
            self::assertSame(CURLE_OPERATION_TIMEDOUT, $e->getCode());
            self::assertLessThan(1, microtime(true) - $start);
        }
    }

    public function testNobodyListens(): void
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        self::assertIsResource($socket);
        $addr = (string) stream_socket_get_name($socket, false);
        fclose($socket);
        try {
            (new Client("http://$addr", self::SECRET))->pushAll('hello');
            self::fail('nothing was thrown');
        } catch (ConnectionFailed $e) {
            self::assertFalse($e->sent);
            self::assertSame(CURLE_COULDNT_CONNECT, $e->getCode());
            self::assertStringContainsString("POST /push at http://$addr", $e->getMessage());
        }
    }

    /**
     * A server that reads a request and hangs up: a read comes again, a push doesn't.
     *
     * @dataProvider hangUps
     */
    public function testOnlyWhatReadsIsTriedAgain(callable $call, int $requests): void
    {
        $server = stream_socket_server('tcp://127.0.0.1:0');
        self::assertIsResource($server);
        $addr = (string) stream_socket_get_name($server, false);
        $child = pcntl_fork();
        if ($child === 0) {
            $seen = 0;
            while ($connection = @stream_socket_accept($server, 0.5)) {
                while (rtrim((string) fgets($connection)) !== '') {
                    continue;
                }
                fclose($connection);
                $seen++;
            }
            posix_kill((int) getmypid(), $seen === $requests ? SIGUSR1 : SIGUSR2); // no clean-up of the parent's
        }
        fclose($server);
        try {
            $call(new Client("http://$addr", self::SECRET));
            self::fail('nothing was thrown');
        } catch (ConnectionFailed $e) {
            self::assertTrue($e->sent);
        }
        pcntl_waitpid($child, $status);
        self::assertSame(SIGUSR1, pcntl_wtermsig($status), "not $requests requests");
    }

    /** @return array<string, array{callable, int}> */
    public static function hangUps(): array
    {
        return [
            'read' => [static fn (Client $client) => $client->stats(), 2],
            'read by body' => [static fn (Client $client) => $client->uid('eva'), 2],
            'a session' => [static fn (Client $client) => $client->session('abc'), 2],
            'a change' => [static fn (Client $client) => $client->putSession('abc', []), 1],
            'push' => [static fn (Client $client) => $client->pushAll('hello'), 1],
        ];
    }

    public function testAGatewayThatWasRestarted(): void
    {
        $node = Node::start();
        $client = new Client($node->url, Node::SECRET);
        self::assertSame(0, $client->pushAll('before')->matched);
        $node->stop();
        $again = Node::start(['GATEPOST_ADDR' => $node->addr]);
        self::assertSame(0, $client->pushAll('after')->matched);
        self::assertSame($node->addr, $again->addr);
    }

    public function testAForkHasAConnectionOfItsOwn(): void
    {
        $node = Node::start();
        $client = new Client($node->url, Node::SECRET);
        self::assertSame(0, $client->stats()->clients);
        self::assertSame(1, self::connectionsTo($node), 'the connection is kept');
        $child = pcntl_fork();
        if ($child === 0) {
            $client->stats();
            posix_kill((int) getmypid(), self::connectionsTo($node) === 2 ? SIGUSR1 : SIGUSR2);
        }
        pcntl_waitpid($child, $status);
        self::assertSame(SIGUSR1, pcntl_wtermsig($status), 'the child used its parent\'s connection');
        self::assertSame(0, $client->stats()->clients);
        self::assertSame(1, self::connectionsTo($node), 'the parent lost its connection');
    }

    /** How many established connections to the node there are, whoever has them. */
    private static function connectionsTo(Node $node): int
    {
        [, $port] = explode(':', $node->addr);
        $to = sprintf('/^ *\d+: \S+ [0-9A-F]+:%04X 01 /m', (int) $port);
        return (int) preg_match_all($to, (string) file_get_contents('/proc/net/tcp'));
    }

    /** @param array<string, mixed> $options */
    private static function client(string $path = '', array $options = []): Client
    {
        return new Client(self::$server?->url . $path, self::SECRET, options: $options);
    }
}
