#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All tests: 'make test' runs them scaled and seeded, 'make soak' (--soak) at
# full size. Closes with the line "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

export IOASCOPE_SEED=${IOASCOPE_SEED:-1}
scale=${IOASCOPE_SCALE:-0.1} unit_scale=1 san_scale=1 seconds=2700 soak=''
if [ "${1:-}" = --soak ]; then
    scale=${IOASCOPE_SCALE:-1} unit_scale=100 san_scale=10 seconds=14400 soak=1
fi
passed=0 failed=0

# Adds up what a part printed: "N passed, N failed", or cmocka's own closing
# lines; a part that fails without counting counts as one failure.
count() {
    local name=$1 out=$2 status=$3 p f
    p=$(sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p; s/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$out" | awk '{s += $1} END {print s + 0}')
    f=$(sed -n 's/^[0-9]* passed, \([0-9]*\) failed$/\1/p; s/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$out" | awk '{s += $1} END {print s + 0}')
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
        echo "not ok - $name: exit status $status"
        f=1
    fi
    passed=$((passed + p)) failed=$((failed + f))
}

part() {
    local name=$1 out=build/tests/part.out
    shift
    echo "== $name"
    "$@" 2>&1 | tee "$out"
    count "$name" "$out" "${PIPESTATUS[0]}"
}

guest() {
    local kernel=$1 mem=$2
    shift 2
    tests/lab/lab.sh -k "$kernel" -m "$mem" -t "$seconds" -E "IOASCOPE_SCALE=$scale" \
        -E "IOASCOPE_SEED=$IOASCOPE_SEED" "$@"
}

row() {
    local kernel=$1 testdev
    testdev=$(tests/lab/module.sh "$kernel" tests/modules/ioas_testdev) || return 1
    case $kernel in
    *+iommufd) set -- tests/iommufd/run.py ;;
    *) set -- tests/type1/run.py ;;
    esac
    guest "$kernel" 5G -E "TESTDEV=$testdev" -- "$@"
}

# The bundled backend: on the stock kernel, for it needs nothing else.
backend() {
    local module
    module=$(make --no-print-directory module K=6.12) || return 1
    guest 6.12 4G -E "BACKEND=$module" -- tests/backend/run.sh
}

# Limits on pinned memory: where all who pin are there.
policy() {
    local kernel=6.12+iommufd gate backend testdev
    gate=$(make --no-print-directory module-gate K=$kernel) || return 1
    backend=$(make --no-print-directory module K=$kernel) || return 1
    testdev=$(tests/lab/module.sh $kernel tests/modules/ioas_testdev) || return 1
    guest $kernel 3G -E "GATE=$gate" -E "BACKEND=$backend" -E "TESTDEV=$testdev" -- tests/policy/run.py
}

# Machines, one after the other, beside what else runs: backend, policy, or rows of the lab.
lane() {
    local name
    (
        for name; do
            case $name in
            backend | policy) "$name" ;;
            *) row "$name" ;;
            esac >"build/tests/lab-$name.out" 2>&1
            echo $? >"build/tests/lab-$name.status"
        done
    ) &
    lanes+=($!)
}

# What one of them prints, until it ends.
end() {
    local out=build/tests/lab-$1.out status=build/tests/lab-$1.status shown
    echo "== $2"
    tail -n +1 -F "$out" 2>/dev/null &
    shown=$!
    until [ -s "$status" ]; do sleep 1; done
    sleep 1
    kill "$shown"
    wait "$shown" 2>/dev/null
    count "$2" "$out" "$(cat "$status")"
}

mkdir -p build/tests
rm -f build/tests/lab-*.out build/tests/lab-*.status
lanes=()
trap 'kill "${lanes[@]}" 2>/dev/null' EXIT
# An emulated machine keeps half a CPU of ours busy, and the longest comes first. They may have 5 GiB
# each: two at a time where there is no room for three.
room=$(awk '$1 == "MemAvailable:" && $2 > 18 * 1024 * 1024 {print "yes"}' /proc/meminfo)
if [ -n "$room" ]; then
    lane 6.12+iommufd
    lane 6.1 policy
    lane 6.12 backend
else
    lane 6.12+iommufd policy
    lane 6.1 6.12 backend
fi
end 6.1 "real kernel 6.1"
end 6.12 "real kernel 6.12"
part "unit tests, plain and with sanitizers" env IOASCOPE_SCALE="$unit_scale" \
    IOASCOPE_SAN_SCALE="$san_scale" make --no-print-directory unit
[ -z "$soak" ] || part "unit tests under valgrind" env IOASCOPE_SCALE=1 make --no-print-directory valgrind
part "fuzz corpora" tests/fuzz/run.sh --replay
end backend "the bundled backend"
end policy "limits on pinned memory"
end 6.12+iommufd "real kernel 6.12+iommufd"
trap - EXIT
part "documentation" tests/unit/test_docs.sh
part "the rules on paper" tests/unit/test_rules_doc.sh
part "the table of systems" tests/unit/test_systems_doc.sh
part "commands on recordings" tests/cli/test_check.sh
part "state in recordings" tests/cli/test_state.sh
part "predictions on recordings" tests/cli/test_predict.sh
part "blame on recordings" tests/cli/test_blame.sh
part "policies" tests/cli/test_policy.sh
part "the lab" tests/lab/test-lab.sh
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
