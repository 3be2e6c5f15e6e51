#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Type1 on a real kernel: what the tool says, what the client did, what the kernel has and what
the device can reach must be the same. Runs inside the lab; IOASCOPE_SCALE scales the counts."""
import itertools
import json
import os
import random
import signal
import subprocess
import time

import blames
import checks
import explains
import faults
import guest
import stale
import users
from guest import (CLIENT, OUT, PAGE, SEED, Client, Trace, Uncertain, areas, attached_programs,
                   check, edus, emulated, ioases, no_loss, preempts, same_as_log, same_state,
                   scaled, sh, show, tool)


# ---- before any module is loaded ----

def test_features_without_modules():
    r = tool('features', '--json')
    f = json.loads(r.stdout)
    check(r.returncode == 0, r.returncode, r.stderr)
    check(f['btf'] and f['privileged'] and not f['vfio_iommu_type1'], f)
    check({h['result'] for h in f['hooks']} <= {'used', 'module not loaded'}, r.stdout)


def test_show_without_modules():
    r = tool('show')
    check(r.returncode == 0 and r.stdout == 'no context is open\n', r.stdout, r.stderr)


def test_unprivileged():
    for cmd in ('trace', 'show'):
        r = sh(f'setpriv --reuid 65534 --clear-groups build/ioascope {cmd}')
        check(r.returncode == 1, cmd, r.returncode)
        check(len(r.stderr.splitlines()) == 1 and 'root' in r.stderr, r.stderr)
    r = sh('setpriv --reuid 65534 --clear-groups build/ioascope features --json')
    check(json.loads(r.stdout)['privileged'] is False, r.stdout, r.stderr)


def test_btf_hidden():
    for cmd, status in (('trace', 3), ('show', 3), ('features', 3)):
        r = sh('unshare -m sh -c "mkdir -p /run/empty; mount --bind /run/empty /sys/kernel/btf; '
               f'build/ioascope {cmd}"')
        check(r.returncode == status, cmd, r.returncode, r.stdout, r.stderr)
        if cmd != 'features':
            check(len(r.stderr.splitlines()) == 1 and 'BTF' in r.stderr, r.stderr)


def test_bad_options():
    bad = (['trace', '--nonsense'], ['trace', '--pid', 'x'], ['trace', '--op', 'fly'],
           ['trace', '--ring', '5000'], ['trace', '--backend', 'spapr'], ['trace', 'ls'],
           ['show', '--from', 'moon'], ['show', 'x'], ['features', '-z'], ['fly'],
           ['trace', '-c', '0'])
    for args in bad:
        r = tool(*args)
        check(r.returncode == 2, args, r.returncode)
        check(len(r.stderr.splitlines()) == 1, args, r.stderr)
    r = tool('trace', '--', '/nonexistent/command')
    check(r.returncode == 1 and 'cannot run' in r.stderr, r.returncode, r.stderr)


def test_modules_loaded_later():
    check(not os.path.exists('/sys/module/vfio_iommu_type1'), 'modules are loaded already')
    t = Trace(wait=False)
    time.sleep(0.5)
    check('waiting' in open(t.err).read(), 'no word of waiting')
    devices = edus()
    check(len(devices) == 4, devices)
    guest.wait_attached(t.p)
    Client('--device', devices[0]).ready().quit()
    s, _ = t.finish()
    no_loss(s)
    check(s['ops']['open'] == 1 and s['ops']['map'] >= 4, s)


def test_features():
    r = tool('features', '--json')
    f = json.loads(r.stdout)
    bundled = [h for h in f['hooks'] if h['hook'].startswith('bd_')]
    ours = [h for h in f['hooks'] if not h['hook'].startswith(('fd_', 'bd_'))]
    bad = [h for h in ours if h['result'] != 'used']
    check(r.returncode == 0 and ours and not bad, bad)
    # What Debian ships has no iommufd, and on 6.x no preemption; our own kernel has both.
    stock = not f['kernel'].endswith('-lab')
    check({h['result'] for h in bundled} == {'module not loaded'}, bundled)
    results = {h['result'] for h in f['hooks'] if h not in ours and h not in bundled}
    check(results <= ({'module not loaded'} if stock else {'used'}), results)
    check(f['preemption'] == ('voluntary' if stock else 'lazy'), f['preemption'])
    return f'{len(ours)} hooks'


# ---- one client ----

def tour(mode, *devices):
    return toured(mode, *devices)[1]


def toured(mode, *devices):
    """The events of a tour, and what to say of it."""
    t = Trace()
    c = subprocess.run([CLIENT, '--mode', mode, '--log', f'{OUT}/tour-{mode}.log', *devices,
                        'tour'], capture_output=True, text=True)
    check(c.returncode == 0, 'tour:', c.stdout[-400:], c.stderr[-400:])
    s, state = t.finish()
    no_loss(s)
    check(not state['contexts'], 'something is left', state)
    return t.events, f"{s['seen']} events"


def test_tour_v1():
    d = edus()
    return tour('v1', '--device', d[0], '--device', d[1])


def test_tour_v2():
    d = edus()
    return tour('v2', '--device', d[0], '--device', d[1])


def test_exit_status_and_filters():
    dev = edus()[0]
    r = tool('trace', '--', 'sh', '-c', 'exit 7')
    check(r.returncode == 7, 'exit status', r.returncode)
    r = tool('trace', '-q', '--', 'sh', '-c', 'kill -9 $$')
    check(r.returncode == 137, 'killed command', r.returncode)
    cmd = [CLIENT, '--device', dev, '--ops', '20', 'random']
    r = tool('trace', '--json', '--op', 'map', '-c', '3', '--', *cmd)
    lines = [json.loads(x) for x in r.stdout.splitlines()]
    check([x['kind'] for x in lines] == ['op'] * 3 + ['summary'], r.stdout[:300], r.stderr)
    check(all(x['op'] == 'map' and x['schema'] == 1 for x in lines[:3]), lines)
    for flt, n in ((['--uid', '4242'], 0), (['--pid', '1'], 0),
                   (['--uid', '0', '--backend', 'type1', '--op', 'open'], 1),
                   (['--cgroup', '/'], None)):
        r = tool('trace', '--json', *flt, '--', *cmd)
        got = len(r.stdout.splitlines()) - 1
        check(got == n if n is not None else got > 20, flt, got, r.stderr)
    r = tool('trace', '--', *cmd)
    head = r.stdout.splitlines()[0].split()
    check(head[:4] == ['TIME', 'BACKEND', 'IOAS', 'OP'], head)
    check('seen' in r.stderr and 'dropped 0' in r.stderr, r.stderr)


def compare_random(mode, ops, *devices, extra=()):
    t = Trace()
    c = Client(*devices, '--seed', SEED, '--ops', ops, *extra, scenario='random',
               mode=mode).ready()
    events, kernel = show('events'), show('kernel')
    n = same_as_log(events, c, 'show')
    same_state(events, kernel, c.pid, 'events and kernel:')
    check(events['source'] == 'events' and kernel['source'] == 'kernel', 'sources')
    s, mirror = t.finish()
    same_state(mirror, kernel, c.pid, 'mirror and kernel:')
    same_as_log(mirror, c, '--state')
    same_as_log(kernel, c, 'walk')
    no_loss(s)
    failed = sum(1 for e in t.events if e['kind'] == 'op' and (e['result'] or 0) < 0)
    c.quit()
    return f'{ops} ops, {failed} failed, {n} areas left'


def test_random_v1():
    return compare_random('v1', scaled(2000, 60), '--device', edus()[0], '--max-size', '1G',
                          '--total', '12G', '--buffer', '1G')


def test_random_v2():
    return compare_random('v2', scaled(2000, 60), '--device', edus()[0], '--max-size', '1G',
                          '--total', '12G', '--buffer', '1G')


def probes(state, pid, count):
    """Addresses in and around the areas, and what the mirror says of each."""
    rnd = random.Random(SEED)
    a = areas(ioases(state, pid)[0])
    out = []
    for _ in range(count):
        iova, last, _, _ = rnd.choice(a)
        at = rnd.choice([rnd.randrange(iova, last + 1) & ~0xfff, iova, last & ~0xfff,
                         (iova - PAGE) % (1 << 47), (last + 1) % (1 << 47),
                         rnd.randrange(1 << 39) & ~0xfff])
        way = rnd.choice('rw')
        hit = [x for x in a if x[0] <= at <= x[1]]
        # Before 7.x Linux sets the present bit, which is VT-d's read bit, in every entry: what
        # is mapped write-only can be read (drivers/iommu/intel/iommu.c, __domain_mapping).
        if hit and hit[0][3] == 'w':
            way = 'w'
        out.append((at, way, bool(hit) and way in hit[0][3]))
    return out


def test_device_agrees():
    t = Trace()
    c = Client('--device', edus()[0], '--seed', SEED, '--ops', scaled(300, 80), '--max-size',
               '64M', '--total', '256M', scenario='random').ready()
    done = {True: 0, False: 0}
    for at, way, may in probes(show('events'), c.pid, scaled(200, 16)):
        answer = c.ask(f'dma {way} {at:#x} 64')
        check(answer == ('ok' if may else 'fault'), f'DMA {way} at {at:#x}: device says', answer,
              'mirror says', 'mapped' if may else 'not mapped')
        done[may] += 1
    c.quit()
    no_loss(t.finish()[0])
    return f'{done[True]} reached, {done[False]} refused'


def test_pages_that_are_no_ram():
    """The tour maps the device's own registers: mapped, but nothing is pinned or charged."""
    t = Trace()
    subprocess.run([CLIENT, '--device', edus()[0], 'tour'], capture_output=True)
    s, _ = t.finish()
    no_loss(s)
    bars = [e for e in t.events if e['kind'] == 'area-add' and e['pfnmap_pages']]
    check(bars and all(e['pages'] == 0 for e in bars), 'no PFNMAP area seen', bars)
    check(all(e['pages'] * PAGE == e['last'] - e['iova'] + 1 for e in t.events
              if e['kind'] == 'area-add' and not e['pfnmap_pages']), 'RAM areas')


