/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sysfs tells of a device that could be attached: its IOMMU group, the group's
 * reserved regions, and how far its IOMMU can address. Nothing here is said to the
 * operator: the caller gets the words.
 */
#ifndef IOASCOPE_LIVE_DEVICE_H
#define IOASCOPE_LIVE_DEVICE_H

#include <stdio.h>

#include "core/predict.h"

#define DEVICE_WHY 256 /* enough for what an error says */

struct device {
	struct predict_device desc; /* .regions is owned */
	struct predict_region *regions;
	char iommu[32]; /* "dmar0"; empty: not known */
};

/*
 * Finds a device by PCI address (0000:02:00.0, 02:00.0), VFIO character device (vfio0,
 * /dev/vfio/devices/vfio0), sysfs path, or its name on the bus of mediated devices, below
 * @sysfs (NULL: /sys). 0 and *out, for device_clear(); -ENODEV: there is none, or it is
 * behind no IOMMU; other -errno. On failure *out is untouched and @why tells.
 */
int device_find(const char *sysfs, const char *name, struct device *out, char why[DEVICE_WHY]);

/* NULL is fine. */
void device_clear(struct device *d);

/*
 * All devices that have an IOMMU group, but for PCI bridges, which nobody attaches, by
 * name. 0 and *out with *n, for device_clear_all(); -ENODEV: there is none.
 */
int device_all(const char *sysfs, struct device **out, size_t *n, char why[DEVICE_WHY]);
void device_clear_all(struct device *d, size_t n);

/* The IOMMU of a device by its name in sysfs. Returns @buf, empty if not known. */
char *device_iommu(const char *sysfs, const char *name, char *buf, size_t len);

/*
 * Lines of a group's reserved_regions: "0xFIRST 0xLAST TYPE". 0 and *out, for free(),
 * with *n; -EPROTO: not such lines; -ENOMEM.
 */
int device_parse_regions(FILE *in, struct predict_region **out, size_t *n);

/*
 * The last address that a VT-d unit translates, by its capability registers as
 * sysfs has them: true and *last. False where that depends on whether the kernel
 * uses scalable mode, which they do not tell.
 */
bool device_vtd_last(__u64 cap, __u64 ecap, __u64 *last);

#define _cleanup_device_ __attribute__((cleanup(device_clear)))

#endif
