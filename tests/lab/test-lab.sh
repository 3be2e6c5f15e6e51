#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: test-lab.sh
# Tests of the lab itself, on $KERNEL (default 6.12): what it says about a run
# must be true before anything can be said about the tool.
set -euo pipefail
. "$(dirname "$0")/common.sh"

tmp=$(mktemp -d) probe=
trap 'rm -rf "$tmp" "$probe"' EXIT
export IOASCOPE_LOGS=$tmp/logs
lab=$LAB_DIR/lab.sh
passed=0 failed=0

# ok NAME COMMAND...: the test passes if the command does.
ok() {
    local name=$1
    shift
    if "$@" >"$tmp/why" 2>&1; then
        passed=$((passed + 1))
        echo "ok $((passed + failed)) - $name"
    else
        failed=$((failed + 1))
        echo "not ok $((passed + failed)) - $name"
        sed 's/^/# /' "$tmp/why"
    fi
}

# is WANT GOT
is() {
    [ "$1" = "$2" ] || { echo "want '$1', got '$2'" && return 1; }
}

# run OPTION... COMMAND: leaves $status, $tmp/stdout, $tmp/stderr and $logs.
run() {
    status=0
    "$lab" "$@" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null || status=$?
    logs=$(find "$IOASCOPE_LOGS" -mindepth 1 -maxdepth 1 | LC_ALL=C sort | tail -n 1)
}

said() {
    grep -qE "$1" "$tmp/stderr" || { cat "$tmp/stderr" && return 1; }
}

# log_is STATUS LINE [OPTION]...: check-log.sh's verdict on a log with LINE.
log_is() {
    local want=$1 got=0
    printf '[    0.000000] Linux version\n[    1.000000] %b\n[    2.000000] done\n' "$2" >"$tmp/log"
    shift 2
    "$LAB_DIR/check-log.sh" "$@" "$tmp/log" || got=$?
    is "$want" "$got"
}

# What cannot be judged is not clean.
test_check_log_use() {
    printf '[    1.1] WARNING: CPU: 0\n' >"$tmp/log"
    ok "a log that is not there" fails "$LAB_DIR/check-log.sh" "$tmp/log-of-nothing"
    ok "no log at all" fails "$LAB_DIR/check-log.sh" -t 0
    ok "an expectation that is no regex" fails "$LAB_DIR/check-log.sh" -e '(' "$tmp/log"
    ok "an empty expectation" fails "$LAB_DIR/check-log.sh" -e '' "$tmp/log"
}

fails() {
    ! "$@"
}

warning='------------[ cut here ]------------
[    1.1] WARNING: CPU: 0 PID: 9 at drivers/a.c:7 some_function+0x1/0x2 [a]
[    1.1] CPU: 0 PID: 9 Comm: x Tainted: G           OE      6.1.0
[    1.1] RIP: 0010:some_function+0x1/0x2 [a]
[    1.1] Call Trace:
[    1.1]  <TASK>
[    1.1] ---[ end trace 0000000000000000 ]---'

