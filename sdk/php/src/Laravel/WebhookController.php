<?php

declare(strict_types=1);

namespace Gatepost\Laravel;

use Gatepost\Client;
use Gatepost\Current;
use Gatepost\Event;
use Gatepost\Event\Close;
use Gatepost\Exception\WebhookRefused;
use Gatepost\Once\PdoStore;
use Gatepost\Reply;
use Gatepost\Webhook;
use Gatepost\Webhook\Dispatch;
use Illuminate\Contracts\Container\Container;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Http\Request;
use Illuminate\Http\Response;

/**
 * The webhook as Laravel events: each of the gateway's is dispatched as its class
 * (Gatepost\Event\Connect, Message, Close). The first listener that returns something gives
 * the reply: a Reply, an array of its fields, or a string. What listeners do through
 * Gatepost\Gateway goes into the reply too.
 */
final class WebhookController
{
    public function __construct(private readonly Container $container)
    {
    }

    public function __invoke(Request $request): Response
    {
        $handler = fn (Event $event): Reply => $this->handle($event);
        if ($this->container->make('config')->get('gatepost.webhook.once') !== null) {
            $handler = Webhook::once($this->container->make(PdoStore::class), $handler);
        }
        $answer = $this->container->make(Webhook::class)
            ->answer($request->headers->all(), $request->getContent(), $handler);
        if ($answer->error !== null && !$answer->error instanceof WebhookRefused) {
            $this->container->make(ExceptionHandler::class)->report($answer->error);
        }
        return new Response($answer->body, $answer->status, $answer->headers);
    }

    private function handle(Event $event): Reply
    {
        $current = new Current($event->clientId, $event->data);
        $returned = Current::run(
            $current,
            fn (): mixed => $this->container->make(Dispatcher::class)->dispatch($event, [], true),
        );
        $reply = Dispatch::reply($returned, $event);
        if ($event instanceof Close) {
            $reply->actions(Presence::left($this->container->make(Client::class), $event));
        }
        return $reply->actions($current->take());
    }
}
