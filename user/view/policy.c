// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/policy.h"

#include <inttypes.h>
#include <stdarg.h>

#include "view/json.h"
#include "view/units.h"

#define POLICY_SCHEMA 1

/* ---- text ---- */

static void print_max(FILE *out, enum limit_item item, uint64_t max)
{
	char buf[UNITS_LEN];

	if (max == LIMIT_NONE)
		fputs("no limit", out);
	else if (item == LIMIT_PINNED)
		fprintf(out, "at most %s", units_bytes(buf, max));
	else
		fprintf(out, "at most %" PRIu64, max);
}

static void print_action(FILE *out, const struct limits *l, const struct limits_section *s)
{
	enum limit_action action = limits_action(l, s);
	char buf[UNITS_LEN];

	fputs(limit_action_name(action), out);
	if (action == LIMIT_DENY)
		fprintf(out, " %s", units_errno(buf, s->error));
	else if (action != s->action)
		fprintf(out, " (%s, were the mode enforce)", limit_action_name(s->action));
}

static void print_scope(FILE *out, uint32_t scope)
{
	const char *before = " by ";

	if (scope == LIMIT_SCOPE_ALL)
		return;
	for (unsigned int i = 0; i < LIMIT_SCOPES; i++) {
		if (!(scope & 1U << i))
			continue;
		fprintf(out, "%s%s", before, limit_scope_name(i));
		before = ", ";
	}
}

/* @scope: of those that pin, the ones for whom this section decides. */
static void print_item(FILE *out, const struct limits *l, const struct limits_section *s,
		       enum limit_item item, uint32_t scope)
{
	fprintf(out, "%s ", limit_item_name(item));
	print_max(out, item, s->max[item]);
	print_scope(out, scope);
	if (s->max[item] == LIMIT_NONE)
		return;
	fputs(": ", out);
	print_action(out, l, s);
}

static void print_source(FILE *out, const struct limits_section *s)
{
	fprintf(out, "[%s %s], line %d", limit_subject_name(s->subject), s->name, s->line);
}

static void print_section(FILE *out, const struct limits *l, const struct limits_section *s)
{
	const char *before = "  ";

	fprintf(out, "%s %s", limit_subject_name(s->subject), s->name);
	if (s->exempt)
		fputs("  exempt", out);
	for (enum limit_item i = 0; i < LIMIT_ITEMS; i++) {
		if (!s->has[i])
			continue;
		fputs(before, out);
		print_item(out, l, s, i, s->scope);
		before = "; ";
	}
	fputc('\n', out);
}

void policy_text(FILE *out, const struct limits *l, const char *file)
{
	fprintf(out, "%s: mode %s, %zu section%s\n", file, l->audit ? "audit" : "enforce", l->n,
		l->n == 1 ? "" : "s");
	for (size_t i = 0; i < l->n; i++)
		print_section(out, l, &l->sections[i]);
}

static void explain_cgroups(FILE *out, const struct limits *l, const char *path)
{
	const struct limits_section *s = NULL;

	while ((s = limits_next_cgroup(l, path, s))) {
		for (enum limit_item i = 0; i < LIMIT_ITEMS; i++) {
			if (!s->has[i])
				continue;
			fprintf(out, "  all in %s together: ", s->name);
			print_item(out, l, s, i, s->scope);
			fputs("  ", out);
			print_source(out, s);
			fputc('\n', out);
		}
	}
}

/* The ways to pin, from that one on, for which the same section decides (or none). */
static uint32_t same_decision(const struct limits_section *const *by, unsigned int from)
{
	uint32_t scope = 0;

	for (unsigned int s = from; s < LIMIT_SCOPES; s++) {
		if (by[s] == by[from])
			scope |= 1U << s;
	}
	return scope;
}

/* A line for each section that decides for some way to pin, and for those for which none does. */
static void explain_item(FILE *out, const struct limits *l, const struct limits_found *found,
			 enum limit_item item)
{
	const struct limits_section *const *by = found->user[item];
	uint32_t done = 0;

	for (unsigned int s = 0; s < LIMIT_SCOPES; s++) {
		uint32_t scope = same_decision(by, s);

		if (done & 1U << s)
			continue;
		done |= scope;
		fputs("  ", out);
		if (by[s]) {
			print_item(out, l, by[s], item, scope);
			fputs("  ", out);
			print_source(out, by[s]);
		} else {
			fprintf(out, "%s no limit", limit_item_name(item));
			print_scope(out, scope);
			fputs("  no section sets it", out);
		}
		fputc('\n', out);
	}
}

