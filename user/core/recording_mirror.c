// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading recordings: the state at a time. */
#include <errno.h>
#include <stdlib.h>

#include "core/itree.h"
#include "core/recording_impl.h"

/* A context of which a later event was seen: what follows comes after that one. */
struct stopped {
	struct itree_node node; /* [ctx, ctx] */
};

struct replay {
	struct recording *r;
	struct mirror *m;
	uint64_t time_ns; /* the state at this time is asked for */
	uint64_t stop; /* number of the last chunk that matters */
	uint64_t latest_ns; /* of all that was read */
	struct itree stopped;
	const struct recording_watch *watch; /* NULL: nobody looks on */
	uint64_t old_ns; /* of the keyframe at the beginning, if somebody does */
};

static int stop_ctx(struct replay *p, uint32_t ctx)
{
	struct stopped *s;

	if (!ctx || itree_find(&p->stopped, ctx))
		return 0;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->node.start = ctx;
	s->node.last = ctx;
	itree_insert(&p->stopped, &s->node);
	return 0;
}

static void forget_stopped(struct replay *p)
{
	struct itree_node *node;

	while ((node = itree_first(&p->stopped))) {
		itree_remove(&p->stopped, node);
		free(itree_entry(node, struct stopped, node));
	}
}

/* Times of 0 are no times. */
static int uncertain(struct replay *p, uint32_t ctx, uint64_t time_ns)
{
	return mirror_mark_uncertain(p->m, ctx, time_ns ? time_ns : 1);
}

/* The numbers of a context follow each other, as far as they were seen. */
static int check_order(struct replay *p, const struct ioas_event *ev)
{
	const struct mirror_ctx *ctx = mirror_find_ctx(p->m, ev->ctx);

	if (!ctx || !ctx->order || !ev->order || ev->order == ctx->order + 1)
		return 0;
	return uncertain(p, ev->ctx, ev->time_ns);
}

/* What the mirror makes of it is the mirror's to remember, but for want of memory. */
static int apply(struct replay *p, int check)
{
	const struct ioas_event *ev = &p->r->ev;
	int err = 0;

	/* Nobody knows what it would have changed. */
	if (check)
		return uncertain(p, ev->ctx, ev->time_ns);
	if (!p->r->in_keyframe)
		err = check_order(p, ev);
	if (!err && p->watch)
		p->watch->event(p->m, ev, p->r->in_keyframe ? p->old_ns : 0, p->watch->arg);
	if (!err && mirror_apply(p->m, ev) == -ENOMEM)
		err = -ENOMEM;
	return err;
}

static int take(struct replay *p, int check)
{
	const struct ioas_event *ev = &p->r->ev;
	uint64_t time_ns = rec_time(ev);

	if (time_ns > p->latest_ns)
		p->latest_ns = time_ns;
	if (p->r->in_keyframe)
		return apply(p, check);
	/* A loss may be told late, and these have no order: they have no place in the sequence. */
	if (ioas_event_is_mark(ev) || ev->kind == IOAS_EV_FAULT || ev->kind == IOAS_EV_MEMORY_GONE)
		return time_ns > p->time_ns ? 0 : apply(p, check);
	if (time_ns > p->time_ns)
		return stop_ctx(p, ev->ctx);
	return itree_find(&p->stopped, ev->ctx) ? 0 : apply(p, check);
}

/*
 * The last chunk of a segment with an event up to the time: those behind it
 * matter no more. All chunks matter if not all headers can be read.
 */
static bool find_stop(struct replay *p, const struct rec_segment *from, uint64_t end)
{
	uint64_t offset = from->offset, sequence = from->sequence;
	struct rec_chunk chunk;
	bool found = false;
	const char *why;

	while (offset < end) {
		if (rec_find_chunk(p->r, offset, &chunk, &why) != REC_FOUND ||
		    chunk.sequence != sequence++) {
			p->stop = UINT64_MAX;
			return true;
		}
		if (chunk.type == REC_EVENTS && chunk.records && chunk.min_ns <= p->time_ns) {
			p->stop = chunk.sequence;
			found = true;
		}
		if (chunk.type == REC_END)
			break;
		offset = rec_after(offset, &chunk);
	}
	return found;
}

static void set_stop(struct replay *p)
{
	const struct recording *r = p->r;
	uint64_t end = UINT64_MAX;

	p->stop = 0;
	for (size_t i = r->nsegments; i > 0; i--) {
		const struct rec_segment *s = &r->segments[i - 1];

		if (s->events && s->min_ns <= p->time_ns && find_stop(p, s, end))
			return;
		end = s->offset;
	}
}

/* 1: all up to the time has been read. 0: the recording ended before that. */
static int read_all(struct replay *p)
{
	int check, rc;

	while ((rc = rec_next(p->r, &check)) > 0) {
		if (!p->r->in_keyframe && p->r->chunk.sequence > p->stop)
			return 1;
		rc = take(p, check);
		if (rc)
			return rc;
	}
	return rc;
}

/* What the file does not tell: what was before it, and what was lost at its end. */
static int mark_ends(struct replay *p, bool all_read)
{
	const struct recording *r = p->r;
	uint64_t first_ns, last_ns;

	if (p->time_ns < r->segments[0].before_ns && uncertain(p, 0, p->time_ns))
		return -ENOMEM;
	if (all_read ? r->flags : r->end_flags)
		return 0;
	/* Where it was damaged, what stands behind that was not read. */
	recording_span(p->r, &first_ns, &last_ns);
	if (!all_read || p->latest_ns > last_ns)
		last_ns = p->latest_ns;
	return p->time_ns < last_ns ? 0 : uncertain(p, 0, last_ns);
}

/* When the keyframe at the beginning was made. */
static uint64_t begin_ns(const struct recording *r)
{
	uint64_t start_ns = r->info.start_boot_ns, before_ns = r->segments[0].before_ns;

	return before_ns > start_ns ? before_ns : start_ns ? start_ns : 1;
}

static int replay(struct recording *r, uint64_t time_ns, const struct recording_watch *watch,
		  struct mirror **out)
{
	struct replay p = { .r = r, .time_ns = time_ns, .watch = watch };
	int rc;

	rc = recording_seek(r, watch ? 0 : time_ns);
	if (rc)
		return rc;
	if (!r->nsegments)
		return -ENODATA;
	p.old_ns = begin_ns(r);
	p.m = mirror_new(NULL);
	if (!p.m)
		return -ENOMEM;
	set_stop(&p);
	rc = read_all(&p);
	if (rc >= 0)
		rc = mark_ends(&p, rc);
	forget_stopped(&p);
	if (rc < 0) {
		mirror_free(p.m);
		return rc;
	}
	*out = p.m;
	return 0;
}

int recording_mirror(struct recording *r, uint64_t time_ns, struct mirror **out)
{
	return replay(r, time_ns, NULL, out);
}

int recording_watch(struct recording *r, uint64_t time_ns, const struct recording_watch *watch,
		    struct mirror **out)
{
	return replay(r, time_ns, watch, out);
}
