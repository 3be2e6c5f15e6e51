#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: kernel.sh 6.1|6.12
# Makes sure that the newest stock Debian kernel of that row, its modules and
# its headers are in the cache, and prints the folder: vmlinuz, version,
# lib/modules/VERSION, build (for external modules). LAB_REFRESH=1 looks for a
# newer one; otherwise a cached row needs no network.
set -euo pipefail
. "$(dirname "$0")/common.sh"

row=${1:?usage: kernel.sh KERNEL}
case $row in
6.1) meta=linux-image-amd64 ;;
6.12) meta=linux-image-6.12-amd64 ;;
*) die "unknown kernel '$row' (one of: $LAB_KERNELS)" ;;
esac

depends() {
    apt-cache depends --important "$1" 2>/dev/null |
        sed -n 's/^ *|\{0,1\}Depends: //p' | grep -E "$2" | head -n 1
}

# The packages of the row: image, headers, common headers, build tools.
packages() {
    local image headers
    image=$(depends "$meta" '^linux-image-[0-9]') || true
    if [ -z "$image" ]; then
        apt-get update >&2
        image=$(depends "$meta" '^linux-image-[0-9]') || die "no package $meta: is the Debian archive in apt's sources?"
    fi
    headers=${image/image/headers}
    echo "$image" "$headers" "$(depends "$headers" '^linux-headers-.*-common$')" \
        "$(depends "$headers" '^linux-kbuild-')"
}

# The headers' Makefiles name their common part by absolute path; here it lies
# in the cache.
fix_headers() {
    local root=$1 final=$2 f
    for f in "$root"/usr/src/linux-headers-*-amd64/Makefile; do
        sed -i "s|/usr/src/|$final/root/usr/src/|g" "$f"
    done
    for f in "$root"/usr/src/linux-headers-*-common; do
        [ -e "$f/scripts" ] || ln -s "$final"/root/usr/lib/linux-kbuild-*/scripts "$f/scripts"
    done
}

fetch() {
    local tmp=$1 deb version pkgs
    read -ra pkgs <<<"$(packages)"
    echo "lab: fetching ${pkgs[*]}" >&2
    mkdir -p "$tmp/debs" "$tmp/root"
    (cd "$tmp/debs" && apt-get -qq download "${pkgs[@]}" >&2 2>"$tmp/log") || {
        cat "$tmp/log" >&2
        die "cannot download ${pkgs[*]}"
    }
    for deb in "$tmp"/debs/*.deb; do
        dpkg-deb -x "$deb" "$tmp/root"
    done
    rm -r "$tmp/debs" "$tmp/log"
    version=$(ls "$tmp/root/lib/modules")
    echo "$version" >"$tmp/version"
    mv "$tmp/root/boot/vmlinuz-$version" "$tmp/vmlinuz"
    mv "$tmp/root/lib" "$tmp/lib"
    rm -rf "$tmp/root/boot" "$tmp/root/usr/share/doc"
    fix_headers "$tmp/root" "$dir"
    ln -s "root/usr/src/${pkgs[1]}" "$tmp/build"
    /sbin/depmod -b "$tmp" "$version"
}

dir=$LAB_CACHE/kernels/$row
[ -z "${LAB_REFRESH:-}" ] || rm -rf "$dir"
build_once "$dir" fetch
echo "$dir"
