#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: setup.sh [--check | --build-check]
# Installs with apt what Debian 12 needs to build and test ioascope.
# --check only says what is missing, --build-check what a build lacks.
set -euo pipefail

# libc6-dev: gcc only recommends it.
build=(gcc libc6-dev make pkg-config clang llvm libbpf-dev bpftool libelf-dev zlib1g-dev
    libsmartcols-dev uthash-dev libzstd-dev libinih-dev python3-docutils)
checks=(libcmocka-dev clang-format libclang-rt-14-dev valgrind shellcheck python3)
# The guest: an emulator, what its first root is made of and with, and programs
# that the scripts on both sides call.
lab=(qemu-system-x86 busybox-static cpio kmod xz-utils zstd util-linux procps)
# External modules: the compiler that built the kernels, what the programs of
# linux-kbuild link to and call (they are unpacked, not installed), and perl for
# the check of comments that W=1 makes.
modules=(gcc-12 libelf1 libssl3 zlib1g pahole perl)
# A whole kernel, that of the row 7.x.
kernel=(bc bison flex libssl-dev)

die() {
    echo "setup: $*" >&2
    exit 1
}

# Sets $missing to those of "$@" that are not installed. A package unknown to
# dpkg gets no line, and a status that does not count here.
find_missing() {
    local installed p
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null) || true
    missing=()
    for p in "$@"; do
        [[ $'\n'$installed$'\n' == *$'\n'"installed $p"$'\n'* ]] || missing+=("$p")
    done
}

# $1: advice to add. Without dpkg nothing can be told: the build will.
check() {
    local advice=$1
    shift
    command -v dpkg-query >/dev/null || exit 0
    find_missing "$@"
    [ ${#missing[@]} -eq 0 ] || die "missing packages: ${missing[*]}$advice"
}

# A source that cannot be reached may have nothing to do with these packages:
# only the installation decides.
apt_install() {
    local apt=(apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0)
    export DEBIAN_FRONTEND=noninteractive
    "${apt[@]}" update || echo "setup: apt-get update failed" >&2
    "${apt[@]}" install --no-install-recommends "$@"
}

install() {
    command -v apt-get >/dev/null || die "this machine has no apt; on Debian 12 the packages are: $*"
    find_missing "$@"
    if [ ${#missing[@]} -eq 0 ]; then
        echo "setup: everything is there"
        return
    fi
    [ "$(id -u)" -eq 0 ] || die "not root, cannot install: ${missing[*]}"
    echo "setup: installing: ${missing[*]}"
    apt_install "${missing[@]}" </dev/null || {
        echo "setup: trying once more" >&2
        sleep 3
        apt_install "${missing[@]}" </dev/null
    } || die "apt-get could not install: ${missing[*]}"
    find_missing "$@"
    [ ${#missing[@]} -eq 0 ] || die "still missing after the installation: ${missing[*]}"
}

all=("${build[@]}" "${checks[@]}" "${lab[@]}" "${modules[@]}" "${kernel[@]}")
case ${1:-} in
'') install "${all[@]}" ;;
--check) check '' "${all[@]}" ;;
--build-check) check '; run: make setup' "${build[@]}" ;;
*) sed -n 's/^# \(Usage:.*\)/\1/p' "$0" >&2 && exit 2 ;;
esac
