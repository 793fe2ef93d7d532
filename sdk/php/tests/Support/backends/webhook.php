<?php

/** A webhook whose handler does what the message says: the answer must be clean all the same. */

declare(strict_types=1);

use Gatepost\Event\Message;
use Gatepost\Reply;
use Gatepost\Webhook;

require __DIR__ . '/../../bootstrap.php';

if (isset($_GET['noise'])) {
    echo "a blank before <?php, say\n";
    echo $undefined; // @phpstan-ignore-line a warning
}
(new Webhook())->handle(['message' => static function (Message $event): mixed {
    switch ($event->text) {
        case 'echo':
            echo '<b>debug</b>';
            ob_start();
            echo 'a buffer left open';
            break;
        case 'flush':
            echo '<b>debug</b>';
            ob_flush();
            break;
        case 'slow':
            usleep(100_000);
            break;
        case 'warning':
            echo $undefined; // @phpstan-ignore-line
            break;
        case 'exception':
            throw new RuntimeException('a secret');
        case 'exit':
            exit('a secret');
        case 'fatal':
            ini_set('memory_limit', '4M');
            echo 'a secret', strlen(str_repeat('x', 64 << 20));
            break;
        case 'undefined':
            no_such_function(); // @phpstan-ignore-line
            break;
        case 'refuse':
            return Reply::refuse(422, 'no');
    }
    return ['reply' => 'done'];
}]);
