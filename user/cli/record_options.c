// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/record_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "live/log.h"

static const char help[] =
	"Usage: ioascope record -o FILE [OPTION]... [-- COMMAND [ARG]...]\n\n"
	"Writes all that happens to I/O address spaces to FILE, for trace, check, show and\n"
	"others to read, on any machine. Runs until interrupted, or while COMMAND runs, and\n"
	"exits with its status.\n\n"
	"  -o, --output FILE       the recording; what was there before is replaced\n"
	"      --rotate-size SIZE  begin a new file when this one is as large\n"
	"      --rotate-time AGE   or as old: a number with s, m, h or d (s if none)\n"
	"      --keep N            keep N finished files; without it, all\n"
	"      --ring SIZE         room for events not yet read (default 8M; a power of two)\n"
	"      --areas N           areas that can be kept at once (default 131072)\n"
	"      --stale             also watch what processes do to memory that is mapped\n"
	"      --without F         do without the kernel function F, as on a kernel that lacks it\n"
	"  -v, --verbose           also what libbpf says\n"
	"  -h, --help              this text\n\n"
	"Examples:\n"
	"  ioascope record -o boot.ioas -- qemu-system-x86_64 ...\n"
	"  ioascope record -o /var/log/ioas --rotate-size 64M --rotate-time 1h --keep 24\n"
	"  ioascope check -r boot.ioas\n";

/* "90", "90s", "15m", "1h", "7d" */
static int parse_time(const char *text, __u64 *ns)
{
	static const struct {
		char suffix;
		__u64 seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t len = strlen(text);
	__u64 v, unit = 1;
	char number[32];
	int err;

	if (!len || len >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, len + 1);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (number[len - 1] != units[i].suffix)
			continue;
		unit = units[i].seconds;
		number[len - 1] = '\0';
		break;
	}
	err = parse_number(number, false, 1, 100ULL * 365 * 86400 / unit, &v);
	if (!err)
		*ns = v * unit * 1000000000ULL;
	return err;
}

enum {
	OPT_ROTATE_SIZE = 256,
	OPT_ROTATE_TIME,
	OPT_KEEP,
	OPT_STALE,
	OPT_WITHOUT,
	OPT_RING,
	OPT_AREAS
};

static int parse_value(int c, struct record_options *o)
{
	__u64 v = 0;
	int err;

	switch (c) {
	case OPT_ROTATE_SIZE:
		err = parse_number(optarg, true, 1 << 16, ~0ULL, &v);
		o->recording.rotate_bytes = v;
		return err;
	case OPT_ROTATE_TIME:
		err = parse_time(optarg, &v);
		o->recording.rotate_ns = v;
		return err;
	case OPT_KEEP:
		err = parse_number(optarg, false, 1, 1000000, &v);
		o->recording.keep = v;
		return err;
	case OPT_RING:
		return run_parse_ring(optarg, &o->run);
	default:
		return run_parse_areas(optarg, &o->run);
	}
}

/* 0: go on; 1: *status is the exit status. */
static int parse_one(int c, void *arg, int *status)
{
	struct record_options *o = arg;
	int err = 0;

	if (c == 'o')
		o->path = optarg;
	else if (c == 'v')
		log_verbose(true);
	else if (c == OPT_STALE)
		o->run.instance.stale = true;
	else if (c == OPT_WITHOUT)
		o->run.instance.without = optarg;
	else if (c == 'h') {
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	} else
		err = parse_value(c, o);
	if (!err)
		return 0;
	*status = usage_error("record", "bad value '%s'", optarg);
	return 1;
}

int record_parse(int argc, char **argv, struct record_options *o, int *status)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "rotate-size", required_argument, NULL, OPT_ROTATE_SIZE },
		{ "rotate-time", required_argument, NULL, OPT_ROTATE_TIME },
		{ "keep", required_argument, NULL, OPT_KEEP },
		{ "stale", no_argument, NULL, OPT_STALE },
		{ "without", required_argument, NULL, OPT_WITHOUT },
		{ "ring", required_argument, NULL, OPT_RING },
		{ "areas", required_argument, NULL, OPT_AREAS },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};

	/* '+': the command's own options are not ours. */
	if (parse_options("record", argc, argv, "+:o:vh", options, parse_one, o, status))
		return 1;
	*status = run_parse_command("record", argc, argv, &o->run);
	if (*status != EXIT_FINE)
		return 1;
	if (!o->path)
		*status = usage_error("record", "-o FILE is missing");
	else if (o->recording.keep && !o->recording.rotate_bytes && !o->recording.rotate_ns)
		*status = usage_error("record", "--keep needs --rotate-size or --rotate-time");
	return *status != EXIT_FINE;
}
