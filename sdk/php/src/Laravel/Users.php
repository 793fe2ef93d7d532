<?php

declare(strict_types=1);

namespace Gatepost\Laravel;

/** @internal */
final class Users
{
    /** What a user is called in broadcasts, and the uid of the user's clients. */
    public static function id(object $user): string
    {
        return (string) (method_exists($user, 'getAuthIdentifierForBroadcasting')
            ? $user->getAuthIdentifierForBroadcasting()
            : $user->getAuthIdentifier());
    }
}
