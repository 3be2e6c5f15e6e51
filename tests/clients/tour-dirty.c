// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dirty page tracking. A device behind an IOMMU may have written anything, so all of its pages
 * count; with emulated devices only, exactly the pinned ones.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tour.h"

#define PAGES 64
#define AREA (PAGES * PAGE)
#define IOVA CLIENT_IOVA_BASE
#define PINNED 3

#define START VFIO_IOMMU_DIRTY_PAGES_FLAG_START
#define STOP VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP
#define GET VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP

struct bitmap {
	uint64_t bits[PAGES / 64];
	struct vfio_dirty_buffer buffer;
};

static void bitmap_init(struct bitmap *bitmap)
{
	memset(bitmap->bits, 0, sizeof(bitmap->bits));
	bitmap->buffer = (struct vfio_dirty_buffer){ .bits = bitmap->bits,
						     .bytes = sizeof(bitmap->bits),
						     .pgsize = PAGE };
}

static long bitmap_count(const struct bitmap *bitmap)
{
	long sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bitmap->bits); i++)
		sum += __builtin_popcountll(bitmap->bits[i]);
	return sum;
}

static int dirty_get(struct tour *tour, struct bitmap *bitmap, uint64_t iova, uint64_t size,
		     uint64_t pgsize)
{
	bitmap_init(bitmap);
	bitmap->buffer.pgsize = pgsize;
	return vfio_dirty_get(&tour->client->vfio, iova, size, &bitmap->buffer);
}

static void tour_dirty_refused(struct tour *tour)
{
	struct vfio *vfio = &tour->client->vfio;
	struct bitmap bitmap;

	tour_check(tour, "dirty: two commands", vfio_dirty(vfio, START | STOP), -EINVAL);
	tour_check(tour, "dirty: unknown command", vfio_dirty(vfio, 1U << 9), -EINVAL);
	tour_check(tour, "dirty: bitmap without a range", vfio_dirty(vfio, GET), -EINVAL);
	tour_check(tour, "dirty: half an area", dirty_get(tour, &bitmap, IOVA, AREA / 2, PAGE),
		   -EINVAL);
	tour_check(tour, "dirty: begins inside",
		   dirty_get(tour, &bitmap, IOVA + PAGE, AREA - PAGE, PAGE), -EINVAL);
	tour_check(tour, "dirty: other page size", dirty_get(tour, &bitmap, IOVA, AREA, 2 * MIB),
		   -EINVAL);
	tour_check(tour, "dirty: size not aligned", dirty_get(tour, &bitmap, IOVA, AREA - 1, PAGE),
		   -EINVAL);
	tour_check(tour, "dirty: iova wraps", dirty_get(tour, &bitmap, 0 - AREA, 2 * AREA, PAGE),
		   TOUR_WRAPS);
}

static void tour_dirty_unmap(struct tour *tour, long want)
{
	struct client *client = tour->client;
	uint64_t returned = 0;
	struct bitmap bitmap;

	bitmap_init(&bitmap);
	bitmap.buffer.pgsize = 2 * MIB;
	bitmap.buffer.bytes = sizeof(uint64_t);
	tour_check(tour, "unmap with a bitmap of other pages",
		   vfio_unmap_dirty(&client->vfio, IOVA, AREA, &bitmap.buffer, NULL), -EINVAL);
	bitmap_init(&bitmap);
	tour_check(tour, "unmap with bitmap",
		   vfio_unmap_dirty(&client->vfio, IOVA, AREA, &bitmap.buffer, &returned), 0);
	tour_check_u64(tour, "unmap with bitmap: size", returned, AREA);
	tour_check(tour, "unmap with bitmap: pages", bitmap_count(&bitmap), want);
	model_unmap(&client->model, IOVA, AREA, 0);
}

static void tour_dirty_track(struct tour *tour)
{
	struct client *client = tour->client;
	struct device *emulated = client_emulated(client);
	long want = client_real(client) ? PAGES : PINNED;
	struct bitmap bitmap;

	tour_check(tour, "dirty: bitmap before start", dirty_get(tour, &bitmap, IOVA, AREA, PAGE),
		   -EINVAL);
	tour_check(tour, "dirty: start", vfio_dirty(&client->vfio, START), 0);
	tour_check(tour, "dirty: start again", vfio_dirty(&client->vfio, START), 0);
	if (emulated)
		tour_check(tour, "dirty: pin",
			   testdev_pin(&emulated->testdev, IOVA + PAGE, PINNED, IOAS_TEST_WRITE),
			   0);
	tour_dirty_refused(tour);
	tour_check(tour, "dirty: bitmap", dirty_get(tour, &bitmap, IOVA, AREA, PAGE), 0);
	tour_check(tour, "dirty: pages", bitmap_count(&bitmap), want);
	/* The unmap makes the device give its pins back, but they have been there. */
	tour_dirty_unmap(tour, want);
	tour_check(tour, "dirty: stop", vfio_dirty(&client->vfio, STOP), 0);
	tour_check(tour, "dirty: stop again", vfio_dirty(&client->vfio, STOP), 0);
}

void tour_dirty(struct tour *tour)
{
	struct client *client = tour->client;

	tour_map(tour, 0, AREA, CLIENT_RW);
	if (client->opt->v2)
		tour_dirty_track(tour);
	else
		tour_check(tour, "dirty: start", vfio_dirty(&client->vfio, START), -EACCES);
	tour_clean(tour);
}
