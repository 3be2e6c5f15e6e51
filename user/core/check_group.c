// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many pins the client of each group has left, where both pins and unpins
 * say whose they are: pages, not which. The mirror knows which, and not whose.
 */
#include "core/check_impl.h"

struct check_group {
	uint32_t number;
	int64_t refs; /* < 0: it unpins what others have pinned */
	UT_hash_handle hh;
};

static struct check_group *find(const struct check_use *use, uint32_t number)
{
	struct check_group *g;

	HASH_FIND(hh, use->groups, &number, sizeof(number), g);
	return g;
}

static struct check_group *get(struct check *c, struct check_use *use, uint32_t number)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct check_group *g = find(use, number);

	if (g)
		return g;
	g = ioas_alloc_zeroed(&c->alloc, sizeof(*g));
	if (!g)
		return NULL;
	g->number = number;
	HASH_ADD(hh, use->groups, number, sizeof(g->number), g);
	if (g->hh.tbl)
		return g;
	ioas_alloc_release(&c->alloc, g);
	return NULL;
}

static void drop(struct check *c, struct check_use *use, struct check_group *g)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;

	HASH_DEL(use->groups, g);
	ioas_alloc_release(&c->alloc, g);
}

void check_group_add(struct check_at *at, const struct ioas_area_body *body, int64_t refs)
{
	struct check_use *use = &at->mine->use;
	struct check_group *g;

	/* A keyframe tells what is pinned, not by whom. */
	if (use->anonymous || at->c->keyframe || !body->group_valid) {
		use->anonymous = true;
		return;
	}
	g = get(at->c, use, body->group);
	if (!g) {
		at->c->stats.no_memory++;
		use->anonymous = true;
		return;
	}
	g->refs += refs;
}

uint64_t check_group_take(struct check_at *at, uint32_t number)
{
	struct check_use *use = &at->mine->use;
	struct check_group *g = find(use, number);
	int64_t refs = g && !use->anonymous ? g->refs : 0;

	if (g)
		drop(at->c, use, g);
	return refs > 0 ? (uint64_t)refs : 0;
}

void check_group_free(struct check *c, struct check_use *use)
{
	while (use->groups)
		drop(c, use, use->groups);
}
