// SPDX-License-Identifier: GPL-2.0-or-later
/* The checker: the way of an event through the books, the mirror and the rules. */
#include "core/check.h"

#include <errno.h>

#include "core/check_impl.h"

#define HISTORY 256

int check_new(const struct check_options *options, struct check **out)
{
	struct ioas_alloc alloc =
		options && options->alloc ? *options->alloc : ioas_alloc_default();
	struct check *c = ioas_alloc_zeroed(&alloc, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->alloc = alloc;
	c->policy = options && options->policy ? *options->policy : rules_default_policy();
	c->history = options && options->history ? options->history : HISTORY;
	if (options) {
		c->violation = options->violation;
		c->arg = options->arg;
	}
	c->mirror = mirror_new(&alloc);
	if (!c->mirror) {
		ioas_alloc_release(&alloc, c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

void check_free(struct check *c)
{
	struct ioas_alloc alloc;

	if (!c)
		return;
	alloc = c->alloc;
	while (c->ctxs)
		check_drop_ctx(c, c->ctxs);
	while (c->ops)
		check_drop_op(c, c->ops);
	check_use_free(c);
	mirror_free(c->mirror);
	ioas_alloc_release(&alloc, c);
}

const struct mirror *check_mirror(const struct check *c)
{
	return c->mirror;
}

const struct check_stats *check_stats(const struct check *c)
{
	return &c->stats;
}

/* What the mirror knows of where the event happens. */
static void look(struct check_at *at, uint32_t ioas)
{
	at->ctx = at->ev->ctx ? mirror_find_ctx(at->c->mirror, at->ev->ctx) : NULL;
	at->ioas = ioas ? mirror_find_ioas(at->c->mirror, ioas) : NULL;
}

/* Takes over from the mirror that the context is uncertain. */
static void take_doubt(struct check *c, struct check_ctx *my, const struct mirror_ctx *ctx)
{
	if (my && ctx && ctx->uncertain_since)
		check_doubt(c, my, ctx->uncertain_since);
}

/* ---- changes ---- */

static void judge_before(struct check_at *at)
{
	check_stream_before(at);
	check_area_before(at);
	check_unmap_before(at);
	check_answer_before(at);
	check_attach_before(at);
	check_pin_before(at);
	check_pages_before(at);
	check_charge_before(at);
	check_end_before(at);
	if (!at->failed)
		check_known_before(at);
}

static void judge_after(struct check_at *at)
{
	check_answer_after(at);
	check_pages_after(at);
	check_charge_after(at);
	check_stream_after(at);
}

static void count_areas(struct check *c, const struct ioas_event *ev)
{
	c->stats.areas_added += ev->kind == IOAS_EV_AREA_ADD;
	c->stats.areas_removed += ev->kind == IOAS_EV_AREA_GONE;
	c->stats.areas_split += ev->kind == IOAS_EV_AREA_SPLIT;
}

/* An IOAS or a context that has gone is forgotten; what went uncertain stays counted. */
static void close_books(struct check_at *at)
{
	if (at->ev->kind == IOAS_EV_IOAS_GONE && at->mine) {
		check_drop_ioas(at->c, at->mine);
		at->mine = NULL;
	}
	if (at->ev->kind != IOAS_EV_CTX_GONE || !at->my_ctx)
		return;
	if (at->rc < 0)
		check_doubt(at->c, at->my_ctx, at->ev->time_ns);
	at->c->gone += !at->my_ctx->uncertain_since;
	check_drop_ctx(at->c, at->my_ctx);
	at->my_ctx = NULL;
}

/* No verdict any more: the mirror alone follows. */
static int follow(struct check_at *at)
{
	at->c->stats.unjudged++;
	at->rc = mirror_apply(at->c->mirror, at->ev);
	at->mine = at->ev->ioas ? check_find_ioas(at->c, at->ev->ioas) : NULL;
	return at->rc;
}

static int take_change(struct check_at *at)
{
	struct check *c = at->c;

	count_areas(c, at->ev);
	look(at, at->ev->ioas);
	take_doubt(c, at->my_ctx, at->ctx);
	if (!at->my_ctx || at->my_ctx->uncertain_since) {
		follow(at);
		close_books(at);
		return at->rc;
	}
	at->mine = at->ev->ioas ? check_get_ioas(at) : NULL;
	at->op = c->keyframe ? NULL : check_get_op(at);
	judge_before(at);
	if (!c->keyframe)
		check_book(at);
	at->rc = mirror_apply(c->mirror, at->ev);
	if (at->rc == -ENOMEM)
		check_no_memory(at);
	look(at, at->ev->ioas);
	judge_after(at);
	check_remember(c, at->my_ctx, at->ev);
	close_books(at);
	return at->rc;
}

/* ---- ops ---- */

/* Whether the op began before what is known, so that it may have done more than was seen. */
static bool began_before(const struct check_at *at, bool known)
{
	uint64_t start = check_op_start(at->ev);

	if (start < at->c->begin_ns || (at->my_ctx->adopted && start < at->my_ctx->first_ns))
		return true;
	return !known && at->ev->op <= at->c->given_up;
}

/* The rules of an IOAS at rest, for each one that has come to rest with this op. */
static void judge_rest(struct check_at *at, const uint32_t *ids, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		at->mine = check_find_ioas(at->c, ids[i]);
		if (!at->mine || at->mine->pending || at->mine->shaken)
			continue;
		look(at, ids[i]);
		if (!at->ioas)
			continue;
		check_answer_rest(at);
		check_pages_rest(at);
		check_charge_rest(at);
	}
}

static void judge_op(struct check_at *at)
{
	uint32_t ids[CHECK_OP_IOASES];
	unsigned int count = at->op->npending;

	for (unsigned int i = 0; i < count; i++)
		ids[i] = at->op->pending[i];
	check_stream_op(at);
	check_area_op(at);
	check_unmap_op(at);
	check_answer_op(at);
	check_map_op(at);
	check_attach_op(at);
	check_pin_op(at);
	check_pages_op(at);
	check_charge_op(at);
	check_settle_op(at->c, at->op);
	judge_rest(at, ids, count);
}

static int take_op(struct check_at *at)
{
	struct check_op *op = check_find_op(at->c, at->ev->op);
	struct check_op nothing = { .number = at->ev->op, .ctx = at->ev->ctx, .tid = at->ev->tid };
	uint32_t ioas = at->ev->ioas || !op ? at->ev->ioas : op->ioas;
	struct check_ctx *my = at->my_ctx;
	int rc;

	rc = mirror_apply(at->c->mirror, at->ev);
	look(at, ioas);
	take_doubt(at->c, my, at->ctx);
	at->op = op ? op : &nothing;
	if (!my || my->uncertain_since) {
		at->c->stats.unjudged++;
	} else {
		at->op->partial |= began_before(at, op);
		at->c->stats.unjudged += at->op->partial;
		at->mine = ioas ? check_find_ioas(at->c, ioas) : NULL;
		judge_op(at);
		my->told[my->ntold++ % CHECK_TOLD_KEPT] = at->ev->op;
		check_remember(at->c, my, at->ev);
	}
	if (op)
		check_drop_op(at->c, op);
	return rc;
}

/* ---- the way in ---- */

static int take_uncertain(struct check *c, const struct ioas_event *ev)
{
	uint64_t since = ev->body_obj.value ? ev->body_obj.value : ev->time_ns;
	int rc = mirror_apply(c->mirror, ev);

	if (rc == -ENOMEM)
		c->stats.no_memory++;
	if (ev->ctx || !(ev->flags & IOAS_F_ADOPTED))
		check_uncertain(c, ev->ctx, since);
	return rc;
}

static int take(struct check *c, const struct ioas_event *ev)
{
	struct check_at at = { .c = c, .ev = ev };
	int rc = 0;

	if (ev->kind == IOAS_EV_UNCERTAIN)
		return take_uncertain(c, ev);
	/* No promise of the kernel: a device may ask, and a process unmap, what it likes. */
	if (ev->kind == IOAS_EV_FAULT || ev->kind == IOAS_EV_MEMORY_GONE ||
	    ev->kind == IOAS_EV_MEMORY_LOST)
		return mirror_apply(c->mirror, ev);
	/* What closed a context may be told after its end: that does not bring it back. */
	if (ev->ctx)
		at.my_ctx =
			ev->kind == IOAS_EV_OP ? check_find_ctx(c, ev->ctx) : check_get_ctx(c, ev);
	at.ctx = ev->ctx ? mirror_find_ctx(c->mirror, ev->ctx) : NULL;
	if (c->keyframe && at.my_ctx && ev->kind == IOAS_EV_CTX_NEW)
		at.my_ctx->next_order = ev->order ? ev->order + 1 : 0;
	if (!c->keyframe && !check_stream_order(&at))
		c->stats.unjudged++;
	else
		rc = ev->kind == IOAS_EV_OP ? take_op(&at) : take_change(&at);
	if (at.my_ctx)
		take_doubt(c, at.my_ctx, mirror_find_ctx(c->mirror, ev->ctx));
	return rc;
}

int check_event(struct check *c, const struct ioas_event *ev)
{
	c->stats.events++;
	c->came += !ioas_event_is_mark(ev);
	return take(c, ev);
}

int check_keyframe(struct check *c, const struct ioas_event *ev)
{
	int rc;

	c->keyframe = true;
	rc = take(c, ev);
	c->keyframe = false;
	return rc;
}

void check_begin(struct check *c, uint64_t time_ns)
{
	c->begin_ns = time_ns;
}

void check_uncertain(struct check *c, uint32_t ctx, uint64_t time_ns)
{
	struct ioas_event blank = { .ctx = ctx, .time_ns = time_ns };
	struct check_ctx *my;

	if (mirror_mark_uncertain(c->mirror, ctx, time_ns))
		c->stats.no_memory++;
	if (ctx) {
		my = check_get_ctx(c, &blank);
		if (my)
			check_doubt(c, my, time_ns);
		return;
	}
	/* Also where no context is left to be doubted: what was lost may have been of one. */
	if (!c->stats.all_since || time_ns < c->stats.all_since)
		c->stats.all_since = time_ns ? time_ns : 1;
	for (my = c->ctxs; my; my = my->hh.next)
		check_doubt(c, my, time_ns);
}

/* What was lost may have been of any context, of those that have gone as well. */
static void doubt_all(struct check *c, uint64_t time_ns)
{
	struct check_stats *s = &c->stats;

	check_uncertain(c, 0, time_ns);
	s->uncertain_contexts += c->gone;
	c->gone = 0;
	if (!s->uncertain_since || time_ns < s->uncertain_since)
		s->uncertain_since = time_ns ? time_ns : 1;
}

void check_finish(struct check *c, uint64_t submitted, uint64_t time_ns)
{
	if (submitted != UINT64_MAX && submitted > c->came)
		doubt_all(c, time_ns);
	while (c->ops)
		check_drop_op(c, c->ops);
}
