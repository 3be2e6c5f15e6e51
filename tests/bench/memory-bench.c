// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs to map, touch and unmap a page, for --stale: memory-bench WHO COUNT.
 * WHO: "other" has no memory mapped for devices; "outside" has, and works elsewhere;
 * "inside" works between pages that are mapped, so that each unmap is an event.
 * Prints nanoseconds for each, on average. Needs /dev/iommu for the last two.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../clients/iommufd_uapi.h"

#define PAGE 4096UL
#define SPAN (64UL << 20)

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static char *reserve(void)
{
	void *at = mmap(NULL, SPAN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

/* Without a device nothing is pinned, but the memory is known from then on. */
static void map_for_devices(int fd, uint32_t ioas, char *page)
{
	struct fd_arg_map map = {
		.size = sizeof(map),
		.flags = FD_MAP_READ | FD_MAP_WRITE,
		.ioas = ioas,
		.va = (uintptr_t)page,
		.length = PAGE,
	};

	if (ioctl(fd, FD_IOAS_MAP, &map))
		die("IOAS_MAP");
}

static void own(char *span, int whole)
{
	struct fd_arg_alloc alloc = { .size = sizeof(alloc) };
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, FD_IOAS_ALLOC, &alloc))
		die("/dev/iommu");
	map_for_devices(fd, alloc.out_id, span);
	if (whole)
		map_for_devices(fd, alloc.out_id, span + SPAN - PAGE);
}

static void once(char *at)
{
	char *page = mmap(at, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);

	if (page == MAP_FAILED)
		die("mmap");
	*page = 1;
	if (munmap(page, PAGE))
		die("munmap");
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;
	char *span = reserve(), *at = NULL;
	struct timespec a, b;

	if (count <= 0)
		return 2;
	if (!strcmp(argv[1], "outside"))
		own(span, 0);
	if (!strcmp(argv[1], "inside")) {
		own(span, 1);
		at = span + SPAN / 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (long n = 0; n < count; n++)
		once(at);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%.1f\n",
	       ((b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)count);
	return 0;
}
