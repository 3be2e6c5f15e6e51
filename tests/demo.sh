#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From nothing to a live trace: a virtual machine with an IOMMU, a client that
# drives a real device through VFIO, and what ioascope says of it.
set -euo pipefail
cd "$(dirname "$0")/.."
exec tests/lab/lab.sh -k "${KERNEL:-6.12}" -- tests/lab/guest/demo
