#!/usr/bin/env bash
# Starts an example, and a gateway before it: examples/start.sh NAME. Ctrl-C ends both.
#
# The gateway listens at GATEPOST_ADDR (127.0.0.1:8080), the example at PORT (9000) of the
# loopback. GATEPOST is the gateway's program (bin/gatepost, built if it isn't there). The
# secrets are the environment's, or made once and kept in NAME/var/env.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=${1:-}

case $name in
node) backend=(node backend.mjs) ;;
python) backend=(python3 backend.py) ;;
php-hello | php-chat | php-webhook) backend=(php -S "127.0.0.1:${PORT:=9000}" webhook.php) ;;
php-events) PHP_ADDR=127.0.0.1:${PORT:-9000} exec "$here/php-events/start.sh" ;; # it has settings of its own
*)
	echo "usage: $0 php-hello|php-chat|php-events|php-webhook|node|python" >&2
	exit 2
	;;
esac

: "${PORT:=9000}" "${GATEPOST_ADDR:=127.0.0.1:8080}" "${GATEPOST:=$here/../bin/gatepost}"
[ -x "$GATEPOST" ] || make -C "$here/.." build
cd "$here/$name"
[ ! -f package-lock.json ] || [ -d node_modules ] || npm ci --ignore-scripts

if [ -z "${GATEPOST_SECRET:-}" ] || [ -z "${GATEPOST_WEBHOOK_SECRET:-}" ]; then
	[ -f var/env ] || (umask 077 && mkdir -p var && "$GATEPOST" secret >var/env.new && mv var/env.new var/env)
	. var/env
fi
set -a
GATEPOST_SECRET=$GATEPOST_SECRET GATEPOST_WEBHOOK_SECRET=$GATEPOST_WEBHOOK_SECRET
GATEPOST_ADDR=$GATEPOST_ADDR GATEPOST_URL=http://$GATEPOST_ADDR
GATEPOST_WEBHOOK_URL=http://127.0.0.1:$PORT/
GATEPOST_ORIGINS=http://127.0.0.1:$PORT,http://localhost:$PORT
GATEPOST_DATA_DIR=${GATEPOST_DATA_DIR:-$here/$name/var/gatepost}
GATEPOST_DRAIN=${GATEPOST_DRAIN:-1s}
PUBLIC_WS_URL=ws://$GATEPOST_ADDR/ws
PHP_CLI_SERVER_WORKERS=${PHP_CLI_SERVER_WORKERS:-8}
set +a

set -m # each job is a group of its own, and ends with all that it has started
trap 'for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done; wait' EXIT
trap 'trap "" INT TERM; exit 0' INT TERM # an impatient second Ctrl-C leaves nothing running
"${backend[@]}" &
"$GATEPOST" serve &
echo "$name: http://127.0.0.1:$PORT/" >&2
wait -n # for the first to end, which ends the other
