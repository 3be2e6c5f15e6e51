// SPDX-License-Identifier: GPL-2.0-or-later
/* The reorder stage: sequence, gaps, late ones, duplicates, and bounds. */
#include "core/order.h"

#include <errno.h>

#include "unit.h"

#define LOG_MAX 4096

/* All that came out, in the sequence in which it came. */
struct log_entry {
	char what; /* 'd' delivered, 'g' gap, 'l' late */
	uint32_t ctx;
	uint64_t order; /* of a gap: its first number */
	uint64_t count; /* of a gap */
	uint64_t time_ns;
	bool at_start;
};

struct log {
	struct log_entry entries[LOG_MAX];
	size_t count;
	size_t read; /* entries looked at so far */
};

static void add(struct log *log, struct log_entry entry)
{
	assert_true(log->count < LOG_MAX);
	log->entries[log->count++] = entry;
}

static void on_deliver(const struct ioas_event *ev, void *arg)
{
	assert_int_equal(ev->len, sizeof(*ev));
	add(arg, (struct log_entry){ .what = 'd', .ctx = ev->ctx, .order = ev->order });
}

static void on_gap(const struct order_gap *gap, void *arg)
{
	add(arg, (struct log_entry){ .what = 'g',
				     .ctx = gap->ctx,
				     .order = gap->first,
				     .count = gap->count,
				     .time_ns = gap->time_ns,
				     .at_start = gap->at_start });
}

static void on_late(const struct ioas_event *ev, void *arg)
{
	add(arg, (struct log_entry){ .what = 'l', .ctx = ev->ctx, .order = ev->order });
}

struct fixture {
	struct unit_alloc memory;
	struct log log;
	struct order *o;
};

