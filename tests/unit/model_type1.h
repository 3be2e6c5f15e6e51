/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the type1 model share; for none else. */
#ifndef TESTS_MODEL_TYPE1_H
#define TESTS_MODEL_TYPE1_H

#include "model_impl.h"

#define GROUP_BASE 10 /* number of the first IOMMU group */

/* Charges to one process are summed up, and told when another one is charged or asked for. */
void t1_charge_tell(struct model_at *at);
void t1_charge(struct model_at *at, uint8_t who, int64_t pages);

bool t1_has_mediated(const struct model_ioas *s);
bool t1_has_invalid(const struct model_ioas *s);

void t1_tell_area(struct model_at *at, unsigned int kind, const struct model_area *area);
void t1_tell_pinned(struct model_at *at, const struct model_area *area, int64_t pages,
		    int64_t pfnmap);
void t1_tell_dirty(struct model_at *at);

/* Ends an area whose pins are gone. */
void t1_remove(struct model_at *at, size_t i);

/* Whether one of the valid ranges holds it; also where there is none at all. */
bool t1_in_one(const struct model_range *ranges, size_t n, uint64_t iova, uint64_t last);

/* Whether v2 refuses an unmap of the range. */
int t1_unmap_error(const struct model_at *at, uint64_t iova, uint64_t last);

/* The pin `i` goes, in an op of its own; all that meet a range; all of a group. */
void t1_let_go(const struct model_at *outer, size_t i, bool half);
void t1_let_go_in(const struct model_at *at, uint64_t iova, uint64_t last);
void t1_let_go_group(const struct model_at *at, unsigned int user);

void t1_pin(struct model_at *at);
void t1_vaddr_invalid(struct model_at *at);
void t1_vaddr_update(struct model_at *at);
void t1_attach(struct model_at *at);
void t1_detach(struct model_at *at);

#endif
