// SPDX-License-Identifier: GPL-2.0-or-later
#include "model_stream.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_TASK 500 /* added to the thread ids of the second of two tasks */

static uint64_t *order_of(struct model_stream *s, uint32_t ctx)
{
	unsigned int i;

	for (i = 0; i < STREAM_CTXS; i++) {
		if (s->ctx[i].id == ctx)
			return &s->ctx[i].order;
	}
	/* Contexts live at most two at a time: the oldest slot is of a dead one. */
	i = s->next_ctx++ % STREAM_CTXS;
	s->ctx[i].id = ctx;
	s->ctx[i].order = 0;
	return &s->ctx[i].order;
}

static void put(struct model_stream *s, const struct ioas_event *from, bool second)
{
	struct ioas_event ev = *from;

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
	ev.order = ++*order_of(s, ev.ctx);
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

void model_stream_two(struct model_stream *s, const struct model_events *a,
		      const struct model_events *b, uint64_t mix)
{
	size_t i = 0, k = 0, free_from = a->count;

	restart(s);
	s->now += 1000;
	if (!begins_or_ends(a) && !begins_or_ends(b)) {
		free_from = apart(a, b) ? 0 : after_changes(a);
		s->mixed += free_from < a->count && b->count;
		/* The second may wait for the lock from early on. */
		if (mix & 1 && b->count && b->at[0].kind == MODEL_MARK)
			put(s, &b->at[k++], true);
	}
	while (i < free_from)
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
