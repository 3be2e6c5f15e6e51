// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of the shape of a real one: while attached, all areas of the IOAS are pinned, and its
 * aperture, its reserved regions and its page size hold for the IOAS.
 */
#include <linux/log2.h>

#include "ioasb.h"

/* What a device may be like. */
int ioasb_device_check(u64 page_size, u64 aperture_start, u64 aperture_last, u32 num_reserved)
{
	if (num_reserved > IOASB_MAX_RESERVED)
		return -ENOSPC;
	return is_power_of_2(page_size) && aperture_start <= aperture_last ? 0 : -EINVAL;
}

static int check_alloc(const struct ioasb_device_alloc *cmd)
{
	if (cmd->flags)
		return -EOPNOTSUPP;
	return ioasb_device_check(cmd->page_size, cmd->aperture_start, cmd->aperture_last,
				  cmd->num_reserved);
}

int ioasb_device_alloc(struct ioasb_ctx *ctx, struct ioasb_device_alloc *cmd)
{
	struct ioasb_device *device;
	int rc = check_alloc(cmd);

	if (rc)
		return rc;
	device = kzalloc(struct_size(device, reserved, cmd->num_reserved), GFP_KERNEL_ACCOUNT);
	if (!device)
		return -ENOMEM;
	mutex_init(&device->lock);
	device->page_size = cmd->page_size;
	device->aperture_start = cmd->aperture_start;
	device->aperture_last = cmd->aperture_last;
	device->nreserved = cmd->num_reserved;
	rc = ioasb_ranges_copy_in(device->reserved, cmd->reserved, cmd->num_reserved);
	if (!rc)
		rc = ioasb_object_add(ctx, &device->obj, IOASB_OBJ_DEVICE);
	if (rc) {
		kfree(device);
		return rc;
	}
	cmd->out_dev_id = device->obj.id;
	ioasb_object_put(&device->obj);
	return 0;
}

static void take_range(struct ioasb_attachment *at, unsigned long start, unsigned long last)
{
	struct ioasb_range *range = &at->ranges[at->nranges++];

	range->start = start;
	range->last = last;
	range->id = at->device->obj.id;
}

/* What the device takes from an IOAS. Holds a reference to it. */
static struct ioasb_attachment *attachment_alloc(struct ioasb_device *device,
						 struct ioasb_ioas *ioas)
{
	struct ioasb_attachment *at =
		kzalloc(struct_size(at, ranges, device->nreserved + 2), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!at)
		return NULL;
	at->device = device;
	at->ioas = ioas;
	kref_get(&ioas->obj.kref);
	if (device->aperture_start)
		take_range(at, 0, device->aperture_start - 1);
	if (device->aperture_last != ULONG_MAX)
		take_range(at, device->aperture_last + 1, ULONG_MAX);
	for (i = 0; i < device->nreserved; i++)
		take_range(at, device->reserved[i].start, device->reserved[i].last);
	return at;
}

static void attachment_free(struct ioasb_attachment *at)
{
	ioasb_object_put(&at->ioas->obj);
	kfree(at);
}

/* Everything in the IOAS keeps off the device's ranges and fits its page size. */
static int check_fit(struct ioasb_ioas *ioas, const struct ioasb_attachment *at)
{
	unsigned long mask = max(ioas->alignment, at->device->page_size) - 1;
	struct ioasb_area *area;
	u32 i;

	for (i = 0; i < at->nranges; i++) {
		const struct ioasb_range *r = &at->ranges[i];

		if (ioasb_tce_in_way(ioas, r->start, r->last) ||
		    ioasb_areas_iter_first(&ioas->areas, r->start, r->last) ||
		    ioasb_ranges_iter_first(&ioas->allowed, r->start, r->last) ||
		    ioasb_ranges_iter_first(&ioas->claims, r->start, r->last))
			return -EADDRINUSE;
	}
	if (mask < ioas->alignment)
		return 0;
	if (ioas->tce)
		return -EADDRINUSE;
	for (area = ioasb_areas_iter_first(&ioas->areas, 0, ULONG_MAX); area;
	     area = ioasb_areas_iter_next(area, 0, ULONG_MAX)) {
		if ((area->start | (area->last + 1)) & mask)
			return -EADDRINUSE;
		cond_resched();
	}
	return 0;
}

static void deactivate_below(struct ioasb_ioas *ioas, struct ioasb_area *end)
{
	struct ioasb_area *area = ioasb_areas_iter_first(&ioas->areas, 0, ULONG_MAX);

	for (; area != end; area = ioasb_areas_iter_next(area, 0, ULONG_MAX)) {
		ioasb_user_deactivate(area->pages, &area->user);
		cond_resched();
	}
}

static int activate_all(struct ioasb_ioas *ioas)
{
	struct ioasb_area *area;
	int rc;

	for (area = ioasb_areas_iter_first(&ioas->areas, 0, ULONG_MAX); area;
	     area = ioasb_areas_iter_next(area, 0, ULONG_MAX)) {
		rc = ioasb_user_activate(area->pages, &area->user);
		if (rc) {
			deactivate_below(ioas, area);
			return rc;
		}
		cond_resched();
	}
	return 0;
}

