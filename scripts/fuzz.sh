#!/usr/bin/env bash
# Runs every fuzz target for the given time (20s), one after the other: go test
# takes only one at once.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-20s}

packages=$(go list -buildvcs=false ./...)
for package in $packages; do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "== $package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
	done
done
