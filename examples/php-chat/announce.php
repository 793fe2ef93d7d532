<?php

// Says something to everybody in the chat, from anywhere, whenever it likes: a signed push.
//
//   GATEPOST_SECRET=… php announce.php "We restart at noon"

declare(strict_types=1);

require __DIR__ . '/../../sdk/php/autoload.php';

if ($argc !== 2) {
    fwrite(STDERR, "usage: php announce.php TEXT\n");
    exit(2);
}
try {
    $pushed = (new Gatepost\Client())->push(json: ['type' => 'announce', 'text' => $argv[1]], groups: ['lobby']);
} catch (Gatepost\Exception\GatepostException $e) {
    fwrite(STDERR, $e->getMessage() . "\n");
    exit(1);
}
echo "matched $pushed->matched, queued $pushed->queued, dropped $pushed->dropped\n";
