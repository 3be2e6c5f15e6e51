// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each op in flight pins of a pages object and does not charge. The kernel
 * pins and charges under the mutex of the object, in one task, so that an op
 * comes out even for itself, whatever others do to the same object meanwhile.
 */
#include "core/check_impl.h"

/* Of all ops together. */
#define LEFT_MAX 65536

struct left {
	struct itree_node node; /* [pages_id, pages_id] */
	int64_t pages;
};

struct check_balance {
	uint64_t number; /* of the op */
	struct itree left; /* never of 0 pages */
	bool foreign; /* the two below hold */
	uint32_t foreign_pages;
	uint32_t foreign_owner;
	UT_hash_handle hh;
};

static struct check_balance *find(struct check *c, uint64_t number)
{
	struct check_balance *b;

	HASH_FIND(hh, c->ledger.balances, &number, sizeof(number), b);
	return b;
}

static struct check_balance *get(struct check *c, uint64_t number)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct check_balance *b = find(c, number);

	if (b)
		return b;
	b = ioas_alloc_zeroed(&c->alloc, sizeof(*b));
	if (!b)
		return NULL;
	b->number = number;
	HASH_ADD(hh, c->ledger.balances, number, sizeof(b->number), b);
	if (b->hh.tbl)
		return b;
	ioas_alloc_release(&c->alloc, b);
	return NULL;
}

static void drop_left(struct check *c, struct check_balance *b, struct left *left)
{
	itree_remove(&b->left, &left->node);
	ioas_alloc_release(&c->alloc, left);
	c->ledger.nbalances--;
}

static void drop(struct check *c, struct check_balance *b)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct itree_node *n;

	while ((n = itree_first(&b->left)))
		drop_left(c, b, itree_entry(n, struct left, node));
	HASH_DEL(c->ledger.balances, b);
	ioas_alloc_release(&c->alloc, b);
}

static void drop_if_even(struct check *c, struct check_balance *b)
{
	if (!itree_count(&b->left) && !b->foreign)
		drop(c, b);
}

static struct left *new_left(struct check *c, struct check_balance *b, uint32_t pages_id)
{
	struct left *left = NULL;

	if (c->ledger.nbalances < LEFT_MAX)
		left = ioas_alloc_zeroed(&c->alloc, sizeof(*left));
	if (!left)
		return NULL;
	left->node.start = pages_id;
	left->node.last = pages_id;
	itree_insert(&b->left, &left->node);
	c->ledger.nbalances++;
	return left;
}

/* The op cannot be judged any more. */
static void lose(struct check_at *at)
{
	at->c->stats.no_memory++;
	at->op->partial = true;
	check_balance_drop(at->c, at->op->number);
}

void check_balance_add(struct check_at *at, uint32_t pages_id, int64_t pages)
{
	struct check_balance *b;
	struct itree_node *n;
	struct left *left;

	if (!at->op || at->op->partial || !pages)
		return;
	b = get(at->c, at->op->number);
	if (!b) {
		lose(at);
		return;
	}
	n = itree_find(&b->left, pages_id);
	left = n ? itree_entry(n, struct left, node) : new_left(at->c, b, pages_id);
	if (!left) {
		lose(at);
		return;
	}
	left->pages = (int64_t)((uint64_t)left->pages + (uint64_t)pages);
	if (!left->pages)
		drop_left(at->c, b, left);
	drop_if_even(at->c, b);
}

bool check_balance_take(struct check_at *at, struct check_balance_left *out)
{
	struct check_balance *b = find(at->c, at->ev->op);
	struct left *left;

	if (!b || !itree_count(&b->left))
		return false;
	left = itree_entry(itree_first(&b->left), struct left, node);
	out->pages_id = (uint32_t)left->node.start;
	out->pages = left->pages;
	drop_left(at->c, b, left);
	drop_if_even(at->c, b);
	return true;
}

void check_balance_foreign(struct check_at *at, uint32_t pages_id, uint32_t owner)
{
	struct check_balance *b;

	if (!at->op || at->op->partial)
		return;
	b = get(at->c, at->op->number);
	if (!b) {
		lose(at);
		return;
	}
	b->foreign = true;
	b->foreign_pages = pages_id;
	b->foreign_owner = owner;
}

bool check_balance_had_foreign(struct check_at *at, uint32_t *pages_id, uint32_t *owner)
{
	struct check_balance *b = find(at->c, at->ev->op);

	if (!b || !b->foreign)
		return false;
	*pages_id = b->foreign_pages;
	*owner = b->foreign_owner;
	return true;
}

void check_balance_drop(struct check *c, uint64_t number)
{
	struct check_balance *b = find(c, number);

	if (b)
		drop(c, b);
}

void check_balance_free(struct check *c)
{
	while (c->ledger.balances)
		drop(c, c->ledger.balances);
}
