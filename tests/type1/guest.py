# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests inside the guest share: the tool, the clients, their logs."""
import functools
import json
import os
import re
import signal
import subprocess
import sys
import time

TOOL = 'build/ioascope'
CLIENT = 'build/tests/type1-client'
OUT = os.environ.get('LAB_OUT', '/tmp')
SCALE = float(os.environ.get('IOASCOPE_SCALE', '1'))
SEED = int(os.environ.get('IOASCOPE_SEED', '1'))
PAGE = 4096


class Failed(Exception):
    pass


class Uncertain(Failed):
    """The tool says that it missed hooks, which preemption may cause: no answer, so ask again."""


started = []  # processes of the test at hand


def check(cond, *what):
    if not cond:
        raise Failed(' '.join(str(w) for w in what))


def scaled(n, least=1):
    return max(least, int(n * SCALE))


def sh(cmd, **kw):
    return subprocess.run(cmd, shell=True, capture_output=True, text=True, **kw)


def tool(*args, **kw):
    return subprocess.run([TOOL, *args], capture_output=True, text=True, **kw)


def show(source):
    r = tool('show', '--json', '--from', source)
    check(r.returncode == 0, 'show --from', source, 'gave', r.returncode, r.stderr)
    return json.loads(r.stdout)


@functools.cache
def preempts():
    """Whether this kernel may preempt a BPF program, and then skips it for the next task there."""
    return json.loads(tool('features', '--json').stdout)['preemption'] in ('full', 'lazy')


def unless_uncertain(compare):
    """A comparison of states: one that is said to be uncertain may be wrong, and no other."""
    @functools.wraps(compare)
    def wrapped(*args, **kw):
        try:
            return compare(*args, **kw)
        except Failed as e:
            states = [a for a in args if isinstance(a, dict) and 'contexts' in a]
            if preempts() and any(c['uncertain_since_ns'] for s in states for c in s['contexts']):
                raise Uncertain(*e.args) from e
            raise
    return wrapped


class Client:
    """A type1-client that serves: it holds what its scenario left until it is told to quit."""

    def __init__(self, *args, scenario='hold', mode='v2', log=None, serve=True, prefix=()):
        self.log = log or f'{OUT}/client-{time.monotonic_ns()}.log'
        cmd = [*prefix, CLIENT, '--mode', mode, '--log', self.log, *map(str, args)]
        cmd += (['--serve'] if serve else []) + [scenario]
        self.mode = mode
        self.p = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        started.append(self.p)
        self.pid = self.p.pid

    def ready(self):
        line = self.p.stdout.readline().strip()
        check(line == 'READY', 'client said', repr(line), self.p.stderr.read() if not line else '')
        return self

    def ask(self, line):
        self.p.stdin.write(line + '\n')
        self.p.stdin.flush()
        answer = self.p.stdout.readline().strip()
        check(answer, 'client died on', line)
        return answer

    def quit(self):
        if self.p.poll() is None:
            self.p.stdin.close()
        status = self.p.wait()
        check(status == 0, 'client exited with', status)

    def kill(self):
        self.p.kill()
        self.p.wait()


def wait_attached(p, seconds=300):
    """Until the instance that process p starts answers; slow where machines are busy."""
    end = time.monotonic() + seconds
    while tool('show', '--from', 'events').returncode:
        check(p.poll() is None, 'ended before it was attached')
        check(time.monotonic() < end, 'does not attach')
        time.sleep(0.05)


class Trace:
    """A running 'ioascope trace'; finish() ends it and returns its summary and final state."""

    def __init__(self, *args, wait=True):
        n = time.monotonic_ns()
        self.out = f'{OUT}/trace-{n}.json'
        self.err = f'{OUT}/trace-{n}.err'
        self.state = f'{OUT}/state-{n}.json'
        with open(self.out, 'w') as out, open(self.err, 'w') as err:
            self.p = subprocess.Popen([TOOL, 'trace', '--json', '--changes', '--state', self.state,
                                       *args], stdout=out, stderr=err)
        started.append(self.p)
        if wait:
            wait_attached(self.p)

    def finish(self):
        self.p.send_signal(signal.SIGINT)
        status = self.p.wait()
        check(status == 0, 'trace exited with', status, open(self.err).read())
        self.events = [json.loads(line) for line in open(self.out)]
        self.summary = self.events.pop()
        check(self.summary['kind'] == 'summary', 'no summary line')
        with open(self.state) as f:
            state = json.load(f)
        check(not self.summary['probes_missed'] or
              all(c['uncertain_since_ns'] for c in state['contexts']), 'missed and certain', state)
        return self.summary, state


