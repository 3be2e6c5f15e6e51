/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mirror: contexts, their IOASes and what is in these, rebuilt from
 * changes. The structures are open to be read; only mirror_*() writes them.
 * What is handed out is valid until the next mirror_apply(),
 * mirror_mark_uncertain() or mirror_free().
 *
 * What the mirror holds may be wrong from the moment an event was lost: the
 * context is then *uncertain* since that time, for good. A change that cannot be
 * true, given what is held, is an *anomaly*: it is counted, its context becomes
 * uncertain, and the newer word is believed.
 *
 * Addresses are bytes, ranges inclusive, pages 4 KiB, times CLOCK_BOOTTIME in
 * ns. A change costs O(log n), plus the number of areas, pin ranges or
 * leftovers that it really touches. Not locked.
 */
#ifndef CORE_MIRROR_H
#define CORE_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/alloc.h"
#include "core/dtree.h"
#include "core/itree.h"
#include "core/pincount.h"
#include "ioascope/event.h"

#define MIRROR_ANOMALIES_KEPT 16

struct mirror;

struct mirror_ctx {
	uint32_t id;
	uint8_t backend; /* enum ioas_backend */
	bool adopted; /* existed before we looked */
	bool owner_known; /* .tgid, .uid, .comm hold */
	bool rlimit_mm; /* IOAS_OPTION_RLIMIT_MODE: new pages objects charge the mm */
	uint32_t tgid; /* who opened it */
	uint32_t uid;
	char comm[IOAS_COMM_LEN]; /* terminated */
	uint64_t opened_ns; /* 0: not known */
	uint64_t uncertain_since; /* 0: certain */
	uint64_t ops; /* ops seen */
	uint64_t changes; /* changes applied */
	uint64_t order; /* of the last change or op that was taken, 0: none had one */
	/* private */
	struct itree ioases;
	struct itree pages; /* by number */
	struct itree charges; /* for pages objects */
	struct itree_node node; /* [id, id] */
};

struct mirror_ioas {
	uint32_t id;
	uint8_t mode; /* enum ioas_mode; IOAS_MODE_NONE: not known */
	bool adopted; /* existed before we looked */
	bool dirty; /* dirty tracking is on, as told of it as a whole: see mirror_tracks_dirty() */
	bool small_pages; /* IOAS_OPTION_HUGE_PAGES is 0 */
	struct mirror_ctx *ctx;
	uint64_t non_pinned_groups; /* groups that make every mapped page dirty */
	int64_t entries_left; /* areas that may still be mapped, when last told; -1: not told */
	uint64_t time_ns; /* first seen */
	int64_t pinned; /* pages, sum of the areas whose memory is their own (modulo 2^64) */
	int64_t pfnmap; /* pages, sum of the areas (modulo 2^64) */
	uint64_t hardware_since; /* a group that is not emulated is in it; 0: none, or not told */
	uint64_t stray_unpins; /* pages that a client let go and did not hold */
	struct pincount pins; /* of all clients together, see core/pincount.h */
	/* private; use the functions below */
	uint64_t mapped; /* bytes, modulo 2^64 */
	struct dtree areas;
	struct itree groups;
	struct itree charges;
	struct itree domains;
	struct itree devices;
	struct itree accesses;
	struct itree ranges[IOAS_RANGE_CLASSES]; /* by enum ioas_range_class */
	struct itree_node node; /* [id, id] */
};

/* Memory that areas share, pinned and charged once (iommufd: iopt_pages). */
struct mirror_pages {
	struct itree_node node; /* [id, id] */
	struct mirror_ctx *ctx;
	uint32_t id;
	uint32_t areas; /* that show it now, in all IOASes of the context */
	uint64_t va; /* USER: address of its first byte */
	uint64_t npages;
	int64_t pinned; /* pages */
	int64_t charged; /* pages, by .account, to .owner */
	uint8_t memory; /* enum ioas_memory */
	uint8_t account; /* enum ioas_counter; NONE: nobody pays */
	bool writable;
	bool adopted;
	uint32_t owner; /* our number of who pays */
	uint32_t owner_tgid;
	uint32_t owner_uid;
	uint64_t time_ns;
	uint64_t pinned_since; /* when something of it was pinned first, of what is now; 0: nothing
				*/
};

/*
 * One mapping. An area keeps no more than it must: there may be a million.
 * What is not a field here has a function below.
 */
