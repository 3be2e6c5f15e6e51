// SPDX-License-Identifier: GPL-2.0-or-later
/* MAP with WATCH: what becomes of the memory behind a mapping. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "be.h"

#define BASE 0x100000000ULL
#define N 8

static int map(int fd, uint32_t ioas, void *va, uint32_t flags)
{
	uint64_t iova = BASE;

	return be_map(fd, ioas, RW_PROT | IOASB_FIXED | flags, va, N * PAGE, &iova);
}

static struct ioasb_generation ask(int fd, uint32_t ioas, unsigned int page)
{
	struct ioasb_generation c = { .size = sizeof(c),
				      .ioas_id = ioas,
				      .iova = BASE + page * PAGE + 3 };

	EQ(be_call(fd, IOASB_GENERATION, &c), 0);
	return c;
}

static uint32_t flags(int fd, uint32_t ioas, unsigned int page)
{
	return ask(fd, ioas, page).out_flags;
}

/* What the dump says of the only pages object. */
static uint32_t dumped(int fd, uint64_t *generation)
{
	struct ioasb_rec *recs;
	unsigned int i, n = be_dump(fd, 64, &recs);
	uint32_t got = UINT32_MAX;

	for (i = 0; i < n; i++)
		if (recs[i].kind == IOASB_REC_PAGES) {
			got = recs[i].pages.flags;
			*generation = recs[i].pages.generation;
		}
	free(recs);
	return got;
}

static void dontneed(char *p)
{
	EQ(madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED), 0);
}

static void replace(char *p)
{
	CHECK(mmap(p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_FIXED, -1, 0) == p + 2 * PAGE);
}

static void take_away(char *p)
{
	EQ(munmap(p + 2 * PAGE, PAGE), 0);
}

