#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/systems.md has every row, and each test and rule that it names exists.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/check.sh
doc=docs/systems.md

rows() {
    local last=(11 23 19 10 12) s n
    for s in 0 1 2 3 4; do
        for ((n = 1; n <= last[s]; n++)); do
            echo "$s.$n"
        done
    done
}

both_cells() { grep -Eq "^\| ${1/./\\.} \| [^|]+ \| [^|]+ \|\$" $doc; }
in_python() { grep -q "^def test_$2(" "tests/$1"/*.py; }

exists() {
    local name=${1#*:}
    case $1 in
    R-*) grep -q "^### $1 " docs/rules.md ;;
    type1:*) in_python type1 "$name" ;;
    iommufd:*) in_python iommufd "$name" ;;
    backend:*) grep -q "{ \"$name\", test_" tests/backend/main.c ;;
    unit:*) [ -e "tests/unit/test_$name.c" ] ;;
    cli:*) [ -e "tests/cli/test_$name.sh" ] ;;
    esac
}

for row in $(rows); do
    check "row $row" both_cells "$row"
done
check "each row once" test "$(grep -c '^| [0-9]' $doc)" = "$(rows | wc -l)"
for name in $(grep -o '`\(R-[0-9]*\|\(type1\|iommufd\|backend\|unit\|cli\):[^`][^`]*\)`' $doc | tr -d '`' | sort -u); do
    check "$name" exists "$name"
done
finish
