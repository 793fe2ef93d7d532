<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Exception\InvalidArgument;

/**
 * The protocol's actions, and parts of them, with their names checked.
 */
final class Action
{
    private const LISTS = ['clients', 'uids', 'groups', 'except_clients', 'except_uids'];

    /**
     * An action whose lists have no holes, such as array_filter leaves: JSON has those as objects.
     *
     * @param array<string, mixed> $action
     * @return array<string, mixed>
     */
    public static function normalized(array $action): array
    {
        foreach (self::LISTS as $list) {
            if (is_array($action[$list] ?? null)) {
                $action[$list] = array_values($action[$list]);
            }
        }
        return $action;
    }

    /** @return array<string, mixed> */
    public static function bind(string $clientId, string|int $uid): array
    {
        return ['action' => 'bind', 'client_id' => Name::client($clientId), 'uid' => Name::uid($uid)];
    }

    /** @return array<string, mixed> */
    public static function unbind(string $clientId): array
    {
        return ['action' => 'unbind', 'client_id' => Name::client($clientId)];
    }

    /** @return array<string, mixed> */
    public static function dissolve(string|int $group): array
    {
        return ['action' => 'dissolve', 'group' => Name::group($group)];
    }

    /**
     * @param string $action join or leave
     * @param array<mixed> $clients
     * @param array<mixed> $uids
     * @param array<mixed> $groups
     * @return array<string, mixed>
     */
    public static function membership(string $action, array $clients, array $uids, array $groups): array
    {
        $members = array_filter(['clients' => Name::clients($clients), 'uids' => Name::uids($uids)]);
        if ($members === []) {
            throw new InvalidArgument('clients', "or uids must name who is to $action");
        }
        return ['action' => $action] + $members + ['groups' => Name::groups($groups)];
    }

    /**
     * @param array<string, mixed> $session
     * @param string $mode set, merge or update
     * @return array<string, mixed>
     */
    public static function session(string $clientId, array $session, string $mode): array
    {
        if (!in_array($mode, ['set', 'merge', 'update'], true)) {
            throw new InvalidArgument('mode', 'must be set, merge or update');
        }
        return ['action' => 'session', 'client_id' => Name::client($clientId), $mode => (object) $session];
    }

    /** @return array<string, mixed> */
    public static function until(string $clientId, ?int $at): array
    {
        return ['action' => 'until', 'client_id' => Name::client($clientId), 'at' => $at];
    }

    /**
     * Who is meant. Without a name nobody is, which the gateway refuses.
     *
     * @param array<mixed> $clients
     * @param array<mixed> $uids
     * @param array<mixed> $groups
     * @param array<mixed> $exceptClients
     * @param array<mixed> $exceptUids
     * @return array<string, mixed>
     */
    public static function target(
        array $clients,
        array $uids,
        array $groups,
        bool $all,
        array $exceptClients,
        array $exceptUids,
    ): array {
        return array_filter([
            'clients' => Name::clients($clients),
            'uids' => Name::uids($uids),
            'groups' => Name::groups($groups),
            'all' => $all,
            'except_clients' => Name::clients($exceptClients, 'except_clients'),
            'except_uids' => Name::uids($exceptUids, 'except_uids'),
        ]);
    }

    /**
     * @param mixed $json any value but null
     * @return array<string, mixed>
     */
    public static function message(?string $text, mixed $json, ?string $binary): array
    {
        $message = array_filter(
            ['text' => $text, 'json' => $json, 'binary' => $binary === null ? null : base64_encode($binary)],
            static fn (mixed $value): bool => $value !== null,
        );
        if (count($message) !== 1) {
            throw new InvalidArgument('message', 'must be one of text, json and binary');
        }
        self::mustBeText($text);
        return $message;
    }

    /** @return array<string, mixed> */
    public static function ending(
        ?int $code,
        string $reason,
        ?string $text,
        ?string $binary,
        bool $force,
        bool $discard,
    ): array {
        if ($text !== null && $binary !== null) {
            throw new InvalidArgument('message', 'must be one of text and binary');
        }
        self::mustBeText($text);
        return array_filter([
            'code' => $code,
            'reason' => $reason === '' ? null : $reason,
            'text' => $text,
            'binary' => $binary === null ? null : base64_encode($binary),
            'force' => $force ?: null,
            'discard' => $discard ?: null,
        ], static fn (mixed $value): bool => $value !== null);
    }

    private static function mustBeText(?string $text): void
    {
        if ($text !== null && preg_match('//u', $text) !== 1) {
            throw new InvalidArgument('text', 'is not UTF-8; send it as binary');
        }
    }
}
