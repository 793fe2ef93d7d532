<?php

// Runs the facade in connect events, and sends the client what each method returned.

use Gatepost\Current;
use Gatepost\Gateway;

require __DIR__ . '/../../bootstrap.php';

Gateway::$url = trim((string) file_get_contents((string) getenv('URL_FILE')));
$event = json_decode((string) file_get_contents('php://input'), true);
if ($event['type'] !== 'connect') {
    return;
}
$id = $event['data']['client_id'];
$current = new Current($id, $event['data']);
Current::run($current, static function () use ($id): void {
    Gateway::bindUid($id, 42);
    Gateway::joinGroup($id, 'room');
    Gateway::joinGroup($id, 7);
    Gateway::setSession($id, ['lang' => 'en']);
    $said = [];
    foreach (Gatepost\Tests\Support\Asked::CALLS as $method => $arguments) {
        $said[$method] = Gateway::$method(...$arguments);
    }
    Gateway::sendToCurrentClient((string) json_encode($said, JSON_FORCE_OBJECT));
    Gateway::sendToAll('to all');
    Gateway::sendToAll('to all others', null, $id);
});
header('content-type: application/json');
echo json_encode(['actions' => $current->take()]);