class Recording:
    """A running 'ioascope record'; finish() ends it and returns the file."""

    def __init__(self, *args):
        self.path = f'{OUT}/rec-{time.monotonic_ns()}.ioas'
        self.p = subprocess.Popen([TOOL, 'record', '-o', self.path, *map(str, args)],
                                  stderr=subprocess.PIPE, text=True)
        started.append(self.p)
        wait_attached(self.p)

    def finish(self):
        self.p.send_signal(signal.SIGINT)
        err = self.p.communicate()[1]
        check(self.p.returncode == 0, 'record exited with', self.p.returncode, err)
        return self.path


def no_loss(s):
    check(s['seen'] == s['submitted'] + s['dropped'], 'seen != submitted + dropped', s)
    if s['probes_missed'] and preempts():
        raise Uncertain('probes missed', s)
    for k in ('dropped', 'map_full', 'outside_op', 'arguments_changed', 'probes_missed', 'gaps',
              'missing_by_cpu', 'late',
              'contradictions'):
        check(s[k] == 0, k, '=', s[k], 'in', s)
    check(s['received'] == s['submitted'], 'received != submitted', s)
    check(s['hooks'] == s['hooks_wanted'], 'hooks missing', s)


def ioases(state, pid):
    """The IOASes of a process, each as a comparable value."""
    found = []
    for c in state['contexts']:
        for i in c['ioases']:
            if c['pid'] == pid:
                found.append(i)
    return found


def areas(ioas, *fields):
    fields = fields or ('iova', 'last', 'va', 'prot')
    return [tuple(a[f] for f in fields) for a in ioas['areas']]


def totals(ioas):
    return {k: ioas[k] for k in ('mode', 'mapped_bytes', 'pinned_pages', 'pfnmap_pages',
                                 'client_pins', 'charged_pages')}


def groups(ioas):
    return sorted((g['group'], g['emulated']) for g in ioas['groups'])


@unless_uncertain
def same_state(a, b, pid, what):
    """Two sources agree about a process: areas, pins, charges, groups."""
    x, y = ioases(a, pid), ioases(b, pid)
    check(len(x) == len(y) == 1, what, 'number of IOASes', len(x), len(y))
    for i, j in zip(x, y):
        da, db = set(areas(i)) - set(areas(j)), set(areas(j)) - set(areas(i))
        check(not da and not db, what, 'areas differ:', sorted(da)[:4], sorted(db)[:4])
        ti, tj = totals(i), totals(j)
        # A running trace's maps do not count client pins: null is not a number.
        known = [k for k in ti if ti[k] is not None and tj[k] is not None]
        check({'mode', 'mapped_bytes', 'pinned_pages', 'charged_pages'} <= set(known), known)
        check(all(ti[k] == tj[k] for k in known), what, 'totals differ:', ti, tj)
        check(groups(i) == groups(j), what, 'groups differ:', groups(i), groups(j))


