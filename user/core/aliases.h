/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same memory mapped more than once. Through one pages object that is
 * sharing: pinned and charged once. Through several, or as memory of several
 * areas' own, it is an alias: the kernel takes each for new memory, and pins and
 * charges it again.
 *
 * The same memory means the same addresses of the same process: two processes
 * that share memory, and files, are not found.
 */
#ifndef IOASCOPE_CORE_ALIASES_H
#define IOASCOPE_CORE_ALIASES_H

#include "core/index.h"

/* A stretch of memory every page of which is mapped more than once. */
struct alias_group {
	bool shared; /* of one pages object; otherwise of at least two on each page */
	__u32 pid; /* whose memory; 0: not known (shared only) */
	__u32 pages_id; /* shared: the pages object */
	__u64 va; /* first address, a multiple of 4096; shared: first byte in the object */
	__u64 last; /* inclusive */
	__u64 pages; /* in the stretch */
	__u64 again; /* pages mapped once more than needed, summed over the stretch */
	/*
	 * Of these, charged once more than needed: so many at least and at most, as
	 * far as it is known what of an object is charged. Shared: both 0.
	 */
	__u64 charged_min;
	__u64 charged_max;
	size_t objects; /* pages objects, and areas whose memory is their own */
	bool one_ctx; /* all in one context */
	const struct index_hit *areas; /* valid during the call */
	size_t nareas;
};

typedef int (*alias_fn)(const struct alias_group *group, void *arg);

/*
 * Calls @fn for each alias, by process and address. Memory whose process is not
 * known, or that is void for now (VADDR), is left out. 0, -ENOMEM, -E2BIG, or
 * what @fn returned other than 0, which ends it. Needs state_finish().
 * O(n log n) for n areas, plus the areas of all groups.
 */
int aliases_find(const struct state *s, alias_fn fn, void *arg);

/* The same for pages objects that at least two areas show. */
int aliases_shared(const struct state *s, alias_fn fn, void *arg);

#endif
