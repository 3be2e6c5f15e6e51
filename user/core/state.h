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

enum state_source {
	STATE_FROM_EVENTS = 1, /* a mirror, or an instance's maps */
	STATE_FROM_KERNEL = 2, /* a walk */
};

struct state_area {
	__u64 iova;
	__u64 last; /* inclusive */
	__u64 va;
	__s64 pinned; /* pages of RAM; -1: not known */
	__s64 pfnmap; /* pages that are no RAM; -1: not known */
	__u64 time_ns; /* CLOCK_BOOTTIME of the mapping; 0: not known */
	__u32 area; /* 0: not known */
	__u32 prot; /* IOAS_PROT_* */
	__u32 tgid; /* whose memory it is */
	__u32 uid;
	bool going;
	__s8 vaddr_invalid; /* 1: .va is void until re-mapped; -1: not known */
	char comm[IOAS_COMM_LEN];
};

struct state_ioas {
	__u32 id;
	__u64 key; /* kernel address, to compare two pictures; never printed; 0: not known */
	__u8 backend;
	__u8 mode;
	bool adopted; /* existed before we looked: what was mapped then is not known */
	bool dirty;
	__u32 ngroups;
	struct ioas_group groups[IOAS_GROUPS_MAX];
	__u64 non_pinned_groups;
	__s64 entries_left; /* areas that may still be mapped; -1: not known */
	bool truncated; /* more client pins than were counted */
	__u64 bytes; /* mapped */
	__s64 pinned; /* pages of RAM pinned, each once */
	__s64 pfnmap;
	__s64 client_pins; /* page references held by mediated users; -1: not known */
	__u32 vaddr_invalid;
	struct state_area *areas; /* by IOVA */
	size_t nareas;
	struct ioas_charge *charges;
	size_t ncharges;
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
 * addition to the same array. -ENOMEM leaves the state as it was.
 */
int state_add_ctx(struct state *s, const struct state_ctx *v, struct state_ctx **out);
int state_add_ioas(struct state_ctx *c, const struct state_ioas *v, struct state_ioas **out);
int state_add_area(struct state_ioas *i, const struct state_area *v);
int state_add_charge(struct state_ioas *i, const struct ioas_charge *v);

/* The context or IOAS of that number, or NULL. */
struct state_ctx *state_find_ctx(struct state *s, __u32 id);
struct state_ioas *state_find_ioas(struct state *s, __u32 id);

/* Sorts contexts and IOASes by number, areas by IOVA, and sums the totals of areas. */
void state_finish(struct state *s);

/* Makes the numbers of pinned pages unknown, area by area, where .missing says so. */
void state_hide_missing(struct state *s);

/* Pages charged to all owners of an IOAS. */
__s64 state_charged(const struct state_ioas *i);

/* For declarations that clean up after themselves. */
#define _cleanup_state_ __attribute__((cleanup(state_clear)))

#endif
