// SPDX-License-Identifier: GPL-2.0-or-later
/* Mode TCE: a table of one word for each page, written over by maps. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "be.h"

#define BASE 0x100000000ULL
#define PAGES 64ULL /* of the window */

static int alloc(int fd, uint64_t start, uint64_t length, uint32_t account, uint32_t *id)
{
	struct ioasb_ioas_alloc c = { .size = sizeof(c),
				      .mode = IOASB_MODE_TCE,
				      .account = account,
				      .window_start = start,
				      .window_length = length };
	int rc = be_call(fd, IOASB_IOAS_ALLOC, &c);

	*id = c.out_ioas_id;
	return rc;
}

static uint32_t table(int fd)
{
	uint32_t id;

	EQ(alloc(fd, BASE, PAGES * PAGE, IOASB_ACCOUNT_USER, &id), 0);
	return id;
}

static int map(int fd, uint32_t ioas, uint32_t flags, void *va, uint64_t n, uint64_t iova,
	       uint64_t *replaced)
{
	struct ioasb_map c = { .size = sizeof(c),
			       .flags = flags,
			       .ioas_id = ioas,
			       .user_va = (uintptr_t)va,
			       .length = n * PAGE,
			       .iova = iova,
			       .out_replaced = 0x5555 };
	int rc = be_call(fd, IOASB_MAP, &c);

	*replaced = c.out_replaced / PAGE;
	return rc;
}

/* Maps n pages at page @at of the window; how many were there. */
static unsigned int put(int fd, uint32_t ioas, void *va, unsigned int at, unsigned int n)
{
	uint64_t replaced;

	EQ(map(fd, ioas, RW_PROT | IOASB_FIXED, va, n, BASE + at * PAGE, &replaced), 0);
	return replaced;
}

static struct ioasb_rec get_table(int fd)
{
	struct ioasb_rec *recs, found = {};
	unsigned int i, n = be_dump(fd, 3, &recs), entries = 0;

	for (i = 0; i < n; i++) {
		if (recs[i].kind == IOASB_REC_TCE)
			found = recs[i];
		if (recs[i].kind == IOASB_REC_TCE_ENTRY)
			entries += (recs[i].tce_entry.last - recs[i].tce_entry.start + 1) / PAGE;
	}
	free(recs);
	EQ(found.kind, IOASB_REC_TCE);
	EQ(entries, found.tce.npinned);
	EQ(found.tce.ncharged, found.tce.npinned);
	return found;
}

static void windows(int fd)
{
	uint32_t id;
	struct ioasb_ioas_alloc c = { .size = sizeof(c), .window_length = PAGE };

	EQ(alloc(fd, 0, 0, 0, &id), -EINVAL);
	EQ(alloc(fd, 1, PAGE, 0, &id), -EINVAL);
	EQ(alloc(fd, 0, PAGE + 1, 0, &id), -EINVAL);
	EQ(alloc(fd, TOP - PAGE + 1, 2 * PAGE, 0, &id), -EOVERFLOW);
	EQ(alloc(fd, 0, TOP - PAGE + 1, 0, &id), -ENOSPC);
	EQ(alloc(fd, 0, ((1ULL << 24) + 1) * PAGE, 0, &id), -ENOSPC);
	EQ(be_call(fd, IOASB_IOAS_ALLOC, &c), -EOPNOTSUPP);
	EQ(alloc(fd, TOP - PAGE + 1, PAGE, 0, &id), 0);
	EQ(be_destroy(fd, id), 0);
	EQ(alloc(fd, 0, 4 * PAGE, IOASB_ACCOUNT_NONE, &id), be_root ? 0 : -EPERM);
	if (be_root)
		EQ(be_destroy(fd, id), 0);
}

