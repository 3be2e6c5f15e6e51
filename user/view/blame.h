/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why an address could not be reached, for people and as JSON (docs/event-schema.md). */
#ifndef IOASCOPE_VIEW_BLAME_H
#define IOASCOPE_VIEW_BLAME_H

#include <ioascope/state.h>

#include "core/blame.h"
#include "view/json.h"

/* Where an op was called from, in words, the innermost first; the kernel, then the process. */
struct blame_frames {
	size_t n;
	char frame[2 * IOAS_STACK_DEPTH][128];
};

/* Of the ops that made and removed the mapping of a blame. */
struct blame_stacks {
	struct blame_frames mapped;
	struct blame_frames unmapped;
};

/* In all of these, @stacks may be NULL. Some lines; times are given relative to @start_ns. @fault
 * is NULL for a mere question. */
void blame_text(FILE *out, const struct blame *b, const struct ioas_event *fault, uint64_t start_ns,
		const struct blame_stacks *stacks);

/* One object, .schema included, on a line. @fault as above. */
void blame_json(FILE *out, const struct blame *b, const struct ioas_event *fault,
		const struct blame_stacks *stacks);

/* A mapping, as an object for @key (NULL: in an array). */
void blame_json_mapping(struct json *j, const char *key, const struct history_mapping *m,
			const struct blame_stacks *stacks);

/* A mapping, as lines that begin with @indent: who made it and who removed it. */
void blame_text_mapping(FILE *out, const char *indent, const struct history_mapping *m,
			uint64_t time_ns, uint64_t start_ns, const struct blame_stacks *stacks);

#endif
