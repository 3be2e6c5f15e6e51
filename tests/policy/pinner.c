// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: pinner type1|iommufd|uring|bundled [DEVICE]
 * Says READY, then takes commands from standard input and answers each with a line: "ok",
 * "error NAME", or for race "ok MAPPED REFUSED".
 *   map SLOT PAGES      unmap SLOT
 *   race THREADS PAGES ROUNDS ERRNO   each maps up to PAGES and unmaps, ROUNDS times; only that
 * errno may come peek                reads own memory with process_vm_readv(2), which pins for a
 * moment quit
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../clients/util.h"
#include "pinner.h"

#define THREADS_MAX 32

static const struct way *way;
static struct {
	void *va;
	uint64_t bytes;
} held[SLOTS];

/* Memory that is there: what is pinned shows in no fault then. Without huge pages. */
static void *memory(uint64_t bytes)
{
	void *va = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (va == MAP_FAILED)
		return NULL;
	madvise(va, bytes, MADV_NOHUGEPAGE);
	memset(va, 1, bytes);
	return va;
}

static void answer(int ret)
{
	if (ret)
		printf("error %s\n", strerrorname_np(-ret));
	else
		printf("ok\n");
}

static int take(unsigned int slot, uint64_t pages)
{
	uint64_t bytes = pages * PAGE;
	void *va = slot < SLOTS && !held[slot].va ? memory(bytes) : NULL;
	int ret;

	if (!va)
		return -EINVAL;
	ret = way->map(slot, va, bytes);
	if (ret) {
		munmap(va, bytes);
		return ret;
	}
	held[slot].va = va;
	held[slot].bytes = bytes;
	return 0;
}

static int drop(unsigned int slot)
{
	int ret;

	if (slot >= SLOTS || !held[slot].va)
		return -EINVAL;
	ret = way->unmap(slot, held[slot].bytes);
	munmap(held[slot].va, held[slot].bytes);
	held[slot].va = NULL;
	return ret;
}

struct racer {
	pthread_t thread;
	unsigned int slot, rounds;
	uint64_t pages;
	int error; /* that may come */
	uint64_t mapped, refused;
	int bad; /* one that may not */
};

/* The largest piece comes as often as all others, so that the limit is met. */
static void *race(void *arg)
{
	struct racer *r = arg;
	struct rng rng = { r->slot + 1 };
	void *va = memory(r->pages * PAGE);

	for (unsigned int i = 0; i < r->rounds && !r->bad; i++) {
		uint64_t pages = rng_percent(&rng, 50) ? r->pages : 1 + rng_below(&rng, r->pages);
		int ret = va ? way->map(r->slot, va, pages * PAGE) : -ENOMEM;

		if (!ret) {
			r->mapped++;
			if (rng_percent(&rng, 50))
				usleep(rng_below(&rng, 2000));
			ret = way->unmap(r->slot, pages * PAGE);
		} else if (ret == r->error) {
			r->refused++;
			ret = 0;
		}
		r->bad = ret;
	}
	if (va)
		munmap(va, r->pages * PAGE);
	return NULL;
}

static void run_race(unsigned int n, uint64_t pages, unsigned int rounds, int error)
{
	struct racer r[THREADS_MAX] = {};
	uint64_t mapped = 0, refused = 0;
	int bad = 0;

	for (unsigned int i = 0; i < n && i < THREADS_MAX; i++) {
		r[i] = (struct racer){
			.slot = i, .rounds = rounds, .pages = pages, .error = -error
		};
		if (pthread_create(&r[i].thread, NULL, race, &r[i]))
			exit(1);
	}
	for (unsigned int i = 0; i < n && i < THREADS_MAX; i++) {
		pthread_join(r[i].thread, NULL);
		mapped += r[i].mapped;
		refused += r[i].refused;
		bad = bad ?: r[i].bad;
	}
	if (bad)
		answer(bad);
	else
		printf("ok %llu %llu\n", (unsigned long long)mapped, (unsigned long long)refused);
}

static int peek(void)
{
	static char from[8 * PAGE] = "seen", to[8 * PAGE];
	struct iovec local = { to, sizeof(to) }, remote = { from, sizeof(from) };

	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != sizeof(to))
		return -errno;
	return strcmp(to, "seen") ? -EIO : 0;
}

static void command(const char *line)
{
	unsigned int slot, n, rounds;
	unsigned long long pages;
	int error;

	if (sscanf(line, "map %u %llu", &slot, &pages) == 2)
		answer(take(slot, pages));
	else if (sscanf(line, "unmap %u", &slot) == 1)
		answer(drop(slot));
	else if (sscanf(line, "race %u %llu %u %d", &n, &pages, &rounds, &error) == 4)
		run_race(n, pages, rounds, error);
	else if (!strncmp(line, "peek", 4))
		answer(peek());
	else
		answer(-ENOSYS);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct way *const ways[] = { &way_type1, &way_iommufd, &way_uring,
						  &way_bundled };
	char line[128];
	int ret;

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(ways); i++) {
		if (!strcmp(argv[1], ways[i]->name))
			way = ways[i];
	}
	if (!way)
		return 2;
	ret = way->open(argc > 2 ? argv[2] : "");
	if (ret) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-ret));
		return 1;
	}
	printf("READY\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n"))
		command(line);
	return 0;
}
