#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures the trackers of the bundled backend in the lab and writes the table into
docs/trackers.md, between its markers. Usage: trackers.py [--print]
With --print the document stays as it is. TRACKER_PAGES: how many pages (131072)."""
import os
import re
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
PAGE = 'docs/trackers.md'
TRACKERS = ('interval', 'xarray', 'table', 'array')
KERNEL = '6.12'


def run(pages):
    module = subprocess.run(['make', '--no-print-directory', 'module', f'K={KERNEL}'], check=True,
                            stdout=subprocess.PIPE, text=True).stdout.split()[-1]
    guest = f'insmod "$BACKEND/ioas_backend.ko" && build/tests/trackers-bench {pages} | tee "$LAB_OUT/t"'
    return subprocess.run(['tests/lab/lab.sh', '-k', KERNEL, '-m', '4G', '-t', '1800', '-E',
                           f'BACKEND={module}', '--', guest], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def parse(out):
    """By load and tracker: pages, bytes, nanoseconds of a pin, of an unpin."""
    costs = {}
    for line in out.splitlines():
        m = re.fullmatch(r'(\w+) (\w+) (\d+) (-?\d+) ([\d.]+) ([\d.]+)', line)
        if m:
            costs.setdefault(m[1], {})[m[2]] = (int(m[3]), int(m[4]), float(m[5]), float(m[6]))
    if not costs or any(set(c) != {*TRACKERS, 'unpinned'} for c in costs.values()):
        sys.exit('trackers: the measurement is not complete')
    return costs


def row(cells):
    return '| ' + ' | '.join(cells) + ' |'


def ratio(part, whole):
    quotient = part / max(whole, 1e-4)
    return f'{quotient:.2g}' if quotient < 10 else f'{quotient:.0f}'


def table(costs):
    head = ['load', 'pages', *(f'{t}' for t in TRACKERS), 'pinning itself']
    lines = []
    for title, cell in (
            ('Bytes of kernel memory for each pinned page',
             lambda c, base: f'{max(c[1], 0) / c[0]:.3g}'),
            ('Time to pin, pinning itself = 1', lambda c, base: ratio(c[2], base[2])),
            ('Time to unpin, unpinning itself = 1', lambda c, base: ratio(c[3], base[3]))):
        lines += [f'{title}:', '', row(head), row(['---'] * len(head))]
        for load, by in costs.items():
            cells = [cell(by[t], by['unpinned']) for t in (*TRACKERS, 'unpinned')]
            lines.append(row([load, str(by['interval'][0]), *cells]))
        lines.append('')
    return '\n'.join(lines)


def write(text):
    with open(PAGE) as f:
        page = f.read()
    page, n = re.subn(r'(<!-- measured -->\n).*?(<!-- end -->)',
                      lambda m: f'{m[1]}\n{text}{m[2]}', page, flags=re.S)
    if n != 1:
        sys.exit(f'trackers: {PAGE} has no place for the table')
    with open(PAGE, 'w') as f:
        f.write(page)


def main():
    os.chdir(TOP)
    out = run(int(os.environ.get('TRACKER_PAGES', 131072)))
    text = table(parse(out))
    print(out + text)
    if '--print' not in sys.argv[1:]:
        write(text)


main()
