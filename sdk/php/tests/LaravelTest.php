<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Client;
use Gatepost\Event\Close;
use Gatepost\Event\Connect;
use Gatepost\Event\Message;
use Gatepost\EventsAdapter;
use Gatepost\Gateway;
use Gatepost\Once\PdoStore;
use Gatepost\Testing\FakeWebhook;
use Gatepost\Tests\Support\Backend;
use Gatepost\Tests\Support\Connection;
use Gatepost\Tests\Support\GatewayTestCase;
use Gatepost\Tests\Support\Node;
use Gatepost\Tests\Support\Refused;
use Gatepost\Tests\Support\ScriptedEvents;
use Gatepost\Tests\Support\Socket;
use Illuminate\Contracts\Broadcasting\Factory;
use Illuminate\Contracts\Console\Kernel as ConsoleKernel;
use Illuminate\Contracts\Http\Kernel as HttpKernel;
use Illuminate\Foundation\Application;
use Illuminate\Http\Request;

/** Laravel's broadcasts, channels, webhooks and commands, in a real application with a real gateway. */
final class LaravelTest extends GatewayTestCase
{
    private Application $app;
    private FakeWebhook $webhooks;
    private int $errorReporting;
    private string $directory;

    protected function setUp(): void
    {
        if (stream_resolve_include_path('Illuminate/autoload.php') === false) {
            self::markTestSkipped('needs Debian\'s php-laravel-framework, which scripts/setup.sh installs');
        }
        parent::setUp();
        $this->errorReporting = error_reporting();
        $this->webhooks = new FakeWebhook();
        $this->directory = sys_get_temp_dir() . '/gatepost-laravel-' . bin2hex(random_bytes(8));
        foreach ($this->environment($this->webhooks->secret) as $name => $value) {
            putenv("$name=$value");
            $_ENV[$name] = $_SERVER[$name] = $value;
        }
        $this->app = require __DIR__ . '/Support/backends/laravel.php';
        restore_error_handler();
        restore_exception_handler();
    }

    protected function tearDown(): void
    {
        foreach (array_keys($this->environment('')) as $name) {
            putenv($name);
            unset($_ENV[$name], $_SERVER[$name]);
        }
        if (isset($this->app)) {
            $this->app['files']->deleteDirectory($this->directory);
            error_reporting($this->errorReporting);
            parent::tearDown();
        }
    }

    /** @return array<string, string> */
    private function environment(string $webhookSecret): array
    {
        return [
            'GATEPOST_URL' => self::node()->url,
            'GATEPOST_SECRET' => Node::SECRET,
            'GATEPOST_WEBHOOK_SECRET' => $webhookSecret,
            'LARAVEL_DIRECTORY' => $this->directory,
        ];
    }

    public function testTheContainerHasTheClientOfTheConfiguration(): void
    {
        self::assertSame(0, $this->app->make(Client::class)->stats()->clients);
        self::assertSame(0, Gateway::getAllClientCount());
    }

    public function testABroadcastReachesItsChannels(): void
    {
        [$a, $b, $other] = [$this->connect(groups: ['news']), $this->connect(groups: ['private-orders.7']), $this->connect()];
        $this->broadcast(['news', 'private-orders.7'], 'OrderShipped', ['order' => 7]);
        self::assertSame('{"event":"OrderShipped","channel":"news","data":{"order":7}}', $a->next());
        self::assertSame('{"event":"OrderShipped","channel":"private-orders.7","data":{"order":7}}', $b->next());
        Gateway::sendToClient($other->id(), 'nothing before');
        self::assertSame('nothing before', $other->next());
    }

    public function testABroadcastLeavesItsOwnSocketOut(): void
    {
        [$a, $b] = [$this->connect(groups: ['news']), $this->connect(groups: ['news'])];
        $this->broadcast(['news'], 'E', ['socket' => $a->id()]);
        $this->broadcast(['news'], 'F', ['socket' => 'not an id']);
        self::assertSame(['E', 'F'], [$this->event($b), $this->event($b)]);
        self::assertSame('F', $this->event($a));
    }

