/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command after "--": run while something is traced. */
#ifndef IOASCOPE_CLI_CHILD_H
#define IOASCOPE_CLI_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid; /* 0: none */
	bool ended;
	int status; /* as a shell would say it: 128 + N when killed by signal N */
};

#define CHILD_NONE                                                                                 \
	{                                                                                          \
		.pid = 0                                                                           \
	}

/* Whether argv[0], looked up in PATH, is there to be run: 0, or -errno (said). */
int child_check(char **argv);
/* Starts argv[0], looked up in PATH; @c is for the other calls only if it succeeds. -errno if it
 * cannot be run, which is said. */
int child_start(struct child *c, char **argv);
/* True once it has ended. */
bool child_ended(struct child *c);
/*
 * Waits for its end and returns its exit status. A SIGTERM or SIGINT that shows in
 * *stop meanwhile is passed on to it.
 */
int child_wait(struct child *c, const volatile sig_atomic_t *stop);
void child_kill(struct child *c, int sig);

#endif
