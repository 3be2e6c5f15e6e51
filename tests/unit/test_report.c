// SPDX-License-Identifier: GPL-2.0-or-later
/* What a check found, in each format: what stands there, and that nothing breaks the form. */
#include "unit.h"

#include <errno.h>

#include "view/report_impl.h"

#define SIZE 0x2000ULL
#define AT(n) (0x10000ULL * (n))

static struct mirror *mirror;
static struct check_stats stats;
static struct trace_summary counts;

static int setup(void **state)
{
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);

	(void)state;
	memset(&stats, 0, sizeof(stats));
	memset(&counts, 0, sizeof(counts));
	mirror = mirror_new(NULL);
	assert_non_null(mirror);
	assert_int_equal(mirror_apply(mirror, &ev), 0);
	ev = unit_event(IOAS_EV_IOAS_NEW);
	ev.body_obj.mode = IOAS_MODE_V2;
	assert_int_equal(mirror_apply(mirror, &ev), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mirror_free(mirror);
	return 0;
}

static void add_area(uint64_t iova, uint32_t number)
{
	struct ioas_event ev = unit_event(IOAS_EV_AREA_ADD);

	ev.body_area.iova = iova;
	ev.body_area.last = iova + SIZE - 1;
	ev.body_area.pages = 2;
	ev.body_area.area = number;
	ev.body_area.prot = IOAS_PROT_READ;
	assert_int_equal(mirror_apply(mirror, &ev), 0);
}

static struct check_violation violation(enum rule_id rule, const struct ioas_event *event)
{
	return (struct check_violation){
		.rule = rule,
		.severity = rule_get(rule)->severity,
		.number = 1,
		.time_ns = 5000000000ULL,
		.event = event,
		.ctx = 1,
		.ioas = 2,
		.backend = IOAS_BACKEND_TYPE1,
		.text = "found this",
		.mirror = mirror,
	};
}

static struct check_violation about(enum rule_id rule, uint64_t iova, uint64_t last)
{
	struct check_violation v = violation(rule, NULL);

	v.has_range = true;
	v.iova = iova;
	v.last = last;
	return v;
}

/* ---- a report into memory ---- */

struct paper {
	FILE *out;
	char *text;
	size_t size;
	struct report *report;
	struct rule_policy policy;
	uint64_t max; /* told of one rule */
};

static void begin(struct paper *p, enum report_format format, bool quiet)
{
	struct report_options options = {
		.format = format, .quiet = quiet, .max = p->max, .version = "9.9"
	};

	p->out = open_memstream(&p->text, &p->size);
	assert_non_null(p->out);
	options.out = p->out;
	assert_int_equal(report_new(&options, &p->report), 0);
	report_begin(p->report, &p->policy, 3000000000ULL);
}

/* The stream keeps the address of *p. */
static void paper(struct paper *p, enum report_format format)
{
	p->policy = rules_default_policy();
	p->max = 0;
	begin(p, format, false);
}

static void finish(struct paper *p, const char *doubt, bool tolerated)
{
	struct report_end end = {
		.check = &stats,
		.trace = &counts,
		.contexts = 1,
		.doubts = &doubt,
		.ndoubts = doubt != NULL,
		.tolerated = tolerated,
	};

	report_finish(p->report, &end);
	report_free(p->report);
	assert_int_equal(fclose(p->out), 0);
}

static void count(const struct check_violation *v)
{
	stats.violations[v->rule]++;
	stats.by_severity[v->severity]++;
	stats.judged[v->rule]++;
}

static void assert_says(const struct paper *p, const char *what)
{
	if (strstr(p->text, what))
		return;
	print_error("not there: %s\nin: %s\n", what, p->text);
	fail();
}

static void assert_silent(const struct paper *p, const char *what)
{
	if (!strstr(p->text, what))
		return;
	print_error("there: %s\nin: %s\n", what, p->text);
	fail();
}

/* One violation and its end, in a format. The text is to be freed by the caller. */
static void told(struct paper *p, enum report_format format, const struct check_violation *v)
{
	paper(p, format);
	count(v);
	report_violation(v, p->report);
	finish(p, NULL, false);
}

