// SPDX-License-Identifier: GPL-2.0-or-later
/* What the options of every live run have in common. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/run.h"

int run_parse_ring(const char *text, struct run_options *o)
{
	__u64 v;
	int err = parse_number(text, true, 4096, 1ULL << 31, &v);

	if (err)
		return err;
	if (v & (v - 1))
		return -EINVAL;
	o->instance.ring_bytes = v;
	return 0;
}

int run_parse_areas(const char *text, struct run_options *o)
{
	__u64 v;
	int err = parse_number(text, true, 1, 1 << 24, &v);

	if (!err)
		o->instance.slots = v;
	return err;
}

int run_parse_command(const char *name, int argc, char **argv, struct run_options *o)
{
	if (optind < argc && strcmp(argv[optind - 1], "--"))
		return usage_error(name, "unexpected argument '%s'; a command follows '--'",
				   argv[optind]);
	o->command = optind < argc ? argv + optind : NULL;
	return EXIT_FINE;
}

int run_check_read(const char *name, const struct run_options *o)
{
	static const struct run_options live = { .instance = INSTANCE_DEFAULTS };

	if (o->command || o->instance.without || o->instance.stale ||
	    o->instance.ring_bytes != live.instance.ring_bytes ||
	    o->instance.slots != live.instance.slots)
		return usage_error(
			name, "--read goes with no command, --ring, --areas, --stale, --without");
	return EXIT_FINE;
}
