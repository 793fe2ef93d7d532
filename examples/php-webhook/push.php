<?php
// A push from PHP with nothing but curl functions: mint a token, make one HTTP call.
//
//   GATEPOST_SECRET=… php push.php groups lobby "Hello from PHP"
//   GATEPOST_SECRET=… php push.php uids anna "Only for anna"
//   GATEPOST_SECRET=… php push.php all "For everybody"

declare(strict_types=1);

/** A token (JWT, HS256) with which a call to the gateway's API may be made for a minute. */
function gatepost_token(string $secret, string $scope): string
{
    $encode = fn (string $bytes): string => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $claims = ['aud' => 'gatepost:api', 'exp' => time() + 60, 'scope' => $scope];
    $signed = $encode('{"alg":"HS256","typ":"JWT"}') . '.' . $encode(json_encode($claims, JSON_THROW_ON_ERROR));
    return $signed . '.' . $encode(hash_hmac('sha256', $signed, $secret, true));
}

/** Sends $text to $target: ['all' => true], ['groups' => ['lobby']], ['uids' => [42]] or ['clients' => [$client_id]]. */
function gatepost_push(string $url, string $secret, array $target, string $text): array
{
    // Names go into the body: in a path a proxy would decode them, and take ".." for a step.
    $call = curl_init("$url/push");
    curl_setopt_array($call, [
        CURLOPT_POSTFIELDS => json_encode($target + ['text' => $text], JSON_THROW_ON_ERROR), // makes it a POST
        CURLOPT_HTTPHEADER => [
            'authorization: Bearer ' . gatepost_token($secret, 'push'),
            'content-type: application/json', // curl would say it's a form, which is refused with 415
        ],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT => 2,
        CURLOPT_TIMEOUT => 10,
    ]);
    $answer = curl_exec($call);
    if ($answer === false) {
        throw new RuntimeException(curl_error($call));
    }
    if (curl_getinfo($call, CURLINFO_RESPONSE_CODE) !== 200) {
        throw new RuntimeException($answer);
    }
    return json_decode($answer, true, 512, JSON_THROW_ON_ERROR);
}

// GATEPOST_SECRET may hold several, separated by commas: the first signs.
$secret = trim(explode(',', getenv('GATEPOST_SECRET') ?: '')[0]);
$names = array_slice($argv, 1, -1);
if ($secret === '' || $names === [] || $names[0] === '') {
    fwrite(STDERR, "usage: GATEPOST_SECRET=… php push.php all|groups NAME|uids NAME|clients ID TEXT\n");
    exit(2);
}
try {
    $target = $names === ['all'] ? ['all' => true] : [$names[0] => array_slice($names, 1)];
    $report = gatepost_push(getenv('GATEPOST_URL') ?: 'http://127.0.0.1:8080', $secret, $target, end($argv));
} catch (RuntimeException $e) {
    fwrite(STDERR, $e->getMessage() . "\n");
    exit(1);
}
echo "matched {$report['matched']}, queued {$report['queued']}, dropped {$report['dropped']}\n";
