<?php

declare(strict_types=1);

namespace Gatepost\Once;

use Gatepost\Event;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Json;
use Gatepost\Reply;
use Gatepost\Webhook\Log;

/**
 * A handler that runs once for each event id: see Webhook::once.
 *
 * @internal
 */
final class Guard
{
    /** Seconds between looks at whether the first has finished. */
    private const LOOK = 0.05;

    /** @var callable(Event): Reply */
    private $handler;

    /** @param callable(Event): Reply $handler */
    public function __construct(
        private readonly Store $store,
        callable $handler,
        private readonly int $ttl,
        private readonly int $lease,
        private readonly float $wait,
    ) {
        if ($ttl < 1 || $lease < 1 || $wait < 0) {
            throw new InvalidArgument('ttl, lease and wait', 'must be positive');
        }
        $this->handler = $handler;
    }

    public function __invoke(Event $event): Reply
    {
        $owner = bin2hex(random_bytes(16));
        $until = microtime(true) + $this->wait;
        do {
            $claim = $this->store->claim($event->id, $owner, $this->lease);
            if ($claim->isMine) {
                return $this->run($event, $owner);
            }
            if ($claim->reply !== null) {
                return self::unpack($claim->reply);
            }
            usleep((int) (self::LOOK * 1e6));
        } while (microtime(true) < $until);
        return Reply::retry();
    }

    private function run(Event $event, string $owner): Reply
    {
        try {
            $reply = ($this->handler)($event);
            $packed = self::pack($reply);
        } catch (\Throwable $error) {
            try {
                $this->store->release($event->id, $owner);
            } catch (\Throwable $other) { // what went wrong first is what is to be known
                error_log("gatepost: the claim of $event->id stands until its lease ends: " . Log::line((string) $other));
            }
            throw $error;
        }
        if ($reply->retryAfter === null) {
            $this->store->finish($event->id, $owner, $packed, $this->ttl);
        } else {
            $this->store->release($event->id, $owner);
        }
        return $reply;
    }

    private static function pack(Reply $reply): string
    {
        return $reply->isDone()
            ? $reply->toJson()
            : Json::encode(['refused' => ['status' => $reply->status, 'text' => $reply->text]], 'reply');
    }

    private static function unpack(string $packed): Reply
    {
        $fields = (array) json_decode($packed, false, 512, JSON_THROW_ON_ERROR);
        if (isset($fields['refused'])) {
            return Reply::refuse($fields['refused']->status, $fields['refused']->text);
        }
        // As arrays, so that an action's own objects stay objects.
        $fields['actions'] = array_map(static fn (object $action): array => (array) $action, $fields['actions'] ?? []);
        return Reply::of($fields);
    }
}
