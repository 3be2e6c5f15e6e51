// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope policy: limits on pinned memory. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/policy_who.h"
#include "live/log.h"

struct policy_options {
	const char *action; /* check or explain */
	const char *file;
	const char *user, *pid, *cgroup;
	bool json;
};

static const char help[] =
	"Usage: ioascope policy check FILE [OPTION]...\n"
	"       ioascope policy explain FILE --uid USER|--pid N [OPTION]...\n\n"
	"Reads a policy of limits on pinned memory (docs/limits.md). 'check' says whether it\n"
	"can be used on this host, and prints its sections. 'explain' says what of it holds\n"
	"for somebody, and which section says so. Policies are not applied yet.\n\n"
	"      --uid USER     a user, by number or name, with the groups that it has here\n"
	"      --pid N        a process: its user, its groups, its cgroup\n"
	"      --cgroup PATH  with --uid: as if in that cgroup\n"
	"  -j, --json         JSON (docs/event-schema.md)\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope policy check /etc/ioascope/limits.conf\n"
	"  ioascope policy explain limits.conf --uid libvirt-qemu --cgroup /machine.slice\n"
	"  ioascope policy explain limits.conf --pid $(pidof qemu-system-x86_64)\n";

enum {
	OPT_UID = 256,
	OPT_PID,
	OPT_CGROUP,
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
	case 'j':
		o->json = true;
		return 0;
	default:
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	}
}

/* What was given goes together: 0, or the exit status (said). */
static int check_options(const struct policy_options *o)
{
	bool explain = !strcmp(o->action, "explain");

	if (!explain && strcmp(o->action, "check"))
		return usage_error("policy", "unknown action '%s'", o->action);
	if (!o->file)
		return usage_error("policy", "%s what? A file is missing", o->action);
	if (!explain && (o->user || o->pid || o->cgroup))
		return usage_error("policy", "--uid, --pid and --cgroup are for 'explain'");
	if (explain && !o->user == !o->pid)
		return usage_error("policy", "for whom? One of --uid and --pid is needed");
	if (o->pid && o->cgroup)
		return usage_error("policy", "a process has a cgroup: --cgroup is for --uid");
	if (o->cgroup && !limits_is_cgroup(o->cgroup))
		return usage_error("policy", "--cgroup: '%s' is no path of a cgroup from the root",
				   o->cgroup);
	return 0;
}

static int parse(int argc, char **argv, struct policy_options *o, int *status)
{
	static const struct option options[] = { { "uid", required_argument, NULL, OPT_UID },
						 { "pid", required_argument, NULL, OPT_PID },
						 { "cgroup", required_argument, NULL, OPT_CGROUP },
						 { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 {} };

	if (parse_options("policy", argc, argv, ":jh", options, parse_one, o, status))
		return 1;
	if (optind == argc)
		*status = usage_error("policy", "an action is missing: check or explain");
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

int cmd_policy(int argc, char **argv)
{
	_cleanup_limits_ struct limits limits = {};
	struct policy_options o = {};
	int status = EXIT_FINE, err;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	err = read_file(o.file, &limits);
	if (err)
		return exit_status(err);
	if (!strcmp(o.action, "explain"))
		err = explain(&o, &limits);
	else if (o.json)
		policy_json(stdout, &limits, o.file);
	else
		policy_text(stdout, &limits, o.file);
	if (!err && fflush(stdout))
		err = log_err(-errno, "writing");
	return exit_status(err);
}
