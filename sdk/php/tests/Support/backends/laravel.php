<?php

/**
 * A Laravel application as Debian's php-laravel-framework has it, with this package's
 * provider: returned to a test that requires this file, run as a server's script.
 *
 * It lives in the directory of LARAVEL_DIRECTORY. Who is logged in is in the header x-user.
 */

declare(strict_types=1);

use Gatepost\Event\Close;
use Gatepost\Event\Connect;
use Gatepost\Event\Message;
use Gatepost\Gateway;
use Gatepost\Laravel\GatepostServiceProvider;
use Gatepost\Reply;
use Illuminate\Auth\GenericUser;
use Illuminate\Contracts\Console\Kernel as ConsoleKernel;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Http\Kernel as HttpKernel;
use Illuminate\Foundation\Application;
use Illuminate\Http\Request;

error_reporting(E_ALL & ~E_DEPRECATED); // Laravel 8 on PHP 8.2
require_once __DIR__ . '/../../bootstrap.php';
require_once 'Illuminate/autoload.php';

return (static function (): Application {
    $base = (string) getenv('LARAVEL_DIRECTORY');
    foreach (['bootstrap/cache', 'config', 'storage/logs'] as $directory) {
        is_dir("$base/$directory") || mkdir("$base/$directory", 0700, true);
    }
    file_put_contents("$base/composer.json", '{"autoload":{"psr-4":{"App\\\\":"app/"}}}');
    file_put_contents("$base/config/app.php", '<?php return ' . var_export([
        'name' => 'test', 'env' => 'testing', 'debug' => false, 'timezone' => 'UTC', 'locale' => 'en',
        'key' => 'base64:' . base64_encode(str_repeat('k', 32)), 'cipher' => 'AES-256-CBC',
        'providers' => [
            Illuminate\Auth\AuthServiceProvider::class,
            Illuminate\Broadcasting\BroadcastServiceProvider::class,
            Illuminate\Bus\BusServiceProvider::class,
            Illuminate\Database\DatabaseServiceProvider::class,
            Illuminate\Filesystem\FilesystemServiceProvider::class,
            Illuminate\Foundation\Providers\FoundationServiceProvider::class,
            Illuminate\Queue\QueueServiceProvider::class,
            Illuminate\View\ViewServiceProvider::class,
            GatepostServiceProvider::class,
        ],
        'aliases' => [],
    ], true) . ';');
    file_put_contents("$base/config/auth.php", '<?php return ' . var_export([
        'defaults' => ['guard' => 'test'], 'guards' => ['test' => ['driver' => 'test']],
    ], true) . ';');
    file_put_contents("$base/config/broadcasting.php", '<?php return ' . var_export([
        'default' => 'gatepost', 'connections' => ['gatepost' => ['driver' => 'gatepost']],
    ], true) . ';');
    file_put_contents("$base/config/database.php", '<?php return ' . var_export([
        'default' => 'sqlite',
        'connections' => ['sqlite' => ['driver' => 'sqlite', 'database' => ':memory:', 'prefix' => 'x_']],
    ], true) . ';');
    file_put_contents("$base/config/queue.php", '<?php return ["default" => "sync", "connections" => ["sync" => ["driver" => "sync"]]];');
    file_put_contents("$base/config/logging.php", '<?php return ["default" => "errorlog", "channels" => ["errorlog" => ["driver" => "errorlog"]]];');
    file_put_contents("$base/config/view.php", '<?php return ["paths" => [], "compiled" => "' . $base . '"];');

    $app = new Application($base);
    $app->singleton(HttpKernel::class, Illuminate\Foundation\Http\Kernel::class);
    $app->singleton(ConsoleKernel::class, Illuminate\Foundation\Console\Kernel::class);
    $app->singleton(ExceptionHandler::class, Illuminate\Foundation\Exceptions\Handler::class);
    $app->booted(static function () use ($app): void {
        $app['router']->middlewareGroup('web', []);
        $app['auth']->viaRequest('test', static function (Request $request): ?GenericUser {
            $id = $request->header('x-user');
            return $id === null ? null : new GenericUser(['id' => $id, 'name' => strtoupper((string) $id)]);
        });
        Illuminate\Support\Facades\Broadcast::routes();
        Illuminate\Support\Facades\Broadcast::channel('orders.{id}', static fn ($user, $id) => $user->id === $id);
        Illuminate\Support\Facades\Broadcast::channel('room', static fn ($user) => ['name' => $user->name]);
        $app['events']->listen(Connect::class, static fn (Connect $event): ?Reply =>
            isset($event->request->query['banned']) ? Reply::refuse(403, 'banned') : null);
        $app['events']->listen(Message::class, static function (Message $event): ?array {
            if ($event->text === 'fail') {
                throw new RuntimeException('a secret');
            }
            Gateway::sendToClient($event->clientId, 'through the facade');
            return ['reply' => "you said $event->text"];
        });
    });

    if (PHP_SAPI === 'cli-server') {
        $request = Request::capture();
        $kernel = $app->make(HttpKernel::class);
        $response = $kernel->handle($request);
        $response->send();
        $kernel->terminate($request, $response);
    } else {
        $app->make(ConsoleKernel::class)->bootstrap();
    }
    return $app;
})();
