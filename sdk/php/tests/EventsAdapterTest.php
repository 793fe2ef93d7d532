<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Client;
use Gatepost\Event;
use Gatepost\Event\Connect;
use Gatepost\EventsAdapter;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Exception\NoCurrentEvent;
use Gatepost\Gateway;
use Gatepost\Reply;
use Gatepost\Testing\FakeWebhook;
use Gatepost\Tests\Support\Node;
use Gatepost\Tests\Support\Recorder;
use Gatepost\Tests\Support\ScriptedEvents;
use Gatepost\Webhook;
use PHPUnit\Framework\TestCase;

/** An Events class is run as GatewayWorker runs it, and what it does is in the reply. */
final class EventsAdapterTest extends TestCase
{
    private FakeWebhook $gateway;
    private EventsAdapter $adapter;
    private Recorder $recorder;
    private string $errorLog;
    private string $logBefore;

    protected function setUp(): void
    {
        $this->gateway = Webhook::fake();
        $this->adapter = new EventsAdapter(ScriptedEvents::class);
        $this->recorder = new Recorder();
        Gateway::setClient(new Client('http://gateway', Node::SECRET, options: ['transport' => $this->recorder]));
        ScriptedEvents::$do = ScriptedEvents::$calls = [];
        $this->errorLog = (string) tempnam(sys_get_temp_dir(), 'gatepost-log');
        $this->logBefore = (string) ini_set('error_log', $this->errorLog);
    }

    protected function tearDown(): void
    {
        ini_set('error_log', $this->logBefore);
        unlink($this->errorLog);
        Gateway::setClient(null);
    }

    public function testEachEventCallsItsCallbacks(): void
    {
        $this->gateway->connect($this->adapter, ['client_id' => 'c1']);
        $this->gateway->message($this->adapter, 'hello', ['client_id' => 'c1']);
        $this->gateway->send($this->adapter, 'message', ['client_id' => 'c1', 'message' => ['binary' => 'AP8=']]);
        $this->gateway->close($this->adapter, ['client_id' => 'c1']);
        $calls = ScriptedEvents::$calls;
        self::assertSame(
            ['onWorkerStart', 'onConnect', 'onWebSocketConnect', 'onMessage', 'onMessage', 'onClose'],
            array_column($calls, 0),
        );
        self::assertSame(
            [['onConnect', 'c1'], ['onMessage', 'c1', 'hello'], ['onMessage', 'c1', "\x00\xff"], ['onClose', 'c1']],
            [$calls[1], $calls[3], $calls[4], $calls[5]],
        );
    }

    public function testOnWorkerStartCanBeLeftOut(): void
    {
        $this->gateway->close(new EventsAdapter(ScriptedEvents::class, workerStart: false));
        self::assertSame(['onClose'], array_column(ScriptedEvents::$calls, 0));
    }

    public function testAClassMayLackCallbacks(): void
    {
        $events = new class {
        };
        self::assertSame([], $this->gateway->connect(new EventsAdapter($events::class))->fields());
    }

    public function testAClassThatIsntThereIsSaid(): void
    {
        $response = $this->gateway->send(new EventsAdapter('NoSuchEvents'), 'close');
        self::assertSame(500, $response->status);
        self::assertInstanceOf(InvalidArgument::class, $response->error);
    }

    public function testTheHandshakeIsAsGatewayWorkerGivesIt(): void
    {
        $this->gateway->connect($this->adapter, ['request' => [
            'path' => '/chat', 'raw_query' => 'a=1&a=2&b[]=x&b[]=y+z',
            'headers' => ['host' => 'example.com:8443', 'user-agent' => 'x', 'x-forwarded-for' => 'y'],
            'cookies' => ['sid' => 's%20t', 'q' => 'a&b'],
        ]]);
        [, , $data] = ScriptedEvents::$calls[2];
        self::assertSame(['a' => '2', 'b' => ['x', 'y z']], $data['get']);
        self::assertSame(['sid' => 's t', 'q' => 'a&b'], $data['cookie']);
        self::assertSame([
            'QUERY_STRING' => 'a=1&a=2&b[]=x&b[]=y+z', 'REQUEST_METHOD' => 'GET',
            'REQUEST_URI' => '/chat?a=1&a=2&b[]=x&b[]=y+z', 'SERVER_PROTOCOL' => 'HTTP/1.1',
            'SERVER_NAME' => 'example.com', 'SERVER_PORT' => 8443, 'REMOTE_ADDR' => '127.0.0.1', 'REMOTE_PORT' => 50000,
            'HTTP_HOST' => 'example.com:8443', 'HTTP_USER_AGENT' => 'x', 'HTTP_X_FORWARDED_FOR' => 'y',
            'HTTP_COOKIE' => 'sid=s%20t; q=a&b',
        ], $data['server']);
    }

