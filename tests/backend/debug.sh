#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the lab's kernel 6.12+debug: the tests of the backend, then a client whose
# allocations fail, then what kmemleak has found. The caller looks at the kernel's log.
# Arguments as for run.sh; with any, nothing is made to fail. --faults: only that.
set -uo pipefail
leaks=/sys/kernel/debug/kmemleak passed=0 failed=0

count() {
    passed=$((passed + $1)) failed=$((failed + $2))
}

# What is reported from now on is ours: what booting has left is known then.
echo scan >$leaks
echo clear >$leaks

# Its lines, and the sum of the closing one.
part() {
    local out p f
    out=$(mktemp)
    "$@" 2>&1 | tee "$out" | grep -v ' passed, '
    read -r p f < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$out" | tail -n 1) || { p=0 f=1; }
    count "$p" "$f"
}

# Which allocations may fail: all kinds, silently, of tasks that ask for it. A task
# that writes a number to its fail-nth need not: the probability is for the rest.
setup_faults() {
    local what
    for what in failslab fail_page_alloc; do
        cd "/sys/kernel/debug/$what" || return
        echo N >ignore-gfp-wait
        echo Y >task-filter
        echo 0 >verbose
        echo -1 >./times
        echo "$1" >probability
        [ $what = failslab ] || echo 0 >min-order
        [ $what = failslab ] || echo N >ignore-gfp-highmem
    done
}

faults() {
    local tracker
    insmod "$BACKEND/ioas_backend.ko" || { count 0 1 && return; }
    for tracker in interval xarray table array; do
        (setup_faults 0)
        part build/tests/backend-test --tracker $tracker faults
        (setup_faults 3)
        part build/tests/backend-test --tracker $tracker failing-client
        (setup_faults 0)
    done
    for ((i = 0; i < 100; i++)); do
        rmmod ioas_backend 2>/dev/null && count 1 0 && return
        sleep 0.1
    done
    echo "not ok - the module unloads after the faults" && count 0 1
}

# An object must be some seconds old, and seen twice without a reference.
no_leaks() {
    sleep 6
    echo scan >$leaks
    sleep 6
    echo scan >$leaks
    ! grep -q . $leaks
}

[ "${1:-}" = --faults ] || part tests/backend/run.sh "$@"
case $* in '' | --faults) faults ;; esac
if no_leaks; then
    echo "ok - no memory is lost" && count 1 0
else
    echo "not ok - no memory is lost" && count 0 1
    sed 's/^/# /' $leaks
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
