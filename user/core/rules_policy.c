// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policy files. inih splits lines into section, name and value; it goes on after
 * an error, so the first one is kept here. Our reader hands it one line at a time,
 * which gives each its number, and refuses what inih would cut or join silently.
 */
#include "core/rules.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>

struct policy_file {
	FILE *in;
	const char *name;
	char *why;
	size_t size;
	int line; /* of what was read last */
	int error; /* negative errno: nothing more is taken */
	struct rule_policy policy;
	uint8_t fallback; /* of the rules that are not named */
	bool has_fallback;
	bool has_uncertain;
	bool named[RULE_COUNT];
};

/* Says the first error only. Always 0, which is what a handler returns for an error. */
static int __attribute__((format(printf, 2, 3)))
refuse(struct policy_file *f, const char *format, ...)
{
	va_list args;
	int at;

	if (f->error)
		return 0;
	f->error = -EINVAL;
	at = snprintf(f->why, f->size, "%s:%d: ", f->name, f->line);
	if (at < 0 || (size_t)at >= f->size)
		return 0;
	va_start(args, format);
	vsnprintf(f->why + at, f->size - (size_t)at, format, args);
	va_end(args);
	return 0;
}

static bool section_known(const char *name)
{
	return !strcmp(name, "rules") || !strcmp(name, "check");
}

/* inih tells of a section with its first entry only: an empty one is looked at here. */
static void check_section(struct policy_file *f, const char *line)
{
	const char *end = strchr(line, ']');
	char name[64];

	if (*line != '[' || !end)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
	end += 1 + strspn(end + 1, " \t\r\n");
	if (!section_known(name))
		refuse(f, "unknown section [%s]; there are [rules] and [check]", name);
	else if (*end && !strchr(";#", *end))
		refuse(f, "something stands behind [%s]", name);
}

/*
 * One line, without the blanks before it: to inih these would make it the
 * continuation of the line above. NULL at the end, and to stop.
 */
static char *read_line(char *line, int size, void *stream)
{
	struct policy_file *f = stream;
	size_t blanks = 0;

	if (f->error || !fgets(line, size, f->in)) {
		if (!f->error && ferror(f->in)) {
			refuse(f, "cannot be read on");
			f->error = -EIO;
		}
		return NULL;
	}
	f->line++;
	if (!strchr(line, '\n') && !feof(f->in)) {
		refuse(f, "a line has %d characters at most, and no NUL", size - 2);
		return NULL;
	}
	while (line[blanks] == ' ' || line[blanks] == '\t')
		blanks++;
	memmove(line, line + blanks, strlen(line + blanks) + 1);
	check_section(f, line);
	return f->error ? NULL : line;
}

static int take_rule(struct policy_file *f, const char *name, const char *value)
{
	int severity = rule_severity_from_name(value);
	bool all = !strcmp(name, "default");
	enum rule_id rule = all ? 0 : rule_from_name(name);

	if (!all && !rule)
		return refuse(f, "unknown rule '%s'", name);
	if (severity < 0)
		return refuse(f, "%s: unknown severity '%s'; there are off, info, warning, error",
			      name, value);
	if (all ? f->has_fallback : f->named[rule])
		return refuse(f, "%s is set twice", name);
	if (all) {
		f->has_fallback = true;
		f->fallback = (uint8_t)severity;
		return 1;
	}
	f->named[rule] = true;
	f->policy.severity[rule] = (uint8_t)severity;
	return 1;
}

static int take_check(struct policy_file *f, const char *name, const char *value)
{
	bool fail = !strcmp(value, "fail");

	if (strcmp(name, "uncertain"))
		return refuse(f, "unknown key '%s' in [check]; there is uncertain", name);
	if (!fail && strcmp(value, "allow"))
		return refuse(f, "uncertain: unknown value '%s'; there are fail and allow", value);
	if (f->has_uncertain)
		return refuse(f, "uncertain is set twice");
	f->has_uncertain = true;
	f->policy.strict_uncertain = fail;
	return 1;
}

static int take_entry(void *user, const char *section, const char *name, const char *value)
{
	struct policy_file *f = user;

	if (f->error)
		return 0;
	if (!strcmp(section, "rules"))
		return take_rule(f, name, value);
	if (!strcmp(section, "check"))
		return take_check(f, name, value);
	return refuse(f, "'%s' is in no section; there are [rules] and [check]", name);
}

static void apply_fallback(struct policy_file *f)
{
	for (unsigned int i = 0; f->has_fallback && i < RULE_COUNT; i++) {
		if (rule_get(i) && !f->named[i])
			f->policy.severity[i] = f->fallback;
	}
}

int rules_read_policy(FILE *in, const char *name, struct rule_policy *out, char *why, size_t size)
{
	struct policy_file f = {
		.in = in,
		.name = name,
		.why = why,
		.size = size,
		.policy = rules_default_policy(),
	};
	int ret = ini_parse_stream(read_line, &f, take_entry, &f);

	/* A line that inih could not split, and none before it that we refused. */
	if (ret > 0 && (!f.error || ret < f.line)) {
		f.error = 0;
		f.line = ret;
		refuse(&f, "neither [SECTION] nor NAME = VALUE");
	}
	if (!f.error && ret < 0) {
		refuse(&f, "no memory");
		f.error = -ENOMEM;
	}
	if (f.error)
		return f.error;
	apply_fallback(&f);
	*out = f.policy;
	return 0;
}
