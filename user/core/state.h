/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A still picture of contexts, IOASes and areas, whoever made it: the mirror,
 * the state maps of a running instance, or a walk of the kernel's own lists.
 * Views print it, tests compare it.
 */
#ifndef IOASCOPE_CORE_STATE_H
#define IOASCOPE_CORE_STATE_H

#include <ioascope/state.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum state_source {
	STATE_FROM_EVENTS = 1, /* a mirror, or an instance's maps */
	STATE_FROM_KERNEL = 2, /* a walk */
};

/*
 * One mapping. There may be a million, so it holds no more than it must. Its
 * memory is its own, or a part of a pages object of the context.
 */
struct state_area {
	__u64 iova;
	__u64 last; /* inclusive */
	__u64 va; /* address in the owner's process; of a file or dma-buf the offset in it */
	__u64 offset; /* byte in the pages object where it begins; 0 without one */
	__s64 pinned; /* pages of RAM; -1: not known */
	__s64 pfnmap; /* pages that are no RAM; -1: not known */
	__u64 time_ns; /* CLOCK_BOOTTIME of the mapping; 0: not known */
	__u32 area; /* 0: not known */
	__u32 prot; /* IOAS_PROT_* */
	__u32 tgid; /* whose memory it is */
	__u32 uid;
	__u32 pages_id; /* its pages object; 0: its memory is its own */
	__u8 memory; /* enum ioas_memory of the pages object; NONE: addresses of a process */
	bool going : 1;
	bool stale : 1; /* .stales of the IOAS says what of it */
	bool stale_lost : 1; /* not all was told: (more of) it may be stale */
	__s8 vaddr_invalid; /* 1: .va is void until re-mapped; -1: not known */
	char comm[IOAS_COMM_LEN];
};

_Static_assert(sizeof(struct state_area) <= 96, "an area is small");

/* What of an area's memory its process has let go of, and devices still reach. */
struct state_stale {
	__u64 iova; /* of the area */
	__u64 va; /* from the first such address to the last */
	__u64 last;
	__u64 bytes; /* of these; UINT64_MAX also stands for 2^64 */
	__u64 since_ns; /* CLOCK_BOOTTIME, the first of them */
	__u32 area; /* 0: not known */
	__u32 tgid; /* whose memory it was */
	__u8 cause; /* enum ioas_memory_cause */
};

/* Pages that clients hold; neighbours with equal counts are one range. */
struct state_pin {
	__u64 iova;
	__u64 last; /* inclusive */
	__u64 count; /* pins on each page, > 0 */
};

struct state_range {
	__u64 iova;
	__u64 last; /* inclusive */
	__u32 owner; /* the domain or device that asks for it; 0: not known */
	__u8 class; /* enum ioas_range_class */
};

/* Who uses an IOAS. Type1 tells its groups only. */
struct state_domain {
	__u32 id;
	__u64 page_size; /* smallest that it maps, bytes; 0: not known */
	__s64 mapped; /* bytes of areas that it maps */
	__s8 dirty; /* dirty tracking is on; -1: not known */
};

struct state_device {
	__u32 id;
	__u32 domain; /* 0: not known */
	__u32 group;
	char name[24]; /* terminated; empty: not known */
};

struct state_access {
	__u32 id;
	bool exact; /* an unpin must name the range of a pin */
	__u64 alignment; /* bytes; 0: not known */
	__s64 pins; /* page references that it holds; -1: not known */
};

struct state_charge {
	__u32 owner; /* our number, 0: not known */
	__u32 counter; /* enum ioas_counter */
	__u32 tgid;
	__u32 uid;
	__s64 pages;
	__s64 peak;
	char comm[IOAS_COMM_LEN];
};

/* Memory that areas of a context share, pinned and charged once. */
struct state_pages {
	__u32 id;
	__u32 areas; /* that show it, in all IOASes of the context */
	__u64 va; /* of its first byte, if .memory is USER */
	__u64 npages;
	__s64 pinned; /* pages */
	__s64 charged; /* pages, by .account, to the owner */
	__u32 owner; /* our number of who pays */
	__u32 tgid;
	__u32 uid;
	__u8 memory; /* enum ioas_memory */
	__u8 account; /* enum ioas_counter; NONE: nobody pays */
	bool writable;
};

struct state_ioas {
	__u32 id;
	__u32 object; /* iommufd: the number that user space has for it; 0: not known */
	__u64 key; /* kernel address, to compare two pictures; never printed; 0: not known */
	__u8 backend;
	__u8 mode;
	bool adopted; /* existed before we looked: what was mapped then is not known */
	__s8 dirty; /* dirty tracking is on, of any domain; -1: not known */
	__u32 ngroups;
	struct ioas_group groups[IOAS_GROUPS_MAX];
	__u64 non_pinned_groups;
	__s64 entries_left; /* areas that may still be mapped; -1: not known */
	bool truncated; /* there is more than was counted */
	bool raced; /* it changed while it was walked */
	__u64 bytes; /* mapped; UINT64_MAX also stands for the full 2^64 */
	__s64 pinned; /* pages of RAM pinned, each once; -1: not known */
	__s64 pfnmap;
	__s64 client_pins; /* page references held by mediated users; -1: not known */
	__u32 vaddr_invalid;
	struct state_area *areas; /* by IOVA */
	size_t nareas;
	size_t areas_room; /* for so many there is memory */
	struct state_stale *stales; /* by IOVA */
	size_t nstales;
	size_t stale_lost; /* areas that have it set */
	struct state_charge *charges;
	size_t ncharges;
	bool pins_known; /* .pins is all that clients hold */
	bool users_known; /* .domains, .devices, .accesses are what was told */
	bool ranges_known; /* .ranges are */
	struct state_pin *pins; /* by IOVA; they need not lie in areas */
	size_t npins;
	struct state_range *ranges; /* by class, then IOVA */
	size_t nranges;
	struct state_domain *domains; /* these by number */
	size_t ndomains;
	struct state_device *devices;
	size_t ndevices;
	struct state_access *accesses;
	size_t naccesses;
};

