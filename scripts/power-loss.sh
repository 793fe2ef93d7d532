#!/usr/bin/env bash
# Cuts the power of virtual machines that run the gateway: test/powerloss. Installs what
# that needs on Debian (an emulator, a shell for the machine, the tools of ext4) and
# fetches a kernel, without installing it, into a cache. Arguments go to go test.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(uname -m)" = x86_64 ] || {
	echo "power-loss: this machine is no x86_64" >&2
	exit 1
}

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	as_root=(sudo)
fi

PATH=$PATH:/usr/sbin # where ext4's tools are
missing=()
command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
[ -x /bin/busybox ] && /bin/busybox insmod 2>&1 | grep -q 'Usage' || missing+=(busybox-static)
command -v mkfs.ext4 >/dev/null && command -v debugfs >/dev/null || missing+=(e2fsprogs)
if [ ${#missing[@]} -gt 0 ]; then
	"${as_root[@]}" apt-get update -q
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
fi

# What Debian's package of this name depends on is the kernel of the day.
kernel=${XDG_CACHE_HOME:-$HOME/.cache}/gatepost-power-loss
if ! compgen -G "$kernel/boot/vmlinuz-*" >/dev/null; then
	package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
	[ -n "$package" ] || {
		"${as_root[@]}" apt-get update -q
		package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
	}
	fetched=$(mktemp -d)
	trap 'rm -rf "$fetched"' EXIT
	(cd "$fetched" && apt-get download -q "$package" && dpkg -x ./*.deb unpacked)
	rm -rf "$kernel"
	mkdir -p "$(dirname "$kernel")"
	mv "$fetched/unpacked" "$kernel"
fi

GATEPOST_TEST_KERNEL=$kernel go test -count=1 -timeout 1h -v "$@" ./test/powerloss