# ---- faults ----

def test_faults():
    device = edus()[0]
    t = Trace()
    c = Client('--device', device).ready()
    ioas = ioases(show('events'), c.pid)[0]['ioas']
    note = faults.exact(t, c, device, ioas,
                        lambda iova, prot: f'map {iova:#x} 0x4000 {prot} 0',
                        lambda iova: f'unmap {iova:#x} 0x4000')
    c.quit()
    return note


def test_fault_storm():
    device = edus()[0]
    t = Trace()
    c = Client('--device', device).ready()
    note = faults.storm(t, c)
    c.quit()
    return note


# ---- blame ----

def hand(device):
    c = Client('--device', device).ready()
    return blames.Hand(c, lambda iova, prot: f'map {iova:#x} 0x4000 {prot} 0',
                       lambda iova: f'unmap {iova:#x} 0x4000')


def test_blame():
    device = edus()[0]
    b = blames.Blame()
    h = hand(device)
    was = ioases(show('events'), h.c.pid)[0]['ioas']
    moved = h.free.next()
    blames.ok(h.c.ask(h.mapping(moved, 'rw')))
    h.c.quit()
    left = h.c.pid
    h = hand(device)
    ioas = ioases(show('events'), h.c.pid)[0]['ioas']
    # The device is in another container now; the one where it could reach that is gone.
    h.free.next()
    h.expect('domain-switched', moved, 'r', iova=moved, mapper=left, left=was)
    blames.runs([h.use_after_unmap, h.wrong_protection, h.never_mapped, h.reserved])
    blames.asked_now(h, device)
    blames.lose(b, h)
    note = blames.all_right(b, h, device, ioas)
    h.c.quit()
    return note


