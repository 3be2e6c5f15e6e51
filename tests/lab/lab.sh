#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
set -euo pipefail
. "$(dirname "$0")/common.sh"

usage() {
    cat <<'END'
Usage: lab.sh [OPTION]... [--] [COMMAND]
Boots a Debian kernel in QEMU with an emulated VT-d IOMMU and four edu DMA
devices, and runs COMMAND (a line for bash) inside, on this checkout; without
COMMAND, a shell. Exits with the command's status; 1 if the kernel log is not
clean, 124 on a time-out.

  -k KERNEL   6.1 or 6.12 (default: $KERNEL, or 6.12)
  -m MEM      memory of the guest (default 3G)
  -t SECONDS  time-out (default 900)
  -e REGEX    a kernel message to expect; may be repeated
  -a WORDS    more words for the kernel's command line
  -E N=V      a variable for COMMAND; may be repeated
  -v          say where the logs are
  -h          this text

In the guest $LAB_OUT is a folder that is kept: LOGS/out. Logs: build/lab/logs,
or $IOASCOPE_LOGS. $LAB_ACCEL (kvm or tcg) overrides what was found to work.

  lab.sh -k 6.1 -- 'tests/lab/guest/bind-edu && build/ioascope features'
END
}

kernel=${KERNEL:-6.12} mem=3G timeout=900 append='' verbose='' expected=() vars=()
while getopts k:m:t:e:a:E:vh opt; do
    case $opt in
    k) kernel=$OPTARG ;;
    m) mem=$OPTARG ;;
    t) timeout=$OPTARG ;;
    e) expected+=(-e "$OPTARG") ;;
    a) append=$OPTARG ;;
    E) vars+=("$OPTARG") ;;
    v) verbose=1 ;;
    h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))
cmd=$*

command -v qemu-system-x86_64 >/dev/null || die "qemu-system-x86_64 is not installed: make setup"

# The folder of this run; the last 20 are kept.
make_logs() {
    local root=${IOASCOPE_LOGS:-$LAB_TOP/build/lab/logs}
    logs=$root/$(date +%Y%m%d-%H%M%S)-$kernel-$$
    mkdir -p "$logs/out"
    # shellcheck disable=SC2012
    ls -d "$root"/2* 2>/dev/null | head -n -20 | xargs -r rm -rf
    printf '%s\n' "$PWD" >"$logs/dir"
    [ "${#vars[@]}" -eq 0 ] || printf 'export %q\n' "${vars[@]}" >"$logs/env"
    touch "$logs/env"
    if [ -n "$cmd" ]; then
        printf '%s\n' "$cmd" >"$logs/cmd"
    else
        touch "$logs/interactive"
    fi
}

edu_devices() {
    local i
    for i in 1 2 3 4; do
        # A root port each: an IOMMU group each.
        echo "-device pcie-root-port,id=rp$i,chassis=$i,slot=$i"
        echo "-device edu,bus=rp$i,dma_mask=0xffffffffffffffff"
    done
}

# Emulated CPUs are slow and their host is shared: what counts as a stall must
# be longer than on hardware. An oops ends the guest at once.
cmdline() {
    echo "console=ttyS0 loglevel=5 intel_iommu=on iommu=nopt oops=panic panic=-1" \
        "watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120 no_timer_check $append"
}

run_qemu() {
    local accel=$1 seconds=$2 serial=$3
    # shellcheck disable=SC2046
    timeout --foreground -k 5 "$seconds" qemu-system-x86_64 \
        -machine q35,kernel-irqchip=split -accel "$accel" -cpu max -smp 2 -m "$mem" \
        -nodefaults -no-user-config -display none -no-reboot \
        -device intel-iommu,intremap=on,caching-mode=on,aw-bits=48 \
        $(edu_devices) \
        -fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap \
        -device virtio-9p-pci,fsdev=root,mount_tag=root \
        -fsdev "local,id=modules,path=$kdir/lib/modules/$version,security_model=none,readonly=on" \
        -device virtio-9p-pci,fsdev=modules,mount_tag=modules \
        -fsdev "local,id=lab,path=$logs,security_model=none" \
        -device virtio-9p-pci,fsdev=lab,mount_tag=lab \
        -chardev "file,id=console,path=$logs/console.log" -serial chardev:console \
        -chardev "$serial" -serial chardev:cmd \
        -kernel "$kdir/vmlinuz" -initrd "$initramfs" -append "$(cmdline)"
}

tcg=tcg,thread=multi

# /dev/kvm may exist and not work: only a boot tells. The answer holds as long
# as this host is up.
find_accel() {
    local answer=$LAB_CACHE/kvm-$(cat /proc/sys/kernel/random/boot_id)
    case ${LAB_ACCEL:-} in
    kvm) accel=kvm && return ;;
    tcg) accel=$tcg && return ;;
    esac
    if [ ! -f "$answer" ]; then
        accel=$tcg
        if [ -w /dev/kvm ] && try_kvm; then
            accel=kvm
        fi
        rm -f "$LAB_CACHE"/kvm-*
        echo "$accel" >"$answer"
    fi
    accel=$(cat "$answer")
}

try_kvm() {
    local saved_logs=$logs ok=1
    logs=$(mktemp -d)
    mkdir "$logs/out"
    echo / >"$logs/dir"
    touch "$logs/env"
    echo true >"$logs/cmd"
    run_qemu kvm 25 null,id=cmd >"$logs/qemu.log" 2>&1 </dev/null || true
    [ "$(cat "$logs/status" 2>/dev/null)" = 0 ] && ok=0
    rm -rf "$logs"
    logs=$saved_logs
    return $ok
}

finish() {
    local status=$1 taint
    if [ "$status" -ge 124 ] && [ ! -f "$logs/status" ]; then
        echo "lab: timed out after ${timeout}s; logs: $logs" >&2
        exit 124
    fi
    taint=$(cat "$logs/tainted" 2>/dev/null || echo 0)
    if ! "$LAB_DIR/check-log.sh" -t "$taint" "${expected[@]}" "$logs/console.log" \
        $([ -f "$logs/kernel.log" ] && echo "$logs/kernel.log"); then
        echo "lab: logs: $logs" >&2
        exit 1
    fi
    if [ ! -f "$logs/status" ]; then
        echo "lab: the guest ended without running the command; logs: $logs" >&2
        tail -n 5 "$logs/console.log" "$logs/qemu.log" >&2
        exit 1
    fi
    status=$(cat "$logs/status")
    [ -z "$verbose" ] && [ "$status" -eq 0 ] || echo "lab: status $status; logs: $logs" >&2
    exit "$status"
}

kdir=$("$LAB_DIR/kernel.sh" "$kernel")
version=$(cat "$kdir/version")
initramfs=$("$LAB_DIR/initramfs.sh" "$kernel")
make_logs
find_accel
echo "$accel" >"$logs/accel"
status=0
if [ -n "$cmd" ]; then
    run_qemu "$accel" "$timeout" stdio,id=cmd,signal=off 2>"$logs/qemu.log" </dev/null || status=$?
else
    saved=$(stty -g 2>/dev/null || true)
    [ -z "$saved" ] || stty raw -echo
    run_qemu "$accel" 100000 stdio,id=cmd,signal=off 2>"$logs/qemu.log" || status=$?
    [ -z "$saved" ] || stty "$saved"
fi
finish "$status"
