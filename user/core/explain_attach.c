// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why ATTACH, REPLACE, HWPT_ALLOC, ALLOW and DESTROY fail.
 *
 *   type1: vfio_iommu_type1_attach_group(): EBUSY while addresses are void, EINVAL for
 *     a group that is there already, for an area beyond the aperture
 *     (vfio_iommu_aper_conflict()) or in what the group reserves
 *     (vfio_iommu_resv_conflict()), EPERM without isolated interrupts; then what
 *     vfio_iommu_replay() says, which pins and maps all areas.
 *   iommufd: iopt_reserve_iova() (io_pagetable.c) finds an area or an allowed range
 *     in what the device or domain reserves: EADDRINUSE; so does iopt_table_add_domain()
 *     for areas that are not aligned to the domain's pages; EINVAL where the group
 *     has another page table, or device and page table do not go together
 *     (iommufd_hw_pagetable_attach(), device.c); then iopt_fill_domain(), which pins.
 *     iopt_set_allow_iova(): EADDRINUSE for a range that is reserved.
 */
#include <errno.h>

#include "core/explain_impl.h"

/* What had to be reserved, and what lies in it. */
static void in_the_way(struct explain_at *at, const struct explain_refusal *refused)
{
	struct check_range r = { refused->body.iova,
				 refused->body.iova + (refused->body.size - 1) };
	const struct mirror_ioas *ioas = mirror_find_ioas(at->m, refused->ioas);
	const struct mirror_area *area = ioas ? mirror_area_first_in(ioas, r.iova, r.last) : NULL;
	const struct mirror_range *allowed =
		ioas ? mirror_range_first_in(ioas, IOAS_RANGE_ALLOWED, r.iova, r.last) : NULL;
	struct explain_reason *reason;

	if (area) {
		reason = explain_sure(at, EXPLAIN_AREA_IN_WAY);
		explain_set_area(at, reason, area);
	} else if (allowed) {
		reason = explain_sure(at, EXPLAIN_ALLOWED_IN_WAY);
		reason->other = (struct check_range){ allowed->node.start, allowed->node.last };
	} else {
		reason = explain_add(at, EXPLAIN_AREA_IN_WAY);
	}
	reason->range = r;
	reason->user = explain_user_of(ioas, refused->body.group);
	if (!reason->user.has_group && at->ev->body_op.group_valid) {
		reason->user.has_group = true;
		reason->user.group = at->ev->body_op.group;
	}
}

static const struct mirror_group *find_group(const struct mirror_ioas *ioas, uint32_t number)
{
	const struct mirror_group *g = ioas ? mirror_group_first(ioas) : NULL;

	while (g && g->number != number)
		g = mirror_group_next(g);
	return g;
}

static void explain_invalid(struct explain_at *at)
{
	static const enum explain_what type1[] = { EXPLAIN_AREA_IN_WAY, EXPLAIN_REFUSED_BY_DRIVER,
						   EXPLAIN_NONE };
	static const enum explain_what iommufd[] = { EXPLAIN_INCOMPATIBLE,
						     EXPLAIN_REFUSED_BY_DRIVER, EXPLAIN_NONE };

	if (at->ev->backend == IOAS_BACKEND_TYPE1 && find_group(at->ioas, at->ev->body_op.group))
		explain_sure(at, EXPLAIN_TWICE);
	else
		explain_maybe(at, at->ev->backend == IOAS_BACKEND_TYPE1 ? type1 : iommufd);
}

void explain_attach(struct explain_at *at)
{
	static const enum explain_what in_way[] = { EXPLAIN_AREA_IN_WAY, EXPLAIN_ALLOWED_IN_WAY,
						    EXPLAIN_MISALIGNED, EXPLAIN_NONE };
	const struct explain_refusal *refused = explain_refused(at, IOAS_OP_RESERVE);

	if (refused) {
		in_the_way(at, refused);
		return;
	}
	switch (at->ev->body_op.result) {
	case -EADDRINUSE:
		explain_maybe(at, in_way);
		break;
	case -EINVAL:
		explain_invalid(at);
		break;
	case -EBUSY:
		explain_add(at,
			    at->ev->backend == IOAS_BACKEND_TYPE1 ? EXPLAIN_VADDR : EXPLAIN_IN_USE);
		break;
	case -EPERM:
		explain_add(at, EXPLAIN_INTERRUPTS);
		break;
	case -ENOENT:
		explain_add(at, EXPLAIN_NO_OBJECT);
		break;
	default:
		if (!explain_pinning(at))
			explain_add(at, EXPLAIN_REFUSED_BY_DRIVER);
	}
}

/* ---- ALLOW, DESTROY ---- */

static void allowed_in_use(struct explain_at *at)
{
	const struct mirror_range *range =
		at->ioas ? mirror_range_first(at->ioas, IOAS_RANGE_RESERVED) : NULL;
	struct explain_reason *r;

	/* The list itself is not told: one reserved range alone must be it. */
	if (range && !mirror_range_next(range) && !at->ioas->adopted) {
		r = explain_sure(at, EXPLAIN_RESERVED_IN_WAY);
		r->range = (struct check_range){ range->node.start, range->node.last };
		r->user = explain_user_of(at->ioas, range->owner);
		return;
	}
	r = explain_sure(at, EXPLAIN_RESERVED_IN_WAY);
	explain_set_valid(at, r, 0);
}

void explain_other(struct explain_at *at)
{
	switch (at->ev->body_op.result) {
	case -EADDRINUSE:
		if (at->ev->body_op.what == IOAS_OP_ALLOW)
			allowed_in_use(at);
		else
			explain_add(at, EXPLAIN_IN_USE);
		break;
	case -EINVAL:
		explain_add(at, EXPLAIN_BAD_LIST);
		break;
	case -EBUSY:
		explain_add(at, EXPLAIN_IN_USE);
		break;
	case -ENOENT:
		explain_add(at, EXPLAIN_NO_OBJECT);
		break;
	}
}
