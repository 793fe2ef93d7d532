<?php

declare(strict_types=1);

namespace Gatepost\Exception;

/** A method that means the event's own client was called while no event is handled. */
final class NoCurrentEvent extends \LogicException implements GatepostException
{
    public function __construct(string $method)
    {
        parent::__construct("$method can only be called while an event is handled");
    }
}
