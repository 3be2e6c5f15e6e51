// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: mirror-bench
 * What a change of the mirror costs by the number of areas that one IOAS has:
 * time of a change (an area removed, or mapped again, at a random place), and
 * resident memory of an area. Each size is measured in a process of its own.
 * Figures of a machine that does other things too: look at the ratios.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/mirror.h"

#define PAGE 4096ULL
#define CHANGES 1000000U
#define ROUNDS 3

struct figures {
	double add_ns; /* of mapping one, while the IOAS fills */
	double change_ns;
	double bytes; /* resident, of one area */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Exact, unlike statm, which sums counters of the CPUs that may lag behind. */
static uint64_t resident(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	unsigned long kib = 0;
	char line[128];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "Anonymous: %lu kB", &kib) == 1;
	if (!found) {
		fprintf(stderr, "mirror-bench: /proc/self/smaps_rollup cannot be read\n");
		exit(1);
	}
	fclose(f);
	return kib * 1024ULL;
}

/* SplitMix64: the same numbers on each run. */
static uint64_t random_below(uint64_t *state, uint64_t below)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

static struct ioas_event blank(unsigned int kind)
{
	struct ioas_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.len = sizeof(ev);
	ev.kind = (__u16)kind;
	ev.backend = IOAS_BACKEND_TYPE1;
	ev.time_ns = 1;
	ev.ctx = 1;
	ev.ioas = kind == IOAS_EV_CTX_NEW ? 0 : 2;
	return ev;
}

static void apply(struct mirror *m, const struct ioas_event *ev)
{
	if (mirror_apply(m, ev)) {
		fprintf(stderr, "mirror-bench: the mirror refused a change\n");
		exit(1);
	}
}

/* Area number i: two pages, and a hole after it. */
static void change(struct mirror *m, struct ioas_event *ev, unsigned int kind, uint64_t i)
{
	ev->kind = (__u16)kind;
	ev->body_area.iova = i * 3 * PAGE;
	ev->body_area.last = i * 3 * PAGE + 2 * PAGE - 1;
	ev->body_area.va = i * PAGE;
	ev->body_area.area = (uint32_t)i + 1;
	ev->body_area.owner_tgid = 100 + i % 3;
	apply(m, ev);
}

/* In no order, so that the tree is not built in the best of all ways. */
static uint32_t *shuffled(uint64_t *seed, uint32_t n)
{
	uint32_t *order = malloc(n * sizeof(*order));

	if (!order)
		exit(1);
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t i = n - 1; i > 0; i--) {
		uint32_t j = (uint32_t)random_below(seed, i + 1), was = order[i];

		order[i] = order[j];
		order[j] = was;
	}
	return order;
}

static double change_round(struct mirror *m, struct ioas_event *ev, uint64_t *seed, uint32_t n)
{
	uint64_t begin = now_ns();

	for (uint32_t k = 0; k < CHANGES / 2; k++) {
		uint64_t i = random_below(seed, n);

		change(m, ev, IOAS_EV_AREA_GONE, i);
		change(m, ev, IOAS_EV_AREA_ADD, i);
	}
	return (double)(now_ns() - begin) / CHANGES;
}

static struct figures measure(uint32_t n)
{
	struct ioas_event ev = blank(IOAS_EV_CTX_NEW);
	struct mirror *m = mirror_new(NULL);
	uint64_t seed = 1, begin, before;
	struct figures f = { 0 };
	uint32_t *order = shuffled(&seed, n);

	if (!m)
		exit(1);
	apply(m, &ev);
	ev = blank(IOAS_EV_IOAS_NEW);
	apply(m, &ev);
	/* What the first area brings along is not to be counted. */
	ev = blank(IOAS_EV_AREA_ADD);
	change(m, &ev, IOAS_EV_AREA_ADD, 0);
	change(m, &ev, IOAS_EV_AREA_GONE, 0);
	resident();
	before = resident();
	begin = now_ns();
	for (uint32_t i = 0; i < n; i++)
		change(m, &ev, IOAS_EV_AREA_ADD, order[i]);
	f.add_ns = (double)(now_ns() - begin) / n;
	f.bytes = (double)(resident() - before) / n;
	for (int round = 0; round < ROUNDS; round++) {
		double ns = change_round(m, &ev, &seed, n);

		if (!round || ns < f.change_ns)
			f.change_ns = ns;
	}
	if (mirror_check(m) || mirror_stats(m)->areas != n)
		exit(1);
	mirror_free(m);
	free(order);
	return f;
}

/* In a child, so that each size begins with an empty heap. */
static struct figures measure_apart(uint32_t n)
{
	struct figures f;
	int fds[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds) || (pid = fork()) < 0) {
		perror("mirror-bench");
		exit(1);
	}
	if (!pid) {
		f = measure(n);
		_exit(write(fds[1], &f, sizeof(f)) == sizeof(f) ? 0 : 1);
	}
	close(fds[1]);
	if (read(fds[0], &f, sizeof(f)) != sizeof(f) || waitpid(pid, &status, 0) < 0 || status) {
		fprintf(stderr, "mirror-bench: measuring %" PRIu32 " areas failed\n", n);
		exit(1);
	}
	close(fds[0]);
	return f;
}

int main(void)
{
	struct figures first = { 0 }, prev = { 0 };

	printf("%9s %10s %10s %8s %8s %12s\n", "areas", "ns/add", "ns/change", "x before",
	       "x first", "bytes/area");
	for (uint32_t n = 1000; n <= 1000000; n *= 10) {
		struct figures f = measure_apart(n);

		if (n == 1000)
			first = prev = f;
		printf("%9" PRIu32 " %10.0f %10.0f %8.2f %8.2f %12.1f\n", n, f.add_ns, f.change_ns,
		       f.change_ns / prev.change_ns, f.change_ns / first.change_ns, f.bytes);
		prev = f;
	}
	return 0;
}
