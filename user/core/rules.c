// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of rules, and the severities that hold if no policy says otherwise. */
#include "core/rules.h"

#include <errno.h>
#include <string.h>

static const struct rule rules[RULE_COUNT] = {
#define RULE(number, id_, name_, severity_, backends_, promises_, statement_)                      \
	[number] = { .id = RULE_##id_,                                                             \
		     .name = name_,                                                                \
		     .severity = severity_,                                                        \
		     .backends = backends_,                                                        \
		     .promises = promises_,                                                        \
		     .statement = statement_ },
#include "core/rules.def"
#undef RULE
};

static const char *const severity_names[RULE_SEVERITIES] = {
	[RULE_OFF] = "off",
	[RULE_INFO] = "info",
	[RULE_WARNING] = "warning",
	[RULE_ERROR] = "error",
};

const struct rule *rule_get(unsigned int number)
{
	return number < RULE_COUNT && rules[number].id ? &rules[number] : NULL;
}

/* The digits of "R-NN": a number of at most two digits. 0: it is none. */
static unsigned int number_of(const char *digits)
{
	unsigned int number = 0;
	size_t n = strspn(digits, "0123456789");

	if (!n || n > 2 || digits[n])
		return 0;
	while (*digits)
		number = 10 * number + (unsigned int)(*digits++ - '0');
	return number;
}

enum rule_id rule_from_name(const char *name)
{
	const struct rule *rule;

	if ((name[0] == 'R' || name[0] == 'r') && name[1] == '-') {
		rule = rule_get(number_of(name + 2));
		if (rule)
			return rule->id;
	}
	for (unsigned int i = 0; i < RULE_COUNT; i++) {
		if (rules[i].id && strcmp(rules[i].name, name) == 0)
			return rules[i].id;
	}
	return 0;
}

const char *rule_severity_name(unsigned int severity)
{
	return severity < RULE_SEVERITIES ? severity_names[severity] : NULL;
}

int rule_severity_from_name(const char *name)
{
	for (int i = 0; i < RULE_SEVERITIES; i++) {
		if (strcmp(severity_names[i], name) == 0)
			return i;
	}
	return -EINVAL;
}

struct rule_policy rules_default_policy(void)
{
	struct rule_policy policy = { .strict_uncertain = true };

	for (unsigned int i = 0; i < RULE_COUNT; i++)
		policy.severity[i] = (uint8_t)rules[i].severity;
	return policy;
}
