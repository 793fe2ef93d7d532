<?php

declare(strict_types=1);

namespace Gatepost\Http;

use Gatepost\Exception\ConnectionFailed;
use Gatepost\Exception\InvalidArgument;

/**
 * Calls over curl, on one connection that is kept alive between them.
 *
 * @internal
 */
final class CurlTransport implements Transport
{
    /** CURLOPT_MAXAGE_CONN, which PHP names from 8.2 on. */
    private const MAX_IDLE_OPTION = 288;
    /**
     * Seconds after which an idle connection isn't used again. Less than the gateway
     * and common proxies wait, so that no push meets a connection that is being closed.
     */
    private const MAX_IDLE = 25;

    /** Failures before anything was sent. */
    private const NOT_SENT = [
        CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR,
        60, // CURLE_PEER_FAILED_VERIFICATION
    ];

    /** Idle; null while a call is under way, so that one within it (a fiber's) gets another. */
    private ?\CurlHandle $handle = null;
    /** The process that opened the handle: a fork must not write to its parent's connection. */
    private int $process = 0;
    /** @var list<\CurlHandle> parents' handles, kept from being closed here */
    private static array $inherited = [];

    /**
     * @param string $url the gateway's, without a slash at its end
     * @param float $connectTimeout seconds
     * @param float $timeout seconds for a whole call
     * @param array<int, mixed> $options more of curl's options, such as CURLOPT_CAINFO
     */
    public function __construct(
        private readonly string $url,
        private readonly float $connectTimeout,
        private readonly float $timeout,
        private readonly array $options = [],
    ) {
        if (preg_match('~^https?://[^/?#@\s]+(/[^?#\s]*)?$~i', $url) !== 1) {
            throw new InvalidArgument('url', 'must be http:// or https:// with a host, such as http://127.0.0.1:8080');
        }
    }

    public function send(Request $request, #[\SensitiveParameter] ?string $token): Response
    {
        // Once more is safe where nothing was sent, and for a call that only reads.
        try {
            return $this->attempt($request, $token);
        } catch (ConnectionFailed $e) {
            if ($e->sent && !($request->reads && $e->getCode() !== CURLE_OPERATION_TIMEDOUT)) {
                throw $e;
            }
            return $this->attempt($request, $token);
        }
    }

    private function attempt(Request $request, #[\SensitiveParameter] ?string $token): Response
    {
        $handle = $this->handle;
        $this->handle = null;
        if ($handle === null || $this->process !== getmypid()) {
            $handle = $this->open($handle);
        }
        $headers = [];
        curl_reset($handle); // the last call's options; the connection stays
        curl_setopt_array($handle, $this->optionsFor($request, $token));
        curl_setopt($handle, CURLOPT_HEADERFUNCTION, static function ($_, string $line) use (&$headers): int {
            if (str_starts_with($line, 'HTTP/')) {
                $headers = [];
            } elseif (($colon = strpos($line, ':')) !== false) {
                $headers[strtolower(substr($line, 0, $colon))] = trim(substr($line, $colon + 1));
            }
            return strlen($line);
        });
        $body = curl_exec($handle);
        if (!is_string($body)) {
            $number = curl_errno($handle);
            $sent = !in_array($number, self::NOT_SENT, true)
                && !($number === CURLE_OPERATION_TIMEDOUT && curl_getinfo($handle, CURLINFO_REQUEST_SIZE) === 0);
            $call = $request->method . ' ' . self::shown($request->path);
            throw new ConnectionFailed("$call at $this->url: " . curl_error($handle), $sent, $number);
        }
        $status = curl_getinfo($handle, CURLINFO_RESPONSE_CODE);
        $this->handle = $handle;
        return new Response($status, $headers, $body);
    }

    /** @param \CurlHandle|null $inherited a parent's, which closing would end for both */
    private function open(?\CurlHandle $inherited): \CurlHandle
    {
        if ($inherited !== null) {
            self::$inherited[] = $inherited;
        }
        $this->process = (int) getmypid();
        return curl_init();
    }

    /** @return array<int, mixed> */
    private function optionsFor(Request $request, #[\SensitiveParameter] ?string $token): array
    {
        $lines = ['expect:']; // a large body is sent at once
        foreach ($request->headers as $name => $value) {
            $lines[] = "$name: $value";
        }
        if ($token !== null) {
            $lines[] = 'authorization: Bearer ' . $token;
        }
        if (!isset($request->headers['content-type'])) {
            $lines[] = 'content-type: application/json'; // curl would say that a body is a form
        }
        $method = match ($request->method) {
            'GET' => [],
            'HEAD' => [CURLOPT_NOBODY => true],
            default => [CURLOPT_POSTFIELDS => $request->body ?? '', CURLOPT_CUSTOMREQUEST => $request->method],
        };
        return $this->options + $method + [
            CURLOPT_URL => $this->url . $request->path,
            CURLOPT_PATH_AS_IS => true, // a uid or group may be called .. and is no step up
            CURLOPT_HTTPHEADER => $lines,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_1_1,
            CURLOPT_PROXY => '', // not the environment's: this is a call inside the house
            CURLOPT_TCP_NODELAY => true,
            CURLOPT_NOSIGNAL => true,
            CURLOPT_CONNECTTIMEOUT_MS => (int) ceil($this->connectTimeout * 1000),
            CURLOPT_TIMEOUT_MS => (int) ceil($this->timeout * 1000),
            CURLOPT_USERAGENT => 'gatepost-php',
            self::MAX_IDLE_OPTION => self::MAX_IDLE,
        ];
    }

    /** A path for a message: its query may be long. */
    private static function shown(string $path): string
    {
        return explode('?', $path, 2)[0];
    }
}
