#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: initramfs.sh KERNEL
# Builds the first root of the guest (busybox, the modules that reach the
# host's root over 9p, and guest/init) and prints its file.
set -euo pipefail
. "$(dirname "$0")/common.sh"

row=${1:?usage: initramfs.sh KERNEL}
kernel=$("$LAB_DIR/kernel.sh" "$row")
version=$(cat "$kernel/version")
busybox=$(command -v busybox) || die "busybox is not installed (package busybox-static): make setup"
hash=$(cat "$kernel/version" "$LAB_DIR/guest/init" "$LAB_DIR/initramfs.sh" | sha256sum | cut -c1-16)
dir=$LAB_CACHE/initramfs/$row-$hash

# Files of a module and all it needs, in the order to load them. 6.1 has virtio
# as modules, 6.12 built in: modules.dep knows.
module_files() {
    local m
    for m in "$@"; do
        /sbin/modprobe -C /dev/null -d "$kernel" -S "$version" --show-depends "$m" 2>/dev/null |
            sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | awk '!seen[$0]++'
}

build() {
    local tmp=$1 f n=0 name
    mkdir -p "$tmp/root/bin" "$tmp/root/modules" "$tmp/root/"{proc,sys,dev,host,rw,new}
    cp "$busybox" "$tmp/root/bin/busybox"
    cp "$LAB_DIR/guest/init" "$tmp/root/init"
    for f in $(module_files virtio_pci 9pnet_virtio 9p overlay); do
        name=$(printf '%02d-%s' "$n" "$(basename "${f%.xz}")")
        n=$((n + 1))
        case $f in
        *.xz) xz -dc "$f" >"$tmp/root/modules/$name" ;; # busybox insmod reads no xz
        *) cp "$f" "$tmp/root/modules/$name" ;;
        esac
    done
    (cd "$tmp/root" && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1 >"$tmp/initramfs.gz"
    rm -r "$tmp/root"
}

build_once "$dir" build
echo "$dir/initramfs.gz"
