/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two forms of 'predict' share. Not for others. */
#ifndef IOASCOPE_VIEW_PREDICT_IMPL_H
#define IOASCOPE_VIEW_PREDICT_IMPL_H

#include "view/predict.h"

/*
 * The valid ranges of an IOAS after @n devices, all of them: 0 and *out, for
 * predict_ranges_clear(); -ENODATA: not known; -ENOMEM.
 */
int predict_ranges_then(const struct state_ioas *i, const struct predict_subject *s, size_t n,
			struct predict_ranges *out);

/* Adds one answer. */
void predict_count(struct predict_tally *t, const struct predict_result *r);

#endif