struct mirror_area {
	struct dtree_node node; /* .start: the IOVA, .last */
	uint64_t time_ns; /* of the mapping */
	uint64_t op; /* the op that mapped it, 0: not known */
	/* private */
	union {
		struct mirror_pages *pages; /* if .shared */
		int64_t pinned; /* pages, >= 0 */
	};
	uint64_t va; /* address, or if .shared the byte in the pages object where it begins */
	uint32_t number; /* our number of the area, 0: not known */
	uint32_t owner; /* of the mirror's table of owners */
	uint64_t pfnmap : 56; /* pages */
	uint64_t prot : 2;
	uint64_t shared : 1;
	uint64_t going : 1;
	uint64_t vaddr_invalid : 1;
	uint64_t adopted : 1;
};

_Static_assert(sizeof(struct mirror_area) <= 88, "an area is small");

struct mirror_group {
	struct itree_node node; /* [number, number] */
	uint32_t number; /* of the IOMMU group */
	bool emulated; /* no IOMMU hardware behind it */
};

/* A hardware user of iommufd or the bundled backend. Type1 tells groups only. */
struct mirror_domain {
	struct itree_node node; /* [id, id] */
	uint32_t id;
	uint64_t page_size; /* smallest that it maps, bytes; 0: not told */
	int64_t mapped; /* bytes of areas that it maps, as AREA_FILLED told */
	bool dirty; /* dirty tracking is on */
};

struct mirror_device {
	struct itree_node node; /* [id, id] */
	uint32_t id;
	uint32_t domain;
	uint32_t group;
	char name[24]; /* terminated */
};

/* A software user of iommufd or the bundled backend, and what it holds. */
struct mirror_access {
	struct itree_node node; /* [id, id] */
	uint32_t id;
	bool exact; /* an unpin must name the range of a pin */
	uint64_t alignment; /* bytes; 0: not told */
	struct pincount pins;
};

/* A range of one class; those of VALID and ALLOWED do not overlap their like. */
struct mirror_range {
	struct itree_node node;
	uint32_t owner; /* the domain or device that asks for it; 0: not known */
	uint8_t class; /* enum ioas_range_class */
};

struct mirror_charge {
	struct itree_node node; /* by owner, then counter */
	uint32_t owner; /* our number of the charged mm or user */
	uint32_t counter; /* enum ioas_counter */
	uint32_t tgid;
	uint32_t uid;
	int64_t pages; /* sum of what was seen: below 0 if it began before we looked */
	int64_t peak; /* highest .pages ever, >= 0 */
};

enum mirror_anomaly_kind {
	MIRROR_OVERLAP, /* an area over one that is still there */
	MIRROR_UNKNOWN_AREA, /* change of an area that is not there */
	MIRROR_MISMATCH, /* of the right area, but its end, VA, number or context differ */
	MIRROR_UNKNOWN_IOAS, /* change of an IOAS that was never announced */
	MIRROR_DUPLICATE, /* a context, IOAS or group that is there already comes again */
	MIRROR_UNKNOWN_GROUP, /* detach of a group that is not attached */
	MIRROR_LEFTOVER, /* gone with areas left */
	MIRROR_UNDERFLOW, /* a count would become negative, or too large to count */
	MIRROR_UNKNOWN_OBJECT, /* a pages object, domain, device, access or range that is not there
				*/
	MIRROR_OUTSIDE, /* an area that reaches beyond its pages object */
	MIRROR_ANOMALY_KINDS,
};

struct mirror_anomaly {
	enum mirror_anomaly_kind what;
	uint16_t kind; /* enum ioas_kind of the event */
	bool doubtful; /* the context was adopted, or uncertain already */
	uint32_t ctx;
	uint32_t ioas;
	uint64_t time_ns;
	uint64_t order;
	uint64_t iova; /* 0 where the event has no range */
	uint64_t last;
};

struct mirror_anomalies {
	uint64_t count[MIRROR_ANOMALY_KINDS]; /* all */
	uint64_t doubtful[MIRROR_ANOMALY_KINDS]; /* of these, see above */
	uint64_t total; /* sum of .count */
	/* The last ones: number i (from 0) is in slot i % MIRROR_ANOMALIES_KEPT. */
	struct mirror_anomaly recent[MIRROR_ANOMALIES_KEPT];
};

