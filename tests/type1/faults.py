# SPDX-License-Identifier: GPL-2.0-or-later
"""What an IOMMU refuses, on any backend: a client's device is sent to addresses that are not
mapped, and the trace must tell exactly that. The kernel logs three faults in five seconds, no
more: these tests wait."""
import os
import time

from guest import check, no_loss

WINDOW = 5.5  # seconds after which the kernel logs again
HOLE, HOLE2, AREA, GUARDED = 0x3300000000, 0x3400005000, 0x3500000000, 0x3600000000


def group_of(device):
    return int(os.path.basename(os.readlink(f'/sys/bus/pci/devices/{device}/iommu_group')))


def quiet(seconds=WINDOW):
    time.sleep(seconds)


def told(t):
    return [e for e in t.events if e['kind'] == 'fault' and 'iova' in e]


def provoke(c, mapping, unmapping):
    """The addresses that are refused, and how: (iova, access, what of the story must hold)."""
    def dma(way, at, answer):
        found = c.ask(f'dma {way} {at:#x} 64')
        check(found == answer, f'DMA {way} at {at:#x}:', found, 'and not', answer)

    check(c.ask(mapping(AREA, 'rw')).startswith('ok'), 'map')
    check(c.ask(mapping(GUARDED, 'r')).startswith('ok'), 'map')
    dma('r', AREA, 'ok')
    quiet()
    # A write to nowhere is followed by a read of the same: so the client asks what came of it.
    dma('r', HOLE, 'fault')
    dma('w', HOLE2, 'fault')
    quiet()
    dma('w', GUARDED + 0x1000, 'fault')
    check(c.ask(unmapping(AREA)).startswith('ok'), 'unmap')
    dma('r', AREA + 0x2000, 'fault')
    return [(HOLE, 'read', {'mapped': False}), (HOLE2, 'write', {'mapped': False}),
            (HOLE2, 'read', {'mapped': False}), (GUARDED + 0x1000, 'write', {'prot': 'r'}),
            (AREA + 0x2000, 'read', {'mapped': False, 'unmapped_by_pid': c.pid})]


def exact(t, c, device, ioas, mapping, unmapping):
    """Exactly the faults that were provoked: address, way, device, group and IOAS."""
    wanted = provoke(c, mapping, unmapping)
    s, _ = t.finish()
    no_loss(s)
    found = [(e['iova'], e['access']) for e in told(t)]
    check(found == [w[:2] for w in wanted], 'faults:', [(hex(i), a) for i, a in found])
    for e, (_, access, story) in zip(told(t), wanted):
        check(e['name'] == device and e['group'] == group_of(device), 'device of', e)
        check(e['ioas'] == ioas and e['context'] and e['order'] == 0, 'IOAS of', e)
        check(e['reason'] == {'read': 6, 'write': 5}[access] and e['source'] == 'vtd', e)
        check(all(e.get(k) == v for k, v in story.items()), 'story', story, 'of', e)
    check(s['faults'] == len([e for e in t.events if e['kind'] == 'fault']), s)
    check(s['faults_untold'] == 0, s)
    return f'{len(found)} faults'


def storm(t, c, count=12):
    """More at once than the kernel logs: those are counted, and it is said."""
    quiet()
    for n in range(count):
        c.ask(f'dma r {HOLE + n * 0x1000:#x} 64')
    s, _ = t.finish()
    no_loss(s)
    check(3 <= len(told(t)) < count, len(told(t)), 'told')
    # Where it lasts so long that the kernel logs again, one that is told may count as doubtful, too.
    check(0 <= s['faults_untold'] + len(told(t)) - count <= len(told(t)) - 3, s, len(told(t)))
    silent = [e for e in t.events if e['kind'] == 'fault' and 'iova' not in e]
    check(silent and all(e['ioas'] is None and e['untold'] for e in silent), silent)
    return f"{len(told(t))} told, {s['faults_untold']} not"
