// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/blame_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "core/history.h"
#include "live/log.h"

static const char help[] =
	"Usage: ioascope blame [OPTION]... ADDR...\n"
	"       ioascope blame [OPTION]... --va ADDR | --pfn N\n"
	"       ioascope blame --faults [OPTION]... [-- COMMAND [ARG]...]\n\n"
	"Tells why a device could not reach an address, or could: whether it is mapped, was\n"
	"mapped, by whom, and who has taken it away. Several may be asked about at once. Exits\n"
	"with 1 if nothing is known of one.\n\n"
	"  ADDR               an I/O virtual address (IOVA), as a device sees it\n"
	"      --faults       each address that an IOMMU refuses, as it happens, or in FILE\n"
	"      --va ADDR      an address of a process: where devices reach it, or did\n"
	"      --pfn N        a page frame, by its number: where devices reach it now\n"
	"      --pid N        of --va: only of that process\n"
	"      --ioas N       only that I/O address space\n"
	"      --device NAME  only that device, as Linux names it (0000:01:00.0)\n"
	"      --access A     what the device wants to do: r, w, rw (default: anything)\n"
	"      --stacks       of --faults, not with FILE: also where the map and the unmap were\n"
	"                     called from\n"
	"      --history N    mappings that are remembered when they are gone, of each I/O\n"
	"                     address space (default 65536)\n"
	"  -c, --count N      of --faults: stop after N of them\n"
	"      --ring SIZE    of --faults: room for events not yet read (default 8M; a power\n"
	"                     of two)\n"
	"      --areas N      of --faults: areas that can be kept at once (default 131072)\n"
	"  -j, --json         JSON (docs/event-schema.md)\n" SOURCE_HELP
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope blame --faults\n"
	"  ioascope blame --faults -r boot.ioas --device 0000:01:00.0\n"
	"  ioascope blame -r boot.ioas --at 12.5 0x7f402000\n"
	"  ioascope blame -r boot.ioas --va 0x7f0012345000 --pid 4242\n";

enum {
	OPT_FAULTS = 256,
	OPT_VA,
	OPT_PFN,
	OPT_PID,
	OPT_IOAS,
	OPT_DEVICE,
	OPT_ACCESS,
	OPT_HISTORY,
	OPT_STACKS,
	OPT_RING,
	OPT_AREAS,
};

static int parse_access(const char *text, __u32 *access)
{
	if (strcmp(text, "r") && strcmp(text, "w") && strcmp(text, "rw"))
		return -EINVAL;
	*access = (strchr(text, 'r') ? IOAS_FAULT_READ : 0) |
		  (strchr(text, 'w') ? IOAS_FAULT_WRITE : 0);
	return 0;
}

static int parse_u32(const char *text, __u32 *out)
{
	__u64 v;
	int err = parse_number(text, false, 1, ~0U, &v);

	if (!err)
		*out = (__u32)v;
	return err;
}

static int add(struct blame_options *o, enum blame_by by, const char *text)
{
	__u64 v;
	int err = parse_number(text, false, 0, ~0ULL, &v);

	if (err)
		return err;
	if (o->n == BLAME_ASKED_MAX)
		return -E2BIG;
	o->asked[o->n++] = (struct blame_asked){ .by = by, .value = v };
	return 0;
}

static bool asks(const struct blame_options *o, enum blame_by by)
{
	for (size_t i = 0; i < o->n; i++) {
		if (o->asked[i].by == by)
			return true;
	}
	return false;
}

static int parse_value(int c, struct blame_options *o)
{
	switch (c) {
	case OPT_VA:
		return add(o, BLAME_BY_VA, optarg);
	case OPT_PFN:
		return add(o, BLAME_BY_PFN, optarg);
	case OPT_PID:
		return parse_u32(optarg, &o->pid);
	case OPT_IOAS:
		return parse_u32(optarg, &o->ioas);
	case OPT_ACCESS:
		return parse_access(optarg, &o->access);
	case OPT_HISTORY:
		return parse_number(optarg, true, 1, 1ULL << 32, &o->history);
	case 'c':
		return parse_number(optarg, false, 1, ~0ULL, &o->count);
	case OPT_RING:
		return run_parse_ring(optarg, &o->run);
	case OPT_AREAS:
		return run_parse_areas(optarg, &o->run);
	default:
		return source_option(&o->source, c, optarg);
	}
}