/* ---- the state around ---- */

static void test_around_in_the_middle(void **state)
{
	struct check_violation v = about(RULE_AREA_OVERLAP, AT(5), AT(5) + 1);
	struct report_around a;

	(void)state;
	for (unsigned int n = 1; n <= 9; n++)
		add_area(AT(n), n);
	report_around(&v, &a);
	assert_int_equal(a.nareas, 5);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(a.areas[i]->number, 3 + i);
	assert_int_equal(a.more, 0);
	assert_true(report_overlaps(&v, AT(5), AT(5) + SIZE - 1));
	assert_false(report_overlaps(&v, AT(4), AT(4) + SIZE - 1));
	/* Both ends belong to a range. */
	assert_true(report_overlaps(&v, AT(4), AT(5)));
	assert_true(report_overlaps(&v, AT(5) + 1, AT(6)));
	assert_false(report_overlaps(&v, AT(5) + 2, AT(6)));
}

static void test_around_at_the_ends(void **state)
{
	struct check_violation v = about(RULE_AREA_OVERLAP, 0, 0xfff);
	struct report_around a;

	(void)state;
	report_around(&v, &a);
	assert_non_null(a.ioas);
	assert_int_equal(a.nareas, 0);
	for (unsigned int n = 1; n <= 3; n++)
		add_area(AT(n), n);
	report_around(&v, &a); /* before all */
	assert_int_equal(a.nareas, 2);
	assert_int_equal(a.areas[0]->number, 1);
	assert_int_equal(a.areas[1]->number, 2);
	v = about(RULE_AREA_OVERLAP, UINT64_MAX - 0xfff, UINT64_MAX); /* behind all */
	report_around(&v, &a);
	assert_int_equal(a.nareas, 2);
	assert_int_equal(a.areas[0]->number, 2);
	assert_int_equal(a.areas[1]->number, 3);
}

static void test_around_of_everything(void **state)
{
	struct check_violation v = about(RULE_UNMAP_ALL, 0, UINT64_MAX);
	struct report_around a;

	(void)state;
	for (unsigned int n = 1; n <= 20; n++)
		add_area(AT(n), n);
	report_around(&v, &a);
	assert_int_equal(a.nareas, AROUND_OVERLAP);
	assert_int_equal(a.areas[0]->number, 1);
	assert_int_equal(a.more, 20 - AROUND_OVERLAP);
}

static void test_around_nothing(void **state)
{
	struct check_violation v = violation(RULE_IOAS_END, NULL);
	struct report_around a;

	(void)state;
	add_area(AT(1), 1);
	report_around(&v, &a); /* no range: no areas */
	assert_non_null(a.ioas);
	assert_int_equal(a.nareas, 0);
	v.ioas = 77; /* gone */
	report_around(&v, &a);
	assert_null(a.ioas);
	v.ioas = 0;
	report_around(&v, &a);
	assert_null(a.ioas);
}

static void test_who(void **state)
{
	struct ioas_event first = unit_event(IOAS_EV_OP), last = unit_event(IOAS_EV_OP);
	struct check_violation v = violation(RULE_IOAS_END, &last);

	(void)state;
	assert_ptr_equal(report_who(&v), &last);
	v.event = NULL;
	assert_null(report_who(&v));
	v.history[0] = &last;
	v.history[1] = &first;
	v.nhistory = 2;
	assert_ptr_equal(report_who(&v), &first);
}

/* ---- text ---- */

