# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced from the project's root by tests of commands on recordings that
# $maker (make-state.c) writes into $dir. $IOASCOPE is the tool (default:
# build/ioascope); $subject is the command, if all of them are about one.

tool=$(realpath "${IOASCOPE:-build/ioascope}")
# shellcheck disable=SC2034
maker=build/tests/make-state
make --no-print-directory "$maker" >/dev/null
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. tests/check.sh

# status WANT [ARG]...: the exit status.
status() {
    local want=$1 got=0
    shift
    "$tool" ${subject:+"$subject"} "$@" >"$dir/out" 2>"$dir/err" || got=$?
    [ "$got" -eq "$want" ] ||
        { echo "exit status $got, not $want" && cat "$dir/out" "$dir/err" && return 1; }
}
