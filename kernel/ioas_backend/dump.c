// SPDX-License-Identifier: GPL-2.0
/*
 * DUMP: the objects by id, each with what belongs to it, then the pages objects by id, each with
 * what it has pinned. A chunk is filled under the locks of one object after the other and copied
 * to the caller when none is held.
 */
#include <linux/capability.h>
#include <linux/uaccess.h>

#include "dump.h"
#include "tracker.h"

#define MAX_RECS 512

static bool put_ioas(struct ioasb_out *out, struct ioasb_ioas *ioas)
{
	struct ioasb_rec *rec = ioasb_out_next(out, IOASB_REC_IOAS, ioas->obj.id);

	if (!rec)
		return false;
	rec->ioas.mode = ioas->mode;
	rec->ioas.account = ioas->account;
	rec->ioas.devices = ioas->nattached;
	rec->ioas.tracker = ioas->tracker;
	rec->ioas.alignment = ioas->alignment;
	rec->ioas.generation = ioas->generation;
	rec->ioas.areas = ioas->nareas;
	rec->ioas.entries = ioas->nentries;
	rec->ioas.max_entries = ioasb_max_entries();
	rec->ioas.mapped = ioas->tce ? ioasb_tce_mapped(ioas) : ioas->mapped;
	return true;
}

static bool put_range(struct ioasb_out *out, u32 kind, u32 id, const struct ioasb_range *range)
{
	struct ioasb_rec *rec = ioasb_out_next(out, kind, id);

	if (!rec)
		return false;
	rec->range.start = range->start;
	rec->range.last = range->last;
	rec->range.id = range->id;
	return true;
}

static bool dump_reserved(struct ioasb_out *out, struct ioasb_ioas *ioas)
{
	struct ioasb_range *r;
	u64 skip = out->at.key;

	for (r = ioasb_ranges_iter_first(&ioas->reserved, 0, ULONG_MAX); r;
	     r = ioasb_ranges_iter_next(r, 0, ULONG_MAX)) {
		if (skip) {
			skip--;
			continue;
		}
		if (!put_range(out, IOASB_REC_RESERVED, ioas->obj.id, r))
			return false;
		out->at.key++;
	}
	ioasb_out_stage(out, STAGE_ALLOWED);
	return true;
}

static bool dump_ranges(struct ioasb_out *out, struct ioasb_ioas *ioas, struct rb_root_cached *root,
			u32 kind, u32 next)
{
	struct ioasb_range *r;

	for (r = ioasb_ranges_iter_first(root, out->at.key, ULONG_MAX); r;
	     r = ioasb_ranges_iter_next(r, out->at.key, ULONG_MAX)) {
		if (!put_range(out, kind, ioas->obj.id, r))
			return false;
		if (r->last == ULONG_MAX)
			break;
		out->at.key = r->last + 1;
	}
	ioasb_out_stage(out, next);
	return true;
}

static bool put_area(struct ioasb_out *out, struct ioasb_ioas *ioas, const struct ioasb_area *area)
{
	struct ioasb_rec *rec = ioasb_out_next(out, IOASB_REC_AREA, ioas->obj.id);

	if (!rec)
		return false;
	rec->area.start = area->start;
	rec->area.last = area->last;
	rec->area.area_id = area->id;
	rec->area.first_page = area->user.first_page;
	rec->area.pages_id = area->pages->id;
	rec->area.prot = area->prot;
	rec->area.pinned = area->user.active;
	return true;
}

static bool dump_areas(struct ioasb_out *out, struct ioasb_ioas *ioas)
{
	struct ioasb_area *area;

	for (area = ioasb_areas_iter_first(&ioas->areas, out->at.key, ULONG_MAX); area;
	     area = ioasb_areas_iter_next(area, out->at.key, ULONG_MAX)) {
		if (!put_area(out, ioas, area))
			return false;
		if (area->last == ULONG_MAX)
			break;
		out->at.key = area->last + 1;
	}
	ioasb_out_object(out, STAGE_OBJECT);
	return true;
}

/* The IOAS is locked. False: the chunk is full. */
static bool dump_ioas(struct ioasb_out *out, struct ioasb_ioas *ioas)
{
	if (out->at.stage == STAGE_OBJECT) {
		if (!put_ioas(out, ioas))
			return false;
		ioasb_out_stage(out, STAGE_RESERVED);
	}
	if (out->at.stage == STAGE_RESERVED && !dump_reserved(out, ioas))
		return false;
	if (out->at.stage == STAGE_ALLOWED &&
	    !dump_ranges(out, ioas, &ioas->allowed, IOASB_REC_ALLOWED, STAGE_RESERVATION))
		return false;
	if (out->at.stage == STAGE_RESERVATION &&
	    !dump_ranges(out, ioas, &ioas->claims, IOASB_REC_RESERVATION, STAGE_AREA))
		return false;
	if (!ioas->tce)
		return dump_areas(out, ioas);
	if (!ioasb_tce_dump(out, ioas))
		return false;
	ioasb_out_object(out, STAGE_OBJECT);
	return true;
}

static bool dump_device(struct ioasb_out *out, struct ioasb_device *device)
{
	struct ioasb_rec *rec = ioasb_out_next(out, IOASB_REC_DEVICE, device->obj.id);

	if (!rec)
		return false;
	if (device->attachment)
		rec->device.ioas_id = device->attachment->ioas->obj.id;
	rec->device.page_size = device->page_size;
	rec->device.aperture_start = device->aperture_start;
	rec->device.aperture_last = device->aperture_last;
	ioasb_out_object(out, STAGE_OBJECT);
	return true;
}

