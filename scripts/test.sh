#!/bin/sh
# Runs every check and test. Tools that are missing are installed with apt-get;
# nothing is skipped for want of one. Go must be there. Works as root, and as a
# user who may use sudo: only installing and the test programs then run as root,
# since they start a container engine, make devices and mount file systems.
set -eu
cd "$(dirname "$0")/.."

root=
testflags=
if [ "$(id -u)" -ne 0 ]; then
    root="sudo"
    testflags="-exec=sudo -E env PATH=$PATH:/usr/sbin:/sbin"
fi
PATH=$PATH:/usr/sbin:/sbin

# The compiler is for tests of kernel headers; Go would want libc's with it.
export CGO_ENABLED=0

# Each line: a command that tests use, and the Debian package that has it.
missing=$(while read -r tool package; do
    command -v "$tool" >/dev/null || echo "$package"
done <<TOOLS
nasm nasm
nvim neovim
emacs emacs-nox
node nodejs
npm npm
chromium chromium
yasm yasm
objdump binutils
gcc gcc
gdb gdb
ld.lld lld
make make
cmake cmake
meson meson
ninja ninja-build
valgrind valgrind
parallel parallel
tar tar
docker docker.io
dockerd docker.io
docker-registry docker-registry
skopeo skopeo
umoci umoci
bsdtar libarchive-tools
busybox busybox
python3 python3
iptables iptables
qemu-i386 qemu-user
llvm-mc-19 llvm-19
qemu-system-i386 qemu-system-x86
TOOLS
ls /usr/lib/gcc/x86_64-linux-gnu/*/32/libgcc.a >/dev/null 2>&1 || echo gcc-multilib
ls -d /usr/share/emacs/site-lisp/elpa-src/eglot-* >/dev/null 2>&1 || echo elpa-eglot
[ -e /usr/include/asm/unistd_32.h ] || [ -e /usr/include/x86_64-linux-gnu/asm/unistd_32.h ] || echo linux-libc-dev
[ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates)
if [ -n "$missing" ]; then
    $root apt-get update -q
    # shellcheck disable=SC2086
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
    echo "gofmt would change:" $unformatted >&2
    exit 1
fi
go vet ./...
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
# One package takes minutes, which a slow or busy machine makes more than go's ten.
go test -timeout 20m ${testflags:+"$testflags"} "$@" ./...
