/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To be included before check.h: keeps the events that a test sends, so that
 * they can be sent again to a checker that has less memory.
 */
#ifndef TESTS_AGAIN_H
#define TESTS_AGAIN_H

#include "core/check.h"

#define REPLAY_MAX 4096

static struct ioas_event replay_events[REPLAY_MAX];
static size_t replay_count;

static inline int replay_take(struct check *c, const struct ioas_event *ev)
{
	if (replay_count < REPLAY_MAX)
		replay_events[replay_count++] = *ev;
	return check_event(c, ev);
}

#define check_event replay_take
#include "check_users.h"
#undef check_event

/*
 * What `use` sends keeps every promise. Whichever allocation fails, alone or
 * with all that follow: nothing is lost, and nothing is said that is not so.
 */
static inline void replay_without_memory(void (*use)(struct cs *cs), size_t fail_count)
{
	struct cs *cs = cs_new(NULL);
	size_t fail = 0, noticed = 0, calls, made;

	replay_count = 0;
	use(cs);
	cs_expect_none(cs);
	assert_in_range(replay_count, 1, REPLAY_MAX - 1);
	assert_int_equal(cs_free(cs), 0);
	for (calls = SIZE_MAX; fail < calls; fail++) {
		cs = cs_new(NULL);
		made = cs->memory.calls;
		cs->memory.fail_from = made + fail;
		cs->memory.fail_count = fail_count;
		for (size_t i = 0; i < replay_count; i++)
			check_event(cs->c, &replay_events[i]);
		calls = cs->memory.calls - made;
		cs_expect_none(cs);
		noticed += check_stats(cs->c)->no_memory > 0;
		assert_int_equal(cs_free(cs), 0);
	}
	assert_true(fail > 20 && noticed > 10);
}

#endif
