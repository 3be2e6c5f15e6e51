// SPDX-License-Identifier: GPL-2.0-or-later
/* A test case for each rule, and one for whether all could be judged. */
#include "view/report_impl.h"

#include <inttypes.h>

struct cases {
	unsigned int tests;
	unsigned int failures;
	unsigned int skipped;
};

/* XML has no way to write most control characters: a '?' stands for them. */
static void escaped(FILE *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if ((c < 0x20 && c != '\n' && c != '\t') || c > 0x7e)
			fputc('?', out);
		else
			fputc(c, out);
	}
}

static bool fails(const struct report *r, unsigned int n)
{
	return r->kept[n].count && r->policy.severity[n] == RULE_ERROR;
}

static bool skipped(const struct report *r, const struct report_end *end, unsigned int n)
{
	return r->policy.severity[n] == RULE_OFF || (!end->check->judged[n] && !r->kept[n].count);
}

static struct cases count(const struct report *r, const struct report_end *end)
{
	struct cases c = { .tests = 1, .failures = end->ndoubts && !end->tolerated };

	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		if (!rule_get(n))
			continue;
		c.tests++;
		c.failures += fails(r, n);
		c.skipped += skipped(r, end, n);
	}
	return c;
}

static void kept_text(FILE *out, const struct report_kept *k)
{
	for (size_t i = 0; i < k->n; i++)
		escaped(out, k->text[i]);
	if (k->count > k->n)
		fprintf(out, "and %" PRIu64 " more\n", k->count - k->n);
}

static void begin_case(FILE *out, const char *name)
{
	fputs("    <testcase classname=\"ioascope.check\" name=\"", out);
	escaped(out, name);
	fputs("\">\n", out);
}

static void rule_case(struct report *r, const struct report_end *end, unsigned int n)
{
	const struct report_kept *k = &r->kept[n];
	char id[REPORT_ID_LEN], name[96];
	FILE *out = r->opt.out;

	snprintf(name, sizeof(name), "%s %s", report_id(id, n), rule_get(n)->name);
	begin_case(out, name);
	if (fails(r, n)) {
		fputs("      <failure type=\"error\" message=\"", out);
		escaped(out, k->n ? k->line[0] : rule_get(n)->statement);
		fputs("\">", out);
		kept_text(out, k);
		fputs("</failure>\n", out);
	} else if (skipped(r, end, n)) {
		fprintf(out, "      <skipped message=\"%s\"/>\n",
			r->policy.severity[n] == RULE_OFF ? "off" : "not judged");
	} else if (k->count) {
		fprintf(out, "      <system-out>%s\n", rule_severity_name(r->policy.severity[n]));
		kept_text(out, k);
		fputs("</system-out>\n", out);
	}
	fputs("    </testcase>\n", out);
}

/* Without it a report of which nothing is known would look like a good one. */
static void doubt_case(struct report *r, const struct report_end *end)
{
	const char *tag = end->tolerated ? "system-out" : "failure";
	FILE *out = r->opt.out;

	begin_case(out, "certainty");
	if (end->ndoubts) {
		fprintf(out, "      <%s", tag);
		if (!end->tolerated) {
			fputs(" type=\"uncertain\" message=\"", out);
			escaped(out, end->doubts[0]);
			fputc('"', out);
		}
		fputc('>', out);
		for (size_t i = 0; i < end->ndoubts; i++) {
			escaped(out, end->doubts[i]);
			fputc('\n', out);
		}
		fprintf(out, "</%s>\n", tag);
	}
	fputs("    </testcase>\n", out);
}

void report_junit_finish(struct report *r, const struct report_end *end)
{
	struct cases c = count(r, end);
	FILE *out = r->opt.out;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
	fprintf(out,
		"  <testsuite name=\"ioascope check\" tests=\"%u\" failures=\"%u\" errors=\"0\""
		" skipped=\"%u\">\n",
		c.tests, c.failures, c.skipped);
	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		if (rule_get(n))
			rule_case(r, end, n);
	}
	doubt_case(r, end);
	fputs("  </testsuite>\n</testsuites>\n", out);
}
