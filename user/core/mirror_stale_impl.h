/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What mirror_stale.c keeps, for mirror_stale_many.c. Not for others. */
#ifndef CORE_MIRROR_STALE_IMPL_H
#define CORE_MIRROR_STALE_IMPL_H

#include "core/gone_index.h"
#include "core/mirror_impl.h"

/* A process. */
struct gone_owner {
	uint32_t tgid;
	struct itree ranges;
	struct gone_index *index; /* while many are asked for; .place of each range is its number */
	UT_hash_handle hh;
};

struct gone_range {
	struct itree_node node; /* [va, last] */
	uint64_t time_ns;
	uint32_t uid;
	uint8_t cause; /* enum ioas_memory_cause */
};

static inline struct gone_range *gone_range_of(struct itree_node *node)
{
	return itree_entry(node, struct gone_range, node);
}

/* NULL: nothing of that process is gone. */
struct gone_owner *gone_find_owner(const struct mirror *m, uint32_t tgid);

/* The addresses of the area in its process, and since when they are pinned: false, if they are not.
 */
bool gone_pinned(const struct mirror_ioas *ioas, const struct mirror_area *area, uint64_t *va,
		 uint64_t *last, uint64_t *since);

/*
 * Puts an index of all ranges of a process into .index, nothing in use, and the ranges by
 * number into *all if that is not NULL (for free()). -ENOMEM.
 */
int gone_index_owner(struct gone_owner *o, struct gone_range ***all);
void gone_unindex_owner(struct gone_owner *o);

/* Calls @drop for each range that no area needs. -ENOMEM: for none. */
int gone_unneeded(struct mirror *m,
		  void (*drop)(struct mirror *m, struct gone_owner *o, struct gone_range *r));

#endif
