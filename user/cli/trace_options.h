/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of 'ioascope trace'. */
#ifndef IOASCOPE_CLI_TRACE_OPTIONS_H
#define IOASCOPE_CLI_TRACE_OPTIONS_H

#include <stdbool.h>

#include "cli/run.h"

struct trace_options {
	struct run_options run;
	bool json;
	bool changes;
	bool quiet;
	__u32 pid;
	__s64 uid; /* -1: all */
	__u64 cgroup;
	__u32 ioas;
	__u32 backend;
	__u64 ops; /* bits of enum ioas_op; 0: all */
	__u64 count; /* 0: no end */
	const char *state; /* file for the state at the end */
	const char *read; /* a recording; NULL: live */
};

/* 0: go on; 1: *status is the exit status. */
int trace_parse(int argc, char **argv, struct trace_options *o, int *status);

#endif
