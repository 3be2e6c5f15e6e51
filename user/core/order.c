// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Per context: a tree of held events by number. Over all contexts: one tree of
 * those that wait, by the time of the first event behind their gap, and one of
 * those that are gone, by the time of their end. So each step is O(log n).
 */
#include "core/order.h"

#include <errno.h>
#include <string.h>

#include "core/hash.h"
#include "core/itree.h"

struct held {
	struct itree_node by_order; /* [order, order] */
	struct ioas_event ev;
};

struct number_range {
	uint64_t first;
	uint64_t count; /* 0: unused */
};

struct sequence {
	uint32_t ctx;
	bool gone;
	unsigned int gaps; /* given up so far */
	uint64_t next; /* the number to deliver next; 1: nothing delivered yet */
	uint64_t last_ns; /* time of the event delivered last */
	struct itree held;
	struct itree_node by_time; /* in .waiting while .held is not empty, or in .gone */
	struct number_range given_up[ORDER_GAPS_KEPT];
	UT_hash_handle hh;
};

struct order {
	struct ioas_alloc alloc;
	struct order_sink sink;
	size_t max_held;
	struct order_stats stats;
	struct sequence *sequences;
	struct itree waiting;
	struct itree gone;
};

int order_new(const struct order_sink *sink, const struct order_options *options,
	      struct order **out)
{
	struct ioas_alloc alloc = ioas_alloc_default();
	struct order *o;

	if (!sink->deliver)
		return -EINVAL;
	if (options && options->alloc)
		alloc = *options->alloc;
	o = ioas_alloc_zeroed(&alloc, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->alloc = alloc;
	o->sink = *sink;
	o->max_held = options && options->max_held ? options->max_held : ORDER_MAX_HELD_DEFAULT;
	*out = o;
	return 0;
}

static struct held *first_held(const struct sequence *seq)
{
	return itree_entry(itree_first(&seq->held), struct held, by_order);
}

/* Takes `seq` out of the tree it is in, as long as .held tells which that is. */
static void leave_time(struct order *o, struct sequence *seq)
{
	if (itree_count(&seq->held))
		itree_remove(&o->waiting, &seq->by_time);
	else if (seq->gone)
		itree_remove(&o->gone, &seq->by_time);
}

/* The reverse of leave_time(), for what is held now. */
static void enter_time(struct order *o, struct sequence *seq)
{
	struct held *h = first_held(seq);

	if (!h && !seq->gone)
		return;
	seq->by_time.start = h ? h->ev.time_ns : seq->last_ns;
	seq->by_time.last = seq->by_time.start;
	itree_insert(h ? &o->waiting : &o->gone, &seq->by_time);
}

static void drop_held(struct order *o, struct sequence *seq, struct held *h)
{
	itree_remove(&seq->held, &h->by_order);
	ioas_alloc_release(&o->alloc, h);
	o->stats.held--;
}

/* Ends `seq`, which is in neither tree of times. */
static void forget(struct order *o, struct sequence *seq)
{
	const struct ioas_alloc *hash_alloc = &o->alloc;

	while (itree_count(&seq->held))
		drop_held(o, seq, first_held(seq));
	HASH_DEL(o->sequences, seq);
	ioas_alloc_release(&o->alloc, seq);
	o->stats.contexts--;
}

void order_free(struct order *o)
{
	struct sequence *seq, *next;

	if (!o)
		return;
	HASH_ITER(hh, o->sequences, seq, next) {
		forget(o, seq);
	}
	ioas_alloc_release(&o->alloc, o);
}

static struct sequence *find_or_add(struct order *o, uint32_t ctx)
{
	const struct ioas_alloc *hash_alloc = &o->alloc;
	struct sequence *seq;

