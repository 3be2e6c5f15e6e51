# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by kernel.sh: iommufd, and VFIO that knows it, as external modules for
# a stock kernel whose configuration leaves them out. The source is Debian's, of
# the very version of the kernel; nothing of it stays but the modules.

# What the stock configuration would have to say: to make, and to the compiler.
iommufd_make_args() {
    local c flags=''
    for c in CONFIG_IOMMUFD_MODULE CONFIG_IOMMUFD_DRIVER_MODULE CONFIG_VFIO_DEVICE_CDEV \
        CONFIG_INTERVAL_TREE_SPAN_ITER; do
        flags+=" -D$c=1"
    done
    printf '%s\n' CONFIG_IOMMUFD=m CONFIG_VFIO_DEVICE_CDEV=y CONFIG_VFIO_MDEV=m "KCFLAGS=${flags# }"
}

# The source package of the kernel package $1, unpacked as far as it is needed
# into $2: drivers/iommu/iommufd, drivers/vfio and the little around them.
iommufd_source() {
    local version source tar
    version=$(apt-cache show "$1" | sed -n 's/^Version: //p' | head -n 1)
    source=linux-source-${row%%+*}=$version
    echo "lab: fetching $source" >&2
    (cd "$2" && { apt-get -qq -o APT::Sandbox::User=root download "$source" ||
        { update && apt-get -qq -o APT::Sandbox::User=root download "$source"; }; } >&2) ||
        die "cannot download $source"
    dpkg-deb --fsys-tarfile "$2"/linux-source-*.deb | tar -x -C "$2" --wildcards './usr/src/*.tar.xz'
    rm "$2"/*.deb
    tar=$(echo "$2"/usr/src/*.tar.xz)
    tar -xJf "$tar" -C "$2" --strip-components=1 --wildcards '*/drivers/iommu/iommufd/*' \
        '*/drivers/iommu/iommu-priv.h' '*/drivers/vfio/*' '*/lib/interval_tree.c'
    rm -r "$2/usr"
}

# The span iterator of the interval tree is compiled out of the stock kernel,
# and so is the bitmap of IOVAs: both become parts of iommufd.ko.
iommufd_kbuild() {
    local src=$1
    cp "$src/lib/interval_tree.c" "$src/drivers/iommu/iommufd/interval_tree.c"
    cat >"$src/drivers/iommu/iommufd/span_iter.c" <<'END'
#include <linux/export.h>
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(symbol)
#include "interval_tree.c"
END
    echo 'iommufd-y += iova_bitmap.o span_iter.o' >>"$src/drivers/iommu/iommufd/Makefile"
    echo 'obj-m += drivers/iommu/iommufd/ drivers/vfio/' >"$src/Kbuild"
}

# The folder of the row in $tmp: as that of the stock kernel $1, with its modules
# and ours in their place.
iommufd_row() {
    local stock=$1 tmp=$2 src=$2/src version args ko
    version=$(cat "$stock/version")
    mkdir -p "$src"
    iommufd_source "$(basename "$stock")" "$src"
    iommufd_kbuild "$src"
    mapfile -t args < <(iommufd_make_args)
    echo "lab: building iommufd and vfio for $version" >&2
    make -C "$stock/build" M="$src" "${args[@]}" modules >"$tmp/build.log" 2>&1 || {
        tail -n 30 "$tmp/build.log" >&2
        die "building iommufd for $version failed"
    }
    cp -al "$stock/lib" "$tmp/lib"
    rm -r "$tmp/lib/modules/$version/kernel/drivers/vfio"
    find "$src" -name '*.ko' | while read -r ko; do
        install -D -m 0644 "$ko" "$tmp/lib/modules/$version/kernel/${ko#"$src"/}"
    done
    rm "$tmp/lib/modules/$version"/modules.*.bin
    /sbin/depmod -b "$tmp" "$version"
    cp "$stock/version" "$stock/vmlinuz" "$tmp/"
    ln -s "$stock/build" "$tmp/build"
    cp "$src/Module.symvers" "$tmp/"
    { printf '%s\n' "${args[@]}" && echo "KBUILD_EXTRA_SYMBOLS=$dir/Module.symvers"; } >"$tmp/make.args"
    rm -r "$src"
}
