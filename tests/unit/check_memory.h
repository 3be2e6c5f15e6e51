/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To be included before check.h: keeps the events that a test sends, so that
 * they can be sent again to a checker that has less memory.
 */
#ifndef TESTS_CHECK_MEMORY_H
#define TESTS_CHECK_MEMORY_H

#include "core/check.h"

#define CHECK_MEMORY_EVENTS 4096

static struct ioas_event check_memory_events[CHECK_MEMORY_EVENTS];
static size_t check_memory_count;

static inline int check_memory_take(struct check *c, const struct ioas_event *ev)
{
	if (check_memory_count < CHECK_MEMORY_EVENTS)
		check_memory_events[check_memory_count++] = *ev;
	return check_event(c, ev);
}

#define check_event check_memory_take
#include "check.h"
#undef check_event

/*
 * What `use` sends keeps every promise. Whichever allocation fails, alone or
 * with all that follow: nothing is lost, and nothing is said that is not so.
 */
static inline void check_memory_fails(void (*use)(struct cs *cs), size_t fail_count)
{
	struct cs *cs = cs_new(NULL);
	size_t fail = 0, noticed = 0, calls, made;

	check_memory_count = 0;
	use(cs);
	cs_expect_none(cs);
	assert_in_range(check_memory_count, 1, CHECK_MEMORY_EVENTS - 1);
	assert_int_equal(cs_free(cs), 0);
	for (calls = SIZE_MAX; fail < calls; fail++) {
		cs = cs_new(NULL);
		made = cs->memory.calls;
		cs->memory.fail_from = made + fail;
		cs->memory.fail_count = fail_count;
		for (size_t i = 0; i < check_memory_count; i++)
			check_event(cs->c, &check_memory_events[i]);
		calls = cs->memory.calls - made;
		cs_expect_none(cs);
		noticed += check_stats(cs->c)->no_memory > 0;
		assert_int_equal(cs_free(cs), 0);
	}
	assert_true(fail > 20 && noticed > 10);
}

#endif
