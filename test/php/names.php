<?php

// Pushes to the uids and groups of these names, of which each has one client, asks for them, and
// dissolves the groups. Prints what is wrong.

declare(strict_types=1);

use Gatepost\Client;
use Gatepost\Gateway;

require __DIR__ . '/../../sdk/php/autoload.php';

$names = array_slice($argv, 1);
$client = new Client();
$ids = array_map(static fn (int $i): string => sprintf('%040d', $i), range(1, 1000));
foreach ($names as $name) {
    $client->join([], $name, uids: [$name]);
}
foreach ($names as $name) {
    $seen = [
        $client->pushUid($name, "to uid $name", $ids)->matched,
        count($client->uid($name)->clients),
        $client->group($name)->clients,
        count($client->clients(groups: [$name])),
        count($client->clients(uids: [...array_slice($ids, 1), $name])),
        $client->uids([$name])->items[$name] ?? 0,
        count($client->lookup(groups: [$name])->groups),
        Gateway::getClientIdCountByGroup($name),
    ];
    Gateway::sendToGroup($name, "to group $name", $ids);
    if ($seen !== array_fill(0, 8, 1)) {
        echo "$name: ", json_encode($seen), "\n";
    }
}
foreach ($names as $name) {
    $removed = $client->dissolve($name);
    if ($removed !== 1) {
        echo "$name: dissolved of $removed\n";
    }
}