	HASH_FIND(hh, o->sequences, &ctx, sizeof(ctx), seq);
	if (seq)
		return seq;
	seq = ioas_alloc_zeroed(&o->alloc, sizeof(*seq));
	if (!seq)
		return NULL;
	seq->ctx = ctx;
	seq->next = 1;
	HASH_ADD(hh, o->sequences, ctx, sizeof(seq->ctx), seq);
	if (!seq->hh.tbl) {
		ioas_alloc_release(&o->alloc, seq);
		return NULL;
	}
	o->stats.contexts++;
	return seq;
}

static void deliver(struct order *o, const struct ioas_event *ev)
{
	o->stats.delivered++;
	o->sink.deliver(ev, o->sink.arg);
}

static void deliver_next(struct order *o, struct sequence *seq, const struct ioas_event *ev)
{
	deliver(o, ev);
	seq->next = ev->order + 1;
	seq->last_ns = ev->time_ns;
	if (ev->kind == IOAS_EV_CTX_GONE)
		seq->gone = true;
}

static void report_gap(struct order *o, const struct order_gap *gap)
{
	o->stats.gaps++;
	o->stats.missing += gap->count;
	if (o->sink.gap)
		o->sink.gap(gap, o->sink.arg);
}

/* All numbers of `seq` before that of `ev` that have not come will not come. */
static void give_up_before(struct order *o, struct sequence *seq, const struct ioas_event *ev)
{
	struct order_gap gap = {
		.ctx = seq->ctx,
		.at_start = seq->next == 1,
		.first = seq->next,
		.count = ev->order - seq->next,
		.time_ns = ev->time_ns,
	};

	if (!gap.count)
		return;
	seq->given_up[seq->gaps++ % ORDER_GAPS_KEPT] =
		(struct number_range){ .first = gap.first, .count = gap.count };
	seq->next = ev->order;
	report_gap(o, &gap);
}

/* Delivers what is held and has become next. `seq` is in no tree of times. */
static void drain(struct order *o, struct sequence *seq)
{
	struct held *h;

	while ((h = first_held(seq)) && h->ev.order == seq->next) {
		deliver_next(o, seq, &h->ev);
		drop_held(o, seq, h);
	}
}

/* Bounds what is kept of contexts that are gone. */
static void forget_gone(struct order *o, size_t keep)
{
	while (itree_count(&o->gone) > keep) {
		struct itree_node *node = itree_first(&o->gone);

		itree_remove(&o->gone, node);
		forget(o, itree_entry(node, struct sequence, by_time));
	}
}

/* Gives up the gap before the first held event of the one that waits longest. */
static void give_up_oldest(struct order *o)
{
	struct sequence *seq = itree_entry(itree_first(&o->waiting), struct sequence, by_time);

	leave_time(o, seq);
	give_up_before(o, seq, &first_held(seq)->ev);
	drain(o, seq);
	enter_time(o, seq);
	forget_gone(o, ORDER_GONE_KEPT);
}

/* No memory to hold `ev`: what is before it is given up, and it is delivered. */
static void push_through(struct order *o, struct sequence *seq, const struct ioas_event *ev)
{
	struct held *h;

	o->stats.no_memory++;
	while ((h = first_held(seq)) && h->ev.order < ev->order) {
		give_up_before(o, seq, &h->ev);
		drain(o, seq);
	}
	give_up_before(o, seq, ev);
	deliver_next(o, seq, ev);
	drain(o, seq);
}

/* Not even the context can be remembered: its sequence is unknown from here. */
static void push_unplaced(struct order *o, const struct ioas_event *ev)
{
	struct order_gap gap = {
		.ctx = ev->ctx,
		.at_start = true,
		.first = 1,
		.count = ev->order - 1,
		.time_ns = ev->time_ns,
	};

	o->stats.no_memory++;
	if (gap.count)
		report_gap(o, &gap);
	deliver(o, ev);
}

/* Keeps a copy of `ev`; -EEXIST if its number is held already, or -ENOMEM. */
static int hold(struct order *o, struct sequence *seq, const struct ioas_event *ev)
{
	struct held *h;

	if (itree_find(&seq->held, ev->order))
		return -EEXIST;
	h = ioas_alloc_zeroed(&o->alloc, sizeof(*h));
	if (!h)
		return -ENOMEM;
	memcpy(&h->ev, ev, sizeof(h->ev));
	h->ev.len = sizeof(h->ev);
	h->by_order.start = ev->order;
	h->by_order.last = ev->order;
	itree_insert(&seq->held, &h->by_order);
	if (++o->stats.held > o->stats.held_peak)
		o->stats.held_peak = o->stats.held;
	return 0;
}

/* `ev` has a number that was passed: part of a gap given up, or known already. */
static void push_passed(struct order *o, const struct sequence *seq, const struct ioas_event *ev)
{
	for (size_t i = 0; i < ORDER_GAPS_KEPT; i++) {
		if (ev->order - seq->given_up[i].first >= seq->given_up[i].count)
			continue;
		o->stats.late++;
		if (o->sink.late)
			o->sink.late(ev, o->sink.arg);
		return;
	}
	o->stats.duplicates++;
}

static void push_in_sequence(struct order *o, struct sequence *seq, const struct ioas_event *ev)
{
	int err = 0;

	leave_time(o, seq);
	if (ev->order == seq->next) {
		deliver_next(o, seq, ev);
		drain(o, seq);
	} else {
		err = hold(o, seq, ev);
	}
	if (err == -EEXIST)
		o->stats.duplicates++;
	else if (err)
		push_through(o, seq, ev);
	enter_time(o, seq);
}

void order_push(struct order *o, const struct ioas_event *ev)
{
	struct sequence *seq;

	if (!ev->ctx || !ev->order) {
		o->stats.unordered++;
		deliver(o, ev);
		return;
	}
	seq = find_or_add(o, ev->ctx);
	if (!seq) {
		push_unplaced(o, ev);
		return;
	}
	if (ev->order < seq->next)
		push_passed(o, seq, ev);
	else
		push_in_sequence(o, seq, ev);
	while (o->stats.held > o->max_held)
		give_up_oldest(o);
	forget_gone(o, ORDER_GONE_KEPT);
}

static bool older_than(const struct itree *tree, uint64_t now_ns, uint64_t max_wait_ns)
{
	const struct itree_node *node = itree_first(tree);

	return node && node->start < now_ns && now_ns - node->start > max_wait_ns;
}

void order_expire(struct order *o, uint64_t now_ns, uint64_t max_wait_ns)
{
	while (older_than(&o->waiting, now_ns, max_wait_ns))
		give_up_oldest(o);
	while (older_than(&o->gone, now_ns, max_wait_ns))
		forget_gone(o, itree_count(&o->gone) - 1);
}

void order_flush(struct order *o)
{
	while (itree_count(&o->waiting))
		give_up_oldest(o);
}

int order_oldest(const struct order *o, uint64_t *time_ns)
{
	const struct itree_node *node = itree_first(&o->waiting);

	if (!node)
		return -ENOENT;
	*time_ns = node->start;
	return 0;
}

struct order_stats order_stats(const struct order *o)
{
	return o->stats;
}
