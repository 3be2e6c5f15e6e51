/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways to pin memory, one interface: each slot holds one piece of memory or none. */
#ifndef POLICY_PINNER_H
#define POLICY_PINNER_H

#include <stdint.h>

#define SLOTS 64

struct way {
	const char *name;
	/* Opens what it needs; `device` names it. 0 or a negative errno. */
	int (*open)(const char *device);
	/* Pins `bytes` at `va` as slot number `slot`. 0 or a negative errno. */
	int (*map)(unsigned int slot, void *va, uint64_t bytes);
	int (*unmap)(unsigned int slot, uint64_t bytes);
};

extern const struct way way_type1, way_iommufd, way_uring, way_bundled;

/* Where a slot is in an I/O address space. */
static inline uint64_t slot_iova(unsigned int slot)
{
	return (4ULL + slot) << 30;
}

#endif
