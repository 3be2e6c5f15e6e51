/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of 'ioascope check'. */
#ifndef IOASCOPE_CLI_CHECK_OPTIONS_H
#define IOASCOPE_CLI_CHECK_OPTIONS_H

#include "cli/run.h"
#include "core/rules.h"
#include "view/report.h"

struct checking_options {
	struct run_options run;
	enum report_format format;
	struct rule_policy policy; /* of the file, with --rule and --allow-uncertain */
	const char *read; /* a recording; NULL: live */
	const char *output; /* NULL: standard output */
	bool quiet;
	__u64 max; /* violations told of one rule; 0: all */
	bool list; /* only the table of rules */
};

/* 0: go on; 1: *status is the exit status. */
int checking_parse(int argc, char **argv, struct checking_options *o, int *status);

#endif