struct mirror_stats {
	uint64_t changes; /* applied, with or without an anomaly */
	uint64_t refused; /* changes not applied: malformed or of an unknown kind */
	uint64_t no_memory; /* changes not applied for want of memory */
	uint64_t faults; /* all */
	uint64_t stale_lost; /* times that it could not be kept what memory is gone */
	uint64_t ops; /* all */
	uint64_t ops_unplaced; /* of these: their context is not held */
	uint64_t areas_dropped; /* areas removed without being told: anomalies, CTX_GONE */
	uint64_t pins_dropped; /* pages still pinned by clients when the IOAS went */
	uint64_t charges_dropped; /* charges not at 0 when the IOAS went; the mm may be gone */
	uint64_t unplaced_since; /* a change of a context we could not hold was lost; 0: none */
	size_t contexts; /* now */
	size_t ioases; /* now */
	size_t areas; /* now */
};

/*
 * A new, empty mirror that takes its memory from a copy of *alloc (NULL: the
 * heap), to be freed with mirror_free(); NULL if there is no memory.
 */
struct mirror *mirror_new(const struct ioas_alloc *alloc);

/* Frees the mirror and all it holds. NULL is fine. */
void mirror_free(struct mirror *m);

/*
 * Takes one event that has passed ioas_event_check(), in the order of its
 * context. Ops are counted, changes applied; the event is not kept. 0, or:
 *
 *   applied, but an anomaly (see enum mirror_anomaly_kind):
 *   -EEXIST     OVERLAP (the older areas are dropped), DUPLICATE
 *   -ENOENT     UNKNOWN_AREA (what overlaps the range is dropped where the event
 *               is a removal), UNKNOWN_GROUP, UNKNOWN_IOAS (now held, as adopted),
 *               UNKNOWN_OBJECT (held from now on, as adopted, where that is possible)
 *   -ESTALE     MISMATCH (a removal removes all the same)
 *   -ENOTEMPTY  LEFTOVER (dropped)
 *   -ERANGE     UNDERFLOW (the count stops at the limit), OUTSIDE
 *
 *   not applied, the context is uncertain now:
 *   -ENOMEM      what is held is as it was, whole and usable
 *   -EBADMSG     fields that cannot be; the IOAS is of another context (MISMATCH)
 *   -EOPNOTSUPP  unknown kind
 *
 * Not anomalies: any first word of a context (it is adopted), and of an IOAS
 * of an adopted context; IOAS_F_UNSEEN on an unknown area (but an own, not
 * adopted context becomes uncertain); an unknown area without a number in an
 * adopted IOAS; an unknown domain, device, access or range of an adopted IOAS, or
 * pages object of an adopted context; IOAS_F_ADOPTED on an AREA_ADD that is held
 * already with the same range (what the events said is kept).
 *
 * A pages object that is named before it was told is made up: .adopted, .memory
 * NONE, and as large as was needed so far. PAGES_GONE with areas left costs a walk
 * over all areas of the context.
 */
int mirror_apply(struct mirror *m, const struct ioas_event *ev);

/*
 * Events of a context may have been lost at time_ns: it is uncertain from then,
 * or from earlier if it was. A context not held yet is held from here, as
 * adopted. ctx 0: all that are held. 0, or -ENOMEM if the context could not be
 * held; .unplaced_since remembers it then.
 */
int mirror_mark_uncertain(struct mirror *m, uint32_t ctx, uint64_t time_ns);

/* Counters; the pointers stay valid, and are kept up to date, until mirror_free(). */
const struct mirror_stats *mirror_stats(const struct mirror *m);
const struct mirror_anomalies *mirror_anomalies(const struct mirror *m);

/* The name of an anomaly, lower case, or NULL. */
const char *mirror_anomaly_name(unsigned int kind);

/* Contexts by id. NULL: none (any more). */
const struct mirror_ctx *mirror_ctx_first(const struct mirror *m);
const struct mirror_ctx *mirror_ctx_next(const struct mirror_ctx *ctx);
const struct mirror_ctx *mirror_find_ctx(const struct mirror *m, uint32_t id);

/* IOASes of a context by id. NULL: none (any more). */
const struct mirror_ioas *mirror_ioas_first(const struct mirror_ctx *ctx);
const struct mirror_ioas *mirror_ioas_next(const struct mirror_ioas *ioas);
const struct mirror_ioas *mirror_find_ioas(const struct mirror *m, uint32_t id);

