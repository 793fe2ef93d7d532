<?php

declare(strict_types=1);

namespace Gatepost\Laravel;

use Gatepost\Client;
use Gatepost\Gateway;
use Gatepost\Once\PdoStore;
use Gatepost\Webhook;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Contracts\Foundation\CachesRoutes;
use Illuminate\Database\ConnectionResolverInterface;
use Illuminate\Support\ServiceProvider;

/**
 * Gatepost in Laravel: Gatepost\Client and Gatepost\Webhook from the container, the
 * broadcasting driver "gatepost", the routes of webhooks and client tokens, and the
 * commands gatepost:check and gatepost:once-table.
 */
final class GatepostServiceProvider extends ServiceProvider
{
    private const CONFIG = __DIR__ . '/../../laravel/gatepost.php';

    public function register(): void
    {
        $this->mergeConfigFrom(self::CONFIG, 'gatepost');
        $this->app->singleton(Client::class, function (): Client {
            return new Client($this->setting('url'), $this->setting('secret'), $this->setting('token'));
        });
        $this->app->singleton(Webhook::class, function (): Webhook {
            return new Webhook($this->setting('webhook.secret'), (int) ($this->setting('webhook.tolerance') ?? 300));
        });
        $this->app->bind(PdoStore::class, function (): PdoStore {
            $database = $this->app->make(ConnectionResolverInterface::class)->connection($this->setting('webhook.once'));
            return new PdoStore($database->getPdo(), $database->getTablePrefix() . 'gatepost_once');
        });
        $this->callAfterResolving(BroadcastManager::class, function (BroadcastManager $manager): void {
            $manager->extend('gatepost', fn (): Broadcaster => new Broadcaster($this->app->make(Client::class)));
        });
    }

    public function boot(): void
    {
        Gateway::$url = $this->setting('url');
        Gateway::$secret = $this->setting('secret');
        Gateway::$token = $this->setting('token');
        if (!$this->app instanceof CachesRoutes || !$this->app->routesAreCached()) {
            $this->routes();
        }
        if ($this->app->runningInConsole()) {
            $this->publishes([self::CONFIG => $this->app->configPath('gatepost.php')], 'gatepost');
            $this->commands([CheckCommand::class, OnceTableCommand::class]);
        }
    }

    private function routes(): void
    {
        $router = $this->app->make('router');
        $webhook = $this->setting('webhook.path');
        if ($webhook !== null) {
            // Without middleware: the signature stands for login and CSRF token.
            $router->post($webhook, WebhookController::class)->name('gatepost.webhook');
        }
        $token = $this->setting('client_token.path');
        if ($token !== null) {
            $router->post($token, TokenController::class)
                ->middleware($this->setting('client_token.middleware') ?? [])
                ->name('gatepost.token');
        }
    }

    private function setting(string $name): mixed
    {
        return $this->app->make('config')->get("gatepost.$name");
    }
}
