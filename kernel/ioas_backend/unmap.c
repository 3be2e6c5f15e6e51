// SPDX-License-Identifier: GPL-2.0
/* Unmap, by the mode of the IOAS. It is locked for writing. */
#include <linux/overflow.h>

#include "ioasb.h"

struct span {
	unsigned long start;
	unsigned long last;
};

static int remove_area(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 *unmapped)
{
	u64 length = area->last - area->start + 1;
	int rc = ioasb_area_remove(ioas, area);

	if (!rc)
		*unmapped += length;
	return rc;
}

/* All areas that lie in the range or reach into it. */
static int remove_all(struct ioasb_ioas *ioas, struct span r, u64 *unmapped)
{
	struct ioasb_area *area;
	int rc;

	while ((area = ioasb_areas_iter_first(&ioas->areas, r.start, r.last))) {
		rc = remove_area(ioas, area, unmapped);
		if (rc)
			return rc;
		cond_resched();
	}
	return 0;
}

static int unmap_exact(struct ioasb_ioas *ioas, struct span r, u64 *unmapped)
{
	struct ioasb_area *area = ioasb_areas_iter_first(&ioas->areas, r.start, r.last);

	if (!area || area->start != r.start || area->last != r.last)
		return -ENOENT;
	return remove_area(ioas, area, unmapped);
}

/* As iommufd: from the first on, until one is not whole in the range. */
static int unmap_cover(struct ioasb_ioas *ioas, struct span r, u64 *unmapped)
{
	struct ioasb_area *area;
	int rc;

	while ((area = ioasb_areas_iter_first(&ioas->areas, r.start, r.last))) {
		if (area->start < r.start || area->last > r.last)
			return -ENOENT;
		rc = remove_area(ioas, area, unmapped);
		if (rc)
			return rc;
		cond_resched();
	}
	return *unmapped ? 0 : -ENOENT;
}

/* As type1 v1: nothing if an area begins before the range; the last may end behind it. */
static int unmap_first(struct ioasb_ioas *ioas, struct span r, u64 *unmapped)
{
	struct ioasb_area *area = ioasb_areas_iter_first(&ioas->areas, r.start, r.last);

	if (!area || area->start < r.start)
		return 0;
	return remove_all(ioas, r, unmapped);
}

/* Make an area begin at @at if one reaches over it. */
static int cut(struct ioasb_ioas *ioas, unsigned long at)
{
	struct ioasb_area *area = ioasb_areas_iter_first(&ioas->areas, at, at), *tail;
	int rc;

	if (!area || area->start == at)
		return 0;
	if (!ioasb_ioas_room(ioas, 1))
		return -ENOSPC;
	tail = kzalloc(sizeof(*tail), GFP_KERNEL_ACCOUNT);
	if (!tail)
		return -ENOMEM;
	INIT_LIST_HEAD(&tail->entry);
	rc = ioasb_area_split(ioas, area, at, tail);
	if (rc)
		kfree(tail);
	return rc;
}

/* What is cut and not removed then, because something failed, maps what it did before. */
static int unmap_any(struct ioasb_ioas *ioas, struct span r, u64 *unmapped)
{
	int rc;

	if ((r.start | (r.last + 1)) & (ioas->alignment - 1))
		return -EINVAL;
	rc = cut(ioas, r.start);
	if (!rc && r.last != ULONG_MAX)
		rc = cut(ioas, r.last + 1);
	return rc ?: remove_all(ioas, r, unmapped);
}

static int unmap_range(struct ioasb_ioas *ioas, struct span r, u64 *unmapped)
{
	switch (ioas->mode) {
	case IOASB_MODE_EXACT:
		return unmap_exact(ioas, r, unmapped);
	case IOASB_MODE_COVER:
		return unmap_cover(ioas, r, unmapped);
	case IOASB_MODE_FIRST:
		return unmap_first(ioas, r, unmapped);
	case IOASB_MODE_ANY:
		return unmap_any(ioas, r, unmapped);
	}
	return -EOPNOTSUPP;
}

/* Both spellings of "all" become the whole range. */
static int check_unmap(const struct ioasb_unmap *cmd, struct span *r, bool *all)
{
	if ((cmd->flags & ~IOASB_UNMAP_ALL) || cmd->__reserved)
		return -EOPNOTSUPP;
	*all = !cmd->iova && cmd->length == U64_MAX;
	if (cmd->flags & IOASB_UNMAP_ALL) {
		if (cmd->iova || cmd->length)
			return -EINVAL;
		*all = true;
	}
	*r = (struct span){ 0, ULONG_MAX };
	if (*all)
		return 0;
	if (!cmd->length)
		return -EINVAL;
	r->start = cmd->iova;
	return check_add_overflow(r->start, (unsigned long)cmd->length - 1, &r->last) ? -EOVERFLOW
										      : 0;
}

int ioasb_unmap(struct ioasb_ctx *ctx, struct ioasb_unmap *cmd)
{
	struct ioasb_ioas *ioas;
	struct span r;
	bool all;
	int rc;

	cmd->out_unmapped = 0;
	rc = check_unmap(cmd, &r, &all);
	if (rc)
		return rc;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = ioasb_ioas_write(ioas);
	if (!rc) {
		rc = all ? remove_all(ioas, r, &cmd->out_unmapped)
			 : unmap_range(ioas, r, &cmd->out_unmapped);
		up_write(&ioas->lock);
	}
	ioasb_object_put(&ioas->obj);
	return rc;
}
