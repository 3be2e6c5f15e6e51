// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/run_loss.h"

#include <stdlib.h>

static const struct mirror *mirror_of(const struct loss *l)
{
	return l->sink->mirror(l->sink->arg);
}

void loss_uncertain(struct loss *l, __u32 ctx, __u64 time_ns)
{
	const struct mirror_ctx *held = ctx ? mirror_find_ctx(mirror_of(l), ctx) : NULL;

	if (!held || !held->uncertain_since || held->uncertain_since > time_ns)
		l->sink->uncertain(ctx, time_ns, l->sink->arg);
}

static void remember_mark(struct loss *l, __u32 ctx, __u64 since)
{
	void *more;

	for (size_t i = 0; i < l->nmarks; i++) {
		if (l->marks[i].ctx == ctx)
			return;
	}
	more = reallocarray(l->marks, l->nmarks + 1, sizeof(*l->marks));
	if (!more) /* Held from here as adopted, rather than taken for certain. */
		return loss_uncertain(l, ctx, since);
	l->marks = more;
	l->marks[l->nmarks].ctx = ctx;
	l->marks[l->nmarks++].since = since;
}

/* The hooks have marked the contexts where they lost something. */
static int take_marks(struct loss *l)
{
	_cleanup_state_ struct state theirs = {};
	int err = maps_state(instance_maps(l->instance), &theirs);

	for (size_t i = 0; i < theirs.nctxs && !err; i++) {
		const struct state_ctx *c = &theirs.ctxs[i];

		if (!c->uncertain_ns)
			continue;
		if (mirror_find_ctx(mirror_of(l), c->id))
			loss_uncertain(l, c->id, c->uncertain_ns);
		else
			remember_mark(l, c->id, c->uncertain_ns);
	}
	return err;
}

/* Whose memory it was nobody knows: it was lost somewhere between the last look and this one. */
static void look_at_memory(struct loss *l, const __u64 *stats)
{
	__u64 lost = stats[IOAS_STAT_MEMORY_LOST] + instance_memory_missed(l->instance);
	struct ioas_event ev = { .len = sizeof(ev),
				 .kind = IOAS_EV_MEMORY_LOST,
				 .time_ns = run_now_ns() };

	ev.body_obj.value = l->memory_ns ?: instance_maps(l->instance)->start_ns;
	if (lost != l->memory)
		l->sink->event(&ev, l->sink->arg);
	l->memory = lost;
	l->memory_ns = ev.time_ns;
}

void loss_look(struct loss *l)
{
	__u64 stats[IOAS_STAT_MAX], now, missed, watched;

	if (maps_stats(instance_maps(l->instance), stats))
		return;
	look_at_memory(l, stats);
	l->all_since = 0;
	missed = instance_missed(l->instance) + stats[IOAS_STAT_NO_CONTEXT];
	watched = missed + stats[IOAS_STAT_ARG_CHANGED];
	if (watched == l->watched && stats[IOAS_STAT_MAP_FULL] == l->map_full)
		return;
	now = run_now_ns();
	if (missed != l->missed) {
		l->all_since = now;
		loss_uncertain(l, 0, now);
	}
	if (watched != l->watched || now - l->spread_ns > LOSS_EVERY_NS) {
		if (take_marks(l))
			loss_uncertain(l, 0, now);
		l->map_full = stats[IOAS_STAT_MAP_FULL];
		l->spread_ns = now;
	}
	l->missed = missed;
	l->watched = watched;
}

/* The hooks count first and mark then: for a while after the last one there may be marks to come.
 */
void loss_look_dropped(struct loss *l)
{
	__u64 stats[IOAS_STAT_MAX], dropped, now = run_now_ns();

	if (maps_stats(instance_maps(l->instance), stats))
		return;
	dropped = stats[IOAS_STAT_RING_FULL] + stats[IOAS_STAT_TOO_BIG];
	if (dropped != l->dropped)
		l->dropped_ns = now;
	else if (!l->dropped_ns || now - l->dropped_ns > LOSS_EVERY_NS)
		return;
	l->dropped = dropped;
	if (take_marks(l))
		loss_uncertain(l, 0, now);
}

/*
 * At the end nothing is under way any more: a context that the hooks do not
 * know may be gone without our having been told.
 */
static void spread_at_end(struct loss *l)
{
	_cleanup_state_ struct state theirs = {};
	const struct mirror *m = mirror_of(l);
	size_t n = 0, room = mirror_stats(m)->contexts;
	__u32 *held = calloc(room + 1, sizeof(*held));
	__u64 now = run_now_ns();

	if (!held || maps_state(instance_maps(l->instance), &theirs)) {
		loss_uncertain(l, 0, now);
		free(held);
		return;
	}
	for (const struct mirror_ctx *c = mirror_ctx_first(m); c && n < room;
	     c = mirror_ctx_next(c))
		held[n++] = c->id;
	for (size_t i = 0; i < n; i++) {
		const struct state_ctx *c = state_find_ctx(&theirs, held[i]);

		if (!c || c->uncertain_ns)
			loss_uncertain(l, held[i], c ? c->uncertain_ns : now);
	}
	free(held);
}

void loss_born(struct loss *l, __u32 ctx)
{
	if (l->all_since)
		loss_uncertain(l, ctx, l->all_since);
	for (size_t i = 0; i < l->nmarks; i++) {
		if (l->marks[i].ctx == ctx)
			loss_uncertain(l, ctx, l->marks[i].since);
	}
}

void loss_end(struct loss *l)
{
	/* Without events, too: a probe may have missed the only ones there were. */
	loss_look(l);
	if (l->missed)
		loss_uncertain(l, 0, run_now_ns());
	spread_at_end(l);
}

void loss_free(struct loss *l)
{
	free(l->marks);
}
