// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "tour.h"

bool tour_check(struct tour *tour, const char *what, long got, long want)
{
	want = tour_want(want, got);
	tour->checks++;
	if (got == want)
		return true;
	tour->wrong++;
	fprintf(stderr, "tour: %s: got %ld, expected %ld\n", what, got, want);
	return false;
}

bool tour_check_u64(struct tour *tour, const char *what, uint64_t got, uint64_t want)
{
	tour->checks++;
	if (got == want)
		return true;
	tour->wrong++;
	fprintf(stderr, "tour: %s: got %llu, expected %llu\n", what, (unsigned long long)got,
		(unsigned long long)want);
	return false;
}

uint64_t tour_va(const struct tour *tour, uint64_t offset)
{
	return (uintptr_t)tour->client->buffer + offset;
}

bool tour_map(struct tour *tour, uint64_t offset, uint64_t size, uint32_t flags)
{
	return tour_check(tour, "map",
			  client_map(tour->client, CLIENT_IOVA_BASE + offset, size,
				     tour_va(tour, offset), flags),
			  0);
}

void tour_clean(struct tour *tour)
{
	/* Begins below every area of the tour, so that both versions take them all. */
	tour_check(tour, "unmap everything",
		   client_unmap(tour->client, CLIENT_IOVA_BASE - MIB, GIB, 0, NULL), 0);
}

int scenario_tour(struct client *client)
{
	struct tour tour = { .client = client };
	int ret;

	ret = client_buffer(client, TOUR_BUFFER);
	if (ret)
		return ret;
	tour_container(&tour);
	tour_maps(&tour);
	tour_unmaps(&tour);
	tour_vaddr(&tour);
	tour_dirty(&tour);
	tour_dma(&tour);
	tour_pins(&tour);
	tour_devices(&tour);
	fprintf(stderr, "tour: %u checks, %u wrong\n", tour.checks, tour.wrong);
	return tour.wrong ? -EPROTO : 0;
}