static void test_text(void **state)
{
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_GONE);
	struct check_violation v = about(RULE_AREA_OVERLAP, AT(2), AT(2) + 0xfff);
	struct paper p;

	(void)state;
	add_area(AT(1), 1);
	add_area(AT(2), 2);
	v.event = &ev;
	v.history[0] = &ev;
	v.nhistory = 1;
	told(&p, REPORT_TEXT, &v);
	assert_says(&p, "R-01 area-overlap (error): found this\n");
	assert_says(&p, "  when   2.000000 s (5000000000 ns)\n");
	assert_says(&p, "  where  type1 context 1, IOAS 2, 0x20000-0x20fff\n");
	assert_says(&p, "  who    unit, pid 100, tid 101, uid 1000\n");
	assert_says(&p, "  users  none\n");
	assert_says(&p, "areas there (of 2; * overlaps)\n");
	assert_says(&p, "      0x10000-0x11fff 8K r, area 1, 2 pages pinned\n");
	assert_says(&p, "    * 0x20000-0x21fff 8K r, area 2, 2 pages pinned\n");
	assert_says(&p, " +ioas-gone ");
	assert_says(&p, "violations: 1 (1 error, 0 warning, 0 info)\n");
	assert_says(&p, "  R-01 area-overlap       error    1\n");
	assert_says(&p, "rules: 57, 1 judged at least once (1 times in all)\n");
	assert_says(&p, "result: violation\n");
	free(p.text);
}

static void test_text_quiet(void **state)
{
	struct check_violation v = violation(RULE_UNMAP_SHORT, NULL);
	struct paper p = { .policy = rules_default_policy() };

	(void)state;
	begin(&p, REPORT_TEXT, true);
	count(&v);
	report_violation(&v, p.report);
	finish(&p, "something was lost", true);
	assert_silent(&p, "found this");
	assert_says(&p, "uncertain: something was lost\n");
	assert_says(&p, "result: clean as far as it could be judged\n");
	free(p.text);
}

/* How often the text holds `what`. */
static size_t times(const struct paper *p, const char *what)
{
	size_t n = 0;

	for (const char *at = p->text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

/* Of each rule so many are told, and all are counted. */
static void limited(enum report_format format, uint64_t max, size_t want, const char *each)
{
	struct paper p = { .policy = rules_default_policy(), .max = max };
	struct check_violation a = violation(RULE_UNMAP_SHORT, NULL);
	struct check_violation b = violation(RULE_AREA_OVERLAP, NULL);

	memset(&stats, 0, sizeof(stats));
	begin(&p, format, false);
	for (int i = 0; i < 5; i++) {
		count(&a);
		report_violation(&a, p.report);
	}
	count(&b);
	report_violation(&b, p.report);
	finish(&p, NULL, false);
	assert_int_equal(times(&p, each), want);
	if (format == REPORT_TEXT) {
		assert_int_equal(times(&p, "R-20: more of these are only counted"), max ? 1 : 0);
		assert_says(&p, "  R-20 unmap-short        warning  5\n");
	}
	free(p.text);
}

static void test_max(void **state)
{
	(void)state;
	limited(REPORT_TEXT, 2, 2 + 1, "  when   ");
	limited(REPORT_TEXT, 0, 5 + 1, "  when   ");
	limited(REPORT_JSON, 3, 3 + 1, "\"kind\":\"violation\"");
	limited(REPORT_SARIF, 1, 1 + 1, "\"ruleId\"");
}

static void test_text_contexts(void **state)
{
	struct paper p;

	(void)state;
	paper(&p, REPORT_TEXT);
	stats.adopted_contexts = 2;
	stats.uncertain_contexts = 1;
	stats.uncertain_since = 3500000000ULL;
	stats.unmaps[CHECK_UNMAP_SUBSET] = 4;
	counts.recorded = true;
	finish(&p, NULL, false);
	assert_says(&p, "  2 were older and were checked in part\n");
	assert_says(&p, "  1 became uncertain, the first at 0.500000 s\n");
	assert_says(&p, "unmaps: subset 4\n");
	assert_says(&p, "lost: not known, the recording has no end\n");
	free(p.text);
}

/* ---- the others ---- */

static void test_json(void **state)
{
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_GONE);
	struct check_violation v = about(RULE_AREA_OVERLAP, AT(2), UINT64_MAX);
	struct paper p;

	(void)state;
	add_area(AT(1), 1);
	add_area(AT(2), 2);
	strcpy(ev.comm, "a\"\\\x01\xff");
	v.event = &ev;
	told(&p, REPORT_JSON, &v);
	assert_says(&p, "{\"schema\":1,\"kind\":\"violation\",\"number\":1,\"rule\":\"R-01\","
			"\"name\":\"area-overlap\",\"severity\":\"error\","
			"\"time_ns\":5000000000,\"relative_ns\":2000000000,");
	assert_says(&p, "\"iova\":131072,\"last\":18446744073709551615,");
	assert_says(&p, "\"comm\":\"a\\\"\\\\\\u0001\\u00ff\"");
	assert_says(&p, "\"event\":{\"kind\":\"ioas-gone\",");
	assert_says(&p, "\"area\":1,\"iova\":65536,\"last\":73727,\"overlaps\":false,");
	assert_says(&p, "\"area\":2,\"iova\":131072,\"last\":139263,\"overlaps\":true,");
	assert_says(&p,
		    "\n{\"schema\":1,\"kind\":\"summary\",\"result\":\"violation\",\"doubts\":[],"
		    "\"violations\":{\"info\":0,\"warning\":0,\"error\":1},"
		    "\"by_rule\":{\"R-01\":1},\"rules\":57,\"rules_judged\":1,");
	free(p.text);
	v.event = NULL; /* the end of the events */
	v.ioas = 0;
	told(&p, REPORT_JSON, &v);
	assert_says(&p, "\"ioas\":null,");
	assert_says(&p, "\"event\":null,\"history\":[]}\n");
	assert_silent(&p, "\"pid\"");
	free(p.text);
}

/* What somebody else chose (a name) must not end an element or an attribute. */
static void test_junit_escapes(void **state)
{
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_GONE);
	struct check_violation v = violation(RULE_IOAS_END, &ev);
	struct paper p;

	(void)state;
	strcpy(ev.comm, "</failure>");
	v.text = "a<b & \"c\" > d\x01\xc3";
	told(&p, REPORT_JUNIT, &v);
	assert_says(&p, "a&lt;b &amp; &quot;c&quot; &gt; d??");
	assert_says(&p, "&lt;/failure&gt;");
	assert_silent(&p, "a<b");
	assert_silent(&p, "who    </failure>");
	assert_says(&p, "tests=\"58\" failures=\"1\" errors=\"0\" skipped=\"56\"");
	free(p.text);
}