static void arguments(int fd, uint32_t ioas, char *buf)
{
	struct ioasb_iova_range range = { BASE, BASE + PAGE - 1 };
	uint32_t other = be_ioas(fd, IOASB_MODE_ANY, 0), flags = RW_PROT | IOASB_FIXED, id;
	uint64_t n, x = 0;
	char *ro = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EQ(map(fd, ioas, flags, buf, 1, BASE - PAGE, &n), -ENXIO);
	EQ(map(fd, ioas, flags, buf, 2, BASE + (PAGES - 1) * PAGE, &n), -ENXIO);
	EQ(map(fd, ioas, flags, buf, 2, TOP - PAGE + 1, &n), -EOVERFLOW);
	EQ(map(fd, ioas, flags, NULL, TOP / PAGE, BASE, &n), -EOVERFLOW);
	EQ(map(fd, ioas, flags, buf, 1, BASE + 1, &n), -EINVAL);
	EQ(map(fd, ioas, flags, buf, 0, BASE, &n), -EINVAL);
	EQ(map(fd, ioas, RW_PROT, buf, 1, BASE, &n), -EOPNOTSUPP);
	EQ(map(fd, ioas, flags, ro, 1, BASE, &n), -EFAULT);
	EQ(map(fd, ioas, flags, (char *)0x1000, 1, BASE, &n), -EFAULT);
	EQ(n, 0);
	EQ(be_unmap(fd, ioas, BASE + 1, PAGE, &n), -EINVAL);
	EQ(be_unmap(fd, ioas, BASE, PAGE - 1, &n), -EINVAL);
	EQ(be_unmap(fd, ioas, BASE, 0, &n), -EINVAL);
	EQ(be_copy(fd, ioas, other, flags, 0, PAGE, &x), -EOPNOTSUPP);
	EQ(be_copy(fd, other, ioas, flags, BASE, PAGE, &x), -EOPNOTSUPP);
	EQ(be_allow(fd, ioas, &range, 1), -EOPNOTSUPP);
	EQ(be_reserve(fd, ioas, 0, PAGE, &x, &id), -EOPNOTSUPP);
	EQ(be_client(fd, ioas, 0), -EOPNOTSUPP);
	EQ(get_table(fd).tce.npinned, 0);
	munmap(ro, PAGE);
	EQ(be_destroy(fd, other), 0);
}

/* A map over a live entry: the size of what went, the old page is let go, the new one is there. */
static void overwrite(int fd, uint32_t ioas, char *buf)
{
	struct ioasb_lookup c = { .size = sizeof(c), .ioas_id = ioas, .iova = BASE + 3 * PAGE + 5 };
	uint64_t n;
	char got;

	EQ(put(fd, ioas, buf, 2, 4), 0);
	buf[PAGE] = 'a';
	EQ(be_rw(fd, ioas, false, BASE + 3 * PAGE, &got, 1, NULL), 0);
	EQ(got, 'a');
	EQ(put(fd, ioas, buf + 8 * PAGE, 3, 2), 2);
	EQ(put(fd, ioas, buf + 9 * PAGE, 5, 2), 1);
	EQ(get_table(fd).tce.npinned, 5);
	EQ(get_table(fd).tce.replaced, 3);
	if (be_root)
		EQ(be_pins(), 5);
	buf[8 * PAGE] = 'b';
	EQ(be_rw(fd, ioas, false, BASE + 3 * PAGE, &got, 1, NULL), 0);
	EQ(got, 'b');
	EQ(be_call(fd, IOASB_LOOKUP, &c), 0);
	EQ(c.out_flags, RW_PROT | IOASB_LOOKUP_PINNED);
	EQ(c.out_start, BASE + 3 * PAGE);
	EQ(c.out_last, BASE + 4 * PAGE - 1);
	EQ(!!c.out_pfn, be_root);
	/* One that fails leaves what was there. */
	EQ(map(fd, ioas, RW_PROT | IOASB_FIXED, buf + 31 * PAGE, 2, BASE + 2 * PAGE, &n), -EFAULT);
	EQ(get_table(fd).tce.npinned, 5);
	EQ(be_status("VmPin:"), 5 * 4);
	/* Any part may go, holes count for nothing. */
	EQ(be_unmap(fd, ioas, BASE + 4 * PAGE, PAGE, &n), 0);
	EQ(n, PAGE);
	EQ(be_unmap(fd, ioas, 0, BASE + 4 * PAGE, &n), 0);
	EQ(n, 2 * PAGE);
	EQ(be_rw(fd, ioas, false, BASE + 3 * PAGE, &got, 1, NULL), -ENOENT);
	EQ(be_unmap(fd, ioas, BASE + 5 * PAGE, 1000 * PAGE, &n), 0);
	EQ(n, 2 * PAGE);
	EQ(be_unmap(fd, ioas, BASE, PAGE, &n), 0);
	EQ(n, 0);
	EQ(be_status("VmPin:"), 0);
}

