#!/usr/bin/env bash
# Installs what the tests need besides Go, on Debian and its relatives: a C
# compiler (race detector), PHP with PHPUnit, PHP_CodeSniffer and the extensions
# for curl, SQLite and APCu, curl, Node.js with npm, Chromium, Python. What is there
# already isn't touched. Needs root or sudo only if something is missing.
set -euo pipefail

missing=()

# need COMMAND PACKAGE...: the packages, unless the command is there.
need() {
	local command=$1
	shift
	command -v "$command" >/dev/null 2>&1 || missing+=("$@")
}

need cc gcc libc6-dev
need php php-cli
need phpunit phpunit php-xml php-mbstring
need phpcs php-codesniffer
need curl curl
need node nodejs
need npm npm
need chromium chromium
need python3 python3
declare -A php_package=([curl]=php-curl [pdo_sqlite]=php-sqlite3 [apcu]=php-apcu)
modules=$(php -m 2>/dev/null || true)
for module in "${!php_package[@]}"; do
	grep -qx "$module" <<<"$modules" || missing+=("${php_package[$module]}")
done

if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi

give_up() {
	echo "setup: $1" >&2
	echo "setup: the tests need these Debian packages, or what they contain: ${missing[*]}" >&2
	exit 1
}

command -v apt-get >/dev/null 2>&1 || give_up "there is no apt-get on this machine"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null 2>&1 || give_up "neither root nor sudo"
	as_root=(sudo)
fi

echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -q || give_up "apt-get update failed"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" ||
	give_up "apt-get install failed"
