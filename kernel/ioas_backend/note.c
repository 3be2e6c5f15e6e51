// SPDX-License-Identifier: GPL-2.0
/*
 * What is told at each change, by whom it is called under which lock, and in what order. The hook
 * points themselves are in hook.c.
 */
#include <linux/cred.h>
#include <linux/user_namespace.h>

#include "hook.h"

/* The next number; taken under the lock that orders the change. */
u64 ioasb_order(struct ioasb_ctx *ctx)
{
	return atomic64_inc_return(&ctx->changes);
}

static u64 key(const void *object)
{
	return (uintptr_t)object;
}

static struct ioasb_note of_ctx(struct ioasb_ctx *ctx, size_t size, u64 order)
{
	return (struct ioasb_note){ .size = size, .ctx = key(ctx), .order = order };
}

static struct ioasb_note of_ioas(struct ioasb_ioas *ioas, size_t size, u64 order)
{
	struct ioasb_note at = of_ctx(ioas->obj.ctx, size, order);

	at.ioas = key(ioas);
	at.ioas_id = ioas->obj.id;
	at.mode = ioas->mode;
	at.account = ioas->account;
	return at;
}

/* Nobody else has the context yet, or any more. What is in it ends between closing and closed. */
void ioasb_note_opened(struct ioasb_ctx *ctx)
{
	struct ioasb_note note = of_ctx(ctx, sizeof(note), ioasb_order(ctx));

	ioasb_hook_opened(&note);
}

void ioasb_note_closing(struct ioasb_ctx *ctx)
{
	struct ioasb_note note = of_ctx(ctx, sizeof(note), ioasb_order(ctx));

	ioasb_hook_closing(&note);
}

void ioasb_note_closed(struct ioasb_ctx *ctx)
{
	struct ioasb_note note = of_ctx(ctx, sizeof(note), ioasb_order(ctx));

	ioasb_hook_closed(&note);
}

/* Around what an ioctl of the context's file does, without a lock. */
void ioasb_note_call(struct ioasb_ctx *ctx, u32 nr, const void *args)
{
	ioasb_hook_call(ctx, nr, args);
}

void ioasb_note_answer(struct ioasb_ctx *ctx, u32 nr, const void *args, int result)
{
	ioasb_hook_answer(ctx, nr, args, result);
}

/* Nobody else knows the IOAS yet; at its end, nobody finds it any more. */
void ioasb_note_ioas_new(struct ioasb_ioas *ioas, u64 order)
{
	struct ioasb_note note = of_ioas(ioas, sizeof(note), order);

	ioasb_hook_ioas_new(&note);
}

void ioasb_note_ioas_gone(struct ioasb_ioas *ioas, u64 order)
{
	struct ioasb_note note = of_ioas(ioas, sizeof(note), order);

	ioasb_hook_ioas_gone(&note);
}

/* ---- pages objects ---- */

static u64 payer(const struct ioasb_charge *charge)
{
	switch (charge->account) {
	case IOASB_ACCOUNT_USER:
		return key(charge->user);
	case IOASB_ACCOUNT_MM:
		return key(charge->mm);
	default:
		return 0;
	}
}

/* Whoever pays may change meanwhile, and then be gone. */
static void fill_payer(struct ioasb_note_pages *note, struct ioasb_pages *pages)
{
	spin_lock(&pages->owner_lock);
	note->mm = key(pages->charge.mm);
	note->payer = payer(&pages->charge);
	note->account = pages->charge.account;
	note->tgid = pages->charge.task->tgid;
	note->uid = from_kuid(&init_user_ns, pages->charge.owner->uid);
	spin_unlock(&pages->owner_lock);
}

/* All else does not change: pages->lock is not needed. */
static void fill_pages(struct ioasb_note_pages *note, struct ioasb_pages *pages)
{
	note->key = key(pages);
	note->user_va = pages->file ? 0 : pages->user_va;
	note->npages = pages->npages;
	note->id = pages->id;
	note->memory = pages->file ? IOASB_MEMORY_FILE : IOASB_MEMORY_USER;
	note->writeable = pages->writeable;
	fill_payer(note, pages);
}

static struct ioasb_note_pages pages_note(struct ioasb_pages *pages, u64 order)
{
	struct ioasb_note_pages note = { .at = of_ctx(pages->ctx, sizeof(note), order) };

