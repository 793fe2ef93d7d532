<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Exception\InvalidArgument;

/**
 * Checks client ids, uids and groups before they are sent: a wrong one is a mistake
 * in the program, and is found where it was made.
 *
 * @internal
 */
final class Name
{
    /** Bytes that a uid or group may have. */
    private const LONGEST = 256;

    public static function client(mixed $id, string $field = 'client_id'): string
    {
        if (is_string($id) && preg_match('/^[a-z0-9]{1,40}$/D', $id) === 1) {
            return $id;
        }
        throw new InvalidArgument($field, self::shown($id) . ' is invalid');
    }

    /**
     * @param iterable<mixed> $ids
     * @return list<string>
     */
    public static function clients(iterable $ids, string $field = 'clients'): array
    {
        $checked = [];
        foreach ($ids as $id) {
            $checked[] = self::client($id, $field);
        }
        return $checked;
    }

    public static function uid(mixed $uid, string $field = 'uid'): string
    {
        return self::of($uid, $field);
    }

    public static function group(mixed $group, string $field = 'group'): string
    {
        return self::of($group, $field);
    }

    /**
     * @param iterable<mixed> $uids
     * @return list<string>
     */
    public static function uids(iterable $uids, string $field = 'uids'): array
    {
        $checked = [];
        foreach ($uids as $uid) {
            $checked[] = self::of($uid, $field);
        }
        return $checked;
    }

    /**
     * @param iterable<mixed> $groups
     * @return list<string>
     */
    public static function groups(iterable $groups, string $field = 'groups'): array
    {
        return self::uids($groups, $field);
    }

    private static function of(mixed $name, string $field): string
    {
        if (is_int($name)) {
            return (string) $name;
        }
        if (!is_string($name)) {
            throw new InvalidArgument($field, self::shown($name) . ' is invalid: it must be a string or an integer');
        }
        // U+0000 to U+001F and U+007F to U+009F are control characters; /u wants UTF-8.
        if (strlen($name) > self::LONGEST || preg_match('/^[^\x{0}-\x{1f}\x{7f}-\x{9f}]+$/uD', $name) !== 1) {
            throw new InvalidArgument(
                $field,
                self::shown($name) . ' is invalid: it must have 1 to 256 bytes of UTF-8 without control characters',
            );
        }
        return $name;
    }

    private static function shown(mixed $value): string
    {
        if (!is_string($value)) {
            return is_int($value) ? (string) $value : get_debug_type($value);
        }
        $short = strlen($value) > 60 ? substr($value, 0, 60) . '...' : $value;
        return '"' . addcslashes($short, "\0..\37\177..\377\"\\") . '"';
    }
}
