<?php

declare(strict_types=1);

namespace Gatepost;

/**
 * The event that is handled right now, if any. While there is one, what the
 * facade's write methods ask for is kept here, in call order, for the reply.
 */
final class Current
{
    private static ?self $current = null;

    /**
     * Gateway::setSession or updateSession was asked for on the client that owns $_SESSION:
     * $_SESSION holds that, and what the gateway has may be another.
     *
     * @internal
     */
    public bool $sessionWritten = false;

    /** @var list<array<string, mixed>> what is kept, in call order */
    private array $actions = [];

    /**
     * @param string $clientId the event's client
     * @param array<string, mixed> $data the event's data
     * @param bool $ownsSession $_SESSION is this client's session, as GatewayWorker
     *     keeps it: Gateway::setSession and updateSession on this client change it too,
     *     and a list of sessions shows it
     */
    public function __construct(
        public readonly string $clientId,
        public readonly array $data,
        public readonly bool $ownsSession = false,
    ) {
    }

    /** The event that is handled right now, or null. */
    public static function get(): ?self
    {
        return self::$current;
    }

    /**
     * Runs $do with an event current; restores the one before, also on exceptions.
     *
     * @template T
     * @param callable(): T $do
     * @return T what $do returns
     */
    public static function run(self $event, callable $do): mixed
    {
        $before = self::$current;
        self::$current = $event;
        try {
            return $do();
        } finally {
            self::$current = $before;
        }
    }

    /** Whether the event is a connect: the gateway waits with its client's upgrade for the reply. */
    public function isConnecting(): bool
    {
        return isset($this->data['request']);
    }

    /** @param array<string, mixed> $action one of the protocol's actions */
    public function add(array $action): void
    {
        $this->actions[] = $action;
    }

    /**
     * Carries out what is kept, by POST /actions through the facade's client. Where
     * nothing is kept it makes no call. An action on a client that has gone does
     * nothing, as in GatewayWorker.
     *
     * @throws Exception\GatepostException
     */
    public function flush(): void
    {
        $kept = $this->take();
        if ($kept !== []) {
            Gateway::perform($kept);
        }
    }

    /** @return list<array<string, mixed>> what is kept; nothing is, afterwards */
    public function take(): array
    {
        $kept = $this->actions;
        $this->actions = [];
        return $kept;
    }
}
