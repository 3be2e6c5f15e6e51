// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Maps and unmaps, allowed and refused. Offsets are relative to CLIENT_IOVA_BASE.
 */
#include <errno.h>
#include <stdio.h>

#include "tour.h"

#define MAP_ARGSZ sizeof(struct vfio_iommu_type1_dma_map)
#define UNMAP_ARGSZ sizeof(struct vfio_iommu_type1_dma_unmap)
#define UNKNOWN_FLAG (1U << 9)
/* As an offset: the last page of all. */
#define LAST_PAGE (0 - CLIENT_IOVA_BASE - PAGE)

struct map_case {
	const char *what;
	uint64_t offset;
	uint64_t size;
	uint64_t va;
	uint32_t flags;
	uint32_t argsz;
	int want;
};

static const struct map_case map_cases[] = {
	{ "map r", 0, 64 * KIB, 0, CLIENT_R, MAP_ARGSZ, 0 },
	{ "map w", 64 * KIB, 64 * KIB, 64 * KIB, CLIENT_W, MAP_ARGSZ, 0 },
	{ "map rw", 128 * KIB, 64 * KIB, 128 * KIB, CLIENT_RW, MAP_ARGSZ, 0 },
	{ "map the same memory again", 512 * KIB, 64 * KIB, 0, CLIENT_RW, MAP_ARGSZ, 0 },
	{ "map, longer argsz", 640 * KIB, 4 * KIB, 0, CLIENT_RW, MAP_ARGSZ + 32, 0 },
	{ "map 2 MiB", 2 * MIB, 2 * MIB, 2 * MIB, CLIENT_RW, MAP_ARGSZ, 0 },
	{ "same area", 0, 64 * KIB, 0, CLIENT_R, MAP_ARGSZ, -EEXIST },
	{ "over the start", -4 * KIB, 8 * KIB, 0, CLIENT_RW, MAP_ARGSZ, -EEXIST },
	{ "over the end", 188 * KIB, 8 * KIB, 0, CLIENT_RW, MAP_ARGSZ, -EEXIST },
	{ "inside", 4 * KIB, 4 * KIB, 0, CLIENT_RW, MAP_ARGSZ, -EEXIST },
	{ "around several", -64 * KIB, MIB, 0, CLIENT_RW, MAP_ARGSZ, -EEXIST },
	{ "iova not aligned", 8 * MIB + 1, 4 * KIB, 0, CLIENT_RW, MAP_ARGSZ, -EINVAL },
	{ "size not aligned", 8 * MIB, 4 * KIB + 512, 0, CLIENT_RW, MAP_ARGSZ, -EINVAL },
	{ "va not aligned", 8 * MIB, 4 * KIB, 8, CLIENT_RW, MAP_ARGSZ, -EINVAL },
	{ "size zero", 8 * MIB, 0, 0, CLIENT_RW, MAP_ARGSZ, -EINVAL },
	{ "iova wraps", LAST_PAGE, 8 * KIB, 0, CLIENT_RW, MAP_ARGSZ, TOUR_WRAPS },
	{ "no access", 8 * MIB, 4 * KIB, 0, 0, MAP_ARGSZ, -EINVAL },
	{ "unknown flag", 8 * MIB, 4 * KIB, 0, CLIENT_RW | UNKNOWN_FLAG, MAP_ARGSZ, -EINVAL },
	{ "argsz too short", 8 * MIB, 4 * KIB, 0, CLIENT_RW, MAP_ARGSZ - 1, -EINVAL },
	{ "access and vaddr", 8 * MIB, 4 * KIB, 0, CLIENT_RW | VFIO_DMA_MAP_FLAG_VADDR, MAP_ARGSZ,
	  -EINVAL },
	{ "vaddr of nothing", 8 * MIB, 4 * KIB, 0, VFIO_DMA_MAP_FLAG_VADDR, MAP_ARGSZ, -ENOENT },
	{ "vaddr not invalidated", 0, 64 * KIB, 0, VFIO_DMA_MAP_FLAG_VADDR, MAP_ARGSZ, -EINVAL },
};

