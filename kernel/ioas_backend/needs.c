// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages of a pages object clients need whose trackers keep pages, not ranges: by windows of
 * 512 pages a bit each, and for what is needed more than once, how often that is. A page costs
 * little as long as one address of one client needs it. pages->lock is held.
 */
#include <linux/bitmap.h>

#include "ioasb.h"

struct window {
	DECLARE_BITMAP(needed, IOASB_CHUNK_PAGES);
};

static struct window *make_window(struct ioasb_pages *pages, unsigned long i)
{
	struct window *w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);

	if (w && xa_err(xa_store(&pages->needs, i, w, GFP_KERNEL_ACCOUNT))) {
		kfree(w);
		return NULL;
	}
	return w;
}

/* The page is needed once more: 0 or -ENOMEM. */
int ioasb_needs_add(struct ioasb_pages *pages, unsigned long page)
{
	struct window *w = xa_load(&pages->needs, page >> IOASB_CHUNK_SHIFT);
	unsigned long n;

	if (!w)
		w = make_window(pages, page >> IOASB_CHUNK_SHIFT);
	if (!w)
		return -ENOMEM;
	if (!__test_and_set_bit(page & (IOASB_CHUNK_PAGES - 1), w->needed))
		return 0;
	n = xa_to_value(xa_load(&pages->more, page) ?: xa_mk_value(0));
	return xa_err(xa_store(&pages->more, page, xa_mk_value(n + 1), GFP_KERNEL_ACCOUNT));
}

/* Once less. It was needed, so there is an entry already, and nothing to allocate. */
void ioasb_needs_sub(struct ioasb_pages *pages, unsigned long page)
{
	unsigned long i = page >> IOASB_CHUNK_SHIFT;
	void *more = xa_load(&pages->more, page);
	struct window *w;

	if (more && xa_to_value(more) > 1) {
		xa_store(&pages->more, page, xa_mk_value(xa_to_value(more) - 1), GFP_KERNEL);
		return;
	}
	if (more) {
		xa_erase(&pages->more, page);
		return;
	}
	w = xa_load(&pages->needs, i);
	__clear_bit(page & (IOASB_CHUNK_PAGES - 1), w->needed);
	if (bitmap_empty(w->needed, IOASB_CHUNK_PAGES)) {
		xa_erase(&pages->needs, i);
		kfree(w);
	}
}

/* The first pages in [*first, *last] that are needed; false if there are none. */
bool ioasb_needs_next(struct ioasb_pages *pages, unsigned long *first, unsigned long *last)
{
	struct window *w;
	unsigned long i;

	xa_for_each_range(&pages->needs, i, w, *first >> IOASB_CHUNK_SHIFT,
			  *last >> IOASB_CHUNK_SHIFT) {
		unsigned long base = i << IOASB_CHUNK_SHIFT;
		unsigned long lo = *first > base ? *first - base : 0;
		unsigned long hi = min(*last - base, IOASB_CHUNK_PAGES - 1);

		lo = find_next_bit(w->needed, hi + 1, lo);
		if (lo > hi)
			continue;
		*first = base + lo;
		*last = base + find_next_zero_bit(w->needed, hi + 1, lo) - 1;
		return true;
	}
	return false;
}
