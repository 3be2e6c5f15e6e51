/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What attaching a device would do, as text and as JSON (docs/event-schema.md). */
#ifndef IOASCOPE_VIEW_PREDICT_H
#define IOASCOPE_VIEW_PREDICT_H

#include <stdio.h>

#include "core/predict.h"

/* A device, and where what is known of it is from. */
struct predict_subject {
	struct predict_device dev;
	const char *iommu; /* its name in sysfs; empty: not known */
	const char *aperture_from; /* a word for JSON; NULL: not known */
};

struct predict_view {
	const struct state *state;
	const struct predict_subject *subjects;
	size_t n;
	__u32 ioas; /* 0: all */
	bool common; /* also what would be left if all of them were attached */
};

/* What came of it. */
struct predict_tally {
	size_t ioases;
	size_t fails; /* pairs of device and IOAS */
	size_t unknown;
};

/* 0 and *out, or -ENOMEM. */
int predict_text(FILE *out, const struct predict_view *v, struct predict_tally *tally);
int predict_json(FILE *out, const struct predict_view *v, struct predict_tally *tally);

#endif
