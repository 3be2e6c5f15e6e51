// SPDX-License-Identifier: GPL-2.0-or-later
/* GAPS and WHERE: what is missing, and where some memory is. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "be.h"

#define BASE 0x100000000ULL
#define N 32 /* pages from BASE on */
#define ALL (IOASB_GAP_UNPINNED | IOASB_GAP_RESERVED | IOASB_GAP_UNMAPPED)

static int ask(int fd, uint32_t ioas, struct ioasb_gaps *c, struct ioasb_gap *gaps)
{
	c->size = sizeof(*c);
	c->ioas_id = ioas;
	c->gaps = (uintptr_t)gaps;
	return be_call(fd, IOASB_GAPS, c);
}

/* One letter for each page, whatever the size of the chunks. */
static void letters(int fd, uint32_t ioas, uint32_t kinds, unsigned int chunk, char *out)
{
	struct ioasb_gaps c = { .kinds = kinds, .iova = BASE, .last = BASE + N * PAGE - 1 };
	struct ioasb_gap gaps[N];
	unsigned int i, k;

	memset(out, '.', N);
	out[N] = 0;
	do {
		c.num_gaps = chunk;
		EQ(ask(fd, ioas, &c, gaps), 0);
		CHECK(c.num_gaps <= chunk);
		for (i = 0; i < c.num_gaps; i++)
			for (k = (gaps[i].start - BASE) / PAGE; k <= (gaps[i].last - BASE) / PAGE;
			     k++) {
				EQ(out[k], '.');
				out[k] = gaps[i].kind == IOASB_GAP_UNPINNED   ? 'p'
					 : gaps[i].kind == IOASB_GAP_RESERVED ? 'r'
									      : 'u';
			}
	} while (c.out_more);
}

static void expect(int fd, uint32_t ioas, uint32_t kinds, const char *want)
{
	unsigned int chunk;
	char got[N + 1];

	for (chunk = 1; chunk <= N; chunk++) {
		letters(fd, ioas, kinds, chunk, got);
		CHECK(!strcmp(got, want), "%s, not %s, in chunks of %u", got, want, chunk);
	}
}

static void client_pins(int client, unsigned int first, unsigned int n, bool pin)
{
	struct ioasb_client_pin p = { .size = sizeof(p),
				      .iova = BASE + first * PAGE,
				      .length = n * PAGE };
	struct ioasb_client_unpin u = { .size = sizeof(u), .iova = p.iova, .length = p.length };

	EQ(be_call(client, pin ? IOASB_CLIENT_PIN : IOASB_CLIENT_UNPIN, pin ? (void *)&p : &u), 0);
}

static void kinds_of_gaps(void)
{
	struct ioasb_iova_range taken = { BASE + 4 * PAGE, BASE + 6 * PAGE - 1 };
	char *buf = be_memory(12 * PAGE);
	int fd = be_open(), client;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), id;
	uint32_t dev = be_device(fd, PAGE, 0, TOP, &taken, 1);
	uint64_t at = BASE + 20 * PAGE;

	EQ(be_attach(fd, dev, ioas, 0), 0);
	expect(fd, ioas, ALL, "uuuu..uuuuuuuuuuuuuuuuuuuuuuuuuu");
	EQ(be_detach(fd, dev), 0);
	EQ(be_map_at(fd, ioas, buf, 6 * PAGE, BASE + 8 * PAGE), 0);
	EQ(be_map_at(fd, ioas, buf, 2 * PAGE, BASE + 14 * PAGE), 0);
	EQ(be_reserve(fd, ioas, IOASB_FIXED, 8 * PAGE, &at, &id), 0);
	expect(fd, ioas, ALL, "uuuuuuuuppppppppuuuurrrrrrrruuuu");
	expect(fd, ioas, IOASB_GAP_UNPINNED, "........pppppppp................");
	expect(fd, ioas, IOASB_GAP_RESERVED, "....................rrrrrrrr....");
	expect(fd, ioas, IOASB_GAP_UNMAPPED, "uuuuuuuu........uuuu........uuuu");
	client = be_client(fd, ioas, IOASB_CLIENT_PAGES);
	client_pins(client, 9, 2, true);
	client_pins(client, 12, 3, true);
	expect(fd, ioas, ALL, "uuuuuuuup..p...puuuurrrrrrrruuuu");
	close(client);
	close(fd);
	munmap(buf, 12 * PAGE);
}