	fill_pages(&note, pages);
	note.npinned = pages->npinned;
	return note;
}

/* Before the first area, after the last reference. */
void ioasb_note_pages_new(struct ioasb_pages *pages, u64 order)
{
	struct ioasb_note_pages note = pages_note(pages, order);

	ioasb_hook_pages_new(&note);
}

void ioasb_note_pages_gone(struct ioasb_pages *pages, u64 order)
{
	struct ioasb_note_pages note = pages_note(pages, order);

	ioasb_hook_pages_gone(&note);
}

/* pages->lock. Charged before pinned, unpinned before the charge is given back (negative). */
void ioasb_note_pinned(struct ioasb_pages *pages, u64 order)
{
	struct ioasb_note_pages note = pages_note(pages, order);

	ioasb_hook_pinned(&note);
}

void ioasb_note_unpinned(struct ioasb_pages *pages, u64 order)
{
	struct ioasb_note_pages note = pages_note(pages, order);

	ioasb_hook_unpinned(&note);
}

void ioasb_note_charged(struct ioasb_pages *pages, long npages, u64 order)
{
	struct ioasb_note_pages note = pages_note(pages, order);

	note.charged = npages;
	ioasb_hook_charged(&note);
}

/* pages->lock. Somebody else pays from here on: it was told that the one before him does not. */
void ioasb_note_owner(struct ioasb_pages *pages, u64 order)
{
	struct ioasb_note_pages note = pages_note(pages, order);

	ioasb_hook_owner(&note);
}

/* What was mapped with WATCH has lost these pages, pinned or not. The lock of the watch. */
void ioasb_note_replaced(struct ioasb_pages *pages, unsigned long first, unsigned long last,
			 u64 order)
{
	struct ioasb_note_replaced note = {
		.pages.at = of_ctx(pages->ctx, sizeof(note), order),
		.first_page = first,
		.last_page = last,
	};

	fill_pages(&note.pages, pages);
	ioasb_hook_replaced(&note);
}

/* ---- areas: ioas->lock for writing ---- */

static struct ioasb_note_area area_note(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 order)
{
	struct ioasb_note_area note = {
		.pages.at = of_ioas(ioas, sizeof(note), order),
		.start = area->start,
		.last = area->last,
		.first_page = area->user.first_page,
		.prot = area->prot,
	};

	fill_pages(&note.pages, area->pages);
	return note;
}

static void tell_each(struct ioasb_ioas *ioas, struct ioasb_area *area,
		      void (*hook)(const struct ioasb_note_area *note))
{
	struct ioasb_attachment *at;

	list_for_each_entry(at, &ioas->attached, entry) {
		struct ioasb_note_area note = area_note(ioas, area, ioasb_order(ioas->obj.ctx));

		note.attachment = key(at);
		hook(&note);
	}
}

/*
 * Added: its pages are in. Going: they still are. Gone: no more. Each device reaches it between
 * filled and emptied.
 */
void ioasb_note_area_added(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 order)
{
	struct ioasb_note_area note = area_note(ioas, area, order);

	ioasb_hook_area_added(&note);
	tell_each(ioas, area, ioasb_hook_area_filled);
}

void ioasb_note_area_going(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 order)
{
	struct ioasb_note_area note = area_note(ioas, area, order);

	ioasb_hook_area_going(&note);
}

void ioasb_note_area_gone(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 order)
{
	struct ioasb_note_area note = area_note(ioas, area, order);

	tell_each(ioas, area, ioasb_hook_area_emptied);
	ioasb_hook_area_gone(&note);
}

/* As one area from the head's start to the tail's last. */
void ioasb_note_area_split(struct ioasb_ioas *ioas, struct ioasb_area *head,
			   struct ioasb_area *tail, u64 order)
{
	struct ioasb_note_area note = area_note(ioas, head, order);

	note.last = tail->last;
	note.cut = tail->start;
	ioasb_hook_area_split(&note);
}

/* As the one area that the head is then. pages->lock is held, too. */
void ioasb_note_area_merged(struct ioasb_ioas *ioas, struct ioasb_area *head,
			    struct ioasb_area *tail, u64 order)
{
	struct ioasb_note_area note = area_note(ioas, head, order);

	note.cut = tail->start;
	ioasb_hook_area_merged(&note);
}

/* ---- devices: ioas->lock for writing ---- */