    public function testTheFirstSubprotocolIsSelected(): void
    {
        $selected = fn (callable $handler, array $offered): ?string => $this->gateway
            ->connect($handler, ['request' => ['subprotocols' => $offered]])->fields()['subprotocol'] ?? null;
        self::assertSame('t0ken', $selected($this->adapter, ['t0ken', 'chat']));
        self::assertNull($selected($this->adapter, []));
        $chooses = fn (Event $event): Reply => $event instanceof Connect
            ? ($this->adapter)($event)->subprotocol(in_array('chat', $event->request->subprotocols) ? 'chat' : '')
            : ($this->adapter)($event);
        self::assertSame('chat', $selected($chooses, ['t0ken', 'chat']));
        self::assertSame('', $selected($chooses, ['t0ken'])); // none
    }

    public function testUntilWaitsForTheReply(): void
    {
        ScriptedEvents::$do['onConnect'] = static fn (string $id) => Gateway::until($id, 1800000000);
        self::assertSame(
            [['action' => 'until', 'client_id' => 'c1', 'at' => 1800000000]],
            $this->gateway->connect($this->adapter, ['client_id' => 'c1'])->fields()['actions'],
        );
    }

    /** @dataProvider timers */
    public function testATimerSaysWhatToUseInstead(string $callback, string $class): void
    {
        ScriptedEvents::$do[$callback] = static fn () => $class::add(1, static fn () => null, [], false);
        foreach (range(1, 2) as $_) { // onWorkerStart is due until it went well
            $response = $this->gateway->send($this->adapter, 'connect');
            self::assertSame(500, $response->status);
            self::assertStringContainsString('until(', (string) $response->error?->getMessage());
            self::assertStringContainsString('cron', (string) $response->error?->getMessage());
        }
    }

    /** @return iterable<string, array{string, class-string}> */
    public static function timers(): iterable
    {
        foreach (['Workerman\Timer', 'Workerman\Lib\Timer'] as $class) {
            foreach (['onWorkerStart', 'onConnect', 'onWebSocketConnect'] as $callback) {
                yield "$class in $callback" => [$callback, $class];
            }
        }
    }

    public function testServerIsGatewayWorkersAndIsPutBack(): void
    {
        $server = $_SERVER;
        $seen = null;
        $this->message(static function () use (&$seen): void {
            $seen = $_SERVER;
            $_SERVER['X'] = 1;
        }, ['client_id' => 'c1', 'remote_addr' => '203.0.113.9', 'remote_port' => 7, 'node' => 'n']);
        self::assertSame([
            'REMOTE_ADDR' => '203.0.113.9', 'REMOTE_PORT' => 7, 'GATEWAY_ADDR' => 'n', 'GATEWAY_PORT' => 0,
            'GATEWAY_CLIENT_ID' => 'c1',
        ], $seen);
        self::assertSame($server, $_SERVER);
    }