# ---- stale memory ----

def test_stale_memory():
    device = edus()[0]
    t = Trace('--stale')
    c = Client('--device', device, '--max-size', '1M', '--buffer', '32M').ready()
    return stale.exact(t, c, lambda iova, at: f'map {iova:#x} {stale.SIZE:#x} rw {at:#x}',
                       lambda iova: f'unmap {iova:#x} {stale.SIZE:#x}')


def test_unpin_of_replaced_memory():
    edus()
    t = Trace()
    c = Client('--buffer', '32M', *emulated(1)).ready()
    stale.unpinned(t, c, lambda iova, at: f'map {iova:#x} {stale.SIZE:#x} rw {at:#x}',
                   lambda iova, n: f'pin {iova:#x} {n} rw', lambda iova, n: f'unpin {iova:#x} {n}')


# ---- several at once ----

def at_once():
    """How many clients may work at the same time, and what gives each a processor."""
    cpus = sorted(os.sched_getaffinity(0))
    return (len(cpus), [('taskset', '-c', str(n)) for n in cpus]) if preempts() else (4, [()] * 4)


def test_four_containers():
    t = Trace()
    most, where = at_once()
    cs = []
    for n, d in enumerate(edus()):
        cs.append(Client('--device', d, '--seed', SEED + n, '--ops', scaled(500, 40),
                         scenario='random', mode=('v1', 'v2')[n % 2], prefix=where[n % most]))
        if len(cs) % most == 0 or len(cs) == len(edus()):
            for c in cs[-most:]:
                c.ready()
    events, kernel = show('events'), show('kernel')
    for c in cs:
        same_as_log(events, c, 'show')
        same_state(events, kernel, c.pid, 'events and kernel:')
    s, mirror = t.finish()
    for c in cs:
        same_state(mirror, kernel, c.pid, 'mirror and kernel:')
        c.quit()
    no_loss(s)
    return f"{s['seen']} events"


