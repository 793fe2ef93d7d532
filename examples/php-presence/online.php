<?php
// Who is online, in a table that ends up right whatever dies: the gateway, a node's network, this
// backend, its database. A webhook for Gatepost in one file, PHP 8.1 or later with pdo_sqlite.
//
//   ONLINE_DB=online.sqlite GATEPOST_WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:9000 online.php
//
// GET /online answers {"uid": number of connections}. Everything else is a webhook.
//
// Three facts of the contract carry it:
//   1. Each connect that this page may have accepted is followed by exactly one close, in the end.
//   2. Events of one client are first delivered in order; repeats of them may come at any time.
//   3. Events of different clients come in any order.
// So there is a row for each client_id, a close is remembered, and a row only moves forward by seq.

declare(strict_types=1);
ini_set('display_errors', '0');
http_response_code(500); // until we know better: an uncaught exception is a 500, and tried again

const REMEMBERED = 15 * 24 * 3600; // longer than any repeat: tries last a day, dead letters 14 days

$db = new PDO('sqlite:' . (getenv('ONLINE_DB') ?: __DIR__ . '/online.sqlite'));
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$db->exec('PRAGMA busy_timeout = 5000');
$db->exec('CREATE TABLE IF NOT EXISTS clients (
    client_id TEXT PRIMARY KEY,
    uid       TEXT,
    seq       INTEGER NOT NULL,
    closed_at INTEGER
) WITHOUT ROWID');

if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    $rows = $db->query('SELECT uid, COUNT(*) FROM clients WHERE closed_at IS NULL AND uid IS NOT NULL GROUP BY uid');
    answer((object) $rows->fetchAll(PDO::FETCH_KEY_PAIR));
    return;
}

$event = verified_event(getenv('GATEPOST_WEBHOOK_SECRET') ?: '');
$client = $event['data'];
// What this page answers to a connect decides the uid; every later event shows it.
$uid = $event['type'] === 'connect' ? ($client['request']['query']['name'] ?? null) : $client['uid'];
$closed = $event['type'] === 'close' ? time() : null;

// A repeat, or an event that was overtaken by a replay, has a seq that isn't above the row's and
// changes nothing; a close is final. A close whose connect never came to be (it was refused, or its
// answer was lost) makes a row that is closed from the start, so that a late connect finds it.
$db->prepare('INSERT INTO clients (client_id, uid, seq, closed_at) VALUES (:id, :uid, :seq, :closed)
    ON CONFLICT (client_id) DO UPDATE SET uid = excluded.uid, seq = excluded.seq, closed_at = excluded.closed_at
    WHERE excluded.seq > clients.seq AND clients.closed_at IS NULL')
    ->execute(['id' => $client['client_id'], 'uid' => $uid, 'seq' => $client['seq'], 'closed' => $closed]);
if ($closed !== null && random_int(1, 100) === 1) {
    $db->prepare('DELETE FROM clients WHERE closed_at < ?')->execute([$closed - REMEMBERED]);
}

answer($event['type'] === 'connect' && $uid !== null ? (object) ['uid' => $uid] : (object) []);

function answer(object $body): void
{
    http_response_code(200);
    header('content-type: application/json');
    echo json_encode($body, JSON_THROW_ON_ERROR);
}

/** The event in this request, if one of the secrets (separated by spaces) has signed it. */
function verified_event(string $secrets): array
{
    $body = (string) file_get_contents('php://input');
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (ctype_digit($timestamp) && abs(time() - (int) $timestamp) <= 300) {
        foreach (preg_split('/\s+/', $secrets, -1, PREG_SPLIT_NO_EMPTY) as $secret) {
            $key = (string) base64_decode(substr($secret, strlen('whsec_')), true);
            $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
            foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $signature) {
                if ($key !== '' && hash_equals($expected, $signature)) {
                    return json_decode($body, true, 512, JSON_THROW_ON_ERROR);
                }
            }
        }
    }
    http_response_code(401);
    exit('webhook-signature or webhook-timestamp is wrong');
}
