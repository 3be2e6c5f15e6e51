#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks 'ioascope features' on each kernel of the lab, and writes what it said into
docs/support-matrix.md, between its markers. Usage: support-matrix.py [KERNEL]...
With kernels named, only these are asked; the others are as they were told last time."""
import json
import os
import re
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
PAGE = 'docs/support-matrix.md'
CACHE = 'build/support-matrix'
KERNELS = ('6.1', '6.12', '6.12+iommufd', '7.x')
BACKENDS = (('t1_', 'type1'), ('fd_', 'iommufd'))
GUEST = ('tests/lab/guest/bind-edu >/dev/null && { modprobe -q iommufd || true; } && '
         'build/ioascope features --json >"$LAB_OUT/features"; cat "$LAB_OUT/features"')
CELLS = {'used': 'yes', 'module not loaded': '', 'not in this kernel': '-'}


def ask(kernel):
    out = subprocess.run(['tests/lab/lab.sh', '-k', kernel, '--', GUEST], stdout=subprocess.PIPE,
                         text=True, check=True).stdout
    os.makedirs(CACHE, exist_ok=True)
    with open(f'{CACHE}/{kernel}.json', 'w') as f:
        f.write(out[out.index('{'):])


def load():
    told = {}
    for kernel in KERNELS:
        with open(f'{CACHE}/{kernel}.json') as f:
            told[kernel] = json.load(f)
    return told


def row(cells):
    return '| ' + ' | '.join(cells) + ' |'


def table(head, rows):
    return [row(head), row(['---'] * len(head)), *map(row, rows)]


def count(features, prefix):
    hooks = [h for h in features['hooks'] if h['hook'].startswith(prefix)]
    used = [h for h in hooks if h['result'] == 'used']
    absent = [h for h in hooks if h['result'] == 'not in this kernel']
    if all(h['result'] == 'module not loaded' for h in hooks):
        return 'not there'
    if len(used) == len(hooks) - len(absent):
        return f'all {len(used)}'
    return f'{len(used)} of {len(hooks) - len(absent)}'


def kernels(told):
    return table(['row', 'kernel', 'preemption', *(f'hooks, {name}' for _, name in BACKENDS)],
                 [[k, f['kernel'], f['preemption'] or '', *(count(f, p) for p, _ in BACKENDS)]
                  for k, f in told.items()])


def functions(told, prefix):
    """A row for each function, or for those that stand in for each other."""
    rows = {}
    for i, (kernel, features) in enumerate(told.items()):
        for h in (h for h in features['hooks'] if h['hook'].startswith(prefix)):
            names, cells, _ = rows.setdefault(h['hook'], ([], [''] * len(told), h['needed']))
            if h['function'] not in names and (h['result'] == 'used' or not names):
                names.append(h['function'])
            cells[i] = CELLS.get(h['result'], h['result'])
    seen = {}
    for names, cells, needed in rows.values():
        name = ', '.join(f'`{n}`' for n in names)
        seen.setdefault(name, [name, *cells, 'yes' if needed else ''])
    return table(['function', *told, 'needed'], seen.values())


def put(text, marker, lines):
    begin, end = f'<!-- {marker}: written by make support-matrix -->', f'<!-- end of {marker} -->'
    found = re.compile(re.escape(begin) + '.*?' + re.escape(end), re.S)
    assert len(found.findall(text)) == 1, f'{PAGE} has no place for {marker}'
    return found.sub(lambda _: '\n'.join([begin, '', *lines, '', end]), text)


def main():
    os.chdir(TOP)
    for kernel in sys.argv[1:] or KERNELS:
        ask(kernel)
    told = load()
    with open(PAGE) as f:
        text = f.read()
    text = put(text, 'kernels', kernels(told))
    for prefix, name in BACKENDS:
        text = put(text, f'{name} hooks', functions(told, prefix))
    with open(PAGE, 'w') as f:
        f.write(text)


main()
