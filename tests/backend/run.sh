#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the lab: loads the backend from the folder $BACKEND, tests it as root, under the tool, and
# as another user, unloads it. Arguments: names of tests. IOASCOPE_SCALE, IOASCOPE_SEED.
set -uo pipefail
passed=0 failed=0

check() {
    local what=$1
    shift
    if "$@"; then
        echo "ok - $what"
        passed=$((passed + 1))
    else
        echo "not ok - $what"
        failed=$((failed + 1))
    fi
}

# The program's own lines but for the last, which is added to ours.
tests() {
    local out p f
    out=$(mktemp)
    build/tests/backend-test "$@" 2>&1 | tee "$out" | grep -v ' passed, '
    read -r p f < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$out") || p=0 f=1
    passed=$((passed + p)) failed=$((failed + f))
}

# Each hook point can be traced, and is called by one of some tests.
hooks() {
    local tracing=/sys/kernel/tracing name missing=0
    echo 'ioasb_hook_*' >$tracing/set_ftrace_filter
    echo function >$tracing/current_tracer
    cat $tracing/trace_pipe >/tmp/trace &
    build/tests/backend-test modes copy ranges reservations devices client >/tmp/hooks.out || cat /tmp/hooks.out
    sleep 1
    kill $!
    wait $! 2>/dev/null
    echo nop >$tracing/current_tracer
    for name in ioasb_hook_call ioasb_hook_answer \
        $(sed -n 's/^HOOK(\([a-z_]*\), .*/ioasb_hook_\1/p' kernel/ioas_backend/hook.c); do
        grep -q " $name <-" /tmp/trace || { echo "# $name was not called" && missing=1; }
    done
    [ -n "$name" ] && [ $missing = 0 ]
}

# What the tool says of it.
traced() {
    local out p f
    out=$(mktemp)
    tests/backend/trace.py 2>&1 | tee "$out" | grep -v ' passed, '
    read -r p f < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$out") || p=0 f=1
    passed=$((passed + p)) failed=$((failed + f))
}

# A client's end may be later than that of its process.
unload() {
    local i
    for ((i = 0; i < 100; i++)); do
        rmmod ioas_backend 2>/dev/null && return
        sleep 0.1
    done
    rmmod ioas_backend
}

check "the module loads" insmod "$BACKEND/ioas_backend.ko"
check "only root may open the device" test "$(stat -c %a /dev/ioas_backend)" = 600
[ $# -gt 0 ] || check "every hook point is called" hooks
tests "$@"
[ $# -gt 0 ] || traced
chmod 666 /dev/ioas_backend
tests --user 65534 "$@"
check "the module unloads" unload
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
