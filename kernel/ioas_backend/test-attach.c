// SPDX-License-Identifier: GPL-2.0
/*
 * TEST_ATTACH: what an attach would find in its way, all of it. The rules are those of check_fit()
 * in device.c, which stops at the first.
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "tce.h"

#define MAX_BLOCKERS 1024

/* A kind of device, and the list of what is in its way. */
struct test {
	struct ioasb_ioas *ioas;
	u32 dev_id;
	unsigned long page_size;
	unsigned long nranges; /* that it would take */
	struct ioasb_blocker *list;
	u32 room;
	u32 n;
	bool unfit; /* there is something other than a lack of room */
};

static void block(struct test *t, enum ioasb_block kind, unsigned long start, unsigned long last,
		  u32 id, u32 region)
{
	if (t->n < t->room)
		t->list[t->n] = (struct ioasb_blocker){ start, last, kind, id, region, t->dev_id };
	t->n++;
	if (kind != IOASB_BLOCK_ROOM)
		t->unfit = true;
}

static void test_ranges(struct test *t, struct rb_root_cached *root, enum ioasb_block kind,
			const struct ioasb_iova_range *r, u32 region)
{
	struct ioasb_range *range;

	for (range = ioasb_ranges_iter_first(root, r->start, r->last); range;
	     range = ioasb_ranges_iter_next(range, r->start, r->last)) {
		block(t, kind, range->start, range->last, range->id, region);
		cond_resched();
	}
}

/* What the device would take, and is somebody's. */
static int test_region(struct test *t, const struct ioasb_iova_range *r, u32 region)
{
	struct ioasb_area *area;

	t->nranges++;
	if (ioasb_tce_in_way(t->ioas, r->start, r->last))
		block(t, IOASB_BLOCK_WINDOW, t->ioas->tce->start, ioasb_tce_last(t->ioas->tce), 0,
		      region);
	for (area = ioasb_areas_iter_first(&t->ioas->areas, r->start, r->last); area;
	     area = ioasb_areas_iter_next(area, r->start, r->last)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		block(t, IOASB_BLOCK_AREA, area->start, area->last, area->pages->id, region);
		cond_resched();
	}
	test_ranges(t, &t->ioas->allowed, IOASB_BLOCK_ALLOWED, r, region);
	test_ranges(t, &t->ioas->claims, IOASB_BLOCK_RESERVATION, r, region);
	return 0;
}

static int test_page_size(struct test *t)
{
	unsigned long mask = t->page_size - 1;
	struct ioasb_area *area;

	if (t->page_size <= t->ioas->alignment)
		return 0;
	if (t->ioas->tce)
		block(t, IOASB_BLOCK_PAGE_SIZE, t->ioas->tce->start, ioasb_tce_last(t->ioas->tce),
		      0, IOASB_REGION_NONE);
	for (area = ioasb_areas_iter_first(&t->ioas->areas, 0, ULONG_MAX); area;
	     area = ioasb_areas_iter_next(area, 0, ULONG_MAX)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if ((area->start | (area->last + 1)) & mask)
			block(t, IOASB_BLOCK_PAGE_SIZE, area->start, area->last, area->pages->id,
			      IOASB_REGION_NONE);
		cond_resched();
	}
	return 0;
}

/* One device. The IOAS is locked. */
static int test_device(struct test *t, u64 first, u64 last, const struct ioasb_iova_range *reserved,
		       u32 n)
{
	struct ioasb_iova_range below = { 0, first - 1 }, above = { last + 1, ULONG_MAX };
	int rc = 0;
	u32 i;

	t->nranges = 0;
	if (first)
		rc = test_region(t, &below, IOASB_REGION_BELOW);
	if (!rc && last != ULONG_MAX)
		rc = test_region(t, &above, IOASB_REGION_ABOVE);
	for (i = 0; !rc && i < n; i++)
		rc = test_region(t, &reserved[i], i);
	if (!rc)
		rc = test_page_size(t);
	if (!rc && !ioasb_ioas_room(t->ioas, t->nranges))
		block(t, IOASB_BLOCK_ROOM, 0, 0, 0, IOASB_REGION_NONE);
	return rc;
}

