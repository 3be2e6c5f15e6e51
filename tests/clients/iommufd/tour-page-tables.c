// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables that the kernel refuses: drivers/iommu/iommufd/hw_pagetable.c, and where it asks the
 * driver, intel_iommu_domain_alloc_user(). The emulated VT-d of the lab neither nests translations
 * nor tracks what devices write, so those are among them.
 */
#include <errno.h>

#include "tour.h"

static void tour_hwpt(struct tour *t, const char *what, uint32_t device, uint32_t pt,
		      uint32_t flags, const struct fd_hwpt_data *data, int want)
{
	uint32_t hwpt = 0;

	tour_check(t, what, fd_hwpt_data(&t->s->fd, device, pt, flags, data, &hwpt), want);
}

/* Newer kernels look for the object that is to hear of the faults first, and it is not named. */
static void tour_faults(struct tour *t, uint32_t dev, uint32_t ioas)
{
	const struct fd_hwpt_data none = { .type = 0 };
	uint32_t hwpt = 0;
	int ret = fd_hwpt_data(&t->s->fd, dev, ioas, FD_HWPT_FAULT, &none, &hwpt);

	tour_check(t, "with faults", ret, ret == -ENOENT ? ret : -EOPNOTSUPP);
}

/* A page table for a nested one, and one inside of what may not be one's parent. */
static void tour_nesting(struct tour *t, uint32_t ioas, uint32_t hwpt)
{
	static const uint64_t stage1[4];
	const struct fd_hwpt_data none = { .type = 0 };
	const struct fd_hwpt_data data = { FD_HWPT_DATA_VTD_S1, sizeof(stage1), stage1 };
	uint32_t dev = t->s->devices[0].id;

	tour_hwpt(t, "a parent", dev, ioas, FD_HWPT_NEST_PARENT, &none, -EOPNOTSUPP);
	tour_hwpt(t, "nested in an IOAS", dev, ioas, 0, &data, -EOPNOTSUPP);
	tour_hwpt(t, "nested in no parent", dev, hwpt, 0, &data, -EINVAL);
	tour_hwpt(t, "nested parent", dev, hwpt, FD_HWPT_NEST_PARENT, &data, -EOPNOTSUPP);
}

void tour_page_tables_refused(struct tour *t)
{
	static const uint64_t bytes[1];
	const struct fd_hwpt_data none = { .type = 0 }, untyped = { 0, sizeof(bytes), bytes };
	const struct fd_hwpt_data empty = { .type = FD_HWPT_DATA_VTD_S1 };
	uint32_t ioas = tour_ioas(t), dev = t->s->devices[0].id, hwpt = 0;

	tour_map(t, "map", ioas, 0, PAGE, MAP_RW, 0);
	tour_check(t, "page table", s_hwpt(t->s, &t->s->devices[0], ioas, &hwpt), 0);
	tour_nesting(t, ioas, hwpt);
	tour_hwpt(t, "of a device", dev, dev, 0, &none, -EINVAL);
	tour_hwpt(t, "for an IOAS", ioas, ioas, 0, &none, -ENOENT);
	tour_hwpt(t, "with an unknown flag", dev, ioas, 1u << 31, &none, -EOPNOTSUPP);
	tour_faults(t, dev, ioas);
	tour_hwpt(t, "with data of no type", dev, ioas, 0, &untyped, -EINVAL);
	tour_hwpt(t, "with a type and no data", dev, ioas, 0, &empty, -EINVAL);
	tour_hwpt(t, "with dirty tracking", dev, ioas, FD_HWPT_DIRTY_TRACKING, &none, -EOPNOTSUPP);
	tour_check(t, "dirty tracking", fd_dirty(&t->s->fd, hwpt, true), -EOPNOTSUPP);
	tour_check(t, "dirty tracking of an IOAS", fd_dirty(&t->s->fd, ioas, true), -ENOENT);
	if (t->s->nmediated)
		tour_hwpt(t, "for an access", t->s->mediated[0].id, ioas, 0, &none, -ENOENT);
	tour_check(t, "destroy the page table", s_destroy(t->s, hwpt), 0);
	tour_destroy(t, ioas);
}
