# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of 'users': the kernel's counters, and what of them IOASes explain."""
import json
import re
import subprocess
import sys

import guest
from guest import PAGE, SEED, Client, Trace, check, edus, ioases, show, tool

UID = 4321
MIB = 1 << 20


def users(*args):
    r = tool('users', '--json', *args)
    check(r.returncode == 0, r.stderr)
    return json.loads(r.stdout)


def locker(uid, limit, locked, ring):
    p = subprocess.Popen([sys.executable, 'tests/type1/locker.py',
                          *map(str, (uid, limit, locked, ring))], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    guest.started.append(p)
    check(p.stdout.readline() == 'ready\n', p.stderr.read() if p.poll() is not None else 'silent')
    return p


def end(p):
    p.communicate()
    check(p.returncode == 0, p.returncode)


def proc_pages(pid, key):
    """VmLck and VmPin of /proc, in pages."""
    return int(re.search(rf'^{key}:\s+(\d+) kB', open(f'/proc/{pid}/status').read(),
                         re.M).group(1)) * 1024 // PAGE


def one(found, **want):
    found = [x for x in found if all(x[k] == v for k, v in want.items())]
    check(len(found) == 1, want, len(found))
    return found[0]


def test_users_counters():
    """mlock() is in VmLck, io_uring's buffers in the user's counter, over processes."""
    check(not [u for u in users()['users'] if u['uid'] == UID], 'somebody is there')
    ps = [locker(UID, 8 * MIB, 100, 30), locker(UID, 64 * MIB, 0, 12)]
    d = users('--all')
    u = one(d['users'], uid=UID)
    check((u['user_locked_pages'], u['mm_locked_pages'], u['processes']) == (42, 100, 2), u)
    check((u['limit_min_bytes'], u['limit_max_bytes']) == (8 * MIB, 64 * MIB), u)
    check(u['left_bytes'] == 8 * MIB - 42 * PAGE, u)
    check(u['user_locked_by_ioases'] == u['mm_locked_by_ioases'] == 0, u)
    for p, left in zip(ps, (8 * MIB - 100 * PAGE, 64 * MIB)):
        x = one(d['processes'], pid=p.pid)
        check(x['mm_locked_pages'] == proc_pages(p.pid, 'VmLck'), x)
        check(x['mm_pinned_pages'] == proc_pages(p.pid, 'VmPin'), x)
        check(x['mm_left_bytes'] == left and not x['ipc_lock'] and x['uid'] == UID, x)
    text = tool('users').stdout
    check(re.search(rf'^{UID} +168K +0 +168K +400K +0 +400K ', text, re.M), text)
    end(ps[0])
    u = one(users()['users'], uid=UID)
    check((u['user_locked_pages'], u['mm_locked_pages'], u['processes']) == (12, 0, 1), u)
    check(u['left_bytes'] == 64 * MIB - 12 * PAGE, u)
    end(ps[1])
    check(not [u for u in users()['users'] if u['uid'] == UID], 'something is left')


def test_users_type1():
    """What type1 charges is explained, by the walk as by a running trace; no more than that."""
    c = Client('--device', edus()[0], '--seed', SEED, '--max-size', '4M', scenario='hold',
               serve=True).ready()
    charged = proc_pages(c.pid, 'VmLck')
    check(charged, 'nothing is charged')
    x = one(users('--from', 'kernel')['processes'], pid=c.pid)
    check(x['mm_locked_pages'] == x['mm_locked_by_ioases'] == charged, x, charged)
    check(x['ipc_lock'] and x['mm_left_bytes'] == 'unlimited', x)
    c.quit()
    t = Trace()
    c = Client('--device', edus()[0], '--seed', SEED, '--max-size', '4M', scenario='hold',
               serve=True).ready()
    live = sum(i['charged_pages'] for i in ioases(show('events'), c.pid))
    x = one(users('--from', 'events')['processes'], pid=c.pid)
    check(x['mm_locked_by_ioases'] == live == proc_pages(c.pid, 'VmLck'), x, live)
    t.finish()
    c.quit()
    return f'{charged} pages'


def test_users_views():
    p = locker(UID, 8 * MIB, 16, 0)
    text = tool('users', '--by', 'process').stdout
    check(re.search(rf'^ *{p.pid} +python3 +{UID} +0 +64K +0 ', text, re.M), text)
    text = tool('users', '--by', 'cgroup').stdout
    check(re.search(r'^ +0 +64K +0 +\S+ +\d+ +/', text, re.M), text)
    for bad in (['--by', 'moon'], ['--watch', '0'], ['--watch', 'x'], ['x']):
        check(tool('users', *bad).returncode == 2, bad)
    w = subprocess.Popen(['build/ioascope', 'users', '--watch', '1'], stdout=subprocess.PIPE,
                         text=True)
    guest.started.append(w)
    heads = 0
    while heads < 2:
        heads += w.stdout.readline().startswith('USER ')
    w.terminate()
    check(w.wait(10) == 0, w.returncode)
    end(p)