/* Bytes mapped; UINT64_MAX also stands for the full 2^64. */
uint64_t mirror_mapped_bytes(const struct mirror_ioas *ioas);

/* Areas by IOVA: how many, all, those that overlap [a, b] (a <= b), and the one at an IOVA. */
size_t mirror_area_count(const struct mirror_ioas *ioas);
const struct mirror_area *mirror_area_first(const struct mirror_ioas *ioas);
const struct mirror_area *mirror_area_next(const struct mirror_area *area);
const struct mirror_area *mirror_area_first_in(const struct mirror_ioas *ioas, uint64_t a,
					       uint64_t b);
const struct mirror_area *mirror_area_next_in(const struct mirror_area *area, uint64_t a,
					      uint64_t b);
const struct mirror_area *mirror_area_at(const struct mirror_ioas *ioas, uint64_t iova);

/* Its pages object, NULL: its memory is its own. */
static inline const struct mirror_pages *mirror_area_pages(const struct mirror_area *area)
{
	return area->shared ? area->pages : NULL;
}

/* Where it begins in its pages object, in bytes; 0 without one. */
static inline uint64_t mirror_area_offset(const struct mirror_area *area)
{
	return area->shared ? area->va : 0;
}

/* The address of its memory in its owner's process; of a file or dma-buf the offset. */
static inline uint64_t mirror_area_va(const struct mirror_area *area)
{
	return area->shared ? area->pages->va + area->va : area->va;
}

/* Pages pinned for it alone; 0 where they belong to a pages object. */
static inline int64_t mirror_area_pinned(const struct mirror_area *area)
{
	return area->shared ? 0 : area->pinned;
}

/* Whose memory it is; 0: not known. */
struct mirror_owner {
	uint32_t tgid;
	uint32_t uid;
};

struct mirror_owner mirror_area_owner(const struct mirror *m, const struct mirror_area *area);

/*
 * What of an area's memory is stale: its process has unmapped, moved or discarded
 * what was at the addresses after it was pinned, and devices still reach that. As
 * MEMORY_GONE told; without such events nothing is stale. Nor is what is pinned by
 * clients of type1 alone. Where such events were lost after it was pinned (MEMORY_LOST, or
 * no memory to keep them) nobody knows, and that is told, too.
 */
struct mirror_stale {
	uint64_t va; /* from the first stale address to the last */
	uint64_t last;
	uint64_t bytes; /* between them; UINT64_MAX also stands for 2^64 */
	uint64_t since_ns; /* the first of it */
	uint32_t cause; /* enum ioas_memory_cause, of that; NONE: of nothing, .lost is set */
	bool lost; /* what was told is not all: more of it may be stale */
};

/*
 * Whether any of it is, or may be; *out is written only then. O(log n) and the ranges that
 * meet it: see mirror_stale_answer() for many areas.
 */
bool mirror_area_stale(const struct mirror *m, const struct mirror_ioas *ioas,
		       const struct mirror_area *area, struct mirror_stale *out);

/* A question for one of many areas. */
struct mirror_stale_ask {
	void *mine[2]; /* the asker's */
	struct gone_owner *owner; /* these are the mirror's */
	uint64_t va;
	uint64_t last;
	uint64_t since;
};

typedef int (*mirror_stale_fn)(const struct mirror_stale_ask *ask, const struct mirror_stale *s,
			       void *arg);

/* false: it needs no question, nothing of it is stale. .mine is left NULL. */
bool mirror_stale_ask(const struct mirror *m, const struct mirror_ioas *ioas,
		      const struct mirror_area *area, struct mirror_stale_ask *out);

/*
 * Answers as mirror_area_stale(), in any sequence, by calls for those of which something is
 * stale or may be; sorts @ask. 0, -ENOMEM after some calls, or what @fn returned other than
 * 0, which ends it. The mirror must not change since the questions were made, and is used by
 * one thread. O((n + ranges) * log(n + ranges)).
 */
int mirror_stale_answer(const struct mirror *m, struct mirror_stale_ask *ask, size_t n,
			mirror_stale_fn fn, void *arg);

/* Pages objects of a context by number, those without areas included. NULL: none (any more). */
const struct mirror_pages *mirror_pages_first(const struct mirror_ctx *ctx);
const struct mirror_pages *mirror_pages_next(const struct mirror_pages *pages);
const struct mirror_pages *mirror_find_pages(const struct mirror_ctx *ctx, uint32_t id);