void policy_explain_text(FILE *out, const struct limits *l, const struct policy_who *w)
{
	struct limits_found found;

	limits_find(l, &w->who, &found);
	fprintf(out, "user %" PRIu32, w->who.uid);
	if (w->name)
		fprintf(out, " (%s)", w->name);
	if (w->who.cgroup)
		fprintf(out, " in %s", w->who.cgroup);
	fputc('\n', out);
	if (found.exempt) {
		fputs("  exempt: nothing of this policy stops them  ", out);
		print_source(out, found.exempt);
		fputc('\n', out);
		return;
	}
	for (enum limit_item i = 0; i < LIMIT_ITEMS; i++)
		explain_item(out, l, &found, i);
	if (w->who.cgroup)
		explain_cgroups(out, l, w->who.cgroup);
	else
		fputs("  limits of cgroups: not looked at (--cgroup, --pid)\n", out);
}

/* ---- JSON ---- */

static void json_max(struct json *j, const char *key, uint64_t max)
{
	if (max == LIMIT_NONE)
		json_str(j, key, "unlimited");
	else
		json_u64(j, key, max);
}

static void json_source(struct json *j, const struct limits_section *s)
{
	json_str(j, "subject", limit_subject_name(s->subject));
	json_str(j, "name", s->name);
	if (s->subject == LIMIT_USER || s->subject == LIMIT_GROUP)
		json_u64(j, "id", s->id);
	else
		json_null(j, "id");
	json_u64(j, "line", s->line);
}

static void json_action(struct json *j, const struct limits *l, const struct limits_section *s,
			uint32_t scope)
{
	enum limit_action action = limits_action(l, s);
	char buf[UNITS_LEN];

	json_str(j, "action", limit_action_name(action));
	json_str(j, "errno", action == LIMIT_DENY ? units_errno(buf, s->error) : NULL);
	json_array(j, "backends");
	for (unsigned int i = 0; i < LIMIT_SCOPES; i++) {
		if (scope & 1U << i)
			json_str(j, NULL, limit_scope_name(i));
	}
	json_end_array(j);
}

static void json_section(struct json *j, const char *key, const struct limits *l,
			 const struct limits_section *s)
{
	static const char *const names[LIMIT_ITEMS] = {
		[LIMIT_PINNED] = "pinned_bytes",
		[LIMIT_MAPPINGS] = "mappings",
	};

	json_object(j, key);
	json_source(j, s);
	json_bool(j, "exempt", s->exempt);
	for (unsigned int i = 0; i < LIMIT_ITEMS; i++) {
		if (s->has[i])
			json_max(j, names[i], s->max[i]);
		else
			json_null(j, names[i]);
	}
	if (!s->exempt)
		json_action(j, l, s, s->scope);
	json_end_object(j);
}

static void json_begin(struct json *j, FILE *out, const struct limits *l, const char *kind)
{
	json_init(j, out, true);
	json_object(j, NULL);
	json_u64(j, "schema", POLICY_SCHEMA);
	json_str(j, "kind", kind);
	json_str(j, "mode", l->audit ? "audit" : "enforce");
}

void policy_json(FILE *out, const struct limits *l, const char *file)
{
	struct json j;

	json_begin(&j, out, l, "policy");
	json_str(&j, "file", file);
	json_array(&j, "sections");
	for (size_t i = 0; i < l->n; i++)
		json_section(&j, NULL, l, &l->sections[i]);
	json_end_array(&j);
	json_end_object(&j);
	json_line(&j);
}

static void json_item(struct json *j, const struct limits *l, const struct limits_found *found,
		      enum limit_item item)
{
	const struct limits_section *const *by = found->user[item];
	uint32_t done = 0;

	json_array(j, limit_item_name(item));
	for (unsigned int s = 0; s < LIMIT_SCOPES; s++) {
		uint32_t scope = same_decision(by, s);

		if (!by[s] || done & 1U << s)
			continue;
		done |= scope;
		json_object(j, NULL);
		json_max(j, "max", by[s]->max[item]);
		json_source(j, by[s]);
		json_action(j, l, by[s], scope);
		json_end_object(j);
	}
	json_end_array(j);
}

void policy_explain_json(FILE *out, const struct limits *l, const struct policy_who *w)
{
	const struct limits_section *s = NULL;
	struct limits_found found;
	struct json j;

	limits_find(l, &w->who, &found);
	json_begin(&j, out, l, "policy-explain");
	json_u64(&j, "uid", w->who.uid);
	json_str(&j, "user", w->name);
	json_str(&j, "cgroup", w->who.cgroup);
	if (found.exempt)
		json_section(&j, "exempted_by", l, found.exempt);
	else
		json_null(&j, "exempted_by");
	for (enum limit_item i = 0; i < LIMIT_ITEMS; i++)
		json_item(&j, l, &found, i);
	json_array(&j, "cgroups");
	while (w->who.cgroup && !found.exempt && (s = limits_next_cgroup(l, w->who.cgroup, s)))
		json_section(&j, NULL, l, s);
	json_end_array(&j);
	json_end_object(&j);
	json_line(&j);
}
