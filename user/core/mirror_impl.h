/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the mirror share. Not for others.
 *
 *   mirror.c         the way in for events, anomalies, uncertainty
 *   mirror_ctx.c     contexts and IOASes
 *   mirror_area.c    areas
 *   mirror_owner.c   the table of owners of areas
 *   mirror_pages.c   pages objects
 *   mirror_charge.c  charges of IOASes and contexts
 *   mirror_use.c     groups, domains, devices, accesses, options
 *   mirror_range.c   ranges where areas may be, and may not
 *   mirror_pin.c     pins of clients
 *   mirror_stale.c   memory that is gone, mirror_stale_many.c: which areas that concerns
 *   mirror_view.c    reading
 *   mirror_keyframe.c, mirror_keyframe_ioas.c
 *   mirror_compare.c, mirror_check.c
 */
#ifndef CORE_MIRROR_IMPL_H
#define CORE_MIRROR_IMPL_H

#include "core/event.h"
#include "core/hash.h"
#include "core/mirror.h"
#include "core/slab.h"

#define MIRROR_NPAGES_MAX (1ULL << (64 - IOAS_PAGE_SHIFT))
#define MIRROR_PFNMAP_MAX ((1LL << 56) - 1) /* an area's field has 56 bits */

/* The open structure comes first, so that a pointer to it finds the slot. */
struct ctx_slot {
	struct mirror_ctx pub;
	UT_hash_handle hh;
};

struct ioas_slot {
	struct mirror_ioas pub;
	UT_hash_handle hh;
};

struct owner_slot {
	struct mirror_owner key;
	uint32_t index;
	size_t areas; /* that name it; it goes with the last */
	UT_hash_handle hh;
};

/* Owners by number. Number 0 is the owner {0, 0}, and takes no slot. */
struct owner_table {
	struct owner_slot *by_key;
	struct owner_slot **by_index; /* by_index[i - 1] is number i, NULL: not in use */
	uint32_t size; /* of by_index */
	uint32_t next; /* no number below it is free, but for 0 */
};

struct gone_owner; /* mirror_stale.c */

struct mirror {
	struct ioas_alloc alloc;
	struct ctx_slot *ctxs;
	struct ioas_slot *ioases;
	struct itree by_id; /* contexts */
	struct slab areas;
	struct owner_table owners;
	struct gone_owner *gone; /* by process */
	size_t ngone; /* ranges, of all */
	uint64_t gone_lost_ns; /* until then not all of it was told; 0: all was */
	size_t gone_room; /* so many, then those that matter no more are dropped */
	struct mirror_stats stats;
	struct mirror_anomalies anomalies;
};

/* ---- mirror.c ---- */

/* The context is uncertain from time_ns on, or from earlier. */
void mirror_set_uncertain(struct mirror_ctx *ctx, uint64_t time_ns);

/* Records an anomaly of the event, makes `ctx` uncertain; returns its error. */
int mirror_anomaly(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev,
		   enum mirror_anomaly_kind what);

/* The anomaly UNKNOWN_OBJECT, or 0 where it is `adopted`, so that it may well be there. */
int mirror_unknown_object(struct mirror *m, struct mirror_ctx *ctx, bool adopted,
			  const struct ioas_event *ev);

/*
 * Adds `delta` to *count, which has to stay in min..max. Returns false and stops
 * at the limit if it does not.
 */
bool mirror_add_count(int64_t *count, int64_t delta, int64_t min, int64_t max);

/* ---- mirror_ctx.c ---- */

struct mirror_ctx *mirror_get_ctx(const struct mirror *m, uint32_t id);
struct mirror_ioas *mirror_get_ioas(const struct mirror *m, uint32_t id);

/* A new context of which nothing but the number is known; NULL: no memory. */
struct mirror_ctx *mirror_add_ctx(struct mirror *m, uint32_t id);

/* A new IOAS, that of the event; NULL: no memory. */
struct mirror_ioas *mirror_add_ioas(struct mirror *m, struct mirror_ctx *ctx,
				    const struct ioas_event *ev);

/* Frees a context with all that is in it. Returns how many areas that were. */
size_t mirror_drop_ctx(struct mirror *m, struct mirror_ctx *ctx);

/* `known` says whether the context was held before this event. */
int mirror_apply_ctx_new(struct mirror *m, struct mirror_ctx *ctx, bool known,
			 const struct ioas_event *ev);
int mirror_apply_ctx_gone(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev);

