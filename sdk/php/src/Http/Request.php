<?php

declare(strict_types=1);

namespace Gatepost\Http;

/** One call: what a Transport sends. */
final class Request
{
    /** The call changes nothing: it may be sent again. */
    public readonly bool $reads;

    /**
     * @param string $path with its query, percent-encoded, from the first slash
     * @param string|null $body null: none
     * @param array<string, string> $headers by lower-case name, without authorization
     * @param bool|null $reads the call changes nothing; null: a GET or HEAD doesn't
     */
    public function __construct(
        public readonly string $method,
        public readonly string $path,
        public readonly ?string $body = null,
        public readonly array $headers = [],
        ?bool $reads = null,
    ) {
        $this->reads = $reads ?? in_array($method, ['GET', 'HEAD'], true);
    }
}
