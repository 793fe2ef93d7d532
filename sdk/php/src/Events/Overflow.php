<?php

declare(strict_types=1);

namespace Gatepost\Events;

use Gatepost\Gateway;
use Gatepost\Json;

/**
 * What doesn't fit into one reply.
 *
 * @internal
 */
final class Overflow
{
    /** The gateway takes 1,000 actions in a reply. */
    private const MOST = 1000;
    /** It reads 1 MiB of one; this leaves room for what is around the actions. */
    private const BYTES = 900 << 10;

    /**
     * The actions, where a reply has room for them; else none, and they have been carried
     * out by HTTP, in the same order.
     *
     * @param list<array<string, mixed>> $actions
     * @return list<array<string, mixed>>
     */
    public static function carryOut(array $actions): array
    {
        if (count($actions) <= self::MOST && strlen(Json::encode($actions, 'actions')) <= self::BYTES) {
            return $actions;
        }
        Gateway::perform($actions);
        return [];
    }
}
