// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients: pins of scattered pages, and the addresses that their devices have for them. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "be.h"

#define BASE 0x100000000ULL
#define N 16

static int list(int client, bool pin, const unsigned int *pages, unsigned int n)
{
	struct ioasb_client_pin_pages p = { .size = sizeof(p), .num_iovas = n };
	struct ioasb_client_unpin_pages u = { .size = sizeof(u), .num_iovas = n };
	uint64_t iovas[N];
	unsigned int i;

	for (i = 0; i < n; i++)
		iovas[i] = BASE + pages[i] * PAGE;
	p.iovas = u.iovas = (uintptr_t)iovas;
	return pin ? be_call(client, IOASB_CLIENT_PIN_PAGES, &p)
		   : be_call(client, IOASB_CLIENT_UNPIN_PAGES, &u);
}

#define PIN(client, ...)                                                                           \
	list(client, true, (unsigned int[]){ __VA_ARGS__ },                                        \
	     sizeof((unsigned int[]){ __VA_ARGS__ }) / sizeof(int))
#define UNPIN(client, ...)                                                                         \
	list(client, false, (unsigned int[]){ __VA_ARGS__ },                                       \
	     sizeof((unsigned int[]){ __VA_ARGS__ }) / sizeof(int))

static int range(int client, bool pin, unsigned int first, unsigned int n)
{
	struct ioasb_client_pin p = { .size = sizeof(p),
				      .iova = BASE + first * PAGE,
				      .length = n * PAGE };
	struct ioasb_client_unpin u = { .size = sizeof(u), .iova = p.iova, .length = p.length };

	return pin ? be_call(client, IOASB_CLIENT_PIN, &p)
		   : be_call(client, IOASB_CLIENT_UNPIN, &u);
}

/* Of N pages, the last is missing and the one before it may only be read. */
static uint32_t mapped(int fd, char *buf)
{
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0);
	uint64_t iova = BASE + (N - 2) * PAGE;

	EQ(be_map_at(fd, ioas, buf, (N - 2) * PAGE, BASE), 0);
	EQ(be_map(fd, ioas, IOASB_READABLE | IOASB_FIXED, buf + (N - 2) * PAGE, PAGE, &iova), 0);
	return ioas;
}

static void by_page(char *buf)
{
	int fd = be_open();
	int client = be_client(fd, mapped(fd, buf), IOASB_CLIENT_PAGES);

	EQ(PIN(client, 3, 9, 1, 3), 0);
	EQ(be_sum(fd).npinned, 3);
	/* A page that is listed twice is pinned twice. */
	EQ(UNPIN(client, 3, 3, 3), -ENOENT);
	EQ(UNPIN(client, 1, 2), -ENOENT);
	EQ(be_sum(fd).npinned, 3);
	EQ(UNPIN(client, 3, 1), 0);
	EQ(be_sum(fd).npinned, 2);
	/* Pins of ranges are the same pins. */
	EQ(range(client, true, 2, 3), 0);
	EQ(UNPIN(client, 4, 3, 3, 2), 0);
	EQ(be_sum(fd).npinned, 1);
	EQ(range(client, false, 9, 1), 0);
	EQ(be_sum(fd).npinned, 0);
	close(client);
	close(fd);
}

static void by_range(char *buf)
{
	int fd = be_open();
	int client = be_client(fd, mapped(fd, buf), 0);

	EQ(range(client, true, 2, 3), 0);
	EQ(PIN(client, 3, 7, 3), 0);
	EQ(be_sum(fd).npinned, 4);
	/* What was pinned as a range goes as one. */
	EQ(UNPIN(client, 2), -ENOENT);
	EQ(UNPIN(client, 3, 3, 3), -ENOENT);
	EQ(UNPIN(client, 3, 3), 0);
	EQ(be_sum(fd).npinned, 4);
	EQ(range(client, false, 7, 1), 0);
	EQ(range(client, false, 2, 3), 0);
	EQ(be_sum(fd).npinned, 0);
	close(client);
	close(fd);
}

