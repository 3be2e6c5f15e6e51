// SPDX-License-Identifier: GPL-2.0-or-later
/* The checker's engine: what is judged and what is not, and what it shows. */
#include "check.h"

static void test_clean_type1(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_map(cs, 0, 4 * CS_PAGE, 0x700000);
	cs_unmap(cs, 0, 4 * CS_PAGE);
	cs_detach(cs, 7, false);
	cs_close(cs);
	cs_expect_held(cs, RULE_STREAM_KNOWN);
	assert_null(mirror_ctx_first(check_mirror(cs->c)));
}

static void test_clean_iommufd(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_map(cs, 0x10000, 4 * CS_PAGE, 0x700000);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	cs_map(cs, 0x20000, 4 * CS_PAGE, 0x800000);
	cs_unmap(cs, 0x10000, 4 * CS_PAGE);
	cs_detach_domain(cs, 30, 31);
	cs_attach_access(cs, 40, 1, true);
	cs_pin(cs, 40, 0x20000, CS_PAGE);
	cs_unpin(cs, 40, 0x20000, CS_PAGE);
	cs_detach_access(cs, 40);
	cs_unmap_all(cs);
	cs_close(cs);
	cs_expect_held(cs, RULE_STREAM_KNOWN);
	assert_null(mirror_ctx_first(check_mirror(cs->c)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_clean_type1, cs_setup, cs_teardown),
		cmocka_unit_test_setup_teardown(test_clean_iommufd, cs_setup, cs_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
