# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens beside an IOAS: faults of the IOMMU, memory that goes while it is mapped. Run by
run.py."""
import json

import blames
import faults
import stale
from accesses import mediated
from client import Client, Trace, clean, devices
from guest import Recording, check, ioases, show, tool
from model import replay


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
    devices()
    rec = Recording()
    c, _, ioas, device = fault_client()
    faults.quiet()
    c.ask(f'dma r {faults.HOLE:#x} 64')
    c.quit()
    path = rec.finish()
    lines = tool('trace', '-r', path).stdout.splitlines()
    found = [line for line in lines if ' fault read ' in line]
    check(len(found) == 1 and f'{faults.HOLE:#x}' in found[0] and 'not mapped' in found[0] and
          f'{device}, reason 0x06 (no read access)' in found[0], found)
    check(found[0].split()[2] == str(ioas), found)
    said = json.loads(tool('blame', '--faults', '--json', '-r', path).stdout.splitlines()[0])
    check(said['verdict'] == 'never-mapped' and said['ioas'] == ioas, 'blame', said)
    return clean('-r', path)


# ---- blame ----

class Hand(blames.Hand):
    """With a second IOAS, where the device is not, and may go."""

    def __init__(self):
        c, self.used, self.ioas, self.device = fault_client()
        self.cache = [int(i) for i in replay(c.log).ioases][0]
        self.other = min(i['ioas'] for i in ioases(show('events'), c.pid))
        super().__init__(c, lambda iova, prot: f'map {self.used} {iova:#x} 0x4000 {prot} 0',
                         lambda iova: f'unmap {self.used} {iova:#x} 0x4000')

    def in_other_ioas(self):
        at = self.free.next()
        blames.ok(self.c.ask(f'map {self.cache} {at:#x} 0x4000 rw 0'))
        self.expect('mapped-in-other-ioas', at, 'r')

    def domain_switched(self):
        at = self.free.next()
        blames.ok(self.c.ask(self.mapping(at, 'rw')))
        blames.ok(self.c.ask(f'attach {self.device} {self.cache}'))
        self.expect('domain-switched', at, 'r', iova=at, ioas=self.other, left=self.ioas)
        blames.ok(self.c.ask(f'attach {self.device} {self.used}'))


def test_blame():
    devices()
    b = blames.Blame()
    h = Hand()
    blames.runs([h.use_after_unmap, h.wrong_protection, h.never_mapped, h.reserved,
                 h.in_other_ioas, h.domain_switched])
    blames.lose(b, h)
    note = blames.all_right(b, h, h.device, h.ioas)
    h.c.quit()
    return note


# ---- stale memory ----

def test_stale_memory():
    t = Trace('--stale')
    c = Client('--max-size', '1M', '--buffer', '32M').ready()
    _, used = [int(i) for i in replay(c.log).ioases]
    return stale.exact(t, c, lambda iova, at: f'map {used} {iova:#x} {stale.SIZE:#x} rw {at:#x}',
                       lambda iova: f'unmap {used} {iova:#x} {stale.SIZE:#x}')


def test_unpin_of_replaced_memory():
    t = Trace()
    c = Client('--max-size', '1M', '--buffer', '32M', *mediated(1)).ready()
    ioas = int(next(iter(replay(c.log).ioases)))
    stale.ok(c, f'attach ioas_test0 {ioas}')
    stale.unpinned(t, c, lambda iova, at: f'map {ioas} {iova:#x} {stale.SIZE:#x} rw {at:#x}',
                   lambda iova, n: f'pin ioas_test0 {iova:#x} {n} rw',
                   lambda iova, n: f'unpin ioas_test0 {iova:#x} {n}')
