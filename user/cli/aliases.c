// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope aliases: memory that is mapped, pinned and charged more than once. */
#include <errno.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "live/log.h"
#include "view/aliases.h"

struct aliases_options {
	struct source source;
	bool shared;
	bool json;
};

static const char help[] =
	"Usage: ioascope aliases [OPTION]...\n\n"
	"Prints which memory of a process is mapped more than once as if it were new, how much\n"
	"of it is charged again, and what a copy (IOMMU_IOAS_COPY) would save. Memory is the\n"
	"same if it has the same addresses in the same process.\n\n"
	"      --shared       also pages objects that several areas share: charged once\n"
	"  -j, --json         JSON (docs/event-schema.md)\n" SOURCE_HELP
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope aliases\n"
	"  ioascope aliases -r boot.ioas --shared\n"
	"  ioascope aliases --json | jq .totals.charged_again_max\n";

enum {
	OPT_SHARED = 256
};

/* 0: go on; otherwise *status is the exit status. */
static int parse_one(int c, void *arg, int *status)
{
	struct aliases_options *o = arg;
	switch (c) {
	case OPT_SHARED:
		o->shared = true;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 'h':
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	}
	if (!source_option(&o->source, c, optarg))
		return 0;
	*status = usage_error("aliases", "bad value '%s'", optarg);
	return 1;
}

static int parse(int argc, char **argv, struct aliases_options *o, int *status)
{
	static const struct option options[] = { { "shared", no_argument, NULL, OPT_SHARED },
						 { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 SOURCE_OPTIONS,
						 {} };

	if (parse_options("aliases", argc, argv, ":jr:vh", options, parse_one, o, status))
		return 1;
	if (optind < argc)
		*status = usage_error("aliases", "unexpected argument '%s'", argv[optind]);
	else
		*status = source_check(&o->source, "aliases");
	return *status;
}

int cmd_aliases(int argc, char **argv)
{
	_cleanup_state_ struct state s = {};
	struct aliases_options o = {};
	int status = EXIT_FINE, err;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	err = source_take(&o.source, &s, NULL, &status);
	if (err)
		return exit_status(err);
	err = o.json ? aliases_json(stdout, &s, o.shared) : aliases_text(stdout, &s, o.shared);
	if (!err && fflush(stdout))
		err = -errno;
	if (err)
		return exit_status(log_err(err, "writing"));
	source_warn_uncertain(&s);
	return status;
}
