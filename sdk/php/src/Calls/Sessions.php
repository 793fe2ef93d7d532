<?php

declare(strict_types=1);

namespace Gatepost\Calls;

use Gatepost\Action;
use Gatepost\Http\Response;
use Gatepost\Json;
use Gatepost\Name;
use Gatepost\Result\Session;
use Gatepost\Token\Scope;

/** @internal calls of Gatepost\Client: sessions */
trait Sessions
{
    /** A client's session, or null where it isn't connected. */
    public function session(string $clientId): ?Session
    {
        $body = Json::encode(['client_id' => Name::client($clientId)]);
        $response = $this->call('POST', '/session', body: $body, accepted: [404], scope: 'read', reads: true);
        return $response->status === 404 ? null : self::sessionOf($response);
    }

    /**
     * Replaces a session.
     *
     * @param array<array-key, mixed> $session
     * @param string|null $ifMatch the etag of what was read: 412 where it has changed since
     */
    public function putSession(string $clientId, array $session, ?string $ifMatch = null): Session
    {
        return $this->changeSession($clientId, $session, $ifMatch, 'set');
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
        return $this->changeSession($clientId, $patch, $ifMatch, $update ? 'update' : 'merge');
    }

    /** @param array<array-key, mixed> $session */
    private function changeSession(string $clientId, array $session, ?string $ifMatch, string $mode): Session
    {
        $action = Action::session($clientId, $session, $mode);
        $scope = Scope::of($action);
        unset($action['action']);
        $headers = $ifMatch === null ? [] : ['if-match' => $ifMatch];
        return self::sessionOf($this->call('POST', '/session', [], Json::encode($action, 'session'), $headers, scope: $scope));
    }

    private static function sessionOf(Response $response): Session
    {
        return new Session(self::object($response, 'POST /session'), $response->headers['etag'] ?? '');
    }
}
