// SPDX-License-Identifier: GPL-2.0
/* What the devices of a context would take together, attached or not. */
#include <linux/sched/signal.h>

#include "ioasb.h"

struct known {
	struct rb_root_cached *root;
	u32 n;
};

static int add(struct known *k, unsigned long start, unsigned long last)
{
	struct ioasb_range *range;

	if (k->n >= ioasb_max_entries())
		return -ENOSPC;
	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return -ENOMEM;
	range->start = start;
	range->last = last;
	ioasb_ranges_insert(range, k->root);
	k->n++;
	return 0;
}

/* What a device is like never changes, so no lock is needed. */
static int add_device(struct known *k, const struct ioasb_device *device)
{
	int rc = 0;
	u32 i;

	if (device->aperture_start)
		rc = add(k, 0, device->aperture_start - 1);
	if (!rc && device->aperture_last != ULONG_MAX)
		rc = add(k, device->aperture_last + 1, ULONG_MAX);
	for (i = 0; !rc && i < device->nreserved; i++)
		rc = add(k, device->reserved[i].start, device->reserved[i].last);
	return rc;
}

/* -ENOMEM, -EINTR, -ENOSPC: more than an IOAS may have. */
int ioasb_known_ranges(struct ioasb_ctx *ctx, struct rb_root_cached *root, unsigned long *alignment)
{
	struct known k = { .root = root };
	struct ioasb_device *device;
	unsigned long id;
	int rc = 0;

	*alignment = PAGE_SIZE;
	for (id = 0; !rc && (device = ioasb_device_next(ctx, &id)); id++) {
		*alignment = max(*alignment, device->page_size);
		rc = fatal_signal_pending(current) ? -EINTR : add_device(&k, device);
		ioasb_object_put(&device->obj);
		cond_resched();
	}
	return rc;
}
