# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that a process lets go of under a device, on any backend: the device still reaches the
old pages, and the state must say so of exactly these areas."""
import time

from guest import check, no_loss

SIZE = 0x10000
BASE = 0x3500000000  # of IOVAs
MIB = 1 << 20

# What is done to the memory of an area: word, where in it, how much; and what it is called.
SPOILED = [('unmap', 0x4000, 0x8000, 'unmapped'), ('over', 0, SIZE, 'unmapped'),
           ('move', 0x1000, 0x3000, 'moved'), ('discard', 0xf000, 0x1000, 'discarded')]


def ok(c, line, answer='ok'):
    found = c.ask(line)
    check(found.startswith(answer), line, 'gave', found)
    return found


def exact(t, c, mapping, unmapping):
    areas = [(BASE + n * MIB, (20 + n) * MIB) for n in range(7)]  # memory that none else maps
    for iova, at in areas[:6]:
        ok(c, mapping(iova, at))
    for (iova, at), (what, offset, size, _) in zip(areas, SPOILED):
        ok(c, f'memory {what} {at + offset:#x} {size:#x}')
        # The device goes on as if nothing had been, also where the process sees fresh memory.
        ok(c, f'blind w {iova + offset:#x} 64')
        if what in ('over', 'discard'):
            check(ok(c, f'peek {at + offset:#x}') == 'ok 0', 'the process sees it')
    # Spoiled and mapped anew: what is pinned now is what is there.
    iova, at = areas[5]
    ok(c, f'memory over {at:#x} {SIZE:#x}')
    ok(c, unmapping(iova))
    ok(c, mapping(iova, at))
    # Spoiled before it was mapped.
    iova, at = areas[6]
    ok(c, f'memory discard {at:#x} {SIZE:#x}')
    ok(c, mapping(iova, at))
    ok(c, f'dma w {iova:#x} 64')
    s, state = t.finish()
    c.quit()
    no_loss(s)
    same(state, c, areas)
    return f"{len([e for e in t.events if e['kind'] == 'memory-gone'])} events"


def pinned(expected=None):
    """Pages that the whole machine has pinned, by its own two counters; others pin for a moment."""
    end = time.monotonic() + 5
    found = vmstat_pinned()
    while expected is not None and found != expected and time.monotonic() < end:
        time.sleep(0.1)
        found = vmstat_pinned()
    return found


def vmstat_pinned():
    with open('/proc/sys/vm/stat_refresh', 'w') as f:
        f.write('1')
    with open('/proc/vmstat') as f:
        v = dict(line.split() for line in f)
    return int(v['nr_foll_pin_acquired']) - int(v['nr_foll_pin_released'])


def unpinned(t, c, mapping, pin, unpin):
    """What a mediated device pinned is what is let go of, whatever is in its place by then."""
    at = 20 * MIB
    ok(c, mapping(BASE, at))
    before = min(pinned() for _ in range(5))
    ok(c, pin(BASE, 3))
    check(pinned(before + 3) == before + 3, 'pins', before, pinned())
    ok(c, f'memory over {at:#x} {SIZE:#x}')
    check(pinned(before + 3) == before + 3, 'the old pages went', before, pinned())
    ok(c, unpin(BASE, 3))
    check(pinned(before) == before, 'left', before, pinned())
    s, state = t.finish()
    no_loss(s)
    left, = {i['client_pins'] for ctx in state['contexts'] if ctx['pid'] == c.pid
             for i in ctx['ioases'] if any(a['iova'] == BASE for a in i['areas'])}
    told = [(e['kind'], e['pages']) for e in t.events if e['kind'] in ('access-pin', 'access-unpin')]
    check(told == [('access-pin', 3), ('access-unpin', 3)] and left == 0, told, left)
    c.quit()


def same(state, c, areas):
    found = {}
    for i in (i for ctx in state['contexts'] if ctx['pid'] == c.pid for i in ctx['ioases']):
        va = {a['iova']: a['va'] for a in i['areas']}
        for v in i.get('stale', ()):
            found[v['iova']] = (v['va'] - va[v['iova']], v['last'] - v['va'] + 1, v['cause'])
            check(v['bytes'] == v['last'] - v['va'] + 1 and v['owner_pid'] == c.pid, v)
        for a in i['areas']:
            check((a['state'] == 'stale') == (a['iova'] in found), 'state of', a)
    wanted = {iova: (offset, size, cause)
              for (iova, _), (_, offset, size, cause) in zip(areas, SPOILED)}
    check(found == wanted, 'stale:', found, 'and not', wanted)
