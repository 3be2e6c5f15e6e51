// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/check_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "live/log.h"

static const char help[] =
	"Usage: ioascope check [OPTION]... [-- COMMAND [ARG]...]\n"
	"       ioascope check -r FILE [OPTION]...\n"
	"       ioascope check --list-rules [-j]\n\n"
	"Holds all that happens to I/O address spaces against rules: what the kernel promises,\n"
	"and what programs should not do. Tells each violation with what led there and what is\n"
	"around it. Runs until interrupted, while COMMAND runs, or to the end of a recording.\n\n"
	"  -r, --read FILE        check what was recorded with 'ioascope record'\n"
	"      --policy FILE      how much each rule matters here (severities)\n"
	"      --rule R=SEVERITY  of one rule, by id (R-20) or name (unmap-short): off, info,\n"
	"                         warning or error; may be given again for others\n"
	"      --allow-uncertain  lost events and the like are no failure\n"
	"      --format FORMAT    text (default), json, junit, tap or sarif\n"
	"  -j, --json             the same as --format json (docs/event-schema.md)\n"
	"  -o, --output FILE      the report goes there\n"
	"  -q, --quiet            text: only the summary\n"
	"      --max N            violations told of one rule, more are only counted (default\n"
	"                         100; 0: all); junit and tap tell 20\n"
	"      --list-rules       print the rules and do nothing else\n"
	"      --ring SIZE        room for events not yet read (default 8M; a power of two)\n"
	"      --areas N          areas that can be kept at once (default 131072)\n"
	"      --without F        do without the kernel function F, as on a kernel that lacks it\n"
	"  -v, --verbose          also what libbpf says\n"
	"  -h, --help             this text\n\n"
	"Exit status: 4 if a rule of severity error is broken, else that of COMMAND if it is\n"
	"not 0, else 1 if something could not be judged, 0 if all is well.\n\n"
	"Examples:\n"
	"  ioascope check -- ./my-driver-test\n"
	"  ioascope check --format junit -o check.xml -- ./my-driver-test\n"
	"  ioascope check -r boot.ioas --rule unmap-short=error\n";

enum {
	OPT_POLICY = 256,
	OPT_RULE,
	OPT_ALLOW,
	OPT_FORMAT,
	OPT_LIST,
	OPT_MAX,
	OPT_WITHOUT,
	OPT_RING,
	OPT_AREAS
};

/* What the command line says, to be put over the policy file in whatever order they came. */
struct overrides {
	const char *policy;
	bool allow_uncertain;
	bool has[RULE_COUNT];
	uint8_t severity[RULE_COUNT];
};

static int parse_rule(const char *text, struct overrides *over)
{
	const char *sign = strchr(text, '=');
	enum rule_id rule;
	char name[64];
	int severity;

	if (!sign || sign - text >= (int)sizeof(name))
		return -EINVAL;
	memcpy(name, text, sign - text);
	name[sign - text] = '\0';
	rule = rule_from_name(name);
	severity = rule_severity_from_name(sign + 1);
	if (!rule || severity < 0)
		return -EINVAL;
	over->has[rule] = true;
	over->severity[rule] = severity;
	return 0;
}

static int parse_format(const char *text, struct checking_options *o)
{
	int format = report_format_from_name(text);

	if (format < 0)
		return format;
	o->format = format;
	return 0;
}

static int parse_value(int c, struct checking_options *o, struct overrides *over)
{
	switch (c) {
	case OPT_RULE:
		return parse_rule(optarg, over);
	case OPT_FORMAT:
		return parse_format(optarg, o);
	case OPT_MAX:
		return parse_number(optarg, false, 0, ~0ULL, &o->max);
	case OPT_RING:
		return run_parse_ring(optarg, &o->run);
	default:
		return run_parse_areas(optarg, &o->run);
	}
}

static void parse_simple(int c, struct checking_options *o, struct overrides *over)
{
	switch (c) {
	case 'r':
		o->read = optarg;
		break;
	case 'o':
		o->output = optarg;
		break;
	case 'j':
		o->format = REPORT_JSON;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'v':
		log_verbose(true);
		break;
	case OPT_LIST:
		o->list = true;
		break;
	case OPT_POLICY:
		over->policy = optarg;
		break;
	case OPT_ALLOW:
		over->allow_uncertain = true;
		break;
	case OPT_WITHOUT:
		o->run.instance.without = optarg;
		break;
	}
}

/* 0: go on; 1: *status is the exit status. */
static int parse_one(int c, struct checking_options *o, struct overrides *over, int *status)
{
	if (c == 'h') {
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	}
	if (c != OPT_RULE && c != OPT_FORMAT && c != OPT_MAX && c != OPT_RING && c != OPT_AREAS) {
		parse_simple(c, o, over);
		return 0;
	}
	if (!parse_value(c, o, over))
		return 0;
	*status = usage_error("check", "bad value '%s'", optarg);
	return 1;
}

static int conflict(const struct checking_options *o)
{
	int status = o->read ? run_check_read("check", &o->run) : EXIT_FINE;

	if (status)
		return status;
	if (o->list && o->format != REPORT_TEXT && o->format != REPORT_JSON)
		return usage_error("check", "--list-rules prints text or json");
	return 0;
}

/* A policy that cannot be read is wrong usage: nothing has been checked. */
static int make_policy(const struct overrides *over, struct rule_policy *policy)
{
	char why[256];
	FILE *in;
	int err;

	*policy = rules_default_policy();
	if (over->policy) {
		in = fopen(over->policy, "re");
		if (!in)
			return log_err(-errno, "%s", over->policy);
		err = rules_read_policy(in, over->policy, policy, why, sizeof(why));
		fclose(in);
		if (err) {
			log_warn("%s", why);
			return err;
		}
	}
	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		if (over->has[n])
			policy->severity[n] = over->severity[n];
	}
	if (over->allow_uncertain)
		policy->strict_uncertain = false;
	return 0;
}

int checking_parse(int argc, char **argv, struct checking_options *o, int *status)
{
	static const struct option options[] = {
		{ "read", required_argument, NULL, 'r' },
		{ "policy", required_argument, NULL, OPT_POLICY },
		{ "rule", required_argument, NULL, OPT_RULE },
		{ "allow-uncertain", no_argument, NULL, OPT_ALLOW },
		{ "format", required_argument, NULL, OPT_FORMAT },
		{ "json", no_argument, NULL, 'j' },
		{ "output", required_argument, NULL, 'o' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "max", required_argument, NULL, OPT_MAX },
		{ "list-rules", no_argument, NULL, OPT_LIST },
		{ "without", required_argument, NULL, OPT_WITHOUT },
		{ "ring", required_argument, NULL, OPT_RING },
		{ "areas", required_argument, NULL, OPT_AREAS },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct overrides over = {};
	int c;

	opterr = 0;
	/* '+': the command's own options are not ours. */
	while ((c = getopt_long(argc, argv, "+:r:jo:qvh", options, NULL)) != -1) {
		if (c == '?' || c == ':') {
			*status = option_error("check", c, argv);
			return 1;
		}
		if (parse_one(c, o, &over, status))
			return 1;
	}
	*status = run_parse_command("check", argc, argv, &o->run);
	if (*status == EXIT_FINE)
		*status = conflict(o);
	if (*status == EXIT_FINE && make_policy(&over, &o->policy))
		*status = EXIT_USAGE;
	return *status != EXIT_FINE;
}
