// SPDX-License-Identifier: GPL-2.0-or-later
/* TAP 13: a line for each rule, and one for whether all could be judged. */
#include "view/report_impl.h"

#include <inttypes.h>

/* A YAML string in double quotes, on one line. */
static void quoted(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			fputc('?', out);
		else
			fputc(c, out);
	}
	fputs("\"\n", out);
}

static void diagnostics(struct report *r, unsigned int n)
{
	const struct report_kept *k = &r->kept[n];
	FILE *out = r->opt.out;

	fputs("  ---\n  message: ", out);
	quoted(out, k->n ? k->line[0] : rule_get(n)->statement);
	fprintf(out, "  severity: %s\n  rule: ", rule_severity_name(r->policy.severity[n]));
	quoted(out, rule_get(n)->statement);
	fprintf(out, "  violations: %" PRIu64 "\n", k->count);
	if (k->n)
		fputs("  found:\n", out);
	for (size_t i = 0; i < k->n; i++) {
		fputs("    - ", out);
		quoted(out, k->line[i]);
	}
	fputs("  ...\n", out);
}

static void rule_line(struct report *r, const struct report_end *end, unsigned int n,
		      unsigned int at)
{
	const struct report_kept *k = &r->kept[n];
	bool off = r->policy.severity[n] == RULE_OFF;
	bool judged = end->check->judged[n] || k->count;
	bool failed = k->count && r->policy.severity[n] == RULE_ERROR;
	char id[REPORT_ID_LEN];

	fprintf(r->opt.out, "%s %u - %s %s%s\n", failed ? "not ok" : "ok", at, report_id(id, n),
		rule_get(n)->name,
		off	 ? " # SKIP off"
		: judged ? ""
			 : " # SKIP not judged");
	if (k->count && !off)
		diagnostics(r, n);
}

static void doubt_line(struct report *r, const struct report_end *end, unsigned int at)
{
	FILE *out = r->opt.out;

	fprintf(out, "%s %u - certainty\n", end->ndoubts && !end->tolerated ? "not ok" : "ok", at);
	if (!end->ndoubts)
		return;
	fputs("  ---\n  message: ", out);
	quoted(out, end->doubts[0]);
	fputs("  doubts:\n", out);
	for (size_t i = 0; i < end->ndoubts; i++) {
		fputs("    - ", out);
		quoted(out, end->doubts[i]);
	}
	fputs("  ...\n", out);
}

void report_tap_finish(struct report *r, const struct report_end *end)
{
	struct report_tally t = report_tally(r, end->check);
	unsigned int at = 0;

	fprintf(r->opt.out, "TAP version 13\n1..%u\n", t.rules + 1);
	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		if (rule_get(n))
			rule_line(r, end, n, ++at);
	}
	doubt_line(r, end, ++at);
}