struct state_ctx {
	__u32 id;
	__u8 backend;
	bool adopted;
	__s8 closed; /* the file is closed, something else holds it; -1: not known */
	__u64 opened_ns; /* CLOCK_BOOTTIME; 0: not known */
	__u64 uncertain_ns; /* 0: certain */
	struct ioas_who who;
	struct state_ioas *ioases;
	size_t nioases;
	bool pages_known; /* .pages, .charges are what was told */
	struct state_pages *pages; /* by number */
	size_t npages;
	struct state_charge *charges; /* for pages objects */
	size_t ncharges;
};

struct state {
	enum state_source source;
	__u32 missing; /* IOAS_MISSING_*: what the hooks at hand cannot tell */
	__u64 time_ns; /* CLOCK_BOOTTIME of the picture */
	struct state_ctx *ctxs;
	size_t nctxs;
};

/* Empties @s and frees what it owns; @s itself is the caller's. NULL is fine. */
void state_clear(struct state *s);

/*
 * Adders: each appends a copy and returns it in *out, valid until the next
 * addition to the same array. -ENOMEM leaves the state as it was. Arrays of the
 * value that is added are taken as empty.
 */
int state_add_ctx(struct state *s, const struct state_ctx *v, struct state_ctx **out);
int state_add_ioas(struct state_ctx *c, const struct state_ioas *v, struct state_ioas **out);
int state_add_area(struct state_ioas *i, const struct state_area *v);
int state_add_stale(struct state_ioas *i, const struct state_stale *v);
int state_add_pin(struct state_ioas *i, const struct state_pin *v);
int state_add_range(struct state_ioas *i, const struct state_range *v);
int state_add_domain(struct state_ioas *i, const struct state_domain *v);
int state_add_device(struct state_ioas *i, const struct state_device *v);
int state_add_access(struct state_ioas *i, const struct state_access *v);
int state_add_pages(struct state_ctx *c, const struct state_pages *v);

/* A charge of mm->locked_vm to an IOAS (type1); of any counter to an IOAS or a context. */
int state_add_charge(struct state_ioas *i, const struct ioas_charge *v);
int state_add_ioas_charge(struct state_ioas *i, const struct state_charge *v);
int state_add_ctx_charge(struct state_ctx *c, const struct state_charge *v);

/* Makes room for exactly @n areas in an IOAS that has none, so that none is wasted. -ENOMEM. */
int state_reserve_areas(struct state_ioas *i, size_t n);

/* The context or IOAS of that number, or NULL. */
struct state_ctx *state_find_ctx(struct state *s, __u32 id);
struct state_ioas *state_find_ioas(struct state *s, __u32 id);

/* The pages object of that number, or NULL. Needs state_finish(). */
const struct state_pages *state_find_pages(const struct state_ctx *c, __u32 id);

/* Sorts all that has an order, and sums .bytes. */
void state_finish(struct state *s);

/* Makes the numbers of pinned pages unknown, area by area, where .missing says so. */
void state_hide_missing(struct state *s);

/* Pages charged to all owners of an IOAS. */
__s64 state_charged(const struct state_ioas *i);

/* The 4 KiB pages of an area; at most 2^52. */
static inline __s64 state_area_pages(const struct state_area *a)
{
	return ((a->last - a->iova) >> 12) + 1;
}

/* Whether the memory of an area is addresses of a process. */
static inline bool state_of_process(const struct state_area *a)
{
	return a->memory == IOAS_MEMORY_NONE || a->memory == IOAS_MEMORY_USER;
}

/* The bytes of [first, last], and sums of such; UINT64_MAX also stands for 2^64. */
static inline __u64 state_bytes(__u64 first, __u64 last)
{
	return last - first == UINT64_MAX ? UINT64_MAX : last - first + 1;
}

static inline __u64 state_bytes_add(__u64 a, __u64 b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

/* Whether all that it has is listed. */
static inline bool state_complete(const struct state_ioas *i)
{
	return !i->adopted && !i->truncated && !i->raced;
}

/* Whether a hardware user pins all that is mapped: a domain, or a group that is not emulated. */
bool state_has_hardware(const struct state_ioas *i);

/* For declarations that clean up after themselves. */
#define _cleanup_state_ __attribute__((cleanup(state_clear)))

#endif
