#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: test_check.sh
# 'check -r' and 'trace -r' on recordings with known content: exit statuses,
# formats, messages. Needs no root and no kernel. $IOASCOPE is the tool.
set -euo pipefail
cd "$(dirname "$0")/../.."

tool=${IOASCOPE:-build/ioascope}
make --no-print-directory build/tests/make-recording >/dev/null
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. tests/check.sh

rec() {
    echo "$dir/$1.ioas"
}

# Runs the tool; standard output and error are in $dir/out and $dir/err.
run() {
    local status=0
    "$tool" "$@" >"$dir/out" 2>"$dir/err" || status=$?
    echo "$status"
}

# exits STATUS ARG...
exits() {
    local want=$1 got
    shift
    got=$(run "$@")
    [ "$got" = "$want" ] || { echo "exit status $got, not $want" && cat "$dir/out" "$dir/err" && return 1; }
}

# says PATTERN ARG...: on standard output; errs: on standard error.
says() {
    local pattern=$1
    shift
    run "$@" >/dev/null
    grep -qE -- "$pattern" "$dir/out" || { cat "$dir/out" && return 1; }
}

errs() {
    local pattern=$1
    shift
    run "$@" >/dev/null
    grep -qE -- "$pattern" "$dir/err" || { cat "$dir/err" && return 1; }
}

not() {
    ! "$@"
}

# Standard output has as many lines that match.
lines() {
    local want=$1 pattern=$2 got
    shift 2
    run "$@" >/dev/null
    got=$(grep -cE -- "$pattern" "$dir/out" || :)
    [ "$got" = "$want" ] || { echo "$got lines, not $want" && cat "$dir/out" && return 1; }
}

# holds EXPRESSION ARG...: python3, with a list `lines` of the JSON objects that
# were printed, a line each.
holds() {
    local expression=$1
    shift
    run "$@" >/dev/null
    python3 - "$dir/out" "$expression" <<'EOF'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert eval(sys.argv[2]), lines
EOF
}

# The same for a document as `root`: a whole JSON text, or XML.
document() {
    local kind=$1 expression=$2
    shift 2
    run "$@" >/dev/null
    python3 - "$dir/out" "$kind" "$expression" <<'EOF'
import json, sys
import xml.etree.ElementTree as et
root = json.load(open(sys.argv[1])) if sys.argv[2] == 'json' else et.parse(sys.argv[1]).getroot()
assert eval(sys.argv[3]), open(sys.argv[1]).read()
EOF
}

for scenario in $(build/tests/make-recording); do
    build/tests/make-recording "$scenario" "$(rec "$scenario")"
done
size=$(stat -c %s "$(rec many)")
head -c $((size * 6 / 10)) "$(rec many)" >"$(rec cut)"
head -c 20 "$(rec clean)" >"$(rec stump)"
cp "$(rec many)" "$(rec damaged)"
printf 'XXXX' | dd of="$(rec damaged)" bs=1 seek=$((size / 2)) conv=notrunc status=none
rules=$("$tool" check --list-rules | tail -n +2 | wc -l)

# ---- exit statuses and what is said ----

check "clean: status" exits 0 check -r "$(rec clean)"
check "clean: result" says '^result: clean$' check -r "$(rec clean)"
check "clean: rules were judged" says "^rules: $rules, [1-9][0-9]* judged at least once" check -r "$(rec clean)"
check "clean: unmaps" says '^unmaps: exact 2$' check -r "$(rec clean)"
check "clean: events and ops" says '^events: 26 \(10 ops, 1 of them failed\); areas: 2 added, 2 removed, 0 split$' \
    check -r "$(rec clean)"
check "clean: one context, none older" says '^contexts: 1$' check -r "$(rec clean)"
check "clean: nothing on standard error" not errs . check -r "$(rec clean)"
check "empty: status" exits 0 check -r "$(rec empty)"
check "empty: said" errs 'no events: nothing was checked' check -r "$(rec empty)"
check "older: status" exits 0 check -r "$(rec older)"
check "older: said" says '^  1 was older and was checked in part$' check -r "$(rec older)"

