<?php // webhook.php: what the gateway asks; and a page to try it with

require __DIR__ . '/../../sdk/php/autoload.php'; // with Composer: vendor/autoload.php

use Gatepost\{Event\Close, Event\Connect, Event\Message, Reply, Webhook};

if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    $gateway = getenv('PUBLIC_WS_URL') ?: 'ws://127.0.0.1:8080/ws';
    exit(str_replace('{{gateway}}', $gateway, file_get_contents(__DIR__ . '/../page.html')));
}

(new Webhook())->handle([
    'connect' => fn (Connect $e) => ($name = $e->request->query['name'] ?? '') === ''
        ? Reply::refuse(403, 'Connect with ?name=')
        : Reply::accept()->uid($name)->groups('lobby'),
    'message' => fn (Message $e) => say($e->uid, $e->text),
    'close' => fn (Close $e) => $e->uidRemaining === 0 ? say($e->uid, 'has left') : null,
]);

function say(string $who, ?string $text): Reply
{
    return Reply::accept()->send(json: ['from' => $who, 'text' => $text], groups: ['lobby']);
}
