<?php

// A chat in plain PHP, without a framework: ../start.sh php-chat starts it, and a gateway before it.
//
// The gateway POSTs what happens to / and carries out what the answer asks for. Everything else here is what
// any site has: a page, its scripts, and a place that answers a token to whoever is logged in.

declare(strict_types=1);

require __DIR__ . '/../../sdk/php/autoload.php';
require __DIR__ . '/online.php';

use Gatepost\Client;
use Gatepost\Event\Close;
use Gatepost\Event\Connect;
use Gatepost\Event\Message;
use Gatepost\Once\PdoStore;
use Gatepost\Reply;
use Gatepost\Webhook;

/** What a user may be called. */
const NAME = '/^[\p{L}\p{N}_.-][\p{L}\p{N}_ .-]{0,31}$/Du';

ini_set('display_errors', '0');

$path = (string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
match ($_SERVER['REQUEST_METHOD'] . ' ' . $path) {
    'POST /' => webhook(),
    'POST /token' => token(),
    'GET /online' => send('application/json', json_encode((new Online(database()))->list(), JSON_THROW_ON_ERROR)),
    'GET /' => page(),
    'GET /chat.js', 'GET /chat.css' => asset(__DIR__ . "/public$path"),
    'GET /sdk/client.js', 'GET /sdk/buffer.js', 'GET /sdk/reconnect.js'
        => asset(__DIR__ . '/../../sdk/js/src/' . basename($path)),
    default => send('text/plain', 'not found', 404),
};

// ---------------------------------------------------------------- the chat

/** Every event comes here once: a repeat, because its answer was lost, is answered with what was answered first. */
function webhook(): void
{
    $store = new PdoStore(database(), 'answers');
    $store->createTable();
    (new Webhook())->handle(Webhook::once($store, [
        'connect' => on_connect(...),
        'message' => on_message(...),
        'close' => on_close(...),
    ]));
}

function on_connect(Connect $event): Reply
{
    if ($event->uid === null) { // that of the token, which the gateway has verified
        return Reply::refuse(403, 'Connect with a token');
    }
    return online($event)->groups('lobby');
}

function on_close(Close $event): Reply
{
    return online($event);
}

/** Tells everybody who is online now. */
function online(Connect|Close $event): Reply
{
    $list = (new Online(database()))->record($event);
    return Reply::accept()->send(json: ['type' => 'online'] + $list, groups: ['lobby']);
}

function on_message(Message $event): Reply
{
    $message = $event->json();
    $text = $message['text'] ?? null;
    $to = $message['to'] ?? '';
    if (!is_string($text) || trim($text) === '' || !is_string($to) || ($to !== '' && preg_match(NAME, $to) !== 1)) {
        return Reply::accept(); // not from our page
    }
    if ($to === '') {
        $said = ['type' => 'say', 'from' => $event->uid, 'text' => $text];
        return Reply::accept()->send(json: $said, groups: ['lobby']);
    }
    $private = ['type' => 'private', 'from' => $event->uid, 'to' => $to, 'text' => $text];
    return Reply::accept()->send(json: $private, uids: [$to, $event->uid]);
}

// ---------------------------------------------------------------- the site

/** A token with which the page connects, good for a minute. A real site asks its session who this is. */
function token(): void
{
    $name = (string) file_get_contents('php://input', length: 256);
    if (preg_match(NAME, $name) !== 1) {
        send('text/plain', 'A name has 1 to 32 letters, digits, spaces and _.-', 400);
        return;
    }
    send('text/plain', (new Client())->clientToken($name));
}

function page(): void
{
    $gateway = htmlspecialchars(getenv('PUBLIC_WS_URL') ?: 'ws://127.0.0.1:8080/ws');
    header("content-security-policy: default-src 'self'; img-src data:; connect-src 'self' ws: wss:; frame-ancestors 'none'");
    send('text/html', str_replace('{{gateway}}', $gateway, (string) file_get_contents(__DIR__ . '/public/index.html')));
}

function asset(string $file): void
{
    send(str_ends_with($file, '.js') ? 'text/javascript' : 'text/css', (string) file_get_contents($file));
}

function send(string $type, string $body, int $status = 200): void
{
    http_response_code($status);
    header("content-type: $type; charset=utf-8");
    header('cache-control: no-cache');
    echo $body;
}

function database(): PDO
{
    static $db = null;
    if ($db === null) {
        $file = getenv('CHAT_DB') ?: __DIR__ . '/var/chat.sqlite';
        is_dir(dirname($file)) || @mkdir(dirname($file), 0o700, true);
        $db = new PDO("sqlite:$file", options: [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_TIMEOUT => 5]);
    }
    return $db;
}
