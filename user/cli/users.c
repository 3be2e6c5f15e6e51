// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope users: who has locked and pinned how much memory, and what limits hold. */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/run.h"
#include "cli/source.h"
#include "live/log.h"
#include "live/usage.h"
#include "view/usage.h"

#define WATCH_MAX 86400

struct users_options {
	struct usage_view view;
	struct source source;
	__u64 watch; /* seconds; 0: once */
	bool json;
};

static const char help[] =
	"Usage: ioascope users [OPTION]...\n\n"
	"Prints how much memory each user has locked, by the kernel's own counters: that of the\n"
	"user (user_struct.locked_vm, which stands in no file; iommufd and io_uring charge it),\n"
	"and those of its processes (VmLck, which type1 charges, and VmPin); how much of it I/O\n"
	"address spaces have charged; and what RLIMIT_MEMLOCK leaves.\n\n"
	"      --by WHAT      user (default), process, or cgroup\n"
	"      --all          also who has nothing locked\n"
	"      --watch N      again every N seconds, until interrupted\n"
	"      --from SOURCE  where charges of IOASes come from: events: a running trace;\n"
	"                     kernel: walk the kernel's lists; auto: the best (default)\n"
	"  -j, --json         JSON (docs/event-schema.md); with --watch a document each time\n"
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope users\n"
	"  ioascope users --by process --watch 5\n"
	"  ioascope users --json | jq '.users[] | select(.uid == 107)'\n";

enum {
	OPT_BY = 256,
	OPT_ALL,
	OPT_WATCH,
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static int parse_by(const char *value, enum usage_by *out)
{
	static const char *const names[] = { "user", "process", "cgroup" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			*out = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* 0: go on; otherwise *status is the exit status. */
static int parse_one(int c, void *arg, int *status)
{
	struct users_options *o = arg;
	int err = 0;

	if (c == 'h') {
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	}
	if (c == 'j')
		o->json = true;
	else if (c == OPT_ALL)
		o->view.all = true;
	else if (c == OPT_BY)
		err = parse_by(optarg, &o->view.by);
	else if (c == OPT_WATCH)
		err = parse_number(optarg, false, 1, WATCH_MAX, &o->watch);
	else
		err = source_option(&o->source, c, optarg);
	if (!err)
		return 0;
	*status = usage_error("users", "bad value '%s'", optarg);
	return 1;
}

static int parse(int argc, char **argv, struct users_options *o, int *status)
{
	static const struct option options[] = { { "by", required_argument, NULL, OPT_BY },
						 { "all", no_argument, NULL, OPT_ALL },
						 { "watch", required_argument, NULL, OPT_WATCH },
						 { "from", required_argument, NULL,
						   SOURCE_OPT_FROM },
						 { "json", no_argument, NULL, 'j' },
						 { "verbose", no_argument, NULL, 'v' },
						 { "help", no_argument, NULL, 'h' },
						 {} };

	if (parse_options("users", argc, argv, ":jvh", options, parse_one, o, status))
		return 1;
	if (optind < argc)
		*status = usage_error("users", "unexpected argument '%s'", argv[optind]);
	return *status;
}

static const char *user_name(uint32_t uid)
{
	struct passwd *pw = getpwuid(uid);

	return pw ? pw->pw_name : NULL;
}

static int print_once(const struct users_options *o)
{
	_cleanup_state_ struct state s = {};
	_cleanup_usage_ struct usage u = {};
	int status = EXIT_FINE, err;

	err = source_take(&o->source, &s, NULL, &status);
	if (!err)
		err = usage_take(&s, &u);
	if (err)
		return err;
	if (o->watch && isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	if (o->json)
		usage_json(stdout, &u, &o->view);
	else
		err = usage_text(stdout, &u, &o->view);
	return err ? log_err(err, "writing") : run_check_output();
}

/* Until a signal, or until nobody reads any more. */
static int watch(const struct users_options *o)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int err = 0;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	while (!err && !stop) {
		struct timespec rest = { .tv_sec = o->watch };

		err = print_once(o);
		if (!err && !stop)
			nanosleep(&rest, NULL);
	}
	return err;
}

int cmd_users(int argc, char **argv)
{
	struct users_options o = { .view.name = user_name };
	int status = EXIT_FINE;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	return exit_status(o.watch ? watch(&o) : print_once(&o));
}
