<?php

declare(strict_types=1);

namespace Gatepost\Event;

use Gatepost\Event;
use Gatepost\Webhook\Fields;

/** A connection has ended. Each connect that was accepted has exactly one such event id. */
final class Close extends Event
{
    /** The close code; 1006 where no close frame came. */
    public readonly int $code;
    public readonly string $reason;

    /** "client", "backend", "gateway", "network" or "node_lost". */
    public readonly string $initiator;

    public readonly int $durationMs;
    public readonly int $messagesIn;
    public readonly int $messagesOut;

    /** How many clients the uid still has; null where that isn't known or there was no uid. A hint. */
    public readonly ?int $uidRemaining;

    /** @param array<array-key, mixed> $event */
    public function __construct(array $event, int $attempt = 1)
    {
        parent::__construct($event, $attempt);
        $data = (new Fields($event))->in('data');
        $close = $data->in('close');
        $this->code = $close->int('code');
        $this->reason = $close->string('reason');
        $this->initiator = $close->string('initiator');
        $this->durationMs = $close->int('duration_ms');
        $this->messagesIn = $close->int('messages_in');
        $this->messagesOut = $close->int('messages_out');
        $this->uidRemaining = $data->intOrNull('uid_remaining');
    }
}