    public function testAPublicChannelIsJoinedByAnybody(): void
    {
        $a = $this->connect();
        self::assertSame([200, ['joined' => 'news']], $this->auth($a, 'news', null));
        $this->broadcast(['news'], 'E', []);
        self::assertSame('E', $this->event($a));
        self::assertSame([200, ['left' => 'news']], $this->auth($a, 'news', null, ['leave' => '1']));
        self::assertSame([], $this->client()->client($a->id())?->groups);
    }

    public function testAPrivateChannelIsJoinedByItsUser(): void
    {
        $a = $this->connect('7');
        self::assertSame(200, $this->auth($a, 'private-orders.7', '7')[0]);
        self::assertSame(['private-orders.7'], $this->client()->client($a->id())?->groups);
    }

    /** @return array<string, array{0: string|null, 1: string|null, 2: string}> uid, user, channel */
    public function strangers(): array
    {
        return [
            'nobody is logged in' => ['7', null, 'private-orders.7'],
            'the channel isn\'t theirs' => ['8', '8', 'private-orders.7'],
            'a channel that there isn\'t' => ['7', '7', 'private-else'],
            "a visitor's cookies with the attacker's client" => ['8', '7', 'private-orders.7'],
            'a client without uid' => [null, '7', 'private-orders.7'],
            'presence, with another\'s client' => [null, '7', 'presence-room'],
        ];
    }

    /** @dataProvider strangers */
    public function testAStrangerJoinsNothing(?string $uid, ?string $user, string $channel): void
    {
        $client = $this->connect($uid);
        self::assertSame(403, $this->auth($client, $channel, $user)[0]);
        self::assertSame([], $this->client()->client($client->id())?->groups);
    }

    public function testAMalformedSubscriptionIsRefused(): void
    {
        foreach ([['channel_name' => 'news'], ['channel_name' => 'news', 'socket_id' => '../x'], ['socket_id' => 'abc'], ['channel_name' => ['a'], 'socket_id' => 'abc']] as $input) {
            self::assertSame(403, $this->request('/broadcasting/auth', $input, '7')[0]);
        }
    }

    public function testAPresenceChannelKnowsItsUsers(): void
    {
        $anna = $this->connect('anna');
        [, $answer] = $this->auth($anna, 'presence-room', 'anna');
        self::assertSame([['id' => 'anna', 'info' => ['name' => 'ANNA']]], $answer['members']);

        [$bob, $again] = [$this->connect('bob'), $this->connect('bob')];
        [, $answer] = $this->auth($bob, 'presence-room', 'bob');
        self::assertSame(['anna', 'bob'], array_column($answer['members'], 'id'));
        self::assertSame(
            '{"event":"presence:joining","channel":"presence-room","data":{"id":"bob","info":{"name":"BOB"}}}',
            $anna->next(),
        );
        $this->auth($again, 'presence-room', 'bob'); // a second window: nobody hears of it
        $this->auth($again, 'presence-room', 'bob', ['leave' => '1']); // nor of its end
        $this->auth($bob, 'presence-room', 'bob', ['leave' => '1']);
        self::assertSame(
            '{"event":"presence:leaving","channel":"presence-room","data":{"id":"bob","info":{"name":"BOB"}}}',
            $anna->next(),
        );
    }

    public function testWhoseConnectionEndsLeaves(): void
    {
        $session = ['presence' => ['presence-room' => ['id' => 'bob', 'info' => null]]];
        $data = ['uid' => 'bob', 'groups' => ['news', 'presence-room'], 'session' => $session];
        $leaving = [['action' => 'send', 'groups' => ['presence-room'], 'json' => [
            'event' => 'presence:leaving', 'channel' => 'presence-room', 'data' => ['id' => 'bob', 'info' => null]]]];
        self::assertSame(['actions' => $leaving], $this->webhook('close', $data)[1]);
        $window = $this->connect('bob', ['presence-room'], $session);
        self::assertSame([], $this->webhook('close', $data)[1], 'while another window is open');
        self::assertNotSame('', $window->id());
    }

