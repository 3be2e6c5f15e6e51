# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of iommufd, from a client's log alone: nothing of the tool is in here."""
import json
from collections import namedtuple

# .memory: a name for what the first map of it brought
Area = namedtuple('Area', 'last va prot memory')
TOP = (1 << 64) - 1


class Ioas:
    def __init__(self, number):
        self.number = number
        self.areas = {}  # by first address

    def list(self):
        return sorted((s, a.last, a.va, a.prot) for s, a in self.areas.items())

    def devices(self, model):
        return [name for name, ioas in model.attached.items() if ioas == self.number]

    def unmap(self, iova, last):
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

    def op_alloc(self, e):
        self.ioases[e['ioas']] = Ioas(e['ioas'])

    def op_destroy(self, e):
        if not self.hwpts.pop(e['pt'], None):
            del self.ioases[e['pt']]

    def op_hwpt_alloc(self, e):
        self.hwpts[e['hwpt']] = e['pt']

    def op_attach(self, e):
        self.attached[e['device']] = self.hwpts.get(e['pt'], e['pt'])

    def op_detach(self, e):
        self.attached.pop(e['device'], None)

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
        gone = self.ioases[e['ioas']].unmap(e['iova'], last)
        assert e['result'] or gone == e['returned'], (gone, e)

    def apply(self, e):
        if e.get('context', 0):
            return
        # An unmap that is refused with ENOENT may have taken areas before it stopped.
        cut = e['op'] == 'unmap' and e['result'] == -2 and e['ioas'] in self.ioases
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
