#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: module.sh KERNEL DIR [HEADER]...
# Builds the external modules of DIR (it has a Kbuild file) against a row of the
# lab, outside of the checkout, and prints the folder that holds the .ko files.
# Each HEADER, a path in this checkout, goes along under the same path. Nothing
# is built again as long as sources and kernel stay the same.
set -euo pipefail
. "$(dirname "$0")/common.sh"

row=${1:?usage: module.sh KERNEL DIR}
src=$(cd "${2:?usage: module.sh KERNEL DIR}" && pwd)
[ -f "$src/Kbuild" ] || die "$src has no Kbuild file"
shift 2
headers=("$@")
kernel=$("$LAB_DIR/kernel.sh" "$row")

# Only sources: what an in-tree build left behind neither counts nor is taken.
sources() {
    (cd "$src" && find . -type f \( -name '*.[chS]' -o -name Kbuild -o -name 'Makefile*' \) \
        ! -name '*.mod.c' | LC_ALL=C sort)
}

shared() {
    [ ${#headers[@]} -eq 0 ] || printf "%s\n" "${headers[@]}"
}

args=()
[ ! -f "$kernel/make.args" ] || mapfile -t args <"$kernel/make.args"
hash=$({ cat "$kernel/version" && printf '%s\n' "${args[@]}" && (cd "$src" && sources | xargs -d '\n' sha256sum) && (cd "$LAB_TOP" && shared | xargs -r -d "\n" sha256sum); } | sha256sum | cut -c1-16)
dir=$LAB_CACHE/modules/$row/$(basename "$src")-$hash

# The headers ask for the compiler package that built the kernel, whose minor
# version may differ; that is said and does no harm.
build() {
    local tmp=$1 log=$1/build.log
    sources | cpio --quiet -pdm -D "$src" "$tmp"
    shared | cpio --quiet -pdm -D "$LAB_TOP" "$tmp"
    if ! make -C "$kernel/build" M="$tmp" W=1 "${args[@]}" modules >"$log" 2>&1; then
        cat "$log" >&2
        die "building $(basename "$src") for $row failed"
    fi
    if grep -v 'the compiler differs from' "$log" | grep -q 'warning:'; then
        cat "$log" >&2
        die "building $(basename "$src") for $row gave warnings"
    fi
}

build_once "$dir" build
echo "$dir"
