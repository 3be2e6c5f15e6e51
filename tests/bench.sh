#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Measures what tracing costs, for each kernel of the lab, and what the trackers of
# the bundled backend do.
set -euo pipefail
cd "$(dirname "$0")/.."
for kernel in 6.1 6.12; do
    echo "== $kernel"
    tests/lab/lab.sh -k "$kernel" -m 4G -t 1800 -- python3 tests/type1/bench.py
done
echo "== 6.12+iommufd"
tests/lab/lab.sh -k 6.12+iommufd -m 4G -t 1800 -- python3 tests/iommufd/bench.py
echo "== trackers of pins"
tests/bench/trackers.py --print
