/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bundled backend, from user space: one function for each call, which returns 0 or a negative
 * errno. CHECK ends the process, which runs one test.
 */
#ifndef BACKEND_BE_H
#define BACKEND_BE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <ioascope/ioas_backend.h>

#include "util.h"

#define CHECK(cond, ...)                                                                           \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "# %s:%d: %s:", __FILE__, __LINE__, #cond);                \
			fprintf(stderr, " " __VA_ARGS__);                                          \
			fputc('\n', stderr);                                                       \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

#define EQ(a, b)                                                                                   \
	do {                                                                                       \
		long long a_ = (long long)(a), b_ = (long long)(b);                                \
		CHECK(a_ == b_, "%lld, not %lld (%#llx, %#llx)", a_, b_, a_, b_);                  \
	} while (0)

#define RW_PROT (IOASB_READABLE | IOASB_WRITEABLE)
#define TOP UINT64_MAX

/* The command line. */
extern uint64_t be_seed;
extern double be_scale;
extern bool be_root;
extern uint32_t be_tracker; /* of each IOAS */

unsigned int be_scaled(unsigned int n, unsigned int least);

int be_open(void);
int be_call(int fd, unsigned long cmd, void *arg);
uint32_t be_ioas(int fd, uint32_t mode, uint32_t account);
uint32_t be_device(int fd, uint64_t page_size, uint64_t first, uint64_t last,
		   const struct ioasb_iova_range *reserved, unsigned int n);
int be_map(int fd, uint32_t ioas, uint32_t flags, void *va, uint64_t length, uint64_t *iova);
int be_map_at(int fd, uint32_t ioas, void *va, uint64_t length, uint64_t iova);
int be_copy(int fd, uint32_t dst, uint32_t src, uint32_t flags, uint64_t src_iova, uint64_t length,
	    uint64_t *iova);
int be_unmap(int fd, uint32_t ioas, uint64_t iova, uint64_t length, uint64_t *unmapped);
int be_unmap_all(int fd, uint32_t ioas, uint64_t *unmapped);
int be_attach(int fd, uint32_t dev, uint32_t ioas, uint32_t flags);
int be_detach(int fd, uint32_t dev);
int be_destroy(int fd, uint32_t id);
int be_client(int fd, uint32_t ioas, uint32_t flags);
int be_allow(int fd, uint32_t ioas, const struct ioasb_iova_range *ranges, unsigned int n);
int be_ranges(int fd, uint32_t ioas, struct ioasb_iova_range *ranges, unsigned int *n);
int be_reserve(int fd, uint32_t ioas, uint32_t flags, uint64_t length, uint64_t *iova,
	       uint32_t *id);
int be_release(int fd, uint32_t ioas, uint32_t id);
int be_rw(int fd, uint32_t ioas, bool write, uint64_t iova, void *buf, uint64_t n, uint64_t *done);

/* The whole dump, in chunks of @chunk records; the caller frees *recs. */
unsigned int be_dump(int fd, unsigned int chunk, struct ioasb_rec **recs);
/* Sums over the dump. */
struct be_sum {
	unsigned int devices, ioases, areas, pages, ranges;
	uint64_t mapped, npinned, ncharged, runs;
};
struct be_sum be_sum(int fd);

/* Anonymous memory that is there. */
void *be_memory(uint64_t bytes);
/* A line of /proc/self/status, in KiB. */
long be_status(const char *name);
/* Pages that are pinned and not unpinned, in the whole machine; as root only. */
long be_pins(void);

void test_tce(void);
void test_file(void);
void test_watch(void);
void test_query(void);
void test_scatter(void);
void test_owner(void);
void test_policy(void);
void test_metadata(void);
void test_merge(void);
void test_test_attach(void);
void test_modes(void);
void test_all(void);
void test_map(void);
void test_alloc(void);
void test_copy(void);
void test_share(void);
void test_ranges(void);
void test_reservations(void);
void test_devices(void);
void test_rw(void);
void test_charge_user(void);
void test_charge_mm(void);
void test_sparse(void);
void test_structs(void);
void test_arguments(void);
void test_memory(void);
void test_processes(void);
void test_dump(void);
void test_client(void);
void test_trackers(void);
void test_failing_client(void);
void test_faults(void);
void test_random(void);
void test_stress(void);
void test_killed(void);
void test_waiting(void);
void test_many(void);

#endif
