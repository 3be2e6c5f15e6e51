/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout of the BPF maps that hold the live state and the counters, shared by
 * the programs that write them and the tool that reads them.
 *
 * A reader finds a running instance by the map names below and refuses one
 * whose IOAS_STATE_VERSION differs. Kernel addresses are keys only: they stay
 * in the maps and are never printed.
 */
#ifndef IOASCOPE_STATE_H
#define IOASCOPE_STATE_H

#include <ioascope/event.h>
#include <linux/types.h>

#define IOAS_STATE_VERSION 3

/* Map names, as a reader finds them; 15 characters at most (BPF_OBJ_NAME_LEN). */
#define IOAS_MAP_CTX "ioas_ctx"
#define IOAS_MAP_IOAS "ioas_ioas"
#define IOAS_MAP_CHARGE "ioas_charge"
#define IOAS_MAP_AREAS "ioas_areas"
#define IOAS_MAP_PAGES "ioas_pages"
#define IOAS_MAP_PARTS "ioas_parts"
#define IOAS_MAP_NAMES "fd_names"
#define IOAS_MAP_STATS "ioas_stats"
/* All programs of an instance have names with one of these prefixes and use IOAS_MAP_STATS. */
#define IOAS_PROG_PREFIX "t1_"
#define IOAS_PROG_PREFIX_FD "fd_"
#define IOAS_PROG_PREFIX_BD "bd_"

#define IOAS_GROUPS_MAX 32

/* Who: as seen at the event, in the initial namespaces. */
struct ioas_who {
	__u32 tgid;
	__u32 tid;
	__u32 uid;
	__u32 gid;
	__u64 cgroup;
	char comm[IOAS_COMM_LEN];
};

/* IOAS_MAP_CTX: by kernel address of the context object. */
struct ioas_ctx {
	__u32 id;
	__u8 backend;
	__u8 adopted; /* existed before the hooks did */
	__u8 closed; /* its file is closed, something else holds it */
	__u8 pad;
	__u32 groups; /* groups that hold it */
	__u32 gone; /* its end has been told */
	__u64 order; /* last order number given out */
	__u64 uncertain_ns; /* an event was lost at this time; 0: none */
	__u64 opened_ns;
	struct ioas_who who;
};

struct ioas_group {
	__u32 id; /* IOMMU group number */
	__u32 emulated; /* 1: no hardware behind it */
};

/* IOAS_MAP_IOAS: by kernel address of the IOAS object. */
struct ioas_ioas {
	__u32 id;
	__u32 ctx;
	__u64 ctx_key; /* key in IOAS_MAP_CTX */
	__u8 backend;
	__u8 mode; /* enum ioas_mode */
	__u8 adopted;
	__u8 dirty; /* dirty tracking: 1: on; 2: of one of several domains, perhaps */
	__u32 ngroups;
	struct ioas_group groups[IOAS_GROUPS_MAX];
	__u64 non_pinned_groups;
	__u64 areas;
	__u64 bytes; /* mapped */
	__s64 pinned; /* pages of RAM pinned for hardware */
	__s64 pfnmap; /* pages mapped that are no RAM */
	__u64 entries_left;
	__u32 vaddr_invalid; /* areas whose VA is void until re-mapped */
	__u32 domains; /* iommufd: hardware domains that map it */
	__u64 ranges; /* type1: hash of the valid ranges as they were told last; 0: none */
};

/* IOAS_MAP_CHARGE */
struct ioas_charge_key {
	__u64 mm; /* kernel address of the charged mm */
	__u32 ioas;
	__u32 counter; /* enum ioas_counter */
};

struct ioas_charge {
	__u32 owner;
	__u32 tgid;
	__u32 uid;
	__u32 pad;
	__s64 pages;
	__s64 peak;
	char comm[IOAS_COMM_LEN];
};

/* IOAS_MAP_PAGES: memory that areas share, by kernel address of the pages object. */
struct ioas_pages {
	__u32 id;
	__u32 ctx;
	__u64 va; /* as in struct ioas_pages_body */
	__u64 npages;
	__s64 pinned; /* and charged, if somebody pays */
	__u32 owner; /* our number of who pays */
	__u32 tgid;
	__u32 uid;
	__u8 memory; /* enum ioas_memory */
	__u8 account; /* enum ioas_counter */
	__u8 writable;
	__u8 pad;
};

enum ioas_part_kind {
	IOAS_PART_DOMAIN = 1,
	IOAS_PART_DEVICE = 2,
	IOAS_PART_ACCESS = 3,
	IOAS_PART_RANGE = 4,
};

