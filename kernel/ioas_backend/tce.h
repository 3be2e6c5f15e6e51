/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An IOAS of mode TCE: a window, and a table of one word for each of its pages. What is in the word
 * is pinned. Map and unmap exchange words and take no lock of the IOAS; whoever gets a word out of
 * the table unpins what it says.
 */
#ifndef IOASB_TCE_H
#define IOASB_TCE_H

#include <linux/percpu-refcount.h>

#include "ioasb.h"

struct ioasb_tce {
	unsigned long start; /* of the window */
	unsigned long npages;
	struct percpu_ref busy; /* calls that exchange words; the end waits for them */
	struct completion idle;
	struct rw_semaphore access; /* for reading: somebody uses the page of a word */
	struct ioasb_charge charge; /* of who made the IOAS */
	atomic64_t npinned;
	atomic64_t replaced;
	struct ioasb_range outside[2];
	u32 noutside;
	u64 *words;
};

/* A word: page frame number, and the protection, which is not 0. */
#define IOASB_TCE_PROT (IOASB_READABLE | IOASB_WRITEABLE)
static_assert(IOASB_TCE_PROT < PAGE_SIZE);

static inline unsigned long ioasb_tce_pfn(u64 word)
{
	return word >> PAGE_SHIFT;
}

static inline unsigned long ioasb_tce_iova(const struct ioasb_tce *tce, unsigned long index)
{
	return tce->start + (index << PAGE_SHIFT);
}

static inline unsigned long ioasb_tce_last(const struct ioasb_tce *tce)
{
	return tce->start + ((tce->npages << PAGE_SHIFT) - 1);
}

/* tce.c: words that were taken out of the table. */
u64 ioasb_tce_exchange(struct ioasb_ioas *ioas, unsigned long index, u64 word);
void ioasb_tce_settle(struct ioasb_tce *tce);
unsigned long ioasb_tce_unpin(const u64 *words, unsigned long n);
void ioasb_tce_uncharge(struct ioasb_ioas *ioas, unsigned long npages);

#endif
