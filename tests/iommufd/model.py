# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of iommufd, from a client's log alone: nothing of the tool is in here."""
import json
from collections import Counter, defaultdict, namedtuple

# .memory: a name for what the first map of it brought
Area = namedtuple('Area', 'last va prot memory')
TOP = (1 << 64) - 1
ENOENT, EINVAL, EOVERFLOW = 2, 22, 75
PAGE = 4096


class Access:
    """A mediated device. It lets go of what it is told to; an unpin names the range of a pin."""

    def __init__(self):
        self.ioas = None  # number of the IOAS that it is in
        self.pins = Counter()  # (iova, size) -> times

    def move(self, ioas):
        if ioas != self.ioas:
            self.pins.clear()
        self.ioas = ioas

    def let_go(self, first, last):
        for pin in [p for p in self.pins if p[0] <= last and p[0] + p[1] > first]:
            del self.pins[pin]

    def pages(self):
        return sum(size // PAGE * times for (_, size), times in self.pins.items())


class Ioas:
    def __init__(self, number):
        self.number = number
        self.areas = {}  # by first address
        self.small_pages = False

    def cut(self, at):
        """The area with this address ends there, unless it ends or begins there already."""
        for start, a in self.areas.items():
            if start < at < a.last:
                self.areas[start] = a._replace(last=at)
                self.areas[at + 1] = a._replace(va=a.va + at + 1 - start)
                return

    def list(self):
        return sorted((s, a.last, a.va, a.prot) for s, a in self.areas.items())

    def devices(self, model):
        return [name for name, ioas in model.attached.items() if ioas == self.number]

    def accesses(self, model):
        return [a for a in model.accesses.values() if a.ioas == self.number]

    def unmap(self, iova, last, accesses):
        """Stops at the first area that is not wholly inside; the bytes that went before it."""
        gone = 0
        for start in sorted(self.areas):
            a = self.areas[start]
            if a.last < iova or start > last:
                continue
            if start < iova or a.last > last:
                break
            gone += a.last - start + 1
            del self.areas[start]
            for access in accesses:
                access.let_go(start, a.last)
        return gone

    def pieces(self, iova, size):
        """What of the areas lies in the range: offset from its beginning, and the area there."""
        for start in sorted(self.areas):
            a = self.areas[start]
            first, last = max(start, iova), min(a.last, iova + size - 1)
            if first <= last:
                yield first - iova, last - iova, a.va + first - start, a.memory


class Model:
    def __init__(self):
        self.ioases = {}  # by the kernel's number, in the order of creation
        self.hwpts = {}  # number -> number of its IOAS
        self.attached = {}  # device -> number of an IOAS
        self.accesses = defaultdict(Access)  # by the name of the mediated device

    def op_alloc(self, e):
        self.ioases[e['ioas']] = Ioas(e['ioas'])

    def op_destroy(self, e):
        if not self.hwpts.pop(e['pt'], None):
            del self.ioases[e['pt']]

    def op_hwpt_alloc(self, e):
        self.hwpts[e['hwpt']] = e['pt']

    def op_attach(self, e):
        if e['device'].startswith('ioas_test'):
            self.accesses[e['device']].move(e['pt'])
            return
        self.attached[e['device']] = self.hwpts.get(e['pt'], e['pt'])

    def op_detach(self, e):
        self.attached.pop(e['device'], None)
        self.accesses[e['device']].move(None)

    def op_pin(self, e):
        self.accesses[e['device']].pins[e['iova'], e['size']] += 1

    def op_unpin(self, e):
        pins = self.accesses[e['device']].pins
        pins[e['iova'], e['size']] -= 1
        assert pins[e['iova'], e['size']] >= 0, e

    def op_map(self, e):
        self.ioases[e['ioas']].areas[e['iova']] = Area(e['iova'] + e['size'] - 1, e['va'],
                                                       e['prot'], e['n'])

    def op_map_file(self, e):
        """Memory of a file has no address: it begins with the page where the map begins."""
        self.op_map({**e, 'va': e['value'] % 4096})

    def op_copy(self, e):
        to = self.ioases[e['dst']].areas
        for first, last, va, memory in list(self.ioases[e['src']].pieces(e['src_iova'], e['size'])):
            to[e['iova'] + first] = Area(e['iova'] + last, va, e['prot'], memory)

    def op_unmap(self, e):
        last = TOP if e['size'] == TOP else e['iova'] + e['size'] - 1
        ioas = self.ioases[e['ioas']]
        gone = ioas.unmap(e['iova'], last, ioas.accesses(self))
        assert e['result'] or gone == e['returned'], (gone, e)

    def op_option(self, e):
        if e['flags'] == 1 and e['what'] == 'set':
            self.ioases[e['ioas']].small_pages = not e['value']

    # ---- the ioctls of a VFIO container ----

    def op_set_iommu(self, e):
        if e['value'] == 1:
            self.ioases[e['ioas']].small_pages = True

    op_vfio_map = op_map

    def op_vfio_unmap(self, e):
        ioas = self.ioases[e['ioas']]
        all_of_it = e['flags'] & 2
        if ioas.small_pages and not all_of_it and not (e['iova'] | e['size']) & 0xfff:
            ioas.cut((e['iova'] + e['size'] - 1) & TOP)
            if e['iova']:
                ioas.cut(e['iova'] - 1)
        if e['result'] in (0, -ENOENT):
            first, last = (0, TOP) if all_of_it else (e['iova'], e['iova'] + e['size'] - 1)
            gone = ioas.unmap(first, last, ioas.accesses(self))
            assert gone == e['returned'], (gone, e)

    def pinned(self):
        """Memory -> addresses of its pages that a page table or an access holds."""
        pages = defaultdict(set)
        tables = {*self.attached.values(), *self.hwpts.values()}
        for number, ioas in self.ioases.items():
            held = [(i, s) for a in ioas.accesses(self) for (i, s), n in a.pins.items() if n]
            for iova, size in [(0, TOP)] if number in tables else held:
                for first, last, va, memory in ioas.pieces(iova, size):
                    pages[memory].update(range(va, va + last - first + 1, PAGE))
        return pages

    def apply(self, e):
        if e.get('context', 0):
            return
        # An unmap that is refused with ENOENT may have taken areas before it stopped. That of VFIO
        # splits areas before it looks at the range.
        cut = e['op'] == 'unmap' and e['result'] == -ENOENT or \
            e['op'] == 'vfio-unmap' and not e['flags'] and \
            e['result'] in (-ENOENT, -EINVAL, -EOVERFLOW)
        cut = cut and e['ioas'] in self.ioases
        op = getattr(self, 'op_' + e['op'].replace('-', '_'), None)
        if op and (not e['result'] or cut):
            op(e)


def replay(log, raced=False):
    """@raced: of a log whose threads raced, only what the first thread did before them."""
    m = Model()
    for line in open(log):
        e = json.loads(line)
        if not raced or e['tid'] == e['pid']:
            m.apply(e)
    return m
