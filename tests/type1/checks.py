# SPDX-License-Identifier: GPL-2.0-or-later
"""The checker and recordings on a real kernel: correct clients give no verdict, wrong ones give
exactly theirs, and what was recorded is what there was. The tests are run by run.py."""
import json
import os
import random
import signal
import subprocess
import time

from guest import (CLIENT, OUT, SEED, Client, Recording, Uncertain, check, edus, emulated, ioases,
                   preempts, same_as_log, same_state, scaled, show, tool, wait_attached)

STRICT = ('--policy', 'policies/ci-strict.conf')
# What a program may do and had better not; the rest is a promise of the kernel.
LINTS = {'R-20', 'R-26', 'R-54'}
# On v1 the clients that choose at random map over what an unmap has left, and say so.
V1_RANDOM = ('--rule', 'R-21=off')
# A client in a hurry earns thousands of these, and to write them takes longer than to do it.
QUIET = ('--rule', 'R-20=off', '--rule', 'R-54=off')


class Report:
    """One run of 'check --json': its violations, its summary, its status."""

    def __init__(self, *args):
        r = tool('check', '--json', *map(str, args))
        lines = [json.loads(line) for line in r.stdout.splitlines()]
        check(lines and lines[-1]['kind'] == 'summary', 'no summary:', r.stdout[-300:], r.stderr)
        self.status = r.returncode
        self.summary = lines.pop()
        self.violations = lines
        self.rules = {v['rule'] for v in lines}


def run_checked(*args, opts=()):
    return Report(*opts, '--', CLIENT, *args)


def clean(report, lints=True):
    """Nothing is wrong, nothing was lost, and the rules did look."""
    s = report.summary
    if s['probes_missed'] and preempts() and s['result'] == 'uncertain':
        raise Uncertain('probes missed', s)
    check(report.status == 0 and s['result'] == 'clean', 'status', report.status,
          [(v['rule'], v['text']) for v in report.violations
           if v['rule'] not in LINTS or not lints][:5], s)
    check(report.rules <= (LINTS if lints else set()), 'violations', sorted(report.rules))
    check(s['dropped'] == s['gaps'] == s['probes_missed'] == s['uncertain_contexts'] == 0, s)
    check(s['rules_judged'] >= 20 and s['events'] == s['submitted'], s)
    return f"{s['events']} events, {s['rules_judged']} rules judged"


def broken(report, *rules, severity='error'):
    """These rules and no other, each once."""
    found = [v['rule'] for v in report.violations]
    check(found == list(rules), 'found', found, 'not', rules,
          [v['text'] for v in report.violations][:5])
    check(report.status == 4 and report.summary['result'] == 'violation', report.status)
    check(all(v['severity'] == severity for v in report.violations if v['rule'] == rules[-1]),
          report.violations)
    check(report.summary['uncertain_contexts'] == 0, report.summary)
    return report.violations[-1]['text']


# ---- correct clients ----

def test_check_tour_v1():
    d = edus()
    return clean(run_checked('--mode', 'v1', '--device', d[0], '--device', d[1], 'tour'))


def test_check_tour_v2():
    d = edus()
    return clean(run_checked('--device', d[0], '--device', d[1], 'tour'))


def test_check_tour_mediated():
    edus()
    return clean(run_checked(*emulated(1), 'tour'))


def test_check_random():
    dev = ('--device', edus()[0], '--seed', SEED, '--ops', scaled(2000, 100))
    v1 = clean(run_checked('--mode', 'v1', *dev, 'random', opts=V1_RANDOM))
    return f"v1: {v1}; v2: {clean(run_checked(*dev, 'random'))}"


def test_check_random_mediated():
    edus()
    args = ('--seed', SEED, '--ops', scaled(1000, 100), 'random')
    only = clean(run_checked(*emulated(4), *args))
    return f"{only}; mixed: {clean(run_checked('--device', edus()[0], *emulated(2), *args))}"


def test_check_race():
    args = ('--seed', SEED, '--ops', scaled(500, 60), '--threads', 8, 'race')
    v1 = clean(run_checked('--mode', 'v1', '--device', edus()[0], *args, opts=V1_RANDOM))
    v2 = clean(run_checked('--device', edus()[0], *args))
    return f"v1: {v1}; v2: {v2}; mediated: {clean(run_checked(*emulated(4), *args))}"


