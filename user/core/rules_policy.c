// SPDX-License-Identifier: GPL-2.0-or-later
/* Policy files of the rules: how much each matters. */
#include "core/rules.h"

#include <string.h>

#include "core/ini.h"

enum section {
	SECTION_NONE,
	SECTION_RULES,
	SECTION_CHECK,
};

struct policy_file {
	struct rule_policy policy;
	enum section section;
	uint8_t fallback; /* of the rules that are not named */
	bool has_fallback;
	bool has_uncertain;
	bool named[RULE_COUNT];
};

static int take_section(struct ini *ini, const char *name, void *arg)
{
	struct policy_file *f = arg;

	if (!strcmp(name, "rules"))
		f->section = SECTION_RULES;
	else if (!strcmp(name, "check"))
		f->section = SECTION_CHECK;
	else
		return ini_refuse(ini, "unknown section [%s]; there are [rules] and [check]", name);
	return 0;
}

static int take_rule(struct ini *ini, struct policy_file *f, const char *name, const char *value)
{
	int severity = rule_severity_from_name(value);
	bool all = !strcmp(name, "default");
	enum rule_id rule = all ? 0 : rule_from_name(name);

	if (!all && !rule)
		return ini_refuse(ini, "unknown rule '%s'", name);
	if (severity < 0)
		return ini_refuse(ini,
				  "%s: unknown severity '%s'; there are off, info, warning, error",
				  name, value);
	if (all ? f->has_fallback : f->named[rule])
		return ini_refuse(ini, "%s is set twice", name);
	if (all) {
		f->has_fallback = true;
		f->fallback = (uint8_t)severity;
		return 0;
	}
	f->named[rule] = true;
	f->policy.severity[rule] = (uint8_t)severity;
	return 0;
}

static int take_check(struct ini *ini, struct policy_file *f, const char *name, const char *value)
{
	bool fail = !strcmp(value, "fail");

	if (strcmp(name, "uncertain"))
		return ini_refuse(ini, "unknown key '%s' in [check]; there is uncertain", name);
	if (!fail && strcmp(value, "allow"))
		return ini_refuse(ini, "uncertain: unknown value '%s'; there are fail and allow",
				  value);
	if (f->has_uncertain)
		return ini_refuse(ini, "uncertain is set twice");
	f->has_uncertain = true;
	f->policy.strict_uncertain = fail;
	return 0;
}

static int take_entry(struct ini *ini, const char *name, const char *value, void *arg)
{
	struct policy_file *f = arg;

	if (f->section == SECTION_RULES)
		return take_rule(ini, f, name, value);
	if (f->section == SECTION_CHECK)
		return take_check(ini, f, name, value);
	return ini_refuse(ini, "'%s' is in no section; there are [rules] and [check]", name);
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
	struct policy_file f = { .policy = rules_default_policy() };
	const struct ini_reader reader = { .section = take_section,
					   .entry = take_entry,
					   .arg = &f };
	int err = ini_read(in, name, &reader, why, size);

	if (err)
		return err;
	apply_fallback(&f);
	*out = f.policy;
	return 0;
}
