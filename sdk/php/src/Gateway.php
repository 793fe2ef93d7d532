<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Exception\ApiError;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Exception\NoCurrentEvent;
use Gatepost\Result\ActionResult;

/**
 * GatewayClient\Gateway and GatewayWorker\Lib\Gateway, with the same methods,
 * arguments, defaults and return values, over Gatepost's HTTP API.
 *
 * Outside of an event each method is one call at once. While an event is handled
 * (Current) what writes is kept for the reply, in call order; what reads carries that
 * out first. A client that has gone makes no write fail, as there; every other
 * problem throws. docs/from-gatewayworker.md lists what differs, and why.
 */
class Gateway
{
    use Facade\Connecting;
    use Facade\Sending;
    use Facade\Closing;
    use Facade\Online;
    use Facade\Uids;
    use Facade\Groups;
    use Facade\Sessions;

    /** The gateway's URL; null: GATEPOST_URL, else http://127.0.0.1:8080. */
    public static ?string $url = null;

    /** The gateway's GATEPOST_SECRET; null: the environment's. */
    public static ?string $secret = null;

    /** A ready token, used instead of the secret; null: GATEPOST_TOKEN, where no secret is set here. */
    public static ?string $token = null;

    /** @var int|float seconds to connect */
    public static $connectTimeout = 3;

    /** @var mixed not used: there is no Register. Here so that code that sets it goes on running */
    public static $registerAddress = '127.0.0.1:1236';

    /** @var mixed not used: see $secret, which is another kind of key */
    public static $secretKey = '';

    /** @var mixed not used: the connection is always kept */
    public static $persistentConnection = true;

    /** @var mixed not used: there are no addresses to cache */
    public static $addressesCacheDisable = false;

    private static ?Client $client = null;

    /** @var array<mixed> what $client was made of; empty for one that was set */
    private static array $madeOf = [];

    /** The client that the facade calls through; another one where the settings have changed. */
    public static function client(): Client
    {
        $settings = [self::$url, self::$secret, self::$token, self::$connectTimeout];
        if (self::$client === null || (self::$madeOf !== [] && self::$madeOf !== $settings)) {
            self::$client = new Client(
                self::$url,
                self::$secret,
                self::$token,
                ['connect_timeout' => self::$connectTimeout],
            );
            self::$madeOf = $settings;
        }
        return self::$client;
    }

    /** Calls through this client from now on; null: through one of the settings again. */
    public static function setClient(?Client $client): void
    {
        self::$client = $client;
        self::$madeOf = [];
    }

    /** For tests: a gateway in memory takes the place of the real one, until setClient(null). */
    public static function fake(): FakeGateway
    {
        $fake = new FakeGateway();
        self::setClient($fake->client());
        return $fake;
    }

    /** Carries out at once what is kept for the reply to the current event. */
    public static function flush(): void
    {
        Current::get()?->flush();
    }

    /**
     * Carries out actions, in order and at once.
     *
     * @internal
     * @param list<array<string, mixed>> $actions
     * @throws ApiError the first problem, after all were tried; a client that has gone is none
     */
    public static function perform(array $actions): void
    {
        foreach (self::results($actions) as $result) {
            if ($result->error !== null && !$result->error->isClientGone()) {
                throw $result->error;
            }
        }
    }

    /**
     * @param list<array<string, mixed>> $actions
     * @return list<ActionResult>
     */
    private static function results(array $actions): array
    {
        if (count($actions) === 1) {
            return self::client()->actions($actions);
        }
        $batch = self::client()->batch();
        foreach ($actions as $action) {
            $batch->add($action);
        }
        return $batch->run();
    }

    /** @param array<string, mixed> $action */
    private static function write(array $action): void
    {
        $current = Current::get();
        if ($current === null) {
            self::perform([$action]);
        } else {
            $current->add($action);
        }
    }

    /** The client to read with, once what the event's handler has asked for so far is done. */
    private static function reader(): Client
    {
        self::flush();
        return self::client();
    }

    /** A client id that was given; null is the event's client, as in GatewayWorker. */
    private static function clientId(mixed $id, string $method): string
    {
        return $id === null ? self::current($method)->clientId : Name::client($id);
    }

    private static function current(string $method): Current
    {
        return Current::get() ?? throw new NoCurrentEvent($method);
    }

    /** False for what GatewayWorker takes for no name at all: '', '0', 0, null, false, []. */
    private static function isValidGroupId(mixed $group): bool
    {
        if (empty($group)) {
            echo 'group(' . var_export($group, true) . ") empty\n";
            return false;
        }
        return true;
    }

    /**
     * @param mixed $message a scalar or something that has __toString
     * @return array{text: string}|array{binary: string} binary where it isn't UTF-8
     */
    private static function message(mixed $message): array
    {
        if (!is_scalar($message) && !$message instanceof \Stringable) {
            throw new InvalidArgument('message', 'is ' . get_debug_type($message) . '; it must be a string');
        }
        $text = (string) $message;
        return preg_match('//u', $text) === 1 ? ['text' => $text] : ['binary' => base64_encode($text)];
    }
}
