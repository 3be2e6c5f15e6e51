#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: run.sh [--replay | --minimise] [TARGET...]
# Fuzzes each target (tests/fuzz/fuzz_TARGET.c) for $FUZZ_SECONDS (60), beginning
# with tests/fuzz/corpus/TARGET and seeds; what is found is in build/fuzz.
# --replay runs each file of the corpora once, without a fuzzer and with the
# compiler of the tests. --minimise puts back into the corpora what a run has
# found, as far as it reaches code that nothing smaller reaches.
set -euo pipefail
cd "$(dirname "$0")/../.."

CC=${CC:-gcc}
CLANG=${CLANG:-clang}
mode=fuzz
case ${1:-} in
--replay | --minimise) mode=${1#--} && shift ;;
-*) sed -n '3,9s/^# //p' "$0" && exit 2 ;;
esac
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for f in tests/fuzz/fuzz_*.c; do
        f=${f##*/fuzz_}
        targets+=("${f%.c}")
    done
fi

out=build/fuzz
mkdir -p "$out"
# Checksums keep a fuzzer out, see rec_crc_holds().
flags=(-std=gnu11 -D_GNU_SOURCE -g -O1 -Iinclude -Iuser -Itests/fuzz
    -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION -fno-sanitize-recover=all)
libs=(-lzstd -linih)
core=(user/core/*.c)

build_fuzzer() {
    "$CLANG" "${flags[@]}" -DFUZZ_MUTATE -fsanitize=fuzzer,address,undefined \
        "tests/fuzz/fuzz_$1.c" "${core[@]}" "${libs[@]}" -o "$out/$1"
}

build_replay() {
    "$CC" "${flags[@]}" -fsanitize=address,undefined tests/fuzz/replay.c \
        "tests/fuzz/fuzz_$1.c" "${core[@]}" "${libs[@]}" -o "$out/$1-replay"
}

make_seeds() {
    mkdir -p "$out"/seeds/{recording,event,policy,limits}
    "$CC" -std=gnu11 -D_GNU_SOURCE -Iinclude -Iuser -Itests/unit tests/fuzz/seeds.c \
        "${core[@]}" "${libs[@]}" -lcmocka -o "$out/seeds/make"
    "$out/seeds/make" "$out/seeds"
    cp policies/limits-*.conf "$out/seeds/limits"
    cp policies/ci-strict.conf policies/observe.conf "$out/seeds/policy"
}

fuzz() {
    mkdir -p "$out/corpus/$1" "tests/fuzz/corpus/$1"
    echo "== fuzzing $1 for ${FUZZ_SECONDS:-60} s"
    "$out/$1" -max_total_time="${FUZZ_SECONDS:-60}" -max_len=32768 -timeout=20 -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="$out/$1-" \
        "$out/corpus/$1" "tests/fuzz/corpus/$1" "$out/seeds/$1"
}

# What is kept reaches each edge that was ever reached by a short input (longer
# ones are cut), not each count of it: the corpora are to stay small.
minimise() {
    rm -rf "$out/merged" && mkdir -p "$out/merged" "$out/corpus/$1" "tests/fuzz/corpus/$1"
    "$out/$1" -set_cover_merge=1 -use_counters=0 -max_len=5000 "$out/merged" \
        "tests/fuzz/corpus/$1" "$out/corpus/$1" "$out/seeds/$1" >"$out/$1-merge.log" 2>&1
    rm -rf "tests/fuzz/corpus/$1"
    mv "$out/merged" "tests/fuzz/corpus/$1"
    echo "$1: $(find "tests/fuzz/corpus/$1" -type f | wc -l) files"
}

# An input that crashes ends the program: those behind it are run by another.
replay() {
    local files=("tests/fuzz/corpus/$1"/*) log=$out/$1-replay.log ran
    [ -e "${files[0]}" ] || { echo "not ok - $1: no corpus" && failed=$((failed + 1)) && return; }
    while [ ${#files[@]} -gt 0 ]; do
        if timeout 120 "$out/$1-replay" "${files[@]}" >"$log" 2>&1; then
            passed=$((passed + ${#files[@]}))
            return
        fi
        ran=$(grep -c '^tests/fuzz/corpus/' "$log") || ran=1
        echo "not ok - $1: ${files[ran - 1]}"
        sed 's/^/#   /' "$log" | grep -v '#   tests/fuzz' | head -20
        passed=$((passed + ran - 1)) failed=$((failed + 1))
        files=("${files[@]:ran}")
    done
}

passed=0 failed=0
[ "$mode" = replay ] || make_seeds
for target in "${targets[@]}"; do
    if [ "$mode" = replay ]; then
        build_replay "$target"
    else
        build_fuzzer "$target"
    fi
    "$mode" "$target"
done
if [ "$mode" = replay ]; then
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
fi
