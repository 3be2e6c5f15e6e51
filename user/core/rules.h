/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules: their names, who promises them, and how much each matters. */
#ifndef CORE_RULES_H
#define CORE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Which backends promise it: bits by enum ioas_backend. */
#define RULE_TYPE1 (1U << 1)
#define RULE_IOMMUFD (1U << 2)
#define RULE_COMPAT (1U << 3)
#define RULE_BUNDLED (1U << 4)
#define RULE_FD (RULE_IOMMUFD | RULE_COMPAT)
#define RULE_ALL (RULE_TYPE1 | RULE_FD | RULE_BUNDLED)

enum rule_severity {
	RULE_OFF = 0, /* not reported */
	RULE_INFO = 1, /* worth knowing */
	RULE_WARNING = 2, /* likely a mistake of a program; changes no exit status */
	RULE_ERROR = 3, /* a promise is broken: exit status 4 */
	RULE_SEVERITIES,
};

enum rule_id {
#define RULE(number, id, name, severity, backends, promises, statement) RULE_##id = (number),
#include "core/rules.def"
#undef RULE
	RULE_COUNT,
};

struct rule {
	enum rule_id id; /* R-NN is its number; 0: there is none of that number */
	const char *name; /* lower case, joined by '-' */
	enum rule_severity severity; /* if no policy says otherwise */
	uint32_t backends; /* RULE_* bits */
	const char *promises; /* the kernel's invariants that it stands for: "I1 T1" */
	const char *statement; /* one line */
};

/* The rule of a number, NULL: there is none. */
const struct rule *rule_get(unsigned int number);

/* By "R-07", "r-7" or its name. 0: there is none. */
enum rule_id rule_from_name(const char *name);

/* "off", "info", "warning", "error"; and back (-EINVAL). */
const char *rule_severity_name(unsigned int severity);
int rule_severity_from_name(const char *name);

/* How much each rule matters here. */
struct rule_policy {
	uint8_t severity[RULE_COUNT]; /* enum rule_severity */
	bool strict_uncertain; /* what could not be judged is no success */
};

/* The severities of the table, .strict_uncertain set. */
struct rule_policy rules_default_policy(void);

/*
 * Reads a policy file (INI) from `in`; `name` is what errors call it. Sections:
 *   [rules]  R-NN = SEVERITY or NAME = SEVERITY; default = SEVERITY sets all others
 *   [check]  uncertain = fail | allow
 * What it does not name keeps its default. 0; or -EINVAL with *out untouched and
 * a line in `why` (of `size` bytes) with file, line and field: unknown section,
 * rule, severity or key, a rule twice, a line that is none. -EIO on a read error.
 */
int rules_read_policy(FILE *in, const char *name, struct rule_policy *out, char *why, size_t size);

#endif
