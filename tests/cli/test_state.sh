#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: test_state.sh
# show, lookup, holes, aliases and diff on recordings whose events are listed
# here (tests/cli/make-state.c). No root, no kernel. $IOASCOPE is the tool
# (default: build/ioascope).
set -euo pipefail
cd "$(dirname "$0")/../.."

. tests/cli/recorded.sh

# text WANT COMMAND [ARG]...: what the tool prints, but for runs of spaces.
text() {
    local want=$1
    shift
    "$tool" "$@" >"$dir/out" 2>"$dir/err" || :
    diff <(printf '%s\n' "$want") <(sed -E 's/ +/ /g; s/^ //; s/ $//' "$dir/out")
}

# says WORDS COMMAND [ARG]...: standard output or error has them.
says() {
    local words=$1
    shift
    "$tool" "$@" >"$dir/out" 2>&1 || :
    grep -qF -- "$words" "$dir/out" || { cat "$dir/out" && return 1; }
}

# json EXPRESSION COMMAND [ARG]...: a Python expression on the object d that the
# tool prints is true.
json() {
    local expression=$1
    shift
    "$tool" "$@" --json >"$dir/out" 2>"$dir/err" || :
    python3 - "$dir/out" "$expression" <<'PYTHON'
import json, sys
d = json.load(open(sys.argv[1]))
assert d['schema'] == 1
if not eval('(' + sys.argv[2] + ')'):
    sys.exit(json.dumps(d, indent=1)[:3000])
PYTHON
}

make_recording() {
    "$maker" "$dir/$1"
}

# Two containers of process 100. The first maps 64 KiB at 1 s, the 64 KiB behind
# it at 2 s, and drops the first at 3 s. The second maps the first memory at 2.5 s.
make_recording type1 <<'EVENTS'
ctx-new time=0.5 ctx=1
ioas-new ioas=2 mode=v2
group-attach group=99999
area-add time=1 iova=0x100000 last=0x10ffff va=0x7f0000100000 prot=3 area=3 pages=16 owner_tgid=100 owner_uid=7
charge owner=4 counter=1 pages=16 owner_tgid=100 owner_uid=7
area-add time=2 iova=0x110000 last=0x11ffff va=0x7f0000110000 prot=3 area=5 pages=16 owner_tgid=100 owner_uid=7
charge owner=4 counter=1 pages=16 owner_tgid=100 owner_uid=7
ctx-new time=2.5 ctx=10
ioas-new ioas=11 mode=v2
group-attach group=99998
area-add iova=0x500000 last=0x50ffff va=0x7f0000100000 prot=3 area=13 pages=16 owner_tgid=100 owner_uid=7
charge owner=4 counter=1 pages=16 owner_tgid=100 owner_uid=7
area-going time=3 ctx=1 ioas=2 iova=0x100000 last=0x10ffff va=0x7f0000100000 prot=3 area=3 pages=16
area-gone iova=0x100000 last=0x10ffff va=0x7f0000100000 prot=3 area=3 pages=16
charge owner=4 counter=1 pages=-16 owner_tgid=100 owner_uid=7
EVENTS

