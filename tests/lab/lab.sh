#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
set -euo pipefail
. "$(dirname "$0")/common.sh"

usage() {
    cat <<'END'
Usage: lab.sh [OPTION]... [--] [COMMAND]
Boots a Debian kernel in QEMU with an emulated VT-d IOMMU and four edu DMA
devices, and runs COMMAND (a line for bash) inside, in this checkout; without
COMMAND, a shell. Exits with the command's status; 1 if the guest did not get
to the command or the kernel log is not clean, 124 on a time-out.

  -k KERNEL   6.1, 6.12, 6.12+iommufd or 7.x (default: $KERNEL, or 6.12)
  -m MEM      memory of the guest (default 3G)
  -t SECONDS  time-out (default 900; a shell has none)
  -e REGEX    a kernel message to expect; may be repeated
  -a WORDS    more words for the kernel's command line
  -E N=V      a variable for COMMAND; may be repeated
  -v          say where the logs are
  -h          this text

In the guest the host's files are there to read; what is written to them is
gone afterwards, but for $LAB_OUT, a folder that is kept as LOGS/out. Logs:
build/lab/logs, or $IOASCOPE_LOGS. $LAB_ACCEL (kvm or tcg) overrides what was
found to work; $LAB_TCG (single or multi) says how the latter emulates CPUs.

  lab.sh -k 6.1 -- 'tests/lab/guest/bind-edu && build/ioascope features'
END
}

kernel=${KERNEL:-6.12} mem=3G timeout=900 append='' verbose='' expected=() vars=()
while getopts k:m:t:e:a:E:vh opt; do
    case $opt in
    k) kernel=$OPTARG ;;
    m) mem=$OPTARG ;;
    t) [[ $OPTARG =~ ^[1-9][0-9]*$ ]] || die "-t wants whole seconds, not '$OPTARG'"
        timeout=$OPTARG ;;
    e) expected+=(-e "$OPTARG") ;;
    a) append+=" $OPTARG" ;;
    E) [[ $OPTARG = [A-Za-z_]*=* ]] || die "-E wants NAME=VALUE, not '$OPTARG'"
        vars+=("$OPTARG") ;;
    v) verbose=1 ;;
    h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))
cmd=$*
ulimit -c 0
qemu='' saved_tty=''
[ -n "$cmd" ] || [ -t 0 ] || die "a shell needs a terminal; without one, give a COMMAND"

command -v qemu-system-x86_64 >/dev/null || die "qemu-system-x86_64 is not installed: make setup"