for rule in ioas-end context-end stream-known stream-op; do
    check "$rule: status" exits 4 check -r "$(rec $rule)"
    check "$rule: told" says "^R-[0-9]+ $rule \(error\): " check -r "$(rec $rule)"
    check "$rule: counted" says "^  R-[0-9]+ $rule +error +1$" check -r "$(rec $rule)"
    check "$rule: who" says '^  who    qemu<&>"x, pid 4242, tid 4243, uid 107$' check -r "$(rec $rule)"
    check "$rule: what led there" says '^ +0\.0000[0-9]+ type1 ' check -r "$(rec $rule)"
    check "$rule: allowed doubts change nothing" exits 4 check -r "$(rec $rule)" --allow-uncertain
done
check "ioas-end: when" says '^  when   0\.000016 s \(10000016000 ns\)$' check -r "$(rec ioas-end)"
check "ioas-end: where" says '^  where  type1 context 1, IOAS 2$' check -r "$(rec ioas-end)"
check "stream-known: neighbour" says '^      0x100000-0x10ffff 64K rw, area 1, 16 pages pinned$' \
    check -r "$(rec stream-known)"
check "stream-known: users" says '^  users  group 9$' check -r "$(rec stream-known)"
check "stale: warning and error" says '^violations: 2 \(1 error, 1 warning, 0 info\)$' check -r "$(rec stale)"
check "stale: overlapped area" says '^    \* 0x100000-0x10ffff 64K rw, area 1' check -r "$(rec stale)"
check "stale: a warning changes no status" exits 0 check -r "$(rec stale)" --rule map-over-stale=off
check "stale: severity of a rule" exits 4 check -r "$(rec stale)" --rule R-21=off --rule R-20=error
check "stale: quiet" lines 0 '^R-' check -r "$(rec stale)" -q
check "stale: quiet, summary" lines 1 '^violations: 2' check -r "$(rec stale)" -q

printf '[rules]\nR-21 = off\nunmap-short = info\n[check]\nuncertain = allow\n' >"$dir/policy"
printf '[rules]\nR-99 = off\n' >"$dir/bad-policy"
check "policy: status" exits 0 check -r "$(rec stale)" --policy "$dir/policy"
check "policy: severity" says '^  R-20 unmap-short +info +1$' check -r "$(rec stale)" --policy "$dir/policy"
check "policy: --rule counts more" exits 4 check -r "$(rec stale)" --rule R-20=error --policy "$dir/policy"
check "policy: uncertain = allow" exits 0 check -r "$(rec gap)" --policy "$dir/policy"
check "policy: bad" exits 2 check -r "$(rec stale)" --policy "$dir/bad-policy"
check "policy: bad, place" errs "$dir/bad-policy:2: " check -r "$(rec stale)" --policy "$dir/bad-policy"
check "policy: not there" exits 2 check -r "$(rec stale)" --policy "$dir/nothing"
for policy in policies/ci-strict.conf policies/observe.conf; do
    check "$policy can be read" exits 0 check --list-rules --policy "$policy"
done

check "gap: status" exits 1 check -r "$(rec gap)"
check "gap: no violation" lines 0 '^R-' check -r "$(rec gap)"
check "gap: said" errs 'uncertain: 1 events were dropped' check -r "$(rec gap)"
check "gap: since when" says '^  1 became uncertain, the first at 0\.000011 s$' check -r "$(rec gap)"
check "gap: allowed" exits 0 check -r "$(rec gap)" --allow-uncertain
check "gap: allowed, result" says '^result: clean as far as it could be judged$' check -r "$(rec gap)" --allow-uncertain
check "lost late: status" exits 1 check -r "$(rec lost-late)"
check "lost late: said" errs 'uncertain: events of contexts that are not known' check -r "$(rec lost-late)"
check "lost late: allowed" exits 0 check -r "$(rec lost-late)" --allow-uncertain
cp "$(rec clean)" "$(rec same)"
check "report over its recording: refused" exits 2 check -r "$(rec same)" -o "$(rec same)"
check "report over its recording: nothing happened to it" cmp "$(rec clean)" "$(rec same)"
ln -s same.ioas "$(rec link)"
check "record: a link is not replaced" errs 'symbolic link' record -o "$(rec link)" -- true
check "record: and still is one" test -L "$(rec link)"
check "gap elsewhere: status" exits 4 check -r "$(rec gap-elsewhere)"
check "unfinished: status" exits 1 check -r "$(rec unfinished)"
check "unfinished: said" errs 'not closed in good order' check -r "$(rec unfinished)"
check "unfinished: allowed" exits 0 check -r "$(rec unfinished)" --allow-uncertain
check "many: status" exits 0 check -r "$(rec many)"
for how in cut damaged; do
    check "$how: status" exits 1 check -r "$(rec $how)"
    check "$how: place" errs "$how\.ioas: .*byte [0-9]+" check -r "$(rec $how)"
    check "$how: what could be read is checked" says '^events: [1-9][0-9]{2,} ' check -r "$(rec $how)"
    check "$how: allowed" exits 0 check -r "$(rec $how)" --allow-uncertain