# IOAS 2 has a domain and shows all of pages object 20. IOAS 3 has software users
# only: a copy of the second half of 20, object 23 over its last quarter and 16 KiB
# more, and a file. Its access holds two pages of 23.
make_recording iommufd <<'EVENTS'
ctx-new time=0 ctx=1 backend=iommufd
ioas-new ioas=2 mode=cover
ioas-new ioas=3 mode=cover
domain-attach ioas=2 object=4 page_size=4096
device-attach object=5 domain=4 group=9 name=0000:01:00.0
range-add iova=0 last=0xfedfffff class=1
range-add iova=0xfef00000 last=0xffffffffffff class=1
range-add iova=0xfee00000 last=0xfeefffff class=2 owner=5
range-add iova=0x1000 last=0x1fffff class=3
pages-new time=1 pages_id=20 owner=6 va=0x70000 npages=16 memory=1 account=2 writable=1 owner_tgid=100 owner_uid=7
area-add iova=0x100000 last=0x10ffff va=0x70000 prot=3 area=21 pages_id=20
pages-pinned pages_id=20 owner=6 va=0x70000 npages=16 pinned=16 memory=1 account=2 writable=1 owner_tgid=100 owner_uid=7
charge owner=6 counter=2 pages=16 owner_tgid=100 owner_uid=7 pages_id=20
area-filled iova=0x100000 last=0x10ffff area=21 object=4 bytes=65536
access-attach time=2 ioas=3 object=7 page_size=4096 exact=1
area-add iova=0x200000 last=0x207fff va=0x78000 prot=1 area=22 pages_id=20 at=0x8000
pages-new pages_id=23 owner=6 va=0x7c000 npages=8 memory=1 account=2 writable=1 owner_tgid=100 owner_uid=7
area-add iova=0x208000 last=0x20ffff va=0x7c000 prot=3 area=24 pages_id=23
pages-new pages_id=25 owner=6 npages=4 memory=2 account=2 writable=1 owner_tgid=100 owner_uid=7
area-add iova=0x300000 last=0x303fff prot=3 area=26 pages_id=25
access-pin time=3 iova=0x209000 last=0x20afff object=7 pages=2
pages-pinned pages_id=23 owner=6 va=0x7c000 npages=8 pinned=2 memory=1 account=2 writable=1 owner_tgid=100 owner_uid=7
charge owner=6 counter=2 pages=2 owner_tgid=100 owner_uid=7 pages_id=23
EVENTS

# Past 2^31 pages (8 TiB) and up to the last address.
make_recording huge <<'EVENTS'
ctx-new ctx=1
ioas-new ioas=2 mode=v2
group-attach group=99999
area-add time=1 iova=0 last=0x7ffffffffff va=0x1000 prot=3 area=3 pages=0x80000000 owner_tgid=100
area-add iova=0x80000000000 last=0xfffffffffff va=0x80000001000 prot=3 area=4 pages=0x80000000 owner_tgid=100
area-add iova=0x8000000000000000 last=0xffffffffffffffff va=0 prot=3 area=5 pages=0x8000000000000 owner_tgid=101
charge owner=6 counter=1 pages=0x8000100000000 owner_tgid=100
EVENTS

# A mediated group: three areas with no, one, and three pin ranges.
make_recording pins <<'EVENTS'
ctx-new ctx=1
ioas-new ioas=2 mode=v2
group-attach group=99999 emulated=1
area-add time=1 iova=0x10000 last=0x1ffff va=0x70000 prot=3 area=3 owner_tgid=100 repeat=3
access-pin iova=0x20000 last=0x2ffff pages=16
access-pin iova=0x31000 last=0x31fff pages=1
access-pin iova=0x33000 last=0x33fff pages=1
access-pin iova=0x35000 last=0x35fff pages=1
EVENTS

# IOAS 2 and its clone IOAS 3, that has one area less protected, one through an
# object of its own, and one more.
make_recording clone <<'EVENTS'
ctx-new ctx=1 backend=iommufd
ioas-new ioas=2 mode=cover
ioas-new ioas=3 mode=cover
pages-new pages_id=20 owner=6 va=0x70000 npages=16 memory=1 account=2 writable=1 owner_tgid=100
pages-new pages_id=21 owner=6 va=0x70000 npages=16 memory=1 account=2 writable=1 owner_tgid=100
area-add ioas=2 iova=0x10000 last=0x1ffff va=0x70000 prot=3 area=31 pages_id=20
area-add ioas=3 iova=0x10000 last=0x1ffff va=0x70000 prot=3 area=32 pages_id=20
area-add ioas=2 iova=0x30000 last=0x3ffff va=0x70000 prot=3 area=33 pages_id=20
area-add ioas=3 iova=0x30000 last=0x3ffff va=0x70000 prot=1 area=34 pages_id=20
area-add ioas=2 iova=0x50000 last=0x5ffff va=0x70000 prot=3 area=35 pages_id=20
area-add ioas=3 iova=0x50000 last=0x5ffff va=0x70000 prot=3 area=36 pages_id=21
area-add iova=0x70000 last=0x7ffff va=0x70000 prot=3 area=37 pages_id=21
EVENTS

