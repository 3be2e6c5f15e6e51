// SPDX-License-Identifier: GPL-2.0
/* What the dump says of pages objects. */
#include <linux/bitmap.h>

#include "dump.h"

/* What was pinned in one piece of the window, and still is. */
static bool dump_run(struct ioasb_out *out, u32 id, const struct ioasb_chunk *chunk,
		     unsigned long base, const struct ioasb_run *run)
{
	u32 end = run->first + run->npages;
	u32 start = max_t(u64, run->first, out->at.key > base ? out->at.key - base : 0), stop;

	for (; start < end; start = stop) {
		struct ioasb_rec *rec;

		start = find_next_bit(chunk->pinned, end, start);
		stop = find_next_zero_bit(chunk->pinned, end, start);
		if (start >= end)
			break;
		rec = ioasb_out_next(out, IOASB_REC_PINNED, id);
		if (!rec)
			return false;
		rec->pinned.first_page = base + start;
		rec->pinned.npages = stop - start;
		rec->pinned.pfn = out->pfns ? run->pfn + start - run->first : 0;
		out->at.key = base + stop;
	}
	return true;
}

/* Where runs begin tells what is physically contiguous: only for those who may know the numbers. */
static bool dump_chunk(struct ioasb_out *out, u32 id, const struct ioasb_chunk *chunk,
		       unsigned long base)
{
	static const struct ioasb_run whole = { .npages = IOASB_CHUNK_PAGES };
	u32 r;

	if (!out->pfns)
		return dump_run(out, id, chunk, base, &whole);
	for (r = 0; r < chunk->nruns; r++)
		if (!dump_run(out, id, chunk, base, &chunk->runs[r]))
			return false;
	return true;
}

static bool dump_pinned(struct ioasb_out *out, struct ioasb_pages *pages)
{
	struct ioasb_chunk *chunk;
	unsigned long i;

	xa_for_each_start(&pages->chunks, i, chunk, out->at.key >> IOASB_CHUNK_SHIFT)
		if (!dump_chunk(out, pages->id, chunk, i << IOASB_CHUNK_SHIFT))
			return false;
	ioasb_out_object(out, STAGE_PAGES);
	return true;
}

static void put_watch(struct ioasb_rec *rec, struct ioasb_pages *pages)
{
	struct ioasb_watch_state state;

	ioasb_watch_state(pages, &state);
	rec->pages.flags = IOASB_PAGES_WATCHED;
	if (state.flags & IOASB_WATCH_STALE)
		rec->pages.flags |= IOASB_PAGES_STALE;
	rec->pages.generation = state.generation;
}

static bool put_pages(struct ioasb_out *out, struct ioasb_pages *pages)
{
	struct ioasb_rec *rec = ioasb_out_next(out, IOASB_REC_PAGES, pages->id);

	if (!rec)
		return false;
	rec->pages.user_va = pages->user_va;
	rec->pages.npages = pages->npages;
	rec->pages.npinned = pages->npinned;
	if (pages->charge.account != IOASB_ACCOUNT_NONE)
		rec->pages.ncharged = pages->charge.npages;
	rec->pages.bytes = out->pfns ? pages->bytes : 0;
	rec->pages.account = pages->charge.account;
	rec->pages.uid = from_kuid_munged(current_user_ns(), pages->charge.owner->uid);
	rec->pages.writeable = pages->writeable;
	rec->pages.kind = pages->file ? IOASB_PAGES_FILE : IOASB_PAGES_USER;
	rec->pages.users = pages->nusers;
	if (pages->watch)
		put_watch(rec, pages);
	return true;
}

static int dump_pages(struct ioasb_out *out, struct ioasb_pages *pages)
{
	bool more = true;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	if (out->at.stage == STAGE_PAGES) {
		more = put_pages(out, pages);
		if (more)
			ioasb_out_stage(out, STAGE_PINNED);
	}
	if (more)
		more = dump_pinned(out, pages);
	mutex_unlock(&pages->lock);
	return more;
}

struct ioasb_pages *ioasb_pages_next(struct ioasb_ctx *ctx, unsigned long *id)
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

int ioasb_dump_pages(struct ioasb_ctx *ctx, struct ioasb_out *out)
{
	struct ioasb_pages *pages;
	unsigned long id;
	int rc = 1;

	while (rc == 1 && out->at.stage < STAGE_END) {
		id = out->at.id;
		pages = ioasb_pages_next(ctx, &id);
		if (!pages) {
			ioasb_out_stage(out, STAGE_END);
			break;
		}
		ioasb_out_found(out, id, STAGE_PAGES);
		rc = dump_pages(out, pages);
		ioasb_pages_put(pages);
		cond_resched();
	}
	return rc;
}
