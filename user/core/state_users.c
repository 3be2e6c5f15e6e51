// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/state_users.h"

static bool lacks(const struct state_ioas *i)
{
	return (i->backend == IOAS_BACKEND_IOMMUFD || i->backend == IOAS_BACKEND_COMPAT) &&
	       (!i->users_known || !i->ranges_known);
}

static bool ctx_lacks(const struct state_ctx *c)
{
	for (size_t n = 0; n < c->nioases; n++) {
		if (lacks(&c->ioases[n]))
			return true;
	}
	return false;
}

bool state_lacks_users(const struct state *s)
{
	for (size_t c = 0; c < s->nctxs; c++) {
		if (ctx_lacks(&s->ctxs[c]))
			return true;
	}
	return false;
}

/* ---- the same in both pictures ---- */

static struct state_ioas *by_key(const struct state_ctx *c, __u64 key)
{
	for (size_t n = 0; key && n < c->nioases; n++) {
		if (c->ioases[n].key == key)
			return &c->ioases[n];
	}
	return NULL;
}

/* Whether both have the same IOASes: a key is there once. */
static bool same_ioases(const struct state_ctx *a, const struct state_ctx *b)
{
	if (a->nioases != b->nioases)
		return false;
	for (size_t n = 0; n < a->nioases; n++) {
		if (!by_key(b, a->ioases[n].key))
			return false;
	}
	return true;
}

static struct state_ctx *find_same(struct state *walked, const struct state_ctx *c)
{
	for (size_t n = 0; n < walked->nctxs; n++) {
		if (same_ioases(c, &walked->ctxs[n]))
			return &walked->ctxs[n];
	}
	return NULL;
}

static bool same_areas(const struct state_ioas *a, const struct state_ioas *b)
{
	if (a->nareas != b->nareas)
		return false;
	for (size_t n = 0; n < a->nareas; n++) {
		if (a->areas[n].iova != b->areas[n].iova || a->areas[n].last != b->areas[n].last)
			return false;
	}
	return true;
}

/* ---- over to the other ---- */

/* What @from gets in exchange is cleared with it. */
#define SWAP(to, from, array, count)                                                               \
	do {                                                                                       \
		__typeof__((to)->array) array_ = (to)->array;                                      \
		size_t count_ = (to)->count;                                                       \
		(to)->array = (from)->array;                                                       \
		(to)->count = (from)->count;                                                       \
		(from)->array = array_;                                                            \
		(from)->count = count_;                                                            \
	} while (0)

/* The numbers of their pages objects are the walk's: they are none of this context. */
static void take_areas(struct state_ioas *i, struct state_ioas *from)
{
	SWAP(i, from, areas, nareas);
	i->areas_room = i->nareas;
	from->areas_room = from->nareas;
	for (size_t n = 0; n < i->nareas; n++)
		i->areas[n].pages_id = 0;
	i->bytes = from->bytes;
	i->adopted = false;
}

static void take(struct state_ioas *i, struct state_ioas *from)
{
	SWAP(i, from, domains, ndomains);
	SWAP(i, from, devices, ndevices);
	SWAP(i, from, accesses, naccesses);
	SWAP(i, from, ranges, nranges);
	i->users_known = from->users_known;
	i->ranges_known = from->ranges_known;
	i->truncated |= from->truncated;
	i->raced |= from->raced;
	if (i->adopted)
		take_areas(i, from);
	else
		i->raced |= !from->truncated && !same_areas(i, from);
}

static void take_ctx(struct state_ctx *c, struct state_ctx *from)
{
	for (size_t n = 0; n < c->nioases; n++)
		take(&c->ioases[n], by_key(from, c->ioases[n].key));
}

void state_take_users(struct state *s, struct state *walked)
{
	for (size_t n = 0; n < s->nctxs; n++) {
		struct state_ctx *c = &s->ctxs[n];
		struct state_ctx *from = ctx_lacks(c) ? find_same(walked, c) : NULL;

		if (from)
			take_ctx(c, from);
	}
}