static void test_junit_many(void **state)
{
	struct check_violation v = violation(RULE_IOAS_END, NULL);
	struct paper p;
	const char *at;
	size_t n = 0;

	(void)state;
	paper(&p, REPORT_JUNIT);
	for (int i = 0; i < REPORT_KEPT + 5; i++) {
		count(&v);
		report_violation(&v, p.report);
	}
	finish(&p, NULL, false);
	for (at = p.text; (at = strstr(at, "(error): found this")); at++)
		n++;
	assert_int_equal(n, REPORT_KEPT);
	assert_says(&p, "and 5 more\n");
	assert_says(&p, "failures=\"1\"");
	free(p.text);
}

static void test_junit_severities(void **state)
{
	struct check_violation v = violation(RULE_UNMAP_SHORT, NULL);
	struct paper p = { .policy = rules_default_policy() };

	(void)state;
	p.policy.severity[RULE_AREA_OVERLAP] = RULE_OFF;
	begin(&p, REPORT_JUNIT, false);
	count(&v);
	report_violation(&v, p.report);
	finish(&p, "lost <it>", false);
	assert_says(&p, "<system-out>warning\n");
	assert_says(&p, "<skipped message=\"off\"/>");
	assert_says(&p, "<failure type=\"uncertain\" message=\"lost &lt;it&gt;\">");
	assert_says(&p, "failures=\"1\"");
	free(p.text);
}

