#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: test_rules_doc.sh
# docs/rules.md says of each rule what user/core/rules.def does, and of each
# promise of the kernel where it is checked, or why it is not.
set -euo pipefail
cd "$(dirname "$0")/../.."

def=user/core/rules.def
page=docs/rules.md
. tests/check.sh

# Two texts are the same, line by line; "<" is only in the first.
same() {
    local lines
    [ -n "$1" ] || { echo "the first is empty" && return 1; }
    lines=$(diff <(echo "$1") <(echo "$2")) && return 0
    grep '^[<>]' <<<"$lines"
    return 1
}

# number|name|severity|backends|promises|statement, a line for each rule.
table() {
    tr '\n' ' ' <"$def" | grep -oE 'RULE\([0-9]+, [^)]*\)' |
        sed -E 's/RULE\(([0-9]+), [A-Z_]+, "([^"]*)", RULE_([A-Z]+), ([A-Z0-9_ |]+), "([^"]*)",\s*"([^"]*)"\)/\1|\2|\L\3\E|\4|\5|\6/' |
        sed -E 's/RULE_ALL/all/; s/RULE_FD/RULE_IOMMUFD | RULE_COMPAT/; s/RULE_([A-Z0-9]+)/\L\1/g' |
        awk -F'|' '{
            # The backends are joined by "|" too: name to severity are fields 2 and 3.
            backends = $4
            for (i = 5; i <= NF - 2; i++)
                backends = backends "," $i
            gsub(/ *, */, ", ", backends)
            printf "%02d|%s|%s|%s|%s|%s\n", $1, $2, $3, backends, $(NF - 1), $NF
        }'
}

rules=$(table)

# The same lines from the page.
described() {
    awk '/^### R-[0-9][0-9] / { number = substr($2, 3); name = $3; statement = ""; next }
        /^> / && number { statement = substr($0, 3); next }
        statement != "" && /^(error|warning|info|off); / {
            split($0, part, "; ")
            if (part[3] == "none")
                part[3] = ""
            printf "%s|%s|%s|%s|%s|%s\n", number, name, part[1], part[2], part[3], statement
            statement = ""
        }' "$page"
}

# Each entry has these, once.
has_parts() {
    awk -v parts="Source Judged Seen" '
        function finish(n, i) {
            n = split(parts, part, " ")
            for (i = 1; i <= n && title; i++)
                if (found[part[i]] != 1)
                    print title ": " part[i] ": " found[part[i]] + 0 " times"
            delete found
        }
        /^### R-/ { finish(); title = $2; next }
        /^## / { finish(); title = "" }
        /^- (Source|Judged|Seen): ./ { sub(/:/, "", $2); found[$2]++ }
        END { finish() }' "$page" | grep . && return 1
    return 0
}

# "I1: R-01 R-22", in the sequence of the promises, of those that have rules.
promised() {
    cut -d'|' -f1,5 <<<"$rules" | while IFS='|' read -r number promises; do
        for p in $promises; do
            echo "$p R-$number"
        done
    done | sort -V | awk '{ all[$1] = all[$1] " " $2; if (!seen[$1]++) order[++n] = $1 }
        END { for (i = 1; i <= n; i++) print order[i] ":" all[order[i]] }'
}

promise_rows() {
    sed -nE 's/^\| ([IT][0-9]+) \| .* \| ([^|]*) \|$/\1: \2/p' "$page"
}

numbers() {
    local i
    for i in $(seq 1 "$2"); do
        echo "$1$i"
    done
}

known_only() {
    local unknown
    unknown=$(comm -23 <(grep -oE 'R-[0-9]+' "$page" | sort -u) \
        <(cut -d'|' -f1 <<<"$rules" | sed 's/^/R-/' | sort -u))
    [ -z "$unknown" ] || { echo "$unknown" && return 1; }
}

has_reason() {
    grep -qE "^$1: none: .{20}" <<<"$(promise_rows)"
}

check "rules: $(wc -l <<<"$rules") of them are read" \
    same "$(grep -c '^RULE(' "$def")" "$(wc -l <<<"$rules")"
check "rules: what the page says of each" same "$rules" "$(described)"
check "rules: source, verdict and example of each" has_parts
check "rules: no others are named" known_only
check "promises: all, in order" same "$(numbers I 49 && numbers T 18)" "$(promise_rows | cut -d: -f1)"
check "promises: the rules of each" same "$(promised)" "$(promise_rows | grep -v ': none:')"
for p in $(promise_rows | sed -n 's/: none:.*//p'); do
    check "promises: why $p has no rule" has_reason "$p"
done
check "invariants across backends: all, in order" same "$(numbers '' 15)" \
    "$(sed -nE 's/^\| ([0-9]+) \| .* \| .* \|$/\1/p' "$page")"

finish
