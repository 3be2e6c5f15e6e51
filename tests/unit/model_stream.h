/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what the model tells to a stream of events as it reaches the checker:
 * order numbers, CPUs, times, and what two tasks do at the same time.
 */
#ifndef TESTS_MODEL_STREAM_H
#define TESTS_MODEL_STREAM_H

#include "model.h"

#define STREAM_CTXS (MODEL_CTXS + 1)
#define STREAM_OPS 64
#define STREAM_CPUS 4

struct model_stream {
	struct model_events events; /* of the last call only, or all if .keep */
	bool keep;
	uint64_t now;
	uint64_t cpu_seq[STREAM_CPUS];
	struct {
		uint32_t id;
		uint64_t order;
	} ctx[STREAM_CTXS];
	uint64_t begun[STREAM_OPS]; /* when, by the op's number */
	uint64_t total; /* events */
	uint64_t ops; /* of these, ops */
	uint64_t mixed; /* pairs whose events went through one another */
};

/* The events of one operation. */
void model_stream_one(struct model_stream *s, const struct model_events *a);

/*
 * Those of two that ran one after the other in the model and at the same time
 * on two CPUs: mixed as far as the kernel's locks allow it. `mix` says how.
 */
void model_stream_two(struct model_stream *s, const struct model_events *a,
		      const struct model_events *b, uint64_t mix);

void model_stream_free(struct model_stream *s);

#endif
