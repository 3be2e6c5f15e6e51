#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: check-log.sh [-t TAINT] [-e REGEX]... FILE...
# Fails, and prints the lines, if a kernel log shows that something went wrong.
# Lines that match a REGEX are expected. TAINT is /proc/sys/kernel/tainted: more
# than O and E (an external, unsigned module) is a failure, but W where a
# warning was expected and seen.
set -euo pipefail

# What a kernel in trouble prints. A stock kernel prints none of it while it
# boots here, so nothing is excused by default.
bad='WARNING:|(^|[^A-Z_])BUG[: ]|Oops|Kernel panic|[Gg]eneral protection|soft lockup|hard LOCKUP'
bad+='|rcu.*(detected.*stall|starved)|INFO: task .* blocked|INFO: trying to register|Call Trace:'
bad+='|KASAN|KCSAN|KFENCE|KMSAN|UBSAN|refcount_t:|[Uu]nable to handle|kernel NULL pointer'
bad+='|list_(add|del) corruption|scheduling while atomic|suspicious RCU usage'
bad+='|possible (circular|recursive|irq) lock|DEADLOCK|(^|\] )Out of memory'

taint=0 expected=() files=()
while [ $# -gt 0 ]; do
    case $1 in
    -t) taint=${2:?-t needs a number} && shift 2 ;;
    -e) expected+=("${2:?-e needs a regex}") && shift 2 ;;
    -*) sed -n '3,7s/^# //p' "$0" >&2 && exit 2 ;;
    *) files+=("$1") && shift ;;
    esac
done
[ ${#files[@]} -gt 0 ] || { sed -n '3,7s/^# //p' "$0" >&2 && exit 2; }

is_expected() {
    local e
    for e in "${expected[@]}"; do
        [[ $1 =~ $e ]] && return 0
    done
    return 1
}

warned=0 offending=()
# The trace that follows an expected line is expected with it.
check_file() {
    local line inside=0
    while IFS= read -r line; do
        case $line in *'---[ end trace'*) inside=0 && continue ;; esac
        if is_expected "$line"; then
            inside=1
            case $line in *WARNING:*) warned=1 ;; esac
        elif [[ $inside = 1 && $line = *"Call Trace:"* ]]; then
            inside=0
        elif [[ $line =~ $bad ]]; then
            offending+=("$line")
        fi
    done < <(tr -d '\r' <"$1" | grep -aE -e "$bad" -e '---\[ end trace')
}

for f in "${files[@]}"; do
    [ -r "$f" ] || { echo "lab: cannot read $f" >&2 && exit 2; }
    check_file "$f"
done

fail=0
if [ ${#offending[@]} -gt 0 ]; then
    echo "lab: the kernel log is not clean:" >&2
    printf '  %s\n' "${offending[@]}" | awk '!seen[$0]++' >&2
    fail=1
fi
allowed=$((4096 | 8192 | warned * 512))
if [ $((taint & ~allowed)) -ne 0 ]; then
    echo "lab: the kernel is tainted: $taint (only $allowed is allowed)" >&2
    fail=1
fi
exit $fail
