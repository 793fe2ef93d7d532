<?php

declare(strict_types=1);

namespace Gatepost\Testing;

/** A webhook as the gateway would send it. */
final class SignedRequest
{
    /** @param array<string, string> $headers by lower-case name */
    public function __construct(
        public readonly array $headers,
        public readonly string $body,
    ) {
    }

    /** @return array<string, string> the headers as PHP has them in $_SERVER, for a framework's test client */
    public function server(): array
    {
        $server = ['REQUEST_METHOD' => 'POST', 'CONTENT_TYPE' => 'application/json'];
        foreach ($this->headers as $name => $value) {
            $server['HTTP_' . strtoupper(strtr($name, '-', '_'))] = $value;
        }
        return $server;
    }
}
