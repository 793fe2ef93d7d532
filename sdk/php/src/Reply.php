<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Exception\InvalidArgument;

/**
 * What an event is answered. The gateway carries it out in this order, all before that
 * client's next event: uid, groups, session; the actions, in order; reply.
 *
 * A connect takes uid, groups, session (the whole), until, subprotocol and actions; a
 * message reply, session (a merge patch) and actions; a close actions only.
 */
final class Reply
{
    /** @var array<string, mixed> */
    private array $fields = [];

    /** @var list<array<string, mixed>> */
    private array $actions = [];

    private function __construct(
        public readonly int $status = 200,
        public readonly string $text = '',
        public readonly ?int $retryAfter = null,
    ) {
    }

    /** The event is done; a connect is accepted. What else is to happen is added. */
    public static function accept(): self
    {
        return new self();
    }

    /**
     * Refuses a connect: the handshake is answered with this status. A message or close
     * that is refused becomes a dead letter at the gateway (and comes again first, where
     * the status is 408, 425 or 429). The answer has the header gatepost-refuse: 1, by which the
     * gateway knows a 404, 405 or 413 from that of a proxy.
     *
     * @param int $status 400 to 499
     * @param string $text at most 1 KiB of it reaches the client
     */
    public static function refuse(int $status = 403, string $text = ''): self
    {
        if ($status < 400 || $status > 499) {
            throw new InvalidArgument('status', 'of a refusal must be 400 to 499');
        }
        return new self($status, $text);
    }

    /**
     * Asks for the event again, later. A connect has only the gateway's one time-out for
     * all its tries; then its client is told 503.
     *
     * @param int $after seconds, 0 to 3600; in a batch the gateway decides
     */
    public static function retry(int $after = 1): self
    {
        return new self(503, 'try again', max(0, min($after, 3600)));
    }

    /**
     * A reply of the protocol's own fields.
     *
     * @param array<array-key, mixed> $fields
     */
    public static function of(array $fields): self
    {
        $reply = new self();
        foreach ($fields as $name => $value) {
            match ($name) {
                'actions' => $reply->actions(is_array($value) ? array_values($value) : []),
                'groups' => $reply->fields[$name] = is_array($value) ? array_values($value) : $value,
                'session' => $reply->fields[$name] = is_array($value) ? (object) $value : $value,
                'uid', 'until', 'subprotocol', 'reply' => $reply->fields[$name] = $value,
                default => throw new InvalidArgument((string) $name, 'is no field of a reply; those are uid, groups, session, until, subprotocol, actions and reply'),
            };
        }
        return $reply;
    }

    /** @return $this the connect's client is this user's */
    public function uid(string|int $uid): self
    {
        $this->fields['uid'] = Name::uid($uid);
        return $this;
    }

    /**
     * @param string|int|array<string|int> ...$groups that the connect's client joins, besides those of its token
     * @return $this
     */
    public function groups(string|int|array ...$groups): self
    {
        $this->fields['groups'] = Name::groups(self::flat($groups));
        return $this;
    }

    /**
     * @param array<string, mixed> $session to a connect the whole session, to a message a
     *     merge patch (RFC 7396): null removes a key
     * @return $this
     */
    public function session(array $session): self
    {
        $this->fields['session'] = (object) $session;
        return $this;
    }

    /**
     * @param int|\DateTimeInterface $until when the connection is closed with 4001
     * @return $this
     */
    public function until(int|\DateTimeInterface $until): self
    {
        $this->fields['until'] = is_int($until) ? $until : $until->getTimestamp();
        return $this;
    }

    /** @return $this selects one of the subprotocols that the client offers */
    public function subprotocol(string $subprotocol): self
    {
        $this->fields['subprotocol'] = $subprotocol;
        return $this;
    }

    /**
     * @param mixed $message sent to the sender of a message: a string as text, anything
     *     else as its JSON; null: nothing
     * @return $this
     */
    public function reply(mixed $message): self
    {
        $this->fields['reply'] = $message;
        return $this;
    }

    /**
     * @param array<string, mixed> $action one of the protocol's actions; without client_id, or
     *     a close's target, it means the event's client
     * @return $this
     */
    public function action(array $action): self
    {
        $this->actions[] = Action::normalized($action);
        return $this;
    }

    /**
     * @param list<mixed> $actions
     * @return $this
     */
    public function actions(array $actions): self
    {
        foreach ($actions as $action) {
            if (!is_array($action)) {
                throw new InvalidArgument('actions', 'must be a list of arrays');
            }
            $this->action($action);
        }
        return $this;
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
        return $this->action(
            ['action' => 'send']
            + Action::target($clients, $uids, $groups, $all, $exceptClients, $exceptUids)
            + Action::message($text, $json, $binary)
        );
    }

    /**
     * @param string|int|array<string|int> ...$groups that the event's client joins
     * @return $this
     */
    public function join(string|int|array ...$groups): self
    {
        return $this->action(['action' => 'join', 'groups' => Name::groups(self::flat($groups))]);
    }

    /**
     * @param string|int|array<string|int> ...$groups that the event's client leaves
     * @return $this
     */
    public function leave(string|int|array ...$groups): self
    {
        return $this->action(['action' => 'leave', 'groups' => Name::groups(self::flat($groups))]);
    }

    /** @return $this the event's client is this user's from now on */
    public function bind(string|int $uid): self
    {
        return $this->action(['action' => 'bind', 'uid' => Name::uid($uid)]);
    }

    /**
     * Closes the event's client, once what waits for it is sent. On a connect: it is
     * upgraded, told $text, and closed.
     *
     * @param int|null $code 1000 or 4100 to 4999; null: 1000
     * @param string|null $text the last words
     * @param bool $discard drop what the client sent since, and is waiting: its close event is next
     * @return $this
     */
    public function close(
        ?int $code = null,
        string $reason = '',
        ?string $text = null,
        bool $discard = false,
    ): self {
        return $this->action(['action' => 'close'] + Action::ending($code, $reason, $text, null, false, $discard));
    }

    /** The event is done: neither refused nor wanted again. */
    public function isDone(): bool
    {
        return $this->status === 200;
    }

    /** @return array<string, mixed> the fields of the reply, as the protocol has them */
    public function fields(): array
    {
        return $this->fields + ($this->actions === [] ? [] : ['actions' => $this->actions]);
    }

    /** The reply's JSON: {} where nothing is wanted. */
    public function toJson(): string
    {
        return Json::encode((object) $this->fields(), 'reply');
    }

    /**
     * @param array<string|int|array<string|int>> $names one by one, or in lists
     * @return iterable<mixed>
     */
    private static function flat(array $names): iterable
    {
        foreach ($names as $name) {
            yield from is_array($name) ? array_values($name) : [$name];
        }
    }
}
