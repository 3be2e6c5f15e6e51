// SPDX-License-Identifier: GPL-2.0-or-later
/* the same memory, charged twice. */
#include "check_memory.h"

static void test_double_type1(void **state)
{
	struct cs *cs = type1(state);

	cs_map(cs, 0x30000, 16 * CS_PAGE, 0x710000);
	cs_expect_held(cs, RULE_DOUBLE_CHARGE);
	cs_map(cs, 0x50000, 2 * CS_PAGE, 0x70f000);
	cs_expect(cs, RULE_DOUBLE_CHARGE);
	assert_int_equal(cs->seen.severity, RULE_INFO);
	assert_non_null(strstr(cs->seen.text, "[0x70f000, 0x70ffff] of process 100"));
	cs_unmap(cs, 0x10000, 16 * CS_PAGE);
	cs_unmap(cs, 0x50000, 2 * CS_PAGE);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	cs_expect_none(cs);
}

static void test_double_containers(void **state)
{
	struct cs *cs = type1(state);

	cs_open_as(cs, 3, 4, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs_attach(cs, 8, false);
	cs_map(cs, 0x10000, CS_PAGE, 0x800000);
	cs_expect_none(cs);
	cs_map(cs, 0x20000, CS_PAGE, 0x705000);
	cs_expect(cs, RULE_DOUBLE_CHARGE);
	assert_non_null(strstr(cs->seen.text, "first for IOAS 2"));
}

/* Not charged: no hardware in the other; nor if the process is another. */
static void test_double_free(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 9, true);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	cs_open_as(cs, 3, 4, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs_attach(cs, 8, false);
	cs_map(cs, 0x20000, CS_PAGE, 0x705000);
	cs_begin(cs);
	cs_charge(cs, 1, 0);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x30000, CS_PAGE, 0x705000);
	ev.tgid = 101;
	ev.body_area.owner_tgid = 101;
	ev.body_area.pages = 1;
	cs->pinned = 1;
	cs_send(cs, ev);
	cs_end(cs, cs_map_op(cs, 0x30000, CS_PAGE, 0x705000, 0));
	cs_expect_held(cs, RULE_DOUBLE_CHARGE);
}

static void test_double_pages(void **state)
{
	uint32_t id;
	struct cs *cs = iommufd(state, &id);

	/* A copy shows the same memory, and is no second charge. */
	change(cs, shows(cs, id, 0x50000, CS_PAGE, 0));
	cs_map(cs, 0x60000, CS_PAGE, 0x800000);
	cs_expect_held(cs, RULE_DOUBLE_CHARGE);
	cs_map(cs, 0x70000, CS_PAGE, 0x700800);
	cs_expect(cs, RULE_DOUBLE_CHARGE);
	cs_unmap(cs, 0x10000, 16 * CS_PAGE);
	cs_unmap(cs, 0x50000, CS_PAGE);
	cs_unmap(cs, 0x70000, CS_PAGE);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	cs_expect_none(cs);
}

static void test_double_moved(void **state)
{
	struct cs *cs = type1(state);
	struct ioas_event ev = cs_area(cs, IOAS_EV_AREA_UPDATE, 0x10000, 16 * CS_PAGE, 0x900000);

	ev.body_area.owner_tgid = 100;
	change(cs, ev);
	cs_map(cs, 0x50000, CS_PAGE, 0x700000);
	cs_expect_none(cs);
	cs_map(cs, 0x60000, CS_PAGE, 0x905000);
	cs_expect(cs, RULE_DOUBLE_CHARGE);
}

/* Without the rule nothing is kept for it. */
static void test_double_off(void **state)
{
	struct rule_policy policy = rules_default_policy();
	struct check_options options = { .policy = &policy };
	struct cs *with, *without;
	size_t live[2];

	(void)state;
	policy.severity[RULE_DOUBLE_CHARGE] = RULE_OFF;
	without = cs_new(&options);
	with = cs_new(NULL);
	for (unsigned int i = 0; i < 2; i++) {
		struct cs *cs = i ? with : without;

		cs_open_type1(cs, IOAS_MODE_V2);
		cs_attach(cs, 7, false);
		for (uint64_t n = 0; n < 8; n++)
			cs_map(cs, 0x10000 + n * CS_PAGE, CS_PAGE, 0x700000 + n * CS_PAGE);
		cs_expect_none(cs);
		live[i] = cs->memory.live;
	}
	/* The process, a chunk of nodes, and a hash table (two pieces) of each. */
	assert_int_equal(live[1] - live[0], 6);
	assert_int_equal(cs_free(with), 0);
	assert_int_equal(cs_free(without), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cs_setup, cs_teardown)
		TEST(test_double_type1), TEST(test_double_containers),
		TEST(test_double_free),	 TEST(test_double_pages),
		TEST(test_double_moved), cmocka_unit_test(test_double_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
