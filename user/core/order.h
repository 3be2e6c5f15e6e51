/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reorder stage: events of one context come out in the sequence of their
 * order numbers, although the rings of several CPUs mixed them up.
 *
 * An event whose number is the next one of its context is delivered at once,
 * without a copy; one that is ahead is copied and held until what is missing
 * has come. A gap is given up when it has waited too long (order_expire), when
 * too much is held (.max_held), when memory is short, or at the end
 * (order_flush): it is reported first, then what was held behind it goes on.
 *
 * The first event of a context: with number 1 it is the start. With a higher
 * one the context was there before we looked, or its start was lost; an earlier
 * number may still be on its way, so this is treated as any gap: the event
 * is held until the numbers from 1 on appear or the wait is over. The gap is
 * then reported with .at_start set, and the caller, who knows whether it had
 * lost anything, decides between "adopted" and "uncertain".
 *
 * An event of a gap that was given up is late: it cannot be delivered in
 * sequence any more. It is counted and handed to the sink's .late, and has no
 * other effect. A number that comes twice is counted and dropped. (The last
 * ORDER_GAPS_KEPT gaps of a context are remembered to tell one from the other;
 * what is late for an older gap counts as a duplicate.)
 *
 * A context whose IOAS_EV_CTX_GONE was delivered is forgotten: not at once,
 * because the op that closed it may be told after it, but when order_expire()
 * comes with a time .max_wait_ns later, or ORDER_GONE_KEPT younger ones have
 * gone as well.
 *
 * Events with .ctx == 0 or .order == 0 are outside any sequence and delivered
 * at once.
 *
 * Not locked. Callbacks must not call back into the same stage.
 */
#ifndef CORE_ORDER_H
#define CORE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/alloc.h"
#include "ioascope/event.h"

#define ORDER_GAPS_KEPT 8
#define ORDER_GONE_KEPT 256
#define ORDER_MAX_HELD_DEFAULT 65536

struct order;

/* Numbers that did not come in time. */
struct order_gap {
	uint32_t ctx;
	bool at_start; /* nothing of this context has been delivered before */
	uint64_t first; /* the first number that is missing, >= 1 */
	uint64_t count; /* how many in sequence are missing, >= 1 */
	uint64_t time_ns; /* of the first event behind the gap */
};

/*
 * Where events go. An event is valid during the call only. It is the caller's
 * own record, or our copy of sizeof(struct ioas_event) bytes with .len set
 * accordingly.
 */
struct order_sink {
	void (*deliver)(const struct ioas_event *ev, void *arg);
	void (*gap)(const struct order_gap *gap, void *arg); /* NULL: only counted */
	void (*late)(const struct ioas_event *ev, void *arg); /* NULL: only counted */
	void *arg;
};

struct order_options {
	size_t max_held; /* events held in all contexts, 0: ORDER_MAX_HELD_DEFAULT */
	const struct ioas_alloc *alloc; /* copied; NULL: the heap */
};

/* Counts since order_new(), in events if nothing else is said. */
struct order_stats {
	uint64_t delivered;
	uint64_t unordered; /* of these: outside any sequence */
	uint64_t duplicates;
	uint64_t late;
	uint64_t gaps; /* gaps given up, those at the start included */
	uint64_t missing; /* numbers in these gaps */
	uint64_t no_memory; /* times that an event could not be held or placed */
	size_t held; /* now */
	size_t held_peak;
	size_t contexts; /* known now */
};

/*
 * A new stage that delivers to a copy of `sink` (.deliver must be set). NULL
 * options are all defaults. 0 and *out, to be freed with order_free(), or
 * -EINVAL, -ENOMEM with *out untouched.
 */
int order_new(const struct order_sink *sink, const struct order_options *options,
	      struct order **out);

/* Frees the stage. What is still held is dropped: flush first. NULL is fine. */
void order_free(struct order *o);

/*
 * Takes an event that has passed ioas_event_check(); it may be freed after the
 * call. Never fails: where memory is missing, sequence is given up, not the
 * event. The gaps of its context up to the event are reported then, and
 * the event is delivered.
 */
void order_push(struct order *o, const struct ioas_event *ev);

/*
 * Gives up every gap of which the first event behind it is older than
 * max_wait_ns at now_ns (both CLOCK_BOOTTIME, as the events), and forgets
 * contexts that have been gone for as long. Oldest first.
 */
void order_expire(struct order *o, uint64_t now_ns, uint64_t max_wait_ns);

/* Gives up all gaps, oldest first: nothing is held afterwards. */
void order_flush(struct order *o);

/*
 * The event time of what has waited longest, in *time_ns; 0, or -ENOENT with
 * *time_ns untouched if nothing is held.
 */
int order_oldest(const struct order *o, uint64_t *time_ns);

struct order_stats order_stats(const struct order *o);

#endif
