/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why an op failed, what an unmap met, and what an op did to the valid ranges.
 *
 * An errno of the kernel has many causes, and the mirror tells which of them
 * holds: explain_see() is shown every event before the mirror takes it and keeps
 * what ops in flight do; explain_op() is asked when an op's own event comes. A
 * reason that follows from the state is given as it is. Where the state cannot
 * tell, because the context is uncertain or nothing in it fits, all that the
 * kernel means by that errno is listed, and .certain is false.
 *
 * The tables say which kernel function each reason is from: explain_map.c,
 * explain_unmap.c, explain_attach.c. Addresses and sizes are bytes, ranges
 * inclusive, times CLOCK_BOOTTIME in ns. A failed op costs O(log n), plus the
 * ranges, domains and accesses of its IOAS, and the areas that it went through itself.
 */
#ifndef CORE_EXPLAIN_H
#define CORE_EXPLAIN_H

#include "core/check.h"
#include "core/check_ranges.h"
#include "core/mirror.h"

#define EXPLAIN_REASONS 8 /* of one op */
#define EXPLAIN_CAUSES 8 /* of one change of the valid ranges */
#define EXPLAIN_VALID 4 /* valid ranges given with a reason */

/* What is meant; below each, which fields of struct explain_reason hold. */
enum explain_what {
	EXPLAIN_NONE,
	EXPLAIN_OVERLAP, /* an area is there: .area, .has_area */
	EXPLAIN_RESERVED, /* no area may be there: .range, .user */
	EXPLAIN_APERTURE, /* beyond what a domain reaches: .range (reached), .user */
	EXPLAIN_OUTSIDE, /* in no valid range: .valid, .nvalid */
	EXPLAIN_MISALIGNED, /* .bytes: what was asked to be a multiple, .part: of what */
	EXPLAIN_WRAPS, /* beyond the last address: .part */
	EXPLAIN_NO_SIZE, /* a size of 0 */
	EXPLAIN_NO_PROT, /* neither readable nor writable */
	EXPLAIN_NO_ROOM, /* no free addresses for .bytes */
	EXPLAIN_ENTRIES, /* no area more: the limit of entries of type1 */
	EXPLAIN_LIMIT, /* RLIMIT_MEMLOCK: .limit */
	EXPLAIN_NO_MEMORY, /* the kernel has none */
	EXPLAIN_NOT_THERE, /* no memory of the process at .range, or none that can be pinned */
	EXPLAIN_READ_ONLY, /* more is asked than may be: .area, .has_area */
	EXPLAIN_HOLE, /* nothing is mapped at .range.iova */
	EXPLAIN_BISECTS, /* it would cut .area, after .bytes were removed */
	EXPLAIN_INSIDE, /* it begins inside .area, of which nothing goes */
	EXPLAIN_NOTHING, /* nothing is mapped there */
	EXPLAIN_BUSY, /* somebody else is at it */
	EXPLAIN_HELD, /* a client holds pages of .area and does not let go */
	EXPLAIN_AREA_IN_WAY, /* .range is to be reserved for .user, and .area is there */
	EXPLAIN_ALLOWED_IN_WAY, /* as above, and .other is an allowed range */
	EXPLAIN_RESERVED_IN_WAY, /* a range is to be allowed, and .range is reserved */
	EXPLAIN_BAD_LIST, /* allowed ranges that are empty or overlap */
	EXPLAIN_NO_OBJECT, /* what is named is not there */
	EXPLAIN_IN_USE, /* something uses it */
	EXPLAIN_TWICE, /* the group is attached already */
	EXPLAIN_VADDR, /* addresses of memory are void, or are not */
	EXPLAIN_MODE, /* v1 has no pins of clients */
	EXPLAIN_INTERRUPTS, /* interrupts are not isolated */
	EXPLAIN_INCOMPATIBLE, /* the device and the page table do not go together */
	EXPLAIN_REFUSED_BY_DRIVER, /* the IOMMU driver */
	EXPLAIN_ARGUMENT, /* a flag, by itself or with the rest, or arguments that cannot be read */
	EXPLAIN_WHATS,
};

/* Who asks for a range. */
struct explain_user {
	uint32_t id; /* our number of a domain or device; 0: not known */
	bool domain; /* it is a domain */
	bool has_group;
	uint32_t group; /* IOMMU group */
	char name[24]; /* device, terminated; empty: not known */
};

struct explain_area {
	uint32_t number; /* 0: not known */
	struct check_range range;
	struct mirror_owner owner;
	uint64_t time_ns; /* of its mapping */
};

struct explain_limit {
	uint32_t counter; /* enum ioas_counter; NONE: not known which */
	bool exact; /* as the kernel had it when it refused; otherwise only what was seen */
	uint64_t used; /* bytes charged then, or seen here if not .exact */
	uint64_t asked; /* bytes, on top */
	uint64_t limit; /* bytes; 0 if not .exact */
	struct mirror_owner owner; /* who is charged */
};

struct explain_reason {
	enum explain_what what;
	const char *part; /* "iova", "size", "va": which argument; NULL: none */
	bool has_area;
	struct explain_area area;
	struct check_range range;
	struct check_range other;
	struct explain_user user;
	uint64_t bytes;
	struct explain_limit limit;
	size_t nvalid; /* of .valid; more than EXPLAIN_VALID: those near the address */
	struct check_range valid[EXPLAIN_VALID];
	/* NOT_THERE: what the process has at .range.iova now; for who prints to fill in */
	char now[80];
};

/* What made the valid ranges other ones. */
struct explain_cause {
	struct explain_user user;
	uint8_t class; /* enum ioas_range_class; VALID: of type1, whose ranges name nobody */
	bool gone; /* it asks no more */
	bool aperture; /* .range is what the domain reaches */
	struct check_range range;
};

struct explanation {
	/* A failure; or an unmap that succeeds and leaves what it was asked to remove. */
	bool certain;
	size_t nreasons; /* 0: there is nothing to explain */
	struct explain_reason reasons[EXPLAIN_REASONS];
	/* An unmap, if .has_class. */
	bool has_class;
	enum check_unmap_class class;
	uint32_t areas; /* that it removed */
	/* The valid ranges, if .before is not NULL; valid until explain_see(). */
	const struct check_ranges *before;
	const struct check_ranges *after;
	bool unkept; /* .before is NULL, and it may have changed them: they had no place */
	size_t ncauses; /* more than EXPLAIN_CAUSES: those that did not fit */
	struct explain_cause causes[EXPLAIN_CAUSES];
};

struct explain;

/*
 * Takes its memory from a copy of *alloc (NULL: the heap); to be freed with
 * explain_free(). NULL: no memory.
 */
struct explain *explain_new(const struct ioas_alloc *alloc);
void explain_free(struct explain *x);

/*
 * Each event, in the order of its context, before mirror_apply(). What cannot be
 * kept for want of memory is left out, and explained as possible only. Events of a
 * keyframe must not be shown.
 */
void explain_see(struct explain *x, const struct mirror *m, const struct ioas_event *ev);

/*
 * An op's own event: fills *out. True: there is something to tell. To be asked
 * after explain_see() of that event.
 */
bool explain_op(struct explain *x, const struct mirror *m, const struct ioas_event *ev,
		struct explanation *out);

/* The word for it in JSON, or NULL. */
const char *explain_name(unsigned int what);

#endif
