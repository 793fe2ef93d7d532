<?php

/**
 * What a call of the facade costs, against a bare curl handle that makes the same
 * call with the same token. Needs a running gateway: GATEPOST_SECRET, and GATEPOST_URL
 * where that isn't http://127.0.0.1:8080.
 *
 *   php calls.php compare   times both in turns, and prints the medians
 *   php calls.php mixed     makes 1,000 different calls and prints nothing
 */

declare(strict_types=1);

use Gatepost\Gateway;
use Gatepost\Token\Signer;

require __DIR__ . '/../autoload.php';

const CALLS = 1000;
const ROUNDS = 5;

if (($argv[1] ?? '') === 'mixed') {
    for ($i = 0; $i < CALLS / 4; $i++) {
        Gateway::sendToGroup('nobody', "message $i");
        Gateway::isUidOnline($i + 1);
        Gateway::getClientCountByGroup('nobody');
        Gateway::isOnline('0123456789abcdef0123');
    }
    exit;
}

/** A handle with all options set once; what remains to do is to run it. */
function bare(): Closure
{
    $signer = new Signer((string) getenv('GATEPOST_SECRET'));
    $token = $signer->sign(['aud' => 'gatepost:api', 'exp' => time() + 300, 'scope' => 'push:group:nobody']);
    $handle = curl_init((getenv('GATEPOST_URL') ?: 'http://127.0.0.1:8080') . '/actions');
    curl_setopt_array($handle, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HTTPHEADER => ["authorization: Bearer $token", 'content-type: application/json'],
        CURLOPT_POSTFIELDS => '{"actions":[{"action":"send","groups":["nobody"],"text":"hello"}]}',
    ]);
    return static fn () => curl_exec($handle) ?: throw new RuntimeException(curl_error($handle));
}

/** @return array{float, float} microseconds of time and of this process's CPU for one call */
function timed(callable $call): array
{
    $cpu = static function (): float {
        $usage = getrusage();
        return ($usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']) * 1e6
            + $usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec'];
    };
    $wall = hrtime(true);
    $used = $cpu();
    for ($i = 0; $i < CALLS; $i++) {
        $call();
    }
    return [(hrtime(true) - $wall) / 1e3 / CALLS, ($cpu() - $used) / CALLS];
}

$kinds = ['facade' => static fn () => Gateway::sendToGroup('nobody', 'hello'), 'curl' => bare()];
$taken = [];
for ($round = 0; $round < ROUNDS; $round++) {
    foreach ($kinds as $kind => $call) {
        [$taken["$kind time"][], $taken["$kind CPU"][]] = timed($call);
    }
}
$median = array_map(static function (array $values): float {
    sort($values);
    return $values[intdiv(count($values), 2)];
}, $taken);
printf(
    "%d calls, median of %d rounds: facade %.0f µs (%.0f µs CPU), bare curl %.0f µs (%.0f µs CPU), ratio %.2f\n",
    CALLS,
    ROUNDS,
    $median['facade time'],
    $median['facade CPU'],
    $median['curl time'],
    $median['curl CPU'],
    $median['facade time'] / $median['curl time'],
);