done
check "stump: status" exits 1 check -r "$(rec stump)"
check "no recording: status" exits 1 check -r tests/cli/test_check.sh
check "no file: status" exits 1 check -r "$dir/nothing"
check "no file: one line" errs '^ioascope: .*nothing' check -r "$dir/nothing"

# ---- hooks that the kernel lacked ----

check "no pin hook: said" errs 'rules not judged without vfio_pin_pages_remote: .*pin-all' check -r "$(rec no-pins)"
check "no pin hook: off" says '^rules: .* off' check -r "$(rec no-pins)"
check "no pin hook: no verdict on pins" exits 0 check -r "$(rec no-pins)"

# ---- usage ----

for args in "-r x -- true" "-r x --ring 4096" "-r x --areas 5" "--rule R-20" "--rule R-99=off" \
    "--rule R-20=loud" "--format html" "--list-rules --format tap" "x"; do
    # shellcheck disable=SC2086
    check "check $args: usage" exits 2 check $args
done
for args in "-r x -- true" "-r x --without f" "--backend bundled"; do
    # shellcheck disable=SC2086
    check "trace $args: usage" exits 2 trace $args
done
for args in "" "-o" "-o x --rotate-size 1" "-o x --rotate-time soon" "-o x --keep 3" "-o x y"; do
    # shellcheck disable=SC2086
    check "record $args: usage" exits 2 record $args
done
check "record: a folder that is not there" exits 1 record -o "$dir/no/file"
check "record: a folder as the file" exits 1 record -o "$dir"

# ---- formats ----

check "json: a line each" holds \
    '[x["kind"] for x in lines] == ["violation", "violation", "summary"] and all(x["schema"] == 1 for x in lines)' \
    check -r "$(rec stale)" --json
check "json: a violation" holds \
    'lines[1]["rule"] == "R-21" and lines[1]["severity"] == "error" and lines[1]["ioas"] == 2 and lines[1]["time_ns"] == 10000015000 and lines[1]["relative_ns"] == 15000 and (lines[1]["pid"], lines[1]["tid"], lines[1]["uid"]) == (4242, 4243, 107)' \
    check -r "$(rec stale)" --json
check "json: who" holds "lines[0]['comm'] == 'qemu<&>\"x'" check -r "$(rec stale)" --json
check "json: history ends with the event" holds \
    'lines[1]["history"][-1] == lines[1]["event"] and lines[1]["event"]["errno"] == "EEXIST"' \
    check -r "$(rec stale)" --json
check "json: around" holds \
    'lines[1]["around"]["areas"][0]["iova"] == 0x100000 and lines[1]["around"]["areas"][0]["overlaps"] and lines[1]["around"]["groups"] == [{"group": 9, "emulated": False}]' \
    check -r "$(rec stale)" --json
check "json: summary" holds \
    'lines[-1]["result"] == "violation" and lines[-1]["violations"] == {"info": 0, "warning": 1, "error": 1} and lines[-1]["by_rule"] == {"R-20": 1, "R-21": 1} and lines[-1]["rules"] == '"$rules" \
    check -r "$(rec stale)" --json
check "json: unmaps" holds 'lines[-1]["unmaps"]["exact"] == 2' check -r "$(rec clean)" --json
check "json: doubts" holds \
    'lines[-1]["result"] == "uncertain" and len(lines[-1]["doubts"]) == 3 and lines[-1]["uncertain_since_ns"] == 10000011000' \
    check -r "$(rec gap)" --json