def test_check_killed_clients():
    """A client that dies in the middle breaks nothing: the kernel cleans up."""
    for n in range(scaled(6, 2)):
        r = Report(*QUIET, '--', 'timeout', '-s', 'KILL', str(0.7 + 0.13 * n), CLIENT, '--device',
                   edus()[0], '--seed', SEED + n, '--ops', 100000, '--threads', 4,
                   ('race', 'random')[n % 2])
        check(r.status == 137 and r.summary['result'] == 'clean' and r.rules <= LINTS,
              r.status, [(v['rule'], v['text']) for v in r.violations if v['rule'] not in LINTS],
              r.summary)


def test_check_older_containers():
    """What is older than the check is judged in part, and is no violation."""
    c = Client('--device', edus()[0]).ready()
    p = subprocess.Popen(['build/ioascope', 'check', '--json'], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
    wait_attached(p)
    for n in range(4):
        check(c.ask(f'map {0x200000000 + n * 0x10000:#x} 0x10000 rw 0').startswith('ok'), 'map')
    check(c.ask('unmap 0x200000000 0x20000').startswith('ok'), 'unmap')
    c.quit()
    p.send_signal(signal.SIGINT)
    lines = [json.loads(line) for line in p.communicate()[0].splitlines()]
    check([x['kind'] for x in lines if x.get('severity') == 'error'] == [], lines)
    s = lines[-1]
    check(s['adopted_contexts'] == 1 and s['uncertain_contexts'] == 0, s)
    check(s['areas_added'] == 4, s)


# ---- clients with one mistake ----

def test_check_unmap_inside():
    return broken(run_checked('--mode', 'v1', '--device', edus()[0], 'break-v1-inside',
                              opts=STRICT), 'R-20')


def test_check_stale():
    r = run_checked('--mode', 'v1', '--device', edus()[0], 'break-stale')
    text = broken(r, 'R-20', 'R-21')
    v = r.violations[1]
    check(v['event']['op'] == 'map' and v['event']['errno'] == 'EEXIST', v['event'])
    ops = [e['op'] for e in v['history'] if e['kind'] == 'op']
    check(ops[-3:] == ['map', 'unmap', 'map'], 'what led there:', ops)
    check([a['overlaps'] for a in v['around']['areas']][:1] == [True], v['around'])
    return text


def test_check_leak():
    """One device goes and leaves its pins; the other keeps the container."""
    edus()
    return broken(run_checked(*emulated(2), 'break-leak'), 'R-34')


def test_check_leak_mixed():
    """The same, with a hardware device that keeps the container."""
    return broken(run_checked('--device', edus()[0], *emulated(1), 'break-leak'), 'R-34')


def test_check_double_unpin():
    edus()
    return broken(run_checked(*emulated(1), 'break-double-unpin'), 'R-33')


def test_check_loss_is_no_success():
    """A ring of one page overflows: nothing was proved, and that is said."""
    r = run_checked('--device', edus()[0], '--ops', 200, 'random', opts=('--ring', '4096'))
    check(r.summary['dropped'] > 0 and r.summary['uncertain_contexts'] >= 1, r.summary)
    check(r.status == 1 and r.summary['result'] == 'uncertain' and r.summary['doubts'], r.summary)
    check(r.rules <= LINTS, 'a verdict on what may be wrong', r.rules)


# ---- recordings ----

def recorded(path):
    r = tool('show', '-r', path, '--json')
    check(r.returncode == 0, 'show -r gave', r.returncode, r.stderr)
    return json.loads(r.stdout)


def record_random(*devices, mode='v2', ops):
    """A recording in whose end a client still holds what it has, and that client."""
    rec = Recording()
    c = Client(*devices, '--seed', SEED, '--ops', ops, scenario='random', mode=mode).ready()
    kernel, events = show('kernel'), show('events')
    path = rec.finish()
    state = recorded(path)
    same_state(state, kernel, c.pid, 'recording and kernel:')
    same_state(state, events, c.pid, 'recording and live state:')
    same_as_log(state, c, 'recording')
    c.quit()
    return path, ioases(state, c.pid)[0]


def test_record_random():
    path, ioas = record_random('--device', edus()[0], ops=scaled(1000, 100))
    note = clean(Report('-r', path))
    return f"{note}, {len(ioas['areas'])} areas left, {os.path.getsize(path)} bytes"


def test_record_mediated():
    edus()
    path, ioas = record_random(*emulated(2), ops=scaled(600, 100))
    check(ioas['client_pins'] is not None, ioas)
    return clean(Report('-r', path)) + f", {ioas['client_pins']} pins left"


def test_record_then_check_finds_the_same():
    """Live and from the file: the same violations, word for word. The policy is what decides."""
    rec = Recording()
    stale = ('--mode', 'v1', '--device', edus()[0], 'break-stale')
    subprocess.run([CLIENT, *stale], capture_output=True)
    subprocess.run([CLIENT, *emulated(1), 'break-double-unpin'], capture_output=True)
    path = rec.finish()
    r = Report('-r', path)
    check([v['rule'] for v in r.violations] == ['R-20', 'R-21', 'R-33'], r.rules)
    check(r.status == 4, r.status)
    live = run_checked(*stale)
    check([v['text'] for v in live.violations] == [v['text'] for v in r.violations[:2]],
          'texts differ:', [v['text'] for v in live.violations])
    policies(path)


def policies(path):
    """A recording with R-20 (a warning), R-21 and R-33, judged in other ways."""
    off = ('--rule', 'map-over-stale=off', '--rule', 'R-33=info')
    r = Report('-r', path, *off)
    check(r.status == 0 and r.rules == {'R-20', 'R-33'}, r.status, r.rules)
    r = Report('-r', path, *off, *STRICT)
    check(r.status == 4 and r.rules == {'R-20', 'R-33'}, 'over a policy file', r.status, r.rules)
    r = Report('-r', path, '--policy', 'policies/observe.conf')
    check(r.status == 0 and {v['severity'] for v in r.violations} == {'warning'}, r.violations)
    for text, want in (('[rules]\nR-99 = off\n', ":2: unknown rule 'R-99'"),
                       ('[rules]\nR-20 = bad\n', ":2: R-20: unknown severity 'bad'")):
        bad = f'{OUT}/bad.conf'
        with open(bad, 'w') as f:
            f.write(text)
        r = tool('check', '--policy', bad, '-r', path)
        check(r.returncode in (1, 2) and bad + want in r.stderr, r.returncode, r.stderr)


def test_record_cut():
    """A file that was cut anywhere is good to its last whole chunk, and says that it was cut."""
    path, _ = record_random('--device', edus()[0], ops=scaled(1000, 100))
    data = open(path, 'rb').read()
    rnd = random.Random(SEED)
    whole = Report('-r', path).summary['events']
    kept = 0
    for n in range(scaled(40, 8)):
        at = rnd.randrange(1, len(data)) if n else len(data) - 1
        cut = f'{OUT}/cut.ioas'
        with open(cut, 'wb') as f:
            f.write(data[:at])
        r = tool('check', '-r', cut, '--json')
        lines = r.stdout.splitlines()
        if not lines:  # not even its header is there
            check(r.returncode == 1 and len(r.stderr.splitlines()) == 1, at, r.returncode, r.stderr)
            continue
        s = json.loads(lines[-1])
        check(r.returncode == 1 and s['result'] == 'uncertain', 'cut at', at, r.returncode, s)
        check(s['events'] <= whole, s)
        check(not [x for x in map(json.loads, lines[:-1]) if x['severity'] == 'error'], lines[0])
        check(Report('-r', cut, '--allow-uncertain').status == 0, 'allowed, and not 0')
        kept += 1
        recorded(cut)
    check(kept, 'no cut file could be read')
    return f'{kept} cuts'


def test_record_killed():
    """The recorder dies at once: what it had written can be read."""
    rec = Recording()
    c = Client('--device', edus()[0], '--ops', 400, scenario='random').ready()
    time.sleep(2.5)
    rec.p.kill()
    rec.p.communicate()
    r = Report('-r', rec.path)
    check(r.status == 1 and r.summary['result'] == 'uncertain', r.status, r.summary)
    check(r.summary['events'] > 100 and r.rules <= LINTS, r.summary)
    c.quit()


def test_record_rotates():
    path = f'{OUT}/rot.ioas'
    one = f'{CLIENT} --device {edus()[0]} --ops 60 random'
    r = tool('record', '-o', path, '--rotate-time', '1s', '--keep', '2', '--', 'sh', '-c',
             f'for i in 1 2 3 4; do {one} || exit; sleep 1.1; done')
    check(r.returncode == 0, r.returncode, r.stderr)
    files = sorted(f for f in os.listdir(OUT) if f.startswith('rot.ioas'))
    check('rot.ioas' in files and len(files) == 3 and 'rot.ioas.1' not in files, files)
    for f in files:  # each begins with the state, and stands for itself
        r = Report('-r', f'{OUT}/{f}', '--allow-uncertain')
        check(r.status == 0 and r.rules <= LINTS, f, r.status, r.rules)
    return ' '.join(files)
