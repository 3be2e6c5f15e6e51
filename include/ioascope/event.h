/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event record: what the BPF side tells, and all that the user side knows.
 *
 * An *op* is what somebody asked for and got answered; a *change* is what then
 * became true. State is built from changes only, ops explain them. A change
 * names the op it belongs to by its number (0: none was seen).
 *
 * Records have one size for all kinds of one version. Enums are append-only:
 * a number, once released, keeps its meaning. Every byte is written; fields
 * that do not apply are 0, and the flags say which optional fields hold.
 */
#ifndef IOASCOPE_EVENT_H
#define IOASCOPE_EVENT_H

#include <linux/types.h>

#define IOAS_EVENT_VERSION 1
#define IOAS_COMM_LEN 16

enum ioas_backend {
	IOAS_BACKEND_NONE = 0,
	IOAS_BACKEND_TYPE1 = 1,
	IOAS_BACKEND_IOMMUFD = 2,
	IOAS_BACKEND_COMPAT = 3,
	IOAS_BACKEND_BUNDLED = 4,
};

/* How an IOAS answers an unmap; type1 v1 and v2 differ in nothing else here. */
enum ioas_mode {
	IOAS_MODE_NONE = 0,
	IOAS_MODE_V1 = 1,
	IOAS_MODE_V2 = 2,
};

enum ioas_kind {
	IOAS_KIND_NONE = 0,
	IOAS_EV_OP = 1, /* body: op */
	IOAS_EV_CTX_NEW = 2, /* body: obj */
	IOAS_EV_CTX_GONE = 3, /* body: obj */
	IOAS_EV_IOAS_NEW = 4, /* body: obj; .mode */
	IOAS_EV_IOAS_GONE = 5, /* body: obj */
	IOAS_EV_AREA_ADD = 6, /* body: area; .pages, .pfnmap: as mapped */
	IOAS_EV_AREA_GOING = 7, /* body: area; the device still reaches it */
	IOAS_EV_AREA_GONE = 8, /* body: area; cut off, IOVA not yet free */
	IOAS_EV_AREA_UPDATE = 9, /* body: area; new .va and owner (who) */
	IOAS_EV_VADDR_INVALID = 10, /* body: area; the range whose VAs are void */
	IOAS_EV_PINNED = 11, /* body: area; .pages, .pfnmap: signed delta */
	IOAS_EV_CHARGE = 12, /* body: charge; signed delta */
	IOAS_EV_GROUP_ATTACH = 13, /* body: obj; .group, .emulated */
	IOAS_EV_GROUP_DETACH = 14, /* body: obj; .group, .emulated */
	IOAS_EV_ACCESS_PIN = 15, /* body: area; .pages, each counted once more */
	IOAS_EV_ACCESS_UNPIN = 16, /* body: area; .pages, each counted once less */
	IOAS_EV_DIRTY = 17, /* body: obj; .dirty, .non_pinned_groups */
	IOAS_EV_KIND_MAX,
};

enum ioas_op {
	IOAS_OP_NONE = 0,
	IOAS_OP_OPEN = 1,
	IOAS_OP_CLOSE = 2,
	IOAS_OP_SET_IOMMU = 3,
	IOAS_OP_MAP = 4,
	IOAS_OP_UNMAP = 5,
	IOAS_OP_ATTACH = 6,
	IOAS_OP_DETACH = 7,
	IOAS_OP_PIN = 8,
	IOAS_OP_UNPIN = 9,
	IOAS_OP_RW = 10,
	IOAS_OP_DIRTY = 11,
	IOAS_OP_QUERY = 12,
	IOAS_OP_RELEASE = 13,
	IOAS_OP_MAX,
};

/* event.flags */
#define IOAS_F_ADOPTED 0x01 /* the object existed before we were attached */
#define IOAS_F_ARGS_UNREAD 0x02 /* op arguments could not be read */
#define IOAS_F_NO_RESULT 0x04 /* op returns nothing (void): .result is not one */
#define IOAS_F_RETURNED 0x08 /* op.returned holds what the kernel wrote back */
#define IOAS_F_UNSEEN 0x10 /* a removal of an area whose mapping was not seen */

