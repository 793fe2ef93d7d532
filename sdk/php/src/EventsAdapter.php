<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Event\Close;
use Gatepost\Event\Connect;
use Gatepost\Event\Message;
use Gatepost\Events\Handshake;
use Gatepost\Events\Names;
use Gatepost\Events\Overflow;
use Gatepost\Events\Surroundings;
use Gatepost\Exception\InvalidArgument;

/**
 * Runs a GatewayWorker Events class from webhooks, as it is: under FPM, or any other way
 * that PHP answers requests.
 *
 *     require 'Events.php';
 *     (new Webhook())->handle(new EventsAdapter());
 *
 * Called are onWorkerStart (once, before this adapter's first event), onConnect and
 * onWebSocketConnect (both for a connect, in this order), onMessage and onClose, where
 * the class has them; onWorkerStop never. Around each are $_SESSION and $_SERVER as
 * GatewayWorker sets them. What a callback does through Gateway goes into the reply, in
 * call order; what it changed in $_SESSION comes first there, whole; what it prints goes to
 * the error log. One that throws is answered 500: what it did through Gateway before is not done,
 * unless it has read something since, or called Gateway::flush(). Of the subprotocols that a client
 * offers the first is selected; another one by subprotocol() on the reply to the connect.
 */
final class EventsAdapter
{
    private bool $started = false;

    /**
     * Also makes the names GatewayWorker\Lib\Gateway and GatewayClient\Gateway mean
     * Gatepost\Gateway, so construct it before anything else uses these: before the Events
     * class is loaded, where its file uses them while it loads.
     *
     * @param string $class the Events class; it must be there when the first event comes
     * @param bool $workerStart whether onWorkerStart is called; under FPM that is once for each request
     */
    public function __construct(
        private readonly string $class = 'Events',
        private readonly bool $workerStart = true,
    ) {
        Names::claim();
    }

    public function __invoke(Event $event): Reply
    {
        $this->start();
        $current = new Current($event->clientId, $event->data, true);
        $session = Current::run($current, fn (): ?array => Surroundings::around($event, function () use ($event): void {
            match (true) {
                $event instanceof Connect => $this->connect($event),
                $event instanceof Message => $this->call('onMessage', $event->clientId, $event->payload()),
                $event instanceof Close => $this->call('onClose', $event->clientId),
                default => null,
            };
        }));
        $actions = $current->take();
        if ($session !== null && !$event instanceof Close) { // after a close nobody reads it
            $actions = self::withSession($event->clientId, $session, $actions);
        }
        $reply = Reply::accept()->actions(Overflow::carryOut($actions));
        // A browser that offers subprotocols leaves unless one is selected; there start_gateway.php does it.
        $offered = $event instanceof Connect ? $event->request->subprotocols : [];
        return $offered === [] ? $reply : $reply->subprotocol($offered[0]);
    }

    /**
     * The session before everything else: whoever was told something has it, also where the
     * connection ends meanwhile. It holds what setSession and updateSession did to it.
     *
     * @param array<mixed> $session
     * @param list<array<string, mixed>> $actions
     * @return list<array<string, mixed>>
     */
    private static function withSession(string $clientId, array $session, array $actions): array
    {
        Json::encode($session, '$_SESSION'); // what has no JSON is named, before it is one of many actions
        $others = array_filter(
            $actions,
            static fn (array $action): bool => $action['action'] !== 'session' || $action['client_id'] !== $clientId,
        );
        return [['action' => 'session', 'client_id' => $clientId, 'set' => (object) $session], ...$others];
    }

    private function connect(Connect $event): void
    {
        $this->call('onConnect', $event->clientId);
        if (method_exists($this->class, 'onWebSocketConnect')) {
            $this->call('onWebSocketConnect', $event->clientId, Handshake::data($event));
        }
    }

    private function start(): void
    {
        if ($this->started) {
            return;
        }
        if (!class_exists($this->class)) {
            throw new InvalidArgument('class', "{$this->class} doesn't exist: require its file before");
        }
        if ($this->workerStart) {
            $worker = (object) ['id' => 0, 'name' => 'Gatepost', 'count' => 1];
            Surroundings::quietly(fn () => $this->call('onWorkerStart', $worker));
        }
        $this->started = true;
    }

    private function call(string $method, mixed ...$arguments): void
    {
        $callback = [$this->class, $method];
        if (method_exists($this->class, $method) && is_callable($callback)) {
            $callback(...$arguments);
        }
    }
}
