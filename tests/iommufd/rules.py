# SPDX-License-Identifier: GPL-2.0-or-later
"""Correct clients break no rule, live and in recordings. Run by run.py."""
import json

from client import (CLIENT, Client, clean, clean_clients, consistent, devices, has_files,
                    same_areas, same_as_log)
from guest import SEED, Recording, scaled, show, tool


def test_check_tour_and_copies():
    return clean_clients(*(('--account', a, 'tour') for a in ('none', 'user', 'mm')),
                         ('--account', 'user', '--max-size', '64M', 'copies'))


def test_check_files():
    if not has_files():
        return 'not in this kernel'
    return clean_clients(*(('--account', a, 'files') for a in ('none', 'user', 'mm')))


def test_check_random():
    args = ('--account', 'user', '--ops', scaled(5000, 400), 'random')
    return clean_clients(*(('--seed', SEED + n, *args) for n in range(scaled(8, 2))))


def test_check_compat():
    args = ('--account', 'user', '--ops', scaled(2500, 400), 'random')
    return clean_clients(('--account', 'mm', 'compat'),
                         *(('--vfio', v, '--seed', SEED + n, *args)
                           for n in range(scaled(4, 1)) for v in ('v1', 'v2')))


def test_check_race():
    return clean_clients(('--threads', 4, '--seed', SEED, '--seconds', scaled(60, 5), 'race'),
                         ('--threads', 8, '--seed', SEED, '--ops', scaled(5000, 400), 'race'))


def test_check_killed():
    run = ' '.join(f'timeout -s KILL {0.7 + 0.13 * n:.2f} {CLIENT} {" ".join(devices())} --account '
                   f'user --seed {SEED + n} --ops 1000000 {("race", "random")[n % 2]};'
                   for n in range(scaled(10, 4)))
    return clean('--ring', '64M', '--', 'sh', '-c', run + ' exit 0')


def test_record():
    """What is in the file at its end is what a trace beside it has, and the log."""
    rec = Recording()
    c = Client('--account', 'user', '--seed', SEED, '--ops', scaled(5000, 400),
               scenario='random').ready()
    live = show('events')
    path = rec.finish()
    state = json.loads(tool('show', '-r', path, '--json').stdout)
    n = same_as_log(state, c, 'show -r')
    same_areas(live, state, c.pid, 'live and recorded:')
    consistent(state, c.pid)
    c.quit()
    return clean('-r', path) + f', {n} areas left'
