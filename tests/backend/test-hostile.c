// SPDX-License-Identifier: GPL-2.0-or-later
/* What a caller should not do: sizes, arguments, memory, processes. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "be.h"

#define BASE 0x100000000ULL

static const struct call {
	unsigned long cmd;
	unsigned int size;
	unsigned int min; /* as first released */
	unsigned int reserved; /* where __reserved is; 0: there is none */
	unsigned int flags; /* where flags are */
} calls[] = {
#define CALL(nr, name, r, f)                                                                       \
	{                                                                                          \
		nr, sizeof(struct ioasb_##name), sizeof(struct ioasb_##name), r, f                 \
	}
#define GROWN(nr, name, next, r, f)                                                                \
	{                                                                                          \
		nr, sizeof(struct ioasb_##name), AT(name, next), r, f                              \
	}
#define AT(name, field) offsetof(struct ioasb_##name, field)
	CALL(IOASB_DESTROY, destroy, 0, 0),
	GROWN(IOASB_IOAS_ALLOC, ioas_alloc, window_start, 0, AT(ioas_alloc, flags)),
	GROWN(IOASB_MAP, map, out_replaced, 0, AT(map, flags)),
	CALL(IOASB_COPY, copy, AT(copy, __reserved), AT(copy, flags)),
	CALL(IOASB_UNMAP, unmap, AT(unmap, __reserved), AT(unmap, flags)),
	CALL(IOASB_IOVA_RANGES, iova_ranges, 0, AT(iova_ranges, flags)),
	CALL(IOASB_ALLOW_IOVAS, allow_iovas, AT(allow_iovas, __reserved), 0),
	CALL(IOASB_RESERVE, reserve, 0, AT(reserve, flags)),
	CALL(IOASB_RELEASE, release, AT(release, __reserved), 0),
	CALL(IOASB_DEVICE_ALLOC, device_alloc, 0, AT(device_alloc, flags)),
	CALL(IOASB_ATTACH, attach, 0, AT(attach, flags)),
	CALL(IOASB_DETACH, detach, 0, 0),
	CALL(IOASB_RW, rw, AT(rw, __reserved), AT(rw, flags)),
	CALL(IOASB_LOOKUP, lookup, 0, 0),
	CALL(IOASB_DUMP, dump, 0, 0),
	CALL(IOASB_CLIENT_ALLOC, client_alloc, AT(client_alloc, __reserved),
	     AT(client_alloc, flags)),
	CALL(IOASB_MAP_FILE, map_file, AT(map_file, __reserved), AT(map_file, flags)),
	CALL(IOASB_GENERATION, generation, AT(generation, __reserved), 0),
	CALL(IOASB_GAPS, gaps, AT(gaps, __reserved), 0),
	CALL(IOASB_WHERE, where, 0, 0),
	CALL(IOASB_MERGE, merge, 0, 0),
	CALL(IOASB_TEST_ATTACH, test_attach, 0, AT(test_attach, flags)),
	CALL(IOASB_CHANGE_PROCESS, change_process, AT(change_process, __reserved), 0),
};

static int with_word(int fd, const struct call *call, unsigned int offset, uint32_t value)
{
	union {
		uint32_t size;
		char bytes[8192];
	} a = {};

	a.size = call->size;
	/* So that flags and reserved are the only thing wrong. */
	if (call->cmd == IOASB_MAP || call->cmd == IOASB_COPY || call->cmd == IOASB_MAP_FILE)
		((uint32_t *)a.bytes)[1] = RW_PROT;
	if (offset)
		memcpy(a.bytes + offset, &value, sizeof(value));
	return be_call(fd, call->cmd, &a);
}

static int with_size(int fd, const struct call *call, uint32_t size, int last)
{
	union {
		uint32_t size;
		char bytes[8192];
	} a = {};

	a.size = size;
	if (last >= 0)
		a.bytes[last] = 1;
	return be_call(fd, call->cmd, &a);
}

void test_structs(void)
{
	int fd = be_open();
	const struct call *call;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		call = &calls[i];
		EQ(with_size(fd, call, 0, -1), -EINVAL);
		EQ(with_size(fd, call, 4, -1), -EINVAL);
		EQ(with_size(fd, call, call->min - 1, -1), -EINVAL);
		EQ(with_size(fd, call, PAGE + 1, -1), -E2BIG);
		EQ(with_size(fd, call, UINT32_MAX, -1), -E2BIG);
		EQ(with_size(fd, call, call->size + 8, call->size), -E2BIG);
		EQ(with_size(fd, call, PAGE, PAGE - 1), -E2BIG);
		/* Zeroes at the end change nothing. */
		EQ(with_size(fd, call, PAGE, -1), with_size(fd, call, call->size, -1));
		EQ(be_call(fd, call->cmd, NULL), -EFAULT);
		EQ(be_call(fd, call->cmd, (void *)(TOP << 12)), -EFAULT);
		EQ(be_call(fd, call->cmd | 1UL << 30, &i), -ENOTTY);
		if (call->reserved)
			EQ(with_word(fd, call, call->reserved, 1), -EOPNOTSUPP);
		if (call->flags)
			EQ(with_word(fd, call, call->flags, 1U << 31), -EOPNOTSUPP);
	}
	EQ(be_call(fd, IOASB_CLIENT_PIN, &i), -ENOTTY);
	EQ(be_call(fd, _IO(IOASB_TYPE, 127), &i), -ENOTTY);
	EQ(be_call(fd, _IO(IOASB_TYPE, 255), &i), -ENOTTY);
	EQ(be_call(fd, TCGETS, &i), -ENOTTY);
	EQ(be_sum(fd).areas, 0);
	close(fd);
}

/* A struct at the end of its page, with the next page missing. */
static void at_the_edge(int fd)
{
	char *p = be_memory(2 * PAGE);
	struct ioasb_ioas_alloc *c = (void *)(p + PAGE - sizeof(*c));

	EQ(munmap(p + PAGE, PAGE), 0);
	c->size = sizeof(*c);
	EQ(be_call(fd, IOASB_IOAS_ALLOC, c), 0);
	c->size = sizeof(*c) + 8;
	EQ(be_call(fd, IOASB_IOAS_ALLOC, c), -EFAULT);
	/* The answer finds no room: the call was made all the same. */
	c->size = sizeof(*c);
	c->mode = IOASB_MODE_ANY;
	EQ(mprotect(p, PAGE, PROT_READ), 0);
	EQ(be_call(fd, IOASB_IOAS_ALLOC, c), -EFAULT);
	munmap(p, PAGE);
}

static int alloc_device(int fd, uint64_t page_size, uint64_t first, uint64_t last, unsigned int n,
			const void *reserved)
{
	struct ioasb_device_alloc c = { .size = sizeof(c),
					.num_reserved = n,
					.page_size = page_size,
					.aperture_start = first,
					.aperture_last = last,
					.reserved = (uintptr_t)reserved };

	return be_call(fd, IOASB_DEVICE_ALLOC, &c);
}

static void devices(int fd)
{
	struct ioasb_iova_range reversed = { 2, 1 };

	EQ(alloc_device(fd, 0, 0, TOP, 0, NULL), -EINVAL);
	EQ(alloc_device(fd, 3 * PAGE, 0, TOP, 0, NULL), -EINVAL);
	EQ(alloc_device(fd, PAGE, 1, 0, 0, NULL), -EINVAL);
	EQ(alloc_device(fd, PAGE, 0, TOP, 1, &reversed), -EINVAL);
	EQ(alloc_device(fd, PAGE, 0, TOP, 1, NULL), -EFAULT);
	EQ(alloc_device(fd, PAGE, 0, TOP, UINT32_MAX, NULL), -ENOSPC);
	EQ(alloc_device(fd, 1ULL << 63, 0, TOP, 0, NULL), 0);
	EQ(alloc_device(fd, 1, TOP, TOP, 0, NULL), 0);
}

static void dumps(int fd)
{
	struct ioasb_rec rec;
	struct ioasb_dump c = { .size = sizeof(c), .num_recs = 0, .recs = (uintptr_t)&rec };

	EQ(be_call(fd, IOASB_DUMP, &c), -EINVAL);
	c.num_recs = UINT32_MAX;
	c.recs = 8;
	EQ(be_call(fd, IOASB_DUMP, &c), -EFAULT);
	c.num_recs = 1;
	c.recs = (uintptr_t)&rec;
	c.cursor.stage = UINT32_MAX;
	EQ(be_call(fd, IOASB_DUMP, &c), -EINVAL);
	for (unsigned int stage = 0; stage < 10; stage++) {
		c.cursor = (struct ioasb_cursor){ stage, UINT32_MAX, TOP };
		c.num_recs = 1;
		EQ(be_call(fd, IOASB_DUMP, &c), 0);
		c.cursor = (struct ioasb_cursor){ stage, 1, TOP };
		c.num_recs = 1;
		EQ(be_call(fd, IOASB_DUMP, &c), 0);
	}
}

void test_arguments(void)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_COVER, 0), id;
	struct ioasb_allow_iovas many = { .size = sizeof(many),
					  .ioas_id = ioas,
					  .num_iovas = UINT32_MAX };
	struct ioasb_ioas_alloc bad = { .size = sizeof(bad), .mode = 99 };
	char *buf = be_memory(PAGE);
	uint64_t iova = 0, n;

	at_the_edge(fd);
	devices(fd);
	dumps(fd);
	EQ(be_call(fd, IOASB_IOAS_ALLOC, &bad), -EOPNOTSUPP);
	EQ(be_map_at(fd, ioas, buf, 0, BASE), -EINVAL);
	EQ(be_map_at(fd, ioas, buf, 1, BASE), -EINVAL);
	EQ(be_map_at(fd, ioas, buf + 1, PAGE, BASE), -EINVAL);
	EQ(be_map_at(fd, ioas, buf, TOP - PAGE + 1, 0), -EOVERFLOW);
	EQ(be_map_at(fd, ioas, (void *)(TOP - PAGE + 1), PAGE, 0), -EOVERFLOW);
	EQ(be_map_at(fd, ioas, NULL, TOP - PAGE + 1, PAGE), 0);
	EQ(be_map_at(fd, ioas, NULL, TOP - PAGE + 1, 0), -EEXIST);
	EQ(be_rw(fd, ioas, false, TOP, buf, 1, NULL), -EFAULT);
	EQ(be_unmap(fd, ioas, PAGE, 0, NULL), -EINVAL);
	EQ(be_unmap(fd, ioas, PAGE, TOP, &n), -EOVERFLOW);
	EQ(n, 0);
	EQ(be_unmap(fd, ioas, 1, TOP, NULL), 0);
	EQ(be_call(fd, IOASB_ALLOW_IOVAS, &many), -ENOSPC);
	many.num_iovas = 1000000;
	EQ(be_call(fd, IOASB_ALLOW_IOVAS, &many), -EFAULT);
	EQ(be_reserve(fd, ioas, 0, 0, &iova, &id), -EINVAL);
	EQ(be_reserve(fd, ioas, 0, TOP, &iova, &id), -EINVAL);
	EQ(be_reserve(fd, ioas, IOASB_READABLE, PAGE, &iova, &id), -EOPNOTSUPP);
	EQ(be_map(fd, ioas, RW_PROT, (void *)BASE, TOP - BASE - PAGE + 1, &iova), 0);
	iova = 0;
	EQ(be_map(fd, ioas, RW_PROT, (void *)BASE, TOP - BASE - PAGE + 1, &iova), -ENOSPC);
	close(fd);
	EQ(be_call(fd, IOASB_IOAS_ALLOC, &bad), -EBADF);
}

