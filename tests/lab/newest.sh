# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by kernel.sh: the newest 7.x kernel that Debian has, wherever in its
# archive, built from its source package with our own small configuration: with
# iommufd, which Debian's own leaves out. Takes 15 to 40 minutes on two CPUs.

NEWEST_CONFIG=$LAB_DIR/7.x.config
# Where newer kernels are. By its own name: a mirror may renew "stable-backports" late.
NEWEST_SUITES="unstable experimental trixie-backports"

# Runs "apt-get" or "apt-cache" with lists of its own: newer suites from where
# this machine gets its own one. Its own lists stay as they are.
newest_apt() {
    local prog=$1 lists=$LAB_CACHE/apt
    shift
    "$prog" -qq -o "Dir::Etc::sourcelist=$lists/sources.list" -o Dir::Etc::sourceparts=- \
        -o "Dir::State::lists=$lists/lists" -o "Dir::Cache=$lists/cache" \
        -o APT::Sandbox::User=root "$@"
}

# A suite that a mirror lacks is no error as long as one has a source package.
newest_update() {
    local lists=$LAB_CACHE/apt uri suite
    # shellcheck source=/dev/null disable=SC2016 # apt's own variables
    uri=$(. /etc/os-release && apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
        awk -v own="$VERSION_CODENAME" '$1 == own { print $2; exit }')
    [ -n "$uri" ] || die "apt has no source of this release, so none to derive that of a newer kernel from"
    mkdir -p "$lists/lists/partial" "$lists/cache"
    for suite in $NEWEST_SUITES; do
        echo "deb $uri $suite main"
    done >"$lists/sources.list"
    echo "lab: looking for a newer kernel" >&2
    newest_apt apt-get update >&2 || echo "lab: not all suites could be read" >&2
}

# "PACKAGE=VERSION", the newest; not what is not released yet.
newest_package() {
    local names
    names=$(newest_apt apt-cache pkgnames linux-source-7. | grep -x 'linux-source-7\.[0-9]*') || return 1
    # shellcheck disable=SC2086 # names have no spaces
    newest_apt apt-cache madison $names | awk '$3 !~ /~rc/ { print $1 "=" $3 }' | sort -t= -k2V | tail -n 1
}

# Our options, all of them, or what made kconfig refuse one.
newest_configure() {
    local src=$1 out=$2 line bad=''
    make -s -C "$src" O="$out" KCONFIG_ALLCONFIG="$NEWEST_CONFIG" allnoconfig >&2 ||
        die "this kernel cannot be configured"
    while read -r line; do
        grep -qxF "$line" "$out/.config" || bad+=" $line"
    done < <(grep '^CONFIG_' "$NEWEST_CONFIG")
    [ -z "$bad" ] || die "this kernel does not take:$bad"
}

# The kernel's source has a folder usr of its own.
newest_source() {
    local package=$1 src=$2 deb=$2.deb
    mkdir -p "$src" "$deb"
    echo "lab: fetching $package" >&2
    (cd "$deb" && newest_apt apt-get download "$package" >&2) || die "cannot download $package"
    dpkg-deb --fsys-tarfile "$deb"/linux-source-*.deb | tar -x -C "$deb" --wildcards './usr/src/*.tar.xz'
    tar -xJf "$deb"/usr/src/*.tar.xz -C "$src" --strip-components=1
    rm -r "$deb"
}

newest_build() {
    local src=$1 out=$2 log=$3
    echo "lab: building it, which takes a while" >&2
    make -s -C "$src" O="$out" -j"$(nproc)" bzImage modules >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        die "the build failed"
    }
}

# The folder of the row in $2, from package $1: as that of a stock kernel.
newest_row() {
    local package=$1 tmp=$2 src=$2/src out=$2/out version
    newest_source "$package" "$src"
    newest_configure "$src" "$out"
    newest_build "$src" "$out" "$tmp/build.log"
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

# Prints the folder; the one it printed last time as long as the configuration
# is the same.
newest_kernel() {
    local current=$LAB_CACHE/kernels/$row.current hash package dir
    hash=$(sha256sum <"$NEWEST_CONFIG" | cut -c1-16)
    if [ -z "${LAB_REFRESH:-}" ] && [ -f "$current" ]; then
        dir=$(cat "$current")
        if [[ $dir = *-$hash && -d $dir ]]; then
            echo "$dir"
            return
        fi
    fi
    newest_update
    package=$(newest_package) || true
    [ -n "$package" ] || die "no suite has a linux-source-7.x"
    dir=$LAB_CACHE/kernels/$row-${package#*=}-$hash
    dir=${dir//\~/-}
    build_once "$dir" newest_row "$package"
    echo "$dir" | put "$current"
    echo "$dir"
}
