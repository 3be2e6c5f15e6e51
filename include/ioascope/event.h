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
	IOAS_BACKENDS,
};

/* How an IOAS answers an unmap; type1 v1 and v2 differ in nothing else here. */
enum ioas_mode {
	IOAS_MODE_NONE = 0,
	IOAS_MODE_V1 = 1, /* type1: an area goes whole if its first address is reached */
	IOAS_MODE_V2 = 2, /* type1: whole areas, a range that bisects one is refused */
	IOAS_MODE_COVER = 3, /* iommufd, bundled: as v2, but stops at what it would bisect */
	IOAS_MODE_EXACT = 4, /* bundled: the range of one area, nothing else */
	IOAS_MODE_FIRST = 5, /* bundled: as v1 */
	IOAS_MODE_ANY = 6, /* bundled: areas are split where the range ends */
	IOAS_MODE_TCE = 7, /* bundled: a table of pages; a map overwrites */
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
	IOAS_EV_DIRTY = 17, /* body: obj; .dirty, .non_pinned_groups; .object: of a domain only */
	IOAS_EV_AREA_SPLIT = 18, /* body: area, as it was; .at begins the right part, .area2 */
	IOAS_EV_AREA_FILLED = 19, /* body: area; .object: a domain, .bytes: mapped in it, delta */
	IOAS_EV_PAGES_NEW = 20, /* body: pages; nothing is pinned yet */
	IOAS_EV_PAGES_GONE = 21, /* body: pages; its last area and pin are gone */
	IOAS_EV_PAGES_PINNED = 22, /* body: pages; .pinned: signed delta */
	IOAS_EV_PAGES_OWNER = 23, /* body: pages; new owner (who pays), .account */
	IOAS_EV_DOMAIN_ATTACH = 24, /* body: obj; .object, .page_size: smallest that it maps */
	IOAS_EV_DOMAIN_DETACH = 25, /* body: obj; .object */
	IOAS_EV_DEVICE_ATTACH = 26, /* body: obj; .object: device, .domain, .group, .name */
	IOAS_EV_DEVICE_DETACH = 27, /* body: obj; .object: device, .domain */
	IOAS_EV_ACCESS_ATTACH = 28, /* body: obj; .object: access, .page_size: alignment, .exact */
	IOAS_EV_ACCESS_DETACH = 29, /* body: obj; .object: access */
	IOAS_EV_RANGE_ADD = 30, /* body: range */
	IOAS_EV_RANGE_DEL = 31, /* body: range, as it was added */
	IOAS_EV_RANGE_CLEAR = 32, /* body: range; all of .class and .owner (0: whoever's) */
	IOAS_EV_OPTION = 33, /* body: obj; .option, .value */
	IOAS_EV_UNCERTAIN = 34, /* body: obj; .value: since when; .ctx 0: all. From the reader */
	IOAS_EV_FAULT = 35, /* body: fault; no order, .ctx and .ioas 0: whose is not known */
	IOAS_EV_MEMORY_GONE = 36, /* body: memory; of a process: no order, no .ctx, no .ioas */
	IOAS_EV_MEMORY_LOST = 37, /* body: obj; .value: since when; as UNCERTAIN, of MEMORY_GONE */
	IOAS_EV_AREA_MERGED = 38, /* body: area, as it is then; .at began the second part, .area2 */
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
	IOAS_OP_COPY = 14, /* .va: address in the source, .group: the source IOAS */
	IOAS_OP_ALLOC = 15, /* of an IOAS */
	IOAS_OP_DESTROY = 16,
	IOAS_OP_ALLOW = 17, /* .iova, .size: of the whole list; .areas: ranges in it */
	IOAS_OP_REPLACE = 18,
	IOAS_OP_OPTION = 19,
	IOAS_OP_CHANGE_PROCESS = 20,
	IOAS_OP_NOTIFY = 21, /* users of a range are asked to let go; .areas: rounds so far */
	IOAS_OP_CUT = 22, /* areas are split at .iova */
	IOAS_OP_RESERVE = 23, /* told if it was refused; .group: our number of who asks */
	IOAS_OP_UNRESERVE = 24,
	IOAS_OP_HWPT_ALLOC = 25, /* of a domain */
	IOAS_OP_BIND = 26, /* a device comes under a context's control */
	IOAS_OP_UNBIND = 27,
	/* told if it was refused; bytes: .size: asked, .va: charged then, .returned: the limit;
	   .prot: enum ioas_counter, .group, .areas: tgid and uid of who is charged */
	IOAS_OP_CHARGE = 28,
	IOAS_OP_MERGE = 29,
	IOAS_OP_MAX,
};

