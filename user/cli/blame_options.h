/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of 'ioascope blame'. */
#ifndef IOASCOPE_CLI_BLAME_OPTIONS_H
#define IOASCOPE_CLI_BLAME_OPTIONS_H

#include "cli/run.h"
#include "cli/source.h"

#define BLAME_ASKED_MAX 256

enum blame_by {
	BLAME_BY_IOVA,
	BLAME_BY_VA, /* of a process */
	BLAME_BY_PFN, /* the number of a page frame */
};

struct blame_asked {
	enum blame_by by;
	__u64 value;
};

struct blame_options {
	struct run_options run; /* --faults, live */
	struct source source;
	bool faults;
	bool json;
	struct blame_asked asked[BLAME_ASKED_MAX];
	size_t n;
	__u32 pid; /* VA: only of that process; 0: of all */
	__u32 ioas; /* 0: all */
	const char *device; /* as Linux names it; NULL: all */
	__u32 access; /* IOAS_FAULT_*; 0: any */
	__u64 history; /* mappings of an IOAS that are kept after they went */
	__u64 count; /* faults after which it is enough; 0: no end */
};

/* 0: go on; 1: *status is the exit status. */
int blame_parse(int argc, char **argv, struct blame_options *o, int *status);

#endif
