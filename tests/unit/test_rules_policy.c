// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <errno.h>

#include "core/rules.h"

/* Reads `text` as the file "p.conf". */
static int read_bytes(const char *text, size_t size, struct rule_policy *out, char why[256])
{
	FILE *in = fmemopen((void *)text, size, "r");
	int ret;

	assert_non_null(in);
	why[0] = '\0';
	ret = rules_read_policy(in, "p.conf", out, why, 256);
	fclose(in);
	return ret;
}

static struct rule_policy good(const char *text)
{
	struct rule_policy policy;
	char why[256];
	int ret = read_bytes(text, strlen(text), &policy, why);

	assert_string_equal(why, "");
	assert_int_equal(ret, 0);
	return policy;
}

static void bad_bytes(const char *text, size_t size, const char *want)
{
	struct rule_policy policy, before;
	char why[256];

	memset(&policy, 0xa5, sizeof(policy));
	before = policy;
	assert_int_equal(read_bytes(text, size, &policy, why), -EINVAL);
	assert_string_equal(why, want);
	assert_memory_equal(&policy, &before, sizeof(policy));
}

static void bad(const char *text, const char *want)
{
	bad_bytes(text, strlen(text), want);
}

static void test_nothing_named_keeps_the_table(void **state)
{
	struct rule_policy table = rules_default_policy(), policy = good("# nothing\n");

	(void)state;
	assert_memory_equal(policy.severity, table.severity, sizeof(table.severity));
	assert_true(policy.strict_uncertain);
	assert_int_equal(policy.severity[RULE_AREA_OVERLAP], RULE_ERROR);
	assert_int_equal(policy.severity[RULE_UNMAP_SHORT], RULE_WARNING);
	assert_int_equal(policy.severity[RULE_DOUBLE_CHARGE], RULE_INFO);
}

static void test_rules_by_number_and_name(void **state)
{
	struct rule_policy policy = good("[rules]\n"
					 "R-01 = off\n"
					 "r-2 = info ; a remark\n"
					 "  area-alignment=warning\n"
					 "\tunmap-short : error\r\n");

	(void)state;
	assert_int_equal(policy.severity[1], RULE_OFF);
	assert_int_equal(policy.severity[2], RULE_INFO);
	assert_int_equal(policy.severity[3], RULE_WARNING);
	assert_int_equal(policy.severity[20], RULE_ERROR);
	assert_int_equal(policy.severity[4], RULE_ERROR);
	assert_int_equal(policy.severity[54], RULE_INFO);
}

/* Wherever it stands, it is for the rules that are not named. */
static void test_default_is_for_the_others(void **state)
{
	static const char *const texts[] = {
		"[rules]\ndefault = off\nR-07 = error\n",
		"[rules]\nallowed-disjoint = error\ndefault = off",
	};

	(void)state;
	for (size_t t = 0; t < UNIT_COUNT(texts); t++) {
		struct rule_policy policy = good(texts[t]);

		for (unsigned int i = 1; i < RULE_COUNT; i++)
			assert_int_equal(policy.severity[i], i == 7 ? RULE_ERROR : RULE_OFF);
	}
}

static void test_uncertain(void **state)
{
	(void)state;
	assert_false(good("[check]\nuncertain = allow\n").strict_uncertain);
	assert_true(good("[check]\nuncertain = fail\n").strict_uncertain);
	assert_true(good("[check]\n[rules]\n[check] # again\n").strict_uncertain);
}

static void test_rule_errors(void **state)
{
	(void)state;
	bad("[rules]\n\nR-58 = off\n", "p.conf:3: unknown rule 'R-58'");
	bad("[rules]\nR-0 = off\n", "p.conf:2: unknown rule 'R-0'");
	bad("[rules]\nR-7x = off\n", "p.conf:2: unknown rule 'R-7x'");
	bad("[rules]\nR-4294967303 = off\n", "p.conf:2: unknown rule 'R-4294967303'");
	bad("[rules]\narea-overlapp = off\n", "p.conf:2: unknown rule 'area-overlapp'");
	bad("[rules]\n= off\n", "p.conf:2: unknown rule ''");
	bad("[rules]\nR-07 = fatal\n",
	    "p.conf:2: R-07: unknown severity 'fatal'; there are off, info, warning, error");
	bad("[rules]\nR-07 =\n",
	    "p.conf:2: R-07: unknown severity ''; there are off, info, warning, error");
	bad("[rules]\ndefault = Error\n",
	    "p.conf:2: default: unknown severity 'Error'; there are off, info, warning, error");
	bad("[rules]\nR-07 = off\nallowed-disjoint = off\n",
	    "p.conf:3: allowed-disjoint is set twice");
	bad("[rules]\ndefault = off\n[check]\n[rules]\ndefault = off\n",
	    "p.conf:5: default is set twice");
}

