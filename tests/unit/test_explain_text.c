// SPDX-License-Identifier: GPL-2.0-or-later
/* What reasons and changes of ranges look like, as lines and as JSON. */
#include "core/explain.h"
#include "unit.h"
#include "view/explain.h"

static char *lines(const struct explanation *x)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	explain_lines(out, x);
	fclose(out);
	return text;
}

static char *json(const struct explanation *x)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json j;

	assert_non_null(out);
	json_init(&j, out, false);
	json_object(&j, NULL);
	explain_json(&j, x);
	json_end_object(&j);
	fclose(out);
	return text;
}

static void expect_text(char *text, const char *want)
{
	assert_string_equal(text, want);
	free(text);
}

/* One reason that is certain: its line, without the indent. */
static void expect_why(struct explain_reason r, const char *want)
{
	struct explanation x = { .certain = true, .nreasons = 1, .reasons = { r } };
	char line[256];

	snprintf(line, sizeof(line), "             why: %s\n", want);
	expect_text(lines(&x), line);
}

static struct explain_reason with_area(enum explain_what what)
{
	return (struct explain_reason){ .what = what,
					.has_area = true,
					.area = { .number = 17,
						  .range = { 0x1000, 0x1fff },
						  .owner = { 42, 107 },
						  .time_ns = 5 } };
}

static void test_areas(void **state)
{
	struct explain_reason r = with_area(EXPLAIN_BISECTS);

	(void)state;
	expect_why(with_area(EXPLAIN_OVERLAP), "overlaps area #17 0x1000-0x1fff of pid 42 uid 107");
	expect_why((struct explain_reason){ .what = EXPLAIN_OVERLAP }, "overlaps an area");
	r.bytes = 0x4000;
	expect_why(r, "would cut area #17 0x1000-0x1fff of pid 42 uid 107, after 16K were "
		      "unmapped");
	expect_why(with_area(EXPLAIN_INSIDE),
		   "nothing goes: begins inside area #17 0x1000-0x1fff of pid 42 uid 107");
	r = with_area(EXPLAIN_AREA_IN_WAY);
	r.range = (struct check_range){ 0x1800, 0x18ff };
	r.user = (struct explain_user){ .has_group = true, .group = 12 };
	expect_why(r, "area #17 0x1000-0x1fff of pid 42 uid 107 lies in 0x1800-0x18ff, to be "
		      "reserved for group 12");
}

static void test_ranges(void **state)
{
	struct explain_reason r = { .what = EXPLAIN_RESERVED,
				    .range = { 0xfee00000, 0xfeefffff },
				    .user = { .id = 5, .name = "0000:02:00.0" } };

	(void)state;
	expect_why(r, "reserved: 0xfee00000-0xfeefffff for device 0000:02:00.0");
	r.what = EXPLAIN_APERTURE;
	r.range = (struct check_range){ 0, 0x7fffffffff };
	r.user.domain = true;
	expect_why(r, "outside the aperture 0x0-0x7fffffffff of domain 5 (of device "
		      "0000:02:00.0)");
	r = (struct explain_reason){ .what = EXPLAIN_OUTSIDE,
				     .nvalid = 6,
				     .valid = { { 0, 1 }, { 2, 3 }, { 4, 5 }, { 6, 7 } } };
	expect_why(r, "outside the valid ranges; valid: 0x0-0x1, 0x2-0x3, 0x4-0x5, 0x6-0x7, 2 "
		      "more");
}

