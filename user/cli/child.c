// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/log.h"

static bool is_program(const char *dir, size_t len, const char *name)
{
	char path[4096];
	struct stat st;

	if (snprintf(path, sizeof(path), "%.*s%s%s", (int)len, dir, len ? "/" : "", name) >=
	    (int)sizeof(path))
		return false;
	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* As execvp() looks, and as it fails: only what it could run is a program. */
int child_check(char **argv)
{
	const char *path = getenv("PATH") ?: "/bin:/usr/bin";

	if (strchr(argv[0], '/')) {
		if (is_program("", 0, argv[0]))
			return 0;
		return log_err(access(argv[0], F_OK) ? -errno : -EACCES, "cannot run %s", argv[0]);
	}
	for (;; path++) {
		size_t len = strcspn(path, ":");

		if (is_program(path, len, argv[0]))
			return 0;
		path += len;
		if (!*path)
			return log_err(-ENOENT, "cannot run %s", argv[0]);
	}
}

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
	pid_t pid;

	if (c->ended)
		return true;
	pid = waitpid(c->pid, &status, WNOHANG);
	if (pid == c->pid)
		take_status(c, status);
	else if (pid < 0 && errno != EINTR)
		take_status(c, W_EXITCODE(EXIT_FAILURE, 0)); /* nothing is left to wait for */
	return c->ended;
}

void child_kill(struct child *c, int sig)
{
	if (c->pid > 0 && !c->ended)
		kill(c->pid, sig);
}

/*
 * Signals are let in only while ppoll() sleeps: one that came between a look at
 * *stop and the sleep would otherwise be seen when the child has ended by itself.
 */
static void sleep_until_end(struct child *c, const volatile sig_atomic_t *stop, int *passed_on,
			    struct pollfd *pidfd)
{
	const struct timespec second = { .tv_sec = 1 }; /* a kernel without pidfds */
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	if (*stop != *passed_on) {
		*passed_on = *stop;
		child_kill(c, *stop);
	}
	ppoll(pidfd, 1, &second, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

int child_wait(struct child *c, const volatile sig_atomic_t *stop)
{
	struct pollfd pidfd = { .fd = syscall(SYS_pidfd_open, c->pid, 0), .events = POLLIN };
	int passed_on = 0;

	while (!child_ended(c))
		sleep_until_end(c, stop, &passed_on, &pidfd);
	if (pidfd.fd >= 0)
		close(pidfd.fd);
	return c->status;
}