/* 0: go on; 1: *status is the exit status. */
static int parse_one(int c, void *arg, int *status)
{
	struct blame_options *o = arg;
	int err = 0;

	if (c == 'h') {
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	}
	if (c == 'j')
		o->json = true;
	else if (c == OPT_FAULTS)
		o->faults = true;
	else if (c == OPT_STACKS)
		o->run.instance.stacks = true;
	else if (c == OPT_DEVICE)
		o->device = optarg;
	else
		err = parse_value(c, o);
	if (!err)
		return 0;
	*status = err == -E2BIG ? usage_error("blame", "more than %d addresses", BLAME_ASKED_MAX)
				: usage_error("blame", "bad value '%s'", optarg);
	return 1;
}

static int parse_addresses(int argc, char **argv, struct blame_options *o)
{
	for (; optind < argc; optind++) {
		int err = add(o, BLAME_BY_IOVA, argv[optind]);

		if (err == -E2BIG)
			return usage_error("blame", "more than %d addresses", BLAME_ASKED_MAX);
		if (err)
			return usage_error("blame", "'%s' is no address", argv[optind]);
	}
	if (!o->n)
		return usage_error("blame", "an address is missing, or --faults");
	if (o->pid && !asks(o, BLAME_BY_VA))
		return usage_error("blame", "--pid goes with --va");
	if ((o->device || o->access) && !asks(o, BLAME_BY_IOVA))
		return usage_error("blame", "--device and --access go with an IOVA");
	if (o->source.file && asks(o, BLAME_BY_PFN))
		return usage_error("blame", "a recording does not know page frames");
	if (o->count || o->run.instance.stacks || run_check_read("blame", &o->run))
		return usage_error("blame", "--count, --stacks, --ring, --areas go with --faults");
	return source_check(&o->source, "blame");
}

static int parse_faults(int argc, char **argv, struct blame_options *o)
{
	if (o->n || o->pid || o->access)
		return usage_error("blame", "--faults goes with no --va, --pfn, --pid, --access");
	if (o->source.live_set)
		return usage_error("blame", "--faults goes with no --from");
	if (run_parse_command("blame", argc, argv, &o->run))
		return EXIT_USAGE;
	if (o->source.file && o->run.instance.stacks)
		return usage_error("blame", "a recording has no --stacks");
	if (o->source.file && run_check_read("blame", &o->run))
		return EXIT_USAGE;
	return source_check(&o->source, "blame");
}

int blame_parse(int argc, char **argv, struct blame_options *o, int *status)
{
	static const struct option options[] = { { "faults", no_argument, NULL, OPT_FAULTS },
						 { "va", required_argument, NULL, OPT_VA },
						 { "pfn", required_argument, NULL, OPT_PFN },
						 { "pid", required_argument, NULL, OPT_PID },
						 { "ioas", required_argument, NULL, OPT_IOAS },
						 { "device", required_argument, NULL, OPT_DEVICE },
						 { "access", required_argument, NULL, OPT_ACCESS },
						 { "stacks", no_argument, NULL, OPT_STACKS },
						 { "history", required_argument, NULL,
						   OPT_HISTORY },
						 { "count", required_argument, NULL, 'c' },
						 { "ring", required_argument, NULL, OPT_RING },
						 { "areas", required_argument, NULL, OPT_AREAS },
						 { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 SOURCE_OPTIONS,
						 {} };

	/* What follows "--" is a command only for --faults: addresses do not look like options. */
	if (parse_options("blame", argc, argv, ":jc:r:vh", options, parse_one, o, status))
		return 1;
	*status = o->faults ? parse_faults(argc, argv, o) : parse_addresses(argc, argv, o);
	o->source.numbered = o->ioas;
	return *status != EXIT_FINE;
}
