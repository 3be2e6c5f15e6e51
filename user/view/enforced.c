// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/enforced.h"

#include <inttypes.h>

#include "core/limits.h"
#include "view/show_table.h"

void enforced_backends_text(FILE *out, const struct enforce_backend b[POLICY_SCOPES])
{
	for (unsigned int s = 0; s < POLICY_SCOPES; s++) {
		fprintf(out, "%-8s %s", limit_scope_name(s), enforce_strength_name(b[s].strength));
		if (b[s].why[0])
			fprintf(out, " (%s)", b[s].why);
		fputc('\n', out);
	}
}

static void subject_cell(struct show_table *t, const struct enforce_subject *s,
			 enforced_name_fn name)
{
	const char *user = s->key.kind == POLICY_USER && name ? name(s->key.id) : NULL;

	if (s->key.kind == POLICY_CGROUP && s->rule.name[0])
		show_cell(t, "cgroup %.*s", POLICY_NAME, s->rule.name);
	else if (s->key.kind == POLICY_CGROUP)
		show_cell(t, "cgroup #%" PRIu64, (uint64_t)s->key.id);
	else if (user)
		show_cell(t, "user %s", user);
	else
		show_cell(t, "user %" PRIu64, (uint64_t)s->key.id);
}

/* The scopes, from that one on, which count with it. */
static __u32 together(const struct policy_rule *r, unsigned int scope)
{
	return r->max[scope] == POLICY_NO_LIMIT ? 0 : r->together[scope];
}

static __s64 used(const struct policy_use *u, __u32 scopes)
{
	__s64 n = 0;

	for (unsigned int s = 0; s < POLICY_SCOPES; s++)
		n += scopes >> s & 1 ? u->used[s] : 0;
	return n > 0 ? n : 0;
}

static void by_cell(struct show_table *t, __u32 scopes)
{
	static const char *const all = "all";
	char text[64] = "";
	size_t len = 0;

	for (unsigned int s = 0; s < POLICY_SCOPES; s++) {
		if (scopes >> s & 1)
			len += snprintf(text + len, sizeof(text) - len, "%s%s", len ? "," : "",
					limit_scope_name(s));
	}
	show_cell(t, "%s", scopes == (1U << POLICY_SCOPES) - 1 ? all : text);
}

/* One line: a limit, or that there is none (@scope POLICY_SCOPES). */
static void add_row(struct show_table *t, const struct enforce_subject *s, unsigned int scope,
		    enforced_name_fn name)
{
	bool limit = scope < POLICY_SCOPES;
	__u32 scopes = limit ? together(&s->rule, scope) : (1U << POLICY_SCOPES) - 1;
	char buf[UNITS_LEN];

	subject_cell(t, s, name);
	by_cell(t, scopes);
	show_cell_pages(t, used(&s->use, scopes));
	if (limit)
		show_cell_pages(t, s->rule.max[scope]);
	else
		show_cell(t, "%s", s->limited && s->rule.exempt ? "exempt" : "none");
	if (!limit)
		show_cell(t, "-");
	else if (s->rule.action[scope] == POLICY_DENY)
		show_cell(t, "%s %s", limit_action_name(s->rule.action[scope]),
			  units_errno(buf, s->rule.error[scope]));
	else
		show_cell(t, "%s", limit_action_name(s->rule.action[scope]));
	show_cell_pages(t, s->use.peak);
	show_cell(t, "%" PRIu64, (uint64_t)s->use.over);
	show_cell(t, "%" PRIu64, (uint64_t)s->use.denied);
}

static void add_subject(struct show_table *t, const struct enforce_subject *s,
			enforced_name_fn name)
{
	__u32 done = 0;

	for (unsigned int i = 0; s->limited && !s->rule.exempt && i < POLICY_SCOPES; i++) {
		__u32 scopes = together(&s->rule, i);

		if (!scopes || done >> i & 1)
			continue;
		done |= scopes;
		add_row(t, s, i, name);
	}
	if (!done && s->key.kind == POLICY_USER)
		add_row(t, s, POLICY_SCOPES, name);
}

int enforced_text(FILE *out, const struct enforce_state *s, enforced_name_fn name)
{
	static const struct show_column columns[] = {
		{ "SUBJECT", 0 },      { "BY", 0 },   { "USED", 1 },	{ "LIMIT", 1 },
		{ "AT THE LIMIT", 0 }, { "PEAK", 1 }, { "REACHED", 1 }, { "DENIED", 1 },
	};
	const __u64 *stat = s->head.stat;
	struct show_table t;

	fprintf(out, "%.*s: mode %s, %u section%s\n", POLICY_NAME, s->about.name,
		s->about.action[0] == POLICY_AUDIT ? "audit" : "enforce", s->about.line[0],
		s->about.line[0] == 1 ? "" : "s");
	enforced_backends_text(out, s->backend);
	show_table_begin(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < s->n; i++)
		add_subject(&t, &s->subjects[i], name);
	fprintf(out,
		"%" PRIu64 " verdicts, %" PRIu64 " denied, %" PRIu64 " pins not judged, %" PRIu64
		" programs skipped, %" PRIu64 " times no room, %" PRIu64 " events lost\n",
		(uint64_t)stat[POLICY_STAT_VERDICTS], (uint64_t)stat[POLICY_STAT_DENIED],
		(uint64_t)stat[POLICY_STAT_UNJUDGED], (uint64_t)s->missed,
		(uint64_t)stat[POLICY_STAT_NO_ROOM], (uint64_t)stat[POLICY_STAT_LOST]);
	return show_table_end(&t, out, "");
}

void enforced_event_text(FILE *out, const struct policy_event *e, enforced_name_fn name)
{
	const char *user = name ? name(e->uid) : NULL;
	char used_buf[UNITS_LEN], max[UNITS_LEN], asked[UNITS_LEN], comm[UNITS_LEN];

	fprintf(out, "%s %s by %s (%u), for user ", limit_scope_name(e->scope),
		e->error ? "denied" : limit_action_name(e->action), units_comm(comm, e->comm),
		e->tgid);
	if (user)
		fputs(user, out);
	else
		fprintf(out, "%u", e->uid);
	fprintf(out, ": asked %s, had %s of %s of ", show_pages(asked, e->asked),
		show_pages(used_buf, e->used), show_pages(max, e->max));
	fprintf(out, "%s, line %u", e->kind == POLICY_CGROUP ? "a cgroup" : "the user", e->line);
	if (e->untold)
		fprintf(out, "; %" PRIu64 " more before", (uint64_t)e->untold);
	fputc('\n', out);
}