# An event of the first context was lost before 2 s.
make_recording lossy <<'EVENTS'
ctx-new ctx=1
ioas-new ioas=2 mode=v2
area-add time=1 iova=0x10000 last=0x1ffff va=0x70000 prot=3 area=3 owner_tgid=100
lose
area-add time=2 iova=0x20000 last=0x2ffff va=0x80000 prot=3 area=5 owner_tgid=100
EVENTS

make_recording empty </dev/null

# 3000 areas of a page each, one every 4 KiB; cut, and damaged, in the second half.
{
    printf 'ctx-new ctx=1\nioas-new ioas=2 mode=v2\ngroup-attach group=99999\n'
    for n in $(seq 0 2999); do
        printf 'area-add time=%d iova=%d last=%d va=%d prot=3 area=%d pages=1 owner_tgid=100\n' \
            $((n / 100 + 1)) $((n * 4096)) $((n * 4096 + 4095)) $((n * 4096)) $((n + 3))
    done
} | make_recording whole
size=$(stat -c %s "$dir/whole")
head -c $((size * 2 / 3)) "$dir/whole" >"$dir/cut"
cp "$dir/whole" "$dir/damaged"
printf '\377\377\377\377' | dd of="$dir/damaged" bs=1 seek=$((size * 2 / 3)) conv=notrunc status=none
head -c 20 "$dir/whole" >"$dir/stump"

cd "$dir"

# ---- show ----

check "show: areas of the end" text \
    "CONTEXT 1 type1 container qemu[100] uid 7
IOAS 2 type1 v2 1 areas, 64K mapped, 64K pinned
group 99999:
charged to [100] uid 7: 64K (mm->locked_vm)
AREA IOVA LAST SIZE VA PROT PINNED NOT-RAM STATE OWNER
5 0x110000 0x11ffff 64K 0x7f0000110000 rw 64K 0 live [100] uid 7" show -r type1 --ioas 2
check "show: at a time" json "[(a['iova'], a['last']) for c in d['contexts'] for i in c['ioases']
    for a in i['areas']] == [(0x100000, 0x10ffff)] and d['time_ns'] == 11500000000" \
    show -r type1 --at 1.5
check "show: before the end" json "len(d['contexts'][0]['ioases'][0]['areas']) == 2" \
    show -r type1 --at -0.2
check "show: at a time of the clock" json "len(d['contexts'][0]['ioases'][0]['areas']) == 1" \
    show -r type1 --at 11999999999ns
check "show: nothing yet" text "no context was open" show -r type1 --at 0.4
check "show: before the start" status 1 show -r type1 --at 9999999999ns
check "show: before the start, as said" says "it begins after the time '-10'" show -r type1 --at -10
check "show: after the end" says "it ends 3.000000 s after its start" show -r type1 --at 100
check "show: after the end is no failure" status 0 show -r type1 --at 100
check "show: an empty recording" text "no context was open" show -r empty
check "show: no time" status 2 show -r type1 --at 1s
check "show: --at without a recording" status 2 show --at 1
check "show: a recording and --from" status 2 show -r type1 --from kernel
check "show: no such file" status 1 show -r none
check "show: no recording" status 1 show -r stump
check "show: type1 tells no pages objects, domains, ranges" json \
    "d['contexts'][0]['pages_objects'] is None and d['contexts'][0]['ioases'][0]['domains'] is None
    and d['contexts'][0]['ioases'][0]['ranges'] is None" show -r type1
