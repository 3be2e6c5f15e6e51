// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/rules.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

/* Room for every number up to the last; a number that was never given has no name. */
static const struct rule rules[RULE_COUNT] = {
#define RULE(number, ID, rule_name, how_much, whose, kernels, what)                                \
	[number] = { RULE_##ID, rule_name, how_much, whose, kernels, what },
#include "core/rules.def"
#undef RULE
};

static const char *const severities[RULE_SEVERITIES] = {
	[RULE_OFF] = "off",
	[RULE_INFO] = "info",
	[RULE_WARNING] = "warning",
	[RULE_ERROR] = "error",
};

const struct rule *rule_get(unsigned int number)
{
	return number < RULE_COUNT && rules[number].name ? &rules[number] : NULL;
}

/* The number of "R-07", "r-7"; 0: it is not of that form. */
static unsigned int rule_number(const char *name)
{
	unsigned int number = 0;

	if (strncasecmp(name, "r-", 2) || !name[2] || strlen(name) > 6)
		return 0;
	for (name += 2; *name; name++) {
		if (!isdigit((unsigned char)*name))
			return 0;
		number = number * 10 + (unsigned int)(*name - '0');
	}
	return number;
}

enum rule_id rule_from_name(const char *name)
{
	const struct rule *rule = rule_get(rule_number(name));

	if (rule)
		return rule->id;
	for (unsigned int i = 0; i < RULE_COUNT; i++) {
		rule = rule_get(i);
		if (rule && !strcmp(rule->name, name))
			return rule->id;
	}
	return 0;
}

const char *rule_severity_name(unsigned int severity)
{
	return severity < RULE_SEVERITIES ? severities[severity] : NULL;
}

int rule_severity_from_name(const char *name)
{
	for (int i = 0; i < RULE_SEVERITIES; i++) {
		if (!strcmp(severities[i], name))
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
