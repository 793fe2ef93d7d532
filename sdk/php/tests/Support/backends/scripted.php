<?php

// Answers as the path says, such as /503 or /html, and shows what it was asked for.
$path = (string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (preg_match('~^/redirect~', $path)) {
    header('location: /elsewhere', true, 302);
    return;
}
if (preg_match('~^/slow~', $path)) {
    usleep(2_000_000);
}
if (preg_match('~^/html~', $path)) {
    echo '<b>Fatal error</b>';
    return;
}
if (preg_match('~^/503~', $path)) {
    http_response_code(503);
    echo '<h1>proxy</h1>';
    return;
}
header('content-type: application/json');
header('gatepost-partial: node-a, node-b');
echo json_encode([
    'method' => $_SERVER['REQUEST_METHOD'],
    'uri' => $_SERVER['REQUEST_URI'],
    'headers' => array_change_key_case(getallheaders()),
    'body' => file_get_contents('php://input'),
]);
