#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: test_docs.sh
# The tool's help, the man pages, the completion and the event schema say the
# same. $IOASCOPE is the tool (default: build/ioascope).
set -euo pipefail
cd "$(dirname "$0")/../.."

tool=${IOASCOPE:-build/ioascope}
man=docs/man
schema=docs/event-schema.md
. tests/check.sh

# Two lists of words hold the same, in any order; "<" is only in the first.
same() {
    local lines
    [ -n "$1" ] || { echo "the first list is empty" && return 1; }
    lines=$(diff <(sort -u <<<"$1") <(sort -u <<<"$2")) && return 0
    grep '^[<>]' <<<"$lines"
    return 1
}

not() {
    ! "$@"
}

# Words of the completion for a command line; the last argument is being typed.
complete_words() (
    # shellcheck disable=SC1091
    . docs/completion/ioascope.bash
    COMP_WORDS=(ioascope "$@")
    COMP_CWORD=$#
    _ioascope
    printf '%s\n' "${COMPREPLY[@]}"
)

help_of() {
    "$tool" "$@" --help
}

commands() {
    "$tool" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# "-j, --json  text" and "--pid N  text", indented or not, to a line for each option.
option_names() {
    sed -nE 's/^ *((-[a-zA-Z], *)?--[a-z][a-z-]*).*/\1/p' | tr -s ', ' '\n'
}

help_options() {
    help_of "$@" | sed '/^Examples:/,$d' | option_names
}

page_options() {
    awk '/^OPTIONS$/ { on = 1; next } on && /^[A-Z ]+$/ { exit } on && /^-/' "$1" | option_names
}

# Options that a page mentions anywhere.
mentioned() {
    grep -oE -- '(^|[^-a-z])--[a-z][a-z-]*' "$1" | grep -oE -- '--[a-z-]+' | sort -u
}

known_only() {
    local unknown
    unknown=$(comm -23 <(mentioned "$1") <(sort -u <<<"$all_options"))
    [ -z "$unknown" ] || { echo "$unknown" && return 1; }
}

has() {
    grep -q -- "$1" "$2" || { echo "$2 lacks $1" && return 1; }
}

# A value that fits what the help calls it: "--pid N".
sample() {
    case $1 in
    N | PID | PATH) echo 1 ;;
    B) echo type1 ;;
    OP*) echo map ;;
    FILE) echo /dev/null ;;
    F) echo mm_lock_acct ;;
    SIZE) echo 65536 ;;
    AGE) echo 1h ;;
    FORMAT) echo json ;;
    R=SEVERITY) echo R-20=off ;;
    RANGE) echo 0-0xfff ;;
    ADDR | TIME) echo 0 ;;
    SOURCE) echo auto ;;
    A) echo r ;;
    NAME) echo 0000:01:00.0 ;;
    WHAT) echo user ;;
    USER*) echo root ;;
    S) echo gate ;;
    *) return 1 ;;
    esac
}

# Each option of the help, by its long and its short name, passes the parser.
options_accepted() {
    local command=$1 short long value args option
    while read -r short long value; do
        args=()
        if [ -n "$value" ]; then
            args=("$(sample "$value")") || { echo "no sample for $value" && return 1; }
        fi
        for option in "$short" "$long"; do
            [ "$option" = - ] || accepted "$command" "$option" "${args[@]}" || return 1
        done
    done < <(help_of "$command" | sed '/^Examples:/,$d' | sed -nE \
        's/^ *(-([a-zA-Z]), )?(--[a-z-]+)( ([A-Z][^ ]*))?( .*)?$/-\2 \3 \5/p')
}

has_examples() {
    help_of "$@" | grep -q '^Examples:'
}

accepted() {
    "$tool" "$@" --help >/dev/null
}

# IOAS_OP_SET_IOMMU of the header is "set-iommu".
enum_names() {
    sed -nE "s/^\t$1([A-Z_]+) = [0-9]+,.*/\1/p" include/ioascope/event.h |
        grep -v '^NONE$' | tr 'A-Z_' 'a-z-'
}

json_keys() {
    grep -ohE 'json_[a-z0-9]+\(&?j, "[a-z_0-9]+"' "$@" | sed -E 's/.*"(.*)"/\1/' | sort -u
}

# Each word that is read stands in the schema, marked as code.
described() {
    local word missing='' n=0
    while read -r word; do
        n=$((n + 1))
        grep -q "\`$word\`" "$schema" || missing+=" $word"
    done
    [ "$n" -gt 0 ] || { echo "no words found" && return 1; }
    [ -z "$missing" ] || { echo "not in $schema:$missing" && return 1; }
}

sections() {
    local s
    for s in SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES CAVEATS 'SEE ALSO'; do
        grep -qx "$s" "$1" || { echo "no section $s" && return 1; }
    done
}

keys_described() {
    json_keys "$@" | described
}

