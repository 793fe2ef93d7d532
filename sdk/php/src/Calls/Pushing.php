<?php

declare(strict_types=1);

namespace Gatepost\Calls;

use Gatepost\Action;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Name;
use Gatepost\Result\Pushed;

/** @internal calls of Gatepost\Client: sending */
trait Pushing
{
    /**
     * To every client.
     *
     * @param list<string> $exceptClients
     * @param bool $binary as a binary message, whatever bytes it has; else as text
     */
    public function pushAll(string $message, array $exceptClients = [], bool $binary = false): Pushed
    {
        return $this->pushTo(['all' => true], $message, $exceptClients, $binary);
    }

    /** To one client; an ApiError of the code client_gone where it isn't connected. */
    public function pushClient(string $clientId, string $message, bool $binary = false): Pushed
    {
        $pushed = $this->pushTo(['clients' => [Name::client($clientId)]], $message, [], $binary);
        return $pushed->matched > 0 ? $pushed : throw self::gone($clientId, 'POST /push');
    }

    /**
     * To all clients of a uid.
     *
     * @param list<string> $exceptClients
     */
    public function pushUid(string|int $uid, string $message, array $exceptClients = [], bool $binary = false): Pushed
    {
        return $this->pushTo(['uids' => [Name::uid($uid)]], $message, $exceptClients, $binary);
    }

    /**
     * To all clients in a group.
     *
     * @param list<string> $exceptClients
     */
    public function pushGroup(
        string|int $group,
        string $message,
        array $exceptClients = [],
        bool $binary = false,
    ): Pushed {
        return $this->pushTo(['groups' => [Name::group($group)]], $message, $exceptClients, $binary);
    }

    /**
     * One of $text, $json and $binary to whom the others name; once to a client that several name.
     *
     * @param list<string> $clients
     * @param list<string|int> $uids
     * @param list<string|int> $groups
     * @param list<string> $exceptClients
     * @param list<string|int> $exceptUids
     */
    public function push(
        ?string $text = null,
        mixed $json = null,
        ?string $binary = null,
        array $clients = [],
        array $uids = [],
        array $groups = [],
        bool $all = false,
        array $exceptClients = [],
        array $exceptUids = [],
    ): Pushed {
        $target = Action::target($clients, $uids, $groups, $all, $exceptClients, $exceptUids);
        return Pushed::of($this->act('/push', ['action' => 'send'] + $target + Action::message($text, $json, $binary)));
    }

    /**
     * @param array<string, mixed> $target
     * @param list<string> $exceptClients
     */
    private function pushTo(array $target, string $message, array $exceptClients, bool $binary): Pushed
    {
        if (!$binary && preg_match('//u', $message) !== 1) {
            throw new InvalidArgument('message', 'is not UTF-8; send it as binary');
        }
        return $this->push(...$target + [$binary ? 'binary' : 'text' => $message, 'exceptClients' => $exceptClients]);
    }
}
