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
    # Room for all of them: some tests make many changes at once.
    echo 32768 >$tracing/buffer_size_kb
    echo function >$tracing/current_tracer
    IOASCOPE_SCALE=0 build/tests/backend-test modes tce watch merge scatter owner copy ranges reservations \
        devices client >/tmp/hooks.out || cat /tmp/hooks.out
    cat $tracing/trace >/tmp/trace
    echo nop >$tracing/current_tracer
    echo 1408 >$tracing/buffer_size_kb
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

# Each tracepoint is there and tells of something.
events() {
    local tracing=/sys/kernel/tracing name missing=0
    echo >$tracing/trace
    echo 1 >$tracing/events/ioas_backend/enable
    build/tests/backend-test modes >/tmp/events.out || cat /tmp/events.out
    echo 0 >$tracing/events/ioas_backend/enable
    for name in ioasb_map ioasb_unmap ioasb_charge; do
        grep -q " $name: " $tracing/trace || { echo "# no $name" && missing=1; }
    done
    [ $missing = 0 ]
}

# Programs may refuse, if the module was loaded so; and they are asked.
policy() {
    insmod "$BACKEND/ioas_backend.ko" deniable=1 && build/tests/backend-test policy | grep -v " passed, "
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
[ $# -gt 0 ] || check "tracepoints tell of maps, unmaps and charges" events
tests "$@"
[ $# -gt 0 ] || traced
chmod 666 /dev/ioas_backend
tests --user 65534 "$@"
# What clients pin, by the other trackers: all else is the same for each.
for tracker in xarray table array; do
    [ $# -gt 0 ] || tests --tracker "$tracker" client trackers stress
done
check "the module unloads" unload
if [ $# -eq 0 ]; then
    check "programs refuse maps and pins" policy
    check "the module unloads again" unload
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
