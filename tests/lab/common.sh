# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the scripts of the lab: sourced, not run.

LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_TOP=$(cd "$LAB_DIR/../.." && pwd)
LAB_CACHE=${IOASCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ioascope}
LAB_KERNELS="6.1 6.12"

die() {
    echo "lab: $*" >&2
    exit 1
}

# Builds DIR once, by "FUNCTION TMPDIR", also when two runs ask at the same
# time or one is interrupted half-way.
build_once() {
    local dir=$1 tmp
    shift
    [ -d "$dir" ] && return 0
    mkdir -p "$(dirname "$dir")"
    (
        flock 9
        [ -d "$dir" ] && exit 0
        tmp=$dir.tmp.$$
        rm -rf "$dir".tmp.*
        mkdir -p "$tmp"
        "$@" "$tmp"
        mv "$tmp" "$dir"
    ) 9>"$dir.lock"
}
