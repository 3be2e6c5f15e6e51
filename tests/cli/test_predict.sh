#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: test_predict.sh
# predict on recordings whose events are listed here (tests/cli/make-state.c), and
# devices that options describe. No root, no kernel. $IOASCOPE is the tool
# (default: build/ioascope).
set -euo pipefail
cd "$(dirname "$0")/../.."

subject=predict
. tests/cli/recorded.sh

# text WANT [ARG]...: what is printed, but for runs of spaces.
text() {
    local want=$1
    shift
    "$tool" predict attach "$@" >"$dir/out" 2>"$dir/err" || :
    diff <(printf '%s\n' "$want") <(sed -E 's/ +/ /g; s/^ //; s/ $//' "$dir/out")
}

# json EXPRESSION [ARG]...: a Python expression on the object d, its first IOAS i
# and that one's first answer a is true.
json() {
    local expression=$1
    shift
    "$tool" predict attach "$@" --json >"$dir/out" 2>"$dir/err" || :
    python3 - "$dir/out" "$expression" <<'PYTHON'
import json, sys
d = json.load(open(sys.argv[1]))
assert d['schema'] == 1
i = d['ioases'][0]
a = i['answers'][0]
spans = lambda l: [(x['iova'], x['last']) for x in l]
if not eval('(' + sys.argv[2] + ')'):
    sys.exit(json.dumps(d, indent=1)[:3000])
PYTHON
}

msi=(--reserved '0xfee00000-0xfeefffff:msi')
device=("${msi[@]}" --aperture 0-0x7fffffffff)

# IOAS 2 has a device. IOAS 3 has none: an area at 1 s, one in the interrupt window from
# 2 s to 3 s, one that reaches into it from 3.5 s on, and from 4 s on an allowed range
# up to the last address.
cd "$dir"
"$OLDPWD/$maker" fd <<'EVENTS'
ctx-new time=0 ctx=1 backend=iommufd
ioas-new ioas=2 mode=cover
ioas-new ioas=3 mode=cover
domain-attach ioas=2 object=4 page_size=4096
device-attach object=5 domain=4 group=9 name=0000:01:00.0
range-add iova=0x8000000000 last=0xffffffffffffffff class=2 owner=4
range-add iova=0xfee00000 last=0xfeefffff class=2 owner=5
pages-new time=1 pages_id=20 owner=6 va=0x70000 npages=16 memory=1 account=2 owner_tgid=100 owner_uid=7
area-add ioas=3 iova=0xfedff000 last=0xfedfffff va=0x70000 prot=3 area=21 pages_id=20
area-add time=2 iova=0xfee00000 last=0xfee00fff va=0x71000 prot=1 area=22 pages_id=20 at=0x1000
area-going time=3 iova=0xfee00000 last=0xfee00fff va=0x71000 prot=1 area=22 pages_id=20 at=0x1000
area-gone iova=0xfee00000 last=0xfee00fff va=0x71000 prot=1 area=22 pages_id=20 at=0x1000
area-add time=3.5 iova=0xfeeff000 last=0xfef00fff va=0x72000 prot=1 area=23 pages_id=20 at=0x2000
range-add time=4 iova=0x8000000000 last=0xffffffffffffffff class=3
EVENTS
"$OLDPWD/$maker" type1 <<'EVENTS'
ctx-new time=0 ctx=1
ioas-new ioas=2 mode=v2
group-attach group=99999
range-add iova=0 last=0xfedfffff class=1
range-add iova=0xfef00000 last=0xffffffffffff class=1
area-add time=1 iova=0x1000 last=0x1fff va=0x7000 prot=3 area=3 pages=1 owner_tgid=100
area-add time=2 iova=0x8000000000 last=0x8000000fff va=0x8000 prot=3 area=4 pages=1 owner_tgid=100
EVENTS
"$OLDPWD/$maker" lossy <<'EVENTS'
ctx-new time=0 ctx=1 backend=iommufd
ioas-new ioas=2 mode=cover
lose
ioas-new ioas=3 mode=cover
EVENTS
"$OLDPWD/$maker" empty </dev/null

# ---- the answer ----

check "it would be attached" text \
    "the device
msi 0xfee00000-0xfeefffff
aperture 0x0-0x7fffffffff (option)

IOAS 3 iommufd cover context 1 1 areas, 4K mapped
valid now: 0x0-0xffffffffffffffff
the device: would be attached
valid then: 0x0-0xfedfffff 0xfef00000-0x7fffffffff" -r fd --at 1.5 --ioas 3 "${device[@]}"
check "it would fail" text \
    "the device
msi 0xfee00000-0xfeefffff
aperture 0x0-0x7fffffffff (option)

