#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: test_blame.sh
# blame on recordings whose events are listed here (tests/cli/make-state.c). No
# root, no kernel. $IOASCOPE is the tool (default: build/ioascope).
set -euo pipefail
cd "$(dirname "$0")/../.."

subject=blame
. tests/cli/recorded.sh

# text WANT [ARG]...: what is printed.
text() {
    local want=$1
    shift
    "$tool" blame "$@" >"$dir/out" 2>"$dir/err" || :
    diff <(printf '%s\n' "$want") "$dir/out"
}

# says WORDS [ARG]...: standard error has them.
says() {
    local words=$1
    shift
    "$tool" blame "$@" >"$dir/out" 2>"$dir/err" || :
    grep -qF -- "$words" "$dir/err" || { cat "$dir/err" && return 1; }
}

# json EXPRESSION [ARG]...: a Python expression on the objects l that are printed,
# and the first one, d, is true.
json() {
    local expression=$1
    shift
    "$tool" blame --json "$@" >"$dir/out" 2>"$dir/err" || :
    python3 - "$dir/out" "$expression" <<'PYTHON'
import json, sys
l = [json.loads(line) for line in open(sys.argv[1])]
assert all(o['schema'] == 1 for o in l)
d = l[0] if l else None
verdicts = [o.get('verdict') for o in l]
if not eval('(' + sys.argv[2] + ')'):
    sys.exit(json.dumps(l, indent=1)[:1500])
PYTHON
}

cd "$dir"
device=name=0000:01:00.0
fault="fault source=1 known=0x1b reason=6 rid=0x100 group=9 $device"

# Each verdict once. IOASes 2 and 3 are of one context, 12 is of another program. The fault at
# 3.5 s is injected: a correct kernel does not refuse what it has mapped.
"$OLDPWD/$maker" faults <<EVENTS
ctx-new time=0 ctx=1 backend=iommufd tgid=100
ioas-new ioas=2 mode=cover
ioas-new ioas=3 mode=cover
ctx-new ctx=5 tgid=500
ioas-new ioas=12 mode=cover
device-attach time=0.1 ctx=1 ioas=2 object=7 domain=8 group=9 $device
range-add ioas=2 iova=0xfee00000 last=0xfeefffff class=2 owner=7
pages-new time=0.5 pages_id=20 npages=64 va=0x7f0000000000 memory=1 writable=1 owner_tgid=100 owner_uid=7
area-add time=1 iova=0x100000 last=0x10ffff prot=3 area=30 pages_id=20 op=40 tid=101
op what=map op=40 iova=0x100000 size=0x10000 latency_ns=1000
area-add iova=0x110000 last=0x11ffff prot=1 area=31 pages_id=20 at=0x10000 op=41
op what=map op=41 iova=0x110000 size=0x10000 latency_ns=1000
area-add ioas=3 iova=0x200000 last=0x20ffff prot=3 area=32 pages_id=20 op=42
op what=map op=42 iova=0x200000 size=0x10000 latency_ns=1000
area-add ctx=5 ioas=12 iova=0x300000 last=0x30ffff va=0x1000 prot=3 area=33 op=43
op what=map op=43 iova=0x300000 size=0x10000 latency_ns=1000
area-going time=2 ctx=1 ioas=2 iova=0x100000 last=0x10ffff prot=3 area=30 pages_id=20 op=44 tid=102 comm=worker
area-gone time=2.0005 iova=0x100000 last=0x10ffff prot=3 area=30 pages_id=20 op=44 tid=102 comm=worker
op what=unmap op=44 iova=0x100000 size=0x20000 returned=0x10000 flags=8 latency_ns=1000000
$fault time=2.002 iova=0x104000 access=1
$fault time=3 iova=0x110000 access=2
$fault time=3.1 iova=0xfee08000 access=1
$fault time=3.2 iova=0x200000 access=1
$fault time=3.3 iova=0x300000 access=1
$fault time=3.5 iova=0x110000 access=1
device-detach time=4 ioas=2 object=7 domain=8 group=9 $device op=50
device-attach time=4.1 ioas=3 object=7 domain=8 group=9 $device
$fault time=4.5 iova=0x110000 access=1
uncertain time=5 value=15000000000
$fault time=5 iova=0x110000 access=1
$fault time=5.1 known=0x18 untold=4
EVENTS

