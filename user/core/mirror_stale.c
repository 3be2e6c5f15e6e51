// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mirror: memory of processes that is gone. Kept by process, as ranges that do
 * not overlap, each with the last time that it went; which areas that concerns is
 * found out when somebody asks. So an event costs O(log n), however many areas there
 * are, and who maps the addresses anew afterwards has nothing to take back.
 */
#include <errno.h>

#include "core/mirror_stale_impl.h"

#define GONE_ROOM 16384 /* ranges, before it is looked which of them matter */

struct gone_owner *gone_find_owner(const struct mirror *m, uint32_t tgid)
{
	struct gone_owner *o;

	HASH_FIND(hh, m->gone, &tgid, sizeof(tgid), o);
	return o;
}

static struct gone_owner *get_owner(struct mirror *m, uint32_t tgid)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct gone_owner *o = gone_find_owner(m, tgid);

	if (o)
		return o;
	o = ioas_alloc_zeroed(&m->alloc, sizeof(*o));
	if (!o)
		return NULL;
	o->tgid = tgid;
	HASH_ADD(hh, m->gone, tgid, sizeof(o->tgid), o);
	if (o->hh.tbl)
		return o;
	ioas_alloc_release(&m->alloc, o);
	return NULL;
}

static int put(struct mirror *m, struct gone_owner *o, uint64_t va, uint64_t last,
	       const struct gone_range *like)
{
	struct gone_range *r = ioas_alloc_zeroed(&m->alloc, sizeof(*r));

	if (!r)
		return -ENOMEM;
	*r = *like;
	r->node.start = va;
	r->node.last = last;
	itree_insert(&o->ranges, &r->node);
	m->ngone++;
	return 0;
}

static void drop(struct mirror *m, struct gone_owner *o, struct gone_range *r)
{
	itree_remove(&o->ranges, &r->node);
	ioas_alloc_release(&m->alloc, r);
	m->ngone--;
}

/* Takes [va, last] out of what is held; what reaches beyond it stays. */
static int cut(struct mirror *m, struct gone_owner *o, uint64_t va, uint64_t last)
{
	struct itree_node *node;
	int err = 0;

	while ((node = itree_first_in(&o->ranges, va, last))) {
		struct gone_range old = *gone_range_of(node);

		drop(m, o, gone_range_of(node));
		if (old.node.start < va)
			err = put(m, o, old.node.start, va - 1, &old) ?: err;
		if (old.node.last > last)
			err = put(m, o, last + 1, old.node.last, &old) ?: err;
	}
	return err;
}

static void free_owner(struct mirror *m, struct gone_owner *o)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct itree_node *node;

	while ((node = itree_first(&o->ranges)))
		drop(m, o, gone_range_of(node));
	HASH_DEL(m->gone, o);
	ioas_alloc_release(&m->alloc, o);
}

void mirror_gone_free(struct mirror *m)
{
	struct gone_owner *o, *next;

	for (o = m->gone; o; o = next) {
		next = o->hh.next;
		free_owner(m, o);
	}
}

/* From when it was pinned to then, what its process has let go of was not all told. */
static void lost_until(struct mirror *m, uint64_t time_ns)
{
	if (time_ns > m->gone_lost_ns)
		m->gone_lost_ns = time_ns;
}

void mirror_gone_clear(struct mirror *m, uint32_t tgid, uint64_t va, uint64_t last,
		       uint64_t time_ns)
{
	struct gone_owner *o = gone_find_owner(m, tgid);

	if (o && va <= last && cut(m, o, va, last)) {
		m->stats.stale_lost++;
		lost_until(m, time_ns);
	}
}

/* ---- what is stale ---- */

bool gone_pinned(const struct mirror_ioas *ioas, const struct mirror_area *area, uint64_t *va,
		 uint64_t *last, uint64_t *since)
{
	const struct mirror_pages *pages = mirror_area_pages(area);

	*va = mirror_area_va(area);
	*last = *va + (area->node.last - area->node.start);
	if (*last < *va)
		return false;
	if (pages) {
		*since = pages->pinned_since;
		return pages->memory == IOAS_MEMORY_USER && pages->pinned;
	}
	*since = area->time_ns > ioas->hardware_since ? area->time_ns : ioas->hardware_since;
	return area->pinned;
}

static struct gone_range *first_stale(struct itree_node *node, uint64_t va, uint64_t last,
				      uint64_t since)
{
	while (node && gone_range_of(node)->time_ns < since)
		node = itree_next_in(node, va, last);
	return gone_range_of(node);
}

/* The ranges from @r on; *out is of the first. */
static void sum_up(struct gone_range *r, uint64_t va, uint64_t last, uint64_t since,
		   struct mirror_stale *out)
{
	out->va = r->node.start > va ? r->node.start : va;
	out->since_ns = r->time_ns;
	out->cause = r->cause;
	for (; r; r = first_stale(itree_next_in(&r->node, va, last), va, last, since)) {
		uint64_t from = r->node.start > va ? r->node.start : va;

		out->last = r->node.last < last ? r->node.last : last;
		out->bytes += out->last - from + 1;
		if (r->time_ns < out->since_ns) {
			out->since_ns = r->time_ns;
			out->cause = r->cause;
		}
	}
	if (!out->bytes)
		out->bytes = UINT64_MAX;
}