check "show: merged" text \
    "CONTEXT 1 type1 container qemu[100] uid 7
IOAS 2 type1 v2 2 areas, 128K mapped, 128K pinned
group 99999:
charged to [100] uid 7: 128K (mm->locked_vm)
REQUESTS AREAS IOVA LAST SIZE VA PROT PINNED NOT-RAM STATE OWNER
2 2 0x100000 0x11ffff 128K 0x7f0000100000 rw 128K 0 live [100] uid 7" \
    show -r type1 --at 2.1 --merged
check "show: merged, as JSON" json "[(m['requests'], m['areas'], m['iova'], m['last'],
    m['pinned_pages']) for m in d['contexts'][0]['ioases'][0]['merged']] ==
    [(2, 2, 0x100000, 0x11ffff, 32)]" show -r type1 --at 2.1 --merged
check "show: histogram" text \
    "CONTEXT 1 type1 container qemu[100] uid 7
IOAS 2 type1 v2 3 areas, 192K mapped, 76K pinned, 19 client pins
group 99999: (mediated: pins on demand)
3 areas, 1 if merged; clients hold 4 ranges of pages
PIN-RANGES AREAS
0 1
1 1
2-3 1
AREA IOVA LAST SIZE VA PROT PINNED NOT-RAM STATE OWNER
3 0x10000 0x1ffff 64K 0x70000 rw 0 0 live [100] uid 0
4 0x20000 0x2ffff 64K 0x80000 rw 64K 0 live [100] uid 0
5 0x30000 0x3ffff 64K 0x90000 rw 12K 0 live [100] uid 0" show -r pins --histogram
check "show: histogram, as JSON" json "d['contexts'][0]['ioases'][0]['pin_histogram'] ==
    {'areas': 3, 'pin_ranges': 4, 'outside': 0, 'bins': [{'from': 0, 'to': 0, 'areas': 1},
    {'from': 1, 'to': 1, 'areas': 1}, {'from': 2, 'to': 3, 'areas': 1}]}" show -r pins --histogram
check "show: pages objects, users, ranges" text \
    "CONTEXT 1 iommufd file qemu[100] uid 7
IOAS 2 iommufd cover 1 areas, 64K mapped, 64K pinned
domain 4: 64K mapped, pages of 4K and larger
device 5: 0000:01:00.0 group 9, domain 4
valid 0x0-0xfedfffff (3.98G)
valid 0xfef00000-0xffffffffffff (256.00T)
reserved 0xfee00000-0xfeefffff (1M) asked for by 5
allowed 0x1000-0x1fffff (2.00M)
AREA IOVA LAST SIZE VA PAGES AT PROT PINNED NOT-RAM STATE OWNER
21 0x100000 0x10ffff 64K 0x70000 20 0x0 rw 64K 0 live [100] uid 7
3 pages objects, each pinned and charged once
charged to [100] uid 7: 72K (user->locked_vm)
PAGES MEMORY VA SIZE PROT AREAS PINNED CHARGED COUNTER OWNER MAPPED-AT
20 user 0x70000 64K rw 2 64K 64K user-locked [100] uid 7 2:0x100000 3:0x200000" show -r iommufd --ioas 2
check "show: pages objects, as JSON" json "[(p['pages_object'], p['memory'], p['areas'],
    p['pinned_pages'], p['charged_pages']) for p in d['contexts'][0]['pages_objects']] ==
    [(20, 'user', 2, 16, 16), (23, 'user', 1, 2, 2), (25, 'file', 1, 0, 0)]" show -r iommufd
check "show: sizes past 2^31 pages" text \
    "CONTEXT 1 type1 container qemu[100] uid 7
