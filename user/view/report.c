// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/report_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"

static const char *const format_names[REPORT_FORMATS] = {
	[REPORT_TEXT] = "text", [REPORT_JSON] = "json",	  [REPORT_JUNIT] = "junit",
	[REPORT_TAP] = "tap",	[REPORT_SARIF] = "sarif",
};

const char *report_format_name(unsigned int format)
{
	return format < REPORT_FORMATS ? format_names[format] : NULL;
}

int report_format_from_name(const char *name)
{
	for (int i = 0; i < REPORT_FORMATS; i++) {
		if (!strcmp(format_names[i], name))
			return i;
	}
	return -EINVAL;
}

int report_new(const struct report_options *options, struct report **out)
{
	struct report *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->opt = *options;
	r->policy = rules_default_policy();
	*out = r;
	return 0;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (unsigned int rule = 0; rule < RULE_COUNT; rule++) {
		for (size_t i = 0; i < r->kept[rule].n; i++) {
			free(r->kept[rule].line[i]);
			free(r->kept[rule].text[i]);
		}
	}
	free(r);
}

void report_begin(struct report *r, const struct rule_policy *policy, uint64_t start_ns)
{
	r->policy = *policy;
	r->start_ns = start_ns;
	if (r->opt.format == REPORT_SARIF)
		report_sarif_begin(r);
}

typedef void (*render_fn)(FILE *out, const struct check_violation *v, uint64_t start_ns);

/* NULL: no memory. */
static char *render(const struct report *r, const struct check_violation *v, render_fn fn)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fn(f, v, r->start_ns);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

/* Test runners want a rule's violations together: these wait for the end. */
static void keep(struct report *r, const struct check_violation *v)
{
	struct report_kept *k = &r->kept[v->rule];
	char *line, *text;

	k->count++;
	if (k->n == REPORT_KEPT)
		return;
	line = render(r, v, report_text_line);
	text = render(r, v, report_text_violation);
	if (!line || !text) {
		free(line);
		free(text);
		return;
	}
	k->line[k->n] = line;
	k->text[k->n++] = text;
}

/*
 * Whether it is told, or only counted: who tells one mistake a million times
 * falls behind the events, and loses some.
 */
static bool tells(struct report *r, const struct check_violation *v)
{
	bool kept = r->opt.format == REPORT_JUNIT || r->opt.format == REPORT_TAP;

	return kept || !r->opt.max || r->told[v->rule]++ < r->opt.max;
}

static void text_violation(struct report *r, const struct check_violation *v)
{
	char id[REPORT_ID_LEN];

	if (r->opt.quiet)
		return;
	report_text_violation(r->opt.out, v, r->start_ns);
	if (r->opt.max && r->told[v->rule] == r->opt.max)
		fprintf(r->opt.out, "%s: more of these are only counted, see --max\n\n",
			report_id(id, v->rule));
}

void report_violation(const struct check_violation *v, void *report)
{
	struct report *r = report;

	if (!tells(r, v))
		return;
	switch (r->opt.format) {
	case REPORT_TEXT:
		text_violation(r, v);
		break;
	case REPORT_JSON:
		report_json_violation(r, v);
		break;
	case REPORT_SARIF:
		report_sarif_violation(r, v);
		break;
	default:
		keep(r, v);
	}
}

void report_finish(struct report *r, const struct report_end *end)
{
	switch (r->opt.format) {
	case REPORT_TEXT:
		report_text_finish(r, end);
		break;
	case REPORT_JSON:
		report_json_finish(r, end);
		break;
	case REPORT_JUNIT:
		report_junit_finish(r, end);
		break;
	case REPORT_TAP:
		report_tap_finish(r, end);
		break;
	default:
		report_sarif_finish(r, end);
	}
}

const char *report_result(const struct report_end *end)
{
	if (end->check->by_severity[RULE_ERROR])
		return "violation";
	return end->ndoubts && !end->tolerated ? "uncertain" : "clean";
}

char *report_id(char buf[REPORT_ID_LEN], unsigned int rule)
{
	snprintf(buf, REPORT_ID_LEN, "R-%02u", rule % 1000);
	return buf;
}

char *report_backends(char buf[REPORT_BACKENDS_LEN], uint32_t bits)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned int b = IOAS_BACKEND_TYPE1; b <= IOAS_BACKEND_BUNDLED; b++) {
		if (bits & (1U << b))
			len += (size_t)snprintf(buf + len, REPORT_BACKENDS_LEN - len, "%s%s",
						len ? "," : "", ioas_backend_name(b));
	}
	return buf;
}

struct report_tally report_tally(const struct report *r, const struct check_stats *stats)
{
	struct report_tally t = {};

	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		if (!rule_get(n))
			continue;
		t.rules++;
		t.times += stats->judged[n];
		t.judged += stats->judged[n] > 0;
		t.off += r->policy.severity[n] == RULE_OFF;
	}
	return t;
}

/* ---- the table of rules ---- */

void report_rules_text(FILE *out, const struct rule_policy *policy)
{
	char id[REPORT_ID_LEN], backends[REPORT_BACKENDS_LEN];

	fprintf(out, "%-5s %-18s %-8s %-29s %s\n", "RULE", "NAME", "SEVERITY", "BACKENDS",
		"STATEMENT");
	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		const struct rule *rule = rule_get(n);

		if (rule)
			fprintf(out, "%-5s %-18s %-8s %-29s %s\n", report_id(id, n), rule->name,
				rule_severity_name(policy->severity[n]),
				report_backends(backends, rule->backends), rule->statement);
	}
}

static void json_rule(struct json *j, const struct rule *rule, unsigned int severity)
{
	char id[REPORT_ID_LEN];

	json_object(j, NULL);
	json_str(j, "rule", report_id(id, rule->id));
	json_str(j, "name", rule->name);
	json_str(j, "severity", rule_severity_name(severity));
	json_array(j, "backends");
	for (unsigned int b = IOAS_BACKEND_TYPE1; b <= IOAS_BACKEND_BUNDLED; b++) {
		if (rule->backends & (1U << b))
			json_str(j, NULL, ioas_backend_name(b));
	}
	json_end_array(j);
	json_str(j, "promises", rule->promises);
	json_str(j, "statement", rule->statement);
	json_end_object(j);
}

void report_rules_json(FILE *out, const struct rule_policy *policy)
{
	struct json j;

	json_init(&j, out, true);
	json_object(&j, NULL);
	json_u64(&j, "schema", REPORT_SCHEMA);
	json_array(&j, "rules");
	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		if (rule_get(n))
			json_rule(&j, rule_get(n), policy->severity[n]);
	}
	json_end_array(&j);
	json_end_object(&j);
	json_line(&j);
}
