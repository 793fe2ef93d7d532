<?php

declare(strict_types=1);

namespace Gatepost\Testing;

use Gatepost\Event;
use Gatepost\Json;
use Gatepost\Reply;
use Gatepost\Webhook;
use Gatepost\Webhook\Dispatch;
use Gatepost\Webhook\Response;
use Gatepost\Webhook\Signature;

/**
 * A gateway's side of webhooks, for your own tests: makes events, signs requests, and
 * calls handlers with them.
 *
 *     $gateway = Webhook::fake();
 *     $reply = $gateway->message($handlers, 'hello', ['uid' => '42']);
 *     $response = $gateway->send($handlers, 'connect', ['request' => ['query' => ['name' => 'anna']]]);
 */
final class FakeWebhook
{
    private static int $made = 0;

    /** What signs its requests; give it to the Webhook that is to believe them. */
    public readonly string $secret;

    public function __construct()
    {
        $this->secret = 'whsec_' . base64_encode(random_bytes(32));
    }

    /** A Webhook that believes this gateway. */
    public function webhook(): Webhook
    {
        return new Webhook($this->secret);
    }

    /**
     * Calls a handler with a connect.
     *
     * @param array<string, callable(covariant Event): mixed>|callable(Event): mixed $handlers
     * @param array<string, mixed> $data over the defaults; what "request" lacks is filled in
     */
    public function connect(array|callable $handlers, array $data = []): Reply
    {
        return Dispatch::handler($handlers)($this->event('connect', $data));
    }

    /**
     * Calls a handler with a text message.
     *
     * @param array<string, callable(covariant Event): mixed>|callable(Event): mixed $handlers
     * @param array<string, mixed> $data over the defaults
     */
    public function message(array|callable $handlers, string $text, array $data = []): Reply
    {
        return Dispatch::handler($handlers)($this->event('message', $data + ['message' => ['text' => $text]]));
    }

    /**
     * Calls a handler with a close.
     *
     * @param array<string, callable(covariant Event): mixed>|callable(Event): mixed $handlers
     * @param array<string, mixed> $data over the defaults; what "close" lacks is filled in
     */
    public function close(array|callable $handlers, array $data = []): Reply
    {
        return Dispatch::handler($handlers)($this->event('close', $data));
    }

    /**
     * Sends an event the whole way: signed, verified, handled, answered.
     *
     * @param array<string, callable(covariant Event): mixed>|callable(Event): mixed $handlers
     * @param array<string, mixed> $data over the defaults
     */
    public function send(array|callable $handlers, string $type, array $data = []): Response
    {
        $request = $this->request($type, $data);
        return $this->webhook()->answer($request->headers, $request->body, $handlers);
    }

    /**
     * A typed event.
     *
     * @param array<string, mixed> $data over the defaults
     */
    public function event(string $type, array $data = []): Event
    {
        return Event::from((array) Json::decode(Json::encode($this->raw($type, $data))));
    }

    /**
     * A signed request with one event.
     *
     * @param string $type connect, message or close
     * @param array<string, mixed> $data over the defaults; "id" is the event's id
     * @param int|null $timestamp when it was signed; null: now
     */
    public function request(string $type, array $data = [], ?int $timestamp = null): SignedRequest
    {
        $event = $this->raw($type, $data);
        return $this->sign((string) $event['id'], $type, Json::encode($event), $timestamp);
    }

    /**
     * A signed request with several events.
     *
     * @param list<array{0: string, 1?: array<string, mixed>}> $events type and data of each
     */
    public function batch(array $events): SignedRequest
    {
        $raw = array_map(fn (array $event): array => $this->raw($event[0], $event[1] ?? []), $events);
        $id = 'evt_batch_' . ++self::$made;
        $batch = ['type' => 'batch', 'id' => $id, 'timestamp' => self::now(), 'data' => ['events' => $raw]];
        return $this->sign($id, 'batch', Json::encode($batch), null);
    }

    private function sign(string $id, string $type, string $body, ?int $timestamp): SignedRequest
    {
        $timestamp = (string) ($timestamp ?? time());
        return new SignedRequest([
            'content-type' => 'application/json',
            'webhook-id' => $id,
            'webhook-timestamp' => $timestamp,
            'webhook-signature' => implode(' ', (new Signature($this->secret))->sign($id, $timestamp, $body)),
            'gatepost-event' => $type,
            'gatepost-attempt' => '1',
        ], $body);
    }

    /**
     * @param array<string, mixed> $data
     * @return array<string, mixed>
     */
    private function raw(string $type, array $data): array
    {
        $number = ++self::$made;
        $id = $data['id'] ?? "evt_fake_$number";
        unset($data['id']);
        $data += [
            'client_id' => "client$number",
            'seq' => $type === 'connect' ? 0 : 1,
            'uid' => null,
            'groups' => [],
            'session' => (object) [],
            'remote_addr' => '127.0.0.1',
            'remote_port' => 50000,
            'connected_at' => self::now(),
            'node' => 'fake',
        ];
        if ($type === 'connect') {
            $request = (array) ($data['request'] ?? []);
            $query = (array) ($request['query'] ?? []);
            $data['request'] = $request + [
                'path' => '/ws', 'query' => $query, 'raw_query' => http_build_query($query),
                'headers' => ['host' => 'localhost'], 'cookies' => [], 'subprotocols' => [], 'claims' => null,
            ];
        } elseif ($type === 'close') {
            $data['close'] = (array) ($data['close'] ?? []) + [
                'code' => 1000, 'reason' => '', 'initiator' => 'client',
                'duration_ms' => 1000, 'messages_in' => 0, 'messages_out' => 0,
            ];
            $data += ['uid_remaining' => null];
        } else {
            $data += ['message' => ['text' => '']];
        }
        return ['type' => $type, 'id' => $id, 'timestamp' => self::now(), 'data' => $data];
    }

    private static function now(): string
    {
        return gmdate('Y-m-d\TH:i:s.000\Z');
    }
}