static void inside_reservation(void)
{
	char *buf = be_memory(4 * PAGE);
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), id;
	uint64_t at = BASE + 2 * PAGE;
	struct ioasb_map c = { .size = sizeof(c),
			       .flags = RW_PROT | IOASB_FIXED,
			       .ioas_id = ioas,
			       .user_va = (uintptr_t)buf,
			       .length = 2 * PAGE,
			       .iova = BASE + 4 * PAGE };

	EQ(be_reserve(fd, ioas, IOASB_FIXED, 6 * PAGE, &at, &id), 0);
	c.reservation = id;
	EQ(be_call(fd, IOASB_MAP, &c), 0);
	expect(fd, ioas, ALL, "uurrpprruuuuuuuuuuuuuuuuuuuuuuuu");
	EQ(be_attach(fd, be_device(fd, PAGE, 0, TOP, NULL, 0), ioas, 0), 0);
	expect(fd, ioas, ALL, "uurr..rruuuuuuuuuuuuuuuuuuuuuuuu");
	close(fd);
	munmap(buf, 4 * PAGE);
}

/* The ends of all addresses, and of a large area of which little is pinned. */
static void ends(void)
{
	char *buf = mmap(NULL, 4096 * MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int fd = be_open(), client;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0);
	struct ioasb_gaps c = { .kinds = ALL, .num_gaps = 8, .last = TOP };
	struct ioasb_gap g[8];

	EQ(ask(fd, ioas, &c, g), 0);
	EQ(c.num_gaps, 1);
	CHECK(!g[0].start && g[0].last == TOP && !c.out_more);
	EQ(be_map_at(fd, ioas, buf, 4096 * MIB, TOP - 4096 * MIB + 1), 0);
	client = be_client(fd, ioas, 0);
	struct ioasb_client_pin p = { .size = sizeof(p),
				      .iova = TOP - 2048 * MIB + 1,
				      .length = PAGE };
	EQ(be_call(client, IOASB_CLIENT_PIN, &p), 0);
	c.num_gaps = 8;
	c.iova = 0;
	EQ(ask(fd, ioas, &c, g), 0);
	EQ(c.num_gaps, 3);
	EQ(g[0].last, TOP - 4096 * MIB);
	EQ(g[1].last, p.iova - 1);
	EQ(g[2].start, p.iova + PAGE);
	EQ(g[2].last, TOP);
	EQ(c.out_more, 0);
	/* More than any caller's memory has room for is cut. */
	c.num_gaps = UINT32_MAX;
	c.iova = 0;
	EQ(ask(fd, ioas, &c, g), 0);
	EQ(c.num_gaps, 3);
	close(client);
	close(fd);
	munmap(buf, 4096 * MIB);
}

static void bad_gaps(int fd, uint32_t ioas)
{
	struct ioasb_gap g;
	struct ioasb_gaps good = { .kinds = ALL, .num_gaps = 1, .last = TOP }, c;

#define BAD(field, value, rc)                                                                      \
	c = good;                                                                                  \
	c.field = value;                                                                           \
	EQ(ask(fd, ioas, &c, &g), rc)
	BAD(kinds, 0, -EINVAL);
	BAD(kinds, 8, -EOPNOTSUPP);
	BAD(num_gaps, 0, -EINVAL);
	BAD(iova, 1, -EINVAL);
	BAD(last, 5, -EINVAL);
	BAD(iova, TOP - PAGE + 1, 0);
	c = good;
	c.iova = 2 * PAGE;
	c.last = PAGE - 1;
	EQ(ask(fd, ioas, &c, &g), -EINVAL);
	c = good;
	EQ(ask(fd, ioas + 100, &c, &g), -ENOENT);
	EQ(ask(fd, ioas, &c, (void *)8), -EFAULT);
	EQ(c.num_gaps, 1);
}

/* All of them, by so many at a time. */
static unsigned int where(int fd, struct ioasb_where c, unsigned int chunk, uint64_t *out)
{
	unsigned int n = 0;

	c.size = sizeof(c);
	do {
		c.num_iovas = chunk;
		c.iovas = (uintptr_t)(out + n);
		EQ(be_call(fd, IOASB_WHERE, &c), 0);
		n += c.num_iovas;
	} while (c.out_more);
	return n;
}

static uint64_t pfn_at(int fd, uint32_t ioas, uint64_t iova, uint32_t *pages_id)
{
	struct ioasb_lookup c = { .size = sizeof(c), .ioas_id = ioas, .iova = iova };

	EQ(be_call(fd, IOASB_LOOKUP, &c), 0);
	*pages_id = c.out_pages_id;
	return c.out_pfn;
}

