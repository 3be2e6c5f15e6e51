# SPDX-License-Identifier: GPL-2.0-or-later
"""Accesses: mediated devices that pin, read and write through an iommufd. What they hold, when
they are told to let go, and what is found if they do not keep to the rules. The tests are run by
run.py."""
import json
import subprocess
import time

import guest
from client import (CLIENT, Client, Report, Trace, clean_clients, consistent, context,
                      devices, same_areas, same_as_log)
from guest import OUT, PAGE, SEED, check, ioases, no_loss, scaled, show, tool
from model import replay

AREA = 1 << 20
AT = 0x100000000  # where the scenario "hold" maps, in an IOAS without device


def mediated(n, first=0):
    """Arguments for a client with n mediated devices, too."""
    devices()
    return guest.emulated(n, '--mediated', first)


def same_pins(state, client):
    """Who holds how much of which IOAS, and what of its memory is pinned, as the log has it."""
    m = replay(client.log)
    found = sorted(ioases(state, client.pid), key=lambda i: i['ioas'])
    pages = {p['pages_object']: p for p in context(state, client.pid)['pages_objects']}
    pinned = m.pinned()
    pins = 0
    for x, y in zip(m.ioases.values(), found):
        mine = sorted(a.pages() for a in x.accesses(m))
        check(mine == sorted(a['client_pins'] for a in y['accesses']), 'pins', mine, y['accesses'])
        check(all(a['exact'] and a['page_size'] == PAGE for a in y['accesses']), y['accesses'])
        check(y['client_pins'] == sum(mine), 'pins of all', mine, y['client_pins'])
        pins += sum(mine)
        for a in y['areas']:
            want = len(pinned[x.areas[a['iova']].memory])
            check(pages[a['pages_object']]['pinned_pages'] == want, 'pinned', a, want)
    return pins


def test_access_tour():
    """Nothing is left of it: no context, no charge, no page that is pinned."""
    t = Trace()
    c = subprocess.run([CLIENT, *devices(), *mediated(2), '--account', 'user', 'tour'],
                       capture_output=True, text=True)
    check(c.returncode == 0, 'tour:', c.stderr[-600:])
    s, state = t.finish()
    no_loss(s)
    check(not state['contexts'], 'something is left', state)
    left = {}
    for e in t.events:
        if e['kind'] == 'charge':
            left['charge'] = left.get('charge', 0) + e['pages']
        elif e['kind'] == 'pages-pinned':
            left[e['pages_object']] = left.get(e['pages_object'], 0) + e['pages']
        elif e['kind'] in ('access-pin', 'access-unpin'):
            way = e['pages'] if e['kind'] == 'access-pin' else -e['pages']
            left['pins'] = left.get('pins', 0) + way
            check(e['access'], 'nobody holds it', e)
    check(len(left) > 2 and not any(left.values()), 'never went:', left)
    return f"{s['seen']} events, {c.stderr.splitlines()[-1]}"


def test_random_access():
    t = Trace()
    args = ('--seed', SEED, '--ops', scaled(4000, 400))
    cs = [Client('--account', a, *args, *mediated(2, 2 * n), scenario='random', pair=n).ready()
          for n, a in enumerate(('user', 'mm'))]
    live = show('events')
    s, mirror = t.finish()
    n = pins = 0
    for c in cs:
        same_as_log(live, c, 'show')
        n += same_as_log(mirror, c, '--state')
        pins += same_pins(mirror, c)
        consistent(mirror, c.pid)
        c.quit()
    no_loss(s)
    return f"{s['seen']} events, {n} areas and {pins} pins left"


def test_race_access():
    """At rest the devices hold what the mirror says, and let go of all of it."""
    t = Trace()
    c = Client('--account', 'user', '--seed', SEED, '--ops', scaled(4000, 400), '--threads', 4,
               *mediated(2), scenario='race').ready()
    live = show('events')
    s, state = t.finish()
    no_loss(s)
    same_areas(live, state, c.pid, 'show and --state:')
    consistent(state, c.pid)
    held = [a['client_pins'] for i in ioases(state, c.pid) for a in i['accesses']]
    names = ('ioas_test0', 'ioas_test1')
    books = [int(c.ask(f'stats {n}').split()[1]) for n in names]
    check(sorted(h for h in held if h) == sorted(b for b in books if b), 'held', held, books)
    for n in replay(c.log, raced=True).ioases:
        check(c.ask(f'unmap {n} 0 {(1 << 64) - 1}').startswith('ok'), 'unmap')
    books = [int(c.ask(f'stats {n}').split()[1]) for n in names]
    check(not any(books), 'still held', books)
    c.quit()
    return f"{s['seen']} events, {held} pins left"


def test_check_access():
    args = ('--account', 'user', *mediated(2))
    random = [(*args, '--seed', SEED + n, '--ops', scaled(4000, 400), 'random')
              for n in range(scaled(8, 2))]
    return clean_clients(('--account', 'mm', *mediated(2), 'tour'), *random,
                         (*args, '--seed', SEED, '--ops', scaled(4000, 400), 'race'))


