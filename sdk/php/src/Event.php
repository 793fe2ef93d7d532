<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Event\Close;
use Gatepost\Event\Connect;
use Gatepost\Event\Message;
use Gatepost\Exception\WebhookRefused;
use Gatepost\Webhook\Fields;

/**
 * What happened to one client, and the client as it was then: after everything that
 * the reply to its previous event asked for.
 */
abstract class Event
{
    /** "connect", "message" or "close". */
    public readonly string $type;

    /** The same on every attempt; what mustn't be done twice is stored under it (see Webhook::once). */
    public readonly string $id;

    /** When the event was made: RFC 3339, in milliseconds. */
    public readonly string $timestamp;

    public readonly string $clientId;

    /** 0 for the connect, then one more for each event of this client. */
    public readonly int $seq;

    /** The application's user, where the client is bound to one. */
    public readonly ?string $uid;

    /** @var list<string> in order of their names */
    public readonly array $groups;

    /** @var array<array-key, mixed> integers that PHP can't hold are strings */
    public readonly array $session;

    public readonly string $remoteAddr;
    public readonly int $remotePort;

    /** When the handshake came: RFC 3339, in milliseconds. */
    public readonly string $connectedAt;

    /** The name of the gateway's node. */
    public readonly string $node;

    /** @var array<array-key, mixed> all of the event's data, as it came */
    public readonly array $data;

    /** Which attempt at this event this is, from 1; in a batch, at the batch. */
    public readonly int $attempt;

    /** @param array<array-key, mixed> $event the event as the gateway sends it, decoded */
    protected function __construct(array $event, int $attempt)
    {
        $fields = new Fields($event);
        $this->type = $fields->string('type');
        $this->id = $fields->string('id');
        $this->timestamp = $fields->string('timestamp');
        $this->data = $fields->array('data');
        $this->attempt = $attempt;

        $data = $fields->in('data');
        $this->clientId = $data->string('client_id');
        $this->seq = $data->int('seq');
        $this->uid = $data->stringOrNull('uid');
        $this->groups = $data->strings('groups');
        $this->session = $data->array('session');
        $this->remoteAddr = $data->string('remote_addr');
        $this->remotePort = $data->int('remote_port');
        $this->connectedAt = $data->string('connected_at');
        $this->node = $data->string('node');
    }

    /**
     * The typed event.
     *
     * @param array<array-key, mixed> $event the event as the gateway sends it, decoded
     * @throws WebhookRefused with 400 for another type, or where a field is missing
     */
    public static function from(array $event, int $attempt = 1): self
    {
        return match ($event['type'] ?? null) {
            'connect' => new Connect($event, $attempt),
            'message' => new Message($event, $attempt),
            'close' => new Close($event, $attempt),
            default => throw new WebhookRefused(400, "the event's type is none of connect, message and close"),
        };
    }
}
