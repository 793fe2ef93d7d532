#!/usr/bin/env bash
# Installs what the tests need besides Go, on Debian and its relatives: a C
# compiler (race detector), PHP with FPM, PHPUnit, PHP_CodeSniffer, Laravel and the extensions
# for curl, SQLite and APCu, curl, iproute2, nginx, Apache, Node.js with npm, Chromium, Python. What is there
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
need ip iproute2
[ -x /usr/sbin/nginx ] || need nginx nginx # which isn't in everybody's path
[ -x /usr/sbin/apache2 ] || need apache2 apache2-bin
need node nodejs
need npm npm
need chromium chromium
need python3 python3
php -r 'exit(stream_resolve_include_path("Illuminate/Foundation/Application.php") === false ? 1 : 0);' 2>/dev/null ||
	missing+=(php-laravel-framework)
compgen -G '/usr/sbin/php-fpm*' >/dev/null || missing+=(php-fpm)
declare -A php_package=([curl]=php-curl [pdo_sqlite]=php-sqlite3 [apcu]=php-apcu)
modules=$(php -m 2>/dev/null || true)
for module in "${!php_package[@]}"; do
	grep -qx "$module" <<<"$modules" || missing+=("${php_package[$module]}")
done

# In front of a command that changes the system.
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	as_root=(sudo)
fi

give_up() {
	echo "setup: $1" >&2
	echo "setup: the tests need these Debian packages, or what they contain: ${missing[*]}" >&2
	exit 1
}

install_missing() {
	command -v apt-get >/dev/null 2>&1 || give_up "there is no apt-get on this machine"
	[ ${#as_root[@]} -eq 0 ] || command -v sudo >/dev/null 2>&1 || give_up "neither root nor sudo"
	echo "setup: installing ${missing[*]}"
	"${as_root[@]}" apt-get update -q || give_up "apt-get update failed"
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" ||
		give_up "apt-get install failed"
}

# The JavaScript client needs Node.js 20; Debian 12 has 18. npm has the program itself
# as a package for each architecture.
upgrade_node() {
	local arch
	case $(uname -m) in
	x86_64) arch=x64 ;;
	aarch64) arch=arm64 ;;
	*)
		echo "setup: the tests need Node.js 20 or later, not $(node --version)" >&2
		exit 1
		;;
	esac
	echo "setup: installing Node.js 22 beside $(node --version)"
	"${as_root[@]}" npm install --global --prefix /usr/local --ignore-scripts "node-linux-$arch@22.23.3"
}

[ ${#missing[@]} -eq 0 ] || install_missing
node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || upgrade_node
