/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an IOAS is for: who reaches memory through it, and what it has in common with others. */
#ifndef IOASCOPE_CORE_STATE_SHARED_H
#define IOASCOPE_CORE_STATE_SHARED_H

#include "core/state.h"

enum state_use {
	STATE_USE_UNKNOWN, /* it is not known who uses it */
	STATE_USE_NONE, /* nobody: it only holds memory, for copies or for later */
	STATE_USE_SOFTWARE, /* mediated devices and accesses: pages are pinned on demand */
	STATE_USE_HARDWARE, /* devices, by a domain of an IOMMU: all of it is pinned */
	STATE_USE_BOTH,
};

/* By whom it is used at this moment. */
enum state_use state_use(const struct state_ioas *i);

/* "none", "software", "hardware", "both"; NULL: unknown. */
const char *state_use_name(enum state_use use);

/*
 * For each IOAS c->ioases[n], how many bytes of what is mapped there are of pages
 * objects that another IOAS of the context maps, too (IOMMU_IOAS_COPY). Only what is
 * known: 0 where c->pages_known is not set. To be freed; NULL: no memory.
 */
__u64 *state_shared(const struct state_ctx *c);

#endif