class Recording:
    """A running 'record', and a client that holds an area for which two mediated devices are."""

    def __init__(self):
        args = ('--account', 'user', '--max-size', AREA, *mediated(2))
        self.path = f'{OUT}/access-{time.monotonic_ns()}.ioas'
        self.rec = subprocess.Popen([guest.TOOL, 'record', '-o', self.path],
                                    stderr=subprocess.PIPE, text=True)
        guest.started.append(self.rec)
        end = time.monotonic() + 300
        while tool('show', '--from', 'events').returncode:
            check(time.monotonic() < end and self.rec.poll() is None, 'record does not attach')
            time.sleep(0.05)
        self.client = Client(*args).ready()
        self.ioas = next(iter(replay(self.client.log).ioases))
        for n in range(2):
            self.ask(f'attach ioas_test{n} {self.ioas}')

    def ask(self, line, want='ok'):
        answer = self.client.ask(line)
        check(answer == want, line, 'gave', answer)

    def stop(self):
        self.rec.terminate()
        err = self.rec.communicate()[1]
        check(self.rec.returncode in (0, 143), self.rec.returncode, err)

    def found(self, *rules):
        """The violations: as many as named, of these rules, and nothing else."""
        r = Report('-r', self.path)
        found = [v for v in r.violations if v['rule'] not in ('R-20', 'R-26', 'R-54')]
        check([v['rule'] for v in found] == list(rules), 'found', [v['text'] for v in found],
              'expected', rules)
        check(r.status == (4 if rules else 0), 'status', r.status)
        return [v['text'] for v in found]


def test_access_leak():
    """A device that forgets its pins and leaves: they stay, and are charged for."""
    r = Recording()
    at = 2 * AT  # where no other device has the memory
    r.ask(f'map {r.ioas} {at} {AREA} rw 0', f'ok {at}')
    r.ask(f'pin ioas_test0 {at} 3 rw')
    r.ask('forget ioas_test0')
    r.ask('detach ioas_test0')
    r.stop()
    # The kernel lets another device clean up, and would warn if none did.
    r.ask(f'unpin-raw ioas_test1 {at} 3')
    r.client.quit()
    text, = r.found('R-34')
    check('3 pins on 3 pages are left' in text, text)
    state = json.loads(tool('show', '-r', r.path, '--json').stdout)
    area = next(a for i in ioases(state, r.client.pid) for a in i['areas'] if a['iova'] == at)
    pages = next(p for p in context(state, r.client.pid)['pages_objects']
                 if p['pages_object'] == area['pages_object'])
    check(pages['pinned_pages'] == pages['charged_pages'] == 3, pages)
    check(pages['counter'] == 'user-locked', pages)


def test_access_double_unpin():
    """Two devices pin the same, and one lets go twice: the kernel takes it for the other's."""
    r = Recording()
    for n in range(2):
        r.ask(f'pin ioas_test{n} {AT} 2 r')
    for _ in range(2):
        r.ask(f'unpin-raw ioas_test0 {AT} 2')
    r.stop()
    r.ask('forget ioas_test1')
    r.client.quit()
    text, = r.found('R-33')
    check('no pin of access' in text, text)


def test_access_notify():
    """Rounds of asking a device to let go, until it does; and one that has a thread do it."""
    r = Recording()
    r.ask(f'pin ioas_test0 {AT} 3 rw')
    r.ask('ignore ioas_test0 3 0')
    r.ask(f'unmap {r.ioas} {AT} {AREA}', f'ok {AREA}')
    r.ask('stats ioas_test0', 'ok 0 4 3 3')
    r.ask(f'map {r.ioas} {AT} {AREA} rw 0', f'ok {AT}')
    r.ask(f'pin ioas_test0 {AT} 2 rw')
    r.ask(f'pin ioas_test1 {AT} 2 rw')
    r.ask('ignore ioas_test0 0 1')
    r.ask(f'unmap {r.ioas} {AT} {AREA}', f'ok {AREA}')
    r.stop()
    texts = r.found('R-36', 'R-36', 'R-36')
    check(all('keep 3 pages' in t for t in texts), texts)
    events = [json.loads(line) for line in
              tool('trace', '-r', r.path, '--json', '--changes').stdout.splitlines()]
    told = [e for e in events if e['kind'] == 'op' and e['op'] == 'notify']
    check([e['rounds'] for e in told] == [1, 2, 3, 4, 1], told)
    check(all((e['iova'], e['size']) == (AT, AREA) for e in told), told)
    unpins = [e for e in events if e['kind'] == 'access-unpin']
    check([e['pid'] == r.client.pid for e in unpins] == [True, False, True], unpins)
    r.client.quit()


def test_access_older():
    """A device that was there, and held pages, before the trace: one context, and no ghost."""
    c = Client(*mediated(1)).ready()
    ioas = next(iter(replay(c.log).ioases))
    for line in (f'attach ioas_test0 {ioas}', f'pin ioas_test0 {AT} 3 rw'):
        check(c.ask(line) == 'ok', line)
    t = Trace()
    for line in (f'pin ioas_test0 {AT} 2 rw', f'unpin ioas_test0 {AT} 3',
                 f'unpin ioas_test0 {AT} 2', 'detach ioas_test0'):
        check(c.ask(line) == 'ok', line)
    c.quit()
    s, state = t.finish()
    check(s['dropped'] == 0 and s['contradictions'] == 0, s)
    check(not state['contexts'], 'a ghost is left', state)
    seen = {e['context'] for e in t.events}
    check(len(seen) == 1, 'contexts', seen)
