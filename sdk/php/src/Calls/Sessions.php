<?php

declare(strict_types=1);

namespace Gatepost\Calls;

use Gatepost\Http\Response;
use Gatepost\Json;
use Gatepost\Name;
use Gatepost\Result\Session;

/** @internal calls of Gatepost\Client: sessions */
trait Sessions
{
    /** A client's session, or null where it isn't connected. */
    public function session(string $clientId): ?Session
    {
        $path = '/clients/' . Name::client($clientId) . '/session';
        $response = $this->call('GET', $path, accepted: [404]);
        return $response->status === 404 ? null : self::sessionOf($response, "GET $path");
    }

    /**
     * Replaces a session.
     *
     * @param array<array-key, mixed> $session
     * @param string|null $ifMatch the etag of what was read: 412 where it has changed since
     */
    public function putSession(string $clientId, array $session, ?string $ifMatch = null): Session
    {
        return $this->changeSession('PUT', $clientId, $session, $ifMatch, []);
    }

    /**
     * Changes a session by a merge patch (RFC 7396): null removes a key.
     *
     * @param array<array-key, mixed> $patch
     * @param string|null $ifMatch the etag of what was read: 412 where it has changed since
     * @param bool $update as array_replace_recursive instead: lists by index, nulls kept
     */
    public function patchSession(
        string $clientId,
        array $patch,
        ?string $ifMatch = null,
        bool $update = false,
    ): Session {
        return $this->changeSession('PATCH', $clientId, $patch, $ifMatch, ['mode' => $update ? 'update' : null]);
    }

    /**
     * @param array<array-key, mixed> $body
     * @param array<string, string|null> $query
     */
    private function changeSession(
        string $method,
        string $clientId,
        array $body,
        ?string $ifMatch,
        array $query,
    ): Session {
        $path = '/clients/' . Name::client($clientId) . '/session';
        $headers = $ifMatch === null ? [] : ['if-match' => $ifMatch];
        $json = Json::encode((object) $body, 'session');
        return self::sessionOf($this->call($method, $path, $query, $json, $headers), "$method $path");
    }

    private static function sessionOf(Response $response, string $call): Session
    {
        return new Session(self::object($response, $call), $response->headers['etag'] ?? '');
    }
}