IOAS 3 iommufd cover context 1 2 areas, 8K mapped
valid now: 0x0-0xffffffffffffffff
the device: would fail with EADDRINUSE
WHAT IOVA LAST SIZE IN THE WAY
area 22 0xfee00000 0xfee00fff 4K msi region 0xfee00000-0xfeefffff" \
    -r fd --at 2.5 --ioas 3 "${device[@]}"
check "no more, when it has gone" status 0 attach -r fd --at 3.2 --ioas 3 "${device[@]}"
check "an area across the end of a region" json "[c['area']['area'] for c in a['conflicts']] == [23]" \
    -r fd --at 3.7 --ioas 3 "${device[@]}"
check "an allowed range outside the aperture" json "a['verdict'] == 'fails' and
    a['errno'] == 'EADDRINUSE' and a['areas'] == a['allowed_ranges'] == 1 and
    a['valid_then'] is None and a['doubts'] == [] and
    [(c['cause'], 'region' in c, c.get('allowed')) for c in a['conflicts']] == [('region', True, None),
    ('aperture', False, {'iova': 2**39, 'last': 2**64 - 1})]" -r fd --ioas 3 "${device[@]}"
check "a region that keeps nothing out" json "a['verdict'] == 'succeeds' and
    not d['devices'][0]['regions'][0]['enforced']" -r fd --at 3.7 --ioas 3 --aperture 0-0x7fffffffff \
    --reserved 0xfee00000-0xfeefffff:direct-relaxable
check "several regions" json "[r['type'] for r in d['devices'][0]['regions']] ==
    ['direct', 'reserved'] and spans([c['region'] for c in a['conflicts']]) ==
    [(0, 0xfedfffff)]" -r fd --at 1.5 --ioas 3 --aperture 0-0x7fffffffff \
    --reserved 0-0xfedfffff:direct --reserved 4G-5G
check "ranges of an IOAS with a device" json "spans(i['valid_now']) == spans(a['valid_then']) ==
    [(0, 0xfedfffff), (0xfef00000, 2**39 - 1)]" -r fd --ioas 2 "${device[@]}"
check "all of 2^64" json "spans(a['valid_then']) == [(0, 2**64 - 1)] and a['verdict'] == 'succeeds'" \
    -r fd --at 1.5 --ioas 3 --reserved none --aperture 0-0xffffffffffffffff
check "each IOAS" json "[(x['ioas'], x['answers'][0]['verdict']) for x in d['ioases']] ==
    [(2, 'succeeds'), (3, 'fails')]" -r fd "${device[@]}"
check "one that fails is enough" status 4 attach -r fd "${device[@]}"
check "type1: an area outside the aperture" json "a['errno'] == 'EINVAL' and
    [c['area']['iova'] for c in a['conflicts']] == [2**39]" -r type1 "${device[@]}"
check "type1: what would be left" json "spans(a['valid_then']) == [(0x2000, 0xfedfffff),
    (0xfef00000, 2**39 - 1)] and a['verdict'] == 'succeeds'" -r type1 --at 0.5 "${msi[@]}" \
    --reserved 0-0x1fff:direct --aperture 0-0x7fffffffff

# ---- what is not known ----

check "an unknown aperture" json "a['verdict'] == 'unknown' and a['doubts'] == ['aperture'] and
    d['devices'][0]['aperture'] is None" -r fd --at 1.5 --ioas 3 "${msi[@]}"
check "an unknown aperture: status" status 1 attach -r fd --at 1.5 --ioas 3 "${msi[@]}"
check "an unknown aperture, and nothing mapped" status 0 attach -r fd --at 0.5 --ioas 3 "${msi[@]}"
check "unknown regions" json "a['doubts'] == ['regions'] and d['devices'][0]['regions'] is None" \
    -r fd --at 1.5 --ioas 3 --aperture 0-0x7fffffffff
check "lost events" json "a['verdict'] == 'unknown' and a['doubts'] == ['uncertain']" \
    -r lossy --ioas 2 "${device[@]}"
check "lost events: status" status 1 attach -r lossy "${device[@]}"

# ---- usage ----

check "nothing asked" status 2
check "nothing that can be predicted" status 2 detach 02:00.0
check "no device" status 2 attach -r fd
check "two devices" status 2 attach 02:00.0 03:00.0
check "a device and all" status 2 attach --any 02:00.0
for range in 1 1- -1 2-1 0x-1 0-0x1ffffffffffffffff 1-2:no-such-type 1-2: ''; do
    check "--reserved '$range'" status 2 attach -r fd --reserved "$range"
done
check "--aperture none" status 2 attach -r fd --aperture none
check "no such device" status 1 attach -r fd ffff:ff:1f.7
check "no such IOAS" status 1 attach -r fd --ioas 99 "${device[@]}"
check "no IOAS" status 0 attach -r empty "${device[@]}"

finish