# Older than the recording: type1, where groups are told, and a device is known by its faults.
"$OLDPWD/$maker" older <<EVENTS
ctx-new time=0 ctx=1 flags=1
ioas-new ioas=2 mode=v2 flags=1
group-attach group=9 flags=1
$fault time=1 iova=0x100000 access=1
area-add time=2 iova=0x100000 last=0x10ffff va=0x7f0000100000 prot=3 area=30 owner_tgid=100
area-gone time=3 iova=0x100000 last=0x10ffff va=0x7f0000100000 prot=3 area=30 owner_tgid=100
area-add time=4 iova=0x500000 last=0x50ffff va=0x7f0000100000 prot=1 area=31 owner_tgid=100
$fault time=5 iova=0x100000 access=1
EVENTS

# More goes than is remembered.
"$OLDPWD/$maker" forget <<EVENTS
ctx-new time=0 ctx=1 backend=type1
ioas-new ioas=2 mode=v2
area-add time=1 iova=0x100000 last=0x10ffff va=0x7f0000100000 prot=3 area=30
area-gone time=2.0005 iova=0x100000 last=0x10ffff va=0x7f0000100000 prot=3 area=30
area-add time=3 iova=0x200000 last=0x20ffff va=0x7f0000100000 prot=3 area=31
area-gone time=4 iova=0x200000 last=0x20ffff va=0x7f0000100000 prot=3 area=31
EVENTS
cd "$OLDPWD"
faults=$dir/faults older=$dir/older

check "each fault" text \
    "FAULT 0000:01:00.0 READ iova 0x104000 reason 0x06 (no read access)  t=2.002000
  group 9, domain 8 -> IOAS 2 (iommufd cover, context 1, qemu[100] uid 7)
  verdict: USE-AFTER-UNMAP
  mapped    t=1.000000 0x100000-0x10ffff 64K rw va 0x7f0000000000 area 30 by qemu[100/101] uid 7, map
  unmapped  t=2.000500 (1.50ms before) by worker[100/102] uid 7, unmap returned 64K of 128K
  beside: 0x110000-0x11ffff 64K r
  other IOASes with that address: none
  events lost: none" --faults -r "$faults" -c 1
check "verdicts" json "verdicts[:-1] == ['use-after-unmap', 'wrong-protection', 'reserved',
    'mapped-in-other-ioas', 'never-mapped', 'still-mapped', 'domain-switched', 'unknown',
    'unknown']" --faults -r "$faults"
check "wrong protection" json "l[1]['mapping']['prot'] == 'r' and l[1]['fault']['access'] == 'write'
    and l[1]['mapping']['unmapped_ns'] is None" --faults -r "$faults"
check "reserved" json "l[2]['reserved'] == {'iova': 0xfee00000, 'last': 0xfeefffff, 'asked_by': 7}" \
    --faults -r "$faults"
check "another IOAS of the same program" json "[(o['ioas'], o['same_program'], o['certain'])
    for o in l[3]['others']] == [(3, True, True)]" --faults -r "$faults"
check "another IOAS of another program" json "[(o['ioas'], o['same_program'])
    for o in l[4]['others']] == [(12, False)]" --faults -r "$faults"
check "an injected fault where all is well" json "l[5]['mapping']['area'] == 31 and
    l[5]['mapping']['iova'] == 0x110000" --faults -r "$faults"
check "a device that was elsewhere" json "l[6]['ioas'] == 3 and l[6]['left']['ioas'] == 2 and
    l[6]['left']['detached_ns'] == 14 * 10**9 and l[6]['mapping']['area'] == 31" --faults -r "$faults"
check "after a loss" json "l[7]['because'] == 'loss' and l[7]['suspected'] == 'domain-switched' and
    l[7]['uncertain_since_ns'] == 15 * 10**9" --faults -r "$faults"
check "without an address" json "l[8]['because'] == 'no-address' and l[8]['fault']['untold'] == 4" \
    --faults -r "$faults"
check "how many" json "l[-1]['kind'] == 'blame-summary' and l[-1]['faults'] == 9 and
    l[-1]['faults_untold'] == 4 and l[-1]['verdicts']['unknown'] == 2" --faults -r "$faults"
check "up to a time" json "len(l) == 3" --faults -r "$faults" --at 3
check "of one IOAS" json "len(l) == 4 and all(o['ioas'] == 3 for o in l[:3])" --faults -r "$faults" --ioas 3
check "of one device" json "len(l) == 1" --faults -r "$faults" --device 0000:02:00.0
check "a summary for people" says "9 faults, 4 not told; 2 unknown; 1 use-after-unmap" --faults -r "$faults"
check "faults are no failure" status 0 --faults -r "$faults"