static void test_numbers(void **state)
{
	struct explain_reason r = { .what = EXPLAIN_MISALIGNED, .part = "va", .bytes = 4096 };

	(void)state;
	expect_why(r, "va is not a multiple of 4K");
	r = (struct explain_reason){ .what = EXPLAIN_LIMIT };
	expect_why(r, "over RLIMIT_MEMLOCK");
	r.limit = (struct explain_limit){ .counter = IOAS_COUNTER_USER_LOCKED,
					  .exact = true,
					  .used = 63 << 20,
					  .asked = 2 << 20,
					  .limit = 64 << 20,
					  .owner = { 42, 107 } };
	expect_why(r, "over RLIMIT_MEMLOCK: user-locked of uid 107 has 63M of 64M, and 2M more "
		      "were to be charged: 1M short");
	r.limit.exact = false;
	r.limit.counter = IOAS_COUNTER_MM_LOCKED;
	expect_why(r, "over RLIMIT_MEMLOCK: mm-locked of pid 42 has 63M seen here, and 2M were "
		      "asked for");
}

/* Each has words of its own. */
static void test_all_have_words(void **state)
{
	(void)state;
	for (unsigned int what = EXPLAIN_NONE + 1; what < EXPLAIN_WHATS; what++) {
		struct explanation x = { .nreasons = 1, .reasons = { { .what = what } } };
		char *text = lines(&x);

		assert_memory_equal(text, "             maybe: ", 20);
		assert_null(strchr(text, '?'));
		assert_true(strlen(text) > 25);
		free(text);
	}
}

static void test_several(void **state)
{
	struct explanation x = { .nreasons = 2,
				 .reasons = { { .what = EXPLAIN_NO_MEMORY },
					      { .what = EXPLAIN_NOTHING } } };

	(void)state;
	expect_text(lines(&x), "             maybe: the kernel had no memory\n"
			       "             or: nothing is mapped there\n");
	expect_text(json(&x), "{\"why\":{\"certain\":false,\"reasons\":[{\"what\":\"no-memory\"},"
			      "{\"what\":\"nothing\"}]}}");
}

/* So many objects in the array, and these words. */
static void expect_counts(const struct explanation *x, const char *key, size_t objects,
			  const char *words)
{
	char *text = json(x), *at, *stop;
	int depth = 0;

	at = strstr(text, key);
	assert_non_null(at);
	stop = strchr(at, ']');
	assert_true(at && stop);
	for (; at < stop; at++) {
		depth += *at == '{';
		objects -= *at == '{' && depth == 1;
		depth -= *at == '}';
	}
	assert_int_equal(objects, 0);
	assert_non_null(strstr(text, words));
	free(text);
}

static void test_cut_valid(void **state)
{
	struct explanation x = { .nreasons = 1,
				 .reasons = { { .what = EXPLAIN_OUTSIDE, .nvalid = 9 } } };

	(void)state;
	expect_counts(&x, "\"valid\"", 4, "\"valid_count\":9}");
	x.reasons[0].nvalid = 2;
	expect_counts(&x, "\"valid\"", 2, "\"valid_count\":2}");
}

static void test_changes(void **state)
{
	struct check_ranges *before = calloc(1, sizeof(*before) + sizeof(before->at[0]));
	struct check_ranges *after = calloc(1, sizeof(*after) + sizeof(after->at[0]));
	struct explanation x = { .before = before, .after = after, .ncauses = 1 };

	(void)state;
	assert_true(before && after);
	before->count = after->count = 1;
	before->at[0] = (struct check_range){ 0, UINT64_MAX };
	after->at[0] = (struct check_range){ 0, 0xfff };
	x.causes[0] = (struct explain_cause){ .class = IOAS_RANGE_RESERVED,
					      .aperture = true,
					      .range = { 0, 0xfff },
					      .user = { .id = 9, .domain = true } };
	expect_text(lines(&x), "             valid ranges: 0x0-0xffffffffffffffff -> 0x0-0xfff\n"
			       "             because of domain 9: aperture 0x0-0xfff\n");
	expect_text(json(&x),
		    "{\"valid_ranges\":{\"before\":[{\"iova\":0,\"last\":18446744073709551615}],"
		    "\"before_count\":1,\"after\":[{\"iova\":0,\"last\":4095}],\"after_count\":1,"
		    "\"because\":[{\"asked_by\":9,"
		    "\"domain\":true,\"what\":\"aperture\",\"gone\":false,\"range\":{\"iova\":0,"
		    "\"last\":4095}}],\"because_count\":1}}");
	/* Of more than are kept the first ones stand there, and how many there were. */
	x.ncauses = EXPLAIN_CAUSES + 3;
	expect_counts(&x, "because", EXPLAIN_CAUSES, "\"because_count\":11}");
	free(before);
	free(after);
}

