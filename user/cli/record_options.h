/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of 'ioascope record'. */
#ifndef IOASCOPE_CLI_RECORD_OPTIONS_H
#define IOASCOPE_CLI_RECORD_OPTIONS_H

#include "cli/run.h"
#include "core/recording.h"

struct record_options {
	struct run_options run;
	struct recording_options recording;
	const char *path;
};

/* 0: go on; 1: *status is the exit status. */
int record_parse(int argc, char **argv, struct record_options *o, int *status);

#endif
