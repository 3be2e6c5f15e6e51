#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What 'trace --stale' costs processes that map, touch and unmap a page: without a trace, with one,
and with one that watches memory, in turn. Figures are ratios within one run; an emulated CPU makes
BPF look dearer than hardware does."""
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'type1'))
from guest import Trace, check, edus, scaled, sh  # noqa: E402


def once(who, count):
    r = sh(f'build/tests/memory-bench {who} {count}')
    check(r.returncode == 0, r.stderr)
    return float(r.stdout)


WHO = ('other', 'outside', 'inside')
TRACES = ((), ('-q',), ('-q', '--stale'))
edus()
check(sh('modprobe iommufd').returncode == 0, 'modprobe')
times = {(w, t): [] for w in WHO for t in TRACES}
for _ in range(scaled(3)):
    for t in TRACES:
        trace = Trace(*t) if t else None
        for w in WHO:
            for _ in range(5):
                times[w, t].append(once(w, scaled(50000, 5000)))
        if trace:
            trace.finish()
for w in WHO:
    plain = statistics.median(times[w, ()])
    for t in TRACES[1:]:
        ratio = statistics.median(times[w, t]) / plain
        print(f"{w:8} {' '.join(t):12} {ratio:.3f} of {plain:.0f} ns", flush=True)
