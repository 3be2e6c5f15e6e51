// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope diff: two I/O address spaces, two moments of a recording, or two recordings. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "live/log.h"
#include "view/diff.h"

struct diff_options {
	struct source a;
	struct source b;
	const char *files[2];
	const char *times[2];
	__u32 ioases[2];
	size_t nfiles;
	size_t ntimes;
	size_t nioases;
	bool layout;
	bool exit_code;
	bool json;
};

/* What the two sides are made of. */
struct sides {
	struct state a;
	struct state b; /* not in use if .one */
	bool one; /* both sides are of .a */
	__u64 start_a;
	__u64 start_b;
	struct diff_pair *pairs;
	size_t npairs;
};

static const char help[] =
	"Usage: ioascope diff [OPTION]... --ioas N --ioas M\n"
	"       ioascope diff [OPTION]... -r FILE --at TIME --at TIME [--ioas N]\n"
	"       ioascope diff [OPTION]... -r FILE -r FILE [--ioas N --ioas M]\n\n"
	"Prints what differs between two I/O address spaces, two moments of a recording, or two\n"
	"recordings: areas by IOVA and memory, ranges, charges. Lines that begin with '-' are\n"
	"of the first, with '+' of the second.\n\n"
	"      --ioas N       an I/O address space; twice: one of each side\n"
	"      --layout       compare addresses and protection only, not what is behind them\n"
	"      --exit-code    exit with 4 if something differs\n"
	"  -j, --json         JSON (docs/event-schema.md)\n" SOURCE_HELP
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope diff --ioas 3 --ioas 5\n"
	"  ioascope diff -r boot.ioas --at 12.5 --at -1\n"
	"  ioascope diff -r before.ioas -r after.ioas --layout --exit-code\n";

enum {
	OPT_IOAS = 256,
	OPT_LAYOUT,
	OPT_EXIT_CODE
};

/* -E2BIG: the option was given twice already. */
static int parse_twice(int c, struct diff_options *o)
{
	__u64 v;
	int err;

	if (c == OPT_IOAS) {
		err = o->nioases == 2 ? -E2BIG : parse_number(optarg, false, 1, ~0U, &v);
		if (!err)
			o->ioases[o->nioases++] = v;
		return err;
	}
	err = source_option(&o->a, c, optarg);
	if (err)
		return err;
	if (c == 'r' && o->nfiles == 2)
		return -E2BIG;
	if (c == SOURCE_OPT_AT && o->ntimes == 2)
		return -E2BIG;
	if (c == 'r')
		o->files[o->nfiles++] = optarg;
	if (c == SOURCE_OPT_AT)
		o->times[o->ntimes++] = optarg;
	return 0;
}

/* 0: go on; otherwise *status is the exit status. */
static int parse_one(int c, void *arg, int *status)
{
	struct diff_options *o = arg;
	int err;

	switch (c) {
	case 'j':
		o->json = true;
		return 0;
	case OPT_LAYOUT:
		o->layout = true;
		return 0;
	case OPT_EXIT_CODE:
		o->exit_code = true;
		return 0;
	case 'h':
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	}
	err = parse_twice(c, o);
	if (!err)
		return 0;
	*status = err == -E2BIG ? usage_error("diff", "there are two sides, not three")
				: usage_error("diff", "bad value '%s'", optarg);
	return 1;
}

/* Which two sides these are: 0, or the exit status (said). */
static int make_sides(struct diff_options *o)
{
	bool two_states = o->nfiles == 2 || o->ntimes == 2;

	if (o->nfiles == 2 && o->ntimes == 1)
		return usage_error("diff", "of two recordings, --at is for both or none");
	if (!two_states && o->nioases < 2)
		return usage_error("diff", "two sides are needed: --ioas, --at or --read twice");
	if (o->nfiles == 2 && o->nioases == 1)
		return usage_error("diff", "two recordings number their IOASes each for itself: "
					   "--ioas is for both or none");
	o->a.file = o->files[0];
	o->a.at = o->times[0];
	o->a.numbered = true;
	if (source_check(&o->a, "diff"))
		return EXIT_USAGE;
	o->b = o->a;
	if (o->nfiles == 2)
		o->b.file = o->files[1];
	if (o->ntimes == 2)
		o->b.at = o->times[1];
	if (o->nioases == 1)
		o->ioases[1] = o->ioases[0];
	return 0;
}

