// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory of a file, in two IOASes, one with the first device; another process, and another user,
 * pays for it for a while. Ends with areas of the file only. Not in older kernels.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tour.h"

#define FILE_BYTES (4 * MIB)
#define SOMEBODY_ELSE 65534

static int file_new(void)
{
	int file = memfd_create("memory", MFD_CLOEXEC);
	char *p = MAP_FAILED;

	if (file >= 0 && !ftruncate(file, FILE_BYTES))
		p = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (p == MAP_FAILED)
		return -errno;
	memset(p, 0x5a, FILE_BYTES);
	munmap(p, FILE_BYTES);
	return file;
}

static void files_map(struct tour *t, const char *what, uint32_t ioas, int file, uint64_t start,
		      uint64_t size, uint64_t offset, int want)
{
	uint64_t iova = IOVA_BASE + offset;

	tour_check(t, what,
		   fd_map_file(&t->s->fd, ioas, FD_MAP_FIXED | MAP_RW, file, start, size, &iova),
		   want);
}

static void files_unmap(struct tour *t, const char *what, uint32_t ioas, uint64_t offset,
			uint64_t size, int want)
{
	uint64_t gone = 0;

	tour_check(t, what, fd_unmap(&t->s->fd, ioas, IOVA_BASE + offset, size, &gone), want);
	tour_check(t, what, (long long)gone, want ? 0 : (long long)size);
}

static void files_maps(struct tour *t, uint32_t cache, uint32_t used, int file)
{
	uint64_t copy = IOVA_BASE + 64 * MIB, chosen = 0;

	files_map(t, "map a file", cache, file, MIB, MIB, 0, 0);
	files_map(t, "map no file", cache, -1, 0, MIB, 2 * MIB, -EBADF);
	files_map(t, "map nothing", cache, file, 0, 0, 2 * MIB, -EINVAL);
	files_map(t, "map behind any file", cache, file, UINT64_MAX - PAGE + 1, 2 * PAGE, 2 * MIB,
		  -EOVERFLOW);
	tour_check(t, "copy the file's memory",
		   fd_copy(&t->s->fd, used, cache, FD_MAP_FIXED | MAP_RW, IOVA_BASE, MIB, &copy),
		   0);
	tour_check(t, "map a file where the kernel likes",
		   fd_map_file(&t->s->fd, used, MAP_RW, file, 2 * MIB, MIB, &chosen), 0);
	files_map(t, "map for a moment", used, file, 0, MIB, 128 * MIB, 0);
	files_unmap(t, "unmap a part", used, 128 * MIB, PAGE, -ENOENT);
	files_unmap(t, "unmap", used, 128 * MIB, MIB, 0);
	files_map(t, "map without a device", cache, file, 3 * MIB, MIB, 8 * MIB, 0);
}

/* Says "1" on @out if it has taken over, and ends when @in is closed. */
static void files_successor(struct fd *fd, int in, int out)
{
	char c = '0';

	if (!setuid(SOMEBODY_ELSE) && !fd_change_process(fd))
		c = '1';
	if (write(out, &c, 1) == 1 && read(in, &c, 1) == 0)
		_exit(0);
	_exit(1);
}

/* While another process pays, this one maps and unmaps more; then it takes back what it gave. */
static void files_handed_over(struct tour *t, uint32_t used, int file)
{
	int there[2], back[2], status = 1;
	char c = '0';
	pid_t pid;

	if (!tour_check(t, "pipes", pipe(there) || pipe(back), 0))
		return;
	pid = fork();
	if (!pid) {
		close(there[1]);
		files_successor(&t->s->fd, there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	tour_check(t, "hand over", read(back[0], &c, 1) == 1 && c == '1', 1);
	files_map(t, "map while another pays", used, file, 0, 2 * MIB, 128 * MIB, 0);
	files_unmap(t, "unmap what another pays", used, 64 * MIB, MIB, 0);
	tour_check(t, "take over", fd_change_process(&t->s->fd), 0);
	close(there[1]);
	close(back[0]);
	tour_check(t, "the other one's end", waitpid(pid, &status, 0) == pid && !status, 1);
	tour_check(t, "take over what is mine", fd_change_process(&t->s->fd), 0);
}

int scenario_files(struct session *s)
{
	struct tour t = { .s = s };
	uint64_t iova = IOVA_BASE + GIB, gone;
	uint32_t cache = tour_ioas(&t), used = tour_ioas(&t);
	int file = file_new(), ret;

	ret = file < 0 ? file : session_buffer(s, TOUR_BUFFER + MIB);
	if (ret)
		return ret;
	ret = fd_map_file(&s->fd, cache, FD_MAP_FIXED | MAP_RW, file, 0, PAGE, &iova);
	if (ret == -ENOTTY) {
		fprintf(stderr, "files: not in this kernel\n");
		close(file);
		return 0;
	}
	tour_check(&t, "map a page of a file", ret, 0);
	tour_check(&t, "unmap it", fd_unmap(&s->fd, cache, iova, PAGE, &gone), 0);
	tour_check(&t, "attach", s_attach(s, &s->devices[0], used), 0);
	files_maps(&t, cache, used, file);
	tour_map(&t, "map memory", cache, 16 * MIB, MIB, MAP_RW, 0);
	tour_check(&t, "hand over memory that is no file's", fd_change_process(&s->fd), -EINVAL);
	tour_unmap(&t, "unmap memory", cache, 16 * MIB, MIB, 0, MIB);
	files_handed_over(&t, used, file);
	close(file);
	fprintf(stderr, "files: %u checks, %u wrong, %u unlike the model\n", t.checks, t.wrong,
		s->wrong);
	return t.wrong || s->wrong ? -EPROTO : 0;
}
