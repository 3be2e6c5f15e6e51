/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of explain share. Not for others. */
#ifndef CORE_EXPLAIN_IMPL_H
#define CORE_EXPLAIN_IMPL_H

#include "core/event.h"
#include "core/explain.h"
#include "core/hash.h"

#define EXPLAIN_OPS_MAX 1024 /* in flight; the oldest is forgotten for a new one */
#define EXPLAIN_REFUSALS 32 /* told lately */
#define EXPLAIN_HELD_MAX (16ULL << 20) /* bytes of valid ranges, of all ops in flight */
#define EXPLAIN_NAMES 4 /* devices that one op attaches or detaches */

/* What an op has done, from its first change to its own event. */
struct explain_flight {
	uint64_t number;
	uint32_t ioas; /* whose .before it is */
	struct check_ranges *before; /* valid ranges; NULL: it has not touched them, or .unkept */
	size_t held; /* bytes of .before */
	bool unkept; /* it has touched them, and .before had no place */
	size_t ncauses; /* as in struct explanation */
	struct explain_cause causes[EXPLAIN_CAUSES];
	size_t nnames;
	struct explain_user names[EXPLAIN_NAMES]; /* devices */
	uint32_t removed; /* areas */
	uint64_t removed_bytes;
	struct check_range went;
	uint32_t splits;
	struct check_range split;
	bool has_account;
	uint8_t account; /* enum ioas_counter: of a pages object that it made */
	struct mirror_owner owner; /* who pays for that */
	UT_hash_handle hh;
};

/* An op inside of another one that was refused: RESERVE, CHARGE. */
struct explain_refusal {
	uint32_t tid;
	uint64_t time_ns;
	uint32_t ioas;
	struct ioas_op_body body;
};

struct explain {
	struct ioas_alloc alloc;
	struct explain_flight *flights; /* oldest first */
	uint64_t held; /* bytes, of all flights */
	uint64_t done; /* the op that was told last: forgotten with the next event */
	struct check_ranges *after;
	uint64_t nrefusals; /* ever; number i is in slot i % EXPLAIN_REFUSALS */
	struct explain_refusal refusals[EXPLAIN_REFUSALS];
};

/* One op on its way to be explained. */
struct explain_at {
	const struct explain *x;
	const struct mirror *m;
	const struct ioas_event *ev;
	const struct mirror_ctx *ctx; /* NULL: not known */
	const struct mirror_ioas *ioas; /* NULL: not known */
	const struct explain_flight *flight; /* NULL: it has changed nothing */
	struct explanation *out;
};

/* One more reason, to be filled; the last one again if there are too many. */
struct explain_reason *explain_add(struct explain_at *at, enum explain_what what);

/* As above, and it is what it was. */
struct explain_reason *explain_sure(struct explain_at *at, enum explain_what what);

/* The object that is named is not there; of an older context it may be one that is not known. */
void explain_no_object(struct explain_at *at);

/* -ENODEV: get_compat_ioas() (vfio_compat.c) found none, or the IOMMU driver says so. */
void explain_no_compat(struct explain_at *at);

/* What the errno may mean, the list ends with EXPLAIN_NONE. */
void explain_maybe(struct explain_at *at, const enum explain_what *list);

/* Puts the area into the reason. */
void explain_set_area(const struct explain_at *at, struct explain_reason *r,
		      const struct mirror_area *area);

/* Who our number `id` is in the IOAS; .id 0 if nobody knows. */
struct explain_user explain_user_of(const struct mirror_ioas *ioas, uint32_t id);

/* What a domain reaches, by what it reserves. */
struct check_range explain_aperture(const struct mirror_ioas *ioas, uint32_t domain);

/* What was refused inside of the op; NULL: nothing was told. */
const struct explain_refusal *explain_refused(const struct explain_at *at, unsigned int what);

/* Alignment of addresses and sizes in the IOAS, bytes; 0: not known. */
uint64_t explain_alignment(const struct mirror_ioas *ioas, unsigned int backend);

/* -ENOMEM and -EFAULT while pages are pinned, as all who pin have them. True: it was one. */
bool explain_pinning(struct explain_at *at);

/* The valid ranges, those near `iova` if they are many. */
void explain_set_valid(const struct explain_at *at, struct explain_reason *r, uint64_t iova);

/* ---- the families ---- */

void explain_map(struct explain_at *at); /* MAP, COPY */
void explain_unmap(struct explain_at *at); /* also one that succeeds */
void explain_attach(struct explain_at *at); /* ATTACH, REPLACE, HWPT_ALLOC */
void explain_client(struct explain_at *at); /* PIN */
void explain_other(struct explain_at *at); /* ALLOW, DESTROY */

/* ---- explain_ranges.c ---- */

/* A change of ranges, or of a device, that the op makes. */
void explain_see_range(struct explain *x, const struct mirror *m, const struct ioas_event *ev);

/* What the op has done to the valid ranges. */
void explain_ranges(struct explain *x, struct explain_at *at);

/* The op that the event is of, taken in at its first change; NULL: no memory, or no op. */
struct explain_flight *explain_flight(struct explain *x, const struct ioas_event *ev);

#endif
