<?php

declare(strict_types=1);

namespace Gatepost\Events;

use Gatepost\Event\Connect;

/**
 * The $data of onWebSocketConnect, out of a connect event.
 *
 * @internal
 */
final class Handshake
{
    /**
     * @return array{get: array<mixed>, server: array<string, mixed>, cookie: array<mixed>} parsed
     *     as PHP parses a request: a[]=1 is an array, the last of a repeated name counts
     */
    public static function data(Connect $event): array
    {
        $request = $event->request;
        parse_str($request->rawQuery, $get);
        $pairs = [];
        foreach ($request->cookies as $name => $value) {
            $pairs[] = "$name=$value";
        }
        parse_str(implode('&', array_map(static fn (string $p): string => strtr($p, ['&' => '%26']), $pairs)), $cookie);

        return ['get' => $get, 'server' => self::server($event, implode('; ', $pairs)), 'cookie' => $cookie];
    }

    /** @return array<string, mixed> */
    private static function server(Connect $event, string $cookies): array
    {
        $request = $event->request;
        $host = (string) $request->header('host');
        $name = (string) preg_replace('/:\d+$/D', '', $host);
        $server = [
            'QUERY_STRING' => $request->rawQuery,
            'REQUEST_METHOD' => 'GET',
            'REQUEST_URI' => $request->path . ($request->rawQuery === '' ? '' : '?' . $request->rawQuery),
            'SERVER_PROTOCOL' => 'HTTP/1.1',
            'SERVER_NAME' => $name,
            'SERVER_PORT' => $name === $host ? 80 : (int) substr($host, strlen($name) + 1),
            'REMOTE_ADDR' => $event->remoteAddr,
            'REMOTE_PORT' => $event->remotePort,
        ];
        foreach ($request->headers as $header => $value) {
            $server['HTTP_' . strtoupper(strtr((string) $header, '-', '_'))] = $value;
        }
        return $cookies === '' ? $server : $server + ['HTTP_COOKIE' => $cookies];
    }
}