    public function testAUserGetsATokenToConnectWith(): void
    {
        [$status, $answer] = $this->request('/gatepost/token', [], '7');
        self::assertSame(200, $status);
        $socket = Socket::connect(self::node()->addr, '/ws?token=' . $answer['token']);
        self::assertSame('7', $this->client()->client($socket->id)?->uid);

        $guest = Socket::connect(self::node()->addr, '/ws?token=' . $this->request('/gatepost/token', [], null)[1]['token']);
        self::assertNull($this->client()->client($guest->id)?->uid);
        $this->app['config']->set('gatepost.client_token.issuer', 'https://own.example');
        $token = $this->request('/gatepost/token', [], null)[1]['token'];
        self::assertStringContainsString('"iss":"https://own.example"', (string) base64_decode(strtr(explode('.', $token)[1], '-_', '+/')));
        $this->app['config']->set('gatepost.client_token.guests', false);
        self::assertSame(401, $this->request('/gatepost/token', [], null)[0]);
    }

    public function testAWebhookIsALaravelEvent(): void
    {
        self::assertSame([200, []], $this->webhook('connect'));
        self::assertSame(
            [200, ['reply' => 'you said hi', 'actions' => [
                ['action' => 'send', 'clients' => ['abc'], 'text' => 'through the facade']]]],
            $this->webhook('message', ['client_id' => 'abc', 'message' => ['text' => 'hi']]),
        );
        self::assertSame(403, $this->webhook('connect', ['request' => ['query' => ['banned' => '1']]])[0]);
    }

    public function testAnEventsClassListens(): void
    {
        foreach ([Connect::class, Message::class, Close::class] as $event) {
            $this->app['events']->forget($event);
        }
        ScriptedEvents::$calls = [];
        ScriptedEvents::$do = ['onMessage' => function (string $client_id, string $message): void {
            $_SESSION['n'] = 1;
            Gateway::sendToCurrentClient("you said $message");
        }];
        $this->app['events']->listen([Connect::class, Message::class, Close::class], new EventsAdapter(ScriptedEvents::class, false));
        self::assertSame(
            [200, ['actions' => [
                ['action' => 'session', 'client_id' => 'abc', 'set' => ['n' => 1]],
                ['action' => 'send', 'clients' => ['abc'], 'text' => 'you said hi']]]],
            $this->webhook('message', ['client_id' => 'abc', 'message' => ['text' => 'hi']]),
        );
        self::assertSame([200, []], $this->webhook('close', ['client_id' => 'abc']));
        self::assertSame([['onMessage', 'abc', 'hi'], ['onClose', 'abc']], ScriptedEvents::$calls);
        ScriptedEvents::$do = [];
    }

    public function testAWebhookThatIsNotSignedIs401(): void
    {
        $request = (new FakeWebhook())->request('message');
        $answer = $this->send(Request::create('/gatepost/webhook', 'POST', [], [], [], $request->server(), $request->body));
        self::assertSame(401, $answer->getStatusCode());
    }

    public function testWithAStoreARepeatRunsOnce(): void
    {
        $this->app['config']->set('gatepost.webhook.once', 'sqlite');
        self::assertSame(0, $this->app->make(ConsoleKernel::class)->call('gatepost:once-table'));
        $first = $this->webhook('message', ['id' => 'evt_1', 'message' => ['text' => 'one']]);
        self::assertSame($first, $this->webhook('message', ['id' => 'evt_1', 'message' => ['text' => 'two']]));
        self::assertFalse($this->app->make(PdoStore::class)->claim('evt_1', 'x', 1)->isMine);
    }

