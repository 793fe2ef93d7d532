<?php

/** One of several processes that handle the same event: once.php files|sqlite DIRECTORY */

declare(strict_types=1);

use Gatepost\Reply;
use Gatepost\Tests\OnceTest;
use Gatepost\Webhook;

require __DIR__ . '/../bootstrap.php';
require_once 'PHPUnit/Autoload.php';

[, $kind, $directory] = $argv;
$handler = Webhook::once(OnceTest::shared($kind, $directory), static function () use ($directory): Reply {
    file_put_contents("$directory/ran", "ran\n", FILE_APPEND | LOCK_EX);
    usleep(300_000); // long enough for the others to come
    return Reply::accept()->reply('by ' . getmypid());
});
echo Webhook::fake()->message($handler, 'x', ['id' => 'evt_1'])->toJson();
