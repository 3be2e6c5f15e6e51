#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Usage: run.py [TEST]...
Inside the lab: limits on pinned memory are applied, reached, changed and taken away. Env: GATE and
BACKEND, the folders of these modules; IOASCOPE_SCALE, IOASCOPE_SEED."""
import functools
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, 'tests/type1')
import guest  # noqa: E402
from guest import PAGE, SEED, TOOL, check, scaled, sh, tool  # noqa: E402

UID, OTHER = 4321, 4322
MIB = 1 << 20
LIMIT = 64 * MIB // PAGE
ERRNO = {'EDQUOT': 122}
GATE = os.path.join(os.environ['GATE'], 'ioas_gate.ko')
ALLOW = '/sys/module/ioas_gate/parameters/allow'
SCOPE = {'type1': 'type1', 'iommufd': 'iommufd', 'uring': 'other', 'bundled': 'bundled'}


def write(path, text):
    with open(path, 'w') as f:
        f.write(text)
    return path


def conf(name, limit='64M', action='deny', more='', mode='enforce'):
    return write(f'/tmp/{name}.conf', f'[policy]\nmode = {mode}\n[user *]\npinned = {limit}\n'
                 f'action = {action}\n[user root]\nexempt = yes\n{more}')


def apply(path, *args, status=0):
    r = tool('policy', 'apply', path, '--json', *args)
    check(r.returncode == status, 'apply gave', r.returncode, r.stderr)
    return {b['backend']: b for b in json.loads(r.stdout)['backends']} if not status else r.stderr


def status():
    """None: no policy is applied."""
    r = tool('policy', 'status', '--json')
    if 'no policy is applied' in r.stderr:
        check(r.returncode == 1, r.returncode)
        return None
    check(r.returncode == 0, 'status gave', r.returncode, r.stderr)
    d = json.loads(r.stdout)
    check(d['not_judged'] == d['no_room'] == 0, d)
    return d


def remove():
    r = tool('policy', 'remove')
    check(r.returncode == 0, r.stderr)
    check(status() is None and not os.path.exists('/sys/fs/bpf/ioascope/policy'), 'is there still')


def subject(uid=UID, kind='user'):
    found = [s for s in status()['subjects'] if s['subject'] == kind and s['id'] == uid]
    check(len(found) <= 1, found)
    return found[0] if found else None


def used(uid=UID, kind='user'):
    """Pages, of all who pin."""
    s = subject(uid, kind)
    n = sum(s['used_bytes'].values()) if s else 0
    check(n % PAGE == 0, n)
    return n // PAGE


def wait_used(pages, uid=UID):
    """io_uring lets go in a worker."""
    for _ in range(100):
        if used(uid) == pages:
            return
        time.sleep(0.1)
    check(False, 'used', used(uid), 'not', pages)


def open_devices():
    sh('chmod 666 /dev/iommu; find /dev/vfio -type c -exec chmod 666 {} +')


@functools.cache
def ready():
    """The ways to pin of this kernel, and what a client of each is told."""
    ways = {'uring': []}
    groups = sh('tests/lab/guest/bind-edu').stdout.split()
    guest.edus()
    if sh('modprobe iommufd').returncode == 0:
        found = sorted(os.listdir('/dev/vfio/devices'))
        ways['iommufd'] = ['/dev/vfio/devices/' + d for d in found]
        open_devices()
    if os.path.exists('/dev/vfio/vfio'):
        ways['type1'] = groups[1::2]
        open_devices()
    if 'BACKEND' in os.environ:
        r = sh(f"insmod {os.environ['BACKEND']}/ioas_backend.ko && chmod 666 /dev/ioas_backend")
        check(r.returncode == 0, r.stderr)
        ways['bundled'] = []
    return ways


class Pinner(guest.Client):
    """Another user's program, which pins on demand."""

    def __init__(self, way, uid=UID, cap=False, device=0):
        devices = ready()[way]
        self.log = None
        caps = ['--inh-caps', '+ipc_lock', '--ambient-caps', '+ipc_lock'] if cap else []
        who = ['setpriv', '--reuid', str(uid), '--regid', str(uid), '--clear-groups', *caps]
        if uid == 0:
            who = []
        # The kernel's own limit is out of the way.
        cmd = ['prlimit', '--memlock=unlimited', *who, 'build/tests/pinner', way,
               *devices[device:device + 1]]
        self.p = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        guest.started.append(self.p)
        self.pid = self.p.pid
        self.ready()

    def map(self, slot, pages, want='ok'):
        got = self.ask(f'map {slot} {pages}')
        check(got == want, 'map of', pages, 'gave', got, 'not', want)

    def unmap(self, slot):
        got = self.ask(f'unmap {slot}')
        check(got == 'ok', got)


