// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/iter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX 4096

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void close_link(struct bpf_link **link)
{
	bpf_link__destroy(*link);
}

/* A read may end within a record: what is left of it comes with the next one. */
static int read_records(int fd, size_t size, int (*take)(const void *record, void *arg), void *arg)
{
	char buf[4 * RECORD_MAX];
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, buf + have, sizeof(buf) - have)) != 0) {
		size_t at = 0;

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		for (have += n; have - at >= size; at += size) {
			int err = take(buf + at, arg);

			if (err)
				return err;
		}
		have -= at;
		memmove(buf, buf + at, have);
	}
	return have ? -EPROTO : 0;
}

int iter_read(const struct bpf_program *prog, size_t size,
	      int (*take)(const void *record, void *arg), void *arg)
{
	struct bpf_link *link __attribute__((cleanup(close_link))) = NULL;
	int fd __attribute__((cleanup(close_fd))) = -1;

	if (!size || size > RECORD_MAX)
		return -EINVAL;
	link = bpf_program__attach_iter(prog, NULL);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	return fd < 0 ? fd : read_records(fd, size, take, arg);
}
