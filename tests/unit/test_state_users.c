// SPDX-License-Identifier: GPL-2.0-or-later
/* What a trace lacks, taken from a walk: by the addresses of IOASes, and no more than is certain.
 */
#include <string.h>

#include "core/state_users.h"
#include "unit_state.h"

#define KEY 0xffff888000001000ULL

/* Two IOASes, each with an area; those of a trace lack users and ranges. */
static struct state_ctx *ctx(struct state *s, __u32 id, bool walked)
{
	struct state_ctx *c = unit_ctx(s, id, IOAS_BACKEND_IOMMUFD);

	for (__u32 n = 0; n < 2; n++) {
		struct state_ioas *i = unit_ioas(c, 10 * id + n);

		i->key = KEY * id + n;
		i->users_known = i->ranges_known = walked;
		unit_area(i, 0x100000 * (n + 1), PAGE, 0x7000000);
	}
	return c;
}

static void use(struct state_ioas *i, const char *name, __u32 group)
{
	struct state_domain domain = { .id = 7, .page_size = PAGE };
	struct state_device device = { .id = 8, .domain = 7, .group = group };
	struct state_access access = { .id = 9, .pins = -1 };

	strcpy(device.name, name);
	assert_int_equal(state_add_domain(i, &domain), 0);
	assert_int_equal(state_add_device(i, &device), 0);
	assert_int_equal(state_add_access(i, &access), 0);
	unit_range(i, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff);
	unit_range(i, IOAS_RANGE_ALLOWED, 0, 0xffff);
}

/* The numbers are the trace's; the walk's contexts come in another order. */
static void test_taken(void **arg)
{
	_cleanup_state_ struct state s = {}, walked = {};
	struct state_ctx *c;

	(void)arg;
	ctx(&s, 1, false);
	ctx(&s, 2, false);
	ctx(&walked, 2, true);
	c = ctx(&walked, 1, true);
	use(&c->ioases[1], "0000:02:00.0", 9);
	assert_true(state_lacks_users(&s));
	state_finish(&s);
	state_finish(&walked);
	state_take_users(&s, &walked);
	assert_false(state_lacks_users(&s));
	c = &s.ctxs[0];
	assert_int_equal(c->ioases[0].ndevices, 0);
	assert_int_equal(c->ioases[1].id, 11);
	assert_int_equal(c->ioases[1].ndevices, 1);
	assert_string_equal(c->ioases[1].devices[0].name, "0000:02:00.0");
	assert_int_equal(c->ioases[1].domains[0].id, 7);
	assert_int_equal(c->ioases[1].naccesses, 1);
	assert_int_equal(c->ioases[1].nranges, 2);
	assert_int_equal(c->ioases[1].nareas, 1);
	for (int n = 0; n < 4; n++)
		assert_true(state_complete(&s.ctxs[n / 2].ioases[n % 2]));
	assert_int_equal(s.ctxs[1].ioases[0].ndevices, 0);
}

/* An IOAS that one of them has not: a device may be with it, so nothing is known of any. */
static void test_not_the_same(void **arg)
{
	_cleanup_state_ struct state s = {}, walked = {};

	(void)arg;
	ctx(&s, 1, false)->ioases[1].key = KEY + 5; /* gone before the walk, and a new one came */
	ctx(&s, 2, false)->ioases[1].key = 0; /* no source of keys */
	ctx(&s, 3, false);
	ctx(&walked, 1, true);
	ctx(&walked, 2, true)->ioases[1].key = 0;
	unit_ioas(ctx(&walked, 3, true), 40)->key =
		KEY * 3 + 9; /* older than the trace, not used */
	state_finish(&s);
	state_finish(&walked);
	state_take_users(&s, &walked);
	for (int n = 0; n < 6; n++) {
		assert_false(s.ctxs[n / 2].ioases[n % 2].users_known);
		assert_false(s.ctxs[n / 2].ioases[n % 2].ranges_known);
	}
}

/* What is in doubt of either stays in doubt. */
static void test_doubts(void **arg)
{
	_cleanup_state_ struct state s = {}, walked = {};
	struct state_ctx *c = ctx(&s, 1, false), *w = ctx(&walked, 1, true);

	(void)arg;
	c->uncertain_ns = 5;
	w->ioases[0].raced = true;
	w->ioases[1].areas[0].last += PAGE; /* changed between the two */
	c = ctx(&s, 2, false);
	w = ctx(&walked, 2, true);
	w->ioases[0].truncated = true;
	w->ioases[1].nareas = 0;
	state_finish(&s);
	state_finish(&walked);
	state_take_users(&s, &walked);
	assert_int_equal(s.ctxs[0].uncertain_ns, 5);
	assert_true(s.ctxs[0].ioases[0].raced);
	assert_true(s.ctxs[0].ioases[1].raced);
	assert_int_equal(s.ctxs[0].ioases[1].areas[0].last, 0x200000 + PAGE - 1); /* the trace's */
	assert_true(s.ctxs[1].ioases[0].truncated);
	assert_false(s.ctxs[1].ioases[0].raced);
	assert_true(s.ctxs[1].ioases[1].raced);
}

/* What was there before the trace: areas too, and then all of them. */
static void test_older(void **arg)
{
	_cleanup_state_ struct state s = {}, walked = {};
	struct state_ctx *c = ctx(&s, 1, false), *w = ctx(&walked, 1, true);

	(void)arg;
	c->ioases[0].adopted = true;
	for (int n = 0; n < 40; n++)
		unit_area(&w->ioases[0], 0x4000000 + n * PAGE, PAGE, 0x7000000)->pages_id = 3;
	state_finish(&s);
	state_finish(&walked);
	state_take_users(&s, &walked);
	assert_true(state_complete(&s.ctxs[0].ioases[0]));
	assert_int_equal(s.ctxs[0].ioases[0].nareas, 41);
	assert_int_equal(s.ctxs[0].ioases[0].bytes, 41 * PAGE);
	assert_int_equal(s.ctxs[0].ioases[0].areas[40].pages_id, 0);
	unit_area(&s.ctxs[0].ioases[0], 0x8000000, PAGE,
		  0); /* there is still room where it says so */
	unit_area(&walked.ctxs[0].ioases[0], 0x8000000, PAGE, 0);
	assert_true(state_complete(&s.ctxs[0].ioases[1]));
}

/* Type1 lacks nothing that a walk would have. */
static void test_type1(void **arg)
{
	_cleanup_state_ struct state s = {}, walked = {};

	(void)arg;
	unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2)->key = KEY;
	unit_ioas(unit_ctx(&walked, 1, IOAS_BACKEND_TYPE1), 1)->key = KEY;
	walked.ctxs[0].ioases[0].users_known = true;
	assert_false(state_lacks_users(&s));
	state_take_users(&s, &walked);
	assert_false(s.ctxs[0].ioases[0].users_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),  cmocka_unit_test(test_not_the_same),
		cmocka_unit_test(test_doubts), cmocka_unit_test(test_older),
		cmocka_unit_test(test_type1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
