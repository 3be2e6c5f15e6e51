#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The bundled backend under the tool: what the backend says of itself and what the tool says must be
the same at any moment, and no rule may be broken. Runs inside the lab, with the module loaded."""
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '..', 'type1')]
import guest  # noqa: E402
from compare import Dump, compare, same_list  # noqa: E402
from guest import PAGE, SEED, Recording, Trace, check, no_loss, scaled, show, tool  # noqa: E402

LOAD = 'build/tests/backend-load'
# What a program may do and had better not; the rest is a promise of the kernel.
LINTS = {'R-20', 'R-21', 'R-26', 'R-54'}  # as it is turned down below
RING = ('--ring', '128M')


class Load:
    def __init__(self, *args):
        self.p = subprocess.Popen([LOAD, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)
        guest.started.append(self.p)
        self.pid = self.p.pid
        check(self.p.stdout.readline() == 'READY\n', 'the load does not start')

    def ask(self, line):
        self.p.stdin.write(line + '\n')
        self.p.stdin.flush()
        answer = self.p.stdout.readline().strip()
        check(answer, 'the load died on', line)
        return answer

    def dump(self):
        return json.loads(self.ask('dump'))

    def quit(self):
        self.p.stdin.close()
        check(self.p.wait() == 0, 'the load ended with', self.p.returncode)


def settled(t=None):
    """Nothing is pinned or charged any more; the clients of a process may end after it."""
    for _ in range(100):
        with open('/proc/sys/vm/stat_refresh', 'w') as f:
            f.write('1')
        v = dict(line.split() for line in open('/proc/vmstat'))
        if v['nr_foll_pin_acquired'] == v['nr_foll_pin_released']:
            return
        time.sleep(0.1)
    check(False, 'pages are still pinned', v['nr_foll_pin_acquired'], v['nr_foll_pin_released'])


def pauses(load, numbers, ops, count, probes):
    """Random calls with stops at random moments, in each of which the running trace is compared."""
    rnd = random.Random(SEED)
    areas = done = probed = 0
    for n in range(count):
        left = ops - done
        step = max(1, min(left, int(2 * rnd.random() * left / (count - n)))) if n < count - 1 else left
        done, killed = map(int, load.ask(f'run {step}').split())
        areas += compare(load.dump(), show('events'), load.pid, numbers)
        probed += int(load.ask(f'probe {probes // count + 1}'))
    return f'{done} calls, {killed} processes killed, {count} stops, {areas} areas, {probed} probes'


def clean(path):
    # Calls at random believe nothing to be unmapped.
    r = tool('check', '-r', path, '--json', '--rule', 'map-over-stale=info')
    lines = [json.loads(line) for line in r.stdout.splitlines()]
    s = lines.pop()
    bad = [(v['rule'], v['text']) for v in lines if v['rule'] not in LINTS]
    check(r.returncode == 0 and s['result'] == 'clean' and not bad, r.returncode, s['result'], bad[:8],
          s['doubts'], r.stderr[-400:])
    return f"{s['events']} events, {s['rules_judged']} rules judged"


def test_trace():
    """At stops show, at the end --state; when all is given back nothing is left."""
    t = Trace(*RING)
    load, numbers = Load(), {}
    told = pauses(load, numbers, scaled(50000, 2000), scaled(20, 5), scaled(2000, 100))
    dump = load.dump()
    s, state = t.finish()
    no_loss(s)
    compare(dump, state, load.pid, numbers)
    load.quit()
    settled()
    return f"{told}, {s['seen']} events"


def test_record():
    """The same for a recording, which must be clean."""
    r = Recording(*RING)
    load, numbers = Load(), {}
    told = pauses(load, numbers, scaled(950000, 8000), scaled(80, 8), scaled(8000, 400))
    dump = load.dump()
    path = r.finish()
    state = json.loads(tool('show', '-r', path, '--json').stdout)
    compare(dump, state, load.pid, numbers)
    load.quit()
    settled()
    judged = clean(path)
    os.unlink(path)
    return f'{told}, {judged}'


def asked(*args):
    r = tool(*args, '--json', '--from', 'events')
    check(r.returncode == 0, args, r.returncode, r.stderr[-300:])
    return json.loads(r.stdout)


def gaps(areas):
    return [(a[1] + 1, b[0] - 1) for a, b in zip(areas, areas[1:]) if a[1] + 1 < b[0]]


def ends(t, load, numbers):
    """When all is given back nothing is left, also for the tool."""
    load.ask('leave')
    load.ask('detach')
    compare(load.dump(), show('events'), load.pid, numbers)
    load.quit()
    settled()
    s, state = t.finish()
    no_loss(s)
    check(not state['contexts'], 'something is left', state)
    left = Counter()
    for e in t.events:
        if e['kind'] == 'charge':
            left[e['owner'], e['counter']] += e['pages']
    check(left and not any(left.values()), 'charges that never went', left)


def test_asks():
    """What is asked of a running trace has the answers that the dump gives; then all ends."""
    t = Trace(*RING)
    load, numbers = Load('--no-kills'), {}
    pauses(load, numbers, 1000, 1, 10)
    d = Dump(load.dump())
    number = {ident: n for n, ident in numbers.items() if ident in d.ioases}
    areas = {i: sorted(a) for i, a in d.areas.items()}
    some = random.Random(SEED).sample([(i, a) for i in areas for a in areas[i]], 10)
    for (i, a), q in zip(some, asked('lookup', *(hex(a[1] - 100) for _, a in some))['queries']):
        va = d.pages[a[3]][0] + a[2] * PAGE + (a[1] - 100 - a[0])
        check((number[i], va) in [(h['ioas'], h['va']) for h in q['hits']], 'lookup', a, q['hits'])
    for i in asked('holes')['ioases']:
        mine = gaps(areas.get(numbers[i['ioas']], []))
        same_list(mine, [(h['iova'], h['last']) for h in i['holes'] if h['kind'] == 'gap'], 'gaps')
    a, b = sorted(areas)[:2]
    layout = [{(x[0], x[1], x[4]) for x in areas[i]} for i in (a, b)]
    found = asked('diff', '--layout', '--ioas', str(number[a]), '--ioas', str(number[b]))
    check(layout[0] != layout[1] and not found['equal'], 'diff', found['totals'])
    check(asked('aliases', '--shared')['totals']['again_pages'] > 0, 'no memory is mapped twice')
    ends(t, load, numbers)
    return f'{len(some)} addresses'


def test_rules():
    """A mistake of a client breaks just the rule that is about it; contexts have rising numbers."""
    runs = ('nothing', 'unpins-twice', 'dies', 'forgets', 'holds')
    r = tool('check', '--json', '--', 'sh', '-ec', '; '.join(f'{LOAD} --wrong {x}' for x in runs))
    lines = [json.loads(line) for line in r.stdout.splitlines()]
    summary, found = lines.pop(), {}
    for v in lines:
        if v['rule'] not in LINTS:
            found.setdefault(v['context'], set()).add(v['rule'])
    check([found[c] for c in sorted(found)] == [{'R-33'}, {'R-34'}, {'R-36'}] and
          summary['contexts'] == len(runs) and r.returncode == 4, found, summary, r.stderr[-300:],
          [v['text'] for v in lines][:4])
    settled()
    return f"{summary['events']} events"


def judged(*tests):
    run = ' '.join(('exec build/tests/backend-test', *tests, '>/dev/null'))
    r = tool('check', '--json', *RING, '--', 'sh', '-c', run)
    lines = [json.loads(line) for line in r.stdout.splitlines()]
    s = lines.pop()
    return s, {v['rule'] for v in lines} - LINTS, r.stderr[-300:]


def test_calls():
    """Merges, files, another owner: nothing is broken. A table is not known, which is said."""
    s, found, err = judged('merge', 'file')
    check(s['result'] == 'clean' and not s['doubts'] and not found, found, s['doubts'], err)
    events = s['events']
    # Clients forget pins in these.
    s, found, err = judged('scatter')
    check(found == {'R-34'} and not s['doubts'], found, s['doubts'], err)
    events += s['events']
    # One context of several has a table.
    s, found, err = judged('owner')
    check(found == {'R-34'} and len(s['doubts']) == 1 and s['judged']['R-30'], found, s['doubts'], err)
    events += s['events']
    s, found, err = judged('tce')
    check(s['doubts'] and not found, found, s['doubts'], err)
    settled()
    return f'{events} events'


def test_features():
    f = json.loads(tool('features', '--json').stdout)
    mine = [h for h in f['hooks'] if h['hook'].startswith('bd_')]
    check(mine and all(h['result'] == 'used' for h in mine), mine)
    return f'{len(mine)} hooks'


guest.run([v for k, v in list(globals().items()) if k.startswith('test_')])
