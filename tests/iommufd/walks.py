# SPDX-License-Identifier: GPL-2.0-or-later
"""The walk of the kernel's own lists: with and without a trace, in parts, while they change. The
tests are run by run.py."""
import json
import os
import select

import walk
from client import Client, Trace, context, devices, same_as_log
from guest import SEED, check, ioases, no_loss, scaled, show, tool
from model import replay


def test_walk_without_module():
    """Before the module is there the walk finds nothing, and says nothing of it."""
    if os.path.exists('/sys/module/iommufd'):
        return 'the module is there already'
    r = tool('show', '--from', 'kernel')
    check((r.returncode, r.stdout, r.stderr) == (0, 'no context is open\n', ''), r)


def test_walk_many_areas():
    """More areas than one call of the walk hands out."""
    t = Trace('--ring', '64M')
    c = Client('--max-size', '4M').ready()
    cache, used = list(replay(c.log).ioases)
    for n in range(scaled(5000, 1300)):
        answer = c.ask(f'copy {(used, cache)[n % 8 == 0]} {0x200000000 + n * 0x3000:#x} {cache} '
                       f'{0x100000000 + n % 512 * 0x1000:#x} {0x1000 * (1 + n % 2):#x} rw')
        check(answer.startswith('ok'), answer)
    live, kernel = show('events'), show('kernel')
    s, state = t.finish()
    no_loss(s)
    same_as_log(kernel, c, 'walk')
    for have in (live, state):
        n = walk.agree(have, kernel, c.pid, [cache, used], 'many areas:')
    most = max(len(i['areas']) for i in ioases(kernel, c.pid))
    check(most > 1000, 'not enough areas', most)
    c.quit()
    return f'{n} areas, {most} in one IOAS'


def test_walk_older():
    """Without a trace, and where one began too late, the walk knows all of it."""
    c = Client('--account', 'user').ready()
    r = tool('show', '--json')
    found = json.loads(r.stdout)
    check(r.returncode == 0 and found['source'] == 'kernel', r.stderr)
    areas = same_as_log(found, c, 'walk without a trace')
    t = Trace()
    r = tool('show', '--json')
    found = json.loads(r.stdout)
    check(found['source'] == 'kernel' and 'older' in r.stderr, found['source'], r.stderr)
    same_as_log(found, c, 'walk beside a trace')
    pages = context(found, c.pid)['pages_objects']
    text = tool('show', '--from', 'kernel').stdout
    for word in ('(object ', 'device ', 'domain ', 'reserved ', 'pages objects', 'user->locked_vm'):
        check(word in text, 'no', word, 'in', text)
    c.quit()
    t.finish()
    check(not show('kernel')['contexts'], 'left over')
    return f'{areas} areas, {len(pages)} pages objects'


def test_walk_files():
    """A file in two processes is one context; a device keeps one whose file is closed."""
    device = devices()[1]
    fd, number = walk.open_iommufd()
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(done[1])
        os.write(ready[1], b'x')
        os.read(done[0], 1)
        os._exit(0)
    try:
        os.read(ready[0], 1)
        both = show('kernel')['contexts']
        check(len(both) == 1 and both[0]['pid'] in (os.getpid(), child), both)
        check([i['object_id'] for i in both[0]['ioases']] == [number], both)
        os.close(fd)
        one = show('kernel')['contexts']
        check([c['pid'] for c in one] == [child] and not one[0]['closed'], one)
    finally:
        os.close(done[1])
        os.waitpid(child, 0)
    check(not show('kernel')['contexts'], 'left over')
    fd, number = walk.open_iommufd()
    cdev = walk.bind(device, fd)
    os.close(fd)
    kept = show('kernel')['contexts']
    os.close(cdev)
    check(len(kept) == 1 and kept[0]['closed'] and kept[0]['pid'] == os.getpid(), kept)
    check(not show('kernel')['contexts'], 'left over')


def test_walk_many_objects():
    """More objects than one call hands out, with holes of all sizes in their numbers."""
    devices()
    fd, first = walk.open_iommufd()
    numbers = [first] + [walk.alloc(fd) for _ in range(scaled(5000, 1200))]

    def seen():
        return [i['object_id'] for i in context(show('kernel'), os.getpid())['ioases']]

    check(seen() == numbers, 'not all are seen')
    left = [n for n in numbers if n % 3 and not 100 < n < 700 and not 1024 <= n < 1088]
    for n in set(numbers) - set(left):
        walk.destroy(fd, n)
    check(seen() == left, 'not what is left')
    os.close(fd)
    check(not show('kernel')['contexts'], 'left over')
    return f'{len(numbers)} objects, then {len(left)}'


def test_walk_races():
    """A walk while threads change everything is whole or says that it is not."""
    c = Client('--seed', SEED, '--seconds', scaled(60, 15), '--threads', 4, scenario='race')
    walks = found = raced = 0
    while not select.select([c.p.stdout], [], [], 0)[0]:
        n, bad = walk.sane(show('kernel'), c.pid)
        walks, found, raced = walks + 1, found + n, raced + bad
    c.ready()
    check(found, 'no walk saw an IOAS')
    kernel = show('kernel')
    check(all(i['complete'] for i in ioases(kernel, c.pid)), 'raced at rest')
    c.quit()
    return f'{walks} walks of {found} IOASes, {raced} said that they raced'
