<?php

declare(strict_types=1);

namespace Gatepost\Once;

/**
 * Where replies are kept by event id, so that a repeated event is answered and not run
 * again. All that handle the same events share one; each method is atomic among them.
 */
interface Store
{
    /**
     * Claims an event id for $lease seconds, where it is free: nobody has claimed it, or
     * the claim or the reply has expired.
     *
     * @param string $owner who claims, different each time
     */
    public function claim(string $id, string $owner, int $lease): Claim;

    /**
     * Keeps the reply for $ttl seconds, where the owner's claim still stands. What it throws
     * is the event's failure.
     */
    public function finish(string $id, string $owner, string $reply, int $ttl): void;

    /** Gives the owner's claim back: the next to claim it runs. */
    public function release(string $id, string $owner): void;
}