def programs():
    """Programs of enforcement that the kernel has."""
    return re.findall(r'name (p[gws]_\w+)', sh('bpftool prog list').stdout)


def wait_gone():
    """The kernel frees programs a moment after their links."""
    for _ in range(100):
        if not programs():
            return
        time.sleep(0.1)
    check(False, 'are there still:', programs())


def load_gate():
    if not os.path.exists(ALLOW):
        r = sh(f'insmod {GATE}')
        check(r.returncode == 0, r.stderr)


def test_gate_refuses():
    """What is no list of functions changes nothing, when it is loaded and later."""
    for bad in ('vmlinux', 'vmlinux:0', 'vmlinux,0', 'vmlinux,x', 'no_such_module,5', ',5'):
        r = sh(f"insmod {GATE} allow='{bad}'")
        check(r.returncode != 0 and not os.path.exists(ALLOW), bad, 'was taken')
    check('No such file' in apply(conf('a'), '--gate', '/no/such.ko', status=1), 'no module')
    b = apply(conf('a'), '--gate', GATE)
    check(b['other']['strength'] == 'gate', b)
    remove()
    allowed = open(ALLOW).read()
    check(re.fullmatch(r'(\w+( \d+)+\n)+', allowed) and 'vmlinux ' in allowed, allowed)
    many = ' '.join(str(n) for n in range(100, 133))
    # 1 is a number's type, no function.
    for bad in ('', ' ', ';', 'vmlinux', 'vmlinux ', 'vmlinux 0', 'vmlinux -1', 'vmlinux x 5',
                'vmlinux 1', 'vmlinux 4294967295', 'vmlinux 4294967296', 'vmlinux 1048576',
                'vmlinux 5 5', f'vmlinux {many}', 'no_such_module 5', 'ioas_gate 5',
                'a' * 60 + ' 5', 'vmlinux ' + '5' * 2000):
        try:
            write(ALLOW, bad)
        except OSError:
            continue
        check(bad == '', repr(bad), 'was taken')
    check(open(ALLOW).read() == allowed, open(ALLOW).read())
    check(sh('rmmod ioas_gate').returncode != 0, 'it can be unloaded')


def test_nothing_armed():
    """A policy that cannot be read, or says nothing, never holds."""
    check(status() is None, 'a policy is applied')
    for text in ('', '[policy]\nmode = enforce\n', '[policy]\nmode = enforce\n[user *]\n',
                 '[policy]\nmode = enforce\n[user *]\npinned = 64\naction = deny\n',
                 '[policy]\nmode = enforce\n[user *]\npinned = 64M\naction = den\n',
                 '[policy]\nmode = enforce\n[cgroup /no/such]\npinned = 64M\naction = deny\n',
                 '[policy]\nmode = enforce\n[cgroup /1/2/3/4/5/6/7/8]\npinned = 1M\n'):
        apply(write('/tmp/bad.conf', text), status=1)
        check(status() is None and not programs(), 'armed by', text)
    for bad in (['apply'], ['apply', 'x', '--strength', 'moon'], ['status', 'x'],
                ['status', '--gate', 'x'], ['remove', '--follow']):
        check(tool('policy', *bad).returncode == 2, bad)
    check(tool('policy', 'remove').returncode == 0, 'remove')
    r = sh(f'setpriv --reuid {UID} --clear-groups {TOOL} policy apply {conf("a")}')
    check(r.returncode == 1 and 'root' in r.stderr, r.stderr)


