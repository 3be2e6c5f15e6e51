# SPDX-License-Identifier: GPL-2.0-or-later
"""Why ops of type1 fail: each failure is provoked, and 'trace' must say its reason."""
from guest import PAGE, Client, Trace, check, edus

BASE = 0x100000000  # the first area of 'hold', of 2 MiB
RESERVED = 0xfee00000  # the window of message signalled interrupts
ENTRIES = '/sys/module/vfio_iommu_type1/parameters/dma_entry_limit'


def reasons(t, pid):
    """Op, errno, class of an unmap, reasons and whether they are certain, of ops that have some."""
    found = []
    for e in t.events:
        if e['kind'] == 'op' and e['pid'] == pid and 'why' in e:
            found.append((e['op'], e.get('errno'), e.get('unmap'),
                          [r['what'] for r in e['why']['reasons']], e['why']['certain']))
    return found


def asked(mode, *lines):
    """What a client of that mode asks, and what is said of it."""
    device = edus()[0]
    t = Trace()
    c = Client('--device', device, mode=mode).ready()
    for line in lines:
        c.ask(line)
    c.kill()
    t.finish()
    return t, reasons(t, c.pid)


def test_explains_v2():
    t, found = asked('v2', f'map {BASE + PAGE:#x} {PAGE} rw 0', f'map {RESERVED:#x} {PAGE} rw 0',
                     f'map {BASE + (1 << 40) + 512:#x} {PAGE} rw 0',
                     f'unmap {BASE + PAGE:#x} {PAGE}')
    check(found == [('map', 'EEXIST', None, ['overlap'], True),
                    ('map', 'EINVAL', None, ['outside'], True),
                    ('map', 'EINVAL', None, ['misaligned'], True),
                    ('unmap', 'EINVAL', 'inside', ['bisects'], True)], found)
    ranges = [e['valid_ranges'] for e in t.events if 'valid_ranges' in e]
    check(ranges and ranges[0]['because'][0]['group'] >= 0, ranges)
    after = [(r['iova'], r['last']) for r in ranges[0]['after']]
    check(len(after) > 1 and not any(a <= RESERVED <= b for a, b in after), after)


def test_explains_v1():
    _, found = asked('v1', f'unmap {BASE + PAGE:#x} {PAGE}')
    check(found == [('unmap', None, 'inside', ['inside'], True)], found)


def test_explains_entry_limit():
    edus()
    was = open(ENTRIES).read()
    try:
        open(ENTRIES, 'w').write('5')  # as many as hold maps
        _, found = asked('v2', f'map {BASE + (1 << 34):#x} {PAGE} rw 0')
    finally:
        open(ENTRIES, 'w').write(was)
    check(found == [('map', 'ENOSPC', None, ['entry-limit'], True)], found)


def test_explains_limit():
    """Who may not exceed the limit is told which it was, by how much."""
    device = edus()[0]
    t = Trace()
    limit = 80 << 20  # hold takes 66M of it
    c = Client('--device', device, '--buffer', '64M', prefix=(
        'prlimit', f'--memlock={limit}', 'setpriv', '--bounding-set', '-ipc_lock')).ready()
    c.ask(f'map {BASE + (1 << 34):#x} {64 << 20} rw 0')
    c.kill()
    t.finish()
    found = [e for e in t.events if e.get('errno') == 'ENOMEM' and e['op'] == 'map']
    check(len(found) == 1 and found[0]['why']['certain'], found)
    r = found[0]['why']['reasons'][0]
    check((r['what'], r['counter'], r['limit'], r['exact']) == ('limit', 'mm-locked', limit, True),
          r)
    check(r['used'] <= limit < r['used'] + r['asked'], r)