IOAS 2 type1 v2 3 areas, 8.00E mapped, 8.00E pinned
group 99999:
charged to [100] uid 0: 8.00E (mm->locked_vm)
AREA IOVA LAST SIZE VA PROT PINNED NOT-RAM STATE OWNER
3 0x0 0x7ffffffffff 8T 0x1000 rw 8T 0 live [100] uid 0
4 0x80000000000 0xfffffffffff 8T 0x80000001000 rw 8T 0 live [100] uid 0
5 0x8000000000000000 0xffffffffffffffff 8E 0x0 rw 8E 0 live [101] uid 0" show -r huge
check "show: sums past 2^31 pages" json "d['contexts'][0]['ioases'][0]['mapped_bytes'] ==
    2**44 + 2**63 and d['contexts'][0]['ioases'][0]['pinned_pages'] == 2**32 + 2**51 and
    d['contexts'][0]['ioases'][0]['areas'][2]['last'] == 2**64 - 1" show -r huge
check "show: an area merged past 8 TiB" json "[m['size'] for m in
    d['contexts'][0]['ioases'][0]['merged']] == [2**44, 2**63]" show -r huge --merged

# ---- whole, cut, damaged ----

areas="len(d['contexts'][0]['ioases'][0]['areas'])"
certain="d['contexts'][0]['uncertain_since_ns'] is None"
check "whole: certain" json "$areas == 3000 and $certain" show -r whole
check "cut: what was read is shown, as uncertain" json "1000 < $areas < 3000 and not $certain" \
    show -r cut
check "cut: is no failure" status 0 show -r cut
check "cut: is said" says "the file ends" show -r cut
check "cut: what is before it is certain" json "$areas == 500 and $certain" show -r cut --at 5.5
check "damaged: what was read is shown, as uncertain" json "1000 < $areas < 3000 and not $certain" \
    show -r damaged
check "damaged: is a failure" status 1 show -r damaged
check "damaged: is said" says "damaged" show -r damaged
check "damaged: what is before it is fine" status 0 show -r damaged --at 5.5
check "lossy: certain before" json "$areas == 1 and $certain" show -r lossy --at 1.5
check "lossy: uncertain after" json "$areas == 2 and not $certain" show -r lossy
check "lossy: others say so" says "context 1 is uncertain" lookup -r lossy 0x10000

# ---- lookup ----

check "lookup: by IOVA" text \
    "CONTEXT IOAS AREA IOVA VA FIRST LAST PAGES AT PROT PINNED STATE OWNER
1 2 5 0x110004 0x7f0000110004 0x110000 0x11ffff - - rw yes live [100] uid 7" \
    lookup -r type1 0x110004
check "lookup: by VA, in both containers" json "[(h['ioas'], h['iova']) for h in
    d['queries'][0]['hits']] == [(2, 0x100010), (11, 0x500010)]" \
    lookup -r type1 --at 2.7 --va 0x7f0000100010
check "lookup: there and back" json "[h['va'] for q in d['queries'] for h in q['hits']] ==
    [0x7f0000100010] * 2" lookup -r type1 --at 2.7 0x100010 0x500010
check "lookup: only in an IOAS" json "[h['ioas'] for h in d['queries'][0]['hits']] == [11]" \
    lookup -r type1 --at 2.7 --va 0x7f0000100010 --ioas 11
check "lookup: of another process" status 1 lookup -r type1 --va 0x7f0000110000 --pid 101
check "lookup: nothing there" says "nothing maps IOVA 0x10ffff" lookup -r type1 0x10ffff
check "lookup: nothing there is a failure" status 1 lookup -r type1 0x110000 0x10ffff
check "lookup: something there is none" status 0 lookup -r type1 0x110000 0x11ffff
check "lookup: by pages object" text \
    "CONTEXT IOAS AREA IOVA VA FIRST LAST PAGES AT PROT PINNED STATE OWNER
