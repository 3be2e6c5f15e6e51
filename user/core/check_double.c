// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memory that is charged twice. For each process the addresses of its
 * memory that is mapped: of each area whose memory is its own, and of each pages
 * object. What the mirror drops on its own behalf is found to be gone when
 * somebody looks at it.
 */

#include "core/check_impl.h"

/* So many that overlap are looked at; none of them may be charged. */
#define LOOK_MAX 16

/* What it is the memory of; without holes, for it is hashed. */
struct memory_key {
	uint64_t iova; /* of the area */
	uint32_t home; /* its IOAS; of a pages object its context */
	uint32_t pages_id; /* 0: an area */
};

/* Many may be at the same addresses, so they are found by what they are as well. */
struct check_memory {
	struct itree_node node; /* addresses in the process */
	struct check_space *space;
	struct memory_key key;
	UT_hash_handle hh;
};

struct check_space {
	uint32_t tgid;
	struct itree memory;
	UT_hash_handle hh;
};

static struct check_space *find(struct check *c, uint32_t tgid)
{
	struct check_space *s;

	HASH_FIND(hh, c->ledger.spaces, &tgid, sizeof(tgid), s);
	return s;
}

static struct check_space *get(struct check *c, uint32_t tgid)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct check_space *s = find(c, tgid);

	if (s)
		return s;
	s = ioas_alloc_zeroed(&c->alloc, sizeof(*s));
	if (!s)
		return NULL;
	s->tgid = tgid;
	HASH_ADD(hh, c->ledger.spaces, tgid, sizeof(s->tgid), s);
	if (s->hh.tbl)
		return s;
	ioas_alloc_release(&c->alloc, s);
	return NULL;
}

static void drop_memory(struct check *c, struct check_memory *m)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;

	itree_remove(&m->space->memory, &m->node);
	HASH_DEL(c->ledger.memory, m);
	slab_give(&c->ledger.nodes, &c->alloc, m);
}

static void drop_if_empty(struct check *c, struct check_space *s)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;

	if (itree_count(&s->memory))
		return;
	HASH_DEL(c->ledger.spaces, s);
	ioas_alloc_release(&c->alloc, s);
}

/* What is mapped, by whom, and where it lies there. */
struct what {
	uint32_t tgid; /* 0: not known, or no memory of a process */
	uint64_t va;
	uint64_t last;
	struct memory_key key;
};

static struct what of_range(uint32_t tgid, uint64_t va, uint64_t bytes_less_1)
{
	struct what w = { .tgid = tgid, .va = va, .last = va + bytes_less_1 };

	if (w.last < va)
		w.tgid = 0;
	return w;
}

static struct what of_area(const struct check_at *at, const struct mirror_area *area)
{
	struct what w = of_range(mirror_area_owner(at->c->mirror, area).tgid, mirror_area_va(area),
				 area->node.last - area->node.start);

	if (mirror_area_pages(area))
		w.tgid = 0;
	w.key.iova = area->node.start;
	w.key.home = at->ioas->id;
	return w;
}

static struct what of_pages(const struct mirror_pages *pages)
{
	struct what w =
		of_range(pages->owner_tgid, pages->va, (pages->npages << IOAS_PAGE_SHIFT) - 1);

	if (pages->memory != IOAS_MEMORY_USER)
		w.tgid = 0;
	w.key.home = pages->ctx->id;
	w.key.pages_id = pages->id;
	return w;
}

static void forget(struct check_at *at, const struct what *w)
{
	struct check_memory *m;
	struct check_space *s;

	HASH_FIND(hh, at->c->ledger.memory, &w->key, sizeof(w->key), m);
	if (!m)
		return;
	s = m->space;
	drop_memory(at->c, m);
	drop_if_empty(at->c, s);
}

static struct check_memory *add_memory(struct check *c, struct check_space *s, const struct what *w)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct check_memory *m;

	c->ledger.nodes.size = sizeof(*m);
	m = slab_take(&c->ledger.nodes, &c->alloc);
	if (!m)
		return NULL;
	*m = (struct check_memory){ .space = s, .key = w->key };
	m->node.start = w->va;
	m->node.last = w->last;
	HASH_ADD(hh, c->ledger.memory, key, sizeof(m->key), m);
	if (!m->hh.tbl) {
		slab_give(&c->ledger.nodes, &c->alloc, m);
		return NULL;
	}
	itree_insert(&s->memory, &m->node);
	return m;
}

static void keep(struct check_at *at, const struct what *w)
{
	struct check_space *s;

	/* What was there may have been dropped by the mirror, and not been looked at. */
	forget(at, w);
	s = get(at->c, w->tgid);
	if (s && add_memory(at->c, s, w))
		return;
	at->c->stats.no_memory++;
	if (s)
		drop_if_empty(at->c, s);
}

/* ---- whether it is charged ---- */

enum state {
	GONE, /* it is not there any more */
	FREE, /* nobody pays for it, or it is not certain */
	CHARGED,
};

static enum state state_of_pages(const struct check *c, const struct check_memory *m)
{
	const struct mirror_ctx *ctx = mirror_find_ctx(c->mirror, m->key.home);
	const struct mirror_pages *pages = ctx ? mirror_find_pages(ctx, m->key.pages_id) : NULL;

	if (!pages || pages->va != m->node.start)
		return GONE;
	return pages->account != IOAS_COUNTER_NONE && !ctx->uncertain_since ? CHARGED : FREE;
}

/* What is pinned for an area itself is charged; nothing is without a hardware user. */
static enum state state_of(const struct check *c, const struct check_memory *m)
{
	const struct mirror_ioas *ioas;
	const struct mirror_area *area;

