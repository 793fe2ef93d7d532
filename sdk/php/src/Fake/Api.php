<?php

declare(strict_types=1);

namespace Gatepost\Fake;

use Gatepost\Exception\ApiError;
use Gatepost\Http\Request;
use Gatepost\Http\Response;
use Gatepost\Http\Transport;
use Gatepost\Json;

/**
 * The calls of the HTTP API, on a hub in memory. It takes every token.
 *
 * @internal
 */
final class Api implements Transport
{
    public function __construct(private readonly Hub $hub)
    {
    }

    public function send(Request $request, #[\SensitiveParameter] ?string $token): Response
    {
        try {
            $answer = $this->answer($request);
        } catch (ApiError $e) {
            return new Response($e->status, [], Json::encode(self::problem($e)));
        }
        if ($answer instanceof Response) {
            return $answer;
        }
        return new Response(200, [], Json::encode($answer));
    }

    /** @return array<string, mixed>|Response */
    private function answer(Request $request): array|Response
    {
        [$path, $query] = explode('?', $request->path, 2) + [1 => ''];
        $parts = array_map('rawurldecode', explode('/', substr($path, 1)));
        $body = Json::decode((string) $request->body) ?? [];
        $parameters = self::parameters($query);
        $name = $parts[1] ?? '';
        return match ("$request->method " . implode('/', [$parts[0], ...array_slice($parts, 2), count($parts)])) {
            'POST actions/1' => ['results' => array_map($this->result(...), $body['actions'])],
            'POST push/1' => $this->hub->act(['action' => 'send'] + $body),
            'POST push/2', 'POST push/' . ($parts[2] ?? '') . '/3' => $this->push($request, $parts, $parameters),
            'POST bind/1' => $this->hub->act(['action' => 'bind'] + $body),
            'POST unbind/1' => $this->hub->act(['action' => 'unbind'] + $body),
            'POST close/1' => $this->hub->act(['action' => 'close'] + $body),
            'POST join/1', 'POST leave/1' => $this->membership($parts[0], $body),
            'POST dissolve/1', 'POST until/1' => $this->hub->act(['action' => $parts[0]] + $body),
            'POST session/1' => $this->sessionByBody($request, $body),
            'POST groups/join/3', 'POST groups/leave/3' => ['group' => $name]
                + $this->hub->act(['action' => $parts[2], 'groups' => [$name]] + $body),
            'DELETE groups/2' => $this->hub->act(['action' => 'dissolve', 'group' => $name]),
            'GET groups/1', 'POST groups/1' => ['groups' => (object) $this->groups(), 'cursor' => null],
            'GET groups/2' => ['group' => $name] + ($this->groups()[$name] ?? ['clients' => 0, 'uids' => 0]),
            'GET uids/1', 'POST uids/1' =>
                ['uids' => (object) $this->uids($parameters['group'] ?? $body['groups'] ?? []), 'cursor' => null],
            'GET uids/2' => ['uid' => $name, 'online' => $this->clientsOf($name) !== [],
                'clients' => $this->clientsOf($name)],
            'GET clients/1' => $this->clients(
                $parameters['group'] ?? [],
                $parameters['uid'] ?? [],
                array_filter(explode(',', $parameters['fields'][0] ?? '')),
            ),
            'POST clients/1' => $this->clients($body['groups'] ?? [], $body['uids'] ?? [], $body['fields'] ?? []),
            'GET clients/2', 'HEAD clients/2' => $this->hub->peer($name)->shown(),
            'DELETE clients/2' => $this->closeClient($request, $name, $parameters),
            'PUT clients/until/3' => $this->hub->act(['action' => 'until', 'client_id' => $name] + $body),
            'GET clients/session/3' => $this->session($name),
            'PUT clients/session/3', 'PATCH clients/session/3' => $this->changeSession($request, $name, $parameters),
            'POST lookup/1' => $this->lookup($body),
            'GET stats/1' => ['clients' => count($this->hub->counted()), 'uids' => count($this->uids([])),
                'groups' => count($this->groups()), 'nodes' => [], 'webhooks' => []],
            'GET events/dead/2' => ['events' => [], 'cursor' => null],
            'POST events/dead/show/3', 'POST events/dead/drop/3' =>
                throw new ApiError(404, 'not_found', 'there is no such dead letter', 'id', 'Not Found'),
            'POST events/dead/replay/3' => ['replayed' => 0],
            'GET healthz/1' => ['alive' => true],
            'GET readyz/1' => ['ready' => true, 'reasons' => []],
            default => throw new ApiError(404, 'not_found', 'the fake has no such call', null, 'Not Found'),
        };
    }

    /**
     * @param array<string, mixed> $action
     * @return array<string, mixed>
     */
    private function result(array $action): array
    {
        try {
            return ['ok' => true] + $this->hub->act($action);
        } catch (ApiError $e) {
            return ['ok' => false, 'error' => self::problem($e)];
        }
    }

    /**
     * @param list<string> $parts
     * @param array<string, list<string>> $parameters
     * @return array<string, mixed>
     */
    private function push(Request $request, array $parts, array $parameters): array
    {
        $target = $parts[1] === 'all' ? ['all' => true] : [$parts[1] => [$parts[2]]];
        if ($parts[1] === 'clients') {
            $this->hub->peer($parts[2]);
        }
        $except = ['except_clients' => $parameters['except_client'] ?? []];
        return $this->hub->act(['action' => 'send'] + $target + array_filter($except) + self::content($request));
    }

    /**
     * @param array<string, list<string>> $parameters
     * @return array<string, mixed>
     */
    private function closeClient(Request $request, string $id, array $parameters): array
    {
        $this->hub->peer($id);
        $this->hub->act(['action' => 'close', 'clients' => [$id]] + array_filter([
            'code' => (int) ($parameters['code'][0] ?? 0),
            'reason' => $parameters['reason'][0] ?? '',
            'force' => ($parameters['force'][0] ?? '') === 'true',
            'discard' => ($parameters['discard'][0] ?? '') === 'true',
        ]) + ((string) $request->body === '' ? [] : self::content($request)));
        return ['client_id' => $id, 'closed' => true];
    }

    /** @return array<string, string> */
    private static function content(Request $request): array
    {
        return ($request->headers['content-type'] ?? '') === 'application/octet-stream'
            ? ['binary' => base64_encode((string) $request->body)]
            : ['text' => (string) $request->body];
    }

    private function session(string $id): Response
    {
        $json = Json::encode((object) $this->hub->peer($id)->session);
        return new Response(200, ['etag' => '"' . hash('crc32b', $json) . '"'], $json);
    }

    /** @param array<string, list<string>> $parameters */
    private function changeSession(Request $request, string $id, array $parameters): Response
    {
        $this->checkPrecondition($request, $id);
        $update = ($parameters['mode'][0] ?? '') === 'update' ? 'update' : 'merge';
        $mode = $request->method === 'PUT' ? 'set' : $update;
        $this->hub->act(['action' => 'session', 'client_id' => $id, $mode => Json::decode((string) $request->body)]);
        return $this->session($id);
    }


    /** @param array<string, mixed> $body */
    private function sessionByBody(Request $request, array $body): Response
    {
        $id = (string) ($body['client_id'] ?? '');
        if (count($body) > 1) {
            $this->checkPrecondition($request, $id);
            $this->hub->act(['action' => 'session'] + $body);
        }
        return $this->session($id);
    }

    private function checkPrecondition(Request $request, string $id): void
    {
        $etag = $request->headers['if-match'] ?? null;
        if ($etag !== null && $etag !== $this->session($id)->headers['etag']) {
            throw new ApiError(412, 'precondition_failed', 'the session has changed', null, 'Precondition Failed');
        }
    }

    /**
     * @param array<string, mixed> $body
     * @return array<string, mixed>
     */
    private function membership(string $verb, array $body): array
    {
        $groups = $body['groups'] ?? [];
        $named = count($groups) === 1 ? ['group' => $groups[0]] : ['groups' => $groups];
        return $named + $this->hub->act(['action' => $verb] + $body);
    }

    /**
     * @param list<string> $groups
     * @param list<string> $uids
     * @param list<string> $fields
     * @return array<string, mixed>
     */
    private function clients(array $groups, array $uids, array $fields): array
    {
        $clients = [];
        foreach ($this->hub->counted() as $peer) {
            if (
                ($groups === [] || array_intersect($groups, $peer->groupNames()) !== [])
                && ($uids === [] || in_array($peer->uid, $uids, true))
            ) {
                $shown = $peer->shown();
                $clients[] = $fields === [] ? $shown : array_intersect_key($shown, array_flip($fields));
            }
        }
        return ['clients' => $clients, 'cursor' => null];
    }

    /** @return array<array-key, array{clients: int, uids: int}> by name */
    private function groups(): array
    {
        $members = [];
        foreach ($this->hub->counted() as $peer) {
            foreach ($peer->groupNames() as $group) {
                $members[$group][] = $peer->uid;
            }
        }
        ksort($members, SORT_STRING);
        return array_map(static fn (array $uids): array => [
            'clients' => count($uids),
            'uids' => count(array_unique(array_filter($uids, 'is_string'))),
        ], $members);
    }

    /**
     * @param list<string> $groups
     * @return array<array-key, int> clients by uid
     */
    private function uids(array $groups): array
    {
        $counts = [];
        foreach ($this->hub->counted() as $peer) {
            $wanted = $groups === [] || array_intersect($groups, $peer->groupNames()) !== [];
            if ($peer->uid !== null && $wanted) {
                $counts[$peer->uid] = ($counts[$peer->uid] ?? 0) + 1;
            }
        }
        ksort($counts, SORT_STRING);
        return $counts;
    }

    /** @return list<string> */
    private function clientsOf(string $uid): array
    {
        $mine = array_filter($this->hub->counted(), static fn (Peer $peer): bool => $peer->uid === $uid);
        return array_column($mine, 'id');
    }

    /**
     * @param array<string, list<string|int>> $names
     * @return array<string, object>
     */
    private function lookup(array $names): array
    {
        $found = ['clients' => [], 'uids' => [], 'groups' => []];
        foreach ($names['clients'] ?? [] as $id) {
            $peer = $this->hub->peers[$id] ?? null;
            $found['clients'][$id] = $peer === null || $peer->closed !== null ? null : $peer->shown();
        }
        foreach ($names['uids'] ?? [] as $uid) {
            $found['uids'][$uid] = $this->clientsOf((string) $uid);
        }
        foreach ($names['groups'] ?? [] as $group) {
            $found['groups'][$group] = $this->groups()[$group] ?? ['clients' => 0, 'uids' => 0];
        }
        return array_map(static fn (array $map): object => (object) $map, $found);
    }

    /** @return array<string, list<string>> */
    private static function parameters(string $query): array
    {
        $parameters = [];
        foreach (array_filter(explode('&', $query)) as $part) {
            [$name, $value] = explode('=', $part, 2) + [1 => ''];
            $parameters[$name][] = rawurldecode($value);
        }
        return $parameters;
    }

    /** @return array<string, mixed> */
    private static function problem(ApiError $e): array
    {
        return array_filter([
            'title' => $e->title,
            'status' => $e->status,
            'code' => $e->problem,
            'detail' => $e->detail,
            'field' => $e->field,
        ]);
    }
}