def test_without_gate():
    """Without the module maps are refused by what they ask for, and the status says why no better."""
    check(not os.path.exists(ALLOW), 'the module is loaded')
    b = apply(conf('a'))
    for way in ready():
        want = 'kill' if way == 'uring' else 'ioctl'
        check(b[SCOPE[way]]['strength'] == want, way, b)
        check('ioas_gate is not loaded' in b[SCOPE[way]]['why_not_stronger'], b)
    for way in ready():
        p = Pinner(way, cap=True)
        p.map(0, LIMIT)
        check(used() == LIMIT, used())
        p.map(1, 1, 'ok' if way == 'uring' else 'error EDQUOT')
        check(subject()['limits'][0]['used_bytes'] >= LIMIT * PAGE, 'pins are not counted')
        check(p.ask('peek') == 'ok', 'peek')
        p.unmap(0)
        p.quit()
        wait_used(0)
    r = tool('policy', 'apply', conf('a'))
    check('other: limits are told, not kept' in r.stderr, r.stderr)


def limits_of(way, cap):
    """At the limit, one over it, and what the refused one leaves behind: nothing."""
    p = Pinner(way, cap=cap)
    p.map(0, LIMIT - 1)
    p.map(1, 1)
    check(used() == LIMIT, 'used', used())
    before = sh(f"grep -E '^Vm(Lck|Pin)' /proc/{p.pid}/status").stdout
    denied = subject()['denied']
    p.map(2, 1, 'error EDQUOT')
    p.map(2, 4000, 'error EDQUOT')
    check(sh(f"grep -E '^Vm(Lck|Pin)' /proc/{p.pid}/status").stdout == before, before)
    s = subject()
    check(used() == LIMIT and s['denied'] == denied + 2, s)
    check(s['limits'][0]['used_bytes'] == s['limits'][0]['max_bytes'] == LIMIT * PAGE, s)
    check(p.ask('peek') == 'ok', 'ordinary pins are refused')
    # What others do has nothing to do with it.
    q = Pinner(way, uid=OTHER, device=1)
    q.map(0, 5000)
    check(used(OTHER) == 5000 and used() == LIMIT, used(OTHER), used())
    r = Pinner(way, uid=0, device=2)
    r.map(0, LIMIT + 100)
    p.unmap(1)
    wait_used(LIMIT - 1)
    p.map(2, 2, 'error EDQUOT')
    p.map(2, 1)
    q.quit()
    r.quit()
    p.kill()
    wait_used(0)
    wait_used(0, OTHER)


def test_stronger():
    """What an apply finds to be stronger takes the place of what was there, and the books stay."""
    load_gate()
    apply(conf('a'), '--strength', 'audit')
    p = Pinner('uring')
    p.map(0, LIMIT + 1)
    b = apply(conf('a'))
    check(all(b[SCOPE[w]]['strength'] == 'gate' for w in ready()), b)
    check(used() == LIMIT + 1, used())
    p.map(1, 1, 'error EDQUOT')
    p.unmap(0)
    p.map(1, LIMIT)
    p.map(2, 1, 'error EDQUOT')
    check(not [x for x in programs() if x.startswith('pw_')], programs())
    p.quit()
    wait_used(0)


def test_limit():
    load_gate()
    b = apply(conf('a'))
    notes = []
    for way in ready():
        check(b[SCOPE[way]] == {'backend': SCOPE[way], 'strength': 'gate',
                                'why_not_stronger': None}, b)
        for cap in (False, True):
            limits_of(way, cap)
        notes.append(way)
    text = tool('policy', 'status').stdout
    check(re.search(rf'^user {UID} +all +0 +64M deny EDQUOT +64M +\d+ +\d+$', text, re.M), text)
    check(re.search(r'^user root +all +\S+ exempt -', text, re.M), text)
    remove()
    return ', '.join(notes)


