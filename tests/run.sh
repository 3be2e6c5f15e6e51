#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All tests: 'make test' runs them scaled and seeded, 'make soak' (--soak) at
# full size. Closes with the line "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

export IOASCOPE_SEED=${IOASCOPE_SEED:-1}
scale=${IOASCOPE_SCALE:-0.05} unit_scale=1 seconds=1500
if [ "${1:-}" = --soak ]; then
    scale=${IOASCOPE_SCALE:-1} unit_scale=20 seconds=14400
fi
passed=0 failed=0

# Runs a part that closes with "N passed, N failed" (or in cmocka's own form)
# and adds up; a part that fails without counting counts as one failure.
part() {
    local name=$1 out=build/test.out p f status
    shift
    echo "== $name"
    "$@" 2>&1 | tee "$out"
    status=${PIPESTATUS[0]}
    p=$(sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p; s/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$out" | awk '{s += $1} END {print s + 0}')
    f=$(sed -n 's/^[0-9]* passed, \([0-9]*\) failed$/\1/p; s/^\[  FAILED  \] \([0-9]*\) test.*, listed below.*/\1/p' "$out" | awk '{s += $1} END {print s + 0}')
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
        echo "not ok - $name: exit status $status"
        f=1
    fi
    passed=$((passed + p)) failed=$((failed + f))
}

in_lab() {
    local kernel=$1 module
    module=$(tests/lab/module.sh "$kernel" tests/modules/ioas_testdev) || return 1
    tests/lab/lab.sh -k "$kernel" -m 5G -t "$seconds" -E "TESTDEV=$module" \
        -E "IOASCOPE_SCALE=$scale" -E "IOASCOPE_SEED=$IOASCOPE_SEED" -- tests/type1/run.py
}

mkdir -p build
part "unit tests, plain and with sanitizers" env IOASCOPE_SCALE="$unit_scale" make --no-print-directory unit
part "documentation" tests/unit/test_docs.sh
part "the lab" tests/lab/test-lab.sh
for kernel in 6.1 6.12; do
    part "type1 on $kernel" in_lab "$kernel"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
