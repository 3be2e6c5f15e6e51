# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests in shell, from the project's root: counts what passes.

passed=0 failed=0

# check NAME COMMAND...: the test passes if the command does. What it prints
# tells why it does not.
check() {
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        echo "not ok - $name"
        [ -z "$out" ] || echo "#   ${out//$'\n'/$'\n'#   }"
    fi
}

# The closing line; fails if a test did.
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