static void tour_map_case(struct tour *tour, const struct map_case *mc)
{
	struct client *client = tour->client;
	uint64_t iova = CLIENT_IOVA_BASE + mc->offset;
	uint64_t va = tour_va(tour, mc->va);
	int ret;

	ret = vfio_map_argsz(&client->vfio, iova, mc->size, va, mc->flags, mc->argsz);
	tour_check(tour, mc->what, ret, mc->want);
	if (!ret)
		model_map(&client->model, iova, mc->size, va, mc->flags);
}

/* Addresses that the IOMMU does not have, or keeps for interrupts. */
static void tour_map_ranges(struct tour *tour)
{
	struct client *client = tour->client;
	const struct vfio_info *info = &client->info;
	unsigned int i;

	for (i = 0; i < info->nranges; i++) {
		uint64_t last = info->ranges[i].last;
		uint64_t iova = last + 1;

		if (!iova || iova > UINT64_MAX - 2 * PAGE)
			continue;
		tour_check(tour, "behind a valid range",
			   client_map(client, iova, PAGE, tour_va(tour, 0), CLIENT_RW), -EINVAL);
		tour_check(tour, "over the end of a valid range",
			   client_map(client, iova - PAGE, 2 * PAGE, tour_va(tour, 0), CLIENT_RW),
			   -EINVAL);
		tour_check(tour, "last page of a valid range",
			   client_map(client, iova - PAGE, PAGE, tour_va(tour, 0), CLIENT_RW), 0);
		tour_check(tour, "unmap it", client_unmap(client, iova - PAGE, PAGE, 0, NULL), 0);
	}
}

/* Memory that is not there: the IOMMU needs pages now, an emulated device only when it pins. */
static void tour_map_no_memory(struct tour *tour)
{
	struct client *client = tour->client;
	int want = client_real(client) ? -EFAULT : 0;

	tour_check(tour, "no memory behind the address",
		   client_map(client, CLIENT_IOVA_BASE + 8 * MIB, PAGE, PAGE, CLIENT_RW), want);
	tour_check(tour, "va wraps",
		   client_map(client, CLIENT_IOVA_BASE + 9 * MIB, 2 * PAGE, 0 - PAGE, CLIENT_RW),
		   TOUR_WRAPS);
}

/* A device's registers: no struct page, nothing is pinned, but type1 maps them. */
static void tour_map_registers(struct tour *tour)
{
	struct client *client = tour->client;
	struct device *dev = client_real(client);
	uint64_t iova = CLIENT_IOVA_BASE + 16 * MIB;
	uint64_t va, size, returned = 0;

	if (!dev)
		return;
	va = (uintptr_t)dev->edu.regs;
	size = dev->edu.bar_size;
	if (tour_check(tour, "map device registers",
		       vfio_map(&client->vfio, iova, size, va, CLIENT_RW), 0))
		model_map(&client->model, iova, size, 0, CLIENT_RW);
	tour_check(tour, "unmap device registers", client_unmap(client, iova, size, 0, &returned),
		   0);
	tour_check_u64(tour, "unmap device registers: size", returned, size);
}

void tour_maps(struct tour *tour)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(map_cases); i++)
		tour_map_case(tour, &map_cases[i]);
	tour_map_ranges(tour);
	tour_map_no_memory(tour);
	tour_map_registers(tour);
	tour_clean(tour);
}

struct unmap_case {
	const char *what;
	uint64_t offset;
	uint64_t size;
	uint32_t flags;
	uint32_t argsz;
	int want_v1;
	uint64_t returned_v1;
	int want_v2;
	uint64_t returned_v2;
};

#define BOTH(want, returned) want, returned, want, returned
#define K(n) ((n)*KIB)

