<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

/** A client as a test sees it. */
interface Connection
{
    public function id(): string;

    /** The next message. */
    public function next(): string;

    /** Whether that was binary. */
    public function lastWasBinary(): bool;

    /** Waits for the gateway to close, and returns the code; 1006 without a close frame. */
    public function closeCode(): int;
}
