/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run of random calls, and its comparison with the model. */
#ifndef BACKEND_RANDOM_H
#define BACKEND_RANDOM_H

#include "model.h"

struct run {
	struct model m;
	struct rng rng;
	int fd;
	char *buf;
	uint32_t ioas[M_IOAS];
	uint32_t device[M_DEVICES];
};

/* The first addresses, some in the middle, the last ones. */
static const uint64_t run_bases[M_IOAS] = { 0, 0x100000000ULL, 0 - M_PAGES *PAGE };

static inline uint64_t run_address(int ioas, unsigned int page)
{
	return run_bases[ioas] + page * PAGE;
}

/* The whole dump is what the model says. */
void run_compare(struct run *r);

#endif