1 2 21 0x100000 0x70000 0x100000 0x10ffff 20 0x0 rw yes live [100] uid 7
1 3 22 0x200000 0x78000 0x200000 0x207fff 20 0x8000 r yes live [100] uid 7" \
    lookup -r iommufd --pages 20
check "lookup: by owner" json "len(d['queries'][0]['hits']) == 4" lookup -r iommufd --owner 100
check "lookup: by user" status 1 lookup -r iommufd --uid 8
check "lookup: what clients hold" json "[h['pinned'] for q in d['queries'] for h in q['hits']] ==
    [False, True, True, False]" lookup -r pins 0x10000 0x20000 0x33fff 0x34000
check "lookup: the last address" json "d['queries'][0]['hits'][0]['va'] == 2**63 - 1" \
    lookup -r huge 0xffffffffffffffff
check "lookup: into a file" json "(lambda h: h['va'] == 4 and h['in']['memory'] == 'file')(
    d['queries'][0]['hits'][0])" lookup -r iommufd 0x300004
check "lookup: nothing asked" status 2 lookup -r type1
check "lookup: no address" status 2 lookup -r type1 0x
check "lookup: --pid without --va" status 2 lookup -r type1 0x1000 --pid 1

# ---- holes ----

check "holes" text \
    "IOAS 3 iommufd cover context 1 3 areas, 80K mapped
960K between areas (1), 72K mapped and not pinned (4)
KIND IOVA LAST SIZE NOTE
gap 0x210000 0x2fffff 960K
unpinned 0x200000 0x207fff 32K
unpinned 0x208000 0x208fff 4K
unpinned 0x20b000 0x20ffff 20K
unpinned 0x300000 0x303fff 16K" holes -r iommufd --ioas 3
check "holes: ranges" json "[(h['kind'], h['iova'], h['last']) for h in d['ioases'][0]['holes']] ==
    [('reserved', 0xfee00000, 0xfeefffff), ('allowed', 0x1000, 0xfffff),
    ('allowed', 0x110000, 0x1fffff), ('valid', 0, 0xfffff), ('valid', 0x110000, 0xfedfffff),
    ('valid', 0xfef00000, 0xffffffffffff)]" holes -r iommufd --ioas 2 --valid
check "holes: totals" json "d['ioases'][0]['totals']['valid'] ==
    {'count': 3, 'bytes': 2**48 - 0x100000 - 0x10000}" holes -r iommufd --ioas 2 --valid
check "holes: between huge areas" json "d['ioases'][0]['totals']['gap'] ==
    {'count': 1, 'bytes': 2**63 - 2**44}" holes -r huge
check "holes: no such IOAS" status 1 holes -r type1 --ioas 99
check "holes: no IOAS" text "no I/O address space is there" holes -r empty

# ---- aliases ----

check "aliases: of two containers" text \
    "PROCESS 100 0x7f0000100000-0x7f000010ffff 16 pages (64K) mapped as 2, charged again: 16 pages (64K)
CONTEXT IOAS AREA IOVA LAST VA PROT PAGES PINNED
1 2 3 0x100000 0x10ffff 0x7f0000100000 rw own 64K
10 11 13 0x500000 0x50ffff 0x7f0000100000 rw own 64K
1 aliases: COPY would save 16 pages (64K), if these were IOASes of one iommufd context" \
    aliases -r type1 --at 2.7
check "aliases: none left" text "no memory is mapped as new more than once" aliases -r type1
check "aliases: of pages objects" json "[(a['first'], a['last'], a['pages'], a['again_pages'],
    a['objects'], a['one_context']) for a in d['aliases']] ==
    [(0x7c000, 0x7ffff, 4, 4, 2, True)] and 'shared' not in d" aliases -r iommufd
check "aliases: sharing" json "[(a['pages_object'], a['pages'], a['again_pages'], len(a['areas']))
    for a in d['shared']] == [(20, 16, 8, 2)]" aliases -r iommufd --shared
