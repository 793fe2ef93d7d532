<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

use Gatepost\Http\Request;
use Gatepost\Http\Response;
use Gatepost\Http\Transport;

/** A gateway that does everything and writes down what it was asked for. */
final class Recorder implements Transport
{
    /** @var list<string> method, path and body of each call */
    public array $calls = [];

    public function send(Request $request, ?string $token): Response
    {
        $this->calls[] = rtrim("$request->method $request->path $request->body");
        $asked = json_decode((string) $request->body, true);
        $body = match (true) {
            isset($asked['actions']) => ['results' => array_fill(0, count($asked['actions']), ['ok' => true])],
            $request->path === '/lookup' => ['clients' => [], 'uids' => ['42' => ['c1']], 'groups' => []],
            default => [],
        };
        return new Response(200, [], (string) json_encode($body));
    }
}