/* event.flags */
#define IOAS_F_ADOPTED 0x01 /* the object existed before we were attached */
#define IOAS_F_ARGS_UNREAD 0x02 /* op arguments could not be read */
#define IOAS_F_NO_RESULT 0x04 /* op returns nothing (void): .result is not one */
#define IOAS_F_RETURNED 0x08 /* op.returned holds what the kernel wrote back */
#define IOAS_F_UNSEEN 0x10 /* a removal of an area whose mapping was not seen */
#define IOAS_F_ALL 0x20 /* op UNMAP: of everything, however it was spelled */
#define IOAS_F_FIXED 0x40 /* op MAP, COPY: the caller chose the IOVA */
#define IOAS_F_UNTOLD 0x80 /* IOAS_NEW: what is mapped in it is not told */

/* area.prot: what the device may do */
#define IOAS_PROT_READ 0x1
#define IOAS_PROT_WRITE 0x2

/* pages.memory: what is behind a pages object */
enum ioas_memory {
	IOAS_MEMORY_NONE = 0,
	IOAS_MEMORY_USER = 1, /* addresses of a process */
	IOAS_MEMORY_FILE = 2, /* a memfd, or another file */
	IOAS_MEMORY_DMABUF = 3,
};

/* range.class */
enum ioas_range_class {
	IOAS_RANGE_NONE = 0,
	IOAS_RANGE_VALID = 1, /* where areas may be; where there is none at all: anywhere */
	IOAS_RANGE_RESERVED = 2, /* where none may be, on behalf of .owner */
	IOAS_RANGE_ALLOWED = 3, /* where the kernel may choose addresses */
	IOAS_RANGE_CLAIMED = 4, /* bundled: only a map that names it may use it */
	IOAS_RANGE_CLASSES,
};

/* obj.option */
enum ioas_option {
	IOAS_OPTION_NONE = 0,
	IOAS_OPTION_RLIMIT_MODE = 1, /* of a context; 0: charge the user, 1: the mm */
	IOAS_OPTION_HUGE_PAGES = 2, /* of an IOAS; 0: domains map single pages */
};

/* charge.counter: which kernel counter was charged */
enum ioas_counter {
	IOAS_COUNTER_NONE = 0,
	IOAS_COUNTER_MM_LOCKED = 1, /* mm->locked_vm, VmLck */
	IOAS_COUNTER_USER_LOCKED = 2, /* user->locked_vm */
	IOAS_COUNTER_MM_PINNED = 3, /* mm->pinned_vm, VmPin */
};

/* fault.access: what the device wanted; 0: not known */
#define IOAS_FAULT_READ 0x1
#define IOAS_FAULT_WRITE 0x2
#define IOAS_FAULT_EXEC 0x4

/* fault.known: which fields hold */
#define IOAS_FAULT_HAS_IOVA 0x01 /* without it the kernel kept silent: only that faults were */
#define IOAS_FAULT_HAS_REASON 0x02
#define IOAS_FAULT_HAS_PASID 0x04 /* without it the request had none, or none was told */
#define IOAS_FAULT_HAS_RID 0x08 /* .segment, .rid: the requester by PCI address */
#define IOAS_FAULT_HAS_GROUP 0x10
#define IOAS_FAULT_KNOWN 0x1f

/* fault.source: who tells; what .reason means hangs on it */
enum ioas_fault_source {
	IOAS_FAULT_NONE = 0,
	IOAS_FAULT_VTD = 1, /* dmar_fault: .iova is that of a page, .reason a code of VT-d */
	IOAS_FAULT_REPORTED = 2, /* report_iommu_fault: AMD-Vi and others, no reason */
};

/* memory.cause: why addresses of a process no longer are what was behind them */
enum ioas_memory_cause {
	IOAS_GONE_NONE = 0,
	IOAS_GONE_UNMAPPED = 1, /* munmap, or something else was mapped over it */
	IOAS_GONE_MOVED = 2, /* mremap: it has other addresses now */
	IOAS_GONE_DISCARDED = 3, /* MADV_DONTNEED, or the file was cut or punched */
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
	__u32 group; /* ACCESS_PIN, ACCESS_UNPIN: the client's IOMMU group */
	__u32 group_valid;
	__u32 pages_id; /* our number of the pages object; 0: the area's memory is its own */
	__u32 object; /* our number of the domain (FILLED) or access (ACCESS_*); 0: none */
	__u64 at; /* SPLIT, MERGED: see there; ADD: byte in the pages object where it begins */
	__s64 bytes; /* FILLED */
	__u32 area2; /* SPLIT, MERGED: our number of the right part */
	__u32 refs; /* ACCESS_PIN, ACCESS_UNPIN: so many times; 0: once */
};

