// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults that user space does not serve: who waits for them, and who for those, ends when killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "be.h"

struct setup {
	int fd, client;
	char *buf;
	uint32_t ioas[2], device;
};

/* Memory whose faults nobody serves: who touches it waits, as long as *fd is open. */
static char *endless(int *fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register r = { .range = { (uintptr_t)p, 4 * PAGE },
				     .mode = UFFDIO_REGISTER_MODE_MISSING };

	*fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	CHECK(*fd >= 0 && p != MAP_FAILED, "%s", strerror(errno));
	CHECK(!ioctl(*fd, UFFDIO_API, &api) && !ioctl(*fd, UFFDIO_REGISTER, &r));
	return p;
}

static void *wait_in_map(void *arg)
{
	struct setup *s = arg;

	be_map_at(s->fd, s->ioas[0], s->buf, 4 * PAGE, 0);
	return NULL;
}

static void *wait_behind(void *arg)
{
	struct setup *s = arg;

	be_unmap_all(s->fd, s->ioas[0], NULL);
	return NULL;
}

static void wait_forever(void)
{
	int faults;
	struct setup s = { .fd = be_open(), .buf = endless(&faults) };
	pthread_t id;

	s.ioas[0] = be_ioas(s.fd, IOASB_MODE_ANY, IOASB_ACCOUNT_MM);
	EQ(be_attach(s.fd, be_device(s.fd, PAGE, 0, TOP, NULL, 0), s.ioas[0], 0), 0);
	EQ(pthread_create(&id, NULL, wait_in_map, &s), 0);
	usleep(50000);
	EQ(pthread_create(&id, NULL, wait_behind, &s), 0);
	be_dump(s.fd, 8, &(struct ioasb_rec *){ NULL });
}

/* A pin that waits for user space, and who waits behind it, can be killed. */
static void killed_while_waiting(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		wait_forever();
		_exit(0);
	}
	usleep(400000);
	EQ(waitpid(pid, &status, WNOHANG), 0);
	EQ(kill(pid, SIGKILL), 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

/* What waits for the faults of its parent: the IOAS is locked as long as that lives. */
static void attach_behind(const struct setup *s, const int *mine, unsigned int n, int done)
{
	char result;
	unsigned int i;

	if (fork())
		return;
	/* The parent's are the last ones. */
	for (i = 0; i < n; i++)
		close(mine[i]);
	result = be_attach(s->fd, s->device, s->ioas[0], 0) ? 'n' : 'y';
	EQ(write(done, &result, 1), 1);
	_exit(0);
}

static void exit_with_clients(int done)
{
	struct setup s = { .fd = be_open() };
	int mine[3];

	s.ioas[0] = be_ioas(s.fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	s.device = be_device(s.fd, PAGE, 0, TOP, NULL, 0);
	/* One file is closed before that of the faults, whatever the order is. */
	mine[0] = be_client(s.fd, s.ioas[0], 0);
	s.buf = endless(&mine[1]);
	mine[2] = be_client(s.fd, s.ioas[0], 0);
	EQ(be_map_at(s.fd, s.ioas[0], s.buf, 4 * PAGE, 0), 0);
	attach_behind(&s, mine, ARRAY_SIZE(mine), done);
	usleep(300000);
	_exit(0);
}

/* A process ends although its clients wait for a fault that it serves itself. */
static void ends_while_waiting(void)
{
	int done[2], status;
	char result = 0;
	pid_t pid;

	EQ(pipe(done), 0);
	pid = fork();
	if (!pid)
		exit_with_clients(done[1]);
	close(done[1]);
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	/* Then the fault is nobody's, and the attach goes on. */
	EQ(read(done[0], &result, 1), 1);
	EQ(result, 'y');
	EQ(read(done[0], &result, 1), 0);
	close(done[0]);
}

/* In the kernel, and not only for a moment. */
static void until_it_waits(pid_t pid)
{
	char path[64], state;
	int seen = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	while (seen < 10) {
		FILE *f = fopen(path, "r");

		CHECK(f && fscanf(f, "%*d (%*[^)]) %c", &state) == 1);
		fclose(f);
		CHECK(state != 'Z', "it did not wait");
		seen = state == 'D' ? seen + 1 : 0;
		usleep(10000);
	}
}

/* What a child of a process that waits for a fault waits for in turn. */
static pid_t child(int (*call)(const struct setup *s), const struct setup *s)
{
	pid_t pid = fork();

	if (!pid) {
		call(s);
		_exit(0);
	}
	until_it_waits(pid);
	return pid;
}

static int call_attach(const struct setup *s)
{
	return be_attach(s->fd, s->device, s->ioas[1], 0);
}

static int call_unpin(const struct setup *s)
{
	struct ioasb_client_unpin c = { .size = sizeof(c), .length = PAGE };

	return be_call(s->client, IOASB_CLIENT_UNPIN, &c);
}

static int call_unmap(const struct setup *s)
{
	return be_unmap_all(s->fd, s->ioas[0], NULL);
}

/* Killed it ends, although what it waits for goes on waiting. */
static void end(pid_t pid)
{
	int status;

	EQ(kill(pid, SIGKILL), 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

/*
 * The attach has the pages locked, the unpin waits for them with the client locked, and the unmap
 * for the client with the IOAS locked. Only the unpin cannot be killed.
 */
static void unmap_behind_client(void)
{
	struct setup s = { .fd = be_open() };
	int faults, status;
	pid_t attach, unpin, unmap;
	struct ioasb_client_pin c = { .size = sizeof(c), .length = PAGE };
	uint64_t at = 0;

	s.buf = endless(&faults);
	EQ(ioctl(faults, UFFDIO_ZEROPAGE,
		 &(struct uffdio_zeropage){ .range = { (uintptr_t)s.buf, PAGE } }),
	   0);
	s.ioas[0] = be_ioas(s.fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	s.ioas[1] = be_ioas(s.fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	s.device = be_device(s.fd, PAGE, 0, TOP, NULL, 0);
	EQ(be_map_at(s.fd, s.ioas[0], s.buf, 4 * PAGE, 0), 0);
	EQ(be_copy(s.fd, s.ioas[1], s.ioas[0], RW_PROT | IOASB_FIXED, 0, 4 * PAGE, &at), 0);
	s.client = be_client(s.fd, s.ioas[0], 0);
	EQ(be_call(s.client, IOASB_CLIENT_PIN, &c), 0);
	attach = child(call_attach, &s);
	unpin = child(call_unpin, &s);
	unmap = child(call_unmap, &s);
	EQ(waitpid(unmap, &status, WNOHANG), 0);
	end(unmap);
	EQ(waitpid(unpin, &status, WNOHANG), 0);
	end(attach);
	CHECK(waitpid(unpin, &status, 0) == unpin && !status);
	EQ(be_sum(s.fd).npinned, 0);
	close(s.client);
	close(s.fd);
	close(faults);
	EQ(munmap(s.buf, 4 * PAGE), 0);
}

void test_waiting(void)
{
	/* Others may not let the kernel wait for them. */
	if (!be_root)
		return;
	killed_while_waiting();
	ends_while_waiting();
	unmap_behind_client();
}
