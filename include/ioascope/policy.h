/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Enforcement of limits: the maps that the programs of bpf/policy.bpf.c and the tool share. They
 * are pinned, and outlive the tool; what changes in here changes POLICY_LAYOUT.
 */
#ifndef IOASCOPE_POLICY_H
#define IOASCOPE_POLICY_H

#include <linux/types.h>

#define POLICY_MAGIC 0x504c4f49 /* "IOLP" */
#define POLICY_LAYOUT 1

/* Who pins: as enum limit_scope of user/core/limits.h. */
enum policy_scope {
	POLICY_TYPE1,
	POLICY_IOMMUFD,
	POLICY_BUNDLED,
	POLICY_OTHER, /* registered buffers of io_uring */
	POLICY_SCOPES,
};

/* Cgroups above an owner, the root first; deeper ones are not counted. */
#define POLICY_CGROUPS 8

#define POLICY_NO_LIMIT (~0ULL)

enum policy_kind {
	POLICY_USER = 1,
	POLICY_CGROUP,
	POLICY_DEFAULT, /* each user without a rule; id 0 */
	POLICY_ABOUT, /* the policy itself; id 0: .name is its file, .max[0] when, .line[0] sections
		       */
};

struct policy_key {
	__u32 kind; /* enum policy_kind */
	__u32 pad;
	__u64 id; /* uid in the initial user namespace, or id of a cgroup (v2) */
};

enum policy_action {
	POLICY_AUDIT,
	POLICY_DENY,
	POLICY_KILL,
};

#define POLICY_NAME 96

/* What holds for a subject; of an own limit for each who pins. */
struct policy_rule {
	__u64 max[POLICY_SCOPES]; /* pages; POLICY_NO_LIMIT */
	__u32 together[POLICY_SCOPES]; /* whose pins count: bits of enum policy_scope */
	__s32 error[POLICY_SCOPES]; /* positive */
	__u32 action[POLICY_SCOPES]; /* enum policy_action */
	__u32 line[POLICY_SCOPES]; /* of the section that says so; 0: none */
	__u32 exempt; /* the line that exempts; 0: none */
	__u32 pad;
	char name[POLICY_NAME]; /* of a cgroup: its path, cut on the left */
};

/* What a subject has. Counters only go up, but for .used. */
struct policy_use {
	__s64 used[POLICY_SCOPES]; /* pages, those asked for and not yet pinned too */
	__u64 peak; /* of all together */
	__u64 over; /* times that a limit was reached */
	__u64 denied; /* of these, refused */
	__u64 killed; /* of these, a signal was sent */
	__u64 told; /* CLOCK_MONOTONIC of the last event, ns */
	__u64 untold; /* without an event since then */
};

/* Whom the kernel charges. */
struct policy_owner {
	__u32 uid;
	__u32 ncgroups;
	__u64 cgroup[POLICY_CGROUPS]; /* ids, the root first */
};

/* Memory that somebody pays for: an object of the kernel, by address. */
struct policy_held {
	struct policy_owner owner;
	__s64 pages;
	__u32 scope;
	__u32 pad;
};

/* What a thread is in the middle of. */
struct policy_op {
	struct policy_owner owner;
	__u64 object; /* the key of its policy_held */
	__s64 reserved; /* pages that .used has and that are not settled */
	__s64 charged; /* by the kernel, in this call */
	__u32 scope;
	__u32 phase; /* type1: what a charge is for */
};

enum policy_stat {
	POLICY_STAT_VERDICTS,
	POLICY_STAT_DENIED,
	POLICY_STAT_UNJUDGED, /* a pin that no program was asked about; settled afterwards */
	POLICY_STAT_NO_ROOM, /* a map was full */
	POLICY_STAT_LOST, /* events for which the ring had no room */
	POLICY_STAT_MAX,
};

/* The one element of its map: by it an instance is known and switched. */
struct policy_head {
	__u32 magic;
	__u32 layout;
	__u32 live; /* bits of enum policy_scope: all its programs are attached */
	__u32 pad;
	__u32 strength[POLICY_SCOPES]; /* enum policy_strength */
	__u32 rdev[POLICY_SCOPES]; /* number of the device whose ioctls map, as the kernel has it */
	__u64 stat[POLICY_STAT_MAX];
};

