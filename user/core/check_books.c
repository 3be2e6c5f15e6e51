// SPDX-License-Identifier: GPL-2.0-or-later
/* The checker's books: contexts, IOASes and ops, as far as the mirror does not know them. */
#include <string.h>

#include "core/check_impl.h"

struct check_ctx *check_find_ctx(struct check *c, uint32_t id)
{
	struct check_ctx *my;

	HASH_FIND(hh, c->ctxs, &id, sizeof(id), my);
	return my;
}

struct check_ioas *check_find_ioas(struct check *c, uint32_t id)
{
	struct check_ioas *mine;

	HASH_FIND(hh, c->ioases, &id, sizeof(id), mine);
	return mine;
}

struct check_op *check_find_op(struct check *c, uint64_t number)
{
	struct check_op *op;

	HASH_FIND(hh, c->ops, &number, sizeof(number), op);
	return op;
}

/* A context whose first word is not its birth, or not its first, is older than the events. */
static bool older(const struct check *c, const struct ioas_event *ev)
{
	if (ev->kind != IOAS_EV_CTX_NEW || (ev->flags & IOAS_F_ADOPTED))
		return true;
	return ev->order > 1 && !c->keyframe;
}

struct check_ctx *check_get_ctx(struct check *c, const struct ioas_event *ev)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct check_ctx *my = check_find_ctx(c, ev->ctx);

	if (my)
		return my;
	my = ioas_alloc_zeroed(&c->alloc, sizeof(*my));
	if (!my)
		goto none;
	my->id = ev->ctx;
	my->first_ns = ev->time_ns;
	my->adopted = older(c, ev);
	HASH_ADD(hh, c->ctxs, id, sizeof(my->id), my);
	if (!my->hh.tbl) {
		ioas_alloc_release(&c->alloc, my);
		goto none;
	}
	c->stats.adopted_contexts += my->adopted;
	return my;
none:
	c->stats.no_memory++;
	return NULL;
}

static void link_ioas(struct check_ctx *my, struct check_ioas *mine)
{
	mine->next = my->ioases;
	if (mine->next)
		mine->next->self = &mine->next;
	mine->self = &my->ioases;
	my->ioases = mine;
}

static void unlink_ioas(struct check_ioas *mine)
{
	*mine->self = mine->next;
	if (mine->next)
		mine->next->self = mine->self;
}

struct check_ioas *check_get_ioas(struct check_at *at)
{
	const struct ioas_alloc *hash_alloc = &at->c->alloc;
	struct check_ioas *mine = check_find_ioas(at->c, at->ev->ioas);

	if (mine)
		return mine;
	mine = ioas_alloc_zeroed(&at->c->alloc, sizeof(*mine));
	if (!mine)
		goto none;
	mine->id = at->ev->ioas;
	mine->entries = -1;
	/* Ops may be half told in what a keyframe tells. */
	mine->shaken = at->c->keyframe;
	HASH_ADD(hh, at->c->ioases, id, sizeof(mine->id), mine);
	if (!mine->hh.tbl) {
		ioas_alloc_release(&at->c->alloc, mine);
		goto none;
	}
	link_ioas(at->my_ctx, mine);
	return mine;
none:
	check_no_memory(at);
	return NULL;
}

/* The oldest op in flight makes room. It may be told yet: then it is known to be partial. */
static void give_up_op(struct check *c)
{
	struct check_op *op = c->ops;
	struct check_ctx *my = check_find_ctx(c, op->ctx);

	for (unsigned int i = 0; i < op->npending; i++) {
		struct check_ioas *mine = check_find_ioas(c, op->pending[i]);

		if (mine)
			mine->shaken = true;
	}
	if (my)
		my->shaken = true;
	if (op->number > c->given_up)
		c->given_up = op->number;
	check_drop_op(c, op);
}

static struct check_op *add_op(struct check_at *at)
{
	struct check *c = at->c;
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct check_op *op;

