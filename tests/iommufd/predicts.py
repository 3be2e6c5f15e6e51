# SPDX-License-Identifier: GPL-2.0-or-later
"""What 'predict' says of an attach is what the kernel then answers. Run by run.py."""
import json
import time

from client import TOP, Client, Trace, devices
from guest import PAGE, Recording, check, ioases, show, tool
from model import replay


def predict(*args):
    """Exit status, and the one answer with the IOAS that it is about."""
    r = tool('predict', 'attach', '--json', *map(str, args))
    check(r.returncode in (0, 1, 4) and r.stdout, args, r.returncode, r.stderr)
    d = json.loads(r.stdout)
    check(len(d['ioases']) == 1 and len(d['ioases'][0]['answers']) == 1, d)
    return r.returncode, d['ioases'][0]['answers'][0], d['ioases'][0]


def spans(ranges):
    return [(r['iova'], r['last']) for r in ranges]


def in_the_way(answer):
    """The conflicts: why, what of the IOAS, and the region."""
    return [(c['cause'], *spans([c.get('area') or c['allowed']]),
             *spans([c['region']] if 'region' in c else [])) for c in answer['conflicts']]


MSI = (0xfee00000, 0xfeefffff)
APERTURE_END = 1 << 48  # as the lab starts QEMU


def predict_cases():
    """What the client does first, whether the attach fails then, and what for."""
    far = (APERTURE_END, APERTURE_END + PAGE - 1)
    inside = (MSI[0], MSI[0] + PAGE - 1)
    across = (MSI[0] - PAGE, MSI[0] + PAGE - 1)
    last = (MSI[1] + 1 - PAGE, MSI[1])
    yield [], []
    yield ['map %u 0xfee00000 0x1000 rw 0'], [('region', inside, MSI)]
    yield ['unmap %u 0xfee00000 0x1000', 'map %u 0xfedff000 0x2000 r 0',
           'map %u 0xfeeff000 0x1000 r 0'], [('region', across, MSI), ('region', last, MSI)]
    yield ['unmap %u 0xfedff000 0x2000', 'unmap %u 0xfeeff000 0x1000',
           'map %u 0xfedff000 0x1000 r 0', 'map %u 0xfef00000 0x1000 r 0'], []
    yield [f'map %u {far[0]:#x} 0x1000 r 0'], [('aperture', far)]
    yield [f'unmap %u {far[0]:#x} 0x1000',
           f'map %u {APERTURE_END - PAGE:#x} 0x1000 r 0'], []
    yield ['map %u 0x40000800 0x400 r 0x800'], [('alignment', (0x40000800, 0x40000bff))]
    yield ['unmap %u 0x40000800 0x400', 'allow %u 0xfee00000 0xfee00fff'], [('region', inside, MSI)]
    yield ['allow %u 0 0xfedfffff'], []
    yield [f'allow %u 0xfeeff000 {far[1]:#x}'], [('region', (last[0], far[1]), MSI),
                                                 ('aperture', (last[0], far[1]))]
    yield ['allow %u 1 0'], []


def now(ioas, device, steps, want):
    """What is said of an attach while a trace runs: it knows areas, the walk who uses what."""
    status, events, _ = predict('--from', 'events', '--ioas', ioas, device)
    check(want or (status == 1 and events['verdict'] == 'unknown'), 'events alone:', events)
    check({'users', 'allowed'} <= set(events['doubts']), 'events alone:', events['doubts'])
    if not any('allow' in s for s in steps):
        check(in_the_way(events) == want, 'events alone:', steps, in_the_way(events), want)
    status, a, _ = predict('--ioas', ioas, device)
    check(in_the_way(a) == want, 'now:', steps, in_the_way(a), want)
    check(status == (4 if want else 0) and a['verdict'] == ('fails' if want else 'succeeds') and
          not a['doubts'], 'now:', steps, status, a)
    return a


def test_predict_beside_trace():
    """By the trace's numbers: a device that is attached, one that would move, an older context."""
    old = Client('--max-size', '1M', pair=1).ready()
    t = Trace()
    c = Client('--max-size', '1M').ready()
    cache, used = sorted(i['ioas'] for i in ioases(show('events'), c.pid))
    first, other = devices()[1], devices(1)[3]
    status, a, _ = predict('--ioas', used, first)
    check(status == 0 and a['attached'] and not a['doubts'], 'attached:', a)
    status, a, _ = predict('--ioas', cache, first)
    check(status == 0 and a['moves'] and a['in_use_by'] == used and not a['doubts'], 'moves:', a)
    check(predict('--from', 'events', '--ioas', cache, first)[1]['verdict'] == 'unknown', 'events')
    # Of a context that is older it knows what was used since: one of two, then both.
    for n, number in enumerate(replay(old.log).ioases):
        check(old.ask(f'map {number} 0x10000 0x1000 r 0').startswith('ok'), 'map')
        mine = min(i['ioas'] for i in ioases(show('events'), old.pid))
        status, a, i = predict('--ioas', mine, other)
        check(i['complete'] == (n == 1) and ('users' in a['doubts']) == (n == 0), n, a)
        check((status, a['verdict']) == ((1, 'unknown'), (0, 'succeeds'))[n], n, status, a)
    check(old.ask(f'map {next(iter(replay(old.log).ioases))} 0xfee00000 0x1000 r 0')
          .startswith('ok'), 'map')
    check(predict('--ioas', mine, other)[0] == 4, 'what is in the way of an older one')
    for x in (c, old):
        x.quit()
    t.finish()
    return 'attached, moves, older'


def test_predict():
    """An attach fails where it was said to fail, and leaves the ranges that were said."""
    device = devices()[3]
    rec = Recording()
    c = Client('--max-size', '1M').ready()
    mine = next(iter(replay(c.log).ioases))
    ioas = min(i['ioas'] for i in ioases(show('events'), c.pid))
    moments = []
    for steps, want in predict_cases():
        for step in steps:
            check(c.ask(step % mine).startswith('ok'), step)
        moments.append(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
        live = now(ioas, device, steps, want)
        answer = c.ask(f'attach {device} {mine}')
        check(answer == ('error -98' if want else 'ok'), steps, answer)
        then = []
        if not want:
            then = [tuple(int(x, 16) for x in r.split('-'))
                    for r in c.ask(f'ranges {mine}').split()[1].split(',')]
            check(c.ask(f'detach {device}') == 'ok', 'detach')
            check(spans(live['valid_then']) == then, 'now, ranges:', live['valid_then'], then)
        moments[-1] = (moments[-1], want, then)
    c.quit()
    path = rec.finish()
    for ns, want, then in moments:
        status, a, i = predict('-r', path, '--at', f'{ns}ns', '--ioas', ioas, device)
        check(status == (4 if want else 0) and a['verdict'] == ('fails' if want else 'succeeds'),
              want, status, a)
        check(in_the_way(a) == want and a['errno'] == ('EADDRINUSE' if want else None), want, a)
        check(spans(i['valid_now']) == [(0, TOP)], i['valid_now'])
        check(want or spans(a['valid_then']) == then, 'ranges:', a['valid_then'], then)
    return f'{len(moments)} attaches, {sum(bool(m[1]) for m in moments)} refused'