/*
 * The first mapping in our own address space that has no struct pages, by the kernel's own word: on
 * 6.12 that is [vvar], newer kernels have it elsewhere.
 */
static char *find_pfnmap(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512], *start = NULL, *found = NULL;
	unsigned long first, last;

	while (fgets(line, sizeof(line), f) && !found) {
		if (sscanf(line, "%lx-%lx ", &first, &last) == 2)
			start = (char *)first;
		else if (!strncmp(line, "VmFlags:", 8) && strstr(line, " pf"))
			found = start;
	}
	fclose(f);
	return found;
}

static void try_memory(const char *what, void *va, unsigned int pages, uint32_t prot, int expected)
{
	int fd = be_open(), rc;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), dev = be_device(fd, PAGE, 0, TOP, NULL, 0);
	uint64_t iova = BASE;

	EQ(be_attach(fd, dev, ioas, 0), 0);
	rc = be_map(fd, ioas, prot | IOASB_FIXED, va, pages * PAGE, &iova);
	CHECK(rc == expected, "%s: %d", what, rc);
	EQ(be_sum(fd).npinned, rc ? 0 : pages);
	EQ(be_sum(fd).areas, !rc);
	/* The same, with the map before the device. */
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(be_detach(fd, dev), 0);
	EQ(be_map(fd, ioas, prot | IOASB_FIXED, va, pages * PAGE, &iova), 0);
	EQ(be_attach(fd, dev, ioas, 0), expected);
	EQ(be_sum(fd).npinned, rc ? 0 : pages);
	close(fd);
	EQ(be_status("VmPin:"), 0);
}

