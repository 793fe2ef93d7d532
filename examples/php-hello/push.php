<?php // push.php: a push, from anywhere, at any time

require __DIR__ . '/../../sdk/php/autoload.php';

$pushed = (new Gatepost\Client())->pushGroup('lobby', $argv[1] ?? 'Hello from PHP');
echo "matched $pushed->matched, queued $pushed->queued, dropped $pushed->dropped\n";