def test_mediated():
    """A mediated driver of type1 pins single pages: for who made the mapping, and to his limit."""
    if 'type1' not in ready() or 'TESTDEV' not in os.environ:
        return 'not here'
    load_gate()
    devices = guest.emulated(1)
    open_devices()
    apply(conf('a', limit='1M'))
    base = 1 << 32
    c = guest.Client(*devices, '--max-size', '2M', prefix=(
        'prlimit', '--memlock=unlimited', 'setpriv', '--reuid', str(UID), '--clear-groups'),
        log='/dev/null').ready()
    check(used() == 0, 'a map without hardware pins', used())
    check(c.ask(f'pin {base:#x} 255 rw') == 'ok', 'pin')
    check(c.ask(f'pin {base + MIB:#x} 1 rw') == 'ok', 'pin')
    check(used() == 256, used())
    got = c.ask(f'pin {base + MIB + PAGE:#x} 1 rw')
    check(got == f"error -{ERRNO['EDQUOT']}", got)
    check(used() == 256, used())
    check(c.ask(f'unpin {base + MIB:#x} 1') == 'ok', 'unpin')
    check(used() == 255, used())
    check(c.ask(f'pin {base + MIB + PAGE:#x} 1 rw') == 'ok', 'pin')
    c.quit()
    wait_used(0)
    remove()


def test_copy():
    """iommufd: a map without a device pins nothing and passes; the copy that pins it is refused."""
    if 'iommufd' not in ready():
        return 'not here'
    load_gate()
    apply(conf('a', limit='1M'))
    r = sh(f"prlimit --memlock=unlimited setpriv --reuid {UID} --clear-groups "
           f"build/tests/iommufd-client --log /dev/null --device {guest.edus()[0]} "
           '--max-size 2M hold')
    check(r.returncode == 1 and 'hold: Disk quota exceeded' in r.stderr, r.stderr)
    s = subject()
    check(used() == 0 and s['denied'] == 1 and s['peak_bytes'] == 0, s)
    remove()


def test_together():
    """The ways to pin of one user count together, or by themselves where the policy says so."""
    ways = [w for w in ready() if w != 'uring']
    apply(conf('a', limit='8M\nbackends = other'))
    p, q = Pinner('uring'), Pinner(ways[0])
    p.map(0, 2048)
    p.map(1, 1, 'error EDQUOT')
    q.map(0, 4096)
    apply(conf('b', limit='24M'))
    p.map(1, 1, 'error EDQUOT')
    q.map(1, 1, 'error EDQUOT')
    p.unmap(0)
    q.map(1, 2048)
    q.map(2, 1, 'error EDQUOT')
    p.quit()
    q.quit()
    wait_used(0)
    remove()


def test_cgroup():
    """All of a cgroup together, of whichever users; and those below it."""
    root = '/sys/fs/cgroup'
    if not os.path.exists(f'{root}/cgroup.procs'):
        sh(f'mount -t cgroup2 none {root}')
    for d in ('t', 't/a', 't/b'):
        os.makedirs(f'{root}/{d}', exist_ok=True)
    more = '[cgroup /t]\npinned = 8M\naction = deny\nerrno = ENOMEM\n'
    apply(conf('a', more=more))
    id = os.stat(f'{root}/t').st_ino
    p, q = Pinner('uring'), Pinner('uring', uid=OTHER)
    write(f'{root}/t/a/cgroup.procs', str(p.pid))
    write(f'{root}/t/b/cgroup.procs', str(q.pid))
    p.map(0, 1024)
    q.map(0, 1024)
    p.map(1, 1, 'error ENOMEM')
    q.map(1, 1, 'error ENOMEM')
    check(used(id, 'cgroup') == 2048 and subject(id, 'cgroup')['name'] == '/t', used(id, 'cgroup'))
    p.unmap(0)
    q.map(1, 1024)
    check(used() == 0 and used(OTHER) == 2048, used(), used(OTHER))
    p.quit()
    q.quit()
    wait_used(0, OTHER)
    remove()


def test_swap():
    """Another policy holds from one moment on; what is above its limit stays, and may shrink."""
    apply(conf('a'))
    p = Pinner('uring')
    p.map(0, 4000)
    p.map(1, 4000)
    apply(conf('b', limit='16M'))
    check(used() == 8000, used())
    p.map(2, 1, 'error EDQUOT')
    p.unmap(0)
    wait_used(4000)
    p.map(2, 96)
    p.map(3, 1, 'error EDQUOT')
    for text in ('', '[policy]\nmode = enforce\n[user *]\npinned = 1\naction = deny\n'):
        apply(write('/tmp/bad.conf', text), status=1)
    check(subject()['limits'][0]['max_bytes'] == 16 * MIB, 'an unreadable policy holds')
    p.quit()
    wait_used(0)
    remove()