test_check_log() {
    local w="$warning"
    ok "a quiet log is clean" log_is 0 'DMAR: IOMMU enabled'
    ok "DMA faults are for the tests to judge" log_is 0 'DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0x1000'
    ok "the kernel's own options are no report" log_is 0 'Kernel command line: oops=panic rcupdate.rcu_cpu_stall_timeout=120'
    ok "nor is what stands for a stall's time" log_is 0 'rcu: RCU CPU stall warnings timeout set to 120 (rcu_cpu_stall_timeout).'
    ok "nor is debugging" log_is 0 'x: DEBUG: all is well'
    ok "a warning" log_is 1 "$w"
    ok "a warning that is expected, with its trace" log_is 0 "$w" -e 'WARNING: .*some_function'
    ok "another warning than expected" log_is 1 "$w" -e 'WARNING: .*other_function'
    ok "a second warning next to the expected one" log_is 1 "$w\n${w//some_/new_}" -e 'some_function'
    ok "a trace of its own next to an expected warning" log_is 1 "$w\n[    3.0] Call Trace:" -e 'some_function'
    ok "an oops" log_is 1 'Oops: 0000 [#1] PREEMPT SMP NOPTI'
    ok "a BUG" log_is 1 'BUG: kernel NULL pointer dereference, address: 0000000000000008'
    ok "a BUG at" log_is 1 'kernel BUG at mm/slub.c:1!'
    ok "a panic" log_is 1 'Kernel panic - not syncing: sysrq triggered crash'
    ok "a general protection fault" log_is 1 'general protection fault, probably for non-canonical address 0x1'
    ok "a soft lockup" log_is 1 'watchdog: BUG: soft lockup - CPU#0 stuck for 120s!'
    ok "an RCU stall" log_is 1 'rcu: INFO: rcu_preempt self-detected stall on CPU'
    ok "a hung task" log_is 1 'INFO: task cat:7 blocked for more than 120 seconds.'
    ok "a sanitizer" log_is 1 'UBSAN: array-index-out-of-bounds in a.c:1'
    ok "a reference count" log_is 1 'refcount_t: underflow; use-after-free.'
    ok "taint O and E" log_is 0 'quiet' -t 12288
    ok "taint W" log_is 1 'quiet' -t 512
    ok "taint W where no warning was seen" log_is 1 'quiet' -t 512 -e 'some_function'
    ok "taint W of an expected warning" log_is 0 "$w" -t 12800 -e 'some_function'
    ok "taint D is never allowed" log_is 1 "$w" -t 128 -e 'some_function'
}

# Every byte, a size that is no multiple of any buffer, and no last newline.
bytes='import sys; sys.stdout.buffer.write(bytes(range(256)) * 1001 + b"end")'

# What the guest finds out goes to $LAB_OUT, a file for each question.
# shellcheck disable=SC2016 # the guest's shell expands it
questions='
pwd >"$LAB_OUT/top"
cd "$LAB_OUT"
tty -s <&1 && echo yes >tty
uname -r >version
ls /sys/class/iommu >iommu
grep -o "^vfio[a-z0-9_]*" /proc/modules >vfio_before
setpriv --reuid nobody --regid nogroup --clear-groups sh -c "id -un; cat /sys/kernel/tracing/trace" >nobody 2>&1
setpriv --reuid nobody --regid nogroup --clear-groups touch nobody_file
"$LAB_TOP"/tests/lab/guest/bind-edu >bound
"$LAB_TOP"/tests/lab/guest/bind-edu >bound_again
modinfo -F filename vfio >modinfo
ls -d /dev/vfio/[0-9]* | wc -l >vfio_files
echo "$GREETING" >variable
touch /usr/written_in_the_guest && echo guest >"$PROBE" && cat "$PROBE" >probe
ls /sys/kernel/btf/vmlinux /sys/fs/bpf /sys/kernel/tracing/events >/dev/null && echo yes >mounts
unshare -Urm true && echo yes >userns
echo text >/dev/stderr; python3 -c "$BYTES" | cat
exit 7'

answers() {
    (cd "$logs/out" && cat "$@")
}

