#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: check-log.sh [-t TAINT] [-e REGEX]... FILE...
# Fails, and prints the lines, if a kernel log shows that something went wrong.
# Lines that match a REGEX are expected. TAINT is /proc/sys/kernel/tainted: more
# than O and E (an external, unsigned module) is a failure, but W where a
# warning was expected and seen.
set -euo pipefail

bad='WARNING:|BUG[: ]|Oops|Kernel panic|general protection|soft lockup|hard LOCKUP|detected (expedited )?stalls?|INFO: task .* blocked|KASAN|UBSAN|KCSAN|refcount_t:|[Uu]nable to handle|Call Trace:|scheduling while atomic|possible (circular|recursive) locking|list_(add|del) corruption|kernel NULL pointer'
taint=0 expected=() files=()
while [ $# -gt 0 ]; do
    case $1 in
    -t) taint=$2 && shift 2 ;;
    -e) expected+=(-e "$2") && shift 2 ;;
    *) files+=("$1") && shift ;;
    esac
done

lines=$(grep -haE "$bad" "${files[@]}" | sort -u) || true
allowed=$((4096 | 8192))
if [ ${#expected[@]} -gt 0 ]; then
    if grep -haE "${expected[@]}" "${files[@]}" | grep -qE 'WARNING:'; then
        allowed=$((allowed | 512))
        # The trace that belongs to an expected warning is expected with it.
        lines=$(printf '%s\n' "$lines" | grep -v 'Call Trace:') || true
    fi
    lines=$(printf '%s\n' "$lines" | grep -vE "${expected[@]}") || true
fi
fail=0
if [ -n "$lines" ]; then
    echo "lab: the kernel log is not clean:" >&2
    printf '%s\n' "$lines" | sed 's/^/  /' >&2
    fail=1
fi
if [ $((taint & ~allowed)) -ne 0 ]; then
    echo "lab: the kernel is tainted: $taint" >&2
    fail=1
fi
exit $fail