def whole(names):
    """What holds is one of these, with all of its rules."""
    s = status()
    if s is None:
        return None
    name = s['file']
    check(name in names, s)
    by = {x['id']: x for x in s['subjects'] if x['subject'] == 'user'}
    for uid in range(5000, 5040):
        check(by[uid]['limits'][0]['max_bytes'] == names[name], name, uid, by[uid])
    return name


def test_killed():
    """Whenever an apply is killed, one policy holds, and all of it; or none, if it was the first."""
    names = {}
    for n, limit in (('a', 8), ('b', 24)):
        more = ''.join(f'[user {u}]\npinned = {limit}M\naction = deny\n' for u in range(5000, 5040))
        names[conf(n, more=more)] = limit * MIB
    rng = random.Random(SEED)
    seen = []
    began = time.monotonic()
    apply(next(iter(names)))
    long = time.monotonic() - began
    for i in range(scaled(20, 2)):
        if i % 2:
            remove()
        p = subprocess.Popen([TOOL, 'policy', 'apply', list(names)[i // 2 % 2]],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, long))
        p.send_signal(signal.SIGKILL)
        p.wait()
        seen.append(whole(names))
        if not i % 2 and seen[-1] is None:
            check(False, 'the old policy is gone')
        apply(list(names)[i // 2 % 2])
        check(whole(names) == list(names)[i // 2 % 2], 'the next apply')
    p = Pinner('uring', uid=5001)
    p.map(0, 24 * MIB // PAGE + 1, 'error EDQUOT')
    p.quit()
    remove()
    return f'{seen.count(None)} of {len(seen)} before anything held'


class Count:
    """The other count, of pins and unpins, for programs named pinner."""

    def __init__(self):
        self.p = subprocess.Popen(['build/tests/pin-count', 'build/tests/count.bpf.o'], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        guest.started.append(self.p)
        check(self.p.stdout.readline() == 'READY\n', 'pin-count does not start')

    def ask(self):
        """Pages now, at most, and in all; runs that the kernel skipped."""
        self.p.stdin.write('?\n')
        self.p.stdin.flush()
        return tuple(map(int, self.p.stdout.readline().split()))

    def end(self):
        self.p.communicate()
        check(self.p.returncode == 0, self.p.returncode)


def test_race():
    """Threads at the limit: what is pinned is never one page more, by another count than ours."""
    load_gate()
    apply(conf('a', limit='4M'))
    limit, notes = 4 * MIB // PAGE, []
    for way in ready():
        count, p = Count(), Pinner(way)
        got = p.ask(f'race 16 {limit // 4} {scaled(400, 20)} {ERRNO["EDQUOT"]}').split()
        check(got[0] == 'ok', got)
        most = count.ask()[1]
        p.quit()
        wait_used(0)
        now, _, _, skipped = count.ask()
        # Where the kernel preempts, neither they nor we see each call.
        if guest.preempts():
            most = f'{most} ({skipped} calls not counted)'
        else:
            check(limit // 2 < most <= limit, way, 'pinned at most', most, 'of', limit)
            check(now == skipped == 0, way, 'still pinned', now, 'not counted', skipped)
        check(int(got[1]) and int(got[2]), way, got)
        count.end()
        notes.append(f'{way} at most {most} of {limit}, {got[1]} maps, {got[2]} refused')
    remove()
    return '; '.join(notes)


def test_audit_and_kill():
    """What only tells refuses nothing; a kill ends who went over. Never weaker than it was."""
    def pins(*slots):
        p = Pinner('uring')
        for slot, pages in enumerate(slots):
            p.p.stdin.write(f'map {slot} {pages}\n')
        p.p.stdin.flush()
        return p

    def over(file, strength):
        b = apply(file, '--strength', strength)
        check(b['other']['strength'] == strength, b)
        before = subject() or {'reached': 0, 'denied': 0, 'killed': 0}
        p = pins(256, 1)
        try:
            p.p.stdin.close()
        except BrokenPipeError:
            pass
        code = p.p.wait(60)
        wait_used(0)
        s = subject()
        return code, *(s[k] - before[k] for k in ('reached', 'denied', 'killed'))

    audit, kill = conf('a', limit='1M', mode='audit'), conf('k', limit='1M', action='kill')
    dead = -signal.SIGKILL
    check(over(audit, 'audit') == (0, 1, 0, 0), 'audit')
    check(subject()['limits'][0]['action'] == 'audit', subject())
    r = sh('timeout -s INT 2 build/ioascope policy status --json --follow')
    e = json.loads(r.stdout.splitlines()[-1])
    check(e['kind'] == 'policy-event' and e['asked_bytes'] == PAGE and e['used_bytes'] == MIB
          and e['uid'] == UID and e['action'] == 'audit' and e['errno'] is None, e)
    check(over(kill, 'audit') == (0, 1, 0, 0), 'a kill, but no more than audit')
    check(over(kill, 'kill') == (dead, 1, 0, 1), 'kill')
    b = apply(kill, '--strength', 'audit')
    check(b['other']['strength'] == 'kill', 'weaker', b)
    check(over(kill, 'gate') == (dead, 1, 1, 1), 'kill, and refused')
    check(over(audit, 'gate') == (0, 1, 0, 0), 'audit by the gate')
    remove()


def test_events():
    """Denials are told, not each of them, and what was left out is counted."""
    apply(conf('a', limit='1M'))
    p = Pinner('uring')
    for _ in range(50):
        p.map(0, 257, 'error EDQUOT')
    time.sleep(0.2)
    p.map(0, 257, 'error EDQUOT')
    r = sh('timeout -s INT 2 build/ioascope policy status --json --follow')
    events = [json.loads(line) for line in r.stdout.splitlines() if '"policy-event"' in line]
    check(0 < len(events) <= 51 and sum(1 + e['untold'] for e in events) == 51, len(events),
          [e['untold'] for e in events])
    check(all(e['errno'] == 'EDQUOT' and e['max_bytes'] == MIB for e in events), events[0])
    p.quit()
    remove()
    return f'{len(events)} of 51'


def test_module_comes_again():
    """A module that went and came needs its permission anew, and gets it; while a policy holds it stays."""
    way = 'bundled' if 'bundled' in ready() else 'type1'
    if way == 'bundled':
        module, load = 'ioas_backend', f"insmod {os.environ['BACKEND']}/ioas_backend.ko"
    else:
        module, load = 'iommufd', 'modprobe iommufd'
    apply(conf('a'))
    check(sh(f'rmmod {module}').returncode != 0, 'went with programs attached')
    remove()
    if way != 'bundled':
        return 'without the bundled backend'
    wait_gone()
    r = sh(f'rmmod {module}')
    check(r.returncode == 0, 'does not go:', r.stderr)
    check(module not in open(ALLOW).read(), open(ALLOW).read())
    check(apply(conf('a'))['bundled']['strength'] == 'none', 'without the module')
    check(sh(load).returncode == 0, 'does not come')
    sh('chmod 666 /dev/ioas_backend')
    check(apply(conf('a'))['bundled']['strength'] == 'gate', 'after it came')
    check(module in open(ALLOW).read(), open(ALLOW).read())
    p = Pinner(way)
    p.map(0, LIMIT + 1, 'error EDQUOT')
    p.quit()
    remove()
    wait_gone()


def alone(test):
    """All who pin are there, and nothing is applied, whatever became of the test before."""
    @functools.wraps(test)
    def run():
        ready()
        tool('policy', 'remove')
        return test()
    return run


if __name__ == '__main__':
    guest.run([alone(t) for t in (
        test_nothing_armed, test_without_gate, test_gate_refuses, test_stronger, test_limit,
        test_mediated, test_copy, test_together, test_cgroup, test_swap, test_killed, test_race, test_audit_and_kill,
        test_events, test_module_comes_again)])
