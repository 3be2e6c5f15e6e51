# SPDX-License-Identifier: GPL-2.0-or-later
"""The state that the backend tells (DUMP) against the one that the tool tells, field by field."""
from collections import Counter

from guest import PAGE, check

DEVICE, IOAS, RESERVED, ALLOWED, RESERVATION, AREA, PAGES, PINNED, CLIENT, CLIENT_PIN = range(1, 11)
MODES = {0: 'exact', 1: 'cover', 2: 'first', 3: 'any', 4: 'tce'}
COUNTERS = {0: 'user-locked', 1: 'mm-locked', 2: 'none'}
PROT = {2: 'r', 4: 'w', 6: 'rw'}
CLASSES = {RESERVED: 'reserved', ALLOWED: 'allowed', RESERVATION: 'claimed'}


class Dump:
    """What load-dump.c prints, by kind."""

    def __init__(self, records):
        self.ioases = {}
        self.areas, self.ranges, self.clients = {}, {}, {}
        self.devices, self.pages, self.pinned, self.pins = {}, {}, Counter(), {}
        for kind, ident, *f in records:
            if kind == DEVICE:
                self.devices[ident] = f[0]
            elif kind == IOAS:
                self.ioases[ident] = f
            elif kind in CLASSES:
                self.ranges.setdefault(ident, []).append((CLASSES[kind], *f))
            elif kind == AREA:
                self.areas.setdefault(ident, []).append(f)
            elif kind == PAGES:
                self.pages[ident] = f
            elif kind == PINNED:
                self.pinned[ident] += f[1]
            elif kind == CLIENT:
                self.clients[ident] = f
            elif kind == CLIENT_PIN:
                self.pins.setdefault(ident, []).append(f)

    def runs(self, ioas):
        """How often clients hold each page of an IOAS: ranges of equal counts."""
        ends = Counter()
        for c, (i, _) in self.clients.items():
            for start, last, count in self.pins.get(c, []) if i == ioas else []:
                ends[start] += count
                ends[last + 1] -= count
        runs, count, at = 0, 0, None
        for x in sorted(ends):
            if not ends[x]:
                continue
            count += ends[x]
            runs += count > 0
        return runs

    def refs(self, client):
        return sum((last - start + 1) // PAGE * n for start, last, n in self.pins.get(client, []))


def same(a, b, *what):
    check(a == b, *what, 'dump:', a, 'tool:', b)


def same_list(a, b, *what):
    da, db = Counter(a), Counter(b)
    check(da == db, *what, 'only in the dump:', sorted((da - db).elements())[:4],
          'only in the tool:', sorted((db - da).elements())[:4], len(a), len(b))


def compare_pages(d, ctx, name):
    tool = {p['pages_object']: p for p in ctx['pages_objects']}
    same(len(d.pages), len(tool), 'pages objects')
    paid = Counter()
    for ident, (va, n, pinned, charged, account, uid, writable) in d.pages.items():
        check(ident in name, 'pages object', ident, 'is of no area')
        p = tool[name[ident]]
        same((va, n, pinned, charged, bool(writable), uid, COUNTERS[account]),
             (p['va'], p['pages'], p['pinned_pages'], p['charged_pages'], p['writable'],
              p['owner_uid'], p['counter']), 'pages object', ident)
        same(d.pinned[ident], pinned, 'runs of pages object', ident)
        paid[COUNTERS[account], p['owner_pid'] if account else 0, uid] += charged
    # The user's counter is one for all of a user's processes.
    told = Counter()
    for c in ctx['charges']:
        told[c['counter'], c['pid'] if c['counter'] == 'mm-locked' else 0, c['uid']] += c['pages']
    same(+paid, +told, 'charges')


def compare_users(d, ident, i):
    at = [x for x in d.devices if d.devices[x] == ident]
    if i['devices'] is not None:
        same_list([f'dev{x}' for x in at], [x['name'] for x in i['devices']], 'devices of', ident)
        same(len(i['domains']), len(at), 'domains of', ident)
        for x in i['domains']:
            same(x['mapped_bytes'], i['mapped_bytes'], 'domain', x)
        mine = [(not flags, d.refs(c)) for c, (o, flags) in d.clients.items() if o == ident]
        same_list(mine, [(x['exact'], x['client_pins']) for x in i['accesses']], 'clients of',
                  ident)
    if i['ranges'] is not None:
        names = {x['device']: int(x['name'][3:]) for x in i['devices']}
        same_list([(c, a, b, o if c == 'reserved' else 0) for c, a, b, o in d.ranges.get(ident, [])],
                  [(r['class'], r['iova'], r['last'], names.get(r['asked_by'], 0))
                   for r in i['ranges']], 'ranges of', ident)
    if i['pin_ranges'] is not None:
        same(d.runs(ident), i['pin_ranges'], 'ranges that clients hold in', ident)


def compare(dump, state, pid, numbers):
    """numbers: the tool's number of each IOAS, where the state does not tell its id (--state)."""
    d = Dump(dump)
    found = [c for c in state['contexts'] if c['pid'] == pid and c['backend'] == 'bundled']
    same(1, len(found), 'contexts')
    ctx = found[0]
    check(not ctx['uncertain_since_ns'], 'uncertain')
    ioases = {numbers.setdefault(i['ioas'], i.get('object_id')): i for i in ctx['ioases']}
    same(sorted(d.ioases), sorted(ioases), 'IOASes')
    name, areas = {}, 0
    for ident, (mode, _, devices, count, mapped) in d.ioases.items():
        i = ioases[ident]
        same((MODES[mode], mapped), (i['mode'], i['mapped_bytes']), 'IOAS', ident)
        mine = d.areas.get(ident, [])
        same(count, len(mine), 'areas that the IOAS counts')
        for *_, first, pages, _, pinned in mine:
            same(bool(pinned), bool(devices), 'pinned for a device', ident)
        for a, b in zip(sorted(mine), i['areas']):
            check(name.setdefault(a[3], b['pages_object']) == b['pages_object'],
                  'memory is shared otherwise', ident, a, b)
        same_list([(a, z, p * PAGE, name[o], PROT[prot]) for a, z, p, o, prot, _ in mine],
                  [(a['iova'], a['last'], a['offset'], a['pages_object'], a['prot'])
                   for a in i['areas']], 'areas of', ident)
        check(all(a['state'] == 'live' for a in i['areas']), 'an area is going', ident)
        if devices:
            check(all(a['pinned_pages'] * PAGE == a['size'] for a in i['areas']), 'not pinned')
        compare_users(d, ident, i)
        areas += count
    check(len(set(name.values())) == len(name), 'one memory for several', name)
    compare_pages(d, ctx, name)
    return areas