/* Range n at 0x1000 * n, without one. */
static struct check_ranges *ranges_without(size_t count, size_t without)
{
	struct check_ranges *set = calloc(1, sizeof(*set) + count * sizeof(set->at[0]));

	assert_non_null(set);
	for (size_t n = 0; n < count; n++) {
		if (n != without)
			set->at[set->count++] = (struct check_range){ n << 12, n << 12 };
	}
	return set;
}

static void expect_shown(size_t count, size_t without, size_t before, size_t after)
{
	struct check_ranges *a = ranges_without(count, count), *b = ranges_without(count, without);
	struct explanation x = { .before = a, .after = b };

	assert_int_equal(explain_shown_from(&x, a), before);
	assert_int_equal(explain_shown_from(&x, b), after);
	free(a);
	free(b);
}

/* Sixteen of them, four before what changed if there are as many, and how many are left. */
static void test_many_ranges(void **state)
{
	struct check_ranges *before = ranges_without(8000, 8000), *after = ranges_without(8000, 10);
	struct explanation x = { .before = before, .after = after };
	char *text = lines(&x);

	(void)state;
	assert_memory_equal(text, "             valid ranges: 0x6000-0x6000, 0x7000-0x7000, ", 55);
	assert_non_null(strstr(text, ", 0x15000-0x15000, 7984 more -> 0x6000-0x6000, "));
	assert_non_null(strstr(text, ", 0x16000-0x16000, 7983 more\n"));
	free(text);
	expect_counts(&x, "\"before\"", 16, "],\"before_count\":8000,");
	expect_counts(&x, "\"after\"", 16, "],\"after_count\":7999,");
	free(before);
	free(after);
	expect_shown(16, 9, 0, 0);
	expect_shown(17, 9, 1, 0);
	expect_shown(40, 2, 0, 0);
	expect_shown(40, 30, 24, 23);
	expect_shown(40, 40, 24, 24);
	expect_shown(40, 20, 16, 16);
}

static void test_unkept(void **state)
{
	struct explanation x = { .unkept = true };

	(void)state;
	expect_text(lines(&x),
		    "             valid ranges: not known; there were too many to keep\n");
	expect_text(json(&x), "{\"valid_ranges\":{\"before\":null,\"before_count\":null,"
			      "\"after\":null,\"after_count\":null,\"because\":[],"
			      "\"because_count\":0}}");
}

static void test_class(void **state)
{
	struct explanation x = { .has_class = true, .class = CHECK_UNMAP_SUPERSET, .areas = 3 };
	char buf[24];

	(void)state;
	assert_string_equal(explain_class(buf, sizeof(buf), &x), "3 areas");
	x.class = CHECK_UNMAP_ALL;
	x.areas = 1;
	assert_string_equal(explain_class(buf, sizeof(buf), &x), "1 area");
	x.class = CHECK_UNMAP_EMPTY;
	assert_string_equal(explain_class(buf, sizeof(buf), &x), "nothing");
	expect_text(json(&x), "{\"unmap\":\"nothing\"}");
	x.has_class = false;
	assert_null(explain_class(buf, sizeof(buf), &x));
	assert_null(explain_class(buf, sizeof(buf), NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_areas),	cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_all_have_words),
		cmocka_unit_test(test_several), cmocka_unit_test(test_changes),
		cmocka_unit_test(test_class),	cmocka_unit_test(test_many_ranges),
		cmocka_unit_test(test_unkept),	cmocka_unit_test(test_cut_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
