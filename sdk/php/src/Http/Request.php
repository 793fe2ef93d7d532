<?php

declare(strict_types=1);

namespace Gatepost\Http;

/** One call: what a Transport sends. */
final class Request
{
    /**
     * @param string $path with its query, percent-encoded, from the first slash
     * @param string|null $body null: none
     * @param array<string, string> $headers by lower-case name, without authorization
     */
    public function __construct(
        public readonly string $method,
        public readonly string $path,
        public readonly ?string $body = null,
        public readonly array $headers = [],
    ) {
    }
}