check "json: unknown is null" holds 'lines[-1]["seen"] is None' check -r "$(rec unfinished)" --json
check "json: the rules" document json \
    'root["schema"] == 1 and len(root["rules"]) == '"$rules"' and root["rules"][0]["rule"] == "R-01" and root["rules"][0]["backends"] == ["type1", "iommufd", "compat", "bundled"]' \
    check --list-rules --json
check "the rules by policy" says '^R-21 +map-over-stale +off ' check --list-rules --policy "$dir/policy"

suite='root.find("testsuite")'
check "junit: numbers" document xml \
    "int($suite.get('tests')) == $((rules + 1)) == len($suite.findall('testcase'))" \
    check -r "$(rec stale)" --format junit
check "junit: one failure" document xml \
    "$suite.get('failures') == '1' == str(len($suite.findall('testcase/failure')))" \
    check -r "$(rec stale)" --format junit
check "junit: failure has the text" document xml \
    "'qemu<&>' in $suite.find('testcase/failure').text and 'map of' in $suite.find('testcase/failure').get('message')" \
    check -r "$(rec stale)" --format junit
check "junit: a warning is no failure" document xml \
    "[c.find('failure') for c in $suite.findall('testcase') if c.get('name') == 'R-20 unmap-short'] == [None]" \
    check -r "$(rec stale)" --format junit
check "junit: skipped" document xml \
    "int($suite.get('skipped')) == len($suite.findall('testcase/skipped')) > 0" \
    check -r "$(rec clean)" --format junit
check "junit: uncertain is a failure" document xml \
    "$suite.findall('testcase')[-1].get('name') == 'certainty' and $suite.findall('testcase')[-1].find('failure') is not None" \
    check -r "$(rec gap)" --format junit
check "junit: uncertain is none if allowed" document xml "$suite.get('failures') == '0'" \
    check -r "$(rec gap)" --format junit --allow-uncertain

check "tap: version and plan" lines 1 "^1\.\.$((rules + 1))$" check -r "$(rec stale)" --format tap
check "tap: first line" says '^TAP version 13$' check -r "$(rec stale)" --format tap
check "tap: a line each" lines "$((rules + 1))" '^(not )?ok [0-9]+ - ' check -r "$(rec stale)" --format tap
check "tap: numbers" says "^ok $((rules + 1)) - certainty$" check -r "$(rec clean)" --format tap
check "tap: failure" lines 1 '^not ok [0-9]+ - R-21 map-over-stale$' check -r "$(rec stale)" --format tap
check "tap: one failure only" lines 1 '^not ok' check -r "$(rec stale)" --format tap
check "tap: skipped" says '^ok [0-9]+ - .* # SKIP not judged$' check -r "$(rec stale)" --format tap
check "tap: off" lines 1 '# SKIP off$' check -r "$(rec stale)" --format tap --rule R-21=off
check "tap: uncertain" lines 1 '^not ok [0-9]+ - certainty$' check -r "$(rec gap)" --format tap

sarif='root["runs"][0]'
check "sarif: required" document json \
    "root['version'] == '2.1.0' and root['\$schema'] and len(root['runs']) == 1 and ${sarif}['tool']['driver']['name'] == 'ioascope'" \
    check -r "$(rec stale)" --format sarif
check "sarif: rules" document json \
    "len(${sarif}['tool']['driver']['rules']) == $rules and all(r['id'] and r['shortDescription']['text'] for r in ${sarif}['tool']['driver']['rules'])" \
    check -r "$(rec stale)" --format sarif
check "sarif: levels" document json "[r['level'] for r in ${sarif}['results']] == ['warning', 'error']" \
    check -r "$(rec stale)" --format sarif
check "sarif: results point at rules" document json \
    "all(${sarif}['tool']['driver']['rules'][r['ruleIndex']]['id'] == r['ruleId'] and r['message']['text'] for r in ${sarif}['results'])" \
    check -r "$(rec stale)" --format sarif
check "sarif: where" document json \
    "${sarif}['results'][0]['locations'][0]['logicalLocations'][0]['fullyQualifiedName'] == 'type1/context-1/ioas-2' and ${sarif}['results'][0]['properties']['iova'] == 0x101000" \
    check -r "$(rec stale)" --format sarif
check "sarif: clean" document json \
    "${sarif}['results'] == [] and ${sarif}['invocations'][0]['executionSuccessful'] and ${sarif}['properties']['result'] == 'clean'" \
    check -r "$(rec clean)" --format sarif
