<?php

declare(strict_types=1);

namespace Gatepost\Facade;

use Gatepost\Current;
use Gatepost\Result\ConnectedClient;

/**
 * The client whose connect event is handled. The gateway lists and counts it, and sends
 * it what goes to all, only once the event is answered; GatewayWorker does from onConnect on.
 *
 * @internal
 */
trait Connecting
{
    /** That client, where it is in one of these groups; none given: in any case. */
    private static function connecting(string ...$groups): ?ConnectedClient
    {
        $current = Current::get();
        if ($current === null || !$current->isConnecting()) {
            return null;
        }
        $client = self::reader()->client($current->clientId);
        return $groups === [] || array_intersect($groups, $client?->groups ?? []) !== [] ? $client : null;
    }

    /**
     * All clients of these groups, or all there are, that one included.
     *
     * @param list<string> $groups
     * @param list<string> $fields
     * @return \Generator<int, ConnectedClient>
     */
    private static function everyClient(array $groups, array $fields): \Generator
    {
        yield from self::reader()->eachClient(groups: $groups, fields: $fields);
        $connecting = self::connecting(...$groups);
        if ($connecting !== null) {
            yield $connecting;
        }
    }
}
