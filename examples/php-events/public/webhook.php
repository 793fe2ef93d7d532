<?php

// What start_businessworker.php was: runs Events.php for each event that the gateway posts here.
// The gateway's secrets and its URL are in the environment.

require __DIR__ . '/../../../sdk/php/autoload.php'; // or Composer's vendor/autoload.php
require __DIR__ . '/../Events.php';

(new Gatepost\Webhook())->handle(new Gatepost\EventsAdapter());