void test_memory(void)
{
	const uint32_t r = IOASB_READABLE;
	char *p = be_memory(1024 * PAGE);
	int file = memfd_create("f", MFD_CLOEXEC);
	char *shared;

	CHECK(!ftruncate(file, PAGE));
	shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	try_memory("good", p, 1024, RW_PROT, 0);
	munmap(p + 1023 * PAGE, PAGE);
	try_memory("a hole at the end", p, 1024, RW_PROT, -EFAULT);
	mprotect(p + 600 * PAGE, PAGE, PROT_NONE);
	try_memory("a page without access", p, 1000, RW_PROT, -EFAULT);
	mprotect(p + 5 * PAGE, PAGE, PROT_READ);
	try_memory("read-only, to write", p + 5 * PAGE, 1, RW_PROT, -EFAULT);
	try_memory("read-only, to read", p + 5 * PAGE, 1, r, 0);
	try_memory("a file", shared, 1, RW_PROT, 0);
	try_memory("past the end of a file", shared, 2, RW_PROT, -EFAULT);
	try_memory("never touched", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		   1, r, 0);
	try_memory("the null page", NULL, 1, RW_PROT, -EFAULT);
	try_memory("the kernel", (void *)0xffff888000000000, 1, r, -EFAULT);
	CHECK(find_pfnmap());
	try_memory("no struct page", find_pfnmap(), 1, r, -EFAULT);
}

