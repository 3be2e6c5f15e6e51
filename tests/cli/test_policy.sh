#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: test_policy.sh
# 'policy' on files with known content, for users that every host has: root, and
# one without a name. Needs no root and no kernel. $IOASCOPE is the tool.
set -euo pipefail
cd "$(dirname "$0")/../.."

tool=${IOASCOPE:-build/ioascope}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. tests/check.sh
nobody=4000000000 # a number that no file names

# prints STATUS PATTERN ARG...: the exit status, and a line of what is printed.
prints() {
    local want=$1 pattern=$2 out status=0
    shift 2
    out=$("$tool" policy "$@" 2>&1) || status=$?
    [ "$status" = "$want" ] || { echo "exit status $status, not $want: $out" && return 1; }
    grep -qE -- "$pattern" <<<"$out" || { echo "$out" && return 1; }
}

# json EXPRESSION ARG...: of the document as "d".
json() {
    local expression=$1
    shift
    "$tool" policy "$@" --json | python3 -c "import json, sys
d = json.load(sys.stdin)
assert $expression, d"
}

good=$dir/good.conf
cat >"$good" <<END
[policy]
mode = enforce
[user *]
pinned = 1G
mappings = 100
action = deny
[user $nobody]
pinned = 0
action = deny
errno = EPERM
backends = type1, iommufd
[cgroup /machine.slice]
pinned = 64G
action = kill
[group root]
exempt = yes
[cgroup /system.slice]
exempt = yes
END
sed 's/^pinned = 1G/pinned = 1GB/' "$good" >"$dir/unit.conf"
sed 's/enforce/audit/' "$good" >"$dir/audit.conf"
: >"$dir/empty.conf"

check "check: it can be used" prints 0 '^.*good.conf: mode enforce, 5 sections$' check "$good"
check "check: a section" prints 0 '^user \* +pinned at most 1G: deny EDQUOT; mappings at most 100: deny EDQUOT$' check "$good"
check "check: backends" prints 0 "^user $nobody +pinned at most 0 by type1, iommufd: deny EPERM$" check "$good"
check "check: exempt" prints 0 '^group root +exempt$' check "$good"
check "check: audit" prints 0 'audit \(deny, were the mode enforce\)' check "$dir/audit.conf"
check "check: file, line, field" prints 1 "unit.conf:4: pinned: '1GB' needs a unit" check "$dir/unit.conf"
check "check: an empty file is no policy" prints 1 'empty.conf:0: there is no section' check "$dir/empty.conf"
check "check: no such file" prints 1 'No such file' check "$dir/none.conf"
check "check: a folder" prints 1 'cannot be read' check "$dir"
check "check: json" json 'd["kind"] == "policy" and [s["line"] for s in d["sections"]] == [3, 7, 12, 15, 17]' check "$good"
check "check: json, values" json \
    'd["sections"][1]["pinned_bytes"] == 0 and d["sections"][1]["mappings"] is None and d["sections"][1]["backends"] == ["type1", "iommufd"]' \
    check "$good"
check "check: json, audit" json 'd["sections"][0]["action"] == "audit" and d["sections"][0]["errno"] is None' check "$dir/audit.conf"

check "explain: the user's own" prints 0 "pinned at most 0 by type1, iommufd: deny EPERM +\[user $nobody\], line 7" \
    explain "$good" --uid "$nobody"
check "explain: backends that it leaves to others" prints 0 'pinned at most 1G by bundled, other: deny EDQUOT +\[user \*\], line 3' \
    explain "$good" --uid "$nobody"
check "explain: what it leaves to others" prints 0 'mappings at most 100: deny EDQUOT +\[user \*\], line 3' \
    explain "$good" --uid "$nobody"
check "explain: exempt by group" prints 0 'exempt: .*\[group root\], line 15' explain "$good" --uid root
check "explain: cgroups above" prints 0 'all in /machine.slice together: pinned at most 64G: kill' \
    explain "$good" --uid "$nobody" --cgroup /machine.slice/vm1.scope
check "explain: exempt by cgroup" prints 0 'exempt: .*\[cgroup /system.slice\], line 17' \
    explain "$good" --uid "$nobody" --cgroup /system.slice/sshd.service
check "explain: cgroups not looked at" prints 0 'cgroups: not looked at' explain "$good" --uid "$nobody"
check "explain: a process" prints 0 "^user $(id -ru) " explain "$good" --pid $$
check "explain: json" json '[(p["max"], p["line"], p["backends"]) for p in d["pinned"]] == [(0, 7, ["type1", "iommufd"]), (1 << 30, 3, ["bundled", "other"])] and d["mappings"][0]["max"] == 100 and d["exempted_by"] is None' \
    explain "$good" --uid "$nobody"
check "explain: json, exempt" json 'd["exempted_by"]["name"] == "root" and d["pinned"] == []' explain "$good" --uid 0
check "explain: json, cgroups" json '[c["name"] for c in d["cgroups"]] == ["/machine.slice"]' \
    explain "$good" --uid "$nobody" --cgroup /machine.slice
check "explain: no such user" prints 1 "there is no user 'no-such-user'" explain "$good" --uid no-such-user
check "explain: no such number" prints 1 'is no number of a user' explain "$good" --uid 12x
check "explain: no such process" prints 1 '/proc/4194304/' explain "$good" --pid 4194304

check "usage: no action" prints 2 'an action is missing'
check "usage: unknown action" prints 2 "unknown action 'fly'" fly "$good"
check "usage: no file" prints 2 'A file is missing' check
check "usage: for whom" prints 2 'for whom' explain "$good"
check "usage: both" prints 2 'for whom' explain "$good" --uid 0 --pid 1
check "usage: a cgroup of a process" prints 2 'a process has a cgroup' explain "$good" --pid 1 --cgroup /x
check "usage: check has no --uid" prints 2 "are for 'explain'" check "$good" --uid 0
check "usage: a relative cgroup" prints 2 'no path of a cgroup' explain "$good" --uid 0 --cgroup x
check "usage: no cgroup" prints 2 'no path of a cgroup' explain "$good" --uid 0 --cgroup //machine.slice
check "usage: apply what" prints 2 'A file is missing' apply
check "usage: status has no file" prints 2 "unexpected argument" status "$good"
check "usage: --gate is for apply" prints 2 "are for 'apply'" check "$good" --gate x
check "usage: a strength" prints 2 'not audit, kill, ioctl or gate' apply "$good" --strength moon
check "usage: --follow is for status" prints 2 "is for 'status'" remove --follow
check "usage: apply has no --uid" prints 2 "are for 'explain'" apply "$good" --uid 0
check "usage: too much" prints 2 "unexpected argument 'x'" check "$good" x

finish