static void all(int fd, uint32_t ioas, char *buf)
{
	uint64_t n;

	EQ(put(fd, ioas, buf, 0, 3), 0);
	EQ(put(fd, ioas, buf, PAGES - 2, 2), 0);
	EQ(be_unmap(fd, ioas, 0, TOP, &n), 0);
	EQ(n, 5 * PAGE);
	EQ(put(fd, ioas, buf, PAGES - 1, 1), 0);
	EQ(be_unmap_all(fd, ioas, &n), 0);
	EQ(n, PAGE);
	EQ(be_unmap_all(fd, ioas, &n), 0);
	EQ(n, 0);
}

static void protection(int fd, uint32_t ioas, char *buf)
{
	uint64_t n;
	char got = 'x';

	EQ(map(fd, ioas, IOASB_READABLE | IOASB_FIXED, buf, 1, BASE, &n), 0);
	EQ(map(fd, ioas, IOASB_WRITEABLE | IOASB_FIXED, buf + PAGE, 1, BASE + PAGE, &n), 0);
	EQ(be_rw(fd, ioas, true, BASE, &got, 1, NULL), -EPERM);
	EQ(be_rw(fd, ioas, false, BASE + PAGE, &got, 1, NULL), -EPERM);
	EQ(be_rw(fd, ioas, true, BASE + PAGE, &got, 1, &n), 0);
	EQ(n, 1);
	EQ(buf[PAGE], 'x');
	EQ(be_rw(fd, ioas, false, BASE - 1, &got, 1, NULL), -ENOENT);
	EQ(be_rw(fd, ioas, false, BASE + PAGES * PAGE, &got, 1, NULL), -ENOENT);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
}

/* The window is all that is valid, for devices too. What is mapped is pinned without one. */
static void devices(int fd, uint32_t ioas, char *buf)
{
	struct ioasb_iova_range in = { BASE + PAGE, BASE + 2 * PAGE - 1 }, got[2];
	uint32_t fits = be_device(fd, PAGE, BASE, BASE + PAGES * PAGE - 1, NULL, 0);
	uint32_t small = be_device(fd, PAGE, 0, BASE, NULL, 0);
	uint32_t takes = be_device(fd, PAGE, 0, TOP, &in, 1);
	uint32_t large = be_device(fd, 2 * PAGE, 0, TOP, NULL, 0);
	unsigned int n = 2;

	EQ(be_ranges(fd, ioas, got, &n), 0);
	EQ(n, 1);
	EQ(got[0].start, BASE);
	EQ(got[0].last, BASE + PAGES * PAGE - 1);
	EQ(be_attach(fd, small, ioas, 0), -EADDRINUSE);
	EQ(be_attach(fd, takes, ioas, 0), -EADDRINUSE);
	EQ(be_attach(fd, large, ioas, 0), -EADDRINUSE);
	EQ(be_attach(fd, fits, ioas, 0), 0);
	EQ(be_destroy(fd, ioas), -EBUSY);
	EQ(put(fd, ioas, buf, 0, 2), 0);
	EQ(be_detach(fd, fits), 0);
	EQ(get_table(fd).tce.npinned, 2);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
}

