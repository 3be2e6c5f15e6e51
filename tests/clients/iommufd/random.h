/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenario "random": what its parts share.
 */
#ifndef CLIENT_FD_RANDOM_H
#define CLIENT_FD_RANDOM_H

#include "session.h"

#define RANDOM_IOASES 3
#define RANDOM_HWPTS 3

struct run {
	struct session *s;
	struct rng *rng;
	uint32_t ioas[RANDOM_IOASES];
	uint32_t hwpt[RANDOM_HWPTS]; /* 0: none */
	uint64_t max_size;
	uint64_t window;
};

uint32_t random_ioas(struct run *run);
/* NULL: there is none. */
struct area *random_area(struct run *run, uint32_t id);
/* A multiple of the page size below @bytes. */
uint64_t random_page(struct run *run, uint64_t bytes);
/* Next to an area, into one, or anywhere; rarely where interrupts are. */
uint64_t random_place(struct run *run, uint32_t ioas, uint64_t size);

/* One step through the ioctls of a VFIO container. */
void random_vfio(struct run *run);
/* They act on that IOAS from now on; 0: on none. */
void random_vfio_ioas(struct run *run, uint32_t ioas);

#endif