static void move_away(char *p)
{
	char *to = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(mremap(p + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	munmap(to, PAGE);
}

static void (*const takes[])(char *p) = { dontneed, replace, take_away, move_away };

/* One page goes: that is said, and the others are what they were. */
static void try_loss(void (*lose)(char *p), uint32_t ioas, int fd)
{
	char *p = be_memory(N * PAGE);
	struct ioasb_generation c;
	uint64_t before, after;

	EQ(map(fd, ioas, p, IOASB_WATCH), 0);
	EQ(flags(fd, ioas, 2), IOASB_WATCH_SAME);
	EQ(dumped(fd, &before), IOASB_PAGES_WATCHED);
	EQ(before, ask(fd, ioas, 0).out_pinned);
	lose(p);
	c = ask(fd, ioas, 2);
	EQ(c.out_flags, IOASB_WATCH_STALE | IOASB_WATCH_OTHER);
	CHECK(c.out_generation > before);
	EQ(c.out_pinned, before);
	EQ(c.out_first_page, 2);
	EQ(c.out_last_page, 2);
	EQ(flags(fd, ioas, 3), IOASB_WATCH_STALE | IOASB_WATCH_SAME);
	EQ(dumped(fd, &after), IOASB_PAGES_WATCHED | IOASB_PAGES_STALE);
	EQ(after, c.out_generation);
	/* Without that page, nothing of what is pinned went. */
	EQ(be_unmap(fd, ioas, BASE + 2 * PAGE, PAGE, NULL), 0);
	EQ(flags(fd, ioas, 3), IOASB_WATCH_SAME);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	munmap(p, N * PAGE);
}

/* What leaves the process the page that it has is no loss. */
static void no_loss(uint32_t ioas, int fd)
{
	char *p = be_memory(N * PAGE);
	int status;
	pid_t pid;

	EQ(map(fd, ioas, p, IOASB_WATCH), 0);
	memset(p, 1, N * PAGE);
	EQ(mprotect(p, PAGE, PROT_READ), 0);
	EQ(mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
	pid = fork();
	if (!pid) {
		memset(p, 2, N * PAGE);
		munmap(p, N * PAGE);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	memset(p, 3, N * PAGE);
	EQ(flags(fd, ioas, 0), IOASB_WATCH_SAME);
	EQ(flags(fd, ioas, N - 1), IOASB_WATCH_SAME);
	munmap(be_memory(PAGE), PAGE);
	EQ(flags(fd, ioas, 0), IOASB_WATCH_SAME);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	munmap(p, N * PAGE);
}

/* What went before it was pinned is not missing; what is mapped anew is as it is. */
static void not_pinned(int fd)
{
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), dev = be_device(fd, PAGE, 0, TOP, NULL, 0);
	char *p = be_memory(N * PAGE);
	uint64_t generation;

	EQ(map(fd, ioas, p, IOASB_WATCH), 0);
	generation = ask(fd, ioas, 0).out_generation;
	dontneed(p);
	EQ(flags(fd, ioas, 2), 0);
	CHECK(ask(fd, ioas, 0).out_generation > generation);
	EQ(be_attach(fd, dev, ioas, 0), 0);
	EQ(flags(fd, ioas, 2), IOASB_WATCH_SAME);
	dontneed(p);
	EQ(flags(fd, ioas, 2), IOASB_WATCH_STALE | IOASB_WATCH_OTHER);
	EQ(be_detach(fd, dev), 0);
	EQ(flags(fd, ioas, 2), 0);
	EQ(be_attach(fd, dev, ioas, 0), 0);
	EQ(flags(fd, ioas, 2), IOASB_WATCH_SAME);
	EQ(be_detach(fd, dev), 0);
	EQ(be_destroy(fd, ioas), 0);
	EQ(be_destroy(fd, dev), 0);
	munmap(p, N * PAGE);
}

/* The process whose memory it is ends. */
static void orphan(uint32_t ioas, int fd)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		EQ(map(fd, ioas, be_memory(N * PAGE), IOASB_WATCH), 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	EQ(flags(fd, ioas, 0), IOASB_WATCH_STALE | IOASB_WATCH_OTHER);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
}

static void arguments(uint32_t ioas, int fd)
{
	char *p = be_memory(N * PAGE);
	struct ioasb_generation c = { .size = sizeof(c), .ioas_id = ioas, .iova = BASE };
	uint64_t iova = 4 * BASE;

	EQ(be_call(fd, IOASB_GENERATION, &c), -ENOENT);
	EQ(map(fd, ioas, p, 0), 0);
	EQ(be_call(fd, IOASB_GENERATION, &c), -ENODATA);
	c.ioas_id += 100;
	EQ(be_call(fd, IOASB_GENERATION, &c), -ENOENT);
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED | IOASB_WATCH, BASE, PAGE, &iova),
	   -EOPNOTSUPP);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	/* It fails where the pin does, and nothing is left. */
	EQ(munmap(p + PAGE, PAGE), 0);
	EQ(map(fd, ioas, p, IOASB_WATCH), -EFAULT);
	EQ(map(fd, ioas, (void *)0xffff888000000000, IOASB_WATCH), -EFAULT);
	EQ(map(fd, ioas, (void *)(TOP - N * PAGE + 1), IOASB_WATCH), -EOVERFLOW);
	EQ(be_sum(fd).pages, 0);
	munmap(p, N * PAGE);
}

static void *churn(void *arg)
{
	char *p = arg;
	unsigned int i, rounds = be_scaled(20000, 200);

	for (i = 0; i < rounds; i++) {
		madvise(p, N * PAGE, MADV_DONTNEED);
		p[i % N * PAGE] = i;
	}
	return NULL;
}

/* Maps and unmaps while the memory goes all the time. */
static void race(uint32_t ioas, int fd)
{
	char *p = be_memory(N * PAGE);
	pthread_t thread;
	unsigned int i, rounds = be_scaled(2000, 50);

	CHECK(!pthread_create(&thread, NULL, churn, p));
	for (i = 0; i < rounds; i++) {
		EQ(map(fd, ioas, p, IOASB_WATCH), 0);
		ask(fd, ioas, i % N);
		EQ(be_unmap_all(fd, ioas, NULL), 0);
	}
	CHECK(!pthread_join(thread, NULL));
	munmap(p, N * PAGE);
}

/* A kernel may have been built without notifiers: then no map takes WATCH. */
static bool can_watch(void)
{
	char line[256];
	bool found = false;
	FILE *f = fopen("/proc/kallsyms", "r");

	CHECK(f, "%s", strerror(errno));
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, " mmu_interval_notifier_insert\n");
	fclose(f);
	return found;
}

static void cannot_watch(int fd, uint32_t ioas)
{
	char *p = be_memory(N * PAGE);

	EQ(map(fd, ioas, p, IOASB_WATCH), -EOPNOTSUPP);
	EQ(be_sum(fd).pages, 0);
	munmap(p, N * PAGE);
}

void test_watch(void)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), dev = be_device(fd, PAGE, 0, TOP, NULL, 0);
	unsigned int i;

	if (!can_watch()) {
		cannot_watch(fd, ioas);
		close(fd);
		return;
	}
	not_pinned(fd);
	EQ(be_attach(fd, dev, ioas, 0), 0);
	for (i = 0; i < ARRAY_SIZE(takes); i++)
		try_loss(takes[i], ioas, fd);
	no_loss(ioas, fd);
	orphan(ioas, fd);
	arguments(ioas, fd);
	race(ioas, fd);
	EQ(be_sum(fd).pages, 0);
	close(fd);
}
