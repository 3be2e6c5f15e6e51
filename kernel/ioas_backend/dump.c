// SPDX-License-Identifier: GPL-2.0
/*
 * DUMP: the objects by id, each with what belongs to it, then the pages objects by id, each with
 * what it has pinned. A chunk is filled under the locks of one object after the other and copied
 * to the caller when none is held.
 */
#include <linux/capability.h>
#include <linux/uaccess.h>

#include "ioasb.h"

#define MAX_RECS 512

/* Where the cursor is in the object, or pages object, of its id. */
enum stage {
	STAGE_OBJECT,
	STAGE_RESERVED, /* key: how many were told; they may overlap */
	STAGE_ALLOWED, /* key: the address to go on from */
	STAGE_RESERVATION,
	STAGE_AREA,
	STAGE_PAGES,
	STAGE_PINNED, /* key: the page */
	STAGE_END,
};

struct out {
	struct ioasb_cursor at;
	struct ioasb_rec *recs;
	u32 n;
	u32 room;
	bool pfns;
};

/* NULL: the chunk is full. */
static struct ioasb_rec *next_rec(struct out *out, u32 kind, u32 id)
{
	struct ioasb_rec *rec;

	if (out->n == out->room)
		return NULL;
	rec = &out->recs[out->n++];
	memset(rec, 0, sizeof(*rec));
	rec->kind = kind;
	rec->id = id;
	return rec;
}

/* The stage is through: go on with the next one, from its beginning. */
static void next_stage(struct out *out, u32 stage)
{
	out->at.stage = stage;
	out->at.key = 0;
}

static void next_object(struct out *out, u32 stage)
{
	next_stage(out, stage);
	out->at.id++;
}

static bool put_ioas(struct out *out, struct ioasb_ioas *ioas)
{
	struct ioasb_rec *rec = next_rec(out, IOASB_REC_IOAS, ioas->obj.id);

	if (!rec)
		return false;
	rec->ioas.mode = ioas->mode;
	rec->ioas.account = ioas->account;
	rec->ioas.devices = ioas->nattached;
	rec->ioas.alignment = ioas->alignment;
	rec->ioas.generation = ioas->generation;
	rec->ioas.areas = ioas->nareas;
	rec->ioas.entries = ioas->nentries;
	rec->ioas.max_entries = ioasb_max_entries();
	rec->ioas.mapped = ioas->mapped;
	return true;
}

static bool put_range(struct out *out, u32 kind, u32 id, const struct ioasb_range *range)
{
	struct ioasb_rec *rec = next_rec(out, kind, id);

	if (!rec)
		return false;
	rec->range.start = range->start;
	rec->range.last = range->last;
	rec->range.id = range->id;
	return true;
}

static bool dump_reserved(struct out *out, struct ioasb_ioas *ioas)
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
	next_stage(out, STAGE_ALLOWED);
	return true;
}

static bool dump_ranges(struct out *out, struct ioasb_ioas *ioas, struct rb_root_cached *root,
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
	next_stage(out, next);
	return true;
}

static bool put_area(struct out *out, struct ioasb_ioas *ioas, const struct ioasb_area *area)
{
	struct ioasb_rec *rec = next_rec(out, IOASB_REC_AREA, ioas->obj.id);

	if (!rec)
		return false;
	rec->area.start = area->start;
	rec->area.last = area->last;
	rec->area.area_id = area->id;
	rec->area.first_page = area->first_page;
	rec->area.pages_id = area->pages->id;
	rec->area.prot = area->prot;
	rec->area.pinned = area->active;
	return true;
}

static bool dump_areas(struct out *out, struct ioasb_ioas *ioas)
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
	next_object(out, STAGE_OBJECT);
	return true;
}

/* The IOAS is locked. False: the chunk is full. */
static bool dump_ioas(struct out *out, struct ioasb_ioas *ioas)
{
	if (out->at.stage == STAGE_OBJECT) {
		if (!put_ioas(out, ioas))
			return false;
		next_stage(out, STAGE_RESERVED);
	}
	if (out->at.stage == STAGE_RESERVED && !dump_reserved(out, ioas))
		return false;
	if (out->at.stage == STAGE_ALLOWED &&
	    !dump_ranges(out, ioas, &ioas->allowed, IOASB_REC_ALLOWED, STAGE_RESERVATION))
		return false;
	if (out->at.stage == STAGE_RESERVATION &&
	    !dump_ranges(out, ioas, &ioas->claims, IOASB_REC_RESERVATION, STAGE_AREA))
		return false;
	return dump_areas(out, ioas);
}

static bool dump_device(struct out *out, struct ioasb_device *device)
{
	struct ioasb_rec *rec = next_rec(out, IOASB_REC_DEVICE, device->obj.id);

	if (!rec)
		return false;
	if (device->attachment)
		rec->device.ioas_id = device->attachment->ioas->obj.id;
	rec->device.page_size = device->page_size;
	rec->device.aperture_start = device->aperture_start;
	rec->device.aperture_last = device->aperture_last;
	next_object(out, STAGE_OBJECT);
	return true;
}

/* 1: go on, 0: the chunk is full; or -EINTR. One that was destroyed meanwhile is left out. */
static int dump_object(struct out *out, struct ioasb_object *obj)
{
	int rc;

	if (obj->type == IOASB_OBJ_DEVICE) {
		struct ioasb_device *device = container_of(obj, struct ioasb_device, obj);

		if (mutex_lock_killable(&device->lock))
			return -EINTR;
		rc = dump_device(out, device);
		mutex_unlock(&device->lock);
	} else {
		struct ioasb_ioas *ioas = container_of(obj, struct ioasb_ioas, obj);

		rc = ioasb_ioas_read(ioas);
		if (!rc) {
			rc = dump_ioas(out, ioas);
			up_read(&ioas->lock);
		} else if (rc == -ENOENT) {
			next_object(out, STAGE_OBJECT);
			rc = 1;
		}
	}
	return rc;
}

