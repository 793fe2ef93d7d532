<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Exception\BatchIncomplete;
use Gatepost\Exception\GatepostException;
use Gatepost\Result\ActionResult;

/**
 * Actions that are gathered, and done in order by run(): in one call, or in as few as
 * the gateway's limits allow.
 */
final class Batch implements \Countable
{
    /** Most actions in one call. */
    private const MOST = 1000;
    /** Bytes of JSON after which a call gets no further action; the gateway takes 8 MiB. */
    private const BYTES = 4 << 20;

    /** @var list<array<string, mixed>> */
    private array $actions = [];

    public function __construct(private readonly Client $client)
    {
    }

    /**
     * @param array<string, mixed> $action one of the protocol's actions
     * @return $this
     */
    public function add(array $action): self
    {
        $this->actions[] = Action::normalized($action);
        return $this;
    }

    /** @return $this */
    public function bind(string $clientId, string|int $uid): self
    {
        return $this->add(Action::bind($clientId, $uid));
    }

    /** @return $this */
    public function unbind(string $clientId): self
    {
        return $this->add(Action::unbind($clientId));
    }

    /**
     * @param string|int|list<string|int> $groups
     * @param string|list<string> $clients
     * @param list<string|int> $uids whose clients join
     * @return $this
     */
    public function join(string|array $clients, string|int|array $groups, array $uids = []): self
    {
        return $this->add(Action::membership('join', (array) $clients, $uids, (array) $groups));
    }

    /**
     * @param string|int|list<string|int> $groups
     * @param string|list<string> $clients
     * @param list<string|int> $uids whose clients leave
     * @return $this
     */
    public function leave(string|array $clients, string|int|array $groups, array $uids = []): self
    {
        return $this->add(Action::membership('leave', (array) $clients, $uids, (array) $groups));
    }

    /** @return $this */
    public function dissolve(string|int $group): self
    {
        return $this->add(Action::dissolve($group));
    }

    /**
     * Sends one of $text, $json and $binary to whom the others name.
     *
     * @param list<string> $clients
     * @param list<string|int> $uids
     * @param list<string|int> $groups
     * @param list<string> $exceptClients
     * @param list<string|int> $exceptUids
     * @return $this
     */
    public function send(
        ?string $text = null,
        mixed $json = null,
        ?string $binary = null,
        array $clients = [],
        array $uids = [],
        array $groups = [],
        bool $all = false,
        array $exceptClients = [],
        array $exceptUids = [],
    ): self {
        return $this->add(
            ['action' => 'send']
            + Action::target($clients, $uids, $groups, $all, $exceptClients, $exceptUids)
            + Action::message($text, $json, $binary)
        );
    }

    /**
     * @param array<string, mixed> $session
     * @param string $mode set (replace), merge (RFC 7396) or update (array_replace_recursive)
     * @return $this
     */
    public function session(string $clientId, array $session, string $mode = 'set'): self
    {
        return $this->add(Action::session($clientId, $session, $mode));
    }

    /**
     * @param int|null $at unix time at which the client is closed with 4001; null: never
     * @return $this
     */
    public function until(string $clientId, ?int $at): self
    {
        return $this->add(Action::until($clientId, $at));
    }

    /**
     * Closes whom the arguments name, as Client::close() does.
     *
     * @param list<string> $clients
     * @param list<string|int> $uids
     * @param list<string|int> $groups
     * @param list<string> $exceptClients
     * @param list<string|int> $exceptUids
     * @return $this
     */
    public function close(
        array $clients = [],
        array $uids = [],
        array $groups = [],
        bool $all = false,
        array $exceptClients = [],
        array $exceptUids = [],
        ?int $code = null,
        string $reason = '',
        ?string $text = null,
        ?string $binary = null,
        bool $force = false,
        bool $discard = false,
    ): self {
        return $this->add(
            ['action' => 'close']
            + Action::target($clients, $uids, $groups, $all, $exceptClients, $exceptUids)
            + Action::ending($code, $reason, $text, $binary, $force, $discard)
        );
    }

    public function count(): int
    {
        return count($this->actions);
    }

    /**
     * Does what was gathered; the batch is empty afterwards. Each action fails by itself.
     *
     * @return list<ActionResult> one for each action, in order
     * @throws BatchIncomplete where a call failed after one that didn't
     * @throws GatepostException where the first call failed
     */
    public function run(): array
    {
        $all = $this->actions;
        $this->actions = [];
        $results = [];
        foreach (self::calls($all) as $actions) {
            try {
                array_push($results, ...$this->client->actions($actions));
            } catch (GatepostException $e) {
                throw $results === [] ? $e : new BatchIncomplete($results, count($all), $e);
            }
        }
        return $results;
    }

    /**
     * @param list<array<string, mixed>> $actions
     * @return \Generator<int, list<array<string, mixed>>>
     */
    private static function calls(array $actions): \Generator
    {
        $call = [];
        $bytes = 0;
        foreach ($actions as $action) {
            $size = strlen(Json::encode($action, 'action'));
            if ($call !== [] && (count($call) === self::MOST || $bytes + $size > self::BYTES)) {
                yield $call;
                $call = [];
                $bytes = 0;
            }
            $call[] = $action;
            $bytes += $size;
        }
        if ($call !== []) {
            yield $call;
        }
    }
}
