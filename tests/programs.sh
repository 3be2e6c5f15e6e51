#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints, for each kernel of the lab, the loaded programs with their attach
# points and the instructions that the verifier went through (limit 1000000).
set -euo pipefail
cd "$(dirname "$0")/.."
for kernel in 6.1 6.12 6.12+iommufd; do
    echo "== $kernel"
    tests/lab/lab.sh -k "$kernel" -- \
        'tests/lab/guest/bind-edu >/dev/null && { modprobe -q iommufd || true; } && uname -r && build/ioascope features --programs'
done
