// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/trace_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "core/event.h"
#include "live/log.h"

static const char help[] =
	"Usage: ioascope trace [OPTION]... [-- COMMAND [ARG]...]\n"
	"       ioascope trace -r FILE [OPTION]...\n\n"
	"Prints a line for each operation on an I/O address space: when, which, what was\n"
	"asked, what was answered, how long it took and who asked. Runs until interrupted,\n"
	"or while COMMAND runs, and exits with its status.\n\n"
	"  -r, --read FILE    what was recorded with 'ioascope record', not what happens now\n"
	"  -j, --json         a JSON object a line (docs/event-schema.md)\n"
	"      --changes      also what became true: areas, pins, charges, groups\n"
	"      --pid N        only by that process\n"
	"      --uid N        only by that user\n"
	"      --cgroup PATH  only by that cgroup (a path below /sys/fs/cgroup, or its id)\n"
	"      --ioas N       only on that I/O address space\n"
	"      --backend B    only of that backend (type1, iommufd, compat)\n"
	"      --op OP[,OP]   of the operations only these: map, unmap, attach, detach, ...\n"
	"  -c, --count N      stop after N lines\n"
	"  -q, --quiet        no lines, only the summary\n"
	"      --state FILE   at the end write the state rebuilt from the events, as\n"
	"                     'ioascope show --json' prints it; - for standard output\n"
	"      --ring SIZE    room for events not yet read (default 8M; a power of two)\n"
	"      --areas N      areas that can be kept at once (default 131072)\n"
	"      --stale        also watch what processes do to memory that is mapped\n"
	"      --without F    do without the kernel function F, as on a kernel that lacks it\n"
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope trace --op map,unmap --uid 107\n"
	"  ioascope trace --json -- ./my-driver-test | jq 'select(.errno)'\n"
	"  ioascope trace -q --state - -- ./my-driver-test\n"
	"  ioascope trace -r boot.ioas --op unmap\n";

static int parse_ops(const char *text, __u64 *ops)
{
	char *save = NULL, list[256];

	if (snprintf(list, sizeof(list), "%s", text) >= (int)sizeof(list))
		return -EINVAL;
	for (char *s = strtok_r(list, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		int op = ioas_op_from_name(s);

		if (op <= 0)
			return -EINVAL;
		*ops |= 1ULL << op;
	}
	return *ops ? 0 : -EINVAL;
}

static int parse_cgroup(const char *text, __u64 *id)
{
	char path[4096];
	struct stat st;

	if (!parse_number(text, false, 1, ~0ULL, id))
		return 0;
	snprintf(path, sizeof(path), "%s%s%s",
		 *text == '/' && !strncmp(text, "/sys/", 5) ? "" : "/sys/fs/cgroup",
		 *text == '/' ? "" : "/", text);
	/* A cgroup v2 id is the inode number of its folder. */
	if (stat(path, &st))
		return -errno;
	*id = st.st_ino;
	return 0;
}

enum {
	OPT_PID = 256,
	OPT_UID,
	OPT_CGROUP,
	OPT_IOAS,
	OPT_BACKEND,
	OPT_OP,
	OPT_CHANGES,
	OPT_STATE,
	OPT_STALE,
	OPT_WITHOUT,
	OPT_RING,
	OPT_AREAS
};

static int parse_filter(int c, struct trace_options *o)
{
	__u64 v = 0;
	int err;

	switch (c) {
	case OPT_PID:
		err = parse_number(optarg, false, 1, ~0U, &v);
		o->pid = v;
		return err;
	case OPT_UID:
		err = parse_number(optarg, false, 0, ~0U, &v);
		o->uid = v;
		return err;
	case OPT_CGROUP:
		return parse_cgroup(optarg, &o->cgroup);
	case OPT_IOAS:
		err = parse_number(optarg, false, 1, ~0U, &v);
		o->ioas = v;
		return err;
	case OPT_BACKEND:
		err = ioas_backend_from_name(optarg);
		o->backend = err;
		return err > 0 ? 0 : -EINVAL;
	default:
		return parse_ops(optarg, &o->ops);
	}
}

static int parse_size(int c, struct trace_options *o)
{
	if (c == 'c')
		return parse_number(optarg, false, 1, ~0ULL, &o->count);
	return c == OPT_RING ? run_parse_ring(optarg, &o->run) : run_parse_areas(optarg, &o->run);
}

/* 0: go on; 1: *status is the exit status. */
static int parse_one(int c, void *arg, int *status)
{
	struct trace_options *o = arg;
	int err = 0;

	if (c == 'j')
		o->json = true;
	else if (c == 'r')
		o->read = optarg;
	else if (c == 'q')
		o->quiet = true;
	else if (c == 'v')
		log_verbose(true);
	else if (c == OPT_CHANGES)
		o->changes = true;
	else if (c == OPT_STATE)
		o->state = optarg;
	else if (c == OPT_STALE)
		o->run.instance.stale = true;
	else if (c == OPT_WITHOUT)
		o->run.instance.without = optarg;
	else if (c == 'c' || c == OPT_RING || c == OPT_AREAS)
		err = parse_size(c, o);
	else if (c == 'h') {
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	} else
		err = parse_filter(c, o);
	if (!err)
		return 0;
	*status = usage_error("trace", "bad value '%s'", optarg);
	return 1;
}

/* What goes with a recording, and what with a live trace. */
static int conflict(const struct trace_options *o)
{
	return o->read ? run_check_read("trace", &o->run) : EXIT_FINE;
}

int trace_parse(int argc, char **argv, struct trace_options *o, int *status)
{
	static const struct option options[] = {
		{ "read", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "changes", no_argument, NULL, OPT_CHANGES },
		{ "pid", required_argument, NULL, OPT_PID },
		{ "uid", required_argument, NULL, OPT_UID },
		{ "cgroup", required_argument, NULL, OPT_CGROUP },
		{ "ioas", required_argument, NULL, OPT_IOAS },
		{ "backend", required_argument, NULL, OPT_BACKEND },
		{ "op", required_argument, NULL, OPT_OP },
		{ "count", required_argument, NULL, 'c' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "state", required_argument, NULL, OPT_STATE },
		{ "stale", no_argument, NULL, OPT_STALE },
		{ "without", required_argument, NULL, OPT_WITHOUT },
		{ "ring", required_argument, NULL, OPT_RING },
		{ "areas", required_argument, NULL, OPT_AREAS },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};

	/* '+': the command's own options are not ours. */
	if (parse_options("trace", argc, argv, "+:r:jqc:vh", options, parse_one, o, status))
		return 1;
	*status = run_parse_command("trace", argc, argv, &o->run);
	if (*status == EXIT_FINE)
		*status = conflict(o);
	return *status != EXIT_FINE;
}
