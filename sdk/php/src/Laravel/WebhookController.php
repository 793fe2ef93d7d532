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
use Illuminate\Database\ConnectionInterface;
use Illuminate\Database\ConnectionResolverInterface;
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
        $once = $this->container->make('config')->get('gatepost.webhook.once');
        if ($once !== null) {
            $database = $this->container->make(ConnectionResolverInterface::class)->connection($once);
            $handler = Webhook::once(
                $this->container->make(PdoStore::class),
                fn (Event $event): Reply => $this->handleOutsideTransactions($database, $event),
            );
        }
        $answer = $this->container->make(Webhook::class)
            ->answer($request->headers->all(), $request->getContent(), $handler);
        if ($answer->error !== null && !$answer->error instanceof WebhookRefused) {
            $this->container->make(ExceptionHandler::class)->report($answer->error);
        }
        return new Response($answer->body, $answer->status, $answer->headers);
    }

    /**
     * Rolls back what listeners have left open, as the store would, but through Laravel, which
     * counts its transactions: in a process that lives on, the next would begin within this one.
     */
    private function handleOutsideTransactions(ConnectionInterface $database, Event $event): Reply
    {
        try {
            $reply = $this->handle($event);
            if ($database->transactionLevel() > 0) {
                throw new \LogicException('a listener left a transaction open; it was rolled back');
            }
            return $reply;
        } catch (\Throwable $error) {
            try {
                $database->rollBack(0);
            } catch (\Throwable) { // what went wrong first is what is to be known
            }
            throw $error;
        }
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
