/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between IOASes, as text like that of diff(1), and as JSON. */
#ifndef IOASCOPE_VIEW_DIFF_H
#define IOASCOPE_VIEW_DIFF_H

#include <stdio.h>

#include "core/diff.h"

/* One of the two sides: where its state is from. */
struct diff_from {
	const struct state *state;
	const char *file; /* NULL: live */
	__u64 start_ns; /* times are printed relative to this */
};

struct diff_view {
	struct diff_from a;
	struct diff_from b;
	const struct diff_pair *pairs;
	size_t npairs;
	unsigned int what; /* DIFF_* that count */
	bool same_ids; /* both sides are of one trace */
};

/* Print, and return whether nothing differs. */
bool diff_text(FILE *out, const struct diff_view *v);
bool diff_json(FILE *out, const struct diff_view *v);

#endif
