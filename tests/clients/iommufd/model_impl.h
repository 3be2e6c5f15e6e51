/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLIENT_FD_MODEL_IMPL_H
#define CLIENT_FD_MODEL_IMPL_H

#include "ioas_model.h"

/* 0, or why the range cannot be taken: -EOVERFLOW, -EINVAL (reserved, misaligned), -EEXIST. */
int model_check_iova(const struct model *m, const struct ioas *ioas, uint64_t iova, uint64_t size);
/* The lowest address that the kernel may choose; it keeps what alignment the memory has. */
int model_choose_iova(const struct model *m, const struct ioas *ioas, uint64_t va, uint64_t size,
		      uint64_t *iova);
/* Puts areas that follow each other into the IOAS; all or none. @flags: FD_MAP_*. */
int model_place(struct model *m, struct ioas *ioas, uint32_t flags, struct area *pieces, size_t n,
		uint64_t size, uint64_t *iova);
/* What a map asks of its memory alone. */
int model_check_memory(uint64_t va, uint64_t size);
int model_insert(struct ioas *ioas, const struct area *area);
/* Takes out what lies in the range, up to the first area that does not wholly. */
int model_unmap_range(struct model *m, struct ioas *ioas, uint64_t iova, uint64_t last,
		      uint64_t *returned);
/* The first area that ends at or behind @iova; ioas->n if none does. */
size_t model_first(const struct ioas *ioas, uint64_t iova);
/* Whether all areas begin and end with pages, of addresses and of memory. */
bool model_aligned(const struct ioas *ioas);
/* Accesses of an IOAS. */
unsigned int model_accesses(const struct model *m, const struct ioas *ioas);
/* Whoever has pages of the area lets go of all the pins that reach into it. */
void model_let_go(struct model *m, const struct ioas *ioas, const struct area *area);
bool model_valid(const struct fd_ranges *ranges, uint64_t start, uint64_t last);

static inline uint64_t area_last(const struct area *area)
{
	return area->iova + area->size - 1;
}

#endif
