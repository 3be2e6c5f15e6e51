/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random worlds and operations, from a seed. Addresses come from few places, so
 * that areas collide, are cut, covered and missed often.
 */
#ifndef TESTS_GEN_H
#define TESTS_GEN_H

#include "model.h"
#include "unit.h"

/* What the contexts of a world are. */
enum gen_kind {
	GEN_T1_V1,
	GEN_T1_V2,
	GEN_T1_MEDIATED, /* type1 v2 without hardware */
	GEN_T1_MIXED, /* type1 v2, hardware and mediated */
	GEN_IOMMUFD,
	GEN_COMPAT_V1,
	GEN_COMPAT_V2,
	GEN_EXACT,
	GEN_COVER,
	GEN_FIRST,
	GEN_ANY,
	GEN_TCE,
	GEN_KINDS,
};

struct gen {
	struct unit_random *r;
	enum gen_kind kind[MODEL_CTXS];
	struct model_world world;
	uint64_t base; /* of the addresses in use */
	uint64_t unit; /* they are multiples of */
	unsigned int places; /* so many */
	bool mixes; /* some operations run at the same time as the next */
	unsigned int eager; /* so many unmaps in 8 become maps */
};

const char *gen_kind_name(enum gen_kind kind);

/* A world of one kind, or of two; `places` says how many addresses are in use. */
void gen_world(struct gen *g, struct unit_random *r, enum gen_kind a, enum gen_kind b,
	       unsigned int places);

/* The next operation, given what there is. */
struct model_op gen_next(struct gen *g, const struct model *m);

/* The next operation on the way to an empty model; .what MODEL_NOTHING: it is. */
struct model_op gen_close(struct gen *g, const struct model *m);

#endif