static int attach(struct ioasb_ioas *ioas, struct ioasb_attachment *at)
{
	int rc = check_fit(ioas, at);
	u32 i;

	if (rc)
		return rc;
	if (!ioasb_ioas_room(ioas, at->nranges))
		return -ENOSPC;
	if (!ioas->nattached) {
		rc = activate_all(ioas);
		if (rc)
			return rc;
	}
	for (i = 0; i < at->nranges; i++) {
		ioasb_ranges_insert(&at->ranges[i], &ioas->reserved);
		ioasb_note_range_added(ioas, &at->ranges[i], IOASB_REC_RESERVED, at->device,
				       ioasb_order(ioas->obj.ctx));
	}
	ioas->nentries += at->nranges;
	ioas->alignment = max(ioas->alignment, at->device->page_size);
	list_add_tail(&at->entry, &ioas->attached);
	ioas->nattached++;
	ioas->generation++;
	ioasb_note_attached(ioas, at, ioasb_order(ioas->obj.ctx));
	return 0;
}

static void detach(struct ioasb_ioas *ioas, struct ioasb_attachment *at)
{
	struct ioasb_attachment *other;
	u32 i;

	list_del(&at->entry);
	if (!--ioas->nattached)
		deactivate_below(ioas, NULL);
	for (i = 0; i < at->nranges; i++) {
		ioasb_ranges_remove(&at->ranges[i], &ioas->reserved);
		ioasb_note_range_gone(ioas, &at->ranges[i], IOASB_REC_RESERVED, at->device,
				      ioasb_order(ioas->obj.ctx));
	}
	ioas->nentries -= at->nranges;
	ioas->alignment = PAGE_SIZE;
	list_for_each_entry(other, &ioas->attached, entry)
		ioas->alignment = max(ioas->alignment, other->device->page_size);
	ioas->generation++;
	ioasb_note_detached(ioas, at, ioasb_order(ioas->obj.ctx));
}

/* device->lock is held. The IOAS lives: it cannot be destroyed while a device is attached. */
static int drop_attachment(struct ioasb_device *device, bool killable)
{
	struct ioasb_attachment *at = device->attachment;

	if (!killable)
		down_write(&at->ioas->lock);
	else if (down_write_killable(&at->ioas->lock))
		return -EINTR;
	detach(at->ioas, at);
	up_write(&at->ioas->lock);
	device->attachment = NULL;
	attachment_free(at);
	return 0;
}

/* Shared memory stays pinned on the way, since the new IOAS comes before the old one goes. */
static int attach_locked(struct ioasb_device *device, struct ioasb_ioas *ioas, bool replace)
{
	struct ioasb_attachment *at;
	int rc;

	if (device->dead)
		return -ENOENT;
	if (!replace && device->attachment)
		return -EBUSY;
	if (replace && !device->attachment)
		return -EINVAL;
	if (replace && device->attachment->ioas == ioas)
		return 0;
	at = attachment_alloc(device, ioas);
	if (!at)
		return -ENOMEM;
	rc = ioasb_ioas_write(ioas);
	if (!rc) {
		rc = attach(ioas, at);
		up_write(&ioas->lock);
	}
	if (rc) {
		attachment_free(at);
		return rc;
	}
	if (device->attachment)
		drop_attachment(device, false);
	device->attachment = at;
	return 0;
}

int ioasb_attach(struct ioasb_ctx *ctx, struct ioasb_attach *cmd)
{
	struct ioasb_device *device;
	struct ioasb_ioas *ioas;
	int rc = -ENOENT;

	if (cmd->flags & ~IOASB_ATTACH_REPLACE)
		return -EOPNOTSUPP;
	device = ioasb_device_get(ctx, cmd->dev_id);
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (device && ioas) {
		rc = mutex_lock_killable(&device->lock);
		if (!rc) {
			rc = attach_locked(device, ioas, cmd->flags & IOASB_ATTACH_REPLACE);
			mutex_unlock(&device->lock);
		}
	}
	if (ioas)
		ioasb_object_put(&ioas->obj);
	if (device)
		ioasb_object_put(&device->obj);
	return rc;
}

int ioasb_detach(struct ioasb_ctx *ctx, struct ioasb_detach *cmd)
{
	struct ioasb_device *device = ioasb_device_get(ctx, cmd->dev_id);
	int rc;

	if (!device)
		return -ENOENT;
	rc = mutex_lock_killable(&device->lock);
	if (!rc) {
		rc = device->attachment ? drop_attachment(device, true) : -EINVAL;
		mutex_unlock(&device->lock);
	}
	ioasb_object_put(&device->obj);
	return rc;
}

/* Once, as for an IOAS. With force it is detached, otherwise -EBUSY if attached. */
int ioasb_device_end(struct ioasb_device *device, bool force)
{
	int rc = 0;

	if (force)
		mutex_lock(&device->lock);
	else if (mutex_lock_killable(&device->lock))
		return -EINTR;
	if (device->dead)
		rc = -ENOENT;
	else if (device->attachment && !force)
		rc = -EBUSY;
	else
		device->dead = true;
	if (!rc && device->attachment)
		drop_attachment(device, false);
	mutex_unlock(&device->lock);
	return rc;
}
