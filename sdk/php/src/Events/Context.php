<?php

declare(strict_types=1);

namespace Gatepost\Events;

/**
 * GatewayWorker\Lib\Context while an event is handled: what an Events class may read there.
 *
 * @internal
 */
final class Context
{
    /** @var int the client's IPv4 address as ip2long gives it; 0 for another kind */
    public static $client_ip = 0;

    /** @var int */
    public static $client_port = 0;

    /** @var string|null */
    public static $client_id = null;

    /** @var array<mixed>|null the session as the event brought it */
    public static $old_session = null;
}