/* `ioas` is NULL if it is not held. */
int mirror_apply_ioas_new(struct mirror *m, struct mirror_ctx *ctx, struct mirror_ioas *ioas,
			  const struct ioas_event *ev);
int mirror_apply_ioas_gone(struct mirror *m, struct mirror_ctx *ctx, struct mirror_ioas *ioas,
			   const struct ioas_event *ev);

/* ---- the parts of an IOAS or a context; mirror_apply_*() answer as mirror_apply() does ---- */

int mirror_apply_area(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev);
int mirror_apply_pages(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev);
int mirror_apply_charge(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev);
int mirror_apply_ctx_charge(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev);
int mirror_apply_use(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev);
int mirror_apply_range(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev);
int mirror_apply_pin(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev);

/* Empty the parts of what is going away; the first returns how many there were. */
size_t mirror_drop_areas(struct mirror *m, struct mirror_ioas *ioas);
void mirror_drop_use(struct mirror *m, struct mirror_ioas *ioas);
void mirror_drop_ranges(struct mirror *m, struct mirror_ioas *ioas);
void mirror_drop_charges(struct mirror *m, struct itree *charges);
void mirror_drop_pages(struct mirror *m, struct mirror_ctx *ctx); /* after all areas */

/* Drops the areas of the context that show `pages`: a walk over all of them. */
size_t mirror_drop_areas_of(struct mirror *m, struct mirror_ctx *ctx, struct mirror_pages *pages);

/*
 * The pages object that an AREA_ADD names, made up if it is not there (*unknown
 * is then true): in any case with as many pages as the area shows, *grown tells
 * whether that contradicts what was told of it. NULL: no memory.
 */
struct mirror_pages *mirror_pages_of_area(struct mirror *m, struct mirror_ctx *ctx,
					  const struct ioas_event *ev, bool *unknown, bool *grown);

/* The access of that number, made up if it is not there; NULL: no memory. */
struct mirror_access *mirror_get_access(struct mirror *m, struct mirror_ioas *ioas, uint32_t id,
					bool *unknown);

/* Takes one that was made up, and has no pins, out again. */
void mirror_forget_access(struct mirror *m, struct mirror_ioas *ioas, struct mirror_access *access);

/*
 * Takes the pins of an access that is leaving out of the total of its IOAS. 0,
 * or -ENOMEM with nothing changed.
 */
int mirror_leave_pins(struct mirror *m, struct mirror_ioas *ioas,
		      const struct mirror_access *access);

/*
 * The pins in [start, last] that no access of the IOAS is known to hold, in an
 * empty *out, to be freed with pincount_clear(). 0, or -ENOMEM with *out empty.
 */
int mirror_unnamed_pins(const struct mirror *m, const struct mirror_ioas *ioas, uint64_t start,
			uint64_t last, struct pincount *out);

/* ---- mirror_stale.c ---- */

/* MEMORY_GONE; 0, or -ENOMEM: some of what is stale will not be said to be. */
int mirror_apply_gone(struct mirror *m, const struct ioas_event *ev);

/* MEMORY_LOST; 0. */
int mirror_apply_lost(struct mirror *m, const struct ioas_event *ev);

/* The addresses have their memory again: a process has said so by VADDR. */
void mirror_gone_clear(struct mirror *m, uint32_t tgid, uint64_t va, uint64_t last,
		       uint64_t time_ns);

void mirror_gone_free(struct mirror *m);

/* Whether both hold the same. */
bool mirror_gone_same(const struct mirror *a, const struct mirror *b);

/* All that is held, as events, for a keyframe; answers as `emit` does. */
int mirror_gone_tell(const struct mirror *m, int (*emit)(const struct ioas_event *ev, void *arg),
		     void *arg);

/* ---- mirror_owner.c ---- */

/* Counts one more area of an owner in; stores its number. 0, or -ENOMEM. */
int mirror_owner_get(struct mirror *m, struct mirror_owner owner, uint32_t *number);

/* One more, and one less, of a number that is in use. */
void mirror_owner_share(struct mirror *m, uint32_t number);
void mirror_owner_put(struct mirror *m, uint32_t number);

/* Frees the table, which must be out of use. */
void mirror_owner_clear(struct mirror *m);

/* Whether the table is whole, and so many areas name an owner but {0, 0}: 0 or -EUCLEAN. */
int mirror_owner_check(const struct mirror *m, size_t areas);

#endif