check "sarif: uncertain" document json \
    "not ${sarif}['invocations'][0]['executionSuccessful'] and ${sarif}['invocations'][0]['toolExecutionNotifications'][0]['message']['text']" \
    check -r "$(rec gap)" --format sarif

for format in text json junit tap sarif; do
    check "$format: same status" exits 4 check -r "$(rec stale)" --format $format
    check "$format: to a file" exits 4 check -r "$(rec stale)" --format $format -o "$dir/report"
    check "$format: nothing on standard output then" not grep -q . "$dir/out"
    check "$format: the file holds it" grep -q unmap-short "$dir/report"
    check "$format: a full disk" exits 1 check -r "$(rec clean)" --format $format -o /dev/full
    check "$format: uncertain" exits 1 check -r "$(rec gap)" --format $format
done

# ---- trace ----

check "trace: status" exits 0 trace -r "$(rec clean)"
check "trace: ops" lines 10 ' type1 ' trace -r "$(rec clean)"
check "trace: changes too" lines 26 ' type1 ' trace -r "$(rec clean)" --changes
check "trace: filter" lines 3 ' type1 ' trace -r "$(rec clean)" --op map
check "trace: other backend" lines 0 ' type1 ' trace -r "$(rec clean)" --backend iommufd
check "trace: times are relative" says '^ +0\.000011 type1 +2 map rw +0x100000-0x10ffff +64K ok ' trace -r "$(rec clean)"
check "trace: summary" errs '^ops: 10 \(1 failed\): open 1, .*map 3, unmap 2' trace -r "$(rec clean)"
check "trace: totals" errs 'seen 26 = submitted 26 \+ dropped 0' trace -r "$(rec clean)"
check "trace: totals of a gap" errs 'submitted 14 \+ dropped 1, .*never came 1' trace -r "$(rec gap)"
check "trace: count" lines 2 ' type1 ' trace -r "$(rec clean)" -c 2
check "trace: how an unmap met the areas" lines 2 ' unmap .* ok 64K, exact ' trace -r "$(rec clean)"
check "trace: why a map failed" says '^ +why: overlaps area #[0-9]+ 0x[0-9a-f]+-0x[0-9a-f]+ of pid 4242 uid 107$' trace -r "$(rec clean)"
check "trace: why an unmap left something" says '^ +why: nothing goes: begins inside area #[0-9]+ ' trace -r "$(rec stale)"
check "trace: why, as JSON" holds \
    '[(x.get("unmap"), x["why"]["certain"], [r["what"] for r in x["why"]["reasons"]]) for x in lines if "why" in x] == [("bisects", True, ["inside"]), (None, True, ["overlap"])]' \
    trace -r "$(rec stale)" --json
check "trace: json" holds 'len(lines) == 11 and lines[-1]["kind"] == "summary" and lines[-1]["received"] == 26 and lines[-1]["ring_full"] is None' \
    trace -r "$(rec clean)" --json
check "trace: an uncertain mark" holds \
    '[x["since_ns"] for x in lines if x["kind"] == "uncertain"] == [10000011000]' trace -r "$(rec gap)" --json --changes
check "trace: state" document json 'root["contexts"][0]["ioases"][0]["areas"][0]["iova"] == 0x100000' \
    trace -r "$(rec stale)" -q --state -
check "trace: cut" exits 1 trace -r "$(rec cut)"
check "trace: cut, place" errs 'cut\.ioas: .*byte [0-9]+' trace -r "$(rec cut)"
check "trace: cut, totals" errs 'it has no end' trace -r "$(rec cut)"
check "trace: cut, what can be read" says ' map rw ' trace -r "$(rec cut)"
ops=$(grep -cE '^\sIOAS_OP_[A-Z_]+ = [1-9]' include/ioascope/event.h)
kinds=$(grep -cE '^\sIOAS_EV_[A-Z_]+ = [1-9]' include/ioascope/event.h)
check "trace: every op as text" lines $((ops + 4)) ' type1 ' trace -r "$(rec kinds)"
check "trace: every kind as JSON" holds \
    "len({x['kind'] for x in lines}) == $((kinds + 1))"' and not any(None in (x["kind"], x.get("op", "")) for x in lines)' \
    trace -r "$(rec kinds)" --json --changes
