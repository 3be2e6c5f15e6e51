#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tests of both backends on the row 7.x of the lab, which 'make test' leaves
# out. The first run builds that kernel. IOASCOPE_SCALE and IOASCOPE_SEED as there.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
kernel=7.x status=0
module=$(tests/lab/module.sh "$kernel" tests/modules/ioas_testdev) || exit 1
# VT-d's driver refuses areas that a device may neither read nor write, as before, and warns
# of it now. A VFIO container that iommufd emulates takes such maps; the clients ask for some.
declare -A expected=([iommufd]='WARNING: at vtdss_map_range\+.*: iommufd-client/' [type1]='')
for backend in iommufd type1; do
    echo "== real kernel $kernel, $backend"
    tests/lab/lab.sh -k "$kernel" -m 5G -t 3600 -E "TESTDEV=$module" \
        ${expected[$backend]:+-e "${expected[$backend]}"} \
        -E "IOASCOPE_SCALE=${IOASCOPE_SCALE:-0.1}" -E "IOASCOPE_SEED=${IOASCOPE_SEED:-1}" -- \
        "tests/$backend/run.py" "$@" || status=1
done
exit $status