enum_described() {
    enum_names "$1" | described
}

all_options=$(help_options
    for c in $(commands); do help_options "$c"; done)

check "help exits with 0" accepted
check "help has examples" has_examples
check "no command is a usage error" not "$tool"
check "completion: commands" same "$(commands; help_options)" "$(complete_words '')"
check "ioascope.8: options" same "$(help_options)" "$(page_options $man/ioascope.8.rst)"
check "pages are of commands" same "$(commands)" \
    "$(find $man -name 'ioascope-*.8.rst' | sed 's|.*/ioascope-\(.*\)\.8\.rst|\1|')"

for c in $(commands); do
    page=$man/ioascope-$c.8.rst
    check "$c: help exits with 0" accepted "$c"
    check "$c: help has examples" has_examples "$c"
    check "$c: is in ioascope.8" has "ioascope-$c" $man/ioascope.8.rst
    check "$c: has a page" test -f "$page"
    [ -f "$page" ] || continue
    check "$c: options of the page" same "$(help_options "$c")" "$(page_options "$page")"
    check "$c: options of the completion" same "$(help_options "$c")" \
        "$(complete_words "$c" - | grep -vx -- --)"
    check "$c: accepts the options of the help" options_accepted "$c"
    check "$c: refuses an unknown option" not accepted "$c" --no-such-option
done

for page in "$man"/*.rst; do
    check "$(basename "$page"): sections" sections "$page"
    check "$(basename "$page"): mentions options that exist" known_only "$page"
    if command -v rst2man >/dev/null; then
        check "$(basename "$page"): converts" rst2man --strict "$page" /dev/null
    else
        echo "skip - $(basename "$page"): converts: no rst2man"
    fi
done

ops=$(complete_words trace --op '')
check "completion: ops" same "$(enum_names IOAS_OP_)" "$ops"
for op in $ops; do
    check "trace --op $op" accepted trace --op "$op"
done
check "trace --op with a list" accepted trace --op "$(paste -sd, <<<"$ops")"
check "trace --op refuses others" not accepted trace --op no-such-op
check "completion: second op of a list" same map,unmap "$(complete_words trace --op map,unm)"
check "completion: --op=" same unmap "$(complete_words trace --op = unm)"
for a in $(complete_words blame --access ''); do
    check "blame --access $a" accepted blame --access "$a"
done
check "blame --access refuses others" not accepted blame --access x
for b in $(complete_words trace --backend ''); do
    check "trace --backend $b" accepted trace --backend "$b"
done
check "trace --backend refuses others" not accepted trace --backend no-such-backend
for f in $(complete_words check --format ''); do
    check "check --format $f" accepted check --format "$f"
    check "check --format $f is in the page" has "\`\`$f\`\`" $man/ioascope-check.8.rst
done
check "check --format refuses others" not accepted check --format no-such-format
check "check --rule refuses others" not accepted check --rule no-such-rule=off
for s in $(complete_words show --from ''); do
    check "show --from $s" accepted show --from "$s"
    check "show --from $s is in the help" has "$s" <(help_of show)
done
check "show --from refuses others" not accepted show --from no-such-source
for w in '' --from\ kernel; do
    # shellcheck disable=SC2086
    check "completion: predict $w" same attach "$(complete_words predict $w '')"
done
check "predict refuses other words" not "$tool" predict no-such-thing
check "completion: files" same COPYING "$(complete_words trace --state COPY)"
check "completion: a program's arguments" same COPYING "$(complete_words trace -- cat COPY)"

check "schema: keys of trace" keys_described user/view/trace_json.c user/view/trace_summary.c
check "schema: keys of check" keys_described user/view/report.c user/view/report_json.c
check "schema: keys of show" keys_described user/view/show_json.c
check "schema: keys of lookup" keys_described user/view/lookup.c
check "schema: keys of blame" keys_described user/view/blame_json.c user/cli/blame_watch.c user/cli/blame_memory.c
check "schema: keys of holes" keys_described user/view/holes.c
check "schema: keys of aliases" keys_described user/view/aliases.c
check "schema: keys of diff" keys_described user/view/diff_json.c
check "schema: keys of predict" keys_described user/view/predict_json.c
check "completion: actions of policy" same "$(printf '%s\n' check explain apply status remove)" "$(complete_words policy '')"
for w in $(complete_words users --by ''); do
    check "users --by $w" accepted users --by "$w"
done
check "schema: keys of users" keys_described user/view/usage.c
check "schema: keys of policy" keys_described user/view/policy.c
check "schema: keys of policies that are applied" keys_described user/view/enforced_json.c
check "schema: keys of features" keys_described user/cli/features.c
check "schema: kinds" enum_described IOAS_EV_
check "schema: ops" enum_described IOAS_OP_
check "schema: counters" enum_described IOAS_COUNTER_

finish
