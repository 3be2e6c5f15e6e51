# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of iommufd under test, and what must hold of what the tool says of it."""
import functools
import json
import subprocess
import time

import guest
from guest import OUT, PAGE, check, ioases, sh, tool
from model import replay


CLIENT = 'build/tests/iommufd-client'
# What a program may do and had better not; the rest is a promise of the kernel.
LINTS = {'R-20', 'R-26', 'R-54'}
TOP = (1 << 64) - 1


@functools.cache
def devices(pair=0):
    """Arguments for a client with two devices; with them the modules are loaded."""
    found = guest.edus()[2 * pair:]
    r = sh('modprobe iommufd')
    check(r.returncode == 0, r.stderr)
    return ('--device', found[0], '--device', found[1])


def Trace(*args):
    devices()  # before them there is nothing to attach to
    return guest.Trace(*args)


class Client(guest.Client):
    """An iommufd-client; with serve it holds what its scenario left until it is told to quit."""

    def __init__(self, *args, scenario='hold', serve=True, pair=0):
        self.log = f'{OUT}/client-{time.monotonic_ns()}.log'
        cmd = [CLIENT, '--log', self.log, *devices(pair), *map(str, args)]
        cmd += (['--serve'] if serve else []) + [scenario]
        self.p = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        guest.started.append(self.p)
        self.pid = self.p.pid


def areas(ioas):
    return [(a['iova'], a['last'], a['va'], a['prot']) for a in ioas['areas']]


def context(state, pid):
    found = [c for c in state['contexts'] if c['pid'] == pid]
    check(len(found) == 1, 'contexts of the client:', len(found))
    return found[0]


@guest.unless_uncertain
def same_as_log(state, client, what):
    """IOAS by IOAS, in the order of their creation: areas, who shares memory, devices."""
    m = replay(client.log)
    found = sorted(ioases(state, client.pid), key=lambda i: i['ioas'])
    mine = list(m.ioases.values())
    check(len(found) == len(mine), what, 'IOASes:', len(found), 'in the log:', len(mine))
    memory = {}  # the log's name of memory -> the tool's
    for x, y in zip(mine, found):
        a, b = x.list(), sorted(areas(y))
        da, db = set(a) - set(b), set(b) - set(a)
        check(not da and not db and len(a) == len(b), what, 'log differs: only in log',
              sorted(da)[:4], 'only in state', sorted(db)[:4])
        for area in (a for a in y['areas'] if 'pages_object' in a):
            name = x.areas[area['iova']].memory
            check(memory.setdefault(name, area['pages_object']) == area['pages_object'],
                  what, 'memory is shared otherwise:', area)
        if y['devices'] is not None:
            check(sorted(d['name'] for d in y['devices']) == sorted(x.devices(m)), what, 'devices:',
                  y['devices'], x.devices(m))
    check(len(set(memory.values())) == len(memory), what, 'one memory for several maps', memory)
    return sum(len(i.areas) for i in mine)


@guest.unless_uncertain
def same_areas(a, b, pid, what):
    x, y = ioases(a, pid), ioases(b, pid)
    check([i['ioas'] for i in x] == [i['ioas'] for i in y], what, 'IOASes differ')
    for i, j in zip(x, y):
        da, db = set(areas(i)) - set(areas(j)), set(areas(j)) - set(areas(i))
        check(not da and not db, what, 'areas differ:', sorted(da)[:4], sorted(db)[:4])


@guest.unless_uncertain
def consistent(state, pid):
    """What must hold in any state at rest: pinned is what devices reach, charged is pinned."""
    ctx = context(state, pid)
    pages = {p['pages_object']: p for p in ctx['pages_objects']}
    shown = {p: 0 for p in pages}
    for i in ctx['ioases']:
        for d in i['domains']:
            check(d['mapped_bytes'] == i['mapped_bytes'], 'a domain maps', d, i['mapped_bytes'])
        for a in i['areas']:
            shown[a['pages_object']] += 1
            p = pages[a['pages_object']]
            check(not i['domains'] or p['pinned_pages'] * PAGE >= a['size'], 'unpinned', a, p)
    for p in pages.values():
        check(p['areas'] == shown[p['pages_object']] > 0, 'areas of', p)
        check(0 <= p['pinned_pages'] <= p['pages'], p)
        check(p['charged_pages'] == (0 if p['counter'] == 'none' else p['pinned_pages']), p)
    return ctx


class Report:
    """One run of 'check --json': its violations, its summary, its status."""

    def __init__(self, *args):
        r = tool('check', '--json', *map(str, args))
        lines = [json.loads(line) for line in r.stdout.splitlines()]
        check(lines and lines[-1]['kind'] == 'summary', 'no summary:', r.stdout[-300:], r.stderr)
        self.stderr = r.stderr
        self.status = r.returncode
        self.summary = lines.pop()
        self.violations = lines
        self.rules = {v['rule'] for v in lines}


def clean(*args, status=0, judged=30):
    r = Report(*args)
    s = r.summary
    if s['probes_missed'] and guest.preempts() and s['result'] == 'uncertain':
        raise guest.Uncertain('probes missed', s)
    check(r.status == status and s['result'] == 'clean', 'status', r.status,
          [(v['rule'], v['text']) for v in r.violations if v['rule'] not in LINTS][:5],
          r.stderr[-400:], s)
    check(r.rules <= LINTS, 'violations', sorted(r.rules))
    check(s['dropped'] == s['gaps'] == s['probes_missed'] == s['uncertain_contexts'] == 0, s)
    check(s['rules_judged'] >= judged and s['events'] == s['submitted'], s)
    return f"{s['events']} events, {s['rules_judged']} rules"


def clean_clients(*runs):
    """Clients one after the other, under one check."""
    run = ' '.join(('set -e;', *(' '.join((CLIENT, *devices(), *map(str, r))) + ';' for r in runs)))
    return clean('--ring', '64M', '--', 'sh', '-c', run)


def has_files():
    devices()
    return any(h['hook'] == 'fd_map_file' and h['result'] == 'used'
               for h in json.loads(tool('features', '--json').stdout)['hooks'])
