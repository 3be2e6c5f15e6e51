// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of rules. */
#include "core/rules.h"

#include <errno.h>

#include "unit.h"

static void test_table(void **state)
{
	(void)state;
	assert_int_equal(RULE_COUNT, 58);
	assert_null(rule_get(0));
	assert_null(rule_get(RULE_COUNT));
	for (unsigned int i = 1; i < RULE_COUNT; i++) {
		const struct rule *rule = rule_get(i);

		assert_non_null(rule);
		assert_int_equal(rule->id, i);
		assert_true(rule->name[0] && rule->statement[0]);
		assert_true(rule->backends && !(rule->backends & ~RULE_ALL));
		assert_in_range(rule->severity, RULE_INFO, RULE_ERROR);
		assert_int_equal(rule_from_name(rule->name), i);
		assert_int_equal(strspn(rule->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(rule->name));
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(rule_from_name("R-07"), 7);
	assert_int_equal(rule_from_name("r-7"), 7);
	assert_int_equal(rule_from_name("R-57"), 57);
	assert_int_equal(rule_from_name("unmap-size"), RULE_UNMAP_SIZE);
	assert_int_equal(rule_from_name("R-0"), 0);
	assert_int_equal(rule_from_name("R-58"), 0);
	assert_int_equal(rule_from_name("R-"), 0);
	assert_int_equal(rule_from_name("R-1x"), 0);
	assert_int_equal(rule_from_name("R-001"), 0);
	assert_int_equal(rule_from_name("Unmap-Size"), 0);
	assert_int_equal(rule_from_name("unmap"), 0);
	assert_int_equal(rule_from_name(""), 0);
	assert_int_equal(rule_from_name("7"), 0);
}

static void test_severities(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RULE_SEVERITIES; i++)
		assert_int_equal(rule_severity_from_name(rule_severity_name(i)), i);
	assert_string_equal(rule_severity_name(RULE_OFF), "off");
	assert_string_equal(rule_severity_name(RULE_ERROR), "error");
	assert_null(rule_severity_name(RULE_SEVERITIES));
	assert_int_equal(rule_severity_from_name("fatal"), -EINVAL);
	assert_int_equal(rule_severity_from_name(""), -EINVAL);
}

static void test_policy(void **state)
{
	struct rule_policy policy = rules_default_policy();

	(void)state;
	assert_true(policy.strict_uncertain);
	assert_int_equal(policy.severity[RULE_AREA_OVERLAP], RULE_ERROR);
	assert_int_equal(policy.severity[RULE_UNMAP_SHORT], RULE_WARNING);
	assert_int_equal(policy.severity[RULE_QUERY_AFTER_ATTACH], RULE_INFO);
	assert_int_equal(policy.severity[0], RULE_OFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_severities),
		cmocka_unit_test(test_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