check "aliases: nothing" json "d['aliases'] == [] and d['totals']['again_pages'] == 0" \
    aliases -r empty

# ---- diff ----

check "diff: a clone" text \
    "--- IOAS 2 of context 1, clone at 0.000000
+++ IOAS 3 of context 1, clone at 0.000000
-area 0x30000-0x3ffff 64K rw va 0x70000 pid 100 pages 20+0x0 pinned 0
+area 0x30000-0x3ffff 64K r va 0x70000 pid 100 pages 20+0x0 pinned 0 (prot)
-area 0x50000-0x5ffff 64K rw va 0x70000 pid 100 pages 20+0x0 pinned 0
+area 0x50000-0x5ffff 64K rw va 0x70000 pid 100 pages 21+0x0 pinned 0 (pages-object)
+area 0x70000-0x7ffff 64K rw va 0x70000 pid 100 pages 21+0x0 pinned 0
areas: 0 only in the first (0), 1 only in the second (64K), 2 changed; ranges: 0; charges: 0" \
    diff -r clone --ioas 2 --ioas 3
check "diff: the layout of a clone" json "[[c['changed'] for c in p['differences']]
    for p in d['pairs']] == [[['prot'], []]] and not d['equal']" \
    diff -r clone --ioas 2 --ioas 3 --layout
check "diff: with itself" text equal diff -r clone --ioas 2 --ioas 2
check "diff: two moments" text \
    "--- IOAS 2 of context 1, type1 at 1.500000
+++ IOAS 2 of context 1, type1 at 3.000000
-area 0x100000-0x10ffff 64K rw va 0x7f0000100000 pid 100 pinned 64K
+area 0x110000-0x11ffff 64K rw va 0x7f0000110000 pid 100 pinned 64K
--- nothing, type1 at 1.500000
+++ IOAS 11 of context 10, type1 at 3.000000
+area 0x500000-0x50ffff 64K rw va 0x7f0000100000 pid 100 pinned 64K
+charge mm-locked pid 100 uid 7: 16 pages
areas: 1 only in the first (64K), 2 only in the second (128K), 0 changed; ranges: 0; charges: 1" \
    diff -r type1 --at 1.5 --at 3
check "diff: two moments of an IOAS" json "len(d['pairs']) == 1 and
    d['totals']['only_a'] == d['totals']['only_b'] == 1 and d['a']['time_ns'] == 11500000000" \
    diff -r type1 --at 1.5 --at 3 --ioas 2
check "diff: an IOAS that was not there" json "d['pairs'][0]['a'] is None and
    d['totals']['ioases'] == 1" diff -r type1 --at 1.5 --at 3 --ioas 11
check "diff: charges" json "[(x['a']['pages'], x['b']['pages']) for x in d['pairs'][0]['differences']
    if x['what'] == 'charge'] == [(16, 32)]" diff -r type1 --at 1.5 --at 2.2
check "diff: two recordings" text equal diff -r whole -r whole
check "diff: two recordings by place" json "[(p['a'] and p['a']['ioas'], p['b'] and p['b']['ioas'])
    for p in d['pairs']] == [(2, 2), (11, 3)]" diff -r type1 -r clone
check "diff: pages objects of two recordings are not compared" text equal diff -r clone -r clone
check "diff: equal, for scripts" status 0 diff -r whole -r whole --exit-code
check "diff: different, for scripts" status 4 diff -r type1 -r clone --exit-code
check "diff: different, for people" status 0 diff -r type1 -r clone
check "diff: a damaged one is a failure" status 1 diff -r whole -r damaged --exit-code
check "diff: one side only" status 2 diff -r type1
check "diff: three sides" status 2 diff -r type1 -r type1 -r type1
check "diff: --at for one of two recordings" status 2 diff -r type1 -r type1 --at 1
check "diff: no such IOAS" status 1 diff -r type1 --ioas 2 --ioas 3

finish