check "older than the recording" json "verdicts[:-1] == ['unknown', 'use-after-unmap'] and
    d['because'] == 'older'" --faults -r "$older"
check "little is remembered" json "d['verdict'] == 'unknown' and d['because'] == 'forgotten' and
    d['history']['forgotten'] == 1 and d['history']['since_ns'] == 12 * 10**9 + 500000" \
    -r "$dir/forget" --history 1 --ioas 2 0x100000

check "an address" text \
    "ADDRESS iova 0x110000
  IOAS 2 (iommufd cover, context 1, qemu[100] uid 7)
  verdict: MAPPED
  mapped    t=1.000000 0x110000-0x11ffff 64K r va 0x7f0000010000 area 31 by qemu[100] uid 7, map
  beside: 0x100000-0x10ffff 64K rw
  other IOASes with that address: none
  events lost: none" -r "$faults" --at 1.5 0x110000
check "an address then and now" json "verdicts == ['use-after-unmap'] and
    d['mapping']['unmap_op'] == 'unmap'" -r "$faults" --at 4.2 0x100000
check "an address before" json "verdicts == ['mapped']" -r "$faults" --at 1.9 0x100000
check "an address and what is wanted" json "verdicts == ['wrong-protection']" \
    -r "$faults" --at 3 --access rw 0x110000
check "an address of an IOAS" json "verdicts == ['never-mapped']" -r "$faults" --at 3 --ioas 2 0x400000
check "an address of a device" json "verdicts == ['domain-switched'] and d['left']['ioas'] == 2" \
    -r "$faults" --at 4.2 --device 0000:01:00.0 0x110000
check "a device that only its faults name" json "verdicts == ['use-after-unmap']" \
    -r "$older" --device 0000:01:00.0 0x100000
check "several addresses" json "verdicts == ['use-after-unmap', 'mapped']" \
    -r "$older" 0x100000 0x500000
check "nothing is known" status 1 -r "$faults" 0x400000
check "which is said" says "nothing is known of 0x400000" -r "$faults" 0x400000
check "no such IOAS" status 1 -r "$faults" --ioas 99 0x100000
check "no such device" says "0000:02:00.0 is in no IOAS" -r "$faults" --device 0000:02:00.0 0x1000

check "memory" text \
    "MEMORY va 0x7f0000101000 of process 100: IOAS 2 iova 0x501000 now
  mapped    t=4.000000 0x500000-0x50ffff 64K r va 0x7f0000100000 area 31 by qemu[100] uid 7
MEMORY va 0x7f0000101000 of process 100: IOAS 2 iova 0x101000 not any more
  mapped    t=2.000000 0x100000-0x10ffff 64K rw va 0x7f0000100000 area 30 by qemu[100] uid 7
  unmapped  t=3.000000 (2.00s before) by qemu[100] uid 7" -r "$older" --va 0x7f0000101000
check "memory of pages objects" json "sorted((o['ioas'], o['iova']) for o in l) ==
    [(2, 0x100000), (3, 0x200000)] and all(o['kind'] == 'blame-memory' for o in l)" \
    -r "$faults" --va 0x7f0000000000 --pid 100
check "memory and an address at once" json "[o['kind'] for o in l] ==
    ['blame-memory', 'blame-memory', 'blame']" -r "$older" 0x500000 --va 0x7f0000101000
check "memory of another process" status 1 -r "$older" --va 0x7f0000101000 --pid 7

check "usage: nothing asked" status 2 -r "$faults"
check "usage: no address" status 2 -r "$faults" x
check "usage: --pid without --va" status 2 -r "$faults" --pid 1 0x1000
check "usage: --device without an IOVA" status 2 -r "$older" --va 0x7f0000101000 --device x
check "usage: --count without --faults" status 2 -r "$faults" -c 1 0x1000
check "usage: --faults and an address" status 2 --faults -r "$faults" 0x1000
check "usage: --faults and --va" status 2 --faults --va 0x1000 -r "$faults"
check "usage: --pfn of a recording" status 2 --pfn 0x1000 -r "$faults"
check "usage: --stacks of a recording" status 2 --faults --stacks -r "$faults"
check "usage: --access" status 2 -r "$faults" --access x 0x1000
check "usage: --read and a command" status 2 --faults -r "$faults" -- true
check "no such file" status 1 --faults -r "$dir/none"

finish