/* What a device is like never changes; and the IOAS is locked, so those it has stay. */
static bool is_attached(const struct ioasb_ioas *ioas, const struct ioasb_device *device)
{
	struct ioasb_attachment *at;

	list_for_each_entry(at, &ioas->attached, entry)
		if (at->device == device)
			return true;
	return false;
}

static int test_all(struct test *t)
{
	struct ioasb_device *device;
	unsigned long id;
	int rc = 0;

	for (id = 0; !rc && (device = ioasb_device_next(t->ioas->obj.ctx, &id)); id++) {
		t->dev_id = device->obj.id;
		t->page_size = device->page_size;
		if (!is_attached(t->ioas, device))
			rc = test_device(t, device->aperture_start, device->aperture_last,
					 device->reserved, device->nreserved);
		ioasb_object_put(&device->obj);
	}
	return rc;
}

static int test_locked(struct test *t, const struct ioasb_test_attach *cmd,
		       const struct ioasb_iova_range *reserved)
{
	int rc = ioasb_ioas_read(t->ioas);

	if (rc)
		return rc;
	t->page_size = cmd->page_size;
	if (cmd->page_size)
		rc = test_device(t, cmd->aperture_start, cmd->aperture_last, reserved,
				 cmd->num_reserved);
	if (!rc && (cmd->flags & IOASB_TEST_ALL))
		rc = test_all(t);
	up_read(&t->ioas->lock);
	return rc;
}

static int answer(struct test *t, struct ioasb_test_attach *cmd)
{
	if (copy_to_user(u64_to_user_ptr(cmd->blockers), t->list,
			 array_size(min(t->n, t->room), sizeof(*t->list))))
		return -EFAULT;
	cmd->num_blockers = t->n;
	cmd->out_result = t->unfit ? -EADDRINUSE : t->n ? -ENOSPC : 0;
	return 0;
}

static int test(struct ioasb_ioas *ioas, struct ioasb_test_attach *cmd)
{
	struct ioasb_iova_range *reserved =
		kvmalloc_array(max(cmd->num_reserved, 1), sizeof(*reserved), GFP_KERNEL_ACCOUNT);
	struct test t = { .ioas = ioas, .room = min_t(u32, cmd->num_blockers, MAX_BLOCKERS) };
	int rc = -ENOMEM;

	t.list = kvmalloc_array(max(t.room, 1), sizeof(*t.list), GFP_KERNEL_ACCOUNT);
	if (reserved && t.list)
		rc = ioasb_ranges_copy_in(reserved, cmd->reserved, cmd->num_reserved);
	if (!rc)
		rc = test_locked(&t, cmd, reserved);
	if (!rc)
		rc = answer(&t, cmd);
	kvfree(t.list);
	kvfree(reserved);
	return rc;
}

static int check_cmd(const struct ioasb_test_attach *cmd)
{
	if (cmd->flags & ~IOASB_TEST_ALL)
		return -EOPNOTSUPP;
	if (cmd->page_size)
		return ioasb_device_check(cmd->page_size, cmd->aperture_start, cmd->aperture_last,
					  cmd->num_reserved);
	if (!(cmd->flags & IOASB_TEST_ALL) || cmd->num_reserved || cmd->aperture_start ||
	    cmd->aperture_last)
		return -EINVAL;
	return 0;
}

int ioasb_test_attach(struct ioasb_ctx *ctx, struct ioasb_test_attach *cmd)
{
	struct ioasb_ioas *ioas;
	int rc = check_cmd(cmd);

	if (rc)
		return rc;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = test(ioas, cmd);
	ioasb_object_put(&ioas->obj);
	return rc;
}
