#!/bin/sh
# Rebuilds the ladder of README.md (bench/ladder) with all its tools, those that
# are missing installed with apt-get. Needs root, for the container engine.
#
#     scripts/ladder.sh [options of bench/ladder]
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

missing=$(while read -r tool package; do
    command -v "$tool" >/dev/null || echo "$package"
done <<TOOLS
nasm nasm
ld binutils
gcc gcc
musl-gcc musl-tools
docker docker.io
dockerd docker.io
docker-registry docker-registry
iptables iptables
TOOLS
)
if [ -n "$missing" ]; then
    apt-get update -q
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

# A static busybox, unpacked beside: the package would replace the system's own.
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
(cd "$work" && apt-get download -q busybox-static 2>/dev/null && dpkg-deb -x busybox-static_*.deb .)

go run ./bench/ladder -busybox "$work/bin/busybox" "$@"
go run ./cmd/tasm explain --format svg -o docs/hello.svg samples/hello.tasm
