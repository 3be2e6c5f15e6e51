// SPDX-License-Identifier: GPL-2.0-or-later
/* Who has locked how much, and what IOASes explain of it. */
#include "unit_state.h"

#include "core/usage.h"

#define MIB (1ULL << 20)

static struct usage_task task(uint32_t tgid, uint32_t uid, uint64_t mm)
{
	return (struct usage_task){
		.tgid = tgid, .uid = uid, .mm = mm, .memlock = 8 * MIB, .comm = "qemu"
	};
}

static void add(struct usage *u, struct usage_task t)
{
	assert_int_equal(usage_add(u, &t, "/machine.slice"), 0);
}

static void test_limits(void **state)
{
	struct usage_task t = task(1, 2, 3);

	(void)state;
	assert_int_equal(usage_limit(&t), 8 * MIB);
	t.ipc_lock = 1;
	assert_true(usage_limit(&t) == USAGE_NO_LIMIT);
	assert_int_equal(usage_left(8 * MIB, 2047), 4096);
	assert_int_equal(usage_left(8 * MIB, 2048), 0);
	assert_int_equal(usage_left(8 * MIB, 4096), 0);
	assert_int_equal(usage_left(4097, 0), 4096); /* whole pages */
	assert_int_equal(usage_left(0, 0), 0);
	assert_true(usage_left(USAGE_NO_LIMIT, 1 << 20) == USAGE_NO_LIMIT);
}

/* Each counter is taken once: a user's for all its processes, an mm's for all that share it. */
static void test_counters(void **state)
{
	_cleanup_usage_ struct usage u = {};
	struct state s = {};
	struct usage_task t = task(20, 1000, 0x30);

	(void)state;
	t.user_locked = 700;
	t.mm_locked = 10;
	t.mm_pinned = 5;
	add(&u, t);
	t.tgid = 10; /* vfork(): the same mm */
	add(&u, t);
	t.tgid = 10; /* one more thread of it */
	add(&u, t);
	t = task(30, 1000, 0x10);
	t.user_locked = 700;
	t.mm_locked = 100;
	t.memlock = 64 * MIB;
	add(&u, t);
	t = task(5, 0, 0x20);
	t.ipc_lock = 1;
	add(&u, t);
	assert_int_equal(usage_finish(&u, &s), 0);
	assert_int_equal(u.nprocesses, 3);
	assert_int_equal(u.processes[0].task.tgid, 5);
	assert_int_equal(u.processes[1].task.tgid, 10);
	assert_int_equal(u.processes[1].shared, 1);
	assert_string_equal(u.processes[1].cgroup, "/machine.slice");
	assert_int_equal(u.processes[2].task.tgid, 30);
	assert_int_equal(u.nusers, 2);
	assert_int_equal(u.users[0].uid, 0);
	assert_true(u.users[0].limit_min == USAGE_NO_LIMIT);
	assert_int_equal(u.users[1].uid, 1000);
	assert_int_equal(u.users[1].processes, 2);
	assert_int_equal(u.users[1].locked, 700);
	assert_int_equal(u.users[1].mm_locked, 110);
	assert_int_equal(u.users[1].mm_pinned, 5);
	assert_int_equal(u.users[1].limit_min, 8 * MIB);
	assert_int_equal(u.users[1].limit_max, 64 * MIB);
}

static void charge(struct state_ioas *i, struct state_ctx *c, __u32 counter, __u32 tgid, __u32 uid,
		   __s64 pages)
{
	struct state_charge v = { .counter = counter, .tgid = tgid, .uid = uid, .pages = pages };

	assert_int_equal(i ? state_add_ioas_charge(i, &v) : state_add_ctx_charge(c, &v), 0);
}

static void test_charges(void **state)
{
	_cleanup_usage_ struct usage u = {};
	_cleanup_state_ struct state s = {};
	struct state_ctx *c;

	(void)state;
	add(&u, task(10, 1000, 1));
	add(&u, task(11, 1001, 2));
	c = unit_ctx(&s, 1, IOAS_BACKEND_TYPE1);
	charge(unit_ioas(c, 2), NULL, IOAS_COUNTER_MM_LOCKED, 10, 1000, 64);
	charge(unit_ioas(c, 3), NULL, IOAS_COUNTER_MM_LOCKED, 12, 1000, 7); /* it has ended */
	c = unit_ctx(&s, 4, IOAS_BACKEND_IOMMUFD);
	charge(NULL, c, IOAS_COUNTER_USER_LOCKED, 10, 1000, 100);
	charge(NULL, c, IOAS_COUNTER_USER_LOCKED, 12, 1000, 50); /* its user has not */
	charge(NULL, c, IOAS_COUNTER_USER_LOCKED, 13, 1002, 3);
	charge(NULL, c, IOAS_COUNTER_NONE, 11, 1001, 9);
	assert_int_equal(usage_finish(&u, &s), 0);
	assert_int_equal(u.processes[0].charged[IOAS_COUNTER_MM_LOCKED], 64);
	assert_int_equal(u.processes[0].charged[IOAS_COUNTER_USER_LOCKED], 100);
	assert_int_equal(u.users[0].charged[IOAS_COUNTER_USER_LOCKED], 150);
	assert_int_equal(u.users[0].charged[IOAS_COUNTER_MM_LOCKED], 64);
	assert_int_equal(u.users[1].charged[IOAS_COUNTER_USER_LOCKED], 0);
	assert_int_equal(u.unowned[IOAS_COUNTER_MM_LOCKED], 7);
	assert_int_equal(u.unowned[IOAS_COUNTER_USER_LOCKED], 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_charges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
