// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the trackers of the bundled backend cost: trackers PAGES. Needs /dev/ioas_backend and
 * the memory controller. A line for each load and tracker: load, tracker, pages, bytes of kernel
 * memory, nanoseconds for each page to pin and to unpin; the best of some rounds. A device is
 * attached, so all pages are pinned already and what is left is the tracker; without one, as
 * "unpinned", the ranges are pinned for real.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <ioascope/ioas_backend.h>

#include "util.h"

#define BASE 0x100000000ULL
#define ROUNDS 7
#define ROUNDS_TIME 2e10 /* no other round after that */

static const char *const trackers[] = { "interval", "xarray", "table", "array" };

/* What is pinned one call after the other: pages in some order, or one range. */
struct load {
	const char *name;
	uint32_t *page;
	uint32_t calls;
	uint64_t pages_each;
};

struct cost {
	long bytes;
	double pin, unpin;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void call(int fd, unsigned long cmd, void *arg)
{
	if (ioctl(fd, cmd, arg))
		die("ioctl");
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* What the kernel keeps for us is charged to a group of our own. */
static void own_group(void)
{
	write_to("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir("/sys/fs/cgroup/trackers", 0755) && errno != EEXIST)
		die("cgroup");
	write_to("/sys/fs/cgroup/trackers/cgroup.procs", "0");
}

/* The counts of each CPU are added up every two seconds. */
static long kernel_bytes(void)
{
	FILE *f = fopen("/sys/fs/cgroup/trackers/memory.stat", "r");
	char line[256];
	long n = -1;

	if (!f)
		die("memory.stat");
	fclose(f);
	usleep(2500000);
	f = fopen("/sys/fs/cgroup/trackers/memory.stat", "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "kernel %ld", &n);
	fclose(f);
	return n;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double each(int client, const struct load *l, unsigned long cmd)
{
	struct ioasb_client_pin c = { .size = sizeof(c), .length = l->pages_each * PAGE };
	double begin = now();
	uint32_t i;

	for (i = 0; i < l->calls; i++) {
		c.iova = BASE + l->page[i] * PAGE;
		call(client, cmd, &c);
	}
	return (now() - begin) / ((double)l->calls * l->pages_each);
}

static int context(void *memory, uint64_t pages, uint32_t tracker, bool device)
{
	struct ioasb_ioas_alloc a = { .size = sizeof(a), .tracker = tracker };
	struct ioasb_device_alloc d = { .size = sizeof(d), .page_size = PAGE };
	struct ioasb_attach at = { .size = sizeof(at) };
	struct ioasb_client_alloc c = { .size = sizeof(c), .flags = IOASB_CLIENT_PAGES };
	struct ioasb_map m = { .size = sizeof(m), .user_va = (uintptr_t)memory, .iova = BASE };
	int fd = open("/dev/ioas_backend", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("/dev/ioas_backend");
	call(fd, IOASB_IOAS_ALLOC, &a);
	m.ioas_id = at.ioas_id = c.ioas_id = a.out_ioas_id;
	m.flags = IOASB_FIXED | IOASB_READABLE | IOASB_WRITEABLE;
	m.length = pages * PAGE;
	call(fd, IOASB_MAP, &m);
	d.aperture_last = UINT64_MAX;
	call(fd, IOASB_DEVICE_ALLOC, &d);
	at.dev_id = d.out_dev_id;
	if (device)
		call(fd, IOASB_ATTACH, &at);
	call(fd, IOASB_CLIENT_ALLOC, &c);
	/* The client's file keeps the context. */
	close(fd);
	return c.out_fd;
}

static struct cost measure(void *memory, uint64_t pages, const struct load *l, uint32_t tracker,
			   bool device)
{
	int client = context(memory, pages, tracker, device), i;
	struct cost best = { .bytes = -kernel_bytes() };
	double begin = now();

	for (i = 0; i < ROUNDS && now() - begin < ROUNDS_TIME; i++) {
		double pin = each(client, l, IOASB_CLIENT_PIN), unpin;

		if (!i)
			best.bytes += kernel_bytes();
		unpin = each(client, l, IOASB_CLIENT_UNPIN);
		best.pin = !i || pin < best.pin ? pin : best.pin;
		best.unpin = !i || unpin < best.unpin ? unpin : best.unpin;
	}
	close(client);
	return best;
}

static void report(void *memory, uint64_t pages, const struct load *l, const char *name,
		   uint32_t tracker, bool device)
{
	struct cost c = measure(memory, pages, l, tracker, device);

	printf("%s %s %llu %ld %.4f %.4f\n", l->name, name,
	       (unsigned long long)(l->calls * l->pages_each), c.bytes, c.pin, c.unpin);
	fflush(stdout);
}

/* Every @step-th of all pages. */
static struct load ascending(const char *name, uint64_t pages, unsigned int step)
{
	struct load l = { .name = name, .calls = pages / step, .pages_each = 1 };
	uint32_t i;

	l.page = calloc(l.calls, sizeof(*l.page));
	for (i = 0; i < l.calls; i++)
		l.page[i] = i * step;
	return l;
}

/* One page in sixteen, each as likely as any other, in no order. */
static struct load scattered(uint64_t pages)
{
	struct load l = ascending("scattered", pages, 1);
	struct rng rng = { 1 };
	uint32_t i, k, page;

	for (i = 0; i < pages / 16; i++) {
		k = i + rng_below(&rng, pages - i);
		page = l.page[i];
		l.page[i] = l.page[k];
		l.page[k] = page;
	}
	l.calls = pages / 16;
	return l;
}

int main(int argc, char **argv)
{
	uint64_t pages = argc == 2 ? strtoull(argv[1], NULL, 0) : 0;
	uint32_t zero = 0, i, t;
	void *memory;

	if (pages < 1024)
		return 2;
	const struct load loads[] = {
		{ "all", &zero, 1, pages },
		ascending("sparse", pages, 100),
		scattered(pages),
		ascending("sequential", pages / 8, 1),
	};
	own_group();
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	for (i = 0; i < ARRAY_SIZE(loads); i++) {
		for (t = 0; t < ARRAY_SIZE(trackers); t++)
			report(memory, pages, &loads[i], trackers[t], t, true);
		report(memory, pages, &loads[i], "unpinned", 0, false);
	}
	return 0;
}
