// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope lookup: where an address, memory or its owner is mapped. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "live/log.h"
#include "view/lookup.h"

#define QUERIES_MAX 256

struct lookup_options {
	struct source source;
	struct lookup_query queries[QUERIES_MAX];
	size_t n;
	__u32 ioas;
	__u32 pid;
	bool json;
};

static const char help[] =
	"Usage: ioascope lookup [OPTION]... ADDR...\n"
	"       ioascope lookup [OPTION]... --va ADDR | --pages N | --owner PID | --uid N\n\n"
	"Tells which areas hold an address, and what it is on the other side: the memory\n"
	"behind an IOVA, the IOVAs of memory. Several questions may be asked at once. Exits\n"
	"with 1 if there is one to which nothing answers.\n\n"
	"  ADDR               an I/O virtual address (IOVA), as a device sees it\n"
	"      --va ADDR      an address of a process\n"
	"      --pages N      a pages object, by its number\n"
	"      --owner PID    all memory of a process\n"
	"      --uid N        all memory of a user\n"
	"      --ioas N       only in that I/O address space\n"
	"      --pid N        of --va: only in that process\n"
	"  -j, --json         JSON (docs/event-schema.md)\n" SOURCE_HELP
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope lookup 0xfee00000\n"
	"  ioascope lookup --va 0x7f0012345000 --pid $(pidof qemu-system-x86_64)\n"
	"  ioascope lookup -r boot.ioas --at -1 0x1000 0x2000 --ioas 3\n";

enum {
	OPT_VA = 256,
	OPT_PAGES,
	OPT_OWNER,
	OPT_UID,
	OPT_IOAS,
	OPT_PID
};

static int add_query(struct lookup_options *o, enum lookup_by by, const char *text, __u64 min,
		     __u64 max)
{
	__u64 v;
	int err = parse_number(text, false, min, max, &v);

	if (err)
		return err;
	if (o->n == QUERIES_MAX)
		return -E2BIG;
	o->queries[o->n++] = (struct lookup_query){ .by = by, .value = v };
	return 0;
}

static int parse_value(int c, struct lookup_options *o)
{
	__u64 v = 0;
	int err;

	switch (c) {
	case OPT_VA:
		return add_query(o, LOOKUP_VA, optarg, 0, ~0ULL);
	case OPT_PAGES:
		return add_query(o, LOOKUP_PAGES, optarg, 1, ~0U);
	case OPT_OWNER:
		return add_query(o, LOOKUP_PID, optarg, 1, ~0U);
	case OPT_UID:
		return add_query(o, LOOKUP_UID, optarg, 0, ~0U);
	case OPT_IOAS:
		err = parse_number(optarg, false, 1, ~0U, &v);
		o->ioas = v;
		return err;
	case OPT_PID:
		err = parse_number(optarg, false, 1, ~0U, &v);
		o->pid = v;
		return err;
	default:
		return source_option(&o->source, c, optarg);
	}
}

static int parse_one(int c, void *arg, int *status)
{
	struct lookup_options *o = arg;
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
	err = parse_value(c, o);
	if (!err)
		return 0;
	*status = err == -E2BIG ? usage_error("lookup", "more than %d questions", QUERIES_MAX)
				: usage_error("lookup", "bad value '%s'", optarg);
	return 1;
}

/* What is left on the line, and whether it goes together: 0 or the exit status (said). */
static int parse_rest(int argc, char **argv, struct lookup_options *o)
{
	bool by_va = false;

	for (; optind < argc; optind++) {
		int err = add_query(o, LOOKUP_IOVA, argv[optind], 0, ~0ULL);

		if (err == -E2BIG)
			return usage_error("lookup", "more than %d questions", QUERIES_MAX);
		if (err)
			return usage_error("lookup", "'%s' is no address", argv[optind]);
	}
	if (!o->n)
		return usage_error("lookup", "what to look for is missing");
	for (size_t i = 0; i < o->n; i++) {
		o->queries[i].ioas = o->ioas;
		o->queries[i].pid = o->pid;
		by_va |= o->queries[i].by == LOOKUP_VA;
	}
	if (o->pid && !by_va)
		return usage_error("lookup", "--pid goes with --va (see also --owner)");
	return source_check(&o->source, "lookup");
}

static int parse(int argc, char **argv, struct lookup_options *o, int *status)
{
	static const struct option options[] = { { "va", required_argument, NULL, OPT_VA },
						 { "pages", required_argument, NULL, OPT_PAGES },
						 { "owner", required_argument, NULL, OPT_OWNER },
						 { "uid", required_argument, NULL, OPT_UID },
						 { "ioas", required_argument, NULL, OPT_IOAS },
						 { "pid", required_argument, NULL, OPT_PID },
						 { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 SOURCE_OPTIONS,
						 {} };

	if (parse_options("lookup", argc, argv, ":jr:vh", options, parse_one, o, status))
		return 1;
	*status = parse_rest(argc, argv, o);
	o->source.numbered = o->ioas;
	return *status;
}

/* Something to which nothing answers is a failure, for scripts to see. */
static int tell_misses(const struct lookup_options *o, const size_t *hits, int status)
{
	char words[96];

	for (size_t i = 0; i < o->n; i++) {
		if (hits[i])
			continue;
		log_warn("nothing maps %s", lookup_words(words, sizeof(words), &o->queries[i]));
		status = EXIT_RUNTIME;
	}
	return status;
}

static int answer(const struct lookup_options *o, const struct state *s, int status)
{
	_cleanup_lookup_ struct lookup l = { .state = s };
	size_t hits[QUERIES_MAX] = {};
	int err;

	if (o->json)
		err = lookup_json(stdout, &l, o->queries, o->n, hits);
	else
		err = lookup_text(stdout, &l, o->queries, o->n, hits);
	if (!err && fflush(stdout))
		err = -errno;
	if (err)
		return exit_status(log_err(err, "writing"));
	source_warn_uncertain(s);
	return tell_misses(o, hits, status);
}

int cmd_lookup(int argc, char **argv)
{
	_cleanup_state_ struct state s = {};
	struct lookup_options o = {};
	int status = EXIT_FINE, err;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	err = source_take(&o.source, &s, NULL, &status);
	return err ? exit_status(err) : answer(&o, &s, status);
}
