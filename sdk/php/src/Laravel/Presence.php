<?php

declare(strict_types=1);

namespace Gatepost\Laravel;

use Gatepost\Client;
use Gatepost\Event\Close;

/**
 * Who is in a presence channel: each of its clients has {"id", "info"} of its user in its
 * session, under "presence" and the channel's name. A user is there while one client is.
 *
 * @internal
 */
final class Presence
{
    private const PREFIX = 'presence-';

    public static function isPresence(string $channel): bool
    {
        return str_starts_with($channel, self::PREFIX);
    }

    /**
     * Lets a client join; the others hear of a user who wasn't there.
     *
     * @param array{id: string, info: mixed} $member
     * @return list<array{id: string, info: mixed}> all who are there now
     */
    public static function join(Client $client, string $id, string $channel, array $member): array
    {
        $before = self::members($client, $channel);
        $batch = $client->batch()
            ->session($id, ['presence' => [$channel => $member]], 'update')
            ->join($id, $channel);
        if (!isset($before[$member['id']])) {
            $batch->send(json: self::notice('joining', $channel, $member), groups: [$channel], exceptClients: [$id]);
        }
        foreach ($batch->run() as $result) {
            if ($result->error !== null) {
                throw $result->error;
            }
        }
        $before[$member['id']] = $member;
        return array_values($before);
    }

    /** Lets a client leave any channel; the others hear of a user who isn't there any more. */
    public static function leave(Client $client, string $id, string $channel): void
    {
        $client->leave($id, $channel);
        if (!self::isPresence($channel)) {
            return;
        }
        $member = self::member($client->client($id)?->session ?? [], $channel);
        $batch = $client->batch()->session($id, ['presence' => [$channel => null]], 'merge');
        if ($member !== null && !isset(self::members($client, $channel)[$member['id']])) {
            $batch->send(json: self::notice('leaving', $channel, $member), groups: [$channel]);
        }
        $batch->run();
    }

    /**
     * What the others are told once a client has gone.
     *
     * @return list<array<string, mixed>> actions
     */
    public static function left(Client $client, Close $event): array
    {
        $actions = [];
        foreach (array_filter($event->groups, self::isPresence(...)) as $channel) {
            $member = self::member($event->session, $channel);
            if ($member !== null && !isset(self::members($client, $channel)[$member['id']])) {
                $notice = self::notice('leaving', $channel, $member);
                $actions[] = ['action' => 'send', 'groups' => [$channel], 'json' => $notice];
            }
        }
        return $actions;
    }

    /** @return array<array-key, array{id: string, info: mixed}> by user */
    private static function members(Client $client, string $channel): array
    {
        $members = [];
        foreach ($client->eachClient(groups: [$channel], fields: ['client_id', 'session']) as $there) {
            $member = self::member($there->session, $channel);
            if ($member !== null) {
                $members[$member['id']] = $member;
            }
        }
        return $members;
    }

    /**
     * @param array<mixed> $session
     * @return array{id: string, info: mixed}|null
     */
    private static function member(array $session, string $channel): ?array
    {
        $member = is_array($session['presence'] ?? null) ? $session['presence'][$channel] ?? null : null;
        return is_array($member) && is_string($member['id'] ?? null)
            ? ['id' => $member['id'], 'info' => $member['info'] ?? null]
            : null;
    }

    /**
     * @param array{id: string, info: mixed} $member
     * @return array<string, mixed>
     */
    private static function notice(string $what, string $channel, array $member): array
    {
        return ['event' => "presence:$what", 'channel' => $channel, 'data' => $member];
    }
}
