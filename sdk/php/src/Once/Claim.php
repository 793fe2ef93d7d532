<?php

declare(strict_types=1);

namespace Gatepost\Once;

/** What came of claiming an event id: it is this caller's, somebody else's, or done. */
final class Claim
{
    private function __construct(public readonly bool $isMine, public readonly ?string $reply)
    {
    }

    /** The caller is the one to run. */
    public static function mine(): self
    {
        return new self(true, null);
    }

    /** Another is running. */
    public static function running(): self
    {
        return new self(false, null);
    }

    /** It has been run; this is the reply. */
    public static function done(string $reply): self
    {
        return new self(false, $reply);
    }
}
