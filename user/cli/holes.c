// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope holes: what is not mapped, or mapped and not pinned. */
#include <errno.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "live/log.h"
#include "view/holes.h"

struct holes_options {
	struct source source;
	__u32 ioas;
	bool valid;
	bool json;
};

static const char help[] =
	"Usage: ioascope holes [OPTION]...\n\n"
	"Prints for each I/O address space what lies between its areas, what is mapped and\n"
	"not pinned, and which reserved or allowed ranges nothing is mapped in.\n\n"
	"      --ioas N       only that I/O address space\n"
	"      --valid        also where areas may be and none is\n"
	"  -j, --json         JSON (docs/event-schema.md)\n" SOURCE_HELP
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope holes --ioas 3\n"
	"  ioascope holes -r boot.ioas --at 12.5 --valid\n"
	"  ioascope holes --json | jq '.ioases[].totals.unpinned.bytes'\n";

enum {
	OPT_IOAS = 256,
	OPT_VALID
};

/* 0: go on; otherwise *status is the exit status. */
static int parse_one(int c, void *arg, int *status)
{
	struct holes_options *o = arg;
	__u64 v = 0;
	int err = 0;

	switch (c) {
	case OPT_IOAS:
		err = parse_number(optarg, false, 1, ~0U, &v);
		o->ioas = v;
		break;
	case OPT_VALID:
		o->valid = true;
		break;
	case 'j':
		o->json = true;
		break;
	case 'h':
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	default:
		err = source_option(&o->source, c, optarg);
	}
	if (!err)
		return 0;
	*status = usage_error("holes", "bad value '%s'", optarg);
	return 1;
}

static int parse(int argc, char **argv, struct holes_options *o, int *status)
{
	static const struct option options[] = { { "ioas", required_argument, NULL, OPT_IOAS },
						 { "valid", no_argument, NULL, OPT_VALID },
						 { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 SOURCE_OPTIONS,
						 {} };

	if (parse_options("holes", argc, argv, ":jr:vh", options, parse_one, o, status))
		return 1;
	if (optind < argc)
		*status = usage_error("holes", "unexpected argument '%s'", argv[optind]);
	else
		*status = source_check(&o->source, "holes");
	o->source.numbered = o->ioas;
	return *status;
}

static int print(const struct holes_options *o, const struct state *s, int status)
{
	unsigned int kinds = HOLE_BIT(HOLE_GAP) | HOLE_BIT(HOLE_UNPINNED) |
			     HOLE_BIT(HOLE_RESERVED) | HOLE_BIT(HOLE_ALLOWED);
	int n;

	if (o->valid)
		kinds |= HOLE_BIT(HOLE_VALID);
	n = o->json ? holes_json(stdout, s, o->ioas, kinds) : holes_text(stdout, s, o->ioas, kinds);
	if (n >= 0 && fflush(stdout))
		n = -errno;
	if (n < 0)
		return exit_status(log_err(n, "writing"));
	source_warn_uncertain(s);
	if (n)
		return status;
	if (o->ioas) {
		log_warn("there is no IOAS %u", o->ioas);
		return EXIT_RUNTIME;
	}
	if (!o->json)
		printf("no I/O address space is there\n");
	return status;
}

int cmd_holes(int argc, char **argv)
{
	_cleanup_state_ struct state s = {};
	struct holes_options o = {};
	int status = EXIT_FINE, err;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	err = source_take(&o.source, &s, NULL, &status);
	return err ? exit_status(err) : print(&o, &s, status);
}
