// SPDX-License-Identifier: GPL-2.0
/*
 * Slots in one array, sorted by page. What comes at the end costs nothing, what comes in between
 * moves all that is behind it.
 */
#include "tracker-pages.h"

struct entry {
	unsigned long at;
	struct ioasb_slot slot;
};

struct array {
	struct ioasb_store store; /* its nslots is how many entries there are */
	struct entry *entry;
	unsigned long room;
	unsigned long hint; /* the entry that was found last */
};

#define LEAST_ROOM 16UL

static struct array *array_of(struct ioasb_store *store)
{
	return container_of(store, struct array, store);
}

/* The first entry at or behind that page. */
static unsigned long lower_bound(struct array *a, unsigned long at)
{
	unsigned long lo = 0, hi = a->store.nslots;

	/* Often the one that was found last, or its neighbour. */
	if (a->hint < hi && a->entry[a->hint].at <= at) {
		lo = a->hint;
		if (a->entry[lo].at < at)
			lo++;
		if (lo < hi && a->entry[lo].at >= at)
			hi = lo;
	}
	while (lo < hi) {
		unsigned long mid = lo + (hi - lo) / 2;

		if (a->entry[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	a->hint = lo;
	return lo;
}

static struct ioasb_slot *array_slot(struct ioasb_store *store, unsigned long at)
{
	struct array *a = array_of(store);
	unsigned long i = lower_bound(a, at);

	return i < store->nslots && a->entry[i].at == at ? &a->entry[i].slot : NULL;
}

static struct ioasb_slot *array_next(struct ioasb_store *store, unsigned long *at,
				     unsigned long last)
{
	struct array *a = array_of(store);
	unsigned long i;

	for (i = lower_bound(a, *at); i < store->nslots && a->entry[i].at <= last; i++) {
		if (!a->entry[i].slot.count)
			continue;
		*at = a->entry[i].at;
		return &a->entry[i].slot;
	}
	return NULL;
}

/* Another size, with what it holds. */
static int resize(struct array *a, unsigned long room, gfp_t flags)
{
	struct entry *entry = NULL;

	if (room) {
		entry = kvmalloc_array(room, sizeof(*entry), GFP_KERNEL_ACCOUNT | flags);
		if (!entry)
			return -ENOMEM;
		if (a->store.nslots)
			memcpy(entry, a->entry, a->store.nslots * sizeof(*entry));
	}
	kvfree(a->entry);
	a->entry = entry;
	a->room = room;
	return 0;
}

/* The entries from i on, which lie in [first, last], and those between them that are not there. */
static void spread(struct array *a, unsigned long i, unsigned long there, unsigned long first,
		   unsigned long last)
{
	unsigned long n = last - first + 1, from = i + there, to = i + n, at = last + 1;

	memmove(&a->entry[to], &a->entry[from], (a->store.nslots - from) * sizeof(*a->entry));
	while (to > i) {
		to--;
		at--;
		if (from > i && a->entry[from - 1].at == at)
			a->entry[to] = a->entry[--from];
		else
			a->entry[to] = (struct entry){ .at = at };
	}
	a->store.nslots += n - there;
}

static int array_prepare(struct ioasb_store *store, unsigned long first, unsigned long last)
{
	unsigned long max = ioasb_max_entries(), n = last - first + 1, i, there, more;
	struct array *a = array_of(store);

	i = lower_bound(a, first);
	there = lower_bound(a, last + 1) - i;
	more = n - there;
	if (!more)
		return 0;
	if (store->nslots > max || more > max - store->nslots)
		return -ENOSPC;
	if (store->nslots + more > a->room) {
		unsigned long room = max(store->nslots + more, a->room + a->room / 2);
		int rc = resize(a, max(room, LEAST_ROOM), 0);

		if (rc)
			return rc;
	}
	spread(a, i, there, first, last);
	return 0;
}

/* If there is no memory for a smaller one it stays as it is. */
static void shrink(struct array *a)
{
	unsigned long n = a->store.nslots;

	if (n > a->room / 4 || (n && a->room <= LEAST_ROOM))
		return;
	resize(a, n ? max(n + n / 2, LEAST_ROOM) : 0, __GFP_NORETRY | __GFP_NOWARN);
}

static void array_trim(struct ioasb_store *store, unsigned long first, unsigned long last)
{
	struct array *a = array_of(store);
	unsigned long from = lower_bound(a, first), to = from;

	for (; from < store->nslots && a->entry[from].at <= last; from++)
		if (a->entry[from].slot.count)
			a->entry[to++] = a->entry[from];
	if (to == from)
		return;
	memmove(&a->entry[to], &a->entry[from], (store->nslots - from) * sizeof(*a->entry));
	store->nslots -= from - to;
	shrink(a);
}

static const struct ioasb_store_ops store_ops = {
	.prepare = array_prepare,
	.slot = array_slot,
	.next = array_next,
	.trim = array_trim,
};

static void *array_alloc(void)
{
	struct array *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);

	return a ? &a->store : NULL;
}

static void array_free(void *store)
{
	struct array *a = array_of(store);

	WARN_ON(a->store.nslots);
	kvfree(a->entry);
	kfree(a);
}

IOASB_PAGE_TRACKER(array, &store_ops, array_alloc, array_free);