/* One that fails leaves nothing behind, wherever in the list it is. */
static void rollback(char *buf, uint32_t rule)
{
	int fd = be_open();
	int client = be_client(fd, mapped(fd, buf), rule);
	struct ioasb_client_pin_pages c = { .size = sizeof(c), .flags = IOASB_PIN_WRITE };
	uint64_t iovas[] = { BASE, BASE + PAGE, BASE + (N - 2) * PAGE };

	EQ(PIN(client, 1), 0);
	EQ(PIN(client, N - 1), -ENOENT);
	EQ(PIN(client, 1, 2, 2, 3, N - 1), -ENOENT);
	EQ(PIN(client, N - 1, 1, 2), -ENOENT);
	c.iovas = (uintptr_t)iovas;
	c.num_iovas = 3;
	EQ(be_call(client, IOASB_CLIENT_PIN_PAGES, &c), -EPERM);
	EQ(munmap(buf + 5 * PAGE, PAGE), 0);
	EQ(PIN(client, 4, 1, 5), -EFAULT);
	EQ(be_sum(fd).npinned, 1);
	EQ(be_sum(fd).ncharged, 1);
	EQ(UNPIN(client, 1), 0);
	EQ(be_sum(fd).npinned, 0);
	CHECK(mmap(buf + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_FIXED, -1, 0) != MAP_FAILED);
	close(client);
	close(fd);
}

static void arguments(char *buf)
{
	int fd = be_open();
	uint32_t ioas = mapped(fd, buf);
	int client = be_client(fd, ioas, IOASB_CLIENT_PAGES);
	uint64_t iovas[2] = { BASE, BASE + PAGE }, pfns[2] = {};
	struct ioasb_client_pin_pages good = { .size = sizeof(good),
					       .iovas = (uintptr_t)iovas,
					       .num_iovas = 2 },
				      c;
	struct ioasb_client_unpin_pages u = { .size = sizeof(u),
					      .iovas = (uintptr_t)iovas,
					      .num_iovas = 2 };

#define TRY(field, value, rc)                                                                      \
	c = good;                                                                                  \
	c.field = value;                                                                           \
	EQ(be_call(client, IOASB_CLIENT_PIN_PAGES, &c), rc)
	TRY(num_iovas, 0, -EINVAL);
	TRY(num_iovas, 65537, -E2BIG);
	TRY(num_iovas, UINT32_MAX, -E2BIG);
	TRY(iovas, 8, -EFAULT);
	TRY(flags, 2, -EOPNOTSUPP);
	TRY(__reserved, 1, -EOPNOTSUPP);
	TRY(size, sizeof(c) - 1, -EINVAL);
	TRY(pfns, 8, be_root ? -EFAULT : -EPERM);
	EQ(be_sum(fd).npinned, 0);
	TRY(pfns, (uintptr_t)pfns, be_root ? 0 : -EPERM);
	EQ(!!pfns[0] && !!pfns[1] && pfns[0] != pfns[1], be_root);
	if (!be_root)
		EQ(be_call(client, IOASB_CLIENT_PIN_PAGES, &good), 0);
	u.num_iovas = 0;
	EQ(be_call(client, IOASB_CLIENT_UNPIN_PAGES, &u), -EINVAL);
	u.num_iovas = UINT32_MAX;
	EQ(be_call(client, IOASB_CLIENT_UNPIN_PAGES, &u), -E2BIG);
	u.num_iovas = 2;
	EQ(be_call(client, IOASB_CLIENT_UNPIN_PAGES, &u), 0);
	iovas[1]++;
	EQ(be_call(client, IOASB_CLIENT_PIN_PAGES, &good), -EINVAL);
	EQ(be_call(client, IOASB_CLIENT_UNPIN_PAGES, &u), -EINVAL);
	iovas[1] = TOP - PAGE + 1;
	EQ(be_call(client, IOASB_CLIENT_PIN_PAGES, &good), -ENOENT);
	EQ(be_call(client, IOASB_MERGE, &u), -ENOTTY);
	EQ(be_call(fd, IOASB_CLIENT_PIN_PAGES, &good), -ENOTTY);
	EQ(be_sum(fd).npinned, 0);
	close(client);
	close(fd);
}

static int set(int client, unsigned int page, uint64_t n, uint64_t dma)
{
	struct ioasb_client_set_dma c = {
		.size = sizeof(c), .iova = BASE + page * PAGE, .length = n * PAGE, .dma = dma
	};

	return be_call(client, IOASB_CLIENT_SET_DMA, &c);
}