def test_missed_is_said():
    """Clients that crowd the processors, of which a kernel that preempts lets us miss hooks: what
    a picture has wrong then, it says to be uncertain."""
    if not preempts():
        return 'this kernel does not preempt programs'
    devices = edus()
    t = Trace()
    cs = [Client('--device', d, '--seed', SEED + n, '--ops', scaled(500, 150), scenario='random')
          for n, d in enumerate(devices)]
    for c in cs:
        c.ready()
    events = show('events')
    s, mirror = t.finish()
    wrong = 0
    for state, c in itertools.product((events, mirror), cs):
        try:
            same_as_log(state, c, 'crowded:')
        except Uncertain:
            wrong += 1
    return f"{s['probes_missed']} missed, {wrong} of {2 * len(cs)} pictures wrong, and said"


def race(mode, *devices):
    t = Trace()
    c = Client(*devices, '--seed', SEED, '--ops', scaled(500, 60), '--threads', 8,
               scenario='race', mode=mode).ready()
    events, kernel = show('events'), show('kernel')
    same_state(events, kernel, c.pid, 'events and kernel:')
    c.quit()
    return f'{stopped_in_the_middle(t, mode, *devices)} areas at {STOPS} stops'


STOPS = 5


def stopped_in_the_middle(t, mode, *devices):
    """The threads are stopped between two calls: whatever is mapped then, all must agree."""
    c = Client(*devices, '--seed', SEED + 1, '--ops', 1000000, '--threads', 8, scenario='race',
               mode=mode, serve=False)
    seen = 0
    for n in range(STOPS):
        time.sleep(1.0 if n else 2.0)
        c.p.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        events, kernel = show('events'), show('kernel')
        same_state(events, kernel, c.pid, f'stop {n}:')
        check(kernel['contexts'][0]['ioases'][0]['complete'], 'the walk raced')
        seen += len(ioases(kernel, c.pid)[0]['areas'])
        if n < STOPS - 1:
            c.p.send_signal(signal.SIGCONT)
    s, mirror = t.finish()
    same_state(mirror, kernel, c.pid, 'mirror and kernel:')
    no_loss(s)
    c.kill()
    return seen


