#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: kernel.sh 6.1|6.12|6.12+iommufd|7.x|6.12+debug
# Makes sure that a stock Debian kernel of that row, its modules and its headers
# are in the cache, and prints the folder: vmlinuz, version, lib/modules/VERSION,
# build (for external modules). The first run takes the newest that apt knows;
# later runs take the same one, without a network, until LAB_REFRESH=1 asks for
# the newest again. 6.12+iommufd is the kernel of 6.12 with iommufd beside it and
# VFIO built anew; its folder also holds make.args, for modules that use these.
# 7.x is the newest kernel of that series that Debian has, with iommufd, built here.
# So is 6.12+debug, which looks for mistakes of the bundled backend.
set -euo pipefail
. "$(dirname "$0")/common.sh"

. "$(dirname "$0")/iommufd.sh"
. "$(dirname "$0")/source.sh"
. "$(dirname "$0")/newest.sh"
. "$(dirname "$0")/debug.sh"

row=${1:?usage: kernel.sh KERNEL}
case $row in
6.12+iommufd | 7.x | 6.12+debug) meta='' ;;
6.1) meta=linux-image-amd64 ;;
6.12) meta=linux-image-6.12-amd64 ;;
*) die "unknown kernel '$row' (one of: $LAB_KERNELS)" ;;
esac

depends() {
    apt-cache depends --important "$1" 2>/dev/null |
        sed -n 's/^ *|\{0,1\}Depends: //p' | grep -E -m 1 "$2"
}

# The packages of the row: image, headers, common headers, build tools.
packages() {
    local image headers common kbuild
    image=$(depends "$meta" "^linux-image-${row}[.]") || return 1
    headers=${image/image/headers}
    common=$(depends "$headers" '^linux-headers-.*-common$') || return 1
    kbuild=$(depends "$headers" '^linux-kbuild-') || return 1
    echo "$image" "$headers" "$common" "$kbuild"
}

update() {
    echo "lab: apt-get update" >&2
    apt-get -qq update >&2 || die "apt-get update failed (it needs root); kernel $row is not in $LAB_CACHE yet"
}

# apt's lists may be absent, or older than what the archive still has.
download() {
    local pkgs
    pkgs=$(packages) && try_download "$pkgs" && return
    update
    pkgs=$(packages) || die "apt knows no $meta of Linux $row with its headers: are Debian 12 and its security updates among apt's sources?"
    try_download "$pkgs" || die "cannot download $pkgs"
}

# Sandbox::User: apt's own user may not reach the cache under a home; without
# the option apt says so, then goes on all the same.
try_download() {
    local pkgs
    read -ra pkgs <<<"$1"
    echo "lab: fetching ${pkgs[*]}" >&2
    rm -f ./*.deb
    apt-get -qq -o APT::Sandbox::User=root download "${pkgs[@]}" >&2
}

# The Makefile of the headers names their common part by absolute path; here it
# lies in the cache. The links among them are relative and stay right.
fix_headers() {
    local root=$1 final=$2 f
    for f in "$root"/usr/src/linux-headers-*-amd64/Makefile; do
        sed -i "s|/usr/src/|$final/root/usr/src/|g" "$f"
    done
}

fetch() {
    local tmp=$1 deb version
    mkdir -p "$tmp/debs" "$tmp/root"
    (cd "$tmp/debs" && download)
    for deb in "$tmp"/debs/*.deb; do
        dpkg-deb -x "$deb" "$tmp/root"
    done
    rm -r "$tmp/debs"
    version=$(ls "$tmp/root/lib/modules")
    echo "$version" >"$tmp/version"
    mv "$tmp/root/boot/vmlinuz-$version" "$tmp/vmlinuz"
    mv "$tmp/root/lib" "$tmp/lib"
    rm -rf "$tmp/root/boot" "$tmp/root/usr/share/doc"
    fix_headers "$tmp/root" "$dir"
    ln -s "root/usr/src/linux-headers-$version" "$tmp/build"
    /sbin/depmod -b "$tmp" "$version"
}

case $row in
7.x)
    newest_kernel
    exit
    ;;
6.12+debug)
    debug_kernel
    exit
    ;;
esac

if [ -z "$meta" ]; then
    stock=$("$0" "${row%%+*}")
    hash=$(cat "$stock/version" "$LAB_DIR/iommufd.sh" | sha256sum | cut -c1-16)
    dir=$LAB_CACHE/kernels/$row-$hash
    build_once "$dir" iommufd_row "$stock"
    echo "$dir"
    exit
fi

current=$LAB_CACHE/kernels/$row.current
if [ -n "${LAB_REFRESH:-}" ]; then
    [ "$(id -u)" -ne 0 ] || update
elif [ -f "$current" ] && [ -d "$(cat "$current")" ]; then
    cat "$current"
    exit
fi
image=$(packages) || { update && image=$(packages); } ||
    die "apt knows no $meta of Linux $row with its headers: are Debian 12 and its security updates among apt's sources?"
dir=$LAB_CACHE/kernels/${image%% *}
build_once "$dir" fetch
echo "$dir" | put "$current"
echo "$dir"