static int identity(int client, unsigned int page, uint64_t n)
{
	struct ioasb_client_set_dma c = { .size = sizeof(c),
					  .flags = IOASB_DMA_IDENTITY,
					  .iova = BASE + page * PAGE,
					  .length = n * PAGE };

	return be_call(client, IOASB_CLIENT_SET_DMA, &c);
}

/* The address of byte 5 of the page; 0: where the page is. */
static uint64_t get(int client, unsigned int page)
{
	struct ioasb_client_get_dma c = { .size = sizeof(c), .iova = BASE + page * PAGE + 5 };

	EQ(be_call(client, IOASB_CLIENT_GET_DMA, &c), 0);
	if (!(c.out_flags & IOASB_DMA_IDENTITY))
		return c.out_dma;
	EQ(!!c.out_dma, be_root);
	return 0;
}

/* The dump as letters: one for each page that has an address, a capital where a record begins. */
static void dumped(int fd, const char *want)
{
	struct ioasb_rec *recs;
	char got[N + 1];
	unsigned int i, k, n = be_dump(fd, 2, &recs);

	memset(got, '.', N);
	got[N] = 0;
	for (i = 0; i < n; i++) {
		if (recs[i].kind != IOASB_REC_CLIENT_DMA)
			continue;
		for (k = (recs[i].client_dma.start - BASE) / PAGE;
		     k <= (recs[i].client_dma.last - BASE) / PAGE; k++)
			got[k] = 'd';
		got[(recs[i].client_dma.start - BASE) / PAGE] = 'D';
	}
	CHECK(!strcmp(got, want), "%s, not %s", got, want);
	free(recs);
}

static void addresses(char *buf)
{
	int fd = be_open();
	uint32_t ioas = mapped(fd, buf);
	int client = be_client(fd, ioas, IOASB_CLIENT_PAGES);
	struct ioasb_client_get_dma c = { .size = sizeof(c), .iova = BASE };

	EQ(be_call(client, IOASB_CLIENT_GET_DMA, &c), -ENOENT);
	EQ(set(client, 0, 1, 0), -ENOENT);
	EQ(range(client, true, 0, 8), 0);
	EQ(get(client, 3), 0);
	EQ(set(client, 2, 3, 0x7000), 0);
	EQ(get(client, 2), 0x7005);
	EQ(get(client, 4), 0x9005);
	EQ(get(client, 5), 0);
	dumped(fd, "..Ddd...........");
	/* Others take their place, in part. */
	EQ(set(client, 4, 2, 0x4000), 0);
	dumped(fd, "..DdDd..........");
	EQ(get(client, 4), 0x4005);
	/* Not all of it is pinned: nothing changes. */
	EQ(set(client, 6, 3, 0), -ENOENT);
	EQ(identity(client, 6, 3), -ENOENT);
	dumped(fd, "..DdDd..........");
	EQ(identity(client, 3, 1), 0);
	dumped(fd, "..D.Dd..........");
	/* With the last pin they go. */
	EQ(PIN(client, 2, 5), 0);
	EQ(range(client, false, 0, 8), 0);
	dumped(fd, "..D..D..........");
	EQ(UNPIN(client, 5), 0);
	dumped(fd, "..D.............");
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	dumped(fd, "................");
	close(client);
	close(fd);
}

