// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* Documentation/admin-guide/mm/pagemap.rst */
#define PRESENT (1ULL << 63)
#define FRAME ((1ULL << 55) - 1)
#define BATCH 4096

struct search {
	int fd;
	uint64_t page; /* bytes */
	uint64_t pfn;
	int (*fn)(uint64_t va, void *arg);
	void *arg;
	bool shown; /* a frame was seen */
	bool hidden; /* a page was, and not its frame */
};

static int look(struct search *s, const uint64_t *entries, size_t n, uint64_t first)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		uint64_t frame = entries[i] & FRAME;

		if (!(entries[i] & PRESENT))
			continue;
		if (frame)
			s->shown = true;
		else
			s->hidden = true;
		if (frame && frame == s->pfn)
			rc = s->fn((first + i) * s->page, s->arg);
	}
	return rc;
}

/* Pages by number. */
static int search(struct search *s, uint64_t at, uint64_t last)
{
	uint64_t entries[BATCH];
	int rc = 0;

	while (at <= last && !rc) {
		uint64_t left = last - at + 1, want = left < BATCH ? left : BATCH;
		ssize_t n = pread(s->fd, entries, want * sizeof(*entries),
				  (off_t)(at * sizeof(*entries)));

		if (n < 0)
			return -errno;
		if (n < (ssize_t)sizeof(*entries))
			return 0; /* beyond what a process can have */
		rc = look(s, entries, (size_t)n / sizeof(*entries), at);
		at += (uint64_t)n / sizeof(*entries);
	}
	return rc;
}

int pagemap_find(uint32_t pid, uint64_t va, uint64_t last, uint64_t pfn,
		 int (*fn)(uint64_t va, void *arg), void *arg)
{
	struct search s = { .page = (uint64_t)sysconf(_SC_PAGESIZE), .pfn = pfn };
	char path[64];
	int rc;

	s.fn = fn;
	s.arg = arg;
	snprintf(path, sizeof(path), "/proc/%u/pagemap", pid);
	s.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s.fd < 0)
		return -errno;
	rc = search(&s, va / s.page, last / s.page);
	close(s.fd);
	return rc ? rc : s.hidden && !s.shown ? -EPERM : 0;
}
