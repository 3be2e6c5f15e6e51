/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenario "tour": everything the interface allows, each answer compared with the rule.
 */
#ifndef CLIENT_TOUR_H
#define CLIENT_TOUR_H

#include <errno.h>

#include "client.h"
#include "dma.h"

#define TOUR_BUFFER (16 * MIB)

struct tour {
	struct client *client;
	unsigned int checks;
	unsigned int wrong;
};

/* Counts, and says what was expected if @got differs. */
bool tour_check(struct tour *tour, const char *what, long got, long want);
/* The answer to a range that wraps: -EINVAL, in newer kernels -EOVERFLOW. */
#define TOUR_WRAPS (-4096) /* no errno */
static inline long tour_want(long want, long got)
{
	if (want != TOUR_WRAPS)
		return want;
	return got == -EOVERFLOW ? -EOVERFLOW : -EINVAL;
}

bool tour_check_u64(struct tour *tour, const char *what, uint64_t got, uint64_t want);

/* Memory of the tour at @offset. */
uint64_t tour_va(const struct tour *tour, uint64_t offset);
/* Maps memory at the offset that the IOVA has from the base, and expects success. */
bool tour_map(struct tour *tour, uint64_t offset, uint64_t size, uint32_t flags);
/* Everything from the base on goes, whatever it was. */
void tour_clean(struct tour *tour);

/* The parts; each leaves nothing but the scratch area mapped. */
void tour_container(struct tour *tour);
void tour_maps(struct tour *tour);
void tour_unmaps(struct tour *tour);
void tour_vaddr(struct tour *tour);
void tour_dirty(struct tour *tour);
void tour_dma(struct tour *tour);
void tour_pins(struct tour *tour);
void tour_devices(struct tour *tour);

#endif
