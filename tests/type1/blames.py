# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a device could not reach an address, on any backend: a client brings each verdict about that
a correct kernel can give, and 'ioascope blame' must give just that. The kernel logs three faults in
five seconds, no more: these tests wait."""
import json
import random
import signal
import subprocess
import time

from faults import quiet
from guest import OUT, PAGE, SEED, TOOL, check, scaled, started, tool, wait_attached

FIRST, STEP = 0x3300000000, 0x100000
TOO_HIGH = 1 << 50  # no IOMMU of the lab reaches it
AT_ONCE = 3  # faults that the kernel logs in a window
SETTLED = 0.05  # seconds after which what has changed is older than the fault


class Blame:
    """A running 'ioascope blame --faults', of which little fits into the ring; finish() ends it and
    returns what it said."""

    def __init__(self):
        n = time.monotonic_ns()
        self.out, self.err = f'{OUT}/blame-{n}.json', f'{OUT}/blame-{n}.err'
        with open(self.out, 'w') as out, open(self.err, 'w') as err:
            self.p = subprocess.Popen([TOOL, 'blame', '--faults', '--json', '--stacks', '--ring', '65536'],
                                      stdout=out, stderr=err)
        started.append(self.p)
        wait_attached(self.p)

    def finish(self):
        time.sleep(0.5)
        self.p.send_signal(signal.SIGINT)
        status = self.p.wait()
        check(status == 0, 'blame exited with', status, open(self.err).read())
        lines = [json.loads(line) for line in open(self.out)]
        self.summary = lines.pop()
        check(self.summary['kind'] == 'blame-summary', self.summary)
        return [line for line in lines if 'iova' in line['fault']]


class Addresses:
    """Addresses that nothing else uses."""

    def __init__(self):
        self.at = FIRST

    def next(self):
        self.at += STEP
        return self.at


def ok(answer):
    check(answer.startswith('ok'), answer)


class Hand:
    """What a client does to its device's IOAS, and so what the verdict must be."""

    def __init__(self, c, mapping, unmapping):
        self.c, self.mapping, self.unmapping = c, mapping, unmapping
        self.free = Addresses()
        self.wanted = []  # verdict, address, way, what else must hold
        self.after_loss = 0
        self.room = 0  # so many faults the kernel will log

    def make_room(self):
        if not self.room:
            quiet()
            self.room = AT_ONCE

    def refused(self, way, at):
        self.make_room()
        self.room -= 1
        time.sleep(SETTLED)
        answer = self.c.ask(f'dma {way} {at:#x} 64')
        check(answer == 'fault', f'DMA {way} at {at:#x}:', answer)

    def expect(self, verdict, at, way, **more):
        self.refused(way, at)
        self.wanted.append((verdict, at, {'r': 'read', 'w': 'write'}[way], more))

    def use_after_unmap(self):
        at = self.free.next()
        ok(self.c.ask(self.mapping(at, 'rw')))
        ok(self.c.ask(self.unmapping(at)))
        self.expect('use-after-unmap', at + 0x1000, 'r', by=self.c.pid, iova=at)

    def never_mapped(self):
        self.expect('never-mapped', self.free.next(), 'r')

    def wrong_protection(self):
        at = self.free.next()
        ok(self.c.ask(self.mapping(at, 'r')))
        self.expect('wrong-protection', at, 'w', iova=at, prot='r')

    def reserved(self):
        self.expect('reserved', TOO_HIGH + self.free.next(), 'r')