    /** @return array<string, array{0: array<string, mixed>, 1: callable(): void, 2: string|null}> */
    public function sessions(): array
    {
        return [
            'untouched' => [['a' => 1, 'b' => 1.5], static fn () => null, null],
            'untouched and empty' => [[], static fn () => self::assertNull($_SESSION), null],
            'set' => [[], static function (): void {
                $_SESSION['a'] = ['x' => []];
            }, '{"a":{"x":[]}}'],
            'changed' => [['a' => 1, 'b' => 2], static function (): void {
                $_SESSION['a']++;
            }, '{"a":2,"b":2}'],
            'a key unset' => [['a' => 1, 'b' => 2], static function (): void {
                unset($_SESSION['a']);
            }, '{"b":2}'],
            'the last key unset' => [['a' => 1], static function (): void {
                unset($_SESSION['a']);
            }, '{}'],
            'null' => [['a' => 1], static function (): void {
                $_SESSION = null;
            }, '{}'],
            'a null kept' => [['a' => 1], static function (): void {
                $_SESSION['a'] = null;
            }, '{"a":null}'],
            'set through Gateway, then changed' => [['a' => 1], static function (): void {
                Gateway::setSession('c1', ['b' => 1]);
                Gateway::updateSession('c1', ['c' => ['d' => 1]]);
                $_SESSION['e'] = 1;
            }, '{"b":1,"c":{"d":1},"e":1}'],
            'changed through Gateway, and back' => [['a' => 1], static function (): void {
                Gateway::updateSession('c1', ['a' => 2]);
                $_SESSION['a'] = 1;
            }, '{"a":1}'],
            'integers for keys' => [[], static function (): void {
                $_SESSION = ['x', 'y'];
            }, '{"0":"x","1":"y"}'],
        ];
    }

    /**
     * @dataProvider sessions
     * @param array<string, mixed> $before
     * @param callable(): void $do
     */
    public function testTheSessionGoesBackWhole(array $before, callable $do, ?string $after): void
    {
        $reply = $this->message($do, ['client_id' => 'c1', 'session' => $before === [] ? (object) [] : $before]);
        $want = $after === null
            ? '{}'
            : '{"actions":[{"action":"session","client_id":"c1","set":' . $after . '}]}';
        self::assertSame($want, $reply->toJson());
    }

    public function testAfterACloseTheSessionIsReadOnly(): void
    {
        $name = null;
        ScriptedEvents::$do['onClose'] = static function () use (&$name): void {
            $name = $_SESSION['name'];
            $_SESSION['name'] = 'another';
        };
        self::assertSame([], $this->gateway->close($this->adapter, ['session' => ['name' => 'anna']])->fields());
        self::assertSame('anna', $name);
    }

    public function testASessionThatIsNoArrayFails(): void
    {
        $this->expectException(\UnexpectedValueException::class);
        $this->message(static function (): void {
            $_SESSION = 'x'; // @phpstan-ignore-line
        });
    }

    public function testASessionThatHasNoJsonIsNamed(): void
    {
        $this->expectExceptionObject(new InvalidArgument('$_SESSION', 'has no JSON: Malformed UTF-8'));
        $this->message(static function (): void {
            $_SESSION['photo'] = "\xff\xd8";
        });
    }

    public function testWritesAreInTheReplyInCallOrder(): void
    {
        $reply = $this->message(static function (string $client): void {
            Gateway::joinGroup($client, 'g');
            Gateway::sendToGroup('g', 'hello');
            Gateway::sendToCurrentClient('you');
            Gateway::bindUid('c2', 42);
            $_SESSION['x'] = 1;
            Gateway::setSession('c2', ['a' => 1]);
            Gateway::closeCurrentClient('bye');
        }, ['client_id' => 'c1']);
        self::assertSame([], $this->recorder->calls);
        self::assertSame(
            ['session set', 'join', 'send', 'send', 'bind', 'session set', 'close'],
            array_map(
                static fn (array $a): string => $a['action'] . (isset($a['set']) ? ' set' : ''),
                $reply->fields()['actions'],
            ),
        );
        self::assertSame(['c1', 'c2'], [$reply->fields()['actions'][0]['client_id'], $reply->fields()['actions'][5]['client_id']]);
        self::assertSame(['action' => 'close', 'clients' => ['c1'], 'text' => 'bye'], $reply->fields()['actions'][6]);
    }

