<?php

declare(strict_types=1);

// Published as config/gatepost.php by: php artisan vendor:publish --tag=gatepost
return [
    // Where the gateway's API is, for PHP; and its GATEPOST_SECRET, or a ready token instead. What is null here
    // may stand in a file: GATEPOST_SECRET_FILE.
    'url' => env('GATEPOST_URL', 'http://127.0.0.1:8080'),
    'secret' => env('GATEPOST_SECRET'),
    'token' => env('GATEPOST_TOKEN'),

    'webhook' => [
        // The route that GATEPOST_WEBHOOK_URL names; null: none.
        'path' => 'gatepost/webhook',
        'secret' => env('GATEPOST_WEBHOOK_SECRET'),
        // Seconds that a webhook's timestamp may be off.
        'tolerance' => 300,
        // A database connection in which replies are kept, so that a repeated event runs once;
        // null: none. "php artisan gatepost:once-table" makes its table.
        'once' => null,
    ],

    'client_token' => [
        // The route that gives a page the token to connect with; null: none.
        'path' => 'gatepost/token',
        'middleware' => ['web'],
        // Who isn't logged in gets a token too, without uid.
        'guests' => true,
        // Seconds in which it must be used.
        'ttl' => 60,
        // One of the gateway's GATEPOST_CLIENT_ISSUER, where that is set.
        'issuer' => null,
    ],
];