/* What was pinned in one piece of the window, and still is. */
static bool dump_run(struct out *out, u32 id, const struct ioasb_chunk *chunk, unsigned long base,
		     const struct ioasb_run *run)
{
	u32 end = run->first + run->npages;
	u32 start = max_t(u64, run->first, out->at.key > base ? out->at.key - base : 0), stop;

	for (; start < end; start = stop) {
		struct ioasb_rec *rec;

		start = find_next_bit(chunk->pinned, end, start);
		stop = find_next_zero_bit(chunk->pinned, end, start);
		if (start >= end)
			break;
		rec = next_rec(out, IOASB_REC_PINNED, id);
		if (!rec)
			return false;
		rec->pinned.first_page = base + start;
		rec->pinned.npages = stop - start;
		rec->pinned.pfn = out->pfns ? run->pfn + start - run->first : 0;
		out->at.key = base + stop;
	}
	return true;
}

static bool dump_pinned(struct out *out, struct ioasb_pages *pages)
{
	struct ioasb_chunk *chunk;
	unsigned long i;
	u32 r;

	xa_for_each_start(&pages->chunks, i, chunk, out->at.key >> IOASB_CHUNK_SHIFT)
		for (r = 0; r < chunk->nruns; r++)
			if (!dump_run(out, pages->id, chunk, i << IOASB_CHUNK_SHIFT,
				      &chunk->runs[r]))
				return false;
	next_object(out, STAGE_PAGES);
	return true;
}

static bool put_pages(struct out *out, const struct ioasb_pages *pages)
{
	struct ioasb_rec *rec = next_rec(out, IOASB_REC_PAGES, pages->id);

	if (!rec)
		return false;
	rec->pages.user_va = pages->user_va;
	rec->pages.npages = pages->npages;
	rec->pages.npinned = pages->npinned;
	if (pages->charge.account != IOASB_ACCOUNT_NONE)
		rec->pages.ncharged = pages->charge.npages;
	rec->pages.bytes = pages->bytes;
	rec->pages.account = pages->charge.account;
	rec->pages.uid = from_kuid_munged(current_user_ns(), pages->charge.owner->uid);
	rec->pages.writeable = pages->writeable;
	rec->pages.areas = pages->nusers;
	return true;
}

static int dump_pages(struct out *out, struct ioasb_pages *pages)
{
	bool more = true;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	if (out->at.stage == STAGE_PAGES) {
		more = put_pages(out, pages);
		if (more)
			next_stage(out, STAGE_PINNED);
	}
	if (more)
		more = dump_pinned(out, pages);
	mutex_unlock(&pages->lock);
	return more;
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

static struct ioasb_pages *next_pages(struct ioasb_ctx *ctx, unsigned long *id)
{
	struct ioasb_pages *pages;

	xa_lock(&ctx->pages);
	while ((pages = xa_find(&ctx->pages, id, ULONG_MAX, XA_PRESENT))) {
		if (kref_get_unless_zero(&pages->kref))
			break;
		++*id;
	}
	xa_unlock(&ctx->pages);
	return pages;
}

/* If the object that the cursor was in is gone, the next one is told from its beginning. */
static void found(struct out *out, unsigned long id, u32 stage)
{
	if (out->at.id == id)
		return;
	out->at.id = id;
	next_stage(out, stage);
}

static int dump_objects(struct ioasb_ctx *ctx, struct out *out)
{
	struct ioasb_object *obj;
	unsigned long id;
	int rc = 1;

	while (rc == 1 && out->at.stage < STAGE_PAGES) {
		id = out->at.id;
		obj = next_obj(ctx, &id);
		if (!obj) {
			out->at.id = 0;
			next_stage(out, STAGE_PAGES);
			break;
		}
		found(out, id, STAGE_OBJECT);
		rc = dump_object(out, obj);
		ioasb_object_put(obj);
		cond_resched();
	}
	return rc;
}

static int dump_all_pages(struct ioasb_ctx *ctx, struct out *out)
{
	struct ioasb_pages *pages;
	unsigned long id;
	int rc = 1;

	while (rc == 1 && out->at.stage < STAGE_END) {
		id = out->at.id;
		pages = next_pages(ctx, &id);
		if (!pages) {
			next_stage(out, STAGE_END);
			break;
		}
		found(out, id, STAGE_PAGES);
		rc = dump_pages(out, pages);
		ioasb_pages_put(pages);
		cond_resched();
	}
	return rc;
}

static int fill(struct ioasb_ctx *ctx, struct ioasb_dump *cmd, struct out *out)
{
	int rc;

	cmd->out_ended = atomic64_read(&ctx->ended);
	smp_rmb();
	rc = dump_objects(ctx, out);
	if (rc == 1)
		rc = dump_all_pages(ctx, out);
	smp_rmb();
	cmd->out_begun = atomic64_read(&ctx->begun);
	cmd->out_changes = atomic64_read(&ctx->changes);
	return min(rc, 0);
}

int ioasb_dump(struct ioasb_ctx *ctx, struct ioasb_dump *cmd)
{
	struct out out = { .at = cmd->cursor, .room = min_t(u32, cmd->num_recs, MAX_RECS) };
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
