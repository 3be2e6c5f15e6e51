// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope show: what devices can reach, now or at a moment of a recording. */
#include <errno.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "live/log.h"
#include "view/show.h"

struct show_options {
	struct show_filter filter;
	struct source source;
	bool json;
};

static const char help[] =
	"Usage: ioascope show [OPTION]...\n\n"
	"Prints each context and I/O address space: owner, areas, groups, charges.\n"
	"Reads the state that a running 'ioascope trace' keeps; without one, or where a\n"
	"container is older than it, walks the kernel's own lists and leaves nothing behind.\n\n"
	"  -j, --json         JSON (docs/event-schema.md)\n"
	"      --ioas N       only that I/O address space\n"
	"      --pid N        only contexts or areas of that process\n"
	"      --iova ADDR    only areas that hold this address\n"
	"      --merged       areas that continue each other in one row, with the number of\n"
	"                     requests that made it\n"
	"      --histogram    how many ranges of pages clients hold in how many areas\n" SOURCE_HELP
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope show --pid $(pidof qemu-system-x86_64)\n"
	"  ioascope show --iova 0xfee00000\n"
	"  ioascope show -r boot.ioas --at 12.5 --merged\n"
	"  ioascope show --json | jq '.contexts[].ioases[].pinned_pages'\n";

enum {
	OPT_IOAS = 256,
	OPT_PID,
	OPT_IOVA,
	OPT_MERGED,
	OPT_HISTOGRAM
};

static int parse_filter(int c, struct show_filter *f)
{
	__u64 v = 0;
	int err = 0;

	switch (c) {
	case OPT_IOAS:
		err = parse_number(optarg, false, 1, ~0U, &v);
		f->ioas = v;
		return err;
	case OPT_PID:
		err = parse_number(optarg, false, 1, ~0U, &v);
		f->pid = v;
		return err;
	case OPT_IOVA:
		f->has_iova = true;
		return parse_number(optarg, false, 0, ~0ULL, &f->iova);
	case OPT_MERGED:
		f->merged = true;
		return 0;
	case OPT_HISTOGRAM:
		f->histogram = true;
		return 0;
	default:
		return 1;
	}
}

/* 0: go on; otherwise *status is the exit status. */
static int parse_one(int c, void *arg, int *status)
{
	struct show_options *o = arg;
	int err;

	if (c == 'h') {
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	}
	if (c == 'j') {
		o->json = true;
		return 0;
	}
	err = parse_filter(c, &o->filter);
	if (err > 0)
		err = source_option(&o->source, c, optarg);
	if (!err)
		return 0;
	*status = usage_error("show", "bad value '%s'", optarg);
	return 1;
}

static int parse(int argc, char **argv, struct show_options *o, int *status)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "ioas", required_argument, NULL, OPT_IOAS },
						 { "pid", required_argument, NULL, OPT_PID },
						 { "iova", required_argument, NULL, OPT_IOVA },
						 { "merged", no_argument, NULL, OPT_MERGED },
						 { "histogram", no_argument, NULL, OPT_HISTOGRAM },
						 { "help", no_argument, NULL, 'h' },
						 SOURCE_OPTIONS,
						 {} };

	if (parse_options("show", argc, argv, ":jr:vh", options, parse_one, o, status))
		return 1;
	if (optind < argc)
		*status = usage_error("show", "unexpected argument '%s'", argv[optind]);
	else
		*status = source_check(&o->source, "show");
	o->source.numbered = o->filter.ioas;
	return *status;
}

int cmd_show(int argc, char **argv)
{
	_cleanup_state_ struct state s = {};
	struct show_options o = {};
	int status = EXIT_FINE, err;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	err = source_take(&o.source, &s, NULL, &status);
	if (err)
		return exit_status(err);
	if (!o.json && o.source.file && !s.nctxs)
		puts("no context was open");
	else if (o.json)
		show_json(stdout, &s, &o.filter, true);
	else
		err = show_text(stdout, &s, &o.filter);
	if (!err && fflush(stdout))
		err = -errno;
	return err ? exit_status(log_err(err, "writing")) : status;
}
