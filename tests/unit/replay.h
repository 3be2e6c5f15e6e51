/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs operations on the model, feeds their events to a mirror, or to a checker
 * with a mirror in it, and holds the two against each other, one operation at a
 * time or from a list. The checker must find nothing: the model keeps all promises.
 */
#ifndef TESTS_REPLAY_H
#define TESTS_REPLAY_H

#include "core/check.h"
#include "core/mirror.h"
#include "model.h"
#include "model_stream.h"

#define REPLAY_WHY 384

struct replay_options {
	struct model_world world;
	size_t compare_every; /* operations; 0: never */
	size_t check_every; /* operations between mirror_check(); 0: never */
	bool judge; /* through the checker */
	/* For tests of the test: events that get lost on the way to the mirror. NULL: none. */
	bool (*lose)(const struct ioas_event *ev);
};

struct replay {
	const struct replay_options *options;
	struct model *model;
	struct mirror *own; /* NULL: it is the checker's */
	struct check *check; /* NULL: none */
	const struct mirror *mirror; /* of these two */
	struct model_stream stream;
	struct model_events waiting; /* of an operation that the next one is mixed with */
	uint64_t mix; /* not 0: there is one */
	size_t steps;
	char why[REPLAY_WHY]; /* the first difference; empty: none yet */
};

/* Starts with nothing. `options` must stay as long as the replay. */
void replay_begin(struct replay *r, const struct replay_options *options);

/* Takes one operation more. Whether all is well. */
bool replay_step(struct replay *r, const struct model_op *op);

/* No operation follows: what waits is told, and all is compared. Whether all is well. */
bool replay_end(struct replay *r);

void replay_free(struct replay *r);

/* All of it: whether the whole list goes well; `why` has REPLAY_WHY bytes. */
bool replay_list(const struct replay_options *options, const struct model_op *ops, size_t n,
		 char *why);

#endif
