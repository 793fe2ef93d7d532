<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

use Gatepost\FakeGateway;

/** A client of the gateway in memory, seen as a Socket is. */
final class FakeSocket implements Connection
{
    private int $read = 0;
    private bool $binary = false;

    public function __construct(private readonly FakeGateway $gateway, public readonly string $id)
    {
    }

    public function id(): string
    {
        return $this->id;
    }

    public function next(): string
    {
        $this->binary = $this->gateway->wasBinary($this->id, $this->read);
        return $this->gateway->messages($this->id)[$this->read++];
    }

    public function lastWasBinary(): bool
    {
        return $this->binary;
    }

    public function closeCode(): int
    {
        $closed = $this->gateway->closed($this->id);
        return $closed['force'] ?? false ? 1006 : $closed['code'] ?? 0;
    }
}