bool mirror_area_stale(const struct mirror *m, const struct mirror_ioas *ioas,
		       const struct mirror_area *area, struct mirror_stale *out)
{
	struct mirror_stale s = { .cause = IOAS_GONE_NONE };
	struct gone_range *r = NULL;
	struct mirror_stale_ask ask;

	if (!mirror_stale_ask(m, ioas, area, &ask))
		return false;
	if (ask.owner)
		r = first_stale(itree_first_in(&ask.owner->ranges, ask.va, ask.last), ask.va,
				ask.last, ask.since);
	if (r)
		sum_up(r, ask.va, ask.last, ask.since, &s);
	s.lost = ask.since <= m->gone_lost_ns;
	if (!r && !s.lost)
		return false;
	*out = s;
	return true;
}

/* ---- what matters no more ---- */

/* Drops the ranges that no area needs; the room doubles if most are needed. */
static void sweep(struct mirror *m)
{
	struct gone_owner *o, *next;

	gone_unneeded(m, drop);
	for (o = m->gone; o; o = next) {
		next = o->hh.next;
		if (!itree_count(&o->ranges))
			free_owner(m, o);
	}
	m->gone_room = m->ngone > GONE_ROOM / 2 ? 2 * m->ngone : GONE_ROOM;
}

int mirror_apply_lost(struct mirror *m, const struct ioas_event *ev)
{
	lost_until(m, ev->time_ns);
	m->stats.changes++;
	return 0;
}

int mirror_apply_gone(struct mirror *m, const struct ioas_event *ev)
{
	const struct ioas_memory_body *body = &ev->body_memory;
	struct gone_range r = {
		.time_ns = ev->time_ns,
		.uid = body->owner_uid,
		.cause = (uint8_t)body->cause,
	};
	struct gone_owner *o;
	int err = -ENOMEM;

	if (m->ngone >= (m->gone_room ? m->gone_room : GONE_ROOM))
		sweep(m);
	o = get_owner(m, body->owner_tgid);
	if (o)
		err = cut(m, o, body->va, body->last) ?: put(m, o, body->va, body->last, &r);
	if (err) {
		m->stats.no_memory++;
		m->stats.stale_lost++;
		lost_until(m, ev->time_ns);
		return err;
	}
	m->stats.changes++;
	return 0;
}

/* ---- as events ---- */

static bool same_ranges(const struct itree *a, const struct itree *b)
{
	struct itree_node *na = itree_first(a), *nb = itree_first(b);

	for (; na && nb; na = itree_next(na), nb = itree_next(nb)) {
		const struct gone_range *x = gone_range_of(na), *y = gone_range_of(nb);

		if (na->start != nb->start || na->last != nb->last || x->time_ns != y->time_ns ||
		    x->uid != y->uid || x->cause != y->cause)
			return false;
	}
	return !na && !nb;
}

bool mirror_gone_same(const struct mirror *a, const struct mirror *b)
{
	static const struct itree none;

	if (a->ngone != b->ngone || a->gone_lost_ns != b->gone_lost_ns)
		return false;
	for (const struct gone_owner *o = a->gone; o; o = o->hh.next) {
		const struct gone_owner *other = gone_find_owner(b, o->tgid);

		if (!same_ranges(&o->ranges, other ? &other->ranges : &none))
			return false;
	}
	return true;
}

static int tell_range(uint32_t tgid, const struct gone_range *r,
		      int (*emit)(const struct ioas_event *ev, void *arg), void *arg)
{
	struct ioas_event ev = {
		.len = sizeof(ev),
		.kind = IOAS_EV_MEMORY_GONE,
		.time_ns = r->time_ns,
		.body_memory = { .va = r->node.start,
				 .last = r->node.last,
				 .owner_tgid = tgid,
				 .owner_uid = r->uid,
				 .cause = r->cause },
	};

	return emit(&ev, arg);
}

static int tell_lost(uint64_t time_ns, int (*emit)(const struct ioas_event *ev, void *arg),
		     void *arg)
{
	struct ioas_event ev = {
		.len = sizeof(ev),
		.kind = IOAS_EV_MEMORY_LOST,
		.flags = IOAS_F_ADOPTED,
		.time_ns = time_ns,
		.body_obj = { .value = time_ns },
	};

	return emit(&ev, arg);
}

int mirror_gone_tell(const struct mirror *m, int (*emit)(const struct ioas_event *ev, void *arg),
		     void *arg)
{
	int rc = m->gone_lost_ns ? tell_lost(m->gone_lost_ns, emit, arg) : 0;

	for (const struct gone_owner *o = m->gone; o && !rc; o = o->hh.next) {
		for (struct itree_node *n = itree_first(&o->ranges); n && !rc; n = itree_next(n))
			rc = tell_range(o->tgid, gone_range_of(n), emit, arg);
	}
	return rc;
}
