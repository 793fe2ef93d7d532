<?php

declare(strict_types=1);

namespace Gatepost\Event;

use Gatepost\Event;
use Gatepost\Webhook\Fields;

/** Somebody asks to connect. The reply accepts or refuses; nothing is upgraded before it. */
final class Connect extends Event
{
    public readonly Request $request;

    /** @param array<array-key, mixed> $event */
    public function __construct(array $event, int $attempt = 1)
    {
        parent::__construct($event, $attempt);
        $this->request = new Request((new Fields($event))->in('data')->in('request'));
    }
}
