// SPDX-License-Identifier: GPL-2.0-or-later
#include "model_stream.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_TASK 500 /* added to the thread ids of the second of two tasks */

static uint64_t *order_of(struct model_stream *s, uint32_t ctx)
{
	unsigned int i, empty = STREAM_CTXS;

	for (i = 0; i < STREAM_CTXS; i++) {
		if (s->ctx[i].id == ctx)
			return &s->ctx[i].order;
		if (!s->ctx[i].id)
			empty = i;
	}
	if (empty == STREAM_CTXS)
		abort();
	s->ctx[empty].id = ctx;
	s->ctx[empty].order = 0;
	return &s->ctx[empty].order;
}

static void forget(struct model_stream *s, uint32_t ctx)
{
	for (unsigned int i = 0; i < STREAM_CTXS; i++) {
		if (s->ctx[i].id == ctx)
			s->ctx[i].id = 0;
	}
}

static void put(struct model_stream *s, const struct ioas_event *from, bool second)
{
	struct ioas_event ev = *from;
	uint64_t *order;

	s->now += 7;
	if (ev.kind == MODEL_MARK) {
		s->begun[ev.op % STREAM_OPS] = s->now;
		return;
	}
	if (second)
		ev.tid += SECOND_TASK;
	ev.cpu = (ev.tid + (second ? 1 : 0)) % STREAM_CPUS;
	ev.cpu_seq = ++s->cpu_seq[ev.cpu];
	ev.time_ns = s->now;
	order = order_of(s, ev.ctx);
	ev.order = ++*order;
	if (ev.kind == IOAS_EV_CTX_GONE)
		forget(s, ev.ctx);
	if (ev.kind == IOAS_EV_OP) {
		ev.body_op.latency_ns = s->now - s->begun[ev.op % STREAM_OPS];
		s->ops++;
	}
	s->total++;
	model_events_add(&s->events, &ev);
}

static void restart(struct model_stream *s)
{
	if (!s->keep)
		s->events.count = 0;
	if (!s->now)
		s->now = 1000000;
}

void model_stream_one(struct model_stream *s, const struct model_events *a)
{
	restart(s);
	s->now += 1000;
	for (size_t i = 0; i < a->count; i++)
		put(s, &a->at[i], false);
}

/* ---- two at a time ---- */

static bool begins_or_ends(const struct model_events *e)
{
	for (size_t i = 0; i < e->count; i++) {
		switch (e->at[i].kind) {
		case IOAS_EV_CTX_NEW:
		case IOAS_EV_CTX_GONE:
		case IOAS_EV_IOAS_NEW:
		case IOAS_EV_IOAS_GONE:
			return true;
		}
	}
	return false;
}

static uint32_t memory_of(const struct ioas_event *ev)
{
	switch (ev->kind) {
	case IOAS_EV_CHARGE:
		return ev->body_charge.pages_id;
	case IOAS_EV_PAGES_NEW:
	case IOAS_EV_PAGES_GONE:
	case IOAS_EV_PAGES_PINNED:
	case IOAS_EV_PAGES_OWNER:
		return ev->body_pages.pages_id;
	case IOAS_EV_AREA_ADD:
	case IOAS_EV_AREA_GOING:
	case IOAS_EV_AREA_GONE:
	case IOAS_EV_AREA_SPLIT:
	case IOAS_EV_AREA_MERGED:
		return ev->body_area.pages_id;
	default:
		return 0;
	}
}

/* Whether no lock orders the two: other contexts, or other IOASes and other memory. */
static bool apart(const struct model_events *a, const struct model_events *b)
{
	for (size_t i = 0; i < a->count; i++) {
		for (size_t k = 0; k < b->count; k++) {
			const struct ioas_event *x = &a->at[i], *y = &b->at[k];

			if (x->ctx != y->ctx)
				continue;
			if (x->ioas == y->ioas || !x->ioas || !y->ioas ||
			    (memory_of(x) && memory_of(x) == memory_of(y)))
				return false;
		}
	}
	return true;
}

/* Where only ops are left: what they tell is not ordered by the IOAS's lock. */
static size_t after_changes(const struct model_events *e)
{
	size_t n = e->count;

	while (n && e->at[n - 1].kind == IOAS_EV_OP)
		n--;
	return n;
}

static bool has_op(const struct model_events *e, unsigned int first, unsigned int last)
{
	for (size_t i = 0; i < e->count; i++) {
		if (e->at[i].kind == IOAS_EV_OP && e->at[i].body_op.what >= first &&
		    e->at[i].body_op.what <= last)
			return true;
	}
	return false;
}

/*
 * Type1. Attach and detach hold the container's lock to their end, which maps and
 * unmaps take as well. A client's pin is told outside of any lock; its unpin before
 * it is done, and what that gave back after it.
 */
static size_t free_from_type1(const struct model_events *a, const struct model_events *b)
{
	bool client = has_op(b, IOAS_OP_PIN, IOAS_OP_UNPIN);

	if (has_op(a, IOAS_OP_ATTACH, IOAS_OP_DETACH) || has_op(b, IOAS_OP_ATTACH, IOAS_OP_DETACH))
		return a->count;
	if (!client && has_op(a, IOAS_OP_PIN, IOAS_OP_PIN))
		return 0;
	for (size_t i = 0; !client && has_op(a, IOAS_OP_UNPIN, IOAS_OP_UNPIN) && i < a->count;
	     i++) {
		if (a->at[i].kind == IOAS_EV_ACCESS_UNPIN && a->at[a->count - 1].op == a->at[i].op)
			return i + 1;
	}
	return after_changes(a);
}

/* From which event of `a` on those of `b` may stand between. */
static size_t free_from(const struct model_events *a, const struct model_events *b)
{
	if (!a->count || !b->count || begins_or_ends(a) || begins_or_ends(b))
		return a->count;
	if (apart(a, b))
		return 0;
	if (a->at[0].backend == IOAS_BACKEND_TYPE1)
		return free_from_type1(a, b);
	return after_changes(a);
}

void model_stream_two(struct model_stream *s, const struct model_events *a,
		      const struct model_events *b, uint64_t mix)
{
	size_t i = 0, k = 0, from = free_from(a, b);

	restart(s);
	s->now += 1000;
	s->mixed += from < a->count;
	/* The second may wait for the lock from early on. */
	if (from < a->count && mix & 1 && b->at[0].kind == MODEL_MARK)
		put(s, &b->at[k++], true);
	while (i < from)
		put(s, &a->at[i++], false);
	while (i < a->count || k < b->count) {
		mix = mix * 6364136223846793005ULL + 1442695040888963407ULL;
		if (k == b->count || (i < a->count && mix >> 63))
			put(s, &a->at[i++], false);
		else
			put(s, &b->at[k++], true);
	}
}

void model_stream_free(struct model_stream *s)
{
	free(s->events.at);
	memset(s, 0, sizeof(*s));
}
