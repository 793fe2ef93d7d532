<?php

declare(strict_types=1);

namespace Gatepost\Event;

use Gatepost\Webhook\Fields;

/** The handshake of a connect. A token that the gateway looked at is in none of it. */
final class Request
{
    public readonly string $path;

    /** @var array<array-key, string> the first value where a name is repeated */
    public readonly array $query;

    /** The query as it was sent. */
    public readonly string $rawQuery;

    /** @var array<array-key, string> by lower-case name, without cookies */
    public readonly array $headers;

    /** @var array<array-key, string> as they were sent, not decoded */
    public readonly array $cookies;

    /** @var list<string> those that the client offers */
    public readonly array $subprotocols;

    /** @var array<array-key, mixed>|null of the verified client token */
    public readonly ?array $claims;

    /** @internal */
    public function __construct(Fields $request)
    {
        $this->path = $request->string('path');
        $this->query = $request->stringsByName('query');
        $this->rawQuery = $request->string('raw_query');
        $this->headers = $request->stringsByName('headers');
        $this->cookies = $request->stringsByName('cookies');
        $this->subprotocols = $request->strings('subprotocols');
        $this->claims = $request->arrayOrNull('claims');
    }

    /** A header by its name in any case, or null. */
    public function header(string $name): ?string
    {
        return $this->headers[strtolower($name)] ?? null;
    }
}
