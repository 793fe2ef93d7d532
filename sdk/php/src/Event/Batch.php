<?php

declare(strict_types=1);

namespace Gatepost\Event;

use Gatepost\Event;
use Gatepost\Exception\WebhookRefused;
use Gatepost\Webhook\Fields;

/** Several clients' messages and closes in one request: never two of one client, never a connect. */
final class Batch
{
    /** The batch's own id. A repeat is told by the ids of its events, not by this one. */
    public readonly string $id;

    /** @var list<Event> */
    public readonly array $events;

    /**
     * @param array<array-key, mixed> $batch as the gateway sends it, decoded
     * @throws WebhookRefused with 400 where it can't be read
     */
    public function __construct(array $batch, public readonly int $attempt = 1)
    {
        $fields = new Fields($batch);
        $this->id = $fields->string('id');
        $events = [];
        foreach ($fields->in('data')->array('events') as $event) {
            if (!is_array($event)) {
                throw new WebhookRefused(400, "the batch's data.events are not objects");
            }
            $events[] = Event::from($event, $attempt);
        }
        $this->events = $events;
    }
}