static int parse(int argc, char **argv, struct diff_options *o, int *status)
{
	static const struct option options[] = { { "ioas", required_argument, NULL, OPT_IOAS },
						 { "layout", no_argument, NULL, OPT_LAYOUT },
						 { "exit-code", no_argument, NULL, OPT_EXIT_CODE },
						 { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 SOURCE_OPTIONS,
						 {} };

	if (parse_options("diff", argc, argv, ":jr:vh", options, parse_one, o, status))
		return 1;
	if (optind < argc)
		*status = usage_error("diff", "unexpected argument '%s'", argv[optind]);
	else
		*status = make_sides(o);
	return *status;
}

static struct diff_side side_of(const struct state *s, __u32 ioas)
{
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			if (s->ctxs[c].ioases[i].id == ioas)
				return (struct diff_side){ &s->ctxs[c], &s->ctxs[c].ioases[i] };
		}
	}
	return (struct diff_side){};
}

/* One pair that was asked for. An IOAS may be absent on one side of two moments. */
static int pair_of(const struct diff_options *o, struct sides *s)
{
	const struct state *b = s->one ? &s->a : &s->b;
	bool moments = o->nioases == 1;

	s->pairs = calloc(1, sizeof(*s->pairs));
	if (!s->pairs)
		return log_err(-ENOMEM, "comparing");
	s->npairs = 1;
	s->pairs->a = side_of(&s->a, o->ioases[0]);
	s->pairs->b = side_of(b, o->ioases[1]);
	if (!s->pairs->a.ioas && (!moments || !s->pairs->b.ioas)) {
		log_warn("there is no IOAS %u", o->ioases[0]);
		return -ENOENT;
	}
	if (!s->pairs->b.ioas && !moments) {
		log_warn("there is no IOAS %u", o->ioases[1]);
		return -ENOENT;
	}
	return 0;
}

static int take_sides(const struct diff_options *o, struct sides *s, int *status)
{
	bool same_ids = o->nfiles < 2;
	int err;

	s->one = o->nfiles < 2 && o->ntimes < 2;
	err = source_take(&o->a, &s->a, &s->start_a, status);
	if (!err && !s->one)
		err = source_take(&o->b, &s->b, &s->start_b, status);
	if (err)
		return err;
	if (o->nioases)
		return pair_of(o, s);
	err = diff_pairs(&s->a, &s->b, same_ids, &s->pairs, &s->npairs);
	return err ? log_err(err, "comparing") : 0;
}

static void free_sides(struct sides *s)
{
	free(s->pairs);
	state_clear(&s->a);
	state_clear(&s->b);
}

static int print(const struct diff_options *o, const struct sides *s, int status)
{
	struct diff_view v = {
		.a = { &s->a, o->a.file, s->start_a },
		.b = { s->one ? &s->a : &s->b, o->b.file, s->one ? s->start_a : s->start_b },
		.pairs = s->pairs,
		.npairs = s->npairs,
		.what = o->layout ? DIFF_PROT : DIFF_ALL,
		.same_ids = o->nfiles < 2,
	};
	bool equal = o->json ? diff_json(stdout, &v) : diff_text(stdout, &v);

	if (fflush(stdout))
		return exit_status(log_err(-errno, "writing"));
	source_warn_uncertain(&s->a);
	if (!s->one)
		source_warn_uncertain(&s->b);
	return status == EXIT_FINE && o->exit_code && !equal ? EXIT_VIOLATION : status;
}

int cmd_diff(int argc, char **argv)
{
	struct sides s __attribute__((cleanup(free_sides))) = {};
	struct diff_options o = {};
	int status = EXIT_FINE, err;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	err = take_sides(&o, &s, &status);
	return err ? exit_status(err) : print(&o, &s, status);
}
