<?php

declare(strict_types=1);

namespace Gatepost\Token;

use Gatepost\Exception\InvalidArgument;
use Gatepost\Name;

/**
 * The narrowest scope of a call: a token that is minted for it is good for nothing else.
 *
 * @internal
 */
final class Scope
{
    /** Bytes after which a scope names verbs only: proxies bound the header that the token is in. */
    private const LONGEST = 2000;

    /** @param array<string, mixed> ...$actions as the protocol has them; what is wrong is the gateway's to say */
    public static function of(array ...$actions): string
    {
        $words = array_unique(array_merge(...array_map(self::words(...), array_values($actions))));
        $scope = implode(' ', $words);
        if (strlen($scope) <= self::LONGEST) {
            return $scope;
        }
        return implode(' ', array_unique(array_map(static fn (string $word): string => explode(':', $word)[0], $words)));
    }

    /**
     * @param array<string, mixed> $action
     * @return list<string>
     */
    private static function words(array $action): array
    {
        $client = $action['client_id'] ?? null;
        return match ($action['action'] ?? null) {
            'send' => self::target('push', $action),
            'close' => [
                ...self::target('close', $action),
                ...(isset($action['text']) || isset($action['binary']) ? self::target('push', $action) : []),
            ],
            'bind' => [self::word('bind', 'uid', $action['uid'] ?? null)],
            'unbind' => [self::word('bind', 'client', $client)],
            'join', 'leave' => self::each('group', ['group' => $action['groups'] ?? []]),
            'dissolve' => [self::word('group', 'group', $action['group'] ?? null)],
            'session' => [self::word('session', 'client', $client)],
            'until' => [self::word('close', 'client', $client)],
            default => [],
        };
    }

    /**
     * @param array<string, mixed> $action
     * @return list<string>
     */
    private static function target(string $verb, array $action): array
    {
        $all = ($action['all'] ?? false) === true ? ["$verb:all"] : [];
        $named = array_filter([
            'client' => $action['clients'] ?? [],
            'uid' => $action['uids'] ?? [],
            'group' => $action['groups'] ?? [],
        ]);
        return $all !== [] && $named === [] ? $all : [...$all, ...self::each($verb, $named)];
    }

    /**
     * @param array<string, mixed> $names by kind
     * @return list<string> the verb, where nobody is named
     */
    private static function each(string $verb, array $names): array
    {
        $words = [];
        foreach ($names as $kind => $some) {
            foreach (is_array($some) ? $some : [null] as $name) {
                $words[] = self::word($verb, $kind, $name);
            }
        }
        return $words === [] ? [$verb] : $words;
    }

    private static function word(string $verb, string $kind, mixed $name): string
    {
        try {
            $checked = rawurlencode($kind === 'client' ? Name::client($name) : Name::uid($name));
        } catch (InvalidArgument) {
            return $verb;
        }
        return $verb === 'group' ? "group:$checked" : "$verb:$kind:$checked";
    }
}
