#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: module.sh KERNEL DIR
# Builds the external module of DIR (it has a Kbuild file) against a row of the
# lab, outside of the checkout, and prints the folder that holds the .ko.
set -euo pipefail
. "$(dirname "$0")/common.sh"

row=${1:?usage: module.sh KERNEL DIR}
src=$(cd "${2:?usage: module.sh KERNEL DIR}" && pwd)
kernel=$("$LAB_DIR/kernel.sh" "$row")
hash=$(cat "$kernel/version" "$src"/* | sha256sum | cut -c1-16)
dir=$LAB_CACHE/modules/$row/$(basename "$src")-$hash

build() {
    cp "$src"/* "$1"
    if ! make -C "$kernel/build" M="$1" W=1 modules >"$1/build.log" 2>&1; then
        cat "$1/build.log" >&2
        die "building $(basename "$src") for $row failed"
    fi
    if grep -q 'warning:' "$1/build.log"; then
        cat "$1/build.log" >&2
        die "building $(basename "$src") for $row gave warnings"
    fi
}

build_once "$dir" build
echo "$dir"
