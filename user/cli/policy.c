// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope policy: limits on pinned memory. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/policy_apply.h"
#include "cli/policy_who.h"
#include "live/log.h"

static const char help[] =
	"Usage: ioascope policy check FILE [OPTION]...\n"
	"       ioascope policy explain FILE --uid USER|--pid N [OPTION]...\n"
	"       ioascope policy apply FILE [OPTION]...\n"
	"       ioascope policy status|remove [OPTION]...\n\n"
	"Limits on pinned memory (docs/limits.md). 'check' says whether a policy can be used on\n"
	"this host, and prints its sections. 'explain' says what of it holds for somebody, and\n"
	"which section says so. 'apply' makes it hold, by the strongest means that this kernel\n"
	"offers for each who pins (docs/enforcement.md), and goes on until 'remove'. 'status'\n"
	"prints what holds, what is used and what was refused.\n\n"
	"      --uid USER     a user, by number or name, with the groups that it has here\n"
	"      --pid N        a process: its user, its groups, its cgroup\n"
	"      --cgroup PATH  with --uid: as if in that cgroup\n"
	"      --gate FILE    for apply: load this module first, if ioas_gate is not loaded\n"
	"      --strength S   for apply: nothing stronger than S: audit, kill, ioctl or gate\n"
	"      --follow       for status: then print each time that a limit is reached\n"
	"  -j, --json         JSON (docs/event-schema.md)\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope policy check /etc/ioascope/limits.conf\n"
	"  ioascope policy explain limits.conf --uid libvirt-qemu --cgroup /machine.slice\n"
	"  ioascope policy explain limits.conf --pid $(pidof qemu-system-x86_64)\n"
	"  ioascope policy apply limits.conf --gate ioas_gate.ko\n"
	"  ioascope policy status --json | jq '.subjects[] | select(.denied > 0)'\n";

enum {
	OPT_UID = 256,
	OPT_PID,
	OPT_CGROUP,
	OPT_GATE,
	OPT_STRENGTH,
	OPT_FOLLOW,
};

/* 0: go on; otherwise *status is the exit status. */
static int parse_one(int c, void *arg, int *status)
{
	struct policy_options *o = arg;

	switch (c) {
	case OPT_UID:
		o->user = optarg;
		return 0;
	case OPT_PID:
		o->pid = optarg;
		return 0;
	case OPT_CGROUP:
		o->cgroup = optarg;
		return 0;
	case OPT_GATE:
		o->gate = optarg;
		return 0;
	case OPT_STRENGTH:
		o->strength = optarg;
		return 0;
	case OPT_FOLLOW:
		o->follow = true;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	default:
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	}
}

static bool is(const struct policy_options *o, const char *action)
{
	return !strcmp(o->action, action);
}

/* For whom: 0, or the exit status (said). */
static int check_who(const struct policy_options *o)
{
	if (!is(o, "explain") && (o->user || o->pid || o->cgroup))
		return usage_error("policy", "--uid, --pid and --cgroup are for 'explain'");
	if (!is(o, "explain"))
		return 0;
	if (!o->user == !o->pid)
		return usage_error("policy", "for whom? One of --uid and --pid is needed");
	if (o->pid && o->cgroup)
		return usage_error("policy", "a process has a cgroup: --cgroup is for --uid");
	if (o->cgroup && !limits_is_cgroup(o->cgroup))
		return usage_error("policy", "--cgroup: '%s' is no path of a cgroup from the root",
				   o->cgroup);
	return 0;
}

/* What was given goes together: 0, or the exit status (said). */
static int check_options(const struct policy_options *o)
{
	bool on_file = is(o, "check") || is(o, "explain") || is(o, "apply");

	if (!on_file && !is(o, "status") && !is(o, "remove"))
		return usage_error("policy", "unknown action '%s'", o->action);
	if (on_file && !o->file)
		return usage_error("policy", "%s what? A file is missing", o->action);
	if (!on_file && o->file)
		return usage_error("policy", "unexpected argument '%s'", o->file);
	if (!is(o, "apply") && (o->gate || o->strength))
		return usage_error("policy", "--gate and --strength are for 'apply'");
	if (o->strength && !policy_strength(o->strength))
		return usage_error("policy", "--strength: '%s' is not audit, kill, ioctl or gate",
				   o->strength);
	if (!is(o, "status") && o->follow)
		return usage_error("policy", "--follow is for 'status'");
	return check_who(o);
}

static int parse(int argc, char **argv, struct policy_options *o, int *status)
{
	static const struct option options[] = { { "uid", required_argument, NULL, OPT_UID },
						 { "pid", required_argument, NULL, OPT_PID },
						 { "cgroup", required_argument, NULL, OPT_CGROUP },
						 { "gate", required_argument, NULL, OPT_GATE },
						 { "strength", required_argument, NULL,
						   OPT_STRENGTH },
						 { "follow", no_argument, NULL, OPT_FOLLOW },
						 { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 {} };

	if (parse_options("policy", argc, argv, ":jh", options, parse_one, o, status))
		return 1;
	if (optind == argc)
		*status = usage_error(
			"policy", "an action is missing: check, explain, apply, status or remove");
	else if (argc - optind > 2)
		*status = usage_error("policy", "unexpected argument '%s'", argv[optind + 2]);
	if (*status)
		return *status;
	o->action = argv[optind];
	o->file = argv[optind + 1];
	*status = check_options(o);
	return *status;
}

static int read_file(const char *path, struct limits *out)
{
	char why[512];
	FILE *in = fopen(path, "re");
	int err;

	if (!in)
		return log_err(-errno, "%s", path);
	err = limits_read(in, path, &policy_names, out, why, sizeof(why));
	fclose(in);
	if (err)
		log_warn("%s", why);
	return err;
}

static int explain(const struct policy_options *o, const struct limits *l)
{
	struct policy_person p = {};
	int err =
		o->pid ? policy_person_of_process(o->pid, &p) : policy_person_of_user(o->user, &p);

	if (err)
		return err;
	if (o->cgroup)
		p.view.who.cgroup = o->cgroup;
	if (o->json)
		policy_explain_json(stdout, l, &p.view);
	else
		policy_explain_text(stdout, l, &p.view);
	policy_person_clear(&p);
	return 0;
}

/* What is done with a file: 0 or an error (said). */
static int run_on_file(const struct policy_options *o)
{
	_cleanup_limits_ struct limits limits = {};
	int err = read_file(o->file, &limits);

	if (err)
		return err;
	if (is(o, "apply"))
		return policy_apply(o, &limits);
	if (is(o, "explain"))
		return explain(o, &limits);
	if (o->json)
		policy_json(stdout, &limits, o->file);
	else
		policy_text(stdout, &limits, o->file);
	return 0;
}

int cmd_policy(int argc, char **argv)
{
	struct policy_options o = {};
	int status = EXIT_FINE, err;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	if (is(&o, "status"))
		err = policy_status(&o, &status);
	else if (is(&o, "remove"))
		err = policy_remove();
	else
		err = run_on_file(&o);
	if (!err && fflush(stdout))
		err = log_err(-errno, "writing");
	return status != EXIT_FINE ? status : exit_status(err);
}