struct ioas_obj_body {
	__u32 mode; /* enum ioas_mode */
	__u32 group;
	__u32 emulated; /* the group has no IOMMU hardware: a mediated user */
	__u32 dirty; /* 1: dirty tracking is on */
	__u64 non_pinned_groups; /* groups that make every mapped page dirty */
	__u64 entries_left; /* areas that may still be mapped, at this moment */
	__u32 object; /* our number of the domain, device or access */
	__u32 domain; /* DEVICE_*: the domain's */
	__u64 page_size; /* bytes, a power of two */
	__u64 value; /* OPTION, UNCERTAIN */
	__u32 option; /* enum ioas_option */
	__u32 exact; /* ACCESS_ATTACH: an unpin must name the range of a pin */
	char name[24]; /* device, terminated; empty: not known */
	__u64 reserved;
};

struct ioas_pages_body {
	__u32 pages_id; /* our number */
	__u32 owner; /* our number of who pays */
	__u64 va; /* USER: address of its first byte; otherwise 0 */
	__u64 npages; /* 4 KiB pages that it covers */
	__s64 pinned; /* delta, see the kind */
	__u32 memory; /* enum ioas_memory */
	__u32 account; /* enum ioas_counter; NONE: nobody pays */
	__u32 writable;
	__u32 owner_tgid;
	__u32 owner_uid;
	__u32 reserved;
};

struct ioas_range_body {
	__u64 iova;
	__u64 last; /* inclusive */
	__u32 class; /* enum ioas_range_class */
	__u32 owner; /* our number of the domain or device that asks for it; 0: not known */
};

struct ioas_charge_body {
	__u32 owner; /* our number of the charged mm */
	__u32 counter; /* enum ioas_counter */
	__s64 pages; /* signed delta */
	__u32 owner_tgid;
	__u32 owner_uid;
	__u64 over; /* reserved, 0 */
	__u32 pages_id; /* the pages object that it is for; 0: the IOAS is charged itself, or
			   (keyframe: no .ioas, IOAS_F_ADOPTED) this is a sum of the context */
	__u32 reserved;
};

/* A device wanted an address, and the IOMMU refused. */
struct ioas_fault_body {
	__u64 iova;
	__u64 untold; /* faults, or interrupts, before this one that no event tells, or may tell */
	__u32 access; /* IOAS_FAULT_READ, .. */
	__u32 known; /* IOAS_FAULT_HAS_* */
	__u32 reason;
	__u32 pasid;
	__u32 segment;
	__u32 rid; /* bus << 8 | device << 3 | function */
	__u32 object; /* our number of the device; 0: not known */
	__u32 domain; /* our number; 0: not known */
	__u32 group;
	__u32 source; /* enum ioas_fault_source */
	char name[24]; /* device, terminated; empty: not known */
	__u64 reserved[2];
};

/* What was behind addresses is not there any more; who pinned it still reaches it. */
struct ioas_memory_body {
	__u64 va;
	__u64 last; /* inclusive */
	__u32 owner_tgid; /* whose memory, as .owner_tgid of areas and pages objects */
	__u32 owner_uid;
	__u32 cause; /* enum ioas_memory_cause */
	__u32 reserved;
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
		struct ioas_pages_body body_pages;
		struct ioas_range_body body_range;
		struct ioas_fault_body body_fault;
		struct ioas_memory_body body_memory;
	};
};

/*
 * Longer than an event by what the kernel logged about a fault, for the reader to
 * take apart: it fills the body, and what goes on from there is an event as any other.
 */
#define IOAS_FAULT_TEXT 168

struct ioas_fault_record {
	struct ioas_event ev;
	char text[IOAS_FAULT_TEXT]; /* terminated */
};

#define IOAS_EVENT_HEADER 88
_Static_assert(sizeof(struct ioas_op_body) == 96, "op body layout");
_Static_assert(sizeof(struct ioas_area_body) == 96, "area body layout");
_Static_assert(sizeof(struct ioas_obj_body) == 96, "object body layout");
_Static_assert(sizeof(struct ioas_charge_body) == 40, "charge body layout");
_Static_assert(sizeof(struct ioas_pages_body) == 56, "pages body layout");
_Static_assert(sizeof(struct ioas_range_body) == 24, "range body layout");
_Static_assert(sizeof(struct ioas_fault_body) == 96, "fault body layout");
_Static_assert(sizeof(struct ioas_memory_body) == 32, "memory body layout");
_Static_assert(__builtin_offsetof(struct ioas_event, body_op) == IOAS_EVENT_HEADER,
	       "event header layout");
_Static_assert(sizeof(struct ioas_event) == 184, "event layout");
_Static_assert(sizeof(struct ioas_fault_record) == 352, "fault record layout");

#endif
