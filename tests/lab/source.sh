# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by kernel.sh: a whole kernel, built from a source package of Debian with a
# small configuration of our own. Takes 15 to 40 minutes on two CPUs.

# The source of a linux-source package that lies in folder $1, into $2. The
# kernel's source has a folder usr of its own.
source_unpack() {
    local deb=$1 src=$2
    dpkg-deb --fsys-tarfile "$deb"/linux-source-*.deb | tar -x -C "$deb" --wildcards './usr/src/*.tar.xz'
    tar -xJf "$deb"/usr/src/*.tar.xz -C "$src" --strip-components=1
    rm -r "$deb"
}

# Our options, all of them, or what made kconfig refuse one.
source_configure() {
    local src=$1 out=$2 config=$3 line bad=''
    make -s -C "$src" O="$out" KCONFIG_ALLCONFIG="$config" allnoconfig >&2 ||
        die "this kernel cannot be configured"
    while read -r line; do
        grep -qxF "$line" "$out/.config" || bad+=" $line"
    done < <(grep '^CONFIG_' "$config")
    [ -z "$bad" ] || die "this kernel does not take:$bad"
}

source_build() {
    local src=$1 out=$2 log=$3
    echo "lab: building it, which takes a while" >&2
    make -s -C "$src" O="$out" -j"$(nproc)" bzImage modules >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        die "the build failed"
    }
}

# The folder of the row in $1, from the source in its folder src and the
# configuration $2: as that of a stock kernel.
source_row() {
    local tmp=$1 config=$2 src=$1/src out=$1/out version
    source_configure "$src" "$out" "$config"
    source_build "$src" "$out" "$tmp/build.log"
    version=$(cat "$out/include/config/kernel.release")
    make -s -C "$src" O="$out" INSTALL_MOD_PATH="$tmp" INSTALL_MOD_STRIP=1 modules_install >&2
    rm -f "$tmp/lib/modules/$version/"{build,source}
    make -s -C "$src" O="$out" run-command \
        KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build $tmp/build" >&2
    cp "$out/.config" "$tmp/build/.config"
    cp "$out/arch/x86/boot/bzImage" "$tmp/vmlinuz"
    echo "$version" >"$tmp/version"
    rm -r "$src" "$out"
}

# Prints the folder that was printed last time, if its configuration had the
# hash $1. LAB_REFRESH asks for the newest source again.
source_last() {
    local current=$LAB_CACHE/kernels/$row.current dir
    [ -z "${LAB_REFRESH:-}" ] && [ -f "$current" ] || return 1
    dir=$(cat "$current")
    [[ $dir = *-$1 && -d $dir ]] || return 1
    echo "$dir"
}
