<?php

declare(strict_types=1);

namespace Gatepost\Webhook;

use Gatepost\Event;
use Gatepost\Event\Batch;
use Gatepost\Event\Message;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Json;
use Gatepost\Reply;

/**
 * From events to the answer: calls the handler for each, and puts the replies together.
 *
 * @internal
 */
final class Dispatch
{
    private const TYPES = ['connect', 'message', 'close'];

    /**
     * One handler of those by type.
     *
     * @param array<string, callable(covariant Event): mixed>|callable(Event): mixed $handlers
     * @return callable(Event): Reply
     */
    public static function handler(array|callable $handlers): callable
    {
        if (is_callable($handlers)) {
            return static fn (Event $event): Reply => self::reply($handlers($event), $event);
        }
        foreach ($handlers as $type => $handler) {
            if (!in_array($type, self::TYPES, true) || !is_callable($handler)) {
                throw new InvalidArgument('handlers', 'must be callables for connect, message and close');
            }
        }
        return static function (Event $event) use ($handlers): Reply {
            $handler = $handlers[$event->type] ?? null;
            return $handler === null ? Reply::accept() : self::reply($handler($event), $event);
        };
    }

    /**
     * What a handler has returned, as a reply.
     *
     * @param mixed $returned a Reply, an array of a reply's fields, a string to a message, or null
     */
    public static function reply(mixed $returned, Event $event): Reply
    {
        return match (true) {
            $returned === null => Reply::accept(),
            $returned instanceof Reply => $returned,
            is_array($returned) => Reply::of($returned),
            is_string($returned) && $event instanceof Message => Reply::accept()->reply($returned),
            default => throw new InvalidArgument(
                "the handler of {$event->type}",
                'returned ' . get_debug_type($returned) . '; it must return a Reply, an array or null',
            ),
        };
    }

    /**
     * @param callable(Event): Reply $handler
     * @throws \Throwable what the handler of a single event throws; in a batch that event comes again
     */
    public static function answer(Event|Batch $event, callable $handler): Response
    {
        if ($event instanceof Batch) {
            return self::answerBatch($event, $handler);
        }
        $reply = $handler($event);
        if ($reply->isDone()) {
            return Response::ofJson($reply->toJson());
        }
        return $reply->retryAfter === null
            ? Response::refusal($reply->status, $reply->text)
            : Response::text($reply->status, $reply->text, ['retry-after' => (string) $reply->retryAfter]);
    }

    /**
     * An event that fails harms no other: it is asked for again, then comes by itself, and
     * its own answer has a status to say what is wrong.
     *
     * @param callable(Event): Reply $handler
     */
    private static function answerBatch(Batch $batch, callable $handler): Response
    {
        $replies = [];
        $failure = null;
        foreach ($batch->events as $event) {
            $json = '{"retry":true}';
            try {
                $reply = $handler($event);
                $json = $reply->isDone() ? $reply->toJson() : $json;
            } catch (\Throwable $error) {
                $failure ??= $error;
            }
            $replies[] = Json::encode($event->id) . ':' . $json;
        }
        $json = '{"replies":{' . implode(',', $replies) . '}}';
        return new Response(200, ['content-type' => 'application/json'], $json, $failure);
    }
}