/* A page that is mapped three times, by two pages objects. */
static void back(int fd, uint32_t ioas, char *buf)
{
	static const uint64_t want[] = { BASE + PAGE, 2 * BASE + PAGE, 3 * BASE };
	uint64_t got[8], at = 2 * BASE, pfn;
	unsigned int chunk;
	uint32_t id;

	EQ(be_map_at(fd, ioas, buf, 4 * PAGE, BASE), 0);
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, BASE, 2 * PAGE, &at), 0);
	EQ(be_map_at(fd, ioas, buf + PAGE, PAGE, 3 * BASE), 0);
	pfn = pfn_at(fd, ioas, BASE + PAGE, &id);
	for (chunk = 1; chunk < 5; chunk++) {
		struct ioasb_where c = { .ioas_id = ioas, .value = (uintptr_t)buf + PAGE + 3 };
		unsigned int i;

		EQ(where(fd, c, chunk, got), 3);
		for (i = 0; i < 3; i++)
			EQ(got[i], want[i] + 3);
		c.by = IOASB_WHERE_PAGE;
		c.pages_id = id;
		c.value = 1;
		EQ(where(fd, c, chunk, got), 2);
		CHECK(!memcmp(got, want, 2 * sizeof(*got)));
		if (!be_root)
			continue;
		c.by = IOASB_WHERE_PFN;
		c.pages_id = 0;
		c.value = pfn;
		EQ(where(fd, c, chunk, got), 3);
		CHECK(!memcmp(got, want, sizeof(want)));
		c.iova = BASE + 2 * PAGE;
		EQ(where(fd, c, chunk, got), 2);
	}
}

static void bad_where(int fd, uint32_t ioas, char *buf)
{
	uint64_t got[8];
	struct ioasb_where good = { .size = sizeof(good),
				    .ioas_id = ioas,
				    .value = (uintptr_t)buf,
				    .iovas = (uintptr_t)got,
				    .num_iovas = 1 },
			   c = good;
	int status;
	pid_t pid = fork();

	/* The same address in another process is other memory. */
	if (!pid) {
		EQ(where(fd, good, 8, got), 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	c.num_iovas = 0;
	EQ(be_call(fd, IOASB_WHERE, &c), -EINVAL);
	c = good;
	c.by = 3;
	EQ(be_call(fd, IOASB_WHERE, &c), -EOPNOTSUPP);
	c = good;
	c.pages_id = 1;
	EQ(be_call(fd, IOASB_WHERE, &c), -EOPNOTSUPP);
	c = good;
	c.by = IOASB_WHERE_PFN;
	EQ(be_call(fd, IOASB_WHERE, &c), be_root ? 0 : -EPERM);
	c = good;
	c.iovas = 8;
	EQ(be_call(fd, IOASB_WHERE, &c), -EFAULT);
	c = good;
	c.num_iovas = UINT32_MAX;
	c.value = TOP;
	EQ(be_call(fd, IOASB_WHERE, &c), 0);
	EQ(c.num_iovas, 0);
	c = good;
	c.ioas_id += 100;
	EQ(be_call(fd, IOASB_WHERE, &c), -ENOENT);
}

static void of_table(char *buf)
{
	int fd = be_open();
	struct ioasb_ioas_alloc a = { .size = sizeof(a),
				      .mode = IOASB_MODE_TCE,
				      .window_start = BASE + PAGE,
				      .window_length = (N - 2) * PAGE };
	struct ioasb_where c = { .by = IOASB_WHERE_PFN, .iova = 0 };
	uint64_t got[4];
	uint32_t id;

	EQ(be_call(fd, IOASB_IOAS_ALLOC, &a), 0);
	EQ(be_map_at(fd, a.out_ioas_id, buf, 3 * PAGE, BASE + 4 * PAGE), 0);
	EQ(be_map_at(fd, a.out_ioas_id, buf, PAGE, BASE + (N - 2) * PAGE), 0);
	expect(fd, a.out_ioas_id, ALL, ".uuu...uuuuuuuuuuuuuuuuuuuuuuu..");
	if (be_root) {
		c.ioas_id = a.out_ioas_id;
		c.value = pfn_at(fd, a.out_ioas_id, BASE + 4 * PAGE, &id);
		EQ(where(fd, c, 1, got), 2);
		EQ(got[0], BASE + 4 * PAGE);
		EQ(got[1], BASE + (N - 2) * PAGE);
	}
	close(fd);
}

void test_query(void)
{
	char *buf = be_memory(4 * PAGE);
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0);

	kinds_of_gaps();
	inside_reservation();
	ends();
	bad_gaps(fd, ioas);
	EQ(be_attach(fd, be_device(fd, PAGE, 0, TOP, NULL, 0), ioas, 0), 0);
	back(fd, ioas, buf);
	bad_where(fd, ioas, buf);
	of_table(buf);
	close(fd);
}
