<?php

declare(strict_types=1);

namespace Gatepost\Event;

use Gatepost\Event;
use Gatepost\Exception\WebhookRefused;
use Gatepost\Webhook\Fields;

/** A client sent something. */
final class Message extends Event
{
    /** A text message's text; null for a binary one. */
    public readonly ?string $text;

    /** A binary message's bytes; null for a text. */
    public readonly ?string $binary;

    /** @param array<array-key, mixed> $event */
    public function __construct(array $event, int $attempt = 1)
    {
        parent::__construct($event, $attempt);
        $message = (new Fields($event))->in('data')->in('message');
        $this->text = $message->stringOrNull('text');
        $bytes = $this->text === null ? base64_decode($message->string('binary'), true) : null;
        if ($bytes === false) {
            throw new WebhookRefused(400, "the event's data.message.binary is not base64");
        }
        $this->binary = $bytes;
    }

    /** The message's bytes, whether it is text or binary. */
    public function payload(): string
    {
        return $this->text ?? (string) $this->binary;
    }

    /**
     * What the message says as JSON: objects as arrays, null where it isn't JSON.
     * A stranger wrote it: check what you get.
     */
    public function json(): mixed
    {
        return json_decode($this->payload(), true);
    }
}
