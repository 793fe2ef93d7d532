<?php

declare(strict_types=1);

namespace Gatepost\Fake;

use Gatepost\Current;
use Gatepost\Exception\ApiError;
use Gatepost\Json;

/**
 * A gateway's clients in memory, and the actions on them.
 *
 * @internal
 */
final class Hub
{
    /** @var array<array-key, Peer> everyone who ever was connected, by id */
    public array $peers = [];

    /** @var list<array<string, mixed>> every action, in order, whether it failed or not */
    public array $actions = [];

    /** A client that is connected. */
    public function peer(string $id): Peer
    {
        $peer = $this->peers[$id] ?? null;
        if ($peer === null || $peer->closed !== null) {
            throw new ApiError(404, 'client_gone', "there is no client $id", 'client_id', 'Not Found');
        }
        return $peer;
    }

    /** @return list<Peer> those that lists and counts have: not one whose connect event is handled */
    public function counted(): array
    {
        $current = Current::get();
        $connecting = $current?->isConnecting() ? $current->clientId : null;
        return array_values(array_filter(
            $this->connected(),
            static fn (Peer $peer): bool => $peer->id !== $connecting,
        ));
    }

    /** @return list<Peer> those that are connected, in order of their ids */
    public function connected(): array
    {
        $all = array_filter($this->peers, static fn (Peer $peer): bool => $peer->closed === null);
        ksort($all, SORT_STRING);
        return array_values($all);
    }

    /**
     * @param array<string, mixed> $action
     * @return array<string, mixed> the fields of its answer
     */
    public function act(array $action): array
    {
        $this->actions[] = $action;
        return match ($action['action'] ?? null) {
            'send' => $this->send($action),
            'bind' => $this->bind($action['client_id'], (string) $action['uid']),
            'unbind' => $this->bind($action['client_id'], null),
            'join', 'leave' => $this->membership($action),
            'dissolve' => $this->dissolve((string) $action['group']),
            'session' => $this->session($action),
            'until' => $this->until($action['client_id'], $action['at'] ?? null),
            'close' => $this->close($action),
            default => throw new ApiError(400, 'bad_field', 'there is no such action', 'action', 'Bad Request'),
        };
    }

    /**
     * @param array<string, mixed> $action
     * @return array<string, int>
     */
    private function send(array $action): array
    {
        $message = [
            'message' => (string) ($action['text'] ?? (isset($action['binary'])
                ? base64_decode($action['binary'], true)
                : Json::encode($action['json'] ?? null))),
            'binary' => isset($action['binary']),
        ];
        $targets = $this->targets($action);
        foreach ($targets as $peer) {
            $peer->messages[] = $message;
        }
        return ['matched' => count($targets), 'queued' => count($targets), 'dropped' => 0];
    }

    /** @return array<string, string|null> */
    private function bind(string $id, ?string $uid): array
    {
        $peer = $this->peer($id);
        $previous = $peer->uid;
        $peer->uid = $uid;
        return ['client_id' => $id, 'uid' => $uid, 'previous_uid' => $previous];
    }

    /**
     * @param array<string, mixed> $action
     * @return array<string, mixed>
     */
    private function membership(array $action): array
    {
        $missing = [];
        if (isset($action['client_id'])) {
            $members = [$this->peer($action['client_id'])];
        } else {
            $members = $this->targets(array_intersect_key($action, ['clients' => 0, 'uids' => 0]));
            $here = array_column($members, 'id');
            $missing = array_values(array_diff($action['clients'] ?? [], $here));
        }
        $changed = 0;
        foreach ($members as $peer) {
            foreach ($action['groups'] as $group) {
                $changed += (int) (isset($peer->groups[$group]) !== ($action['action'] === 'join'));
                if ($action['action'] === 'join') {
                    $peer->groups[$group] = true;
                } else {
                    unset($peer->groups[$group]);
                }
            }
        }
        return ['changed' => $changed, 'missing' => $missing];
    }

    /** @return array<string, mixed> */
    private function dissolve(string $group): array
    {
        $members = $this->targets(['groups' => [$group]]);
        foreach ($members as $peer) {
            unset($peer->groups[$group]);
        }
        return ['group' => $group, 'removed' => count($members)];
    }

    /**
     * @param array<string, mixed> $action
     * @return array<string, mixed>
     */
    private function session(array $action): array
    {
        $peer = $this->peer($action['client_id']);
        $peer->session = match (true) {
            isset($action['set']) => (array) $action['set'],
            isset($action['update']) => array_replace_recursive($peer->session, (array) $action['update']),
            default => self::merged($peer->session, (array) ($action['merge'] ?? [])),
        };
        return ['session' => (object) $peer->session];
    }

    /** @return array<string, mixed> */
    private function until(string $id, ?int $at): array
    {
        $this->peer($id)->until = $at;
        return ['client_id' => $id, 'at' => $at];
    }

    /**
     * @param array<string, mixed> $action
     * @return array<string, int>
     */
    private function close(array $action): array
    {
        if (isset($action['text']) || isset($action['binary'])) {
            $this->send($action);
        }
        $targets = $this->targets($action);
        foreach ($targets as $peer) {
            $peer->closed = [
                'code' => $action['code'] ?? 1000,
                'reason' => $action['reason'] ?? '',
                'force' => $action['force'] ?? false,
                'discard' => $action['discard'] ?? false,
            ];
        }
        return ['matched' => count($targets), 'closed' => count($targets)];
    }

    /**
     * @param array<string, mixed> $action
     * @return list<Peer>
     */
    private function targets(array $action): array
    {
        $named = static fn (string $list, ?string $name): bool
            => $name !== null && in_array($name, array_map('strval', $action[$list] ?? []), true);
        $all = $action['all'] ?? false ? array_column($this->counted(), 'id') : [];
        return array_values(array_filter(
            $this->connected(),
            static fn (Peer $peer): bool => (
                in_array($peer->id, $all, true)
                || $named('clients', $peer->id)
                || $named('uids', $peer->uid)
                || array_intersect(array_map('strval', $action['groups'] ?? []), $peer->groupNames()) !== []
            ) && !$named('except_clients', $peer->id) && !$named('except_uids', $peer->uid),
        ));
    }

    /**
     * A merge patch (RFC 7396).
     *
     * @param array<array-key, mixed> $session
     * @param array<array-key, mixed> $patch
     * @return array<array-key, mixed>
     */
    private static function merged(array $session, array $patch): array
    {
        foreach ($patch as $key => $value) {
            if ($value === null) {
                unset($session[$key]);
            } elseif (is_array($value) && ($value === [] || !array_is_list($value))) {
                $before = $session[$key] ?? null;
                $session[$key] = self::merged(is_array($before) && !array_is_list($before) ? $before : [], $value);
            } else {
                $session[$key] = $value;
            }
        }
        return $session;
    }
}
