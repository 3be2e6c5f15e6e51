// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope show: what devices can reach now. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "live/log.h"
#include "live/maps.h"
#include "live/snapshot.h"
#include "view/show.h"

enum source {
	SOURCE_AUTO,
	SOURCE_EVENTS,
	SOURCE_KERNEL
};

struct show_options {
	struct show_filter filter;
	enum source source;
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
	"      --from SOURCE  events: the state of a running trace\n"
	"                     kernel: walk the kernel's lists\n"
	"                     auto: the first if it is complete (default)\n"
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope show --pid $(pidof qemu-system-x86_64)\n"
	"  ioascope show --iova 0xfee00000\n"
	"  ioascope show --json | jq '.contexts[].ioases[].pinned_pages'\n";

static int parse_source(const char *s, enum source *out)
{
	static const char *const names[] = { "auto", "events", "kernel" };

	for (int i = 0; i < 3; i++) {
		if (!strcmp(s, names[i])) {
			*out = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* 0: go on; otherwise *status is the exit status. */
static int parse_one(int c, struct show_options *o, int *status)
{
	__u64 v = 0;
	int err = 0;

	switch (c) {
	case 'j':
		o->json = true;
		break;
	case 'i':
		err = parse_number(optarg, false, 1, ~0U, &v);
		o->filter.ioas = v;
		break;
	case 'p':
		err = parse_number(optarg, false, 1, ~0U, &v);
		o->filter.pid = v;
		break;
	case 'a':
		err = parse_number(optarg, false, 0, ~0ULL, &o->filter.iova);
		o->filter.has_iova = true;
		break;
	case 'f':
		err = parse_source(optarg, &o->source);
		break;
	case 'v':
		log_verbose(true);
		break;
	case 'h':
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	default:
		*status = usage_error("show", "bad option");
		return 1;
	}
	if (!err)
		return 0;
	*status = usage_error("show", "bad value '%s'", optarg);
	return 1;
}

static int parse(int argc, char **argv, struct show_options *o, int *status)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },	  { "ioas", required_argument, NULL, 'i' },
		{ "pid", required_argument, NULL, 'p' },  { "iova", required_argument, NULL, 'a' },
		{ "from", required_argument, NULL, 'f' }, { "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },	  {}
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":jvh", options, NULL)) != -1) {
		if (c == '?' || c == ':') {
			*status = option_error("show", c, argv);
			return 1;
		}
		if (parse_one(c, o, status))
			return 1;
	}
	if (optind < argc) {
		*status = usage_error("show", "unexpected argument '%s'", argv[optind]);
		return 1;
	}
	return 0;
}

static int take_events(struct state *s, bool must)
{
	_cleanup_maps_ struct maps m = MAPS_NONE;
	int err = maps_find(&m);

	if ((err == -ENOENT || err == -EPERM) && !must)
		return -ENOENT; /* the walk says what is missing */
	if (err == -ENOENT) {
		log_warn("no 'ioascope trace' is running");
		return err;
	}
	if (err == -EPROTO) {
		log_warn("the running trace is of another version of ioascope");
		return err;
	}
	if (err)
		return log_err(err, "looking for a running trace");
	err = maps_state(&m, s);
	return err ? log_err(err, "reading the state of process %u", m.pid) : 0;
}

static bool knows(const struct state *s, __u64 key)
{
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			const struct state_ioas *ioas = &s->ctxs[c].ioases[i];

			if (ioas->key == key && !ioas->adopted)
				return true;
		}
	}
	return false;
}

/* Does a trace know all that the kernel has? It does not know what is older. */
static bool complete(const struct state *events, const struct state *kernel)
{
	for (size_t c = 0; c < kernel->nctxs; c++) {
		for (size_t i = 0; i < kernel->ctxs[c].nioases; i++) {
			if (!knows(events, kernel->ctxs[c].ioases[i].key))
				return false;
		}
	}
	return true;
}

/* The walk goes first: what comes up after it the trace knows. */
static int take_best(struct state *s)
{
	_cleanup_state_ struct state events = {}, kernel = {};
	int err = snapshot_take(&kernel);
	bool use_events;

	if (err)
		return err;
	err = take_events(&events, false);
	use_events = !err && complete(&events, &kernel);
	if (!err && !use_events)
		log_warn("some containers are older than the running trace: "
			 "reading the kernel's lists");
	*s = use_events ? events : kernel;
	memset(use_events ? &events : &kernel, 0, sizeof(events));
	return 0;
}

static int take(const struct show_options *o, struct state *s)
{
	if (o->source == SOURCE_KERNEL)
		return snapshot_take(s);
	/* IOAS numbers are those of the trace, where there is one. */
	if (o->source == SOURCE_AUTO && !o->filter.ioas)
		return take_best(s);
	if (!take_events(s, o->source == SOURCE_EVENTS))
		return 0;
	return o->source == SOURCE_EVENTS ? -ENOENT : snapshot_take(s);
}

int cmd_show(int argc, char **argv)
{
	_cleanup_state_ struct state s = {};
	struct show_options o = {};
	int status = EXIT_FINE, err;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	err = take(&o, &s);
	if (err)
		return exit_status(err);
	if (o.json)
		show_json(stdout, &s, &o.filter, true);
	else
		err = show_text(stdout, &s, &o.filter);
	if (!err && fflush(stdout))
		err = -errno;
	return err ? exit_status(log_err(err, "writing")) : EXIT_FINE;
}
