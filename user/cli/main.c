// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const struct command commands[] = {
	{ "trace", "print each operation on an I/O address space as it happens", cmd_trace },
	{ "record", "write all that happens to a file", cmd_record },
	{ "check", "tell what breaks the rules, now or in a recording", cmd_check },
	{ "show", "print what devices can reach, now or in a recording", cmd_show },
	{ "lookup", "tell where an address or memory is mapped", cmd_lookup },
	{ "blame", "tell why a device could not reach an address", cmd_blame },
	{ "holes", "tell what is not mapped, or mapped and not pinned", cmd_holes },
	{ "aliases", "tell which memory is mapped and charged more than once", cmd_aliases },
	{ "diff", "compare two I/O address spaces, moments or recordings", cmd_diff },
	{ "users", "print who has locked how much memory, and what limits leave", cmd_users },
	{ "predict", "tell whether a device could be attached, and what forbids it", cmd_predict },
	{ "policy", "check, apply and watch limits on pinned memory", cmd_policy },
	{ "features", "print what this kernel offers to trace", cmd_features },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *out)
{
	fprintf(out,
		"Usage: ioascope COMMAND [OPTION]...\n\n"
		"Shows which memory devices behind an IOMMU can reach, and who gave it to them.\n\n"
		"Commands:\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\nOptions:\n"
		     "  -h, --help     this text; 'ioascope COMMAND --help' for one command\n"
		     "  -V, --version  the version\n\n"
		     "Examples:\n"
		     "  ioascope show                    what is mapped now\n"
		     "  ioascope trace -- qemu-system-x86_64 ...\n"
		     "                                   what a program maps while it runs\n"
		     "  ioascope check -- ./my-driver-test\n"
		     "                                   whether all went by the rules\n\n"
		     "Exit status: 0 fine, 1 failure or missing privilege, 2 usage, 3 this kernel\n"
		     "cannot, 4 violation found.\n");
}

int usage_error(const char *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "ioascope %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "; see 'ioascope %s --help'\n", command);
	return EXIT_USAGE;
}

int option_error(const char *command, int c, char **argv)
{
	const char *what = c == ':' ? "needs a value" : "is unknown";

	/* A long option that is unknown leaves no letter behind. */
	if (optopt > 0 && optopt < 256 && strncmp(argv[optind - 1], "--", 2))
		return usage_error(command, "option '-%c' %s", optopt, what);
	return usage_error(command, "option '%s' %s", argv[optind - 1], what);
}

int parse_options(const char *command, int argc, char **argv, const char *letters,
		  const struct option *options, int (*one)(int c, void *arg, int *status),
		  void *arg, int *status)
{
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (c == '?' || c == ':') {
			*status = option_error(command, c, argv);
			return 1;
		}
		if (one(c, arg, status))
			return 1;
	}
	return 0;
}

int exit_status(int err)
{
	if (!err)
		return EXIT_FINE;
	return err == -EOPNOTSUPP ? EXIT_KERNEL : EXIT_RUNTIME;
}

static __u64 unit_of(const char *s)
{
	static const char suffixes[] = "KMGT";
	const char *p = *s && !s[1] ? strchr(suffixes, *s) : NULL;

	return p ? 1ULL << (10 * (p - suffixes + 1)) : 0;
}

int parse_number(const char *text, bool units, __u64 min, __u64 max, __u64 *out)
{
	__u64 v, unit = 1;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	if (errno == ERANGE)
		return -ERANGE;
	if (*end)
		unit = units ? unit_of(end) : 0;
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(v, unit, &v) || v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	/* A closed pipe is an error of write(), not a reason to die half-way. */
	signal(SIGPIPE, SIG_IGN);
	if (!name) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(name, "-h") || !strcmp(name, "--help") || !strcmp(name, "help")) {
		print_usage(stdout);
		return EXIT_FINE;
	}
	if (!strcmp(name, "-V") || !strcmp(name, "--version")) {
		printf("ioascope " IOASCOPE_VERSION "\n");
		return EXIT_FINE;
	}
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "ioascope: unknown command '%s'; see 'ioascope --help'\n", name);
	return EXIT_USAGE;
}
