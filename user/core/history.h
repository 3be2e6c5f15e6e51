/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was mapped and is not any more: the last mappings of each IOAS that went,
 * with who made and who removed them, found by address and time. And of those that
 * are there, what the mirror does not keep: who made them.
 *
 * A mapping of an IOAS takes addresses for a time. Two of them may have the same
 * addresses or the same time, never both: so to an address and a moment there is one
 * answer. Lookups and changes are O(log n) for each size that areas have (a power of
 * two; 65 at most). Times are CLOCK_BOOTTIME in ns. Not locked.
 */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/alloc.h"
#include "core/mirror.h"
#include "ioascope/event.h"

#define HISTORY_KEPT_DEFAULT 65536
#define HISTORY_IOASES_GONE 64 /* of so many IOASes that are gone, the last ones, it is kept */

struct history;

struct history_who {
	uint32_t tgid;
	uint32_t tid;
	uint32_t uid;
	char comm[IOAS_COMM_LEN]; /* terminated */
};

struct history_mapping {
	uint64_t iova;
	uint64_t last; /* inclusive */
	uint64_t va; /* as mirror_area_va() */
	uint64_t mapped_ns; /* 0: not known, it is older than the history */
	uint64_t going_ns; /* its removal began; 0: it has not, or that was not told */
	uint64_t gone_ns; /* 0: it is there */
	uint64_t map_op; /* numbers of the ops; 0: not known */
	uint64_t unmap_op;
	uint64_t asked; /* bytes that the op that removed it asked for, if .unmap_what */
	uint64_t returned; /* bytes that the kernel wrote back, if .has_returned */
	uint32_t area; /* our number; 0: not known */
	uint32_t prot; /* IOAS_PROT_* */
	uint32_t owner_tgid; /* whose memory; 0: not known */
	uint32_t owner_uid;
	uint8_t map_what; /* enum ioas_op; NONE: not told (yet) */
	uint8_t unmap_what;
	bool has_returned;
	bool has_prot;
	const struct history_who *mapped_by; /* NULL: not known */
	const struct history_who *unmapped_by;
};

struct history_options {
	size_t kept; /* mappings of each IOAS that went, at most; 0: HISTORY_KEPT_DEFAULT */
	bool no_births; /* not who made areas that are there: it costs 72 bytes for each */
	const struct ioas_alloc *alloc; /* copied; NULL: the heap */
};

/* NULL options are all defaults. NULL: no memory; to be freed with history_free(). */
struct history *history_new(const struct history_options *options);

/* NULL is fine. */
void history_free(struct history *h);

/*
 * Looks at an event that has passed ioas_event_check(), before the mirror takes it.
 * @old_ns: it stands in the keyframe of that time: it tells what is, and not what was
 * before; 0: it is news.
 */
void history_see(struct history *h, const struct mirror *m, const struct ioas_event *ev,
		 uint64_t old_ns);

/*
 * What went of an IOAS, in *out, which is valid until the next history_see(). Whether there
 * is one.
 *
 * history_before(): the last that covered the address, of those gone at @time_ns.
 * history_at():     the one that covered it then and went later.
 */
bool history_before(const struct history *h, uint32_t ioas, uint64_t iova, uint64_t time_ns,
		    struct history_mapping *out);
bool history_at(const struct history *h, uint32_t ioas, uint64_t iova, uint64_t time_ns,
		struct history_mapping *out);

/* All that is kept of what went, the latest first: false at the end. *at is 0 at the beginning. */
bool history_next(const struct history *h, uint32_t ioas, const void **at,
		  struct history_mapping *out);

/* What is known of an area that is there, with who made it. */
void history_live(const struct history *h, const struct mirror *m, const struct mirror_ioas *ioas,
		  const struct mirror_area *area, struct history_mapping *out);

/* How far the history of an IOAS reaches. */
struct history_reach {
	bool whole; /* from its birth: nothing is missing */
	bool uncertain; /* it is gone, and was uncertain then */
	bool gone; /* the IOAS */
	uint64_t since_ns; /* all that went after that is kept */
	uint64_t forgotten; /* mappings that were kept and are not any more */
	uint64_t kept;
	uint32_t ctx;
	uint8_t mode; /* enum ioas_mode */
	uint8_t backend; /* enum ioas_backend */
};

/* Whether anything is known of the IOAS; *out is written only then. */
bool history_reach(const struct history *h, uint32_t ioas, struct history_reach *out);

/* IOASes with a history, those that are gone included; 0: none (any more). Start with 0. */
uint32_t history_ioas_after(const struct history *h, uint32_t ioas);

/* Whether trees, lists and counts agree: 0 or -EUCLEAN. O(all), for tests. */
int history_check(const struct history *h);

#endif