/* IOAS_MAP_PARTS: who uses an IOAS of the bundled backend, and its ranges. */
struct ioas_part_key {
	__u32 ioas; /* our numbers */
	__u32 id; /* of the domain, device or access; range: who asks for it */
	__u32 kind; /* enum ioas_part_kind */
	__u32 class; /* range: enum ioas_range_class */
	__u64 iova; /* range */
	__u64 last;
};

struct ioas_part {
	__u64 page_size;
	__s64 count; /* domain: bytes mapped; access: pages pinned; range: how often */
	__u32 domain; /* device */
	__u32 exact; /* access */
	char name[24]; /* device */
};

/* IOAS_MAP_NAMES: the key of an IOAS of iommufd by the number that user space has for it. */
struct fd_name {
	__u64 ctx_key; /* key in IOAS_MAP_CTX */
	__u32 id;
	__u32 pad;
};

/*
 * Areas live in fixed slots on 4 KiB pages that say what they are, so that the
 * same bytes can be read by mmap, from bpffs, or out of a dead kernel's memory.
 */
#define IOAS_STATE_PAGE 4096
#define IOAS_PAGE_MAGIC 0x45504f4353414f49ULL /* "IOASCOPE" in memory */
#define IOAS_PAGE_AREAS 1 /* ioas_page.kind */
#define IOAS_SLOTS_PER_PAGE 31

struct ioas_page_hdr {
	__u64 magic;
	__u32 version;
	__u32 kind;
	__u32 index; /* of this page */
	__u32 slots;
	__u64 recorder; /* CLOCK_BOOTTIME of the start: one per instance */
	__u32 event_version; /* IOAS_EVENT_VERSION */
	__u32 pid; /* of the tool that started it, initial pid namespace */
	__u32 missing; /* IOAS_MISSING_*: what the kernel at hand cannot tell */
	__u32 pad2;
	__u64 pad[10];
};

/* ioas_page_hdr.missing */
#define IOAS_MISSING_CHARGES 0x1
#define IOAS_MISSING_PINS 0x2
#define IOAS_MISSING_GROUPS 0x4

struct ioas_slot {
	__u32 seq; /* odd while being written */
	__u32 area; /* our number; 0: the slot is free */
	__u32 ioas;
	__u32 ctx;
	__u64 iova;
	__u64 last; /* inclusive */
	__u64 va;
	__s64 pinned;
	__s64 pfnmap;
	__u64 time_ns;
	__u64 op;
	__u32 prot;
	__u32 going; /* 1: removal has started */
	__u32 tgid; /* owner of the memory */
	__u32 uid;
	char comm[IOAS_COMM_LEN];
	__u32 pages_id; /* its pages object; 0: its memory is its own */
	__u32 pad;
	__u64 pad2[2];
};

struct ioas_page {
	struct ioas_page_hdr hdr;
	struct ioas_slot slot[IOAS_SLOTS_PER_PAGE];
};

_Static_assert(sizeof(struct ioas_page_hdr) == 128, "page header layout");
_Static_assert(sizeof(struct ioas_slot) == 128, "slot layout");
_Static_assert(sizeof(struct ioas_page) == IOAS_STATE_PAGE, "page layout");

/* Key of the hash from an area to its slot. */
struct ioas_index_key {
	__u64 iova;
	__u32 ioas;
	__u32 pad;
};

/*
 * IOAS_MAP_STATS, per CPU. seen = submitted + the drops of events; the rest
 * counts what was missed before an event could exist.
 */
enum ioas_stat {
	IOAS_STAT_SEEN = 0, /* events that should exist */
	IOAS_STAT_SUBMITTED = 1, /* events handed to the reader */
	IOAS_STAT_RING_FULL = 2, /* events dropped: no room */
	IOAS_STAT_TOO_BIG = 3, /* events dropped: larger than a record */
	IOAS_STAT_MAP_FULL = 4, /* state not kept: a map or the slots are full */
	IOAS_STAT_NO_CONTEXT = 5, /* a hook fired outside any known op */
	IOAS_STAT_ARG_CHANGED = 6, /* arguments were rewritten while in use */
	IOAS_STAT_FAULTS_UNTOLD = 7, /* faults, or interrupts for them, without an event */
	IOAS_STAT_MEMORY_LOST = 8, /* times that it was not told what a process let go of */
	IOAS_STAT_MAX,
};

#endif