/* Domains, devices and accesses of an IOAS by number. NULL: none (any more). */
size_t mirror_domain_count(const struct mirror_ioas *ioas);
const struct mirror_domain *mirror_domain_first(const struct mirror_ioas *ioas);
const struct mirror_domain *mirror_domain_next(const struct mirror_domain *domain);
const struct mirror_domain *mirror_find_domain(const struct mirror_ioas *ioas, uint32_t id);
const struct mirror_device *mirror_device_first(const struct mirror_ioas *ioas);
const struct mirror_device *mirror_device_next(const struct mirror_device *device);
const struct mirror_device *mirror_find_device(const struct mirror_ioas *ioas, uint32_t id);
size_t mirror_access_count(const struct mirror_ioas *ioas);
const struct mirror_access *mirror_access_first(const struct mirror_ioas *ioas);
const struct mirror_access *mirror_access_next(const struct mirror_access *access);
const struct mirror_access *mirror_find_access(const struct mirror_ioas *ioas, uint32_t id);

/* Whether dirty tracking is on for all of it (type1), or for one of its domains (iommufd). */
bool mirror_tracks_dirty(const struct mirror_ioas *ioas);

/* Whether something pins all of it: a domain, or a group that is not emulated. */
bool mirror_has_hardware(const struct mirror_ioas *ioas);

/* Ranges of a class (enum ioas_range_class) by IOVA, and those that overlap [a, b]. */
size_t mirror_range_count(const struct mirror_ioas *ioas, unsigned int class);
const struct mirror_range *mirror_range_first(const struct mirror_ioas *ioas, unsigned int class);
const struct mirror_range *mirror_range_next(const struct mirror_range *range);
const struct mirror_range *mirror_range_first_in(const struct mirror_ioas *ioas, unsigned int class,
						 uint64_t a, uint64_t b);
const struct mirror_range *mirror_range_next_in(const struct mirror_range *range, uint64_t a,
						uint64_t b);

/* Ranges of pages that clients hold, by IOVA, and the first that overlaps [a, b]. They need not lie
 * in areas. */
const struct pin_range *mirror_pins_first(const struct mirror_ioas *ioas);
const struct pin_range *mirror_pins_next(const struct pin_range *range);
const struct pin_range *mirror_pins_first_in(const struct mirror_ioas *ioas, uint64_t a,
					     uint64_t b);

/* Groups attached, by number. */
size_t mirror_group_count(const struct mirror_ioas *ioas);
const struct mirror_group *mirror_group_first(const struct mirror_ioas *ioas);
const struct mirror_group *mirror_group_next(const struct mirror_group *group);

/*
 * Charges by owner, then counter; those back at 0 are kept for their peak. Of an
 * IOAS (type1), and of a context's pages objects (the others).
 */
const struct mirror_charge *mirror_charge_first(const struct mirror_ioas *ioas);
const struct mirror_charge *mirror_ctx_charge_first(const struct mirror_ctx *ctx);
const struct mirror_charge *mirror_charge_next(const struct mirror_charge *charge);

/*
 * The whole state as events that rebuild it in an empty mirror when they are
 * applied in this sequence (a keyframe). What is not kept: counts of ops and
 * changes, anomalies, stray unpins. The events carry IOAS_F_ADOPTED and
 * UNCERTAIN where it holds, times as they were, and the last order number of
 * each context in its CTX_NEW. Sums (CHARGE, AREA_FILLED) come as one event with
 * IOAS_F_ADOPTED; see mirror_keyframe.c. `emit` returns 0 to go on; what else it
 * returns ends the walk and is returned. The event is valid during the call.
 * -ENOMEM if pins of accesses could not be told apart.
 */
int mirror_keyframe(const struct mirror *m, int (*emit)(const struct ioas_event *ev, void *arg),
		    void *arg);

/*
 * Whether two mirrors hold the same state, as far as a keyframe tells it: 0, or
 * -EUCLEAN with a line in `why` (of `size` bytes) that names the first difference.
 */
int mirror_compare(const struct mirror *a, const struct mirror *b, char *why, size_t size);

/*
 * Whether trees, links and sums agree: 0 or -EUCLEAN. O(all), for tests and
 * for tools that check themselves.
 */
int mirror_check(const struct mirror *m);

#endif