/* Each on a fresh layout: areas of 64 KiB at 0, 64 KiB and 128 KiB, and one at 1 MiB. */
static const struct unmap_case unmap_cases[] = {
	{ "exact", 0, K(64), 0, UNMAP_ARGSZ, BOTH(0, K(64)) },
	{ "exact, longer argsz", 0, K(64), 0, UNMAP_ARGSZ + 32, BOTH(0, K(64)) },
	{ "superset", -K(4), K(68), 0, UNMAP_ARGSZ, BOTH(0, K(64)) },
	{ "several", 0, K(192), 0, UNMAP_ARGSZ, BOTH(0, K(192)) },
	{ "two of three", K(64), K(128), 0, UNMAP_ARGSZ, BOTH(0, K(128)) },
	{ "several with a hole", -K(64), 2 * MIB, 0, UNMAP_ARGSZ, BOTH(0, K(256)) },
	{ "first half", 0, K(32), 0, UNMAP_ARGSZ, 0, K(64), -EINVAL, 0 },
	{ "second half", K(32), K(32), 0, UNMAP_ARGSZ, 0, 0, -EINVAL, 0 },
	{ "middle", K(32), K(4), 0, UNMAP_ARGSZ, 0, 0, -EINVAL, 0 },
	{ "begins inside, covers the next", K(32), K(96), 0, UNMAP_ARGSZ, 0, 0, -EINVAL, 0 },
	{ "ends inside", -K(4), K(100), 0, UNMAP_ARGSZ, 0, K(128), -EINVAL, 0 },
	{ "nothing there", K(512), K(64), 0, UNMAP_ARGSZ, BOTH(0, 0) },
	{ "iova not aligned", 1, K(64), 0, UNMAP_ARGSZ, BOTH(-EINVAL, 0) },
	{ "size not aligned", 0, K(64) - 1, 0, UNMAP_ARGSZ, BOTH(-EINVAL, 0) },
	{ "size zero", 0, 0, 0, UNMAP_ARGSZ, BOTH(-EINVAL, 0) },
	{ "wraps", LAST_PAGE, K(8), 0, UNMAP_ARGSZ, BOTH(TOUR_WRAPS, 0) },
	{ "unknown flag", 0, K(64), UNKNOWN_FLAG, UNMAP_ARGSZ, BOTH(-EINVAL, 0) },
	{ "argsz too short", 0, K(64), 0, UNMAP_ARGSZ - 1, BOTH(-EINVAL, 0) },
	{ "all with a range", 0, K(64), VFIO_DMA_UNMAP_FLAG_ALL, UNMAP_ARGSZ, BOTH(-EINVAL, 0) },
	{ "bitmap without tracking", 0, K(64), VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP, UNMAP_ARGSZ,
	  BOTH(-EINVAL, 0) },
};

static void tour_layout(struct tour *tour)
{
	tour_map(tour, 0, K(64), CLIENT_R);
	tour_map(tour, K(64), K(64), CLIENT_W);
	tour_map(tour, K(128), K(64), CLIENT_RW);
	tour_map(tour, MIB, K(64), CLIENT_RW);
}

static void tour_unmap_case(struct tour *tour, const struct unmap_case *uc)
{
	struct client *client = tour->client;
	bool v2 = client->opt->v2;
	uint64_t iova = CLIENT_IOVA_BASE + uc->offset;
	uint64_t returned = 0;
	int ret;

	tour_layout(tour);
	ret = vfio_unmap_argsz(&client->vfio, iova, uc->size, uc->flags, uc->argsz, &returned);
	tour_check(tour, uc->what, ret, v2 ? uc->want_v2 : uc->want_v1);
	tour_check_u64(tour, uc->what, returned, v2 ? uc->returned_v2 : uc->returned_v1);
	if (!ret)
		model_unmap(&client->model, iova, uc->size, uc->flags);
	tour_clean(tour);
}

static void tour_unmap_all(struct tour *tour)
{
	struct client *client = tour->client;
	uint64_t mapped, returned = 0;

	tour_layout(tour);
	mapped = client->model.mapped;
	tour_check(tour, "unmap all",
		   client_unmap(client, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL, &returned), 0);
	tour_check_u64(tour, "unmap all: size", returned, mapped);
	tour_check(tour, "unmap all of nothing",
		   client_unmap(client, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL, &returned), 0);
	tour_check_u64(tour, "unmap all of nothing: size", returned, 0);
	tour_check(tour, "scratch area", client_scratch(client), 0);
}

void tour_unmaps(struct tour *tour)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unmap_cases); i++)
		tour_unmap_case(tour, &unmap_cases[i]);
	tour_unmap_all(tour);
}
