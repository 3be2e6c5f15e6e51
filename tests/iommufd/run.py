#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""iommufd on a real kernel: what the tool says, what the client did and what the device can reach
must be the same, and no rule may be broken. Runs inside the lab; IOASCOPE_SCALE scales the counts."""
import functools
import json
import os
import random
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'type1'))
import faults  # noqa: E402
import guest  # noqa: E402
import stale  # noqa: E402
from guest import OUT, PAGE, SEED, check, ioases, no_loss, scaled, sh, show, tool  # noqa: E402
from model import replay  # noqa: E402
import walk  # noqa: E402

CLIENT = 'build/tests/iommufd-client'
# What a program may do and had better not; the rest is a promise of the kernel.
LINTS = {'R-20', 'R-26', 'R-54'}
TOP = (1 << 64) - 1


@functools.cache
def devices(pair=0):
    """Arguments for a client with two devices; with them the modules are loaded."""
    found = guest.edus()[2 * pair:]
    r = sh('modprobe iommufd')
    check(r.returncode == 0, r.stderr)
    return ('--device', found[0], '--device', found[1])


def Trace(*args):
    devices()  # before them there is nothing to attach to
    return guest.Trace(*args)


class Client(guest.Client):
    """An iommufd-client; with serve it holds what its scenario left until it is told to quit."""

    def __init__(self, *args, scenario='hold', serve=True, pair=0):
        self.log = f'{OUT}/client-{time.monotonic_ns()}.log'
        cmd = [CLIENT, '--log', self.log, *devices(pair), *map(str, args)]
        cmd += (['--serve'] if serve else []) + [scenario]
        self.p = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        guest.started.append(self.p)
        self.pid = self.p.pid


def areas(ioas):
    return [(a['iova'], a['last'], a['va'], a['prot']) for a in ioas['areas']]


def context(state, pid):
    found = [c for c in state['contexts'] if c['pid'] == pid]
    check(len(found) == 1, 'contexts of the client:', len(found))
    return found[0]


def same_as_log(state, client, what):
    """IOAS by IOAS, in the order of their creation: areas, who shares memory, devices."""
    m = replay(client.log)
    found = sorted(ioases(state, client.pid), key=lambda i: i['ioas'])
    mine = list(m.ioases.values())
    check(len(found) == len(mine), what, 'IOASes:', len(found), 'in the log:', len(mine))
    memory = {}  # the log's name of memory -> the tool's
    for x, y in zip(mine, found):
        a, b = x.list(), sorted(areas(y))
        da, db = set(a) - set(b), set(b) - set(a)
        check(not da and not db and len(a) == len(b), what, 'log differs: only in log',
              sorted(da)[:4], 'only in state', sorted(db)[:4])
        for area in (a for a in y['areas'] if 'pages_object' in a):
            name = x.areas[area['iova']].memory
            check(memory.setdefault(name, area['pages_object']) == area['pages_object'],
                  what, 'memory is shared otherwise:', area)
        if y['devices'] is not None:
            check(sorted(d['name'] for d in y['devices']) == sorted(x.devices(m)), what, 'devices:',
                  y['devices'], x.devices(m))
    check(len(set(memory.values())) == len(memory), what, 'one memory for several maps', memory)
    return sum(len(i.areas) for i in mine)


def same_areas(a, b, pid, what):
    x, y = ioases(a, pid), ioases(b, pid)
    check([i['ioas'] for i in x] == [i['ioas'] for i in y], what, 'IOASes differ')
    for i, j in zip(x, y):
        da, db = set(areas(i)) - set(areas(j)), set(areas(j)) - set(areas(i))
        check(not da and not db, what, 'areas differ:', sorted(da)[:4], sorted(db)[:4])


def consistent(state, pid):
    """What must hold in any state at rest: pinned is what devices reach, charged is pinned."""
    ctx = context(state, pid)
    pages = {p['pages_object']: p for p in ctx['pages_objects']}
    shown = {p: 0 for p in pages}
    for i in ctx['ioases']:
        for d in i['domains']:
            check(d['mapped_bytes'] == i['mapped_bytes'], 'a domain maps', d, i['mapped_bytes'])
        for a in i['areas']:
            shown[a['pages_object']] += 1
            p = pages[a['pages_object']]
            check(not i['domains'] or p['pinned_pages'] * PAGE >= a['size'], 'unpinned', a, p)
    for p in pages.values():
        check(p['areas'] == shown[p['pages_object']] > 0, 'areas of', p)
        check(0 <= p['pinned_pages'] <= p['pages'], p)
        check(p['charged_pages'] == (0 if p['counter'] == 'none' else p['pinned_pages']), p)
    return ctx


class Report:
    """One run of 'check --json': its violations, its summary, its status."""

    def __init__(self, *args):
        r = tool('check', '--json', *map(str, args))
        lines = [json.loads(line) for line in r.stdout.splitlines()]
        check(lines and lines[-1]['kind'] == 'summary', 'no summary:', r.stdout[-300:], r.stderr)
        self.stderr = r.stderr
        self.status = r.returncode
        self.summary = lines.pop()
        self.violations = lines
        self.rules = {v['rule'] for v in lines}


def clean(*args, status=0, judged=30):
    r = Report(*args)
    s = r.summary
    check(r.status == status and s['result'] == 'clean', 'status', r.status,
          [(v['rule'], v['text']) for v in r.violations if v['rule'] not in LINTS][:5],
          r.stderr[-400:], s)
    check(r.rules <= LINTS, 'violations', sorted(r.rules))
    check(s['dropped'] == s['gaps'] == s['probes_missed'] == s['uncertain_contexts'] == 0, s)
    check(s['rules_judged'] >= judged and s['events'] == s['submitted'], s)
    return f"{s['events']} events, {s['rules_judged']} rules"


def clean_clients(*runs):
    """Clients one after the other, under one check."""
    run = ' '.join(('set -e;', *(' '.join((CLIENT, *devices(), *map(str, r))) + ';' for r in runs)))
    return clean('--ring', '64M', '--', 'sh', '-c', run)


# ---- what the tool says is what the client did ----

def test_features():
    devices()
    f = json.loads(tool('features', '--json').stdout)
    used = [h for h in f['hooks'] if h['program'].startswith('fd_')] if f['hooks'] and \
        'program' in f['hooks'][0] else f['hooks']
    # What only newer kernels have is no lack.
    newer = [h for h in used if h['result'] == 'not in this kernel']
    check(all(h['result'] == 'used' for h in used if h not in newer), f['hooks'])
    return f'{len(used) - len(newer)} hooks, {len(newer)} of newer kernels'


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
    ops = scaled(4000, 400)
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
    for at, way, may in probes(state, c.pid, scaled(200, 30)):
        answer = c.ask(f'dma {way} {at:#x} 64')
        check(answer == ('ok' if may else 'fault'), f'DMA {way} at {at:#x}: device says', answer,
              'mirror says', 'mapped' if may else 'not mapped')
        done[may] += 1
    c.quit()
    check(done[True] and done[False], done)
    return f'{done[True]} reached, {done[False]} refused'


def test_copies():
    """A copy pins nothing and charges nothing, and all areas are of one pages object."""
    size = 256 << 20
    t = Trace()
    cs = [Client('--account', a, '--max-size', size, scenario='copies', pair=n).ready()
          for n, a in enumerate(('user', 'mm'))]
    live, kernel = show('events'), show('kernel')
    s, state = t.finish()
    no_loss(s)
    for c in cs:
        for have in (live, state):
            walk.agree(have, kernel, c.pid, list(replay(c.log).ioases), 'copies:')
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


def has_files():
    devices()
    return any(h['hook'] == 'fd_map_file' and h['result'] == 'used'
               for h in json.loads(tool('features', '--json').stdout)['hooks'])


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


# ---- what is explained ----

RESERVED = 0xfee00000  # the window of message signalled interrupts: no area may be there


def failures(used, cache, device):
    """What is asked, the op and errno that follow, the reason that must be said, and what else."""
    at, free, big = 0x140000000, 0x300000000, 16 << 20
    low = hex(PAGE)  # nothing is mapped there in any process
    return [
        (f'map {used} {at:#x} {PAGE} rw 0', 'map', 'EEXIST', 'overlap', {'iova': at}),
        (f'map {used} {RESERVED:#x} {PAGE} rw 0', 'map', 'EINVAL', 'reserved', {'iova': RESERVED}),
        (f'map {used} {1 << 60:#x} {PAGE} rw 0', 'map', 'EINVAL', 'aperture', {}),
        (f'map {used} {free + 512:#x} {PAGE} rw 0', 'map', 'EINVAL', 'misaligned',
         {'argument': 'iova', 'bytes': PAGE}),
        (f'mapva {used} {free:#x} 0 rw {low}', 'map', 'EINVAL', 'no-size', {}),
        (f'mapva {used} {free:#x} {PAGE} - {low}', 'map', 'EINVAL', 'no-prot', {}),
        (f'mapva 4095 {free:#x} {PAGE} rw {low}', 'map', 'ENOENT', 'no-object', {}),
        (f'mapva {used} {free:#x} {PAGE} rw {low}', 'map', 'EFAULT', 'not-there',
         {'iova': PAGE, 'now': 'nothing'}),
        (f'map {used} {free:#x} {big} rw 0', 'map', 'ENOMEM', 'limit',
         {'exact': True, 'counter': 'user-locked'}),
        (f'copy {used} {free:#x} {cache} 0x200000000 {PAGE} rw', 'copy', 'ENOENT', 'hole',
         {'iova': 0x200000000}),
        (f'unmap {used} {at + PAGE:#x} {PAGE}', 'unmap', 'ENOENT', 'bisects', {'iova': at}),
        (f'unmap {used} 0x600000000 {PAGE}', 'unmap', 'ENOENT', 'nothing', {}),
        (f'attach {device} {cache}', 'attach', 'EADDRINUSE', 'area-in-the-way',
         {'iova': RESERVED}),
    ]


def wrong_reason(e, what, more):
    """What is wrong with the reason of an op; None: nothing."""
    why = e.get('why', {'certain': None, 'reasons': []})
    if [r['what'] for r in why['reasons']] != [what]:
        return why
    r = why['reasons'][0]
    said = {**r.get('range', {}), **r.get('area', {}), **r}
    # EFAULT says what it means; which of these it was, nobody tells.
    certain = what != 'not-there'
    return None if why['certain'] == certain and more.items() <= said.items() else why


def test_trace_explains():
    """Each failure has its reason, each attach and detach says what it does to the ranges."""
    device = devices()[3]
    t = Trace()
    c = Client('--account', 'user', '--max-size', '1M', '--buffer', '64M').ready()
    cache, used = [int(i) for i in replay(c.log).ioases]
    held = 4 << 20
    resource.prlimit(c.pid, resource.RLIMIT_MEMLOCK, (held, resource.RLIM_INFINITY))
    c.ask(f'map {cache} {RESERVED:#x} {PAGE} rw 0')
    asked = failures(used, cache, device)
    for line in asked:
        c.ask(line[0])
    for line in (f'unmap {cache} {RESERVED:#x} {PAGE}', f'attach {device} {cache}',
                 f'detach {device}'):
        check(c.ask(line).startswith('ok'), line)
    c.kill()
    t.finish()
    ops = [e for e in t.events if e['kind'] == 'op' and e['pid'] == c.pid]
    failed = [e for e in ops if e.get('errno') and e['op'] not in ('charge', 'reserve')]
    failed = failed[-len(asked):]
    bad = []
    for (line, op, errno_, what, more), e in zip(asked, failed):
        wrong = (e['op'], e['errno']) if (e['op'], e['errno']) != (op, errno_) else \
            wrong_reason(e, what, more)
        bad += [f'\n{line}: {wrong}'] if wrong else []
    check(not bad and len(failed) == len(asked), *bad, len(failed))
    limit = next(r for e in failed for r in e['why']['reasons'] if r['what'] == 'limit')
    check(limit['limit'] == held and limit['used'] <= held < limit['used'] + limit['asked'], limit)
    changes = [e for e in ops if 'valid_ranges' in e]
    on, off = [next(e['valid_ranges'] for e in reversed(changes) if e['op'] == op)
               for op in ('attach', 'detach')]
    check(on['before'] == off['after'] == [{'iova': 0, 'last': TOP}], on, off)
    check(on['after'] == off['before'] and len(on['after']) > 1, on, off)
    for change, gone in ((on, False), (off, True)):
        names = {c['device'] for c in change['because']}
        check(names == {device} and {c['gone'] for c in change['because']} == {gone}, change)
        check({'iova': RESERVED, 'last': RESERVED + 0xfffff} in
              [c['range'] for c in change['because']], change)
    classes = [e['unmap'] for e in ops if e['op'] == 'unmap' and 'unmap' in e]
    check(classes[-3:] == ['inside', 'nothing', 'exact'], classes)
    return f'{len(asked)} failures, {len(changes)} changes of ranges'


# ---- faults ----

def fault_client():
    """A client, what it calls the IOAS with its device, what the tool calls it, and the device."""
    c = Client('--max-size', '1M').ready()
    _, used = [int(i) for i in replay(c.log).ioases]
    _, ioas = sorted(i['ioas'] for i in ioases(show('events'), c.pid))
    return c, used, ioas, devices()[1]


def test_faults():
    t = Trace()
    c, used, ioas, device = fault_client()
    note = faults.exact(t, c, device, ioas,
                        lambda iova, prot: f'map {used} {iova:#x} 0x4000 {prot} 0',
                        lambda iova: f'unmap {used} {iova:#x} 0x4000')
    c.quit()
    check(all(e['device'] for e in faults.told(t)), 'no number of the device')
    return note


def test_fault_storm():
    t = Trace()
    c = fault_client()[0]
    note = faults.storm(t, c)
    c.quit()
    return note


def test_faults_in_recording():
    """A recording tells of faults as the run did, and check finds nothing wrong with them."""
    path = f'{OUT}/faults.ioas'
    rec = subprocess.Popen(['build/ioascope', 'record', '-o', path], stderr=subprocess.PIPE,
                           text=True)
    guest.started.append(rec)
    end = time.monotonic() + 60
    while tool('show', '--from', 'events').returncode:
        check(time.monotonic() < end and rec.poll() is None, 'record does not attach')
        time.sleep(0.05)
    c, _, ioas, device = fault_client()
    faults.quiet()
    c.ask(f'dma r {faults.HOLE:#x} 64')
    c.quit()
    rec.terminate()
    rec.communicate()
    lines = tool('trace', '-r', path).stdout.splitlines()
    found = [line for line in lines if ' fault read ' in line]
    check(len(found) == 1 and f'{faults.HOLE:#x}' in found[0] and 'not mapped' in found[0] and
          f'{device}, reason 0x06 (no read access)' in found[0], found)
    check(found[0].split()[2] == str(ioas), found)
    return clean('-r', path)


# ---- stale memory ----

def test_stale_memory():
    t = Trace('--stale')
    c = Client('--max-size', '1M', '--buffer', '32M').ready()
    _, used = [int(i) for i in replay(c.log).ioases]
    return stale.exact(t, c, lambda iova, at: f'map {used} {iova:#x} {stale.SIZE:#x} rw {at:#x}',
                       lambda iova: f'unmap {used} {iova:#x} {stale.SIZE:#x}')


# ---- the rules ----

def test_check_tour_and_copies():
    return clean_clients(*(('--account', a, 'tour') for a in ('none', 'user', 'mm')),
                         ('--account', 'user', '--max-size', '64M', 'copies'))


def test_check_files():
    if not has_files():
        return 'not in this kernel'
    return clean_clients(*(('--account', a, 'files') for a in ('none', 'user', 'mm')))


def test_check_random():
    args = ('--account', 'user', '--ops', scaled(4000, 400), 'random')
    return clean_clients(*(('--seed', SEED + n, *args) for n in range(scaled(8, 2))))


def test_check_compat():
    args = ('--account', 'user', '--ops', scaled(2500, 400), 'random')
    return clean_clients(('--account', 'mm', 'compat'),
                         *(('--vfio', v, '--seed', SEED + n, *args)
                           for n in range(scaled(4, 1)) for v in ('v1', 'v2')))


def test_check_race():
    args = ('--seed', SEED, '--ops', scaled(4000, 400), 'race')
    return clean_clients(*(('--threads', n, *args) for n in (4, 8)))


def test_check_killed():
    run = ' '.join(f'timeout -s KILL {0.7 + 0.13 * n:.2f} {CLIENT} {" ".join(devices())} --account '
                   f'user --seed {SEED + n} --ops 1000000 {("race", "random")[n % 2]};'
                   for n in range(scaled(10, 4)))
    return clean('--ring', '64M', '--', 'sh', '-c', run + ' exit 0')


# ---- recordings ----

def test_record():
    """What is in the file at its end is what a trace beside it has, and the log."""
    path = f'{OUT}/fd.ioas'
    c = None
    rec = subprocess.Popen(['build/ioascope', 'record', '-o', path], stderr=subprocess.PIPE,
                           text=True)
    guest.started.append(rec)
    end = time.monotonic() + 60
    while tool('show', '--from', 'events').returncode:
        check(time.monotonic() < end and rec.poll() is None, 'record does not attach')
        time.sleep(0.05)
    c = Client('--account', 'user', '--seed', SEED, '--ops', scaled(4000, 400),
               scenario='random').ready()
    live = show('events')
    rec.terminate()
    err = rec.communicate()[1]
    check(rec.returncode in (0, 143), rec.returncode, err)
    state = json.loads(tool('show', '-r', path, '--json').stdout)
    n = same_as_log(state, c, 'show -r')
    same_areas(live, state, c.pid, 'live and recorded:')
    consistent(state, c.pid)
    c.quit()
    return clean('-r', path) + f', {n} areas left'


# ---- what an attach would do ----

def Recorder(path):
    """A running 'ioascope record', attached."""
    rec = subprocess.Popen(['build/ioascope', 'record', '-o', path], stderr=subprocess.PIPE,
                           text=True)
    guest.started.append(rec)
    end = time.monotonic() + 60
    while tool('show', '--from', 'events').returncode:
        check(time.monotonic() < end and rec.poll() is None, 'record does not attach')
        time.sleep(0.05)
    return rec


def predict(*args):
    """Exit status, and the one answer with the IOAS that it is about."""
    r = tool('predict', 'attach', '--json', *map(str, args))
    check(r.returncode in (0, 1, 4) and r.stdout, args, r.returncode, r.stderr)
    d = json.loads(r.stdout)
    check(len(d['ioases']) == 1 and len(d['ioases'][0]['answers']) == 1, d)
    return r.returncode, d['ioases'][0]['answers'][0], d['ioases'][0]


def spans(ranges):
    return [(r['iova'], r['last']) for r in ranges]


def in_the_way(answer):
    """The conflicts: why, what of the IOAS, and the region."""
    return [(c['cause'], *spans([c.get('area') or c['allowed']]),
             *spans([c['region']] if 'region' in c else [])) for c in answer['conflicts']]


MSI = (0xfee00000, 0xfeefffff)
APERTURE_END = 1 << 48  # as the lab starts QEMU


def predict_cases():
    """What the client does first, whether the attach fails then, and what for."""
    far = (APERTURE_END, APERTURE_END + PAGE - 1)
    inside = (MSI[0], MSI[0] + PAGE - 1)
    across = (MSI[0] - PAGE, MSI[0] + PAGE - 1)
    last = (MSI[1] + 1 - PAGE, MSI[1])
    yield [], []
    yield ['map %u 0xfee00000 0x1000 rw 0'], [('region', inside, MSI)]
    yield ['unmap %u 0xfee00000 0x1000', 'map %u 0xfedff000 0x2000 r 0',
           'map %u 0xfeeff000 0x1000 r 0'], [('region', across, MSI), ('region', last, MSI)]
    yield ['unmap %u 0xfedff000 0x2000', 'unmap %u 0xfeeff000 0x1000',
           'map %u 0xfedff000 0x1000 r 0', 'map %u 0xfef00000 0x1000 r 0'], []
    yield [f'map %u {far[0]:#x} 0x1000 r 0'], [('aperture', far)]
    yield [f'unmap %u {far[0]:#x} 0x1000',
           f'map %u {APERTURE_END - PAGE:#x} 0x1000 r 0'], []
    yield ['map %u 0x40000800 0x400 r 0x800'], [('alignment', (0x40000800, 0x40000bff))]
    yield ['unmap %u 0x40000800 0x400', 'allow %u 0xfee00000 0xfee00fff'], [('region', inside, MSI)]
    yield ['allow %u 0 0xfedfffff'], []
    yield [f'allow %u 0xfeeff000 {far[1]:#x}'], [('region', (last[0], far[1]), MSI),
                                                 ('aperture', (last[0], far[1]))]
    yield ['allow %u 1 0'], []


def test_predict():
    """An attach fails where it was said to fail, and leaves the ranges that were said."""
    path = f'{OUT}/predict.ioas'
    device = devices()[3]
    rec = Recorder(path)
    c = Client('--max-size', '1M').ready()
    mine = next(iter(replay(c.log).ioases))
    ioas = min(i['ioas'] for i in ioases(show('events'), c.pid))
    moments = []
    for steps, want in predict_cases():
        for step in steps:
            check(c.ask(step % mine).startswith('ok'), step)
        moments.append(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
        live = predict('--from', 'events', '--ioas', ioas, device)[1]
        seen = [x for x in in_the_way(live)]
        # Not every source knows what is allowed; then it says so.
        if 'allowed' not in live['doubts'] or not any('allow' in s for s in steps):
            check(seen == want, 'now:', steps, seen, want, live['doubts'])
        answer = c.ask(f'attach {device} {mine}')
        check(answer == ('error -98' if want else 'ok'), steps, answer)
        then = []
        if not want:
            then = [tuple(int(x, 16) for x in r.split('-'))
                    for r in c.ask(f'ranges {mine}').split()[1].split(',')]
            check(c.ask(f'detach {device}') == 'ok', 'detach')
        moments[-1] = (moments[-1], want, then)
    c.quit()
    rec.terminate()
    rec.communicate()
    for ns, want, then in moments:
        status, a, i = predict('-r', path, '--at', f'{ns}ns', '--ioas', ioas, device)
        check(status == (4 if want else 0) and a['verdict'] == ('fails' if want else 'succeeds'),
              want, status, a)
        check(in_the_way(a) == want and a['errno'] == ('EADDRINUSE' if want else None), want, a)
        check(spans(i['valid_now']) == [(0, TOP)], i['valid_now'])
        check(want or spans(a['valid_then']) == then, 'ranges:', a['valid_then'], then)
    return f'{len(moments)} attaches, {sum(bool(m[1]) for m in moments)} refused'


import accesses  # noqa: E402  (these use what is above)
import walks  # noqa: E402
guest.run([v for names in (vars(walks), globals(), vars(accesses)) for k, v in list(names.items())
           if k.startswith('test_')])