/* area.prot: what the device may do */
#define IOAS_PROT_READ 0x1
#define IOAS_PROT_WRITE 0x2

/* charge.counter: which kernel counter was charged */
enum ioas_counter {
	IOAS_COUNTER_NONE = 0,
	IOAS_COUNTER_MM_LOCKED = 1, /* mm->locked_vm, VmLck */
	IOAS_COUNTER_USER_LOCKED = 2, /* user->locked_vm */
	IOAS_COUNTER_MM_PINNED = 3, /* mm->pinned_vm, VmPin */
};

/* What was asked, what was answered, and what it did while it ran. */
struct ioas_op_body {
	__u16 what; /* enum ioas_op */
	__u16 group_valid; /* 1: .group holds an IOMMU group number */
	__u32 group;
	__s64 result; /* as the kernel function returned it */
	__u64 latency_ns;
	__u64 iova; /* asked */
	__u64 size; /* asked, bytes */
	__u64 va; /* asked */
	__u64 returned; /* bytes, IOAS_F_RETURNED */
	__u64 removed; /* bytes of areas removed by this op */
	__u64 pinned; /* pages pinned while it ran, also those let go again */
	__u64 unpinned; /* pages unpinned while it ran */
	__u32 areas; /* areas removed by this op */
	__u32 uapi_flags; /* the flags word of the ioctl's struct */
	__u32 prot; /* IOAS_PROT_* */
	__u32 cmd; /* ioctl number, 0 for in-kernel calls */
};

struct ioas_area_body {
	__u64 iova;
	__u64 last; /* inclusive */
	__u64 va;
	__s64 pages; /* 4 KiB pages of RAM, see the kind */
	__s64 pfnmap; /* pages that are no RAM of the owner's: device memory, reserved pages */
	__u32 prot;
	__u32 area; /* our number of the area, 0: unknown */
	__u32 owner_tgid; /* whose memory it is */
	__u32 owner_uid;
	__u32 group; /* ACCESS_PIN: the client's IOMMU group */
	__u32 group_valid;
};

struct ioas_obj_body {
	__u32 mode; /* enum ioas_mode */
	__u32 group;
	__u32 emulated; /* the group has no IOMMU hardware: a mediated user */
	__u32 dirty; /* 1: dirty tracking is on */
	__u64 non_pinned_groups; /* groups that make every mapped page dirty */
	__u64 entries_left; /* areas that may still be mapped, at this moment */
};

struct ioas_charge_body {
	__u32 owner; /* our number of the charged mm */
	__u32 counter; /* enum ioas_counter */
	__s64 pages; /* signed delta */
	__u32 owner_tgid;
	__u32 owner_uid;
	__u64 over; /* reserved, 0 */
};

struct ioas_event {
	__u16 len; /* bytes of the record, header included */
	__u16 kind; /* enum ioas_kind */
	__u8 backend; /* enum ioas_backend */
	__u8 flags; /* IOAS_F_* */
	__u16 cpu;
	__u64 cpu_seq; /* counts the events of this CPU from 1, lost ones too */
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 order; /* counts the events of this context from 1 */
	__u64 op; /* number of the op */
	__u32 ctx; /* our numbers; 0: none */
	__u32 ioas;
	__u32 tgid; /* who ran it, in the initial namespaces */
	__u32 tid;
	__u32 uid;
	__u32 gid;
	__u64 cgroup; /* cgroup v2 id */
	char comm[IOAS_COMM_LEN];
	union {
		struct ioas_op_body body_op;
		struct ioas_area_body body_area;
		struct ioas_obj_body body_obj;
		struct ioas_charge_body body_charge;
	};
};

#define IOAS_EVENT_HEADER 88
_Static_assert(sizeof(struct ioas_op_body) == 96, "op body layout");
_Static_assert(sizeof(struct ioas_area_body) == 64, "area body layout");
_Static_assert(sizeof(struct ioas_obj_body) == 32, "object body layout");
_Static_assert(sizeof(struct ioas_charge_body) == 32, "charge body layout");
_Static_assert(__builtin_offsetof(struct ioas_event, body_op) == IOAS_EVENT_HEADER,
	       "event header layout");
_Static_assert(sizeof(struct ioas_event) == 184, "event layout");

#endif
