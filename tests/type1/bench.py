#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What tracing costs the traced: the same seeded client, in turn without and with a trace attached.
Figures are ratios within one run; an emulated CPU makes BPF look dearer than hardware does."""
import statistics
import subprocess
import time

from guest import CLIENT, SEED, Trace, check, edus, scaled


def once(*args):
    cmd = [CLIENT, '--device', edus()[0], '--seed', str(SEED), *map(str, args), 'random']
    began = time.monotonic()
    r = subprocess.run(cmd, capture_output=True, text=True)
    check(r.returncode == 0, r.stderr)
    return time.monotonic() - began


def bench(name, *args, rounds=5):
    once(*args)
    ratios = []
    for _ in range(rounds):
        plain = once(*args)
        t = Trace('-q')
        traced = once(*args)
        t.finish()
        ratios.append(traced / plain)
    print(f'{name:28} traced/plain: median {statistics.median(ratios):.3f}, '
          f'min {min(ratios):.3f}, max {max(ratios):.3f} ({rounds} pairs)', flush=True)


bench('areas of 4 KiB', '--ops', scaled(2000, 200), '--max-size', '4K')
bench('areas of 4 KiB to 64 MiB', '--ops', scaled(400, 60), '--max-size', '64M')
