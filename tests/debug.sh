#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tests of the bundled backend on the lab's kernel 6.12+debug (KASAN, lockdep,
# kmemleak, failing allocations), which 'make test' leaves out. The first run builds that
# kernel. Arguments: names of tests. IOASCOPE_SCALE and IOASCOPE_SEED as there.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
module=$(make --no-print-directory module K=6.12+debug) || exit 1
exec tests/lab/lab.sh -k 6.12+debug -m 5G -t 5400 -E "BACKEND=$module" \
    -E "IOASCOPE_SCALE=${IOASCOPE_SCALE:-0.02}" -E "IOASCOPE_SEED=${IOASCOPE_SEED:-1}" -- \
    tests/backend/debug.sh "$@"