    public function testATransactionThatAListenerLeavesOpenIsRolledBackInLaravelToo(): void
    {
        $this->app['config']->set('gatepost.webhook.once', 'sqlite');
        $this->app->make(ConsoleKernel::class)->call('gatepost:once-table');
        $database = $this->app['db']->connection('sqlite');
        $leaves = ['throws', 'returns'];
        $this->app['events']->listen(Close::class, static function () use ($database, &$leaves): ?array {
            $how = array_shift($leaves);
            if ($how !== null) {
                $database->beginTransaction();
            }
            return $how === 'throws' ? throw new \RuntimeException('the mailer is down') : null;
        });
        $answers = [];
        $log = ini_set('error_log', '/dev/null');
        foreach (range(1, 3) as $_) {
            $answers[] = $this->webhook('close', ['id' => 'evt_1'])[0];
            self::assertSame(0, $database->transactionLevel());
        }
        ini_set('error_log', (string) $log);
        self::assertSame([500, 500, 200], $answers);
    }

    public function testTheCheckCommandSaysWhatIsWrong(): void
    {
        $console = $this->app->make(ConsoleKernel::class);
        self::assertSame(0, $console->call('gatepost:check'));
        self::assertStringContainsString('yes: the gateway answers', $console->output());
        $this->app->instance(Client::class, new Client(self::node()->url, str_repeat('wrong', 10)));
        $this->app->instance(\Gatepost\Webhook::class, new \Gatepost\Webhook('whsec_'));
        self::assertSame(1, $console->call('gatepost:check'));
        $said = $console->output();
        self::assertStringContainsString('no: the gateway answers', $said);
        self::assertStringContainsString('no: the webhook\'s secret', $said);
    }

    /** The gateway, Laravel on a server, and sockets. */
    public function testTheWholeWay(): void
    {
        $server = Backend::start(__DIR__ . '/Support/backends/laravel.php', $this->environment(Node::WEBHOOK_SECRET));
        $node = Node::start([
            'GATEPOST_WEBHOOK_URL' => $server->url . '/gatepost/webhook', 'GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET,
        ]);
        $socket = Socket::connect($node->addr);
        $socket->send('hello');
        self::assertSame(['through the facade', 'you said hello'], [$socket->next(), $socket->next()]);
        $this->expectException(Refused::class);
        Socket::connect($node->addr, '/ws?banned=1');
    }

    /** @param array<string, mixed> $payload */
    private function broadcast(array $channels, string $event, array $payload): void
    {
        $this->app->make(Factory::class)->connection()->broadcast($channels, $event, $payload);
    }

    private function event(Connection $client): string
    {
        return json_decode($client->next(), true)['event'];
    }

    /**
     * @param array<string, string> $more
     * @return array{0: int, 1: array<string, mixed>}
     */
    private function auth(Connection $client, string $channel, ?string $user, array $more = []): array
    {
        return $this->request('/broadcasting/auth', ['channel_name' => $channel, 'socket_id' => $client->id()] + $more, $user);
    }

    /**
     * @param array<string, mixed> $input
     * @return array{0: int, 1: array<string, mixed>}
     */
    private function request(string $path, array $input, ?string $user): array
    {
        $server = ['HTTP_ACCEPT' => 'application/json'] + ($user === null ? [] : ['HTTP_X_USER' => $user]);
        $answer = $this->send(Request::create($path, 'POST', $input, [], [], $server));
        return [$answer->getStatusCode(), (array) json_decode((string) $answer->getContent(), true)];
    }

    /**
     * @param array<string, mixed> $data
     * @return array{0: int, 1: array<string, mixed>}
     */
    private function webhook(string $type, array $data = []): array
    {
        $request = $this->webhooks->request($type, $data);
        $answer = $this->send(Request::create('/gatepost/webhook', 'POST', [], [], [], $request->server(), $request->body));
        return [$answer->getStatusCode(), (array) json_decode((string) $answer->getContent(), true)];
    }

    private function send(Request $request): \Symfony\Component\HttpFoundation\Response
    {
        $this->app['auth']->forgetGuards();
        return $this->app->make(HttpKernel::class)->handle($request);
    }
}
