<?php

declare(strict_types=1);

namespace Gatepost\Result;

/** A client's session. */
final class Session
{
    /**
     * @param array<array-key, mixed> $data
     * @param string $etag for $ifMatch: a change then fails with 412 where another came between
     */
    public function __construct(public readonly array $data, public readonly string $etag)
    {
    }
}