# What the mirror has at the address, told beside the fault.
check "trace: a fault beside an area" says \
    ' type1 +2 +fault read +0x110000 +- +not mapped +- +0000:01:00\.0, reason 0x06 \(no read access\)$' trace -r "$(rec faults)"
check "trace: a fault where it is mapped" says ' fault write +0x100000 +- +mapped +- ' trace -r "$(rec faults)"
check "trace: a fault after the unmap" says \
    ' fault write +0x101000 +- +unmapped [0-9.]+us ago .*; unmapped by qemu<&>"x\[4243\]$' trace -r "$(rec faults)"
check "trace: faults that are not told" says ' none +- +fault +- +- +7 not told ' trace -r "$(rec faults)"
check "trace: faults are counted" errs '^faults: 4$' trace -r "$(rec faults)"
check "trace: faults as JSON" holds \
    '[(x["iova"], x["access"], x["mapped"], x.get("unmapped_by_pid")) for x in lines if x["kind"] == "fault" and "iova" in x] == \
    [(0x110000, "read", False, None), (0x100000, "write", True, None), (0x101000, "write", False, 4242)]' \
    trace -r "$(rec faults)" --json
check "trace: faults of a process" lines 3 ' fault ' trace -r "$(rec faults)" --pid 4242
check "trace: faults of nobody else" lines 0 ' fault ' trace -r "$(rec faults)" --pid 1
check "trace: a fault is no violation" exits 0 check -r "$(rec faults)"
check "show: stale memory" says \
    '^  stale: area 1 at 0x100000: 4K in VA 0x7f0000101000-0x7f0000101fff of pid 4242, moved' show -r "$(rec let-go)"
check "show: a stale area" says ' 64K +0 +stale +' show -r "$(rec let-go)"
check "show: stale memory as JSON" document json \
    '[(s["iova"], s["va"], s["last"], s["bytes"], s["cause"]) for c in root["contexts"] for i in c["ioases"] for s in i["stale"]] == \
    [(0x100000, 0x7f0000101000, 0x7f0000101fff, 4096, "moved")]' show --json -r "$(rec let-go)"
check "show: nothing stale" document json \
    'not any("stale" in i for c in root["contexts"] for i in c["ioases"])' show --json -r "$(rec stale)"
check "show: stale memory that was not told" says \
    '^  stale: of 1 areas not known, or not all: events were lost$' show -r "$(rec lost-memory)"
check "show: an area of which it is not known" says ' 64K +0 +maybe-stale +' show -r "$(rec lost-memory)"
check "show: not known as JSON" document json \
    '[(a["state"], i["stale_unknown"], "stale" in i) for c in root["contexts"] for i in c["ioases"] for a in i["areas"]] == \
    [("maybe-stale", 1, False)]' show --json -r "$(rec lost-memory)"
check "show: known, and not all of it" document json \
    '[(a["state"], i["stale_unknown"], len(i["stale"])) for c in root["contexts"] for i in c["ioases"] for a in i["areas"]] == \
    [("stale", 1, 1)]' show --json -r "$(rec let-go-and-lost)"
# The mark came 5 ms after the time from which it holds.
check "show: not known before it was told" says ' 64K +0 +maybe-stale +' show -r "$(rec lost-memory)" --at -0
check "trace: memory that was not told" holds 'any(x["kind"] == "memory-lost" and x["since_ns"] for x in lines)' \
    trace -r "$(rec lost-memory)" --changes --json
check "trace: the same as text" says '\+memory-lost +what processes let go of was lost' \
    trace -r "$(rec lost-memory)" --changes
check "check: nothing is broken by it" exits 0 check -r "$(rec lost-memory)"
check "trace: memory that is gone" says \
    '\+memory-gone +VA 0x7f0000101000-0x7f0000101fff of 4242 +4K +moved' trace -r "$(rec let-go)" --changes

# What cannot be run is known before anything is attached or written.
echo old >"$dir/old.ioas"
for command in /nonexistent/command no-such-command "$dir" "$dir/old.ioas"; do
    check "record: cannot run $(basename "$command")" exits 1 record -o "$dir/old.ioas" -- "$command"
    check "record: says so" errs 'cannot run' record -o "$dir/old.ioas" -- "$command"
done
check "record: the older file stays" [ "$(cat "$dir/old.ioas")" = old ]

finish
