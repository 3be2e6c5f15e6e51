/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenario "tour": everything the interface allows, each answer compared with the rule, and
 * where that is written here with what is written.
 */
#ifndef CLIENT_FD_TOUR_H
#define CLIENT_FD_TOUR_H

#include "dma_probe.h"

#define TOUR_BUFFER (16 * MIB)

struct tour {
	struct session *s;
	unsigned int checks;
	unsigned int wrong;
};

/* Counts, and says what was expected if @got differs. */
bool tour_check(struct tour *t, const char *what, long long got, long long want);
uint64_t tour_va(const struct tour *t, uint64_t offset);
uint32_t tour_ioas(struct tour *t);
void tour_destroy(struct tour *t, uint32_t ioas);
/* A map where the offset from the base is that in the memory, too; the answer is expected. */
void tour_map(struct tour *t, const char *what, uint32_t ioas, uint64_t offset, uint64_t size,
	      uint32_t prot, int want);
void tour_copy(struct tour *t, const char *what, uint32_t dst, uint64_t to, uint32_t src,
	       uint64_t from, uint64_t size, uint32_t prot, int want);
/* @gone: bytes, looked at where the answer is 0. */
void tour_unmap(struct tour *t, const char *what, uint32_t ioas, uint64_t offset, uint64_t size,
		int want, uint64_t gone);

/* The parts; each leaves no IOAS and no device attached. */
void tour_maps(struct tour *t);
void tour_unmaps(struct tour *t);
void tour_copies(struct tour *t);
void tour_chosen(struct tour *t);
void tour_ranges(struct tour *t);
void tour_options(struct tour *t);
void tour_devices(struct tour *t);
void tour_page_tables(struct tour *t);
void tour_page_tables_refused(struct tour *t);
void tour_dma(struct tour *t);
void tour_memory(struct tour *t);
/* With mediated devices. */
void tour_accesses(struct tour *t);
void tour_pins(struct tour *t);
void tour_notified(struct tour *t);
void tour_pins_and_devices(struct tour *t);
void tour_rw(struct tour *t);
/* The last device is closed after it. */
void tour_group(struct tour *t);

#endif
