# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by kernel.sh: 6.12 with what finds mistakes of a kernel module (KASAN,
# lockdep, kmemleak, failing allocations), built by source.sh from Debian's source.

# The options of the row 7.x but for those that debug.config names, then these.
debug_config() {
    awk 'match($0, /CONFIG_[A-Z0-9_]+/) { name = substr($0, RSTART, RLENGTH) }
        NR == FNR { if (RSTART) own[name] = 1; lines = lines $0 "\n"; next }
        !RSTART || !(name in own)
        END { printf "%s", lines }' "$LAB_DIR/debug.config" "$LAB_DIR/7.x.config"
}

# Of the very version of the stock kernel, if apt knows it.
# shellcheck disable=SC2154 # row: kernel.sh's
debug_package() {
    apt-cache madison "linux-source-${row%%+*}" 2>/dev/null | awk 'NR == 1 { print $1 "=" $3 }'
}

# The folder of the row in $2, from package $1.
debug_row() {
    local package=$1 tmp=$2
    mkdir -p "$tmp/src" "$tmp/deb"
    echo "lab: fetching $package" >&2
    (cd "$tmp/deb" && apt-get -qq -o APT::Sandbox::User=root download "$package" >&2) ||
        die "cannot download $package"
    source_unpack "$tmp/deb" "$tmp/src"
    debug_config >"$tmp/config"
    source_row "$tmp" "$tmp/config"
}

# Prints the folder; the one it printed last time as long as the configuration
# is the same.
debug_kernel() {
    local hash package dir
    hash=$(debug_config | sha256sum | cut -c1-16)
    source_last "$hash" && return
    package=$(debug_package)
    [ -n "$package" ] || { update && package=$(debug_package); }
    [ -n "$package" ] || die "apt knows no linux-source-${row%%+*}: are Debian 12's security updates among its sources?"
    dir=$LAB_CACHE/kernels/$row-${package#*=}-$hash
    dir=${dir//\~/-}
    build_once "$dir" debug_row "$package"
    echo "$dir" | put "$LAB_CACHE/kernels/$row.current"
    echo "$dir"
}