static bool put_client(struct ioasb_out *out, const struct ioasb_client *client)
{
	struct ioasb_rec *rec = ioasb_out_next(out, IOASB_REC_CLIENT, client->obj.id);

	if (!rec)
		return false;
	rec->client.ioas_id = client->ioas->obj.id;
	rec->client.flags = client->refcount ? IOASB_CLIENT_PAGES : 0;
	rec->client.pins = client->npins;
	rec->client.asked = client->asked;
	rec->client.pages = client->npages;
	return true;
}

static bool dump_client(struct ioasb_out *out, struct ioasb_client *client)
{
	struct ioasb_pinned run;

	if (out->at.stage == STAGE_OBJECT) {
		if (!put_client(out, client))
			return false;
		ioasb_out_stage(out, STAGE_CLIENT_PIN);
	}
	if (out->at.stage == STAGE_CLIENT_DMA)
		return ioasb_dma_dump(out, client);
	while (ioasb_tracker_next(client, out->at.key, ULONG_MAX, &run)) {
		struct ioasb_rec *rec = ioasb_out_next(out, IOASB_REC_CLIENT_PIN, client->obj.id);

		if (!rec)
			return false;
		rec->client_pin.start = run.start;
		rec->client_pin.last = run.last;
		rec->client_pin.count = run.count;
		if (run.last == ULONG_MAX)
			break;
		out->at.key = run.last + 1;
	}
	ioasb_out_stage(out, STAGE_CLIENT_DMA);
	return ioasb_dma_dump(out, client);
}

/* 1: go on, 0: the chunk is full; or -EINTR. One that was destroyed meanwhile is left out. */
static int dump_object(struct ioasb_out *out, struct ioasb_object *obj)
{
	int rc;

	if (obj->type == IOASB_OBJ_DEVICE) {
		struct ioasb_device *device = container_of(obj, struct ioasb_device, obj);

		if (mutex_lock_killable(&device->lock))
			return -EINTR;
		rc = dump_device(out, device);
		mutex_unlock(&device->lock);
	} else if (obj->type == IOASB_OBJ_CLIENT) {
		struct ioasb_client *client = container_of(obj, struct ioasb_client, obj);

		if (mutex_lock_killable(&client->lock))
			return -EINTR;
		rc = dump_client(out, client);
		mutex_unlock(&client->lock);
	} else {
		struct ioasb_ioas *ioas = container_of(obj, struct ioasb_ioas, obj);

		rc = ioasb_ioas_read(ioas);
		if (!rc) {
			rc = dump_ioas(out, ioas);
			up_read(&ioas->lock);
		} else if (rc == -ENOENT) {
			ioasb_out_object(out, STAGE_OBJECT);
			rc = 1;
		}
	}
	return rc;
}

/* The next one from *id on, with a reference. */
static struct ioasb_object *next_obj(struct ioasb_ctx *ctx, unsigned long *id)
{
	struct ioasb_object *obj;

	xa_lock(&ctx->objects);
	obj = xa_find(&ctx->objects, id, ULONG_MAX, XA_PRESENT);
	if (obj)
		kref_get(&obj->kref);
	xa_unlock(&ctx->objects);
	return obj;
}

static int dump_objects(struct ioasb_ctx *ctx, struct ioasb_out *out)
{
	struct ioasb_object *obj;
	unsigned long id;
	int rc = 1;

	while (rc == 1 && out->at.stage < STAGE_PAGES) {
		id = out->at.id;
		obj = next_obj(ctx, &id);
		if (!obj) {
			out->at.id = 0;
			ioasb_out_stage(out, STAGE_PAGES);
			break;
		}
		ioasb_out_found(out, id, STAGE_OBJECT);
		rc = dump_object(out, obj);
		ioasb_object_put(obj);
		cond_resched();
	}
	return rc;
}

static int fill(struct ioasb_ctx *ctx, struct ioasb_dump *cmd, struct ioasb_out *out)
{
	int rc;

	cmd->out_ended = atomic64_read_acquire(&ctx->ended);
	rc = dump_objects(ctx, out);
	if (rc == 1)
		rc = ioasb_dump_pages(ctx, out);
	/* Who began before we read something is counted: pairs with ioasb_begin(). */
	smp_rmb();
	cmd->out_begun = atomic64_read(&ctx->begun);
	cmd->out_changes = atomic64_read(&ctx->changes);
	return min(rc, 0);
}

int ioasb_dump(struct ioasb_ctx *ctx, struct ioasb_dump *cmd)
{
	struct ioasb_out out = { .at = cmd->cursor, .room = min_t(u32, cmd->num_recs, MAX_RECS) };
	int rc;

	if (!out.room || out.at.stage > STAGE_END)
		return -EINVAL;
	out.pfns = capable(CAP_SYS_ADMIN);
	out.recs = kvmalloc_array(out.room, sizeof(*out.recs), GFP_KERNEL_ACCOUNT);
	if (!out.recs)
		return -ENOMEM;
	rc = fill(ctx, cmd, &out);
	if (!rc && copy_to_user(u64_to_user_ptr(cmd->recs), out.recs,
				array_size(out.n, sizeof(*out.recs))))
		rc = -EFAULT;
	if (!rc) {
		cmd->num_recs = out.n;
		cmd->cursor = out.at;
	}
	kvfree(out.recs);
	return rc;
}