	if (m->key.pages_id)
		return state_of_pages(c, m);
	ioas = mirror_find_ioas(c->mirror, m->key.home);
	area = ioas ? mirror_area_at(ioas, m->key.iova) : NULL;
	if (!area || mirror_area_pages(area) || mirror_area_va(area) != m->node.start)
		return GONE;
	return mirror_area_pinned(area) > 0 && !ioas->ctx->uncertain_since ? CHARGED : FREE;
}

static const struct check_memory *find_charged(struct check *c, struct check_space *s,
					       const struct what *w)
{
	struct itree_node *n = itree_first_in(&s->memory, w->va, w->last), *next;

	for (int i = 0; n && i < LOOK_MAX; i++, n = next) {
		struct check_memory *m = itree_entry(n, struct check_memory, node);
		enum state state = state_of(c, m);

		next = itree_next_in(n, w->va, w->last);
		if (state == CHARGED)
			return m;
		if (state == GONE)
			drop_memory(c, m);
	}
	return NULL;
}

static void judge(struct check_at *at, const struct what *w)
{
	struct check_space *s = find(at->c, w->tgid);
	const struct check_memory *other;
	uint64_t va, last;

	if (state_of(at->c, &(struct check_memory){ .node = { .start = w->va }, .key = w->key }) !=
		    CHARGED ||
	    !check_judge(at, RULE_DOUBLE_CHARGE))
		return;
	other = s ? find_charged(at->c, s, w) : NULL;
	if (!other)
		return;
	va = other->node.start > w->va ? other->node.start : w->va;
	last = other->node.last < w->last ? other->node.last : w->last;
	check_fail(at, RULE_DOUBLE_CHARGE, NULL,
		   "addresses " CHECK_RANGE " of process %" PRIu32
		   " are charged twice, first for %s %" PRIu32,
		   va, last, w->tgid, other->key.pages_id ? "memory" : "IOAS",
		   other->key.pages_id ? other->key.pages_id : other->key.home);
}

/* ---- the ways in ---- */

static bool is_off(const struct check_at *at)
{
	return at->c->policy.severity[RULE_DOUBLE_CHARGE] == RULE_OFF;
}

/* All areas that the event's range overlaps: those that it changes, or pushes out. */
static void each_area(struct check_at *at, void (*do_it)(struct check_at *at, const struct what *w))
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_area *area = mirror_area_first_in(at->ioas, body->iova, body->last);

	for (; area; area = mirror_area_next_in(area, body->iova, body->last)) {
		struct what w = of_area(at, area);

		if (w.tgid)
			do_it(at, &w);
	}
}

static void forget_ioas(struct check_at *at, const struct mirror_ioas *ioas)
{
	struct check_at there = *at;
	const struct mirror_area *area = mirror_area_first(ioas);

	there.ioas = ioas;
	for (; area; area = mirror_area_next(area)) {
		struct what w = of_area(&there, area);

		forget(at, &w);
	}
}

static void forget_ctx(struct check_at *at)
{
	const struct mirror_pages *pages = mirror_pages_first(at->ctx);
	const struct mirror_ioas *ioas = mirror_ioas_first(at->ctx);

	for (; ioas; ioas = mirror_ioas_next(ioas))
		forget_ioas(at, ioas);
	for (; pages; pages = mirror_pages_next(pages)) {
		struct what w = of_pages(pages);

		forget(at, &w);
	}
}

static bool changes_area(const struct check_at *at)
{
	switch (at->ev->kind) {
	case IOAS_EV_AREA_ADD:
	case IOAS_EV_AREA_GONE:
	case IOAS_EV_AREA_UPDATE:
	case IOAS_EV_AREA_SPLIT:
	case IOAS_EV_AREA_MERGED:
		return at->ioas;
	default:
		return false;
	}
}

static bool changes_pages(const struct check_at *at)
{
	return at->ctx &&
	       (at->ev->kind == IOAS_EV_PAGES_NEW || at->ev->kind == IOAS_EV_PAGES_GONE ||
		at->ev->kind == IOAS_EV_PAGES_OWNER);
}

static void one_pages(struct check_at *at, void (*do_it)(struct check_at *at, const struct what *w))
{
	const struct mirror_pages *pages = check_pages_known(at, at->ev->body_pages.pages_id);
	struct what w = { .tgid = 0 };

	if (pages)
		w = of_pages(pages);
	if (w.tgid)
		do_it(at, &w);
}

void check_double_before(struct check_at *at)
{
	if (is_off(at))
		return;
	if (changes_area(at))
		each_area(at, forget);
	else if (changes_pages(at))
		one_pages(at, forget);
	else if (at->ev->kind == IOAS_EV_IOAS_GONE && at->ioas)
		forget_ioas(at, at->ioas);
	else if (at->ev->kind == IOAS_EV_CTX_GONE && at->ctx)
		forget_ctx(at);
}

void check_double_after(struct check_at *at)
{
	if (is_off(at))
		return;
	if (at->ev->kind == IOAS_EV_AREA_ADD && at->ioas)
		each_area(at, judge);
	else if (at->ev->kind == IOAS_EV_PAGES_NEW && at->ctx)
		one_pages(at, judge);
	if (changes_area(at))
		each_area(at, keep);
	else if (changes_pages(at))
		one_pages(at, keep);
}

static void drop_space(struct check *c, struct check_space *s)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct itree_node *n;

	while ((n = itree_first(&s->memory)))
		drop_memory(c, itree_entry(n, struct check_memory, node));
	HASH_DEL(c->ledger.spaces, s);
	ioas_alloc_release(&c->alloc, s);
}

void check_double_free(struct check *c)
{
	while (c->ledger.spaces)
		drop_space(c, c->ledger.spaces);
	slab_clear(&c->ledger.nodes, &c->alloc);
}
