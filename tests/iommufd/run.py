#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""iommufd on a real kernel: what the tool says, what the client did and what the device can reach
must be the same, and no rule may be broken. Runs inside the lab; IOASCOPE_SCALE scales the counts."""
import json
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'type1'))
import accesses  # noqa: E402
import beside  # noqa: E402
import guest  # noqa: E402
import predicts  # noqa: E402
import reasons  # noqa: E402
import rules  # noqa: E402
import users  # noqa: E402
import walk  # noqa: E402
import walks  # noqa: E402
from client import (CLIENT, TOP, Client, Trace, areas, consistent, context, devices, has_files,
                    same_areas, same_as_log)
from guest import PAGE, SEED, check, ioases, no_loss, scaled, sh, show, tool
from model import replay


def test_features():
    devices()
    f = json.loads(tool('features', '--json').stdout)
    # What only newer kernels have is no lack; those on memory management are for --stale alone, and
    # those of the bundled backend are of a module that is not there.
    newer = [h for h in f['hooks'] if h['result'] == 'not in this kernel']
    bad = [h for h in f['hooks'] if h['result'] != 'used' and h not in newer and
           not h['hook'].startswith(('mm_', 'bd_'))]
    check(f['hooks'] and not bad, bad)
    return f"{len(f['hooks']) - len(newer)} hooks, {len(newer)} of newer kernels"


def test_tour():
    t = Trace()
    c = subprocess.run([CLIENT, *devices(), '--account', 'user', 'tour'], capture_output=True,
                       text=True)
    check(c.returncode == 0, 'tour:', c.stderr[-600:])
    s, state = t.finish()
    no_loss(s)
    check(not state['contexts'], 'something is left', state)
    left = {}
    for e in t.events:
        if e['kind'] == 'charge':
            left[e['owner']] = left.get(e['owner'], 0) + e['pages']
    check(left and not any(left.values()), 'charges that never went:', left)
    return f"{s['seen']} events, {c.stderr.splitlines()[-1]}"


def test_random():
    """Three clients, one that is charged nothing, one by its user, one by its mm."""
    t = Trace()
    ops = scaled(5000, 400)
    args = ('--seed', SEED, '--ops', ops)
    c = Client('--account', 'none', *args, scenario='random').ready()
    same_as_log(show('events'), c, 'show')
    c.quit()
    cs = [Client('--account', a, *args, scenario='random', pair=n).ready()
          for n, a in enumerate(('user', 'mm'))]
    live, kernel = show('events'), show('kernel')
    s, mirror = t.finish()
    n = 0
    for c in cs:
        same_as_log(live, c, 'show')
        numbers = list(replay(c.log).ioases)
        walk.agree(live, kernel, c.pid, numbers, 'show and kernel:')
        walk.agree(mirror, kernel, c.pid, numbers, '--state and kernel:')
        n += same_as_log(mirror, c, '--state')
        same_areas(live, mirror, c.pid, 'show and --state:')
        consistent(mirror, c.pid)
        c.quit()
    no_loss(s)
    return f"3 times {ops} ops, {s['seen']} events, {n} areas left"


def numbers(state, pid):
    return [(a['iova'], a['area']) for i in ioases(state, pid) for a in i['areas']]


def split_areas(t):
    """Splits that the trace has seen: each is of an unmap of a VFIO container."""
    ops = {e['op_number']: e for e in t.events if e['kind'] == 'op'}
    splits = [e for e in t.events if e['kind'] == 'area-split']
    for e in splits:
        op = ops[e['op_number']]
        check(op['op'] == 'unmap' and op['backend'] == 'compat', 'split by', op)
    return len(splits)


def test_compat_tour():
    """The ioctls of a VFIO container, on the same file: each is an op, and splits are what they
    must be."""
    t = Trace()
    c = subprocess.run([CLIENT, *devices(), '--account', 'user', 'compat'], capture_output=True,
                       text=True)
    check(c.returncode == 0, 'compat:', c.stderr[-600:])
    s, state = t.finish()
    no_loss(s)
    check(not state['contexts'], 'something is left', state)
    ops = [e for e in t.events if e['kind'] == 'op' and e['backend'] == 'compat']
    said = {e['op']: sum(o['op'] == e['op'] for o in ops) for e in ops}
    check(set(said) == {'set-iommu', 'map', 'unmap', 'query', 'option', 'alloc'}, said)
    check(all(e['returned'] == e['removed'] for e in ops if 'returned' in e), 'returned')
    check({e['flags'] for e in ops if e['op'] == 'set-iommu'} == {1, 3, 8}, 'types')
    splits = split_areas(t)
    check(f'{splits} splits' in c.stderr and splits, splits, c.stderr)
    return f"{said}, {c.stderr.splitlines()[-1]}"


def test_random_compat():
    """v1, which splits areas, and v2, which does not; a device is with them now and then."""
    t = Trace()
    ops = scaled(5000, 400) // 2
    cs = [Client('--account', 'user', '--vfio', v, '--seed', SEED, '--ops', ops, scenario='random',
                 pair=n).ready() for n, v in enumerate(('v1', 'v2'))]
    live = show('events')
    s, mirror = t.finish()
    n = 0
    for c in cs:
        same_as_log(live, c, 'show')
        n += same_as_log(mirror, c, '--state')
        same_areas(live, mirror, c.pid, 'show and --state:')
        check(numbers(live, c.pid) == numbers(mirror, c.pid), 'areas have other numbers')
        consistent(mirror, c.pid)
        c.quit()
    no_loss(s)
    splits = split_areas(t)
    check(splits > 0, 'nothing was split')
    return f"2 times {ops} ops, {splits} splits, {s['seen']} events, {n} areas left"


def probes(state, pid, count):
    """Addresses in and around the areas of an IOAS with a device, and what the mirror says."""
    rnd = random.Random(SEED)
    a = areas(next(i for i in ioases(state, pid) if i['devices']))
    for _ in range(count):
        iova, last, _, _ = rnd.choice(a)
        at = rnd.choice([rnd.randrange(iova, last + 1) & ~0xfff, iova, last & ~0xfff,
                         iova - PAGE, last + 1, rnd.randrange(1 << 38) & ~0xfff])
        way = rnd.choice('rw')
        hit = [x for x in a if x[0] <= at <= x[1]]
        # Before 7.x VT-d lets devices read what is mapped for writing only.
        if hit and hit[0][3] == 'w':
            way = 'w'
        yield at, way, bool(hit) and way in hit[0][3]


def test_device_agrees():
    t = Trace()
    c = Client('--max-size', '1M').ready()
    # The second IOAS has the device: pieces of the first one, and holes.
    _, used = [int(i) for i in replay(c.log).ioases]
    for n in range(12):
        c.ask(f'copy {used} {0x200000000 + n * 0x5000:#x} {used} {0x140000000 + n * 0x1000:#x} '
              f'{0x1000 * (1 + n % 4):#x} {("rw", "r", "w")[n % 3]}')
    c.ask(f'unmap {used} 0x200005000 0x5000')
    c.ask('dma r 0x140000000 64')  # maps what transfers need
    t.finish()
    state = json.load(open(t.state))
    same_as_log(state, c, '--state')
    done = {True: 0, False: 0}
    for at, way, may in probes(state, c.pid, scaled(300, 30)):
        answer = c.ask(f'dma {way} {at:#x} 64')
        check(answer == ('ok' if may else 'fault'), f'DMA {way} at {at:#x}: device says', answer,
              'mirror says', 'mapped' if may else 'not mapped')
        done[may] += 1
    c.quit()
    check(done[True] and done[False], done)
    return f'{done[True]} reached, {done[False]} refused'


def payers():
    """For how many pages objects each pays whom the programs know; there is one trace."""
    known = json.loads(sh('bpftool -j map dump name fd_payers').stdout)
    return sorted(e['formatted']['value']['pages'] for e in known)


def test_copies():
    """A copy pins nothing and charges nothing, and all areas are of one pages object."""
    size = 256 << 20
    t = Trace()
    cs = [Client('--account', a, '--max-size', size, scenario='copies', pair=n).ready()
          for n, a in enumerate(('user', 'mm'))]
    live, kernel = show('events'), show('kernel')
    check(payers() == [1, 1], 'a user and an mm pay', payers())
    for source in ('events', 'kernel'):
        found = users.users('--from', source)['processes']
        for c, counter in zip(cs, ('user_locked', 'mm_locked')):
            x = users.one(found, pid=c.pid)
            check(x[f'{counter}_pages'] == x[f'{counter}_by_ioases'] == size // PAGE, source, x)
    s, state = t.finish()
    no_loss(s)
    for c in cs:
        for have in (live, state):
            walk.agree(have, kernel, c.pid, list(replay(c.log).ioases), 'copies:')
        for have in (kernel, state):
            uses = [(i['used_by'], i['shared_bytes'] == i['mapped_bytes'])
                    for i in ioases(have, c.pid)]
            check(sorted(uses) == [('hardware', True), ('none', True)], 'a device and a cache', uses)
        pages = consistent(state, c.pid)['pages_objects']
        check(len(pages) == 1 and pages[0]['areas'] == 101, pages)
        check(pages[0]['pinned_pages'] == pages[0]['charged_pages'] == size // PAGE, pages)
        c.quit()
    ops = [e for e in t.events if e['kind'] == 'op' and e['op'] == 'copy']
    check(len(ops) == 200 and not any(e['pages_pinned'] or e['pages_unpinned'] for e in ops),
          'copies that pin', ops[:2])
    return f'{size // PAGE} pages, 101 areas, charged to a user and to an mm'


def test_race():
    """At rest, the kernel lets each area go that the mirror has, and has no other."""
    t = Trace('--ring', '64M')
    c = Client('--seed', SEED, '--seconds', scaled(60, 5), '--threads', 4, scenario='race').ready()
    live, kernel = show('events'), show('kernel')
    s, state = t.finish()
    no_loss(s)
    same_areas(live, state, c.pid, 'show and --state:')
    consistent(state, c.pid)
    mine = [n for n, i in replay(c.log, raced=True).ioases.items()]
    for have in (live, state):
        walk.agree(have, kernel, c.pid, mine, 'race:')
    found = sorted(ioases(state, c.pid), key=lambda i: i['ioas'])
    check(len(mine) == len(found), mine, len(found))
    n = 0
    for number, i in zip(mine, found):
        for a in i['areas']:
            answer = c.ask(f"unmap {number} {a['iova']} {a['size']}")
            check(answer == f"ok {a['size']}", 'the kernel has no area', a, answer)
            n += 1
        answer = c.ask(f'unmap {number} 0 {TOP}')
        check(answer == 'ok 0', 'the kernel has more areas', answer)
    c.quit()
    return f"{s['seen']} events, {n} areas left"


def test_client_killed():
    t = Trace()
    for n in range(scaled(10, 4)):
        c = Client('--account', 'user', '--seed', SEED + n, '--ops', 1000000,
                   scenario=('race', 'random')[n % 2], serve=False)
        time.sleep(0.5 + 0.13 * n)
        c.kill()
    time.sleep(0.3)
    live = show('events')
    check(set(payers()) == {0}, 'somebody pays for nothing', payers())
    s, state = t.finish()
    no_loss(s)
    check(not live['contexts'] and not state['contexts'], 'left over', live, state)
    return f"{s['seen']} events"


def test_older_contexts():
    """What is older than the trace is said to be, and its end leaves nothing."""
    c = Client().ready()
    t = Trace()
    check(c.ask('map 3 0x40000000 0x10000 rw 0').startswith('ok') or
          c.ask('map 1 0x40000000 0x10000 rw 0').startswith('ok'), 'map')
    found = ioases(show('events'), c.pid)
    check(any(not i['complete'] for i in found), 'not said to be older', found)
    c.quit()
    s, state = t.finish()
    check(s['dropped'] == 0 and s['contradictions'] == 0, s)
    check(not state['contexts'], 'a ghost is left', state)


def test_files():
    """Areas of a file; another process pays for a while, and in the end nobody does."""
    t = Trace()
    cs = [Client('--account', a, scenario='files', pair=n).ready()
          for n, a in enumerate(('user', 'mm'))]
    live = show('events')
    s, state = t.finish()
    no_loss(s)
    for c in cs:
        if has_files():
            same_as_log(live, c, 'show')
            same_as_log(state, c, '--state')
            consistent(state, c.pid)
        c.quit()
    ops = [e for e in t.events if e['kind'] == 'op' and e['op'] == 'change-process']
    moved = [e for e in t.events if e['kind'] == 'pages-owner']
    if not has_files():
        check(not ops and not moved, ops, moved)
        return 'not in this kernel'
    check({e['memory'] for e in moved} == {'file'}, moved[:2])
    for c in cs:
        payers = [e['owner_pid'] for e in moved if e['context'] == context(state, c.pid)['context']]
        check(len(set(payers)) == 2 and payers[-1] == c.pid, 'who paid', payers, c.pid)
    check([e['result'] for e in ops] == [-22, 0, 0, 0] * 2, ops)
    return f'{len(moved)} times memory was handed over'


# The first of the walks is for a machine without the module.
PARTS = (vars(walks), globals(), *map(vars, (reasons, beside, rules, predicts, accesses)))
guest.run([v for names in PARTS for k, v in list(names.items()) if k.startswith('test_')])