/* Only who made the table maps; all is charged to it. */
static void others(int fd, uint32_t ioas, char *buf)
{
	uint64_t n;
	int status;
	pid_t pid;

	EQ(put(fd, ioas, buf, 0, 1), 0);
	pid = fork();
	if (!pid) {
		EQ(map(fd, ioas, RW_PROT | IOASB_FIXED, buf, 1, BASE, &n), -EPERM);
		EQ(be_unmap_all(fd, ioas, &n), 0);
		EQ(n, PAGE);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	EQ(be_status("VmPin:"), 0);
	EQ(get_table(fd).tce.ncharged, 0);
}

/* By process, VmLck says what the table says; by nobody, no counter does. */
static void accounts(char *buf)
{
	int fd = be_open();
	uint32_t mm, none;

	if (!be_root)
		return;
	EQ(alloc(fd, BASE, PAGES * PAGE, IOASB_ACCOUNT_MM, &mm), 0);
	EQ(put(fd, mm, buf, 0, 6), 0);
	EQ(put(fd, mm, buf, 4, 4), 2);
	EQ(be_status("VmLck:"), 8 * 4);
	EQ(be_status("VmPin:"), 8 * 4);
	EQ(be_unmap(fd, mm, BASE, 3 * PAGE, NULL), 0);
	EQ(be_status("VmLck:"), 5 * 4);
	EQ(be_destroy(fd, mm), 0);
	EQ(be_status("VmLck:"), 0);
	EQ(alloc(fd, BASE, PAGES * PAGE, IOASB_ACCOUNT_NONE, &none), 0);
	EQ(put(fd, none, buf, 0, 6), 0);
	EQ(be_status("VmPin:"), 0);
	EQ(be_pins(), 6);
	close(fd);
	EQ(be_pins(), 0);
}

/* What is written over needs room for as long as it takes; nothing is ever above the limit. */
static void limited(int fd, uint32_t ioas, char *buf)
{
	struct rlimit r = { 8 * PAGE, 8 * PAGE };
	uint64_t n;

	if (be_root)
		return;
	EQ(setrlimit(RLIMIT_MEMLOCK, &r), 0);
	EQ(map(fd, ioas, RW_PROT | IOASB_FIXED, buf, 9, BASE, &n), -ENOMEM);
	EQ(put(fd, ioas, buf, 0, 5), 0);
	EQ(map(fd, ioas, RW_PROT | IOASB_FIXED, buf, 4, BASE, &n), -ENOMEM);
	EQ(put(fd, ioas, buf, 0, 3), 3);
	EQ(get_table(fd).tce.ncharged, 5);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(put(fd, ioas, buf, 0, 8), 0);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
}

/* Against a table of our own: which page of the buffer is where. */
static void random_calls(int fd, uint32_t ioas, char *buf)
{
	struct rng rng = { be_seed };
	int model[PAGES], round, rounds = be_scaled(3000, 100);
	unsigned int i;

	memset(model, -1, sizeof(model));
	for (i = 0; i < 32; i++)
		buf[i * PAGE] = i;
	for (round = 0; round < rounds; round++) {
		unsigned int at = rng_next(&rng) % PAGES, was = 0;
		unsigned int n = 1 + rng_next(&rng) % min_u64(PAGES - at, 16);
		unsigned int from = rng_next(&rng) % 17;
		bool maps = rng_next(&rng) % 3;
		uint64_t unmapped;

		for (i = 0; i < n; i++) {
			was += model[at + i] >= 0;
			model[at + i] = maps ? (int)(from + i) : -1;
		}
		if (maps) {
			EQ(put(fd, ioas, buf + from * PAGE, at, n), was);
		} else {
			EQ(be_unmap(fd, ioas, BASE + at * PAGE, n * PAGE, &unmapped), 0);
			EQ(unmapped, was * PAGE);
		}
		at = rng_next(&rng) % PAGES;
		char got = -1;
		EQ(be_rw(fd, ioas, false, BASE + at * PAGE, &got, 1, NULL),
		   model[at] < 0 ? -ENOENT : 0);
		EQ(got, model[at]);
	}
	for (i = 0, round = 0; i < PAGES; i++)
		round += model[i] >= 0;
	EQ(get_table(fd).tce.npinned, round);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
}

struct racer {
	pthread_t thread;
	int fd;
	uint32_t ioas;
	char *buf;
	struct rng rng;
	unsigned int rounds;
	uint64_t put, taken; /* pages */
};

static void *race(void *arg)
{
	struct racer *r = arg;
	uint64_t n;

	while (r->rounds--) {
		unsigned int at = rng_next(&r->rng) % 8, what = rng_next(&r->rng) % 4;
		char c;

		if (what < 2) {
			r->taken += put(r->fd, r->ioas, r->buf + what * 8 * PAGE, at, 8);
			r->put += 8;
		} else if (what == 2) {
			EQ(be_unmap(r->fd, r->ioas, BASE + at * PAGE, 8 * PAGE, &n), 0);
			r->taken += n / PAGE;
		} else {
			int rc = be_rw(r->fd, r->ioas, at & 1, BASE + at * PAGE, &c, 1, NULL);

			CHECK(!rc || rc == -ENOENT);
		}
	}
	return NULL;
}

/* Threads on the same entries: what was put in came out, once. */
static void race_all(int fd, uint32_t ioas, char *buf)
{
	struct racer racers[6];
	uint64_t put = 0, taken = 0, n;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(racers); i++) {
		racers[i] = (struct racer){ .fd = fd,
					    .ioas = ioas,
					    .buf = buf,
					    .rng = { be_seed + i },
					    .rounds = be_scaled(20000, 200) };
		CHECK(!pthread_create(&racers[i].thread, NULL, race, &racers[i]));
	}
	for (i = 0; i < ARRAY_SIZE(racers); i++) {
		CHECK(!pthread_join(racers[i].thread, NULL));
		put += racers[i].put;
		taken += racers[i].taken;
	}
	EQ(be_unmap_all(fd, ioas, &n), 0);
	EQ(put, taken + n / PAGE);
	EQ(get_table(fd).tce.npinned, 0);
	EQ(be_status("VmPin:"), 0);
}

