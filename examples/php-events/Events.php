<?php

use GatewayWorker\Lib\Gateway;

/**
 * A chat in rooms: the callbacks of a GatewayWorker project, as BusinessWorker runs them.
 *
 * A page sends {"type":"login","room":…,"name":…}, then {"type":"say","to":…,"text":…}
 * ("to" is "all" or a client_id), and {"type":"pong"} as often as it is asked for.
 */
class Events
{
    /** The longest name and room, in bytes. */
    const LONGEST = 32;

    /** Somebody has connected. */
    public static function onConnect($client_id)
    {
        Gateway::sendToCurrentClient(json_encode(['type' => 'hello', 'client_id' => $client_id]));
    }

    /** The WebSocket's handshake is there: only now is it known what was asked for. */
    public static function onWebSocketConnect($client_id, $data)
    {
        $_SESSION['lang'] = isset($data['get']['lang']) ? $data['get']['lang'] : 'en';
        if (isset($data['get']['banned'])) {
            Gateway::closeCurrentClient(json_encode(['type' => 'error', 'text' => 'You are banned.']));
        }
    }

    /** Somebody has sent something. */
    public static function onMessage($client_id, $message)
    {
        $said = json_decode($message, true);
        if (!is_array($said) || !isset($said['type'])) {
            echo "not understood: $message\n";
            return;
        }
        switch ($said['type']) {
            case 'pong':
                return;
            case 'login':
                return self::login($client_id, $said);
            case 'say':
                return self::say($client_id, $said);
            case 'logout':
                return self::logout($client_id);
        }
    }

    /** Somebody has gone, however that came. */
    public static function onClose($client_id)
    {
        if (isset($_SESSION['room'])) {
            self::tell($_SESSION['room'], ['type' => 'logout', 'client_id' => $client_id, 'name' => $_SESSION['name']]);
        }
    }

    private static function login($client_id, array $said)
    {
        $room = isset($said['room']) ? trim($said['room']) : '';
        $name = isset($said['name']) ? trim($said['name']) : '';
        foreach ([$room, $name] as $word) {
            if ($word === '' || strlen($word) > self::LONGEST) {
                Gateway::sendToCurrentClient(json_encode(['type' => 'error', 'text' => 'A room and a name, please.']));
                return;
            }
        }
        $_SESSION['room'] = $room;
        $_SESSION['name'] = $name;

        // Who is there already; then everybody, the one who comes included, hears of it.
        $there = [];
        foreach (Gateway::getClientSessionsByGroup($room) as $id => $session) {
            $there[$id] = $session['name'];
        }
        Gateway::joinGroup($client_id, $room);
        Gateway::bindUid($client_id, $name);
        $there[$client_id] = $name;
        self::tell($room, ['type' => 'login', 'client_id' => $client_id, 'name' => $name, 'time' => date('Y-m-d H:i:s')]);
        Gateway::sendToCurrentClient(json_encode([
            'type' => 'there',
            'clients' => $there,
            'windows' => count(Gateway::getClientIdByUid($name)),
            'address' => $_SERVER['REMOTE_ADDR'],
            'lang' => $_SESSION['lang'],
        ]));
    }

    private static function say($client_id, array $said)
    {
        if (!isset($_SESSION['room'])) {
            echo "$client_id ({$_SERVER['REMOTE_ADDR']}) speaks without login\n";
            return;
        }
        $message = ['type' => 'say', 'from' => $client_id, 'name' => $_SESSION['name'], 'text' => $said['text']];
        if ($said['to'] === 'all') {
            self::tell($_SESSION['room'], $message);
            return;
        }
        $message['private'] = true;
        Gateway::sendToClient($said['to'], json_encode($message));
        Gateway::sendToCurrentClient(json_encode($message));
    }

    private static function logout($client_id)
    {
        $room = $_SESSION['room'];
        Gateway::leaveGroup($client_id, $room);
        self::tell($room, ['type' => 'logout', 'client_id' => $client_id, 'name' => $_SESSION['name']]);
        unset($_SESSION['room'], $_SESSION['name']);
        Gateway::sendToCurrentClient(json_encode(['type' => 'bye', 'keys' => array_keys($_SESSION)]));
    }

    private static function tell($room, array $message)
    {
        Gateway::sendToGroup($room, json_encode($message));
    }
}
