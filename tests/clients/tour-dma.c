// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What devices behind an IOMMU can reach, judged by the bytes.
 */
#include <stdio.h>

#include "tour.h"

#define AREA (64 * KIB)

struct dma_case {
	const char *what;
	uint64_t offset;
	size_t len;
	enum edu_dir dir;
	int want;
};

/* Areas: r at 0, w at 64 KiB, rw at 128 KiB, nothing behind 192 KiB. */
static const struct dma_case dma_cases[] = {
	{ "read, r", 0, 4096, EDU_READ, DMA_OK },
	{ "write, r", 0, 512, EDU_WRITE, DMA_FAULT },
	{ "write, w", AREA, 4096, EDU_WRITE, DMA_OK },
	{ "read, rw", 2 * AREA, 4096, EDU_READ, DMA_OK },
	{ "write, rw", 2 * AREA, 4096, EDU_WRITE, DMA_OK },
	{ "read over a page boundary", 2 * AREA + PAGE - 64, 128, EDU_READ, DMA_OK },
	{ "write over a page boundary", 2 * AREA + PAGE - 64, 128, EDU_WRITE, DMA_OK },
	{ "write the last bytes", 3 * AREA - 16, 16, EDU_WRITE, DMA_OK },
	{ "read from nothing", 4 * AREA, 512, EDU_READ, DMA_FAULT },
	{ "write to nothing", 4 * AREA, 512, EDU_WRITE, DMA_FAULT },
};

static void tour_dma_cases(struct tour *tour, struct device *dev)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dma_cases); i++) {
		const struct dma_case *dc = &dma_cases[i];

		tour_check(tour, dc->what,
			   dma_check(tour->client, dev, dc->dir, CLIENT_IOVA_BASE + dc->offset,
				     dc->len),
			   dc->want);
	}
}

/*
 * Whether an area that is mapped for writing only can be read is up to the IOMMU and its driver:
 * Linux gives such areas read access, too, with VT-d.
 */
static void tour_dma_write_only(struct tour *tour, struct device *dev)
{
	int answer = dma_check(tour->client, dev, EDU_READ, CLIENT_IOVA_BASE + AREA, 512);

	tour_check(tour, "read, w", answer == DMA_OK || answer == DMA_FAULT, 1);
	if (answer == DMA_OK)
		fprintf(stderr, "tour: note: this IOMMU lets devices read write-only areas\n");
}

static void tour_dma_after_unmap(struct tour *tour, struct device *dev)
{
	struct client *client = tour->client;
	uint64_t iova = CLIENT_IOVA_BASE + 2 * AREA;

	tour_check(tour, "unmap", client_unmap(client, iova, AREA, 0, NULL), 0);
	tour_check(tour, "read after unmap", dma_check(client, dev, EDU_READ, iova, 512),
		   DMA_FAULT);
	tour_check(tour, "write after unmap", dma_check(client, dev, EDU_WRITE, iova, 512),
		   DMA_FAULT);
	tour_map(tour, 2 * AREA, AREA, CLIENT_RW);
	tour_check(tour, "read after a new map", dma_check(client, dev, EDU_READ, iova, 512),
		   DMA_OK);
}

void tour_dma(struct tour *tour)
{
	struct device *dev = client_real(tour->client);

	if (!dev)
		return;
	tour_map(tour, 0, AREA, CLIENT_R);
	tour_map(tour, AREA, AREA, CLIENT_W);
	tour_map(tour, 2 * AREA, AREA, CLIENT_RW);
	tour_dma_cases(tour, dev);
	tour_dma_write_only(tour, dev);
	tour_dma_after_unmap(tour, dev);
	tour_clean(tour);
}
