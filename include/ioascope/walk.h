/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk: how the kernel's own lists are read in chunks, without its locks.
 * Kernel addresses serve as cursors between the tool and the programs only.
 */
#ifndef IOASCOPE_WALK_H
#define IOASCOPE_WALK_H

#include <ioascope/state.h>
#include <linux/types.h>

#define WALK_CHUNK 512 /* mappings a call */
#define WALK_PFNS 8192 /* client pins counted a call */

/* One open file that stands for a context, from the task_file iterator. */
struct walk_file {
	__u64 context; /* vfio_container or iommufd_ctx */
	__u64 iommu; /* type1; 0: no IOMMU driver set */
	__u32 closed; /* its own file is not open: this one keeps it */
	__u32 compat; /* iommufd: it was opened as /dev/vfio/vfio */
	struct ioas_who who;
};

/* One mapping of a type1 IOAS. */
struct walk_dma {
	__u64 iova;
	__u64 size;
	__u64 va;
	__u64 locked; /* pages charged for it */
	__u64 pfns; /* pages pinned by clients, each counted once */
	__u64 refs; /* their references */
	__u32 prot;
	__u32 tgid;
	__u32 uid;
	__u8 iommu_mapped;
	__u8 vaddr_invalid;
	__u8 pfns_more; /* more client pins than were counted */
	__u8 pad;
	char comm[IOAS_COMM_LEN];
};

/* In and out of one call of the walk. */
struct walk_args {
	__u64 container;
	__u64 iommu;
	__u64 from; /* first IOVA to look at */
	__u64 stale; /* out: 1: the container has let go of that IOAS */
	__u32 count; /* out: mappings found, at most WALK_CHUNK */
	__u32 more; /* out: 1: continue from the last one's end */
	__u32 mode; /* out: enum ioas_mode */
	__u32 dirty;
	__u32 ngroups;
	__u32 vaddr_invalid;
	__u64 entries_left;
	__u64 non_pinned_groups;
	struct ioas_group groups[IOAS_GROUPS_MAX];
};

_Static_assert(sizeof(struct walk_file) == 64, "walk_file layout");
_Static_assert(sizeof(struct walk_dma) == 80, "walk_dma layout");

#endif