static void make(struct fixture *f, size_t max_held)
{
	struct ioas_alloc alloc = unit_alloc_use(&f->memory);
	const struct order_options options = { .max_held = max_held, .alloc = &alloc };
	const struct order_sink sink = {
		.deliver = on_deliver, .gap = on_gap, .late = on_late, .arg = &f->log
	};

	assert_int_equal(order_new(&sink, &options, &f->o), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	make(f, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	size_t live;

	order_free(f->o);
	live = f->memory.live;
	free(f);
	return live ? -1 : 0;
}

/* Time follows the number: 1000 ns each. */
static struct ioas_event numbered(uint32_t ctx, uint64_t order)
{
	struct ioas_event ev = unit_event(IOAS_EV_OP);

	ev.body_op.what = IOAS_OP_MAP;
	ev.ctx = ctx;
	ev.order = order;
	ev.time_ns = order * 1000;
	return ev;
}

static void push(struct fixture *f, uint32_t ctx, uint64_t order)
{
	struct ioas_event ev = numbered(ctx, order);

	order_push(f->o, &ev);
}

static void push_gone(struct fixture *f, uint32_t ctx, uint64_t order)
{
	struct ioas_event ev = numbered(ctx, order);

	ev.kind = IOAS_EV_CTX_GONE;
	order_push(f->o, &ev);
}

static const struct log_entry *next_entry(struct fixture *f, char what)
{
	assert_true(f->log.read < f->log.count);
	assert_int_equal(f->log.entries[f->log.read].what, what);
	return &f->log.entries[f->log.read++];
}

static void delivered(struct fixture *f, uint32_t ctx, uint64_t from, uint64_t to)
{
	for (uint64_t order = from; order <= to; order++) {
		const struct log_entry *e = next_entry(f, 'd');

		assert_int_equal(e->ctx, ctx);
		assert_int_equal(e->order, order);
	}
}

static void gap(struct fixture *f, uint32_t ctx, uint64_t first, uint64_t count, bool at_start)
{
	const struct log_entry *e = next_entry(f, 'g');

	assert_int_equal(e->ctx, ctx);
	assert_int_equal(e->order, first);
	assert_int_equal(e->count, count);
	assert_int_equal(e->time_ns, (first + count) * 1000);
	assert_int_equal(e->at_start, at_start);
}

static void late(struct fixture *f, uint32_t ctx, uint64_t order)
{
	const struct log_entry *e = next_entry(f, 'l');

	assert_int_equal(e->ctx, ctx);
	assert_int_equal(e->order, order);
}

static void nothing(struct fixture *f)
{
	assert_int_equal(f->log.read, f->log.count);
}

static void test_options(void **state)
{
	const struct order_sink nowhere = { 0 };
	const struct order_sink deliver_only = { .deliver = on_deliver, .arg = NULL };
	struct order *o = NULL;
	uint64_t time_ns = 5;
	(void)state;

	assert_int_equal(order_new(&nowhere, NULL, &o), -EINVAL);
	assert_null(o);
	assert_int_equal(order_new(&deliver_only, NULL, &o), 0);
	order_flush(o);
	order_expire(o, UINT64_MAX, 0);
	assert_int_equal(order_oldest(o, &time_ns), -ENOENT);
	assert_int_equal(time_ns, 5);
	order_free(o);
	order_free(NULL);
}

static void test_in_order(void **state)
{
	struct fixture *f = *state;

	for (uint64_t i = 1; i <= 50; i++) {
		push(f, 1, i);
		delivered(f, 1, i, i);
		nothing(f);
	}
	assert_int_equal(order_stats(f->o).delivered, 50);
	assert_int_equal(order_stats(f->o).held_peak, 0);
	assert_int_equal(order_stats(f->o).contexts, 1);
}

static void test_swapped(void **state)
{
	struct fixture *f = *state;
	uint64_t time_ns;

	push(f, 1, 1);
	push(f, 1, 4);
	push(f, 1, 3);
	delivered(f, 1, 1, 1);
	nothing(f);
	assert_int_equal(order_stats(f->o).held, 2);
	assert_int_equal(order_oldest(f->o, &time_ns), 0);
	assert_int_equal(time_ns, 3000);
	push(f, 1, 2);
	delivered(f, 1, 2, 4);
	nothing(f);
	assert_int_equal(order_stats(f->o).held, 0);
	assert_int_equal(order_stats(f->o).gaps, 0);
	assert_int_equal(order_oldest(f->o, &time_ns), -ENOENT);
}

static void test_outside_sequences(void **state)
{
	struct fixture *f = *state;

	push(f, 1, 2);
	push(f, 0, 9);
	push(f, 0, 1);
	push(f, 1, 0);
	delivered(f, 0, 9, 9);
	delivered(f, 0, 1, 1);
	delivered(f, 1, 0, 0);
	nothing(f);
	assert_int_equal(order_stats(f->o).unordered, 3);
}

static void test_gap_given_up(void **state)
{
	struct fixture *f = *state;

	push(f, 1, 1);
	push(f, 1, 4);
	push(f, 1, 5);
	push(f, 1, 9);
	delivered(f, 1, 1, 1);
	order_expire(f->o, 4000 + 500, 500);
	nothing(f);
	order_expire(f->o, 3000, 500); /* a clock behind the event is not its age */
	nothing(f);
	order_expire(f->o, 4000 + 501, 500);
	gap(f, 1, 2, 2, false);
	delivered(f, 1, 4, 5);
	nothing(f);
	push(f, 1, 3);
	late(f, 1, 3);
	push(f, 1, 6);
	delivered(f, 1, 6, 6);
	order_flush(f->o);
	gap(f, 1, 7, 2, false);
	delivered(f, 1, 9, 9);
	nothing(f);
	assert_int_equal(order_stats(f->o).gaps, 2);
	assert_int_equal(order_stats(f->o).missing, 4);
	assert_int_equal(order_stats(f->o).late, 1);
	assert_int_equal(order_stats(f->o).duplicates, 0);
}

static void test_adopted_start(void **state)
{
	struct fixture *f = *state;

	push(f, 1, 7);
	push(f, 1, 6);
	push(f, 1, 8);
	nothing(f);
	order_expire(f->o, 7000, 500);
	gap(f, 1, 1, 5, true);
	delivered(f, 1, 6, 8);
	push(f, 1, 9);
	delivered(f, 1, 9, 9);
	nothing(f);

	/* The start was only late. */
	push(f, 2, 2);
	push(f, 2, 3);
	nothing(f);
	push(f, 2, 1);
	delivered(f, 2, 1, 3);
	nothing(f);
}

static void test_duplicates(void **state)
{
	struct fixture *f = *state;

	push(f, 1, 1);
	push(f, 1, 1);
	push(f, 1, 3);
	push(f, 1, 3);
	delivered(f, 1, 1, 1);
	push(f, 1, 2);
	push(f, 1, 3);
	delivered(f, 1, 2, 3);
	nothing(f);
	assert_int_equal(order_stats(f->o).duplicates, 3);
	assert_int_equal(order_stats(f->o).late, 0);
}

/* The last gaps are known; what belongs to an older one is taken for a duplicate. */
static void test_gaps_remembered(void **state)
{
	struct fixture *f = *state;
	const uint64_t gaps = ORDER_GAPS_KEPT + 1;

	for (uint64_t i = 1; i <= gaps; i++)
		push(f, 1, 2 * i);
	order_flush(f->o);
	f->log.read = f->log.count;
	push(f, 1, 1);
	nothing(f);
	for (uint64_t i = 2; i <= gaps; i++) {
		push(f, 1, 2 * i - 1);
		late(f, 1, 2 * i - 1);
	}
	assert_int_equal(order_stats(f->o).duplicates, 1);
	assert_int_equal(order_stats(f->o).late, ORDER_GAPS_KEPT);
}

static void test_interleaved(void **state)
{
	struct fixture *f = *state;

	push(f, 1, 1);
	push(f, 2, 2);
	push(f, 1, 3);
	push(f, 3, 1);
	push(f, 2, 1);
	push(f, 1, 2);
	delivered(f, 1, 1, 1);
	delivered(f, 3, 1, 1);
	delivered(f, 2, 1, 2);
	delivered(f, 1, 2, 3);
	nothing(f);
	assert_int_equal(order_stats(f->o).contexts, 3);
}

static void test_oldest_first(void **state)
{
	struct fixture *f = *state;

	push(f, 1, 30);
	push(f, 2, 20);
	push(f, 3, 10);
	order_expire(f->o, 20000 + 101, 100);
	gap(f, 3, 1, 9, true);
	delivered(f, 3, 10, 10);
	gap(f, 2, 1, 19, true);
	delivered(f, 2, 20, 20);
	nothing(f);
	order_flush(f->o);
	gap(f, 1, 1, 29, true);
	delivered(f, 1, 30, 30);
	nothing(f);
}

static void test_gone(void **state)
{
	struct fixture *f = *state;

	push(f, 1, 1);
	push_gone(f, 1, 3);
	push(f, 1, 5); /* the op that closed it, ahead */
	delivered(f, 1, 1, 1);
	push(f, 1, 2);
	delivered(f, 1, 2, 3);
	assert_int_equal(order_stats(f->o).contexts, 1);
	order_expire(f->o, 3000, 100000);
	nothing(f);
	push(f, 1, 4);
	delivered(f, 1, 4, 5);
	assert_int_equal(order_stats(f->o).contexts, 1);
	order_expire(f->o, 5000 + 100, 100);
	assert_int_equal(order_stats(f->o).contexts, 1);
	order_expire(f->o, 5000 + 101, 100);
	assert_int_equal(order_stats(f->o).contexts, 0);
	nothing(f);
}

static void test_gone_is_bounded(void **state)
{
	struct fixture *f = *state;

	for (uint32_t ctx = 1; ctx <= 3 * ORDER_GONE_KEPT; ctx++) {
		push(f, ctx, 1);
		push_gone(f, ctx, 2);
		delivered(f, ctx, 1, 2);
	}
	assert_int_equal(order_stats(f->o).contexts, ORDER_GONE_KEPT);
	/* The same through gaps that are given up. */
	for (uint32_t ctx = 5000; ctx < 5000 + 2 * ORDER_GONE_KEPT; ctx++)
		push_gone(f, ctx, 2);
	order_flush(f->o);
	assert_int_equal(order_stats(f->o).contexts, ORDER_GONE_KEPT);
}

static void test_max_held(void **state)
{
	struct fixture *f = *state;

	order_free(f->o);
	make(f, 3);
	push(f, 1, 1);
	push(f, 2, 1);
	delivered(f, 1, 1, 1);
	delivered(f, 2, 1, 1);
	push(f, 1, 5);
	push(f, 2, 3);
	push(f, 2, 4);
	nothing(f);
	push(f, 1, 6); /* one too many: the gap of 2, which is older, goes */
	gap(f, 2, 2, 1, false);
	delivered(f, 2, 3, 4);
	nothing(f);
	assert_int_equal(order_stats(f->o).held, 2);
	push(f, 1, 8);
	push(f, 1, 3);
	gap(f, 1, 2, 1, false);
	delivered(f, 1, 3, 3);
	nothing(f);
	push(f, 1, 4);
	delivered(f, 1, 4, 6);
	nothing(f);
}

/* Whatever fails, each event comes out once, and no step in a sequence is silent. */
static void test_no_memory(void **state)
{
	struct fixture *f = *state;
	const uint64_t orders[] = { 1, 3, 5, 2, 9, 8, 12, 4, 7, 6 };

	for (size_t fail_count = 1; fail_count < 6; fail_count += 4) {
		for (size_t n = 0; n < 12; n++) {
			bool reported = false;
			uint64_t next = 1;
			size_t events = 0;

			order_free(f->o);
			f->memory =
				(struct unit_alloc){ .fail_from = n + 1, .fail_count = fail_count };
			f->log.count = 0;
			make(f, 0);
			for (size_t i = 0; i < UNIT_COUNT(orders); i++)
				push(f, 1, orders[i]);
			order_flush(f->o);
			for (size_t i = 0; i < f->log.count; i++) {
				const struct log_entry *e = &f->log.entries[i];

				events += e->what != 'g';
				reported |= e->what == 'g';
				if (e->what != 'd')
					continue;
				assert_true(e->order == next || reported);
				next = e->order + 1;
			}
			assert_int_equal(events, UNIT_COUNT(orders));
			assert_int_equal(order_stats(f->o).held, 0);
		}
	}
}

static void test_new_without_memory(void **state)
{
	struct unit_alloc memory = { .fail_count = 1 };
	struct ioas_alloc alloc = unit_alloc_use(&memory);
	const struct order_options options = { .alloc = &alloc };
	const struct order_sink sink = { .deliver = on_deliver };
	struct order *o = NULL;
	(void)state;

	assert_int_equal(order_new(&sink, &options, &o), -ENOMEM);
	assert_null(o);
}

/* What is held is a copy, cut to the record that we know. */
static void keep_event(const struct ioas_event *ev, void *arg)
{
	*(struct ioas_event *)arg = *ev;
}

static void test_held_is_a_copy(void **state)
{
	struct ioas_event seen, ev = numbered(1, 2);
	const struct order_sink sink = { .deliver = keep_event, .arg = &seen };
	struct order *o;
	(void)state;

	assert_int_equal(order_new(&sink, NULL, &o), 0);
	ev.body_op.iova = 0x1234;
	ev.len = sizeof(ev) + 40;
	order_push(o, &ev);
	memset(&ev, 0xff, sizeof(ev));
	order_flush(o);
	assert_int_equal(seen.order, 2);
	assert_int_equal(seen.body_op.iova, 0x1234);
	assert_int_equal(seen.len, sizeof(seen));
	order_free(o);
}

/* Random streams */

#define CONTEXTS 7
#define DISTANCE 40

struct stream {
	uint64_t next[CONTEXTS]; /* expected, by context - 1 */
	uint64_t delivered;
	bool broken;
};

static void follow(const struct ioas_event *ev, void *arg)
{
	struct stream *s = arg;

	s->broken |= ev->order != s->next[ev->ctx - 1]++;
	s->delivered++;
}

static void follow_gap(const struct order_gap *g, void *arg)
{
	struct stream *s = arg;

	s->broken |= g->first != s->next[g->ctx - 1];
	s->next[g->ctx - 1] += g->count;
}

/* The next event of a context chosen by chance. */
static struct ioas_event make_next(struct unit_random *r, uint64_t *made)
{
	uint32_t ctx = (uint32_t)unit_below(r, CONTEXTS) + 1;

	return numbered(ctx, ++made[ctx - 1]);
}

/* Each event moves by less than DISTANCE places: all come out in sequence. */
static void test_bounded_shuffle(void **state)
{
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(400000);
	struct stream s = { .delivered = 0 };
	const struct order_sink sink = { .deliver = follow, .arg = &s };
	struct ioas_event window[DISTANCE];
	uint64_t made[CONTEXTS] = { 0 };
	size_t filled = 0;
	struct order *o;
	(void)state;

	for (size_t i = 0; i < CONTEXTS; i++)
		s.next[i] = 1;
	assert_int_equal(order_new(&sink, NULL, &o), 0);
	for (size_t step = 0; step < steps || filled; step++) {
		size_t pick;

		if (!filled) {
			while (filled < DISTANCE)
				window[filled++] = make_next(&r, made);
		}
		pick = unit_below(&r, filled);
		order_push(o, &window[pick]);
		if (unit_below(&r, 16) == 0)
			order_push(o, &window[pick]);
		window[pick] = window[--filled];
		UNIT_REQUIRE(!s.broken, &r, step);
	}
	UNIT_REQUIRE(order_stats(o).held == 0, &r, steps);
	UNIT_REQUIRE(order_stats(o).gaps == 0, &r, steps);
	for (size_t i = 0; i < CONTEXTS; i++)
		UNIT_REQUIRE(s.next[i] == made[i] + 1, &r, steps);
	order_free(o);
}

/*
 * With losses, some that take long, and expiry: what comes out is in sequence
 * but for the gaps that were reported, and each event is accounted for.
 */
static void test_lossy_shuffle(void **state)
{
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(200000);
	struct stream s = { .delivered = 0 };
	const struct order_sink sink = { .deliver = follow, .gap = follow_gap, .arg = &s };
	const struct order_options options = { .max_held = 64 };
	struct ioas_event window[DISTANCE];
	uint64_t made[CONTEXTS] = { 0 };
	uint64_t pushed = 0, now = 0;
	size_t filled = 0;
	struct order *o;
	(void)state;

	for (size_t i = 0; i < CONTEXTS; i++)
		s.next[i] = 1;
	assert_int_equal(order_new(&sink, &options, &o), 0);
	for (size_t step = 0; step < steps || filled; step++) {
		size_t pick;

		while (step < steps && filled < DISTANCE) {
			window[filled] = make_next(&r, made);
			window[filled++].time_ns = ++now;
		}
		pick = unit_below(&r, filled);
		if (unit_below(&r, 50)) {
			order_push(o, &window[pick]);
			pushed++;
		}
		window[pick] = window[--filled];
		if (unit_below(&r, 20) == 0)
			order_expire(o, now, 60);
		UNIT_REQUIRE(!s.broken, &r, step);
		UNIT_REQUIRE(order_stats(o).held <= 64, &r, step);
	}
	order_flush(o);
	UNIT_REQUIRE(!s.broken, &r, steps);
	UNIT_REQUIRE(order_stats(o).held == 0, &r, steps);
	UNIT_REQUIRE(s.delivered + order_stats(o).late + order_stats(o).duplicates == pushed, &r,
		     steps);
	order_free(o);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		WITH_FIXTURE(test_in_order),
		WITH_FIXTURE(test_swapped),
		WITH_FIXTURE(test_outside_sequences),
		WITH_FIXTURE(test_gap_given_up),
		WITH_FIXTURE(test_adopted_start),
		WITH_FIXTURE(test_duplicates),
		WITH_FIXTURE(test_gaps_remembered),
		WITH_FIXTURE(test_interleaved),
		WITH_FIXTURE(test_oldest_first),
		WITH_FIXTURE(test_gone),
		WITH_FIXTURE(test_gone_is_bounded),
		WITH_FIXTURE(test_max_held),
		WITH_FIXTURE(test_no_memory),
		cmocka_unit_test(test_new_without_memory),
		cmocka_unit_test(test_held_is_a_copy),
		cmocka_unit_test(test_bounded_shuffle),
		cmocka_unit_test(test_lossy_shuffle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
