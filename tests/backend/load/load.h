/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random calls by processes with several threads each, all in one context. What processes share
 * lies in memory that all have: where they stop, what they hold.
 */
#ifndef BACKEND_LOAD_H
#define BACKEND_LOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "../be.h"

#define PROCESSES 4
#define IOASES 6
#define DEVICES 4
#define CLIENTS 2 /* of a thread: one by range, one by page */
#define PINS 8 /* that a client keeps in mind */
#define MEMORY 1024 /* pages that are mapped */
#define SPAN 1536 /* of addresses, in pages */
#define BASE 0x100000ULL /* where they begin */

/* Of a thread: whoever stops it knows when it has. */
struct slot {
	atomic_bool parked;
	atomic_uint clients; /* that it has open */
};

struct shared {
	atomic_bool pause;
	atomic_bool end;
	atomic_ulong ops;
	struct slot slot[64];
};

struct load {
	int fd;
	unsigned int threads; /* of each process */
	char *memory; /* shared: each page begins with its number */
	uint32_t ioas[IOASES];
	uint32_t device[DEVICES];
	struct shared *shared;
};

struct pin {
	uint64_t iova;
	uint64_t length; /* 0: none */
};

struct client {
	int fd; /* below 0: none */
	bool pages; /* each page has a count */
	struct pin pins[PINS];
};

struct thread {
	struct load *load;
	struct slot *slot;
	struct rng rng;
	struct client client[CLIENTS];
	uint32_t own; /* an IOAS of its own, 0: none */
	uint32_t claim_ioas; /* of the reservation that it has */
	uint32_t claim;
	pthread_t id;
};

/* load-ops.c: one random call, or a few that belong together; all is given back by the last. */
void load_op(struct thread *t);
void load_leave(struct thread *t);

/* load-dump.c: the dump as one line of JSON; data by RW calls, held against it: how many. */
void load_dump(const struct load *l, unsigned int clients);
unsigned int load_probe(const struct load *l, unsigned int n, struct rng *rng);

/* wrong.c: one mistake of a client, and all is given back. False: there is none of that name. */
bool load_wrong(const char *what);

#endif