static struct ioasb_note_device device_note(struct ioasb_ioas *ioas, struct ioasb_attachment *at,
					    u64 order)
{
	return (struct ioasb_note_device){
		.at = of_ioas(ioas, sizeof(struct ioasb_note_device), order),
		.device = key(at->device),
		.attachment = key(at),
		.page_size = at->device->page_size,
		.id = at->device->obj.id,
	};
}

static void tell_all(struct ioasb_ioas *ioas, struct ioasb_attachment *at,
		     void (*hook)(const struct ioasb_note_area *note))
{
	struct ioasb_area *area;

	for (area = ioasb_areas_iter_first(&ioas->areas, 0, ULONG_MAX); area;
	     area = ioasb_areas_iter_next(area, 0, ULONG_MAX)) {
		struct ioasb_note_area note = area_note(ioas, area, ioasb_order(ioas->obj.ctx));

		note.attachment = key(at);
		hook(&note);
		cond_resched();
	}
}

/* It is attached after its ranges and pages are in, and reaches all areas then. */
void ioasb_note_attached(struct ioasb_ioas *ioas, struct ioasb_attachment *at, u64 order)
{
	struct ioasb_note_device note = device_note(ioas, at, order);

	ioasb_hook_attached(&note);
	tell_all(ioas, at, ioasb_hook_area_filled);
}

void ioasb_note_detached(struct ioasb_ioas *ioas, struct ioasb_attachment *at, u64 order)
{
	struct ioasb_note_device note = device_note(ioas, at, order);

	tell_all(ioas, at, ioasb_hook_area_emptied);
	ioasb_hook_detached(&note);
}

/* The kind is enum ioasb_rec_kind; device: for whom it is reserved, or NULL. */
static struct ioasb_note_range range_note(struct ioasb_ioas *ioas, struct ioasb_range *range,
					  u32 kind, const struct ioasb_device *device, u64 order)
{
	return (struct ioasb_note_range){
		.at = of_ioas(ioas, sizeof(struct ioasb_note_range), order),
		.start = range->start,
		.last = range->last,
		.device = key(device),
		.kind = kind,
		.id = range->id,
	};
}

void ioasb_note_range_added(struct ioasb_ioas *ioas, struct ioasb_range *range, u32 kind,
			    const struct ioasb_device *device, u64 order)
{
	struct ioasb_note_range note = range_note(ioas, range, kind, device, order);

	ioasb_hook_range_added(&note);
}

void ioasb_note_range_gone(struct ioasb_ioas *ioas, struct ioasb_range *range, u32 kind,
			   const struct ioasb_device *device, u64 order)
{
	struct ioasb_note_range note = range_note(ioas, range, kind, device, order);

	ioasb_hook_range_gone(&note);
}

/* ---- tables ---- */

static struct ioasb_note_tce tce_note(struct ioasb_ioas *ioas, unsigned long iova, u64 old,
				      u64 word, u64 order)
{
	return (struct ioasb_note_tce){
		.at = of_ioas(ioas, sizeof(struct ioasb_note_tce), order),
		.iova = iova,
		.old = old,
		.word = word,
	};
}

/*
 * No lock: the exchange of the word orders it, and the number is taken after that. Of two exchanges
 * of one entry at the same time, what each found tells which was first.
 */
void ioasb_note_tce_set(struct ioasb_ioas *ioas, unsigned long iova, u64 old, u64 word, u64 order)
{
	struct ioasb_note_tce note = tce_note(ioas, iova, old, word, order);

	ioasb_hook_tce_set(&note);
}

void ioasb_note_tce_cleared(struct ioasb_ioas *ioas, unsigned long iova, u64 old, u64 order)
{
	struct ioasb_note_tce note = tce_note(ioas, iova, old, 0, order);

	ioasb_hook_tce_cleared(&note);
}

/* No lock. Before the pages are pinned, after they are unpinned (negative). */
void ioasb_note_tce_charged(struct ioasb_ioas *ioas, long npages, u64 order)
{
	const struct ioasb_charge *charge = ioasb_tce_charge(ioas);
	struct ioasb_note_tce note = tce_note(ioas, 0, 0, 0, order);

	note.charged = npages;
	note.payer = payer(charge);
	note.tgid = charge->task->tgid;
	note.uid = from_kuid(&init_user_ns, charge->owner->uid);
	ioasb_hook_tce_charged(&note);
}
