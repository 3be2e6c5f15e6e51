/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the mirror share: mirror.c (contexts and IOASes, and the
 * way in), mirror_area.c, mirror_use.c (groups, charges, pins of clients),
 * mirror_view.c (reading). Not for others.
 */
#ifndef CORE_MIRROR_IMPL_H
#define CORE_MIRROR_IMPL_H

#include "core/event.h"
#include "core/hash.h"
#include "core/mirror.h"

/* The open structure comes first, so that a pointer to it finds the slot. */
struct ctx_slot {
	struct mirror_ctx pub;
	UT_hash_handle hh;
};

struct ioas_slot {
	struct mirror_ioas pub;
	UT_hash_handle hh;
};

struct mirror {
	struct ioas_alloc alloc;
	struct ctx_slot *ctxs;
	struct ioas_slot *ioases;
	struct itree by_id; /* contexts */
	struct mirror_stats stats;
	struct mirror_anomalies anomalies;
};

/* The context is uncertain from time_ns on, or from earlier. */
void mirror_set_uncertain(struct mirror_ctx *ctx, uint64_t time_ns);

/* Records an anomaly of the event, makes `ctx` uncertain; returns its error. */
int mirror_anomaly(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev,
		   enum mirror_anomaly_kind what);

/*
 * Adds `delta` to *count, which has to stay in min..INT64_MAX. Returns false
 * and stops at the limit if it does not.
 */
bool mirror_add_count(int64_t *count, int64_t delta, int64_t min);

/* The parts of mirror_apply(): as its errors say. The kind is one of theirs. */
int mirror_apply_area(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev);
int mirror_apply_use(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev);

/* Empty the parts of an IOAS that is going away; the first returns how many there were. */
size_t mirror_drop_areas(struct mirror *m, struct mirror_ioas *ioas);
void mirror_drop_use(struct mirror *m, struct mirror_ioas *ioas);

#endif