static void bad_addresses(char *buf)
{
	int fd = be_open();
	int client = be_client(fd, mapped(fd, buf), 0);
	struct ioasb_client_set_dma c = {
		.size = sizeof(c), .flags = 2, .iova = BASE, .length = PAGE
	};

	EQ(range(client, true, 0, 4), 0);
	EQ(be_call(client, IOASB_CLIENT_SET_DMA, &c), -EOPNOTSUPP);
	c.flags = IOASB_DMA_IDENTITY;
	c.dma = PAGE;
	EQ(be_call(client, IOASB_CLIENT_SET_DMA, &c), -EINVAL);
	c.flags = 0;
	c.length = 5;
	EQ(be_call(client, IOASB_CLIENT_SET_DMA, &c), -EINVAL);
	c.length = PAGE;
	c.iova++;
	EQ(be_call(client, IOASB_CLIENT_SET_DMA, &c), -EINVAL);
	EQ(set(client, 0, 0, 0), -EINVAL);
	EQ(set(client, 0, 1, 5), -EINVAL);
	EQ(set(client, 0, (1 << 20) + 1, 0), -E2BIG);
	EQ(set(client, 0, TOP / PAGE, 0), -E2BIG);
	EQ(set(client, 0, 2, TOP - PAGE + 1), -EOVERFLOW);
	EQ(set(client, 0, 1, TOP - PAGE + 1), 0);
	EQ(get(client, 0), TOP - PAGE + 1 + 5);
	c.iova = TOP - PAGE + 1;
	c.length = 2 * PAGE;
	EQ(be_call(client, IOASB_CLIENT_SET_DMA, &c), -EOVERFLOW);
	/* By range, the close takes all. */
	close(client);
	dumped(fd, "................");
	close(fd);
}

/* Sizes, as of the context's calls. */
static void structs(char *buf)
{
	static const struct {
		unsigned long cmd;
		unsigned int size;
	} calls[] = {
		{ IOASB_CLIENT_PIN_PAGES, sizeof(struct ioasb_client_pin_pages) },
		{ IOASB_CLIENT_UNPIN_PAGES, sizeof(struct ioasb_client_unpin_pages) },
		{ IOASB_CLIENT_SET_DMA, sizeof(struct ioasb_client_set_dma) },
		{ IOASB_CLIENT_GET_DMA, sizeof(struct ioasb_client_get_dma) },
	};
	int fd = be_open(), client = be_client(fd, mapped(fd, buf), 0), rc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		union {
			uint32_t size;
			char bytes[2 * PAGE];
		} a = { .size = calls[i].size };

		rc = be_call(client, calls[i].cmd, &a);
		CHECK(rc < 0);
		a.size = PAGE;
		EQ(be_call(client, calls[i].cmd, &a), rc);
		a.bytes[PAGE - 1] = 1;
		EQ(be_call(client, calls[i].cmd, &a), -E2BIG);
		a.size = PAGE + 1;
		EQ(be_call(client, calls[i].cmd, &a), -E2BIG);
		a.size = calls[i].size - 1;
		EQ(be_call(client, calls[i].cmd, &a), -EINVAL);
		EQ(be_call(client, calls[i].cmd, NULL), -EFAULT);
		a.size = calls[i].size;
		EQ(be_call(fd, calls[i].cmd, &a), -ENOTTY);
	}
	close(client);
	close(fd);
}

/* As many as one call takes. */
static void many(void)
{
	unsigned int i, n = 65536;
	char *buf = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t *iovas = calloc(n, sizeof(*iovas));
	int fd = be_open(), client;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0);
	struct ioasb_client_pin_pages p = { .size = sizeof(p),
					    .iovas = (uintptr_t)iovas,
					    .num_iovas = n };
	struct ioasb_client_unpin_pages u = { .size = sizeof(u),
					      .iovas = (uintptr_t)iovas,
					      .num_iovas = n };

	EQ(be_map_at(fd, ioas, buf, n * PAGE, BASE), 0);
	client = be_client(fd, ioas, IOASB_CLIENT_PAGES);
	/* Every 64th page, 64 times. */
	for (i = 0; i < n; i++)
		iovas[i] = BASE + i % 1024 * 64 * PAGE;
	EQ(be_call(client, IOASB_CLIENT_PIN_PAGES, &p), 0);
	EQ(be_sum(fd).npinned, 1024);
	EQ(be_call(client, IOASB_CLIENT_UNPIN_PAGES, &u), 0);
	EQ(be_sum(fd).npinned, 0);
	EQ(be_call(client, IOASB_CLIENT_UNPIN_PAGES, &u), -ENOENT);
	close(client);
	close(fd);
	free(iovas);
	munmap(buf, n * PAGE);
}

void test_scatter(void)
{
	char *buf = be_memory(N * PAGE);

	by_page(buf);
	by_range(buf);
	rollback(buf, 0);
	rollback(buf, IOASB_CLIENT_PAGES);
	arguments(buf);
	addresses(buf);
	bad_addresses(buf);
	structs(buf);
	many();
}
