// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One area, mapped for a device, then copied often: a copy must pin and charge nothing. What is
 * charged to the user is asked of the kernel by its limit: with room for one page more than was
 * charged, one page can be mapped and no second one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "session.h"

#define COPIES 100

/* A line of /proc/self/status, in KiB. */
static uint64_t status_kib(const char *name)
{
	unsigned long long value = 0;
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), ": %llu", &value);
	if (f)
		fclose(f);
	return value;
}

static int equal(const char *what, uint64_t got, uint64_t want)
{
	if (got == want)
		return 0;
	fprintf(stderr, "copies: %s: %llu, expected %llu\n", what, (unsigned long long)got,
		(unsigned long long)want);
	return -EPROTO;
}

/* Whether the user's locked pages are exactly those of @bytes, by what fits beside them. */
static int user_locked(struct session *s, uint32_t ioas, uint64_t bytes)
{
	struct rlimit limit = { bytes + PAGE, RLIM_INFINITY },
		      none = { RLIM_INFINITY, RLIM_INFINITY };
	uint64_t va = (uintptr_t)s->buffer + bytes, gone;
	uint64_t one = SCRATCH_IOVA, two = SCRATCH_IOVA + PAGE;
	int ret;

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return -errno;
	ret = fd_map(&s->fd, ioas, FD_MAP_FIXED | MAP_RW, va, PAGE, &one);
	if (ret)
		fprintf(stderr, "copies: one page does not fit: %s\n", strerror(-ret));
	if (!ret)
		ret = equal("two pages fit",
			    fd_map(&s->fd, ioas, FD_MAP_FIXED | MAP_RW, va + PAGE, PAGE, &two),
			    (uint64_t)-ENOMEM);
	if (!ret)
		ret = fd_unmap(&s->fd, ioas, SCRATCH_IOVA, PAGE, &gone);
	return setrlimit(RLIMIT_MEMLOCK, &none) ? -errno : ret;
}

static int counters(struct session *s, uint32_t ioas, uint64_t bytes)
{
	int ret = equal("VmPin", status_kib("VmPin"), bytes / KIB);

	if (!ret && s->opt->account == ACCOUNT_MM)
		ret = equal("VmLck", status_kib("VmLck"), bytes / KIB);
	if (!ret && s->opt->account == ACCOUNT_USER)
		ret = user_locked(s, ioas, bytes);
	return ret;
}

int scenario_copies(struct session *s)
{
	const uint64_t size = s->opt->max_size;
	uint64_t iova = IOVA_BASE;
	uint32_t used, other;
	unsigned int i;
	int ret;

	ret = session_buffer(s, size + 2 * PAGE);
	if (!ret)
		ret = s_alloc(s, &used);
	if (!ret)
		ret = s_alloc(s, &other);
	if (!ret)
		ret = s_attach(s, &s->devices[0], used);
	if (!ret)
		ret = s_map(s, used, FD_MAP_FIXED | MAP_RW, (uintptr_t)s->buffer, size, &iova);
	if (!ret)
		ret = counters(s, used, size);
	for (i = 0; i < COPIES && !ret; i++) {
		uint64_t to = iova + (i + 1) * size;

		ret = s_copy(s, i % 2 ? used : other, used, FD_MAP_FIXED | MAP_RW, iova, size, &to);
	}
	if (!ret)
		ret = counters(s, used, size);
	fprintf(stderr, "copies: %llu bytes, %u copies, VmPin %llu KiB%s%s\n",
		(unsigned long long)size, i, (unsigned long long)status_kib("VmPin"),
		ret ? ": " : "", ret ? strerror(-ret) : "");
	return ret ? ret : s->wrong ? -EPROTO : 0;
}
