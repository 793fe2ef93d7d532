<?php
// A backend for Gatepost in one file: no framework, no Composer, PHP 8.1 or later.
//
//   PHP_CLI_SERVER_WORKERS=4 GATEPOST_WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:9000 webhook.php
//
// GET / is a page to try it with. Everything else is a webhook: the gateway POSTs each event here,
// signed after Standard Webhooks 1.0, and carries out what the answer asks for.

declare(strict_types=1);

// A PHP page with a fatal error is a 200 with HTML unless it is told otherwise. The gateway would
// refuse the connection, and rightly; a 500 says more plainly what happened.
ini_set('display_errors', '0');
http_response_code(500);

if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    show_page();
    return;
}

$event = verified_event(getenv('GATEPOST_WEBHOOK_SECRET') ?: '');
$answer = match ($event['type']) {
    'connect' => on_connect($event['data']),
    'message' => on_message($event['data']),
    'close' => on_close($event['data']),
    default => [],
};
http_response_code(200);
header('content-type: application/json');
echo json_encode((object) $answer, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);

// ---------------------------------------------------------------- the application

/** A browser wants to connect. Whatever isn't 2xx refuses it, before the WebSocket exists. */
function on_connect(array $client): array
{
    // A real application looks at a cookie ($client['request']['cookies']) or a token here; this
    // one believes the name in ?name=.
    $name = $client['request']['query']['name'] ?? '';
    if (preg_match('/^[\w .-]{1,32}$/u', $name) !== 1) {
        refuse(403, 'Connect with ?name=');
    }
    return [
        'uid' => $name,                   // whose connection it is, for pushes to a user
        'groups' => ['lobby'],            // what it takes part in, for pushes to a group
        'session' => ['name' => $name],   // comes back with each of its events
    ];
}

/** A client sent something: say it to everybody in the lobby. */
function on_message(array $client): array
{
    return ['actions' => [
        to_lobby(['from' => $client['session']['name'], 'text' => $client['message']['text'] ?? '(binary)']),
    ]];
}

/** A connection has ended, however it did. There is exactly one close for each connect. */
function on_close(array $client): array
{
    if ($client['uid_remaining'] !== 0) {
        return []; // another window of theirs is still open
    }
    return ['actions' => [to_lobby(['from' => $client['session']['name'], 'text' => 'has left'])]];
}

function to_lobby(array $message): array
{
    return ['action' => 'send', 'groups' => ['lobby'], 'json' => $message];
}

// ---------------------------------------------------------------- the signature

/** The event in this request, if one of the secrets (separated by spaces) has signed it. */
function verified_event(string $secrets): array
{
    $body = (string) file_get_contents('php://input');
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        refuse(401, 'webhook-timestamp is missing or more than five minutes off');
    }
    $signatures = explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '');
    foreach (preg_split('/\s+/', $secrets, -1, PREG_SPLIT_NO_EMPTY) as $secret) {
        $key = base64_decode(substr($secret, strlen('whsec_')), true);
        if ($key === false || $key === '') {
            continue; // an empty key would verify what anyone signs
        }
        $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
        foreach ($signatures as $signature) {
            if (hash_equals($expected, $signature)) { // takes as long for a near miss as for a wild one
                return json_decode($body, true, 512, JSON_THROW_ON_ERROR);
            }
        }
    }
    refuse(401, 'webhook-signature is wrong');
}

function refuse(int $status, string $why): never
{
    http_response_code($status);
    header('content-type: text/plain; charset=utf-8');
    header('gatepost-refuse: 1'); // the handler means it: a proxy's 404 would be tried again
    exit($why);
}

function show_page(): void
{
    $gateway = getenv('PUBLIC_WS_URL') ?: 'ws://127.0.0.1:8080/ws';
    http_response_code(200);
    header('content-type: text/html; charset=utf-8');
    echo str_replace('{{gateway}}', htmlspecialchars($gateway), (string) file_get_contents(__DIR__ . '/../page.html'));
}
