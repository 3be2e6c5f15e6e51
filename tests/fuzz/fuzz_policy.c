// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzing the reader of policy files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"
#include "fuzz.h"

/* What stays when a file is refused. */
static void check_untouched(const struct rule_policy *policy)
{
	const uint8_t *at = (const uint8_t *)policy;

	for (size_t i = 0; i < sizeof(*policy); i++) {
		if (at[i] != 0x5a)
			abort();
	}
}

static void check_policy(const struct rule_policy *policy)
{
	for (unsigned int i = 0; i < RULE_COUNT; i++) {
		if (!rule_severity_name(policy->severity[i]))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* fmemopen() refuses a file of no bytes. */
	FILE *in = size ? fmemopen((void *)(uintptr_t)data, size, "r") : fopen("/dev/null", "r");
	struct rule_policy policy;
	/* As long as messages are, and much too short. */
	char why[200], little[8];

	if (!in)
		abort();
	memset(&policy, 0x5a, sizeof(policy));
	memset(why, 0x5a, sizeof(why));
	if (rules_read_policy(in, "policy", &policy, why, sizeof(why))) {
		check_untouched(&policy);
		if (!why[0] || !memchr(why, '\0', sizeof(why)))
			abort();
		rewind(in);
		if (!rules_read_policy(in, "policy", &policy, little, sizeof(little)))
			abort();
	} else {
		check_policy(&policy);
	}
	fclose(in);
	return 0;
}
