// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults wait until what came before them is in its place. */
#include "core/fault_queue.h"

#include "unit.h"

static void count(const struct ioas_event *ev, void *arg)
{
	(void)ev;
	(*(int *)arg)++;
}

static struct ioas_event fault(uint64_t time_ns)
{
	struct ioas_event ev = unit_event(IOAS_EV_FAULT);

	ev.ctx = 0;
	ev.ioas = 0;
	ev.time_ns = time_ns;
	return ev;
}

static struct ioas_event change(uint64_t order, uint64_t time_ns)
{
	struct ioas_event ev = unit_event(order == 1 ? IOAS_EV_CTX_NEW : IOAS_EV_IOAS_NEW);

	ev.order = order;
	ev.time_ns = time_ns;
	return ev;
}

static void test_waits(void **state)
{
	int delivered = 0;
	const struct order_sink sink = { .deliver = count, .arg = &delivered };
	static struct fault_queue q;
	struct ioas_event ev;
	struct order *o;
	(void)state;

	assert_int_equal(order_new(&sink, NULL, &o), 0);
	assert_null(fault_queue_take(&q, o, true));
	ev = change(1, 1000);
	order_push(o, &ev);
	ev = fault(1100);
	fault_queue_put(&q, &ev);
	assert_int_equal(fault_queue_take(&q, o, false)->time_ns, 1100); /* nothing is held */
	assert_null(fault_queue_take(&q, o, false));

	ev = change(3, 2000); /* 2 is missing */
	order_push(o, &ev);
	for (uint64_t t = 1999; t <= 2001; t++) {
		ev = fault(t);
		fault_queue_put(&q, &ev);
	}
	assert_int_equal(fault_queue_take(&q, o, false)->time_ns,
			 1999); /* older than what is held */
	assert_null(fault_queue_take(&q, o, false));
	assert_int_equal(delivered, 1);
	ev = change(2, 1500);
	order_push(o, &ev);
	assert_int_equal(delivered, 3);
	assert_int_equal(fault_queue_take(&q, o, false)->time_ns, 2000);
	assert_int_equal(fault_queue_take(&q, o, false)->time_ns, 2001);
	assert_null(fault_queue_take(&q, o, false));

	ev = change(9, 3000);
	order_push(o, &ev);
	ev = fault(4000);
	fault_queue_put(&q, &ev);
	assert_null(fault_queue_take(&q, o, false));
	assert_int_equal(fault_queue_take(&q, o, true)->time_ns, 4000);
	order_free(o);
}

static void test_room(void **state)
{
	static struct fault_queue q;
	uint64_t put = 0, taken = 0;
	struct ioas_event ev;
	(void)state;

	for (int round = 0; round < 5; round++) {
		while (!fault_queue_full(&q)) {
			ev = fault(++put);
			fault_queue_put(&q, &ev);
		}
		assert_int_equal(put - taken, FAULT_QUEUE_ROOM);
		for (int n = 0; n < 100; n++)
			assert_int_equal(fault_queue_take(&q, NULL, true)->time_ns, ++taken);
		assert_false(fault_queue_full(&q));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_waits),
					    cmocka_unit_test(test_room) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