# The guest ends with us, whatever ends us; see also --pdeathsig.
cleanup() {
    [ -z "$saved_tty" ] || stty "$saved_tty" || true
    [ -n "$qemu" ] || return 0
    kill "$qemu" 2>/dev/null || true
    wait "$qemu" 2>/dev/null || true
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What the guest reads and writes in folder $1, besides out/.
fill_logs() {
    mkdir -p "$1/out"
    chmod 1777 "$1/out"
    [ -z "$cmd" ] || printf '%s\n' "$cmd" >"$1/cmd"
    printf 'export %q\n' "LAB_TOP=$LAB_TOP" "${vars[@]}" >"$1/env"
    [ -n "$cmd" ] || printf 'LAB_TTY=%q\n' "$(stty size 2>/dev/null || echo 0 0)" >>"$1/env"
    : >"$1/output"
}

# The folder of this run; the last 20 are kept.
make_logs() {
    local root=${IOASCOPE_LOGS:-$LAB_TOP/build/lab/logs}
    mkdir -p "$root"
    logs=$(cd "$root" && pwd)/$(date +%Y%m%d-%H%M%S)-$kernel-$$
    fill_logs "$logs"
    (cd "$root" && find . -maxdepth 1 -name '2*-*-*' | LC_ALL=C sort | head -n -20 |
        xargs -r -d '\n' rm -rf)
}

# The functions below print options for QEMU, an argument per line.
edu_devices() {
    local i
    for i in 1 2 3 4; do
        # A root port each: an IOMMU group each.
        printf '%s\n' -device "pcie-root-port,id=rp$i,chassis=$i,slot=$i" \
            -device "edu,bus=rp$i,dma_mask=0xffffffffffffffff"
    done
}

# share NAME FOLDER OPTIONS: over 9p. remap, because otherwise file systems of
# the host that share inode numbers (/proc and /sys) are one and the same inside.
share() {
    printf '%s\n' -fsdev "local,id=$1,path=${2//,/,,},security_model=none,multidevs=remap$3" \
        -device "virtio-9p-pci,fsdev=$1,mount_tag=$1"
}

devices() {
    edu_devices
    share root / ,readonly=on
    share modules "$kdir/lib/modules/$version" ,readonly=on
    share lab "$1" ''
    printf '%s\n' -chardev "file,id=console,path=${1//,/,,}/console.log" -serial chardev:console
    [ -f "$1/cmd" ] || printf '%s\n' -chardev stdio,id=shell,signal=off -serial chardev:shell
}

# The whole kernel log goes to the first serial port, and nothing else does. An
# oops ends the guest at once, its text in the log. Emulated CPUs are slow and
# their host is shared: what counts as a stall must be longer than on hardware.
cmdline() {
    echo "console=ttyS0 ignore_loglevel intel_iommu=on iommu=nopt oops=panic panic=-1" \
        "watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120 no_timer_check" \
        "rcupdate.rcu_cpu_stall_suppress_at_boot=1$append"
}

# start_qemu ACCEL SECONDS LOGS: in the background, as $qemu. The guest is told
# to end when this script dies, by whatever means.
start_qemu() {
    local accel=$1 args
    [ "$accel" != tcg ] || accel=tcg,thread=${LAB_TCG:-single}
    mapfile -t args < <(devices "$3")
    setpriv --pdeathsig TERM timeout --foreground -k 5 "$2" qemu-system-x86_64 \
        -machine q35,kernel-irqchip=split -accel "$accel" -cpu max -smp 2 -m "$mem" \
        -nodefaults -no-user-config -display none -no-reboot \
        -device intel-iommu,intremap=on,caching-mode=on,aw-bits=48 "${args[@]}" \
        -kernel "$kdir/vmlinuz" -initrd "$initramfs" -append "$(cmdline)" \
        2>"$3/qemu.log" <&0 &
    qemu=$!
    started=$SECONDS
}

# Leaves QEMU's own status in $qemu_status. The shell would say it when a signal
# ended QEMU, as a kvm that does not work may do.
wait_qemu() {
    qemu_status=0
    wait "$qemu" 2>/dev/null || qemu_status=$?
    qemu=''
}

# /dev/kvm may exist and not work: only a boot tells. The answer holds as long
# as this host is up.
find_accel() {
    local answer
    answer=$LAB_CACHE/accel-$(cat /proc/sys/kernel/random/boot_id)
    accel=${LAB_ACCEL:-}
    case $accel in
    kvm | tcg) return ;;
    '') ;;
    *) die "LAB_ACCEL is kvm or tcg, not '$accel'" ;;
    esac
    if [ ! -f "$answer" ]; then
        accel=tcg
        if [ -w /dev/kvm ] && try_kvm; then
            accel=kvm
        fi
        rm -f "$LAB_CACHE"/accel-*
        echo "$accel" | put "$answer"
    fi
    accel=$(cat "$answer")
}

try_kvm() {
    local dir cmd=true status
    dir=$(mktemp -d)
    fill_logs "$dir"
    start_qemu kvm 25 "$dir" </dev/null
    wait_qemu
    status=$(cat "$dir/status" 2>/dev/null) || status=none
    rm -rf "$dir"
    [ "$status" = 0 ]
}

# The command's output comes as a file that grows.
run_command() {
    start_qemu "$accel" "$timeout" "$logs" </dev/null
    tail -f -c +1 -s 0.1 --pid="$qemu" "$logs/output" &
    follow=$!
    wait_qemu
    wait "$follow" || true
}

run_shell() {
    echo "lab: Linux $version; end the shell to power off" >&2
    saved_tty=$(stty -g)
    stty raw -echo
    start_qemu "$accel" 0 "$logs"
    wait_qemu
    stty "$saved_tty"
    saved_tty=''
}

fail() {
    echo "lab: $2; logs: $logs" >&2
    exit "$1"
}

check_log() {
    local taint
    taint=$(cat "$logs/tainted" 2>/dev/null) || taint=0
    "$LAB_DIR/check-log.sh" -t "$taint" "${expected[@]}" "$logs/console.log"
}

finish() {
    local status clean=0 when="before the command began"
    [ ! -f "$logs/started" ] || when="while the command ran"
    [ -f "$logs/console.log" ] || : >"$logs/console.log"
    check_log || clean=1
    # 137 may also be the host's out-of-memory killer.
    if [[ $qemu_status = @(124|137) && $((SECONDS - started)) -ge $timeout ]]; then
        fail 124 "timed out after ${timeout}s, $when"
    fi
    if [ ! -f "$logs/status" ]; then
        tail -q -n 5 "$logs/console.log" "$logs/qemu.log" >&2
        fail 1 "the guest ended $when"
    fi
    status=$(cat "$logs/status")
    [ "$clean" = 0 ] || fail 1 "the command's status was $status, but the kernel log is not clean"
    [ "$status" = 0 ] || fail "$status" "status $status"
    [ -z "$verbose" ] || echo "lab: status 0; logs: $logs" >&2
}

kdir=$("$LAB_DIR/kernel.sh" "$kernel")
version=$(cat "$kdir/version")
initramfs=$("$LAB_DIR/initramfs.sh" "$kernel")
make_logs
find_accel
echo "$accel" >"$logs/accel"
if [ -n "$cmd" ]; then
    run_command
else
    run_shell
fi
finish
