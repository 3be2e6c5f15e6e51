# SPDX-License-Identifier: GPL-2.0-or-later
"""Two pictures of one iommufd context, of which one came by events and one by a walk, are the same."""
import fcntl
import glob
import os
import struct

from guest import check, ioases, unless_uncertain

IOMMU_DESTROY = 0x3b80
IOMMU_IOAS_ALLOC = 0x3b81
VFIO_DEVICE_BIND_IOMMUFD = 0x3b76


class Names:
    """Numbers of one picture for those of the other: the same thing has one number in each."""

    def __init__(self):
        self.there, self.back = {}, {}

    def same(self, a, b):
        return self.there.setdefault(a, b) == b and self.back.setdefault(b, a) == a


def context(state, pid):
    found = [c for c in state['contexts'] if c['pid'] == pid and c['backend'] == 'iommufd']
    check(len(found) == 1, 'contexts of', pid, ':', len(found))
    return found[0]


def in_pairs(events, kernel, numbers):
    """IOASes of both; @numbers: those that user space has, in the order of creation."""
    by_object = {i['object_id']: i for i in kernel['ioases']}
    ours = sorted(events['ioases'], key=lambda i: i['ioas'])
    check(len(ours) == len(numbers) and set(numbers) == set(by_object), 'IOASes:', numbers,
          sorted(by_object), len(ours))
    return [(i, by_object[n]) for i, n in zip(ours, numbers)]


def same_areas(e, k, names):
    a, b = ({x['iova']: x for x in i['areas']} for i in (e, k))
    check(set(a) == set(b), 'areas differ: only by events', sorted(set(a) - set(b))[:4],
          'only in the kernel', sorted(set(b) - set(a))[:4])
    for iova in a:
        x, y = a[iova], b[iova]
        for f in ('last', 'va', 'prot', 'offset', 'memory', 'owner_pid', 'owner_uid', 'state'):
            check(x[f] == y[f], f, 'of an area differs', x, y)
        check(names.same(x['pages_object'], y['pages_object']), 'memory is shared otherwise', x, y)
        known = None not in (x['pinned_pages'], y['pinned_pages'])
        check(not known or x['pinned_pages'] == y['pinned_pages'], 'pinned', x, y)


def same_users(e, k, users):
    if e['devices'] is None:
        return
    x, y = (sorted(i['devices'], key=lambda d: d['name']) for i in (e, k))
    check([(d['name'], d['group']) for d in x] == [(d['name'], d['group']) for d in y], 'devices',
          x, y)
    for a, b in zip(x, y):
        check(users.same(a['device'], b['device']) and users.same(a['domain'], b['domain']),
              'numbers', a, b)
    x, y = ({d['domain']: d for d in i['domains']} for i in (e, k))
    # One that no device is on is told apart by nothing but what it maps.
    for n in [n for n in x if n not in users.there]:
        left = [m for m in y if m not in users.back]
        check(left and users.same(n, left[0]), 'a domain is missing', x, y)
    check({users.there[n] for n in x} == set(y), 'domains', x, y)
    for n, d in x.items():
        o = y[users.there[n]]
        check((d['page_size'], d['mapped_bytes']) == (o['page_size'], o['mapped_bytes']), d, o)
    check(len(e['accesses']) == len(k['accesses']), 'accesses', e['accesses'], k['accesses'])


def same_ranges(e, k, users):
    if e['ranges'] is None:
        return
    x, y = ([(r['class'], r['iova'], r['last'], r['asked_by']) for r in i['ranges']]
            for i in (e, k))
    # A device that has left may still have asked: its number is paired here first.
    for r in x:
        if r[3] is not None and r[3] not in users.there:
            like = [s for s in y if s[:3] == r[:3] and s[3] not in users.back]
            check(like and users.same(r[3], like[0][3]), 'nobody asks for', r, y)
    x = sorted(r[:3] + (users.there.get(r[3], 0),) for r in x)
    check(x == sorted(r[:3] + (r[3] or 0,) for r in y), 'ranges', x, y)


def same_pages(e, k, names):
    x, y = ({p['pages_object']: p for p in c['pages_objects']} for c in (e, k))
    check(len(x) == len(y), 'pages objects:', len(x), len(y))
    for n, p in x.items():
        check(n in names.there, 'no area has', p)
        o = y[names.there[n]]
        for f in set(p) - {'pages_object', 'owner'}:
            check(p[f] == o[f], f, 'of a pages object differs', p, o)
    money = [{(c['counter'], c['pid'], c['uid']): 0 for c in s['charges']} for s in (e, k)]
    for c, m in zip((e, k), money):
        for v in c['charges']:
            m[(v['counter'], v['pid'], v['uid'])] += v['pages']
    check(money[0] == money[1], 'charges', money)


@unless_uncertain
def agree(events, kernel, pid, numbers, what):
    """All that both pictures know of the context of a process; the number of areas."""
    e, k = context(events, pid), context(kernel, pid)
    names, users = Names(), Names()
    n = 0
    try:
        for a, b in in_pairs(e, k, numbers):
            check(b['complete'], 'the walk raced', b['ioas'])
            check(a['object_id'] in (None, b['object_id']), 'object', a['object_id'])
            same_areas(a, b, names)
            same_users(a, b, users)
            same_ranges(a, b, users)
            fields = [f for f in ('mapped_bytes', 'pinned_pages', 'client_pins')
                      if None not in (a[f], b[f])]
            check('mapped_bytes' in fields and all(a[f] == b[f] for f in fields), 'sums',
                  [(f, a[f], b[f]) for f in fields])
            n += len(a['areas'])
        same_pages(e, k, names)
    except Exception as x:
        raise type(x)(f'{what} {x}') from x
    return n


def sane(kernel, pid):
    """What holds of a walk at any moment; the number of IOASes, and of those that raced."""
    found = ioases(kernel, pid)
    for i in found:
        end = -1
        for a in i['areas']:
            check(a['iova'] > end and a['last'] >= a['iova'], 'areas overlap', a)
            check(a['pages_object'] and a['owner_pid'] == pid, 'whose is', a)
            end = a['last']
    return len(found), sum(not i['complete'] for i in found)


# ---- contexts made here ----

def alloc(fd):
    arg = bytearray(struct.pack('III', 12, 0, 0))
    fcntl.ioctl(fd, IOMMU_IOAS_ALLOC, arg)
    return struct.unpack('III', arg)[2]


def destroy(fd, number):
    fcntl.ioctl(fd, IOMMU_DESTROY, bytearray(struct.pack('II', 8, number)))


def open_iommufd():
    """A file of its own with one IOAS."""
    fd = os.open('/dev/iommu', os.O_RDWR)
    return fd, alloc(fd)


def bind(device, fd):
    """The file of a PCI device that is bound to the context."""
    name = os.path.basename(glob.glob(f'/sys/bus/pci/devices/{device}/vfio-dev/vfio*')[0])
    cdev = os.open(f'/dev/vfio/devices/{name}', os.O_RDWR)
    fcntl.ioctl(cdev, VFIO_DEVICE_BIND_IOMMUFD, bytearray(struct.pack('IIiI', 16, 0, fd, 0)))
    return cdev