	if (HASH_COUNT(c->ops) >= CHECK_OPS_MAX)
		give_up_op(c);
	op = ioas_alloc_zeroed(&c->alloc, sizeof(*op));
	if (!op)
		return NULL;
	op->number = at->ev->op;
	op->ctx = at->ev->ctx;
	op->tid = at->ev->tid;
	op->first_ns = at->ev->time_ns;
	/* What it did before it was given up is not known. */
	op->partial = op->number <= c->given_up;
	HASH_ADD(hh, c->ops, number, sizeof(op->number), op);
	if (!op->hh.tbl) {
		ioas_alloc_release(&c->alloc, op);
		return NULL;
	}
	at->my_ctx->pending++;
	return op;
}

static bool told(const struct check_ctx *my, uint64_t op)
{
	for (unsigned int i = 0; i < CHECK_TOLD_KEPT; i++) {
		if (my->told[i] == op)
			return true;
	}
	return false;
}

struct check_op *check_get_op(struct check_at *at)
{
	uint16_t kind = at->ev->kind;
	struct check_op *op;

	if (!at->ev->op || !at->my_ctx)
		return NULL;
	op = check_find_op(at->c, at->ev->op);
	if (op)
		return op;
	/* The end of an object may be told after the op that ended it. */
	if (kind == IOAS_EV_IOAS_GONE || kind == IOAS_EV_CTX_GONE || told(at->my_ctx, at->ev->op))
		return NULL;
	op = add_op(at);
	if (!op)
		check_no_memory(at);
	return op;
}

void check_settle_op(struct check *c, struct check_op *op)
{
	struct check_ioas *mine = op->ranges ? check_find_ioas(c, op->ranges_ioas) : NULL;

	if (mine && mine->ranging)
		mine->ranging--;
	for (unsigned int i = 0; i < op->npending; i++) {
		mine = check_find_ioas(c, op->pending[i]);
		if (mine && mine->pending)
			mine->pending--;
	}
	op->npending = 0;
	ioas_alloc_release(&c->alloc, op->ranges);
	op->ranges = NULL;
}

void check_drop_op(struct check *c, struct check_op *op)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct check_ctx *my = check_find_ctx(c, op->ctx);

	check_settle_op(c, op);
	check_use_drop_op(c, op->number);
	if (my)
		my->pending--;
	HASH_DEL(c->ops, op);
	ioas_alloc_release(&c->alloc, op);
}

void check_drop_ioas(struct check *c, struct check_ioas *mine)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;

	check_use_drop_ioas(c, mine);
	unlink_ioas(mine);
	HASH_DEL(c->ioases, mine);
	ioas_alloc_release(&c->alloc, mine);
}

static void drop_ops_of(struct check *c, struct check_ctx *my)
{
	struct check_op *op = c->ops, *next;

	for (; op && my->pending; op = next) {
		next = op->hh.next;
		if (op->ctx == my->id)
			check_drop_op(c, op);
	}
}

void check_drop_ctx(struct check *c, struct check_ctx *my)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;

	while (my->ioases)
		check_drop_ioas(c, my->ioases);
	drop_ops_of(c, my);
	check_forget(c, my);
	HASH_DEL(c->ctxs, my);
	ioas_alloc_release(&c->alloc, my);
}

void check_doubt(struct check *c, struct check_ctx *my, uint64_t time_ns)
{
	struct check_stats *s = &c->stats;

	if (!time_ns)
		time_ns = 1;
	if (!my->uncertain_since) {
		s->uncertain_contexts++;
		check_forget(c, my); /* nothing will be shown of it any more */
	}
	if (!my->uncertain_since || time_ns < my->uncertain_since)
		my->uncertain_since = time_ns;
	if (!s->uncertain_since || time_ns < s->uncertain_since)
		s->uncertain_since = time_ns;
}

void check_no_memory(struct check_at *at)
{
	at->c->stats.no_memory++;
	mirror_mark_uncertain(at->c->mirror, at->ev->ctx, at->ev->time_ns);
	/* The mirror may have had no memory either. */
	if (at->my_ctx)
		check_doubt(at->c, at->my_ctx, at->ev->time_ns);
}
