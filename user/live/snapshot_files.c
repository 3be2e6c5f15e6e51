// SPDX-License-Identifier: GPL-2.0-or-later
/* Contexts, found by the files that tasks hold open. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/snapshot_impl.h"

void walk_files_free(struct walk_files *f)
{
	free(f->file);
	f->file = NULL;
	f->n = 0;
}

static struct walk_file *known(const struct walk_files *f, __u64 context)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->file[i].context == context)
			return &f->file[i];
	}
	return NULL;
}

static int add_file(struct walk_files *f, const struct walk_file *file)
{
	struct walk_file *p = known(f, file->context);

	if (p && p->closed && !file->closed)
		*p = *file;
	if (p)
		return 0;
	p = reallocarray(f->file, f->n + 1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	f->file = p;
	f->file[f->n++] = *file;
	return 0;
}

/* Reads whole records; the kernel hands out multiples of what the program wrote. */
static int read_files(int fd, struct walk_files *f)
{
	struct walk_file buf[64];
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, (char *)buf + have, sizeof(buf) - have)) > 0) {
		size_t whole, i;

		have += n;
		whole = have / sizeof(buf[0]);
		for (i = 0; i < whole; i++) {
			int err = add_file(f, &buf[i]);

			if (err)
				return err;
		}
		have -= whole * sizeof(buf[0]);
		memmove(buf, &buf[whole], have);
	}
	return n < 0 ? -errno : 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void close_link(struct bpf_link **l)
{
	bpf_link__destroy(*l);
}

int walk_files_find(const struct bpf_program *iter, struct walk_files *out)
{
	struct bpf_link *link __attribute__((cleanup(close_link))) = NULL;
	int fd __attribute__((cleanup(close_fd))) = -1;

	link = bpf_program__attach_iter(iter, NULL);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		return fd;
	return read_files(fd, out);
}
