/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why an address could not be reached: from what is mapped (mirror), what was
 * (history), and where the device was (stays).
 *
 * A verdict is given only where these prove it. Where they do not, it is UNKNOWN,
 * with what stands in the way and what it would be otherwise.
 */
#ifndef CORE_BLAME_H
#define CORE_BLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/history.h"
#include "core/mirror.h"
#include "core/stays.h"

enum blame_verdict {
	BLAME_UNKNOWN = 0,
	BLAME_USE_AFTER_UNMAP, /* it was mapped, and its removal had at least begun */
	BLAME_NEVER_MAPPED, /* since the IOAS is there */
	BLAME_WRONG_PROTECTION, /* it is mapped, and that access is not allowed */
	BLAME_RESERVED, /* nothing can be mapped there: reserved, or beyond what is reached */
	BLAME_OTHER_IOAS, /* the same program has it mapped, in another IOAS */
	BLAME_DOMAIN_SWITCHED, /* the device could reach it in the IOAS that it has left */
	BLAME_STILL_MAPPED, /* refused, and mapped all the same */
	BLAME_MAPPED, /* nothing was refused: it was only asked about, and is mapped */
	BLAME_VERDICTS,
};

/* What stands in the way of a verdict. */
enum blame_doubt {
	BLAME_SURE = 0,
	BLAME_NO_ADDRESS, /* the kernel did not say which */
	BLAME_NO_IOAS, /* the device is in none that is known */
	BLAME_PASID, /* the request may have been for another IOAS than the device's */
	BLAME_LOSS, /* events may have been lost */
	BLAME_OLDER, /* the IOAS is older than the events: not all of its areas are known */
	BLAME_FORGOTTEN, /* what went before .reach.since_ns is not known */
	BLAME_RACE, /* what decides it came so late that the device may have asked before */
	BLAME_DOUBTS,
};

/*
 * The IOMMU tells of a refusal after it. What has become true less than this before it was
 * told, may not have been true when the device asked.
 */
#define BLAME_LATE_NS 10000000ULL

#define BLAME_OTHERS 8

struct blame_area {
	uint64_t iova;
	uint64_t last;
	uint32_t area; /* our number; 0: not known */
	uint32_t prot;
};

struct blame_other {
	uint32_t ctx;
	uint32_t ioas;
	bool same; /* of the same context, or opened by the same process */
	bool certain;
	struct blame_area area;
};

struct blame {
	enum blame_verdict verdict;
	enum blame_verdict suspected; /* if that is UNKNOWN: what it would be; UNKNOWN: no idea */
	enum blame_doubt doubt; /* SURE if and only if there is a verdict */
	uint64_t iova;
	uint32_t access; /* IOAS_FAULT_READ, ..; 0: none, it was only asked about */
	uint64_t time_ns;
	uint32_t ctx; /* 0: not known */
	uint32_t ioas; /* 0: none */
	uint8_t backend; /* enum ioas_backend */
	uint8_t mode; /* enum ioas_mode */
	bool owner_known; /* who opened the context */
	uint32_t tgid;
	uint32_t uid;
	char comm[IOAS_COMM_LEN]; /* terminated */
	uint64_t uncertain_ns; /* of the context, since when; 0: it is not */
	bool has_reach;
	struct history_reach reach;
	bool has_mapping; /* what is there, or was last; of DOMAIN_SWITCHED in the other IOAS */
	struct history_mapping mapping;
	bool has_range; /* RESERVED: by whom; without it, it is in no valid range */
	struct blame_area range;
	uint32_t range_owner; /* our number of the domain or device; 0: not known */
	bool has_left; /* DOMAIN_SWITCHED */
	struct stay left;
	bool has_before, has_after; /* areas beside the address */
	struct blame_area before, after;
	struct blame_other others[BLAME_OTHERS]; /* IOASes that have the address mapped ... */
	size_t nothers; /* ... of which there are so many */
};

struct blame_view {
	const struct mirror *mirror;
	const struct history *history;
	const struct stays *stays;
	bool lost; /* events were, also of contexts that may not be known at all */
};

/*
 * Of a fault, placed (fault_place()), at its place among the events; of source
 * IOAS_FAULT_NONE: what a device would meet that asked now. What *out points
 * to is valid as what history_before() tells.
 */
void blame_fault(const struct blame_view *v, const struct ioas_event *fault, struct blame *out);

/*
 * Of an address of an IOAS, and an access (IOAS_FAULT_*, 0: any), as of now, which is
 * @time_ns. The IOAS may be gone.
 */
void blame_address(const struct blame_view *v, uint32_t ioas, uint64_t iova, uint32_t access,
		   uint64_t time_ns, struct blame *out);

/* "use-after-unmap", "loss"; NULL: no such number. Static. */
const char *blame_verdict_name(unsigned int verdict);
const char *blame_doubt_name(unsigned int doubt);

#endif
