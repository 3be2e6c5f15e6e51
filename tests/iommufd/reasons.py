# SPDX-License-Identifier: GPL-2.0-or-later
"""Why ops fail, and what they do to the valid ranges, as 'trace' says it. Run by run.py."""
import resource

from client import TOP, Client, Trace, devices
from guest import PAGE, check
from model import replay


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
    # The end of the client detaches the other device, too.
    last = max(n for n, e in enumerate(changes) if e['op'] == 'attach')
    on = changes[last]['valid_ranges']
    off = next(e for e in changes[last:] if e['op'] == 'detach')['valid_ranges']
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