/* A child maps and ends: its pages stay, but nobody can find others of its memory. */
static void orphan(void)
{
	int fd = be_open(), status;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), dev = be_device(fd, PAGE, 0, TOP, NULL, 0);
	char got[6] = "";
	pid_t pid;

	EQ(be_attach(fd, dev, ioas, 0), 0);
	pid = fork();
	if (!pid) {
		char *p = be_memory(4 * PAGE);

		strcpy(p + PAGE, "child");
		EQ(be_map_at(fd, ioas, p, 4 * PAGE, BASE), 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	EQ(be_rw(fd, ioas, false, BASE + PAGE, got, 6, NULL), 0);
	CHECK(!strcmp(got, "child"));
	EQ(be_sum(fd).ncharged, 4);
	EQ(be_detach(fd, dev), 0);
	EQ(be_rw(fd, ioas, false, BASE + PAGE, got, 6, NULL), -EFAULT);
	EQ(be_attach(fd, dev, ioas, 0), -EFAULT);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(be_attach(fd, dev, ioas, 0), 0);
	close(fd);
}

/* Pinned pages stay with the one who pinned them, whatever a fork makes of the rest. */
static void fork_while_pinned(void)
{
	int fd = be_open(), status, i;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), dev = be_device(fd, PAGE, 0, TOP, NULL, 0);
	char *p = be_memory(64 * PAGE);

	EQ(be_attach(fd, dev, ioas, 0), 0);
	for (i = 0; i < 20; i++) {
		pid_t pid;

		EQ(be_map_at(fd, ioas, p, 64 * PAGE, BASE), 0);
		pid = fork();
		if (!pid) {
			memset(p, 'c', 64 * PAGE);
			EQ(be_unmap(fd, ioas, BASE + 32 * PAGE, 32 * PAGE, NULL), 0);
			_exit(0);
		}
		memset(p, i, 64 * PAGE);
		CHECK(waitpid(pid, &status, 0) == pid && !status);
		char got = 0;
		EQ(be_rw(fd, ioas, false, BASE + 31 * PAGE, &got, 1, NULL), 0);
		EQ(got, i);
		EQ(be_sum(fd).npinned, 32);
		EQ(be_unmap_all(fd, ioas, NULL), 0);
	}
	close(fd);
}

void test_processes(void)
{
	orphan();
	fork_while_pinned();
	EQ(be_status("VmPin:"), 0);
}

/* However it is cut, the dump is the same. */
void test_dump(void)
{
	static const struct ioasb_iova_range list[] = { { 0, 1 }, { 0, 5 }, { 5, 9 }, { 9, 9 } };
	static const struct ioasb_iova_range allowed[] = { { BASE, 2 * BASE - 1 },
							   { TOP - 8 * PAGE, TOP } };
	static const unsigned int chunks[] = { 1, 2, 3, 7, 500, 100000 };
	char *p = be_memory(2000 * PAGE);
	int fd = be_open(), k;
	struct ioasb_rec *whole, *recs;
	unsigned int i, n;

	for (k = 0; k < 3; k++) {
		uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), id;
		uint64_t iova = 7 * BASE;

		EQ(be_attach(fd, be_device(fd, PAGE, 0, TOP, list, 4), ioas, 0), 0);
		EQ(be_allow(fd, ioas, allowed, 2), 0);
		EQ(be_reserve(fd, ioas, IOASB_FIXED, PAGE, &iova, &id), 0);
		EQ(be_map_at(fd, ioas, p + 600 * k * PAGE, 700 * PAGE, BASE), 0);
		for (i = 0; i < 5; i++)
			EQ(be_unmap(fd, ioas, BASE + (100 * i + 9) * PAGE, PAGE, NULL), 0);
		EQ(be_map_at(fd, ioas, p, PAGE, TOP - PAGE + 1), 0);
	}
	n = be_dump(fd, 512, &whole);
	CHECK(n >= 3 * (2 + 4 + 2 + 1 + 7 + 2 + 2));
	for (i = 0; i < ARRAY_SIZE(chunks); i++) {
		EQ(be_dump(fd, chunks[i], &recs), n);
		CHECK(!memcmp(recs, whole, n * sizeof(*recs)), "in chunks of %u", chunks[i]);
		free(recs);
	}
	free(whole);
	close(fd);
}
