/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands share: their table, exit statuses, option parsing. */
#ifndef IOASCOPE_CLI_H
#define IOASCOPE_CLI_H

#include <getopt.h>
#include <linux/types.h>
#include <stdbool.h>

#define IOASCOPE_VERSION "0.1"

enum exit_status {
	EXIT_FINE = 0,
	EXIT_RUNTIME = 1, /* a failure while running, or missing privilege */
	EXIT_USAGE = 2,
	EXIT_KERNEL = 3, /* this kernel cannot */
	EXIT_VIOLATION = 4,
};

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

int cmd_trace(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_lookup(int argc, char **argv);
int cmd_blame(int argc, char **argv);
int cmd_holes(int argc, char **argv);
int cmd_aliases(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_users(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_features(int argc, char **argv);

/* "ioascope COMMAND: MESSAGE", "Try ..."; returns EXIT_USAGE. */
int usage_error(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * What getopt_long() found wrong: @c is its '?' or ':' (with a leading ':' in its
 * options). Returns EXIT_USAGE.
 */
int option_error(const char *command, int c, char **argv);

/*
 * Hands each option of the command to @one, with its letter or value of @options
 * (getopt_long(); @letters begin with ':'). What is no option is left in optind. 0; or 1,
 * also if @one returned that, with *status the exit status.
 */
int parse_options(const char *command, int argc, char **argv, const char *letters,
		  const struct option *options, int (*one)(int c, void *arg, int *status),
		  void *arg, int *status);

/* The exit status for a negative errno. */
int exit_status(int err);

/*
 * Parses a whole number, decimal or with 0x, and with K, M, G or T as a suffix if
 * @units. -EINVAL: not a number, -ERANGE: not in @min..@max; *out untouched.
 */
int parse_number(const char *text, bool units, __u64 min, __u64 max, __u64 *out);

#endif