    public function testAReadComesAfterTheWritesBeforeIt(): void
    {
        $reply = $this->message(static function (string $client): void {
            Gateway::bindUid($client, '42');
            self::assertSame(1, Gateway::isUidOnline('42'));
            Gateway::sendToCurrentClient('later');
        }, ['client_id' => 'c1']);
        self::assertSame([
            'POST /actions {"actions":[{"action":"bind","client_id":"c1","uid":"42"}]}',
            'POST /lookup {"uids":["42"]}',
        ], $this->recorder->calls);
        self::assertSame(['send'], array_column($reply->fields()['actions'], 'action'));
    }

    public function testMoreThanAReplyHoldsIsDoneAtOnceInOrder(): void
    {
        $reply = $this->message(static function (): void {
            foreach (range(1, 1500) as $i) {
                Gateway::sendToUid($i, 'x');
            }
        });
        self::assertSame([], $reply->fields());
        self::assertCount(2, $this->recorder->calls);
        self::assertStringContainsString('{"action":"send","uids":["1"],"text":"x"}', $this->recorder->calls[0]);
        self::assertStringContainsString('{"action":"send","uids":["1500"],"text":"x"}', $this->recorder->calls[1]);
    }

    public function testMoreBytesThanAReplyHoldsAreSentAtOnce(): void
    {
        $reply = $this->message(static function (): void {
            foreach (range(1, 10) as $i) {
                Gateway::sendToUid($i, str_repeat('x', 100_000));
            }
        });
        self::assertSame([[], 1], [$reply->fields(), count($this->recorder->calls)]);
    }

    public function testWhatACallbackPrintsGoesToTheErrorLog(): void
    {
        $reply = $this->message(static function (): void {
            echo "debug\n";
            ob_start();
            echo 'left open';
        });
        self::assertSame('{}', $reply->toJson());
        self::assertStringContainsString('debug\nleft open', (string) file_get_contents($this->errorLog));
    }

    public function testACallbackThatThrowsDoesNothing(): void
    {
        ScriptedEvents::$do['onMessage'] = static function (): void {
            Gateway::sendToAll('before');
            echo 'secret';
            throw new \RuntimeException('secret');
        };
        $level = ob_get_level();
        $response = $this->gateway->send($this->adapter, 'message');
        self::assertSame([500, 'internal error'], [$response->status, $response->body]);
        self::assertSame([[], $level], [$this->recorder->calls, ob_get_level()]);
        $this->expectException(NoCurrentEvent::class);
        Gateway::sendToCurrentClient('nobody is current any more');
    }

    public function testGatewayWorkersNamesMeanGatepost(): void
    {
        foreach (['GatewayWorker\Lib\Gateway', 'GatewayClient\Gateway'] as $name) {
            self::assertTrue(is_a($name, Gateway::class, true));
        }
        $seen = null;
        $this->message(static function () use (&$seen): void {
            $seen = [\GatewayWorker\Lib\Context::$client_id, \GatewayWorker\Lib\Context::$client_ip];
        }, ['client_id' => 'c1']);
        self::assertSame(['c1', ip2long('127.0.0.1')], $seen);
        self::assertNull(\GatewayWorker\Lib\Context::$client_id);
    }

    /** GatewayWorker itself, loaded before, would take the calls and reach nobody. */
    public function testAGatewayThatIsLoadedAlreadyIsRefused(): void
    {
        $script = 'namespace GatewayClient { class Gateway {} } namespace { require $argv[1]; class Events {} '
            . 'try { new Gatepost\EventsAdapter(); } catch (LogicException $e) { echo $e->getMessage(); } }';
        $command = escapeshellarg(PHP_BINARY) . ' -r ' . escapeshellarg($script) . ' '
            . escapeshellarg(__DIR__ . '/../autoload.php');
        self::assertStringContainsString('GatewayClient\Gateway is loaded already', (string) shell_exec($command));
    }

    /** @param array<string, mixed> $data */
    private function message(callable $do, array $data = []): Reply
    {
        ScriptedEvents::$do['onMessage'] = $do;
        return $this->gateway->message($this->adapter, 'hello', $data);
    }
}
