/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that 'predict' is asked about: named, described, or all of the host. */
#ifndef IOASCOPE_CLI_PREDICT_SUBJECT_H
#define IOASCOPE_CLI_PREDICT_SUBJECT_H

#include "core/predict.h"
#include "live/device.h"
#include "view/predict.h"

/* What the command line says. All zero: nothing. */
struct subject_options {
	const char *name; /* NULL: none */
	bool any;
	bool reserved; /* --reserved was given: .region is all there is, whatever sysfs says */
	struct predict_region *region; /* owned */
	size_t nregions;
	bool aperture;
	__u64 first;
	__u64 last;
};

void subject_options_clear(struct subject_options *o);

/* "START-END[:TYPE]" or "none": 0, -EINVAL, -ENOMEM. */
int subject_reserved(struct subject_options *o, const char *text);

/* "START-END": 0 or -EINVAL. */
int subject_aperture(struct subject_options *o, const char *text);

/* Whether there is a device without a name. */
bool subject_described(const struct subject_options *o);

struct subjects {
	struct device *device; /* owned; NULL: one that is described only */
	struct predict_subject *subject; /* owned; its names are of .device */
	size_t n;
	struct predict_region *region; /* owned: those of .subject if --reserved was given */
};

/*
 * Looks the devices up, in sysfs if they have names. 0 and *out, for
 * subjects_clear(); or -errno (said).
 */
int subjects_find(const struct subject_options *o, struct subjects *out);
void subjects_clear(struct subjects *s);

/*
 * The aperture of a domain is what counts, not what the hardware could do: takes it
 * where the state has a domain behind the same IOMMU, unless it was given.
 */
void subjects_learn(struct subjects *s, const struct subject_options *o, const struct state *state);

#endif