def test_race_v1():
    return race('v1', '--device', edus()[0])


def test_race_v2():
    return race('v2', '--device', edus()[0])


# ---- mediated users ----

def test_mediated_random():
    edus()
    return compare_random('v2', scaled(1000, 80), *emulated(4))


def test_mediated_race():
    return race('v2', *emulated(4))


def test_mediated_tour():
    """Of each pin it is told who asked for what, and the answer; see tests/clients/tour-pin.c."""
    events, note = toured('v2', *emulated(1))
    base, area, big = 0x100000000, 16, 2048  # in pages, but for the first
    asked = [((e['iova'] - base) // PAGE, e['size'] // PAGE, e.get('errno')) for e in events
             if e['kind'] == 'op' and e['op'] == 'pin']
    want = [(2 * area, 4, None), (2 * area + 1, 2, None), (1 << 18, 1, 'EINVAL'),
            (3 * area + big - 1, 2, 'EINVAL'), (0, 1, 'EPERM'), (area, 1, 'EPERM'),
            (area - 1, 2, 'EPERM'), (3 * area - 1, 2, None)]
    # More than 512 pages VFIO refuses itself; the device asks for them in turn.
    want += [(3 * area + n, 512, None) for n in range(0, big, 512)]
    at = asked.index(want[0])
    check(asked[at:at + len(want)] == want, 'asked', asked[at:], want)
    check(max(n for _, n, _ in asked) == 512, 'pins that VFIO refuses', asked)
    pins = [e for e in events if e['kind'] == 'access-pin']
    first = next(n for n, e in enumerate(pins) if e['iova'] == base + 2 * area * PAGE)
    told = [(e['prot'], e['pages']) for e in pins[first:first + 7]]
    check(told == [('rw', 4), ('r', 2), ('rw', 2)] + 4 * [('r', 512)], 'told', told)
    who = {(e['pid'], e['ioas'], e['group']) for e in pins[first:first + 7]}
    check(len(who) == 1 and all(all(w) for w in who), 'who', who)
    return note


def test_mixed_random():
    return compare_random('v2', scaled(600, 60), '--device', edus()[0], *emulated(2))


def test_mixed_detach():
    """The last hardware user leaves: areas stay for the mediated one, their pins do not."""
    t = Trace()
    dev = edus()[0]
    c = Client('--device', dev, *emulated(1)).ready()
    before = show('events')
    check(ioases(before, c.pid)[0]['pinned_pages'] > 0, 'nothing pinned')
    c.ask(f'pin {ioases(before, c.pid)[0]["areas"][0]["iova"]:#x} 3 r')
    check(c.ask(f'detach {dev}') == 'ok', 'detach')
    events, kernel = show('events'), show('kernel')
    same_state(events, kernel, c.pid, 'after detach:')
    check(ioases(events, c.pid)[0]['pinned_pages'] == 3, ioases(events, c.pid)[0])
    check(c.ask(f'attach {dev}') == 'ok', 'attach')
    events, kernel = show('events'), show('kernel')
    same_state(events, kernel, c.pid, 'after attach (replay):')
    s, mirror = t.finish()
    same_state(mirror, kernel, c.pid, 'mirror and kernel:')
    no_loss(s)
    c.quit()


def test_mixed_predict():
    """Hardware comes to a mediated device's IOAS: refused where that was said, and only there."""
    dev, mediated = edus()[0], emulated(1)
    t = Trace()
    c = Client('--device', dev, *mediated).ready()
    check(c.ask(f'detach {dev}') == 'ok', 'detach')
    number = str(ioases(show('events'), c.pid)[0]['ioas'])
    cases = ([], None), (['map 0xfee00000 0x2000 rw 0'], 0xfee00000), \
        (['unmap 0xfee00000 0x2000', 'map 0xfedff000 0x1000 rw 0',
          'map 0xfef00000 0x1000 rw 0'], None)
    for steps, wrong in cases:
        for step in steps:
            check(c.ask(step).startswith('ok'), step)
        for source in 'events', 'kernel':
            ioas = number if source == 'events' else str(ioases(show(source), c.pid)[0]['ioas'])
            r = tool('predict', 'attach', dev, '--ioas', ioas, '--from', source, '--json')
            a = json.loads(r.stdout)['ioases'][0]['answers'][0]
            check(r.returncode == (4 if wrong else 0), source, steps, r.returncode, r.stderr, a)
            check(a['errno'] == ('EINVAL' if wrong else None), a)
            check([x['area']['iova'] for x in a['conflicts']] == ([wrong] if wrong else []), a)
        answer = c.ask(f'attach {dev}')
        check(answer == ('error -22' if wrong else 'ok'), steps, answer)
        if not wrong:
            check(c.ask(f'detach {dev}') == 'ok', 'detach')
    t.finish()
    c.quit()
    return f'{len(cases)} attaches'


def test_module_unloads():
    r = sh('rmmod ioas_testdev')
    check(r.returncode == 0, r.stderr)


# ---- ends ----

def test_last_detach_drops_all():
    t = Trace()
    dev = edus()[0]
    c = Client('--device', dev).ready()
    n = len(ioases(show('events'), c.pid)[0]['areas'])
    c.ask(f'detach {dev}')
    check(not ioases(show('events'), c.pid), 'IOAS still there')
    s, state = t.finish()
    no_loss(s)
    ops = [e for e in t.events if e['kind'] == 'op' and e['op'] == 'detach']
    check(ops and ops[-1]['areas_removed'] == n, 'detach op', ops)
    c.quit()
    return f'{n} areas'


def test_client_killed():
    t = Trace()
    for n in range(scaled(10, 4)):
        # In turn: among threads, and in the middle of maps that take long.
        how = ({'scenario': 'race'}, ['--threads', 4]) if n % 2 else \
              ({'scenario': 'random'}, ['--max-size', '1G', '--total', '8G', '--buffer', '1G'])
        c = Client('--device', edus()[0], '--seed', SEED + n, '--ops', 100000, *how[1], **how[0])
        time.sleep(0.3 + 0.11 * n)
        c.kill()
    time.sleep(0.3)
    events, kernel = show('events'), show('kernel')
    check(not kernel['contexts'] and not events['contexts'], 'left over', events, kernel)
    s, mirror = t.finish()
    no_loss(s)
    check(not mirror['contexts'], 'left over in the mirror', mirror)
    left = {}
    for e in t.events:
        if e['kind'] == 'charge':
            left[e['ioas'], e['owner']] = left.get((e['ioas'], e['owner']), 0) + e['pages']
    check(left and not any(left.values()), 'charges that never went:', left)
    pinned = sum(e['pages'] for e in t.events if e['kind'] == 'area-add')
    released = sum(e['pages'] for e in t.events if e['kind'] == 'area-gone')
    check(pinned == released, 'pages mapped and not let go:', pinned, released)
    return f"{s['seen']} events"


def test_tool_killed():
    t = Trace()
    check(attached_programs(), 'no programs seen while tracing')
    t.p.send_signal(signal.SIGKILL)
    t.p.wait()
    end = time.monotonic() + 10
    while attached_programs():
        check(time.monotonic() < end, 'programs left:', attached_programs())
        time.sleep(0.1)


def test_loss_is_never_silent():
    """A ring of one page overflows: every event is accounted for and the state is uncertain."""
    t = Trace('--ring', '4096', '--op', 'map')
    t.p.send_signal(signal.SIGSTOP)  # no reader
    c = Client('--device', edus()[0], '--ops', 60, scenario='random').ready()
    events = show('events')
    check(any(x['uncertain_since_ns'] for x in events['contexts']), 'not uncertain', events)
    t.p.send_signal(signal.SIGCONT)
    s, mirror = t.finish()
    check(s['dropped'] > 0 and s['dropped'] == s['ring_full'], s)
    check(s['seen'] == s['submitted'] + s['dropped'], s)
    check(s['missing_by_cpu'] <= s['dropped'], s)
    check(all(x['uncertain_since_ns'] for x in mirror['contexts']), 'mirror is certain', mirror)
    # The maps are written by the hooks, not through the ring: they are right all the same.
    same_as_log(events, c, 'show')
    c.quit()
    return f"{s['dropped']} of {s['seen']} dropped"


def test_older_containers_are_said_to_be():
    c = Client('--device', edus()[0]).ready()
    t = Trace()
    check(c.ask('map 0x40000000 0x10000 rw 0').startswith('ok'), 'map')
    i = ioases(show('events'), c.pid)[0]
    check(i['complete'] is False and len(i['areas']) == 1, i)
    check(ioases(show('kernel'), c.pid)[0]['complete'], 'walk')
    check('older than the trace' in tool('show', '--from', 'events').stdout, 'text')
    r = tool('show', '--json')
    check(json.loads(r.stdout)['source'] == 'kernel' and 'older' in r.stderr, r.stderr)
    c.quit()
    check(not show('events')['contexts'], 'a ghost is left', show('events'))
    s, state = t.finish()
    check(s['dropped'] == 0 and s['contradictions'] == 0, s)
    check(not state['contexts'], 'a ghost is left in the mirror', state)


def test_areas_do_not_fit():
    t = Trace('--areas', '31')
    c = Client('--device', edus()[0]).ready()
    for n in range(40):
        check(c.ask(f'map {0x200000000 + n * 0x10000:#x} 0x1000 rw 0').startswith('ok'), 'map')
    check(any(x['uncertain_since_ns'] for x in show('events')['contexts']), 'not uncertain')
    s, mirror = t.finish()
    check(s['map_full'] > 0 and s['dropped'] == 0, s)
    c.quit()


def test_missing_hooks():
    """What a kernel lacks costs what it says and no more."""
    dev = edus()[0]
    t = Trace('--without', 'mm_lock_acct')
    c = Client('--device', dev).ready()
    i = ioases(show('events'), c.pid)[0]
    check(i['charges'] == [] and i['charged_pages'] is None and len(i['areas']) >= 4, i)
    check(all(a['pinned_pages'] * PAGE == a['size'] for a in i['areas']), 'pins', i)
    c.quit()
    s, _ = t.finish()
    check(s['hooks'] == s['hooks_wanted'] - 1 and s['dropped'] == 0, s)
    check('mm->locked_vm' in open(t.err).read(), 'no message')
    t = Trace('--without', 'vfio_pin_pages_remote')
    c = Client('--device', dev, '--ops', 60, scenario='random').ready()
    events = show('events')
    same_as_log(events, c, 'without the pin hook')
    check(ioases(events, c.pid)[0]['pinned_pages'] is None, 'pins are not known', events)
    c.quit()
    t.finish()
    r = tool('trace', '--without', 'vfio_remove_dma', '--', 'true')
    # The other backend can be traced all the same, where there is one.
    other = os.path.exists('/sys/module/iommufd')
    check(r.returncode == (0 if other else 3), r.returncode, r.stderr)
    check('vfio_remove_dma' in r.stderr and 'type1 cannot be traced' in r.stderr, r.stderr)


def test_show_views():
    c = Client('--device', edus()[0]).ready()
    text = tool('show').stdout
    check(f'type1-client[{c.pid}]' in text and 'group' in text and 'IOVA' in text, text)
    a = ioases(show('kernel'), c.pid)[0]['areas'][0]
    one = json.loads(tool('show', '--json', '--iova', hex(a['iova'])).stdout)
    check(len(ioases(one, c.pid)[0]['areas']) == 1, one)
    none = json.loads(tool('show', '--json', '--pid', '1').stdout)
    check(not ioases(none, c.pid), none)
    check(not attached_programs(), 'show left programs')
    c.quit()


PARTS = (checks, explains, users)
guest.run([v for names in (globals(), *map(vars, PARTS)) for k, v in list(names.items())
           if k.startswith('test_')])
