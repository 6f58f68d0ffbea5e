#!/bin/sh
# Fetches the kernels of test/kernels/kernels.txt with apt-get, from the Debian
# mirror that this machine uses ($DEBIAN_MIRROR names another), and boots each
# in an emulated PC: a slow test, apart from scripts/test.sh.
# Kernels stay in a cache; remove that to get newer ones.
#
#     scripts/kernels.sh [options of test/kernels]
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tasm/kernels

for tool in apt-get dpkg-deb qemu-system-x86_64 qemu-system-i386; do
    command -v $tool >/dev/null || { echo "kernels.sh: $tool is needed (qemu is in the package qemu-system-x86)" >&2; exit 1; }
done
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Component: main' | head -n 1)}

# fetch SUITE ARCH PACKAGE DIR puts the kernel that a package of a suite depends
# on into DIR. apt-get works in a folder of its own there, so that nothing of
# this machine's changes.
fetch() {
    mkdir -p "$4/apt/lists/partial" "$4/apt/archives/partial"
    : >"$4/apt/status"
    echo "deb [arch=$2 target=Packages signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$4/apt/sources.list"
    cat >"$4/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$4/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$4/apt";
Dir::State::status "$4/apt/status";
Dir::Cache "$4/apt";
APT::Architecture "$2";
APT::Architectures { "$2"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
    (
        cd "$4/apt"
        export APT_CONFIG="$4/apt/apt.conf"
        apt-get update -q
        # The package of a kernel is named after its version, and others follow
        # it. The newer ones hold it in a package linux-binary.
        # shellcheck disable=SC2046
        apt-get download -q $(apt-cache depends --recurse --important "$3" | grep -E '^linux-(image|binary)-[0-9]')
        for package in *.deb; do
            dpkg-deb --fsys-tarfile "$package" >package.tar
            kernel=$(tar -tf package.tar | grep /vmlinuz) || continue
            tar -xOf package.tar "$kernel" >kernel
            mv kernel ../vmlinuz
        done
    )
    rm -r "$4/apt"
    [ -e "$4/vmlinuz" ] || { echo "kernels.sh: no kernel in package $3 of $1" >&2; exit 1; }
}

grep -v '^#' test/kernels/kernels.txt | while read -r suite arch package loader; do
    dir=$cache/$suite-$arch
    [ -e "$dir/vmlinuz" ] || fetch "$suite" "$arch" "$package" "$dir"
done
CGO_ENABLED=0 exec go run ./test/kernels -cache "$cache" "$@"
