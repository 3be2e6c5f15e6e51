# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by kernel.sh: the newest 7.x kernel that Debian has, wherever in its
# archive, built by source.sh: with iommufd, which Debian's own leaves out.

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

newest_source() {
    local package=$1 src=$2 deb=$2.deb
    mkdir -p "$src" "$deb"
    echo "lab: fetching $package" >&2
    (cd "$deb" && newest_apt apt-get download "$package" >&2) || die "cannot download $package"
    source_unpack "$deb" "$src"
}

# The folder of the row in $2, from package $1.
newest_row() {
    newest_source "$1" "$2/src"
    source_row "$2" "$NEWEST_CONFIG"
}

# Prints the folder; the one it printed last time as long as the configuration
# is the same.
newest_kernel() {
    local hash package dir
    hash=$(sha256sum <"$NEWEST_CONFIG" | cut -c1-16)
    source_last "$hash" && return
    newest_update
    package=$(newest_package) || true
    [ -n "$package" ] || die "no suite has a linux-source-7.x"
    dir=$LAB_CACHE/kernels/$row-${package#*=}-$hash
    dir=${dir//\~/-}
    build_once "$dir" newest_row "$package"
    echo "$dir" | put "$LAB_CACHE/kernels/$row.current"
    echo "$dir"
}
