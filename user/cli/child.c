// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/log.h"

static void run_command(char **argv, int report)
{
	int err;

	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	err = errno;
	if (write(report, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

/* The pipe closes when the command runs, and tells why when it cannot. */
int child_start(struct child *c, char **argv)
{
	int fds[2], err = 0;
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC))
		return log_err(-errno, "pipe");
	c->pid = fork();
	if (!c->pid)
		run_command(argv, fds[1]);
	close(fds[1]);
	if (c->pid < 0) {
		err = errno;
		c->pid = 0;
	} else {
		do
			n = read(fds[0], &err, sizeof(err));
		while (n < 0 && errno == EINTR);
		if (n > 0) {
			waitpid(c->pid, NULL, 0);
			c->pid = 0;
		}
	}
	close(fds[0]);
	return err ? log_err(-err, "cannot run %s", argv[0]) : 0;
}

static void take_status(struct child *c, int status)
{
	c->ended = true;
	c->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool child_ended(struct child *c)
{
	int status;

	if (!c->ended && waitpid(c->pid, &status, WNOHANG) == c->pid)
		take_status(c, status);
	return c->ended;
}

int child_wait(struct child *c, const volatile sig_atomic_t *stop)
{
	int status;

	while (!c->ended) {
		if (*stop)
			child_kill(c, *stop);
		if (waitpid(c->pid, &status, 0) == c->pid)
			take_status(c, status);
		else if (errno != EINTR)
			return 1;
	}
	return c->status;
}

void child_kill(struct child *c, int sig)
{
	if (c->pid > 0 && !c->ended)
		kill(c->pid, sig);
}
