/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk of iommufd: what its programs and the tool hand to each other. Kernel
 * addresses tell objects apart and serve as cursors; they are never printed.
 */
#ifndef IOASCOPE_WALK_IOMMUFD_H
#define IOASCOPE_WALK_IOMMUFD_H

#include <ioascope/event.h>
#include <linux/types.h>

#define WALK_FD_OBJECTS 512 /* objects of a context a call */
#define WALK_FD_AREAS 512 /* areas a call */
#define WALK_FD_DOMAINS 64 /* of an IOAS, all there may be */
#define WALK_FD_RANGES 512 /* reserved and allowed ones of an IOAS, all there may be */

enum walk_fd_type {
	WALK_FD_OTHER = 0,
	WALK_FD_IOAS = 1,
	WALK_FD_DEVICE = 2, /* attached */
	WALK_FD_ACCESS = 3, /* attached */
};

/* An object that user space has a number for. */
struct walk_fd_object {
	__u64 key; /* the IOAS's io_pagetable, the device, the access */
	__u64 iopt; /* device, access: the io_pagetable that it uses */
	__u64 domain; /* device: the iommu_domain it is attached to */
	__u64 alignment; /* access: bytes */
	__u32 type; /* enum walk_fd_type */
	__u32 id; /* number that user space has */
	__u32 group; /* device: number of its IOMMU group */
	__u32 pad;
	char name[24]; /* device; terminated */
};

/* One call over the objects of a context. */
struct walk_fd_objects {
	__u64 context; /* in: iommufd_ctx */
	__u64 from; /* in: first number to look at; out: where to go on */
	__u32 count; /* out */
	__u32 more; /* out: 1: go on at .from */
	struct walk_fd_object object[WALK_FD_OBJECTS];
};

struct walk_fd_range {
	__u64 start;
	__u64 last; /* inclusive */
	__u64 owner; /* reserved: the device or domain that asks for it */
	__u32 class; /* enum ioas_range_class */
	__u32 pad;
};

struct walk_fd_domain {
	__u64 key; /* iommu_domain */
	__u64 page_size; /* the smallest that it maps, bytes */
};

/* One call for what an IOAS has but its areas. */
struct walk_fd_ioas {
	__u64 iopt; /* in: io_pagetable */
	__u32 ndomains; /* out */
	__u32 nranges; /* out */
	__u32 more; /* out: 1: there are more than there is room for */
	__u32 pad;
	struct walk_fd_domain domain[WALK_FD_DOMAINS];
	struct walk_fd_range range[WALK_FD_RANGES];
};

/* One area, and the pages object behind it as it is now. */
struct walk_fd_area {
	__u64 iova;
	__u64 last; /* inclusive */
	__u64 at; /* byte in the pages object where it begins */
	__u64 pages; /* iopt_pages; 0: it is being set up or taken down */
	__u64 base; /* address of its first byte; of a file the offset in it */
	__u64 npages;
	__u64 pinned; /* pages */
	__u64 charged; /* pages, by .account */
	__u64 payer; /* user_struct or mm_struct; 0: nobody pays */
	__u32 accesses; /* pins of software users that hold it */
	__u32 prot; /* IOAS_PROT_* */
	__u32 tgid; /* whose memory it is */
	__u32 uid;
	__u8 account; /* enum ioas_counter */
	__u8 memory; /* enum ioas_memory */
	__u8 writable;
	__u8 going; /* accesses are asked to let go of it */
	__u32 pad;
	char comm[IOAS_COMM_LEN];
};

/* One call over the areas of an IOAS. */
struct walk_fd_areas {
	__u64 iopt; /* in: io_pagetable */
	__u64 from; /* in: first IOVA to look at; out: where to go on */
	__u32 count; /* out */
	__u32 more; /* out: 1: go on at .from */
	__u32 torn; /* out: areas met that are not of this IOAS, or half there */
	__u32 pad;
	struct walk_fd_area area[WALK_FD_AREAS];
};

_Static_assert(sizeof(struct walk_fd_object) == 72, "walk_fd_object layout");
_Static_assert(sizeof(struct walk_fd_area) == 112, "walk_fd_area layout");

#endif