test_guest() {
    # Beside the checkout: not every folder of the host is one in the guest.
    probe=$(mktemp "$LAB_TOP/build/lab/probe.XXXXXX")
    echo host >"$probe"
    run -E "PROBE=$probe" -E "GREETING=a 'b' \$c"$'\n'd -E "BYTES=$bytes" -- "$questions"
    ok "the command's status is ours" is 7 "$status"
    ok "a failure says where the logs are" said 'status 7; logs: '
    { echo text && python3 -c "$bytes"; } >"$tmp/want"
    ok "the command's output is ours, byte by byte" cmp "$tmp/want" "$tmp/stdout"
    ok "its output is no terminal" [ ! -e "$logs/out/tty" ]
    ok "LAB_OUT is kept" is "$(cat "$("$LAB_DIR/kernel.sh" "${KERNEL:-6.12}")/version")" "$(answers version)"
    ok "the kernel log is kept" grep -q 'Linux version' "$logs/console.log"
    ok "the accelerator is kept" grep -qE '^(kvm|tcg)' "$logs/accel"
    ok "there is an IOMMU" is dmar0 "$(answers iommu)"
    ok "VFIO is not loaded at first" is '' "$(answers vfio_before)"
    ok "four edu devices" is 4 "$(answers bound | wc -l)"
    ok "in groups of their own" is 4 "$(answers bound | cut -d' ' -f2 | sort -u | wc -l)"
    ok "bound to VFIO" is 4 "$(answers vfio_files)"
    ok "binding again changes nothing" is "$(answers bound)" "$(answers bound_again)"
    ok "the modules are the guest's" grep -q "$(answers version)/kernel" "$logs/out/modinfo"
    ok "an unprivileged user is one" grep -qx nobody "$logs/out/nobody"
    ok "and is refused" grep -q 'Permission denied' "$logs/out/nobody"
    ok "and may write to LAB_OUT" [ -e "$logs/out/nobody_file" ]
    ok "variables reach the guest" is "a 'b' \$c"$'\n'd "$(answers variable)"
    ok "the checkout lies where it lies here" is "$LAB_TOP" "$(answers top)"
    ok "BTF, BPF and trace file systems" is yes "$(answers mounts)"
    ok "user namespaces" is yes "$(answers userns)"
    ok "the guest may write anywhere" is guest "$(answers probe)"
    ok "the host's files stay as they are" is host "$(cat "$probe")"
    ok "and it gets none" [ ! -e /usr/written_in_the_guest ]
}

test_warning() {
    local cmd='echo "<4>WARNING: the lab tests itself" >/dev/kmsg; echo said'
    run -- "$cmd"
    ok "a warning fails a run that went well" is 1 "$status"
    ok "and is shown" said 'WARNING: the lab tests itself'
    run -v -e 'WARNING: the lab' -- "$cmd"
    ok "a warning that is declared does not" is 0 "$status"
    ok "-v says where the logs are" said 'status 0; logs: '
    ok "the message is not in the output" is said "$(cat "$tmp/stdout")"
}

test_death() {
    run
    ok "no command and no terminal is refused" is 1 "$status"
    run -t 1 -- true
    ok "a time-out" is 124 "$status"
    ok "says so" said 'timed out after 1s, before the command began'
    run -- 'echo before; sleep 0.3; echo c >/proc/sysrq-trigger; sleep 60; echo after'
    ok "a kernel that dies" is 1 "$status"
    ok "is shown" said 'Kernel panic'
    ok "with the output up to there" is before "$(cat "$tmp/stdout")"
}

# The odd amount of memory tells the guest from those of other runs.
guest_runs() {
    local p
    for p in /proc/[0-9]*/cmdline; do
        { tr '\0' ' ' <"$p"; } 2>/dev/null | grep -q '^qemu-system-x86_64 .*-m 1025M' && return 0
    done
    return 1
}

# within_10s COMMAND...
within_10s() {
    local end=$((SECONDS + 10))
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

no_guest() {
    ! guest_runs
}

# Whatever ends lab.sh ends the guest.
test_kill() {
    local pid signal
    for signal in TERM KILL; do
        "$lab" -m 1025M -- 'sleep 100' >"$tmp/stdout" 2>"$tmp/stderr" </dev/null &
        pid=$!
        ok "a guest runs" within_10s guest_runs
        kill -s "$signal" "$pid"
        wait "$pid" 2>/dev/null || true
        ok "it ends with SIG$signal" within_10s no_guest
    done
}

mkdir -p "$LAB_TOP/build/lab"
test_check_log
test_check_log_use
test_guest
test_warning
test_death
test_kill
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
