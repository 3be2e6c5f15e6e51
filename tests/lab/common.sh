# shellcheck shell=bash disable=SC2034 # used by those that source it
# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the scripts of the lab: sourced, not run.

unset CDPATH
LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_TOP=$(cd "$LAB_DIR/../.." && pwd)
LAB_KERNELS="6.1 6.12 6.12+iommufd 7.x 6.12+debug"
LAB_CACHE=${IOASCOPE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ioascope}
LAB_CACHE=$(realpath -ms "$LAB_CACHE")

die() {
    echo "lab: $*" >&2
    exit 1
}

case $LAB_CACHE in
*[[:space:]]*) die "the kernel's build takes no path with spaces, set IOASCOPE_CACHE to another than '$LAB_CACHE'" ;;
esac

# Makes folder DIR once, by "FUNCTION TMPDIR", also when two runs ask at the
# same time or one was interrupted half-way: what is there is complete.
build_once() {
    local dir=$1 tmp
    shift
    [ -d "$dir" ] && return 0
    mkdir -p "$(dirname "$dir")"
    (
        flock 9
        [ -d "$dir" ] && exit 0
        rm -rf "$dir".tmp.*
        tmp=$dir.tmp.$$
        mkdir -p "$tmp"
        "$@" "$tmp"
        mv "$tmp" "$dir"
    ) 9>"$dir.lock"
}

# Writes standard input to FILE: all of it or nothing.
put() {
    mkdir -p "$(dirname "$1")"
    cat >"$1.tmp.$$"
    mv "$1.tmp.$$" "$1"
}