class Model:
    """The rules of type1, from a client's log alone: nothing of the tool is in here."""

    VADDR_MAP, ALL, VADDR_UNMAP = 4, 2, 4

    def __init__(self, mode):
        self.mode = mode
        self.areas = {}  # iova -> (last, va, prot)
        self.pins = {}  # page -> count

    def unmap(self, iova, size):
        gone = 0
        for start in sorted(self.areas):
            last = self.areas[start][0]
            if last < iova:
                continue
            if start > iova + size - 1:
                break
            if self.mode == 'v1' and iova > start:
                break
            gone += last - start + 1
            del self.areas[start]
            # The kernel asks the clients to let go, and they do.
            for p in [p for p in self.pins if start <= p <= last]:
                del self.pins[p]
        return gone

    def apply(self, e):
        op = e['op']
        if e['result'] or e.get('context', 0):
            return
        if op == 'map':
            if e.get('flags', 0) & self.VADDR_MAP:
                last, _, prot = self.areas[e['iova']]
                self.areas[e['iova']] = (last, e['va'], prot)
            else:
                self.areas[e['iova']] = (e['iova'] + e['size'] - 1, e['va'], e['prot'])
        elif op == 'unmap' and not e.get('flags', 0) & self.VADDR_UNMAP:
            every = e.get('flags', 0) & self.ALL
            gone = self.unmap(0, 1 << 64) if every else self.unmap(e['iova'], e['size'])
            check(gone == e['returned'], 'kernel returned', e['returned'], 'model says', gone, e)
        elif op in ('pin', 'unpin'):
            step = 1 if op == 'pin' else -1
            for p in range(e['iova'], e['iova'] + e['size'], PAGE):
                self.pins[p] = self.pins.get(p, 0) + step

    def list(self):
        return sorted((s, l, v, p) for s, (l, v, p) in self.areas.items())


def replay(log, mode, pid=None):
    m = Model(mode)
    for line in open(log):
        e = json.loads(line)
        if pid is None or e['pid'] == pid:
            m.apply(e)
    return m


@unless_uncertain
def same_as_log(state, client, what):
    m = replay(client.log, client.mode)
    found = ioases(state, client.pid)
    check(len(found) == 1, what, 'IOASes:', len(found))
    mine, theirs = m.list(), sorted(areas(found[0]))
    da, db = set(mine) - set(theirs), set(theirs) - set(mine)
    check(not da and not db and len(mine) == len(theirs), what, 'log differs: only in log',
          sorted(da)[:4], 'only in state', sorted(db)[:4])
    pins = {p: c for p, c in m.pins.items() if c}
    if found[0]['client_pins'] is not None:
        check(found[0]['client_pins'] == sum(pins.values()), what, 'pins',
              found[0]['client_pins'], sum(pins.values()))
    return len(mine)


@functools.cache
def edus():
    r = sh('tests/lab/guest/bind-edu')
    check(r.returncode == 0, r.stderr)
    return [line.split()[0] for line in r.stdout.splitlines()]


def emulated(n, option='--emulated', first=0):
    """Arguments for a client with n mediated test devices."""
    if not os.path.exists('/sys/module/ioas_testdev'):
        r = sh(f"insmod {os.environ['TESTDEV']}/ioas_testdev.ko")
        check(r.returncode == 0, r.stderr)
    return [x for i in range(first, first + n) for x in (option, f'ioas_test{i}')]


def attached_programs():
    """Programs of ours that the kernel still has."""
    return re.findall(r'name (t1_\w+)', sh('bpftool prog list').stdout)


TRIES = 4  # of a test, as long as the tool says that it is not sure


def attempt(t):
    """Runs a test; what it says of itself, and how often it was tried."""
    for n in range(1, TRIES + 1):
        try:
            return t(), n
        except Uncertain:
            if n == TRIES:
                raise
        finally:
            for p in started:
                if p.poll() is None:
                    p.kill()
                    p.wait()
            started.clear()


def run(tests):
    """Runs the tests in order and closes with the counts."""
    # There a program may be skipped if two tasks on one processor race: see tests/clients/pin.h.
    if preempts():
        os.environ['RACE_PIN'] = '1'
    wanted = sys.argv[1:]
    passed = failed = 0
    for t in tests:
        name = t.__name__.removeprefix('test_').replace('_', ' ')
        if wanted and not any(w in t.__name__ for w in wanted):
            continue
        began = time.monotonic()
        try:
            note, tries = attempt(t)
            note = ', '.join(filter(None, (note, tries > 1 and f'{tries} tries')))
            passed += 1
            print(f'ok - {name}' + (f' ({note})' if note else ''), end='')
        except Exception as e:  # one broken test must not hide the others
            failed += 1
            print(f'not ok - {name}: {type(e).__name__}: {e}', end='')
        print(f' [{time.monotonic() - began:.1f} s]', flush=True)
    print(f'{passed} passed, {failed} failed', flush=True)
    sys.exit(1 if failed else 0)