def right(line, wanted, device, ioas):
    """One verdict, and what it is said to rest on."""
    verdict, at, access, more = wanted
    fault = line['fault']
    check((fault['iova'], fault['access'], fault['name']) == (at, access, device), fault, wanted)
    check(line['verdict'] == verdict and 'because' not in line, 'verdict', line, 'and not', verdict)
    check(line['ioas'] == more.get('ioas', ioas), 'IOAS', line, more)
    m = line['mapping']
    if 'iova' in more:
        check(m['iova'] == more['iova'] and m['last'] == more['iova'] + 0x3fff, 'mapping', line)
        check(m['mapped_by']['pid'] == more.get('mapper', more.get('by', m['mapped_by']['pid'])) and
              m['map_op'] in ('map', 'copy'), 'who mapped', line)
    else:
        check(m is None, 'no mapping', line)
    if 'prot' in more:
        check(m['prot'] == more['prot'] and m['unmapped_ns'] is None, line)
    if 'by' in more:
        check(m['unmapped_by']['pid'] == more['by'] and m['unmap_op'] == 'unmap' and
              m['unmap_returned'] == 0x4000, 'who unmapped', line)
        check(all(any('ioctl' in f for f in m[s]) for s in ('map_stack', 'unmap_stack')) and
              not any('bpf_' in f for f in m['unmap_stack']), 'stacks', m)
        check(m['mapped_ns'] < m['unmapped_ns'] < line['time_ns'], 'times', line)
    if 'left' in more:
        check(line['left']['ioas'] == more['left'] and line['left']['detached_ns'], line)


def in_a_row(steps, count):
    """So many faults: each kind once, then at random."""
    r = random.Random(SEED)
    for n in range(count):
        (steps[n] if n < len(steps) else r.choice(steps))()


def all_right(b, hand, device, ioas):
    """What was said of the faults until the loss, and of those after it."""
    found = b.finish()
    first, rest = found[:len(hand.wanted)], found[len(hand.wanted):]
    for line, wanted in zip(first, hand.wanted):
        right(line, wanted, device, ioas)
    check(len(first) == len(hand.wanted) and len(rest) == hand.after_loss, len(found), 'faults')
    for line in rest:
        check(line['verdict'] == 'unknown' and line['because'] == 'loss' and
              line['uncertain_since_ns'], line)
    check(rest[0]['suspected'] == 'still-mapped', 'what would have been said', rest[0])
    silent = b.summary['faults'] - len(found)
    check(b.summary['verdicts']['unknown'] == silent + len(rest), b.summary)
    return f"{len(found)} faults, {len({w[0] for w in hand.wanted})} verdicts"


def runs(steps):
    in_a_row(steps, scaled(100, len(steps)))


def frame_of(pid, va):
    with open(f'/proc/{pid}/pagemap', 'rb') as f:
        f.seek(va // PAGE * 8)
        return int.from_bytes(f.read(8), 'little') & ((1 << 55) - 1)


def asked_now(hand, device):
    """Without a recording: what is there, from the state of the instance that runs."""
    def ask(*args):
        r = tool('blame', '--json', '--from', 'events', *args)
        return r.returncode, [json.loads(line) for line in r.stdout.splitlines()]

    at = hand.free.next()
    ok(hand.c.ask(hand.mapping(at, 'rw')))
    status, (said,) = ask('--device', device, hex(at + 0x1000))
    check(status == 0 and said['verdict'] == 'mapped' and said['mapping']['iova'] == at, said)
    status, said = ask(hex(hand.free.next()))
    check(status == 1 and not said, 'nothing maps it', said)
    va = ask(hex(at))[1][0]['mapping']['va'] + 0x2000
    frame = frame_of(hand.c.pid, va)
    status, found = ask('--pfn', hex(frame))
    check(frame and status == 0 and (at + 0x2000, va, frame) in
          [(f['iova'], f['va'], f['pfn']) for f in found], hex(frame), found)


def lose(b, hand):
    """Where an event was dropped nothing is certain, and no verdict is given, before the hole in
    the order numbers shows as well as after."""
    at = hand.free.next()
    ok(hand.c.ask(hand.mapping(at, 'rw')))
    hand.make_room()
    b.p.send_signal(signal.SIGSTOP)
    for _ in range(130):
        ok(hand.c.ask(hand.mapping(hand.free.next(), 'rw')))
    ok(hand.c.ask(hand.unmapping(at)))
    b.p.send_signal(signal.SIGCONT)
    hand.refused('r', at)
    time.sleep(1)
    hand.refused('r', hand.free.next())
    hand.after_loss = 2