/* The IOAS is destroyed while others map into it. */
static void race_end(char *buf)
{
	int fd = be_open(), round;

	for (round = 0; round < 20; round++) {
		uint32_t ioas = table(fd);
		pid_t pid = fork();
		int status;

		if (!pid) {
			usleep(rng_next(&(struct rng){ be_seed + round }) % 3000);
			EQ(be_destroy(fd, ioas), 0);
			_exit(0);
		}
		for (;;) {
			uint64_t n;
			int rc = map(fd, ioas, RW_PROT | IOASB_FIXED, buf, 16, BASE, &n);

			if (rc == -ENOENT)
				break;
			EQ(rc, 0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && !status);
		EQ(be_status("VmPin:"), 0);
	}
	close(fd);
}

void test_tce(void)
{
	char *buf = be_memory(32 * PAGE + PAGE);
	int fd = be_open();
	uint32_t ioas;

	munmap(buf + 32 * PAGE, PAGE);
	windows(fd);
	ioas = table(fd);
	arguments(fd, ioas, buf);
	overwrite(fd, ioas, buf);
	all(fd, ioas, buf);
	protection(fd, ioas, buf);
	devices(fd, ioas, buf);
	others(fd, ioas, buf);
	random_calls(fd, ioas, buf);
	accounts(buf);
	race_all(fd, ioas, buf);
	race_end(buf);
	/* The charge is to who made the table, with the limit of when it maps. */
	limited(fd, ioas, buf);
	EQ(put(fd, ioas, buf, 0, 3), 0);
	close(fd);
	EQ(be_status("VmPin:"), 0);
}
