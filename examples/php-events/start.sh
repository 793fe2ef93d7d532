#!/usr/bin/env bash
# Starts the chat: PHP's built-in server for the page and the webhook, and the gateway on
# the port that GatewayWorker's would have. Ctrl-C ends both.
#
#   ./start.sh
#
# GATEPOST is the program (bin/gatepost, built if it isn't there), PHP_ADDR where the page is.
set -euo pipefail
set -m # each job is a process group of its own, which ends as a whole
cd "$(dirname "${BASH_SOURCE[0]}")"

gatepost=${GATEPOST:-../../bin/gatepost}
[ -x "$gatepost" ] || make -C ../.. build >&2
php_addr=${PHP_ADDR:-127.0.0.1:9000}
export GATEPOST_ADDR=${GATEPOST_ADDR:-127.0.0.1:7272}
export GATEPOST_URL=http://$GATEPOST_ADDR # for PHP, which asks the gateway things

set -a
eval "$("$gatepost" secret)"
set +a

# GatewayWorker looks at no path, greets nobody, and asks its clients for a sign of life in
# a text message.
export GATEPOST_WS_PATH=/ GATEPOST_WELCOME=off GATEPOST_PING_DATA='{"type":"ping"}'
export GATEPOST_WEBHOOK_URL=http://$php_addr/webhook.php GATEPOST_ORIGINS=http://$php_addr
export GATEPOST_DATA_DIR=${GATEPOST_DATA_DIR:-memory} GATEPOST_DRAIN=${GATEPOST_DRAIN:-1s}

PHP_CLI_SERVER_WORKERS=8 php -S "$php_addr" -t public >/dev/null &
php=$!
"$gatepost" serve &
node=$!
end() { # the gateway first: it has closes to tell PHP of
	kill -- -$node 2>/dev/null || true
	wait $node || true
	kill -- -$php 2>/dev/null || true
}
trap end EXIT
trap 'trap "" INT TERM; exit 0' INT TERM # an impatient second Ctrl-C leaves nothing running

echo "The chat is at http://$php_addr/?gateway=$GATEPOST_ADDR"
wait -n $node $php