static void test_check_errors(void **state)
{
	(void)state;
	bad("[check]\nuncertain = maybe\n",
	    "p.conf:2: uncertain: unknown value 'maybe'; there are fail and allow");
	bad("[check]\ncertain = fail\n",
	    "p.conf:2: unknown key 'certain' in [check]; there is uncertain");
	bad("[check]\nuncertain = fail\nuncertain = fail\n", "p.conf:3: uncertain is set twice");
}

static void test_lines_that_are_none(void **state)
{
	(void)state;
	bad("R-07 = off\n", "p.conf:1: 'R-07' is in no section; there are [rules] and [check]");
	bad("[rules]\n[ruels]\n",
	    "p.conf:2: unknown section [ruels]; there are [rules] and [check]");
	bad("[rules] R-07 = off\n", "p.conf:1: something stands behind [rules]");
	bad("[rules\nR-07 = off\n", "p.conf:1: neither [SECTION] nor NAME = VALUE");
	bad("[rules]\n# fine\nR-07 off\n", "p.conf:3: neither [SECTION] nor NAME = VALUE");
	/* The first wrong line is the one that is told. */
	bad("[rules]\nR-07 off\nR-99 = off\n", "p.conf:2: neither [SECTION] nor NAME = VALUE");
	bad("[rules]\nR-99 = off\nR-07 off\n", "p.conf:2: unknown rule 'R-99'");
	/* Set in: a line of its own, not more of the one above. */
	bad("[rules]\nR-07 = off\n  error\n", "p.conf:3: neither [SECTION] nor NAME = VALUE");
}

static void test_lines_that_are_cut(void **state)
{
	static const char zero[] = "[rules]\nR-07 = off\0\nR-99 = off\n";
	char text[512];
	int at;

	(void)state;
	/* 198 characters and the line's end are read in one piece. */
	at = snprintf(text, sizeof(text), "[rules]\n#%0197d\n[check]\n", 0);
	assert_int_equal(at, 8 + 198 + 1 + 8);
	good(text);
	snprintf(text, sizeof(text), "[rules]\n#%0198d\n[check]\n", 0);
	bad(text, "p.conf:2: a line has 198 characters at most, and no NUL");
	bad_bytes(zero, sizeof(zero) - 1,
		  "p.conf:2: a line has 198 characters at most, and no NUL");
}

static void test_read_error(void **state)
{
	struct rule_policy policy, before;
	FILE *in = fopen("/", "r"); /* opens, and cannot be read: EISDIR */
	char why[64] = "";

	(void)state;
	assert_non_null(in);
	memset(&policy, 0xa5, sizeof(policy));
	before = policy;
	assert_int_equal(rules_read_policy(in, "/", &policy, why, sizeof(why)), -EIO);
	assert_string_equal(why, "/:0: cannot be read on");
	assert_memory_equal(&policy, &before, sizeof(policy));
	fclose(in);
}

static void test_short_room_for_why(void **state)
{
	static const char text[] = "[rules]\nR-99 = off\n";
	struct rule_policy policy;
	char why[12];

	(void)state;
	for (size_t size = 1; size <= sizeof(why); size++) {
		FILE *in = fmemopen((void *)text, sizeof(text) - 1, "r");

		memset(why, 'x', sizeof(why));
		assert_int_equal(rules_read_policy(in, "p.conf", &policy, why, size), -EINVAL);
		assert_int_equal(strlen(why), size - 1);
		assert_memory_equal(why, "p.conf:2: u", size - 1);
		fclose(in);
	}
}

static struct rule_policy shipped(const char *path)
{
	struct rule_policy policy;
	char why[256] = "";
	FILE *in = fopen(path, "r");
	int ret;

	if (!in)
		fail_msg("%s: run this at the top of the tree", path);
	ret = rules_read_policy(in, path, &policy, why, sizeof(why));
	fclose(in);
	assert_string_equal(why, "");
	assert_int_equal(ret, 0);
	return policy;
}

static void test_ci_strict(void **state)
{
	struct rule_policy policy = shipped("policies/ci-strict.conf");

	(void)state;
	for (unsigned int i = 1; i < RULE_COUNT; i++)
		assert_int_equal(policy.severity[i], RULE_ERROR);
	assert_true(policy.strict_uncertain);
}

static void test_observe(void **state)
{
	struct rule_policy policy = shipped("policies/observe.conf");
	struct rule_policy table = rules_default_policy();

	(void)state;
	for (unsigned int i = 1; i < RULE_COUNT; i++)
		assert_int_equal(policy.severity[i],
				 table.severity[i] == RULE_INFO ? RULE_INFO : RULE_WARNING);
	assert_false(policy.strict_uncertain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_named_keeps_the_table),
		cmocka_unit_test(test_rules_by_number_and_name),
		cmocka_unit_test(test_default_is_for_the_others),
		cmocka_unit_test(test_uncertain),
		cmocka_unit_test(test_rule_errors),
		cmocka_unit_test(test_check_errors),
		cmocka_unit_test(test_lines_that_are_none),
		cmocka_unit_test(test_lines_that_are_cut),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_short_room_for_why),
		cmocka_unit_test(test_ci_strict),
		cmocka_unit_test(test_observe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
