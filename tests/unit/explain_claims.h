/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether what explain says to be certain is true, by a plain look at the op and the state. */
#ifndef TESTS_EXPLAIN_CLAIMS_H
#define TESTS_EXPLAIN_CLAIMS_H

#include "core/explain.h"

/* The lowest area that has an address in the range, by a walk over all; NULL: none. */
const struct mirror_area *claim_lowest(const struct mirror_ioas *ioas, uint64_t a, uint64_t b);

bool claim_has_group(const struct mirror_ioas *ioas, uint32_t number);

/* @r is the reason that is said to be certain for the op @ev, which @m has seen. */
bool claim_holds(const struct mirror *m, const struct ioas_event *ev,
		 const struct explain_reason *r);

#endif