static void test_tap(void **state)
{
	struct check_violation v = violation(RULE_IOAS_END, NULL);
	struct paper p;

	(void)state;
	v.text = "a \"b\" \\ c\nok 99";
	told(&p, REPORT_TAP, &v);
	assert_int_equal(strncmp(p.text, "TAP version 13\n1..58\n", 21), 0);
	assert_says(&p, "\nok 1 - R-01 area-overlap # SKIP not judged\n");
	assert_says(&p, "\nnot ok 52 - R-52 ioas-end\n  ---\n");
	assert_says(&p, "a \\\"b\\\" \\\\ c?ok 99\"\n");
	assert_silent(&p, "\nok 99");
	assert_says(&p, "  violations: 1\n");
	assert_says(&p, "\nok 58 - certainty\n");
	free(p.text);
}

static void test_tap_uncertain(void **state)
{
	struct paper p;

	(void)state;
	paper(&p, REPORT_TAP);
	finish(&p, "lost", false);
	assert_says(&p, "\nnot ok 58 - certainty\n  ---\n  message: \"lost\"\n");
	free(p.text);
	paper(&p, REPORT_TAP);
	finish(&p, "lost", true);
	assert_says(&p, "\nok 58 - certainty\n  ---\n  message: \"lost\"\n");
	free(p.text);
}

static void test_sarif(void **state)
{
	struct check_violation v = about(RULE_QUERY_AFTER_ATTACH, AT(1), AT(2));
	struct paper p;

	(void)state;
	told(&p, REPORT_SARIF, &v);
	assert_says(&p,
		    "\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"ioascope\","
		    "\"version\":\"9.9\",\"rules\":[{\"id\":\"R-01\",");
	assert_says(&p, "{\"ruleId\":\"R-26\",\"ruleIndex\":25,\"level\":\"note\","
			"\"message\":{\"text\":\"found this\"},");
	assert_says(&p, "\"fullyQualifiedName\":\"type1/context-1/ioas-2\"");
	assert_says(&p, "\"iova\":65536,\"last\":131072");
	assert_says(&p, "\"executionSuccessful\":true");
	assert_int_equal(p.text[p.size - 1], '\n');
	free(p.text);
	v.ctx = 0; /* nowhere in particular */
	v.ioas = 0;
	told(&p, REPORT_SARIF, &v);
	assert_silent(&p, "\"locations\"");
	free(p.text);
}

static void test_result(void **state)
{
	const char *doubt = "lost";
	struct report_end end = { .check = &stats, .trace = &counts, .doubts = &doubt };

	(void)state;
	assert_string_equal(report_result(&end), "clean");
	stats.by_severity[RULE_WARNING] = 3;
	assert_string_equal(report_result(&end), "clean");
	end.ndoubts = 1;
	assert_string_equal(report_result(&end), "uncertain");
	end.tolerated = true;
	assert_string_equal(report_result(&end), "clean");
	end.tolerated = false;
	stats.by_severity[RULE_ERROR] = 1;
	assert_string_equal(report_result(&end), "violation");
}

static void test_names(void **state)
{
	char id[REPORT_ID_LEN], backends[REPORT_BACKENDS_LEN];

	(void)state;
	for (int f = 0; f < REPORT_FORMATS; f++)
		assert_int_equal(report_format_from_name(report_format_name(f)), f);
	assert_null(report_format_name(REPORT_FORMATS));
	assert_int_equal(report_format_from_name("html"), -EINVAL);
	assert_string_equal(report_id(id, 7), "R-07");
	assert_string_equal(report_backends(backends, RULE_ALL), "type1,iommufd,compat,bundled");
	assert_string_equal(report_backends(backends, RULE_FD), "iommufd,compat");
	assert_string_equal(report_backends(backends, 0), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_around_in_the_middle),
		TEST(test_around_at_the_ends),
		TEST(test_around_of_everything),
		TEST(test_around_nothing),
		TEST(test_who),
		TEST(test_text),
		TEST(test_text_quiet),
		TEST(test_max),
		TEST(test_text_contexts),
		TEST(test_json),
		TEST(test_junit_escapes),
		TEST(test_junit_many),
		TEST(test_junit_severities),
		TEST(test_tap),
		TEST(test_tap_uncertain),
		TEST(test_sarif),
		TEST(test_result),
		TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