enum policy_strength {
	POLICY_S_NONE,
	POLICY_S_AUDIT,
	POLICY_S_KILL,
	POLICY_S_IOCTL,
	POLICY_S_KERNEL,
	POLICY_S_GATE,
	POLICY_STRENGTHS,
};

/* A limit was reached. */
struct policy_event {
	__u64 ns; /* CLOCK_BOOTTIME */
	__u64 id; /* whose limit: with .kind as in struct policy_key */
	__u32 kind;
	__u32 scope;
	__u32 uid; /* who would have been charged */
	__u32 tgid; /* who asked */
	__u32 tid;
	__u32 action; /* what was done */
	__s32 error; /* what was answered; 0: nothing was refused */
	__u32 line; /* of the section */
	__u64 asked; /* pages */
	__u64 used; /* pages, without these */
	__u64 max; /* pages */
	__u64 untold; /* such events of the same subject that were left out before */
	char comm[16];
};

/* An event of one subject at most this often. */
#define POLICY_EVENT_NS 100000000ULL

/*
 * Positions of arguments, found by the parameter's name as the kernel's source has it. "?": a
 * kernel may be without it.
 */
#define POLICY_ARGS(X)                                                                             \
	X(T1_PIN_DMA, "vfio_pin_pages_remote", "dma")                                              \
	X(T1_PIN_NPAGE, "vfio_pin_pages_remote", "npage")                                          \
	X(T1_PIN_BATCH, "vfio_pin_pages_remote", "batch")                                          \
	X(T1_UNPIN_DMA, "vfio_unpin_pages_remote", "dma")                                          \
	X(T1_UNMAP_DMA, "vfio_unmap_unpin", "dma")                                                 \
	X(T1_REMOVE_DMA, "vfio_remove_dma", "dma")                                                 \
	X(T1_CPIN_IOMMU, "vfio_iommu_type1_pin_pages", "iommu_data")                               \
	X(T1_CUNPIN_IOMMU, "vfio_iommu_type1_unpin_pages", "iommu_data")                           \
	X(T1_RELEASE_IOMMU, "vfio_iommu_type1_release", "iommu_data")                              \
	X(T1_ACCT_TASK, "mm_lock_acct", "task")                                                    \
	X(T1_ACCT_NPAGE, "mm_lock_acct", "npage")                                                  \
	X(FD_PIN_PAGES, "pfn_reader_user_pin", "pages")                                            \
	X(FD_PIN_START, "pfn_reader_user_pin", "start_index")                                      \
	X(FD_PIN_LAST, "pfn_reader_user_pin", "last_index")                                        \
	X(FD_ACCT_PAGES, "do_update_pinned", "pages")                                              \
	X(FD_ACCT_INC, "do_update_pinned", "inc")                                                  \
	X(FD_DONE_PAGES, "pfn_reader_user_destroy", "pages")                                       \
	X(FD_GONE_KREF, "iopt_release_pages", "kref")                                              \
	X(IO_REG_CTX, "io_sqe_buffer_register", "ctx")                                             \
	X(IO_REG_IOV, "io_sqe_buffer_register", "iov")                                             \
	X(IO_REG_PIMU, "io_sqe_buffer_register", "?pimu")                                          \
	X(IO_UNMAP_SLOT, "io_buffer_unmap", "?slot")                                               \
	X(IO_UNMAP_IMU, "io_buffer_unmap", "?priv")                                                \
	X(BE_CHARGE, "ioasb_charge", "charge")                                                     \
	X(BE_CHARGE_NPAGES, "ioasb_charge", "npages")                                              \
	X(BE_UNCHARGE, "ioasb_uncharge", "charge")                                                 \
	X(BE_UNCHARGE_NPAGES, "ioasb_uncharge", "npages")                                          \
	X(BE_EXIT, "ioasb_charge_exit", "charge")

enum policy_arg {
#define POLICY_ARG_ENUM(name, func, param) POLICY_ARG_##name,
	POLICY_ARGS(POLICY_ARG_ENUM)
#undef POLICY_ARG_ENUM
	POLICY_ARG_MAX
};

#endif
