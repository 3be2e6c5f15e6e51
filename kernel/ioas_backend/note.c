// SPDX-License-Identifier: GPL-2.0
/*
 * Points for programs to attach to. They do nothing else: a separate file keeps the compiler from
 * inlining them or dropping arguments.
 */
#include "ioasb.h"

/* The next number; taken under the lock that orders the change. */
u64 ioasb_order(struct ioasb_ctx *ctx)
{
	return atomic64_inc_return(&ctx->changes);
}

/* Nobody else knows the IOAS yet; at its end, nobody finds it any more. */
noinline void ioasb_note_ioas_new(struct ioasb_ioas *ioas, u64 order)
{
	barrier();
}

noinline void ioasb_note_ioas_gone(struct ioasb_ioas *ioas, u64 order)
{
	barrier();
}

/* ioas->lock for writing. Added: its pages are in. Going: they still are. Gone: no more. */
noinline void ioasb_note_area_added(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 order)
{
	barrier();
}

noinline void ioasb_note_area_going(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 order)
{
	barrier();
}

noinline void ioasb_note_area_gone(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 order)
{
	barrier();
}

noinline void ioasb_note_area_split(struct ioasb_ioas *ioas, struct ioasb_area *head,
				    struct ioasb_area *tail, u64 order)
{
	barrier();
}

/* Before the first area, after the last reference. */
noinline void ioasb_note_pages_new(struct ioasb_pages *pages, u64 order)
{
	barrier();
}

noinline void ioasb_note_pages_gone(struct ioasb_pages *pages, u64 order)
{
	barrier();
}

/* pages->lock. Charged before pinned, unpinned before the charge is given back (negative). */
noinline void ioasb_note_pinned(struct ioasb_pages *pages, unsigned long first,
				unsigned long npages, u64 order)
{
	barrier();
}

noinline void ioasb_note_unpinned(struct ioasb_pages *pages, unsigned long first,
				  unsigned long npages, u64 order)
{
	barrier();
}

noinline void ioasb_note_charged(struct ioasb_pages *pages, long npages, u64 order)
{
	barrier();
}

/* ioas->lock for writing. A device is attached after its ranges and pages are in. */
noinline void ioasb_note_attached(struct ioasb_ioas *ioas, struct ioasb_device *device, u64 order)
{
	barrier();
}

noinline void ioasb_note_detached(struct ioasb_ioas *ioas, struct ioasb_device *device, u64 order)
{
	barrier();
}

/* New and gone: ioas->lock for writing. Pins: client->lock; in after the pin, out before the unpin.
 */
noinline void ioasb_note_client_new(struct ioasb_client *client, u64 order)
{
	barrier();
}

noinline void ioasb_note_client_gone(struct ioasb_client *client, unsigned long forgotten,
				     u64 order)
{
	barrier();
}

noinline void ioasb_note_client_pin(struct ioasb_client *client, unsigned long start,
				    unsigned long last, u64 order)
{
	barrier();
}

noinline void ioasb_note_client_unpin(struct ioasb_client *client, unsigned long start,
				      unsigned long last, u64 order)
{
	barrier();
}

/* ioas->lock for writing. The kind is enum ioasb_rec_kind. */
noinline void ioasb_note_range_added(struct ioasb_ioas *ioas, struct ioasb_range *range, u32 kind,
				     u64 order)
{
	barrier();
}

noinline void ioasb_note_range_gone(struct ioasb_ioas *ioas, struct ioasb_range *range, u32 kind,
				    u64 order)
{
	barrier();
}

/*
 * No lock: the exchange of the word orders it, and the number is taken after that. Of two exchanges
 * of one entry at the same time, what each found tells which was first.
 */
noinline void ioasb_note_tce_set(struct ioasb_ioas *ioas, unsigned long iova, u64 old, u64 word,
				 u64 order)
{
	barrier();
}

noinline void ioasb_note_tce_cleared(struct ioasb_ioas *ioas, unsigned long iova, u64 old,
				     u64 order)
{
	barrier();
}

/* Before the pages are pinned, after they are unpinned (negative). */
noinline void ioasb_note_tce_charged(struct ioasb_ioas *ioas, long npages, u64 order)
{
	barrier();
}

/* What was mapped with WATCH has lost these pages, pinned or not. The lock of the watch. */
noinline void ioasb_note_replaced(struct ioasb_pages *pages, unsigned long first,
				  unsigned long last, u64 order)
{
	barrier();
}

/* ioas->lock for writing, and pages->lock: the head reaches to the end of the tail, which goes. */
noinline void ioasb_note_area_merged(struct ioasb_ioas *ioas, struct ioasb_area *head,
				     struct ioasb_area *tail, u64 order)
{
	barrier();
}

/* client->lock. Its device finds these pages from there on; U64_MAX: where they are themselves. */
noinline void ioasb_note_client_dma(struct ioasb_client *client, unsigned long start,
				    unsigned long last, u64 dma, u64 order)
{
	barrier();
}

/* pages->lock. Somebody else is charged for what is pinned; told as well that he is. */
noinline void ioasb_note_owner(struct ioasb_pages *pages, u64 order)
{
	barrier();
}
