// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The address behind a map changes while the map stays: in one process, and from one process to
 * another (which becomes the owner of the pages' accounting).
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tour.h"

#define AREA (64 * KIB)
#define IOVA CLIENT_IOVA_BASE
#define UNMAP_VADDR VFIO_DMA_UNMAP_FLAG_VADDR
#define MAP_VADDR VFIO_DMA_MAP_FLAG_VADDR

static void tour_invalidate(struct tour *tour, const char *what, int want)
{
	uint64_t returned = 0;

	tour_check(tour, what, vfio_unmap(&tour->client->vfio, IOVA, AREA, UNMAP_VADDR, &returned),
		   want);
	tour_check_u64(tour, what, returned, want ? 0 : AREA);
}

static int update(struct tour *tour, uint64_t iova, uint64_t size, void *va)
{
	return vfio_map(&tour->client->vfio, iova, size, (uintptr_t)va, MAP_VADDR);
}

static void tour_vaddr_wrong(struct tour *tour, void *va)
{
	tour_invalidate(tour, "invalidate", 0);
	tour_invalidate(tour, "invalidate twice", -EINVAL);
	tour_check(tour, "update, half the size", update(tour, IOVA, AREA / 2, va), -EINVAL);
	tour_check(tour, "update, twice the size", update(tour, IOVA, 2 * AREA, va), -EINVAL);
	tour_check(tour, "update, inside", update(tour, IOVA + PAGE, AREA - PAGE, va), -EINVAL);
	tour_check(tour, "update elsewhere", update(tour, IOVA + 2 * AREA, AREA, va), -ENOENT);
	tour_check(tour, "update", update(tour, IOVA, AREA, va), 0);
	tour_check(tour, "update twice", update(tour, IOVA, AREA, va), -EINVAL);
}

/* Another process with the same container takes the area over, and ends. */
static void tour_vaddr_child(struct tour *tour, void *va)
{
	pid_t child;
	int status;

	tour_invalidate(tour, "invalidate for a child", 0);
	child = fork();
	if (!child)
		_exit(update(tour, IOVA, AREA, va) ? 1 : 0);
	if (!tour_check(tour, "fork", child > 0, 1))
		return;
	tour_check(tour, "wait", waitpid(child, &status, 0) == child, 1);
	tour_check(tour, "update from a child", status, 0);
	tour_invalidate(tour, "invalidate after the child", 0);
	tour_check(tour, "update after the child", update(tour, IOVA, AREA, va), 0);
}

static void tour_vaddr_moves(struct tour *tour, void *first, void *second)
{
	struct client *client = tour->client;
	struct device *dev = client_real(client);

	if (!tour_check(tour, "map shared memory",
			client_map(client, IOVA, AREA, (uintptr_t)first, CLIENT_RW), 0))
		return;
	tour_vaddr_wrong(tour, second);
	tour_vaddr_child(tour, second);
	/* Both addresses show the same memory, and the device never noticed. */
	tour_check(tour, "read after an update",
		   dma_check_at(client, dev, EDU_READ, IOVA, 256, second), DMA_OK);
	tour_invalidate(tour, "invalidate before unmap", 0);
	tour_check(tour, "unmap an invalidated area", client_unmap(client, IOVA, AREA, 0, NULL), 0);
}

void tour_vaddr(struct tour *tour)
{
	struct client *client = tour->client;
	int fd cleanup_fd = -1;
	void *first, *second;

	if (vfio_extension(&client->vfio, VFIO_UPDATE_VADDR) <= 0) {
		tour_map(tour, 0, AREA, CLIENT_RW);
		/* Devices that pin on their own cannot live with an address that is gone. */
		if (client_emulated(client))
			tour_invalidate(tour, "invalidate with an emulated device", -EBUSY);
		tour_clean(tour);
		return;
	}
	fd = memfd_create("type1-client", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, AREA)) {
		tour_check(tour, "shared memory", -errno, 0);
		return;
	}
	first = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	second = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (tour_check(tour, "shared memory", first != MAP_FAILED && second != MAP_FAILED, 1))
		tour_vaddr_moves(tour, first, second);
	munmap(first, AREA);
	munmap(second, AREA);
	/* What was remembered of the area points at memory that is no longer there. */
	client->model.nghosts = 0;
}
