// SPDX-License-Identifier: GPL-2.0-or-later
#include "gen.h"

static uint64_t below(struct gen *g, uint64_t n)
{
	return unit_below(g->r, n);
}

static bool once_in(struct gen *g, unsigned int n)
{
	return below(g, n) == 0;
}

static uint64_t address(const struct gen *g, uint64_t place)
{
	return g->base + place * g->unit;
}

static const struct model_area *some_area(struct gen *g, const struct model_ioas *s)
{
	return s->nareas ? &s->areas[below(g, s->nareas)] : NULL;
}

static void some_range(struct gen *g, struct model_op *op)
{
	uint64_t place = below(g, g->places), n = 1 + below(g, once_in(g, 4) ? 8 : 2);

	if (place + n > g->places)
		n = g->places - place;
	op->iova = address(g, place);
	op->size = n * g->unit;
	/* Not always from place to place. */
	if (once_in(g, 8) && op->size > MODEL_PAGE)
		op->size -= MODEL_PAGE;
	if (once_in(g, 12) && op->size > 2 * MODEL_PAGE) {
		op->iova += MODEL_PAGE;
		op->size -= MODEL_PAGE;
	}
}

/* Around what is there: exactly, inside, across, over. */
static void range_near(struct gen *g, struct model_op *op, const struct model_area *a)
{
	uint64_t size = a->last - a->iova + 1, piece = MODEL_PAGE;

	op->iova = a->iova;
	op->size = size;
	if (size / MODEL_PAGE > 2)
		piece = MODEL_PAGE * (1 + below(g, size / MODEL_PAGE - 1));
	switch (below(g, 8)) {
	case 0: /* its beginning */
		op->size = piece;
		break;
	case 1: /* its end */
		op->iova = a->last - (piece - 1);
		op->size = piece;
		break;
	case 2: /* more, at the end */
		op->size += a->last < UINT64_MAX - g->unit ? g->unit : 0;
		break;
	case 3: /* more, before */
		if (a->iova >= g->unit) {
			op->iova -= g->unit;
			op->size += g->unit;
		}
		break;
	default:
		break;
	}
}

static void pick_range(struct gen *g, struct model_op *op, const struct model_ioas *s)
{
	const struct model_area *a = some_area(g, s);

	if (a && !once_in(g, 4))
		range_near(g, op, a);
	else
		some_range(g, op);
}

static uint64_t some_va(struct gen *g)
{
	return (0x10000 + below(g, 64) * 0x1000 + below(g, 4)) * MODEL_PAGE;
}

static uint8_t some_prot(struct gen *g)
{
	return once_in(g, 25)  ? 0
	       : once_in(g, 4) ? IOAS_PROT_READ
			       : IOAS_PROT_READ | IOAS_PROT_WRITE;
}

static void map_op(struct gen *g, struct model_op *op, bool type1)
{
	some_range(g, op);
	op->va = some_va(g);
	op->prot = some_prot(g);
	op->flags = once_in(g, 5) && !type1 ? 0 : MODEL_FIXED;
	op->memory = once_in(g, 4) ? (uint8_t)below(g, 3) : 0;
	if (!type1)
		op->memory = once_in(g, 3) ? (uint8_t)(1 + below(g, 3)) : IOAS_MEMORY_USER;
	if (once_in(g, 3))
		op->flags |= MODEL_CAP;
	if (once_in(g, 20))
		op->flags |= MODEL_FAIL | (once_in(g, 2) ? MODEL_SPLIT_LATE : 0);
	if (once_in(g, 4))
		op->flags |= MODEL_READONLY;
}

static void copy_op(struct gen *g, struct model_op *op, const struct model_ctx *c)
{
	struct model_op source = { 0 };

	map_op(g, op, false);
	pick_range(g, &source, &c->ioas[op->from]);
	op->va = source.iova;
	op->size = source.size;
	if (once_in(g, 2))
		op->prot = IOAS_PROT_READ;
}

static void pin_op(struct gen *g, struct model_op *op, const struct model_ioas *s, bool type1)
{
	pick_range(g, op, s);
	op->user = (uint8_t)(MODEL_HARDWARE + below(g, MODEL_ACCESSES));
	op->prot = once_in(g, 3) ? IOAS_PROT_READ | IOAS_PROT_WRITE : IOAS_PROT_READ;
	if (type1 && op->size > 512 * MODEL_PAGE)
		op->size = MODEL_PAGE * (1 + below(g, 512));
}

static void update_op(struct gen *g, struct model_op *op, const struct model_ioas *s)
{
	for (size_t i = 0; i < s->nareas; i++) {
		if (s->areas[i].invalid && !once_in(g, 4)) {
			op->iova = s->areas[i].iova;
			op->size = s->areas[i].last - s->areas[i].iova + 1;
			break;
		}
	}
	if (!op->size)
		pick_range(g, op, s);
	op->va = some_va(g);
}

struct weight {
	uint8_t what;
	uint8_t weight;
};

static const struct weight type1_weights[] = {
	{ MODEL_MAP, 60 },	   { MODEL_UNMAP, 40 },	       { MODEL_ATTACH, 10 },
	{ MODEL_DETACH, 5 },	   { MODEL_PIN, 25 },	       { MODEL_UNPIN, 12 },
	{ MODEL_DIRTY, 2 },	   { MODEL_QUERY, 3 },	       { MODEL_CLOSE, 1 },
	{ MODEL_VADDR_UPDATE, 6 }, { MODEL_VADDR_INVALID, 3 }, { MODEL_OPEN, 3 },
};

static const struct weight fd_weights[] = {
	{ MODEL_MAP, 60 },    { MODEL_UNMAP, 40 },    { MODEL_COPY, 20 },
	{ MODEL_ATTACH, 12 }, { MODEL_DETACH, 6 },    { MODEL_PIN, 20 },
	{ MODEL_UNPIN, 10 },  { MODEL_ALLOW, 4 },     { MODEL_OPTION, 4 },
	{ MODEL_RESERVE, 3 }, { MODEL_UNRESERVE, 3 }, { MODEL_CUT, 4 },
	{ MODEL_QUERY, 3 },   { MODEL_RW, 2 },	      { MODEL_CHANGE_PROCESS, 2 },
	{ MODEL_DIRTY, 1 },   { MODEL_ALLOC, 10 },    { MODEL_DESTROY, 3 },
	{ MODEL_CLOSE, 1 },   { MODEL_OPEN, 3 },
};

static uint8_t draw(struct gen *g, const struct weight *weights, size_t n)
{
	uint64_t sum = 0, at;

	for (size_t i = 0; i < n; i++)
		sum += weights[i].weight;
	at = below(g, sum);
	for (size_t i = 0; i < n; i++) {
		if (at < weights[i].weight)
			return weights[i].what;
		at -= weights[i].weight;
	}
	return MODEL_NOTHING;
}

/* A group or device that this kind of context has. */
static uint8_t some_user(struct gen *g, unsigned int ctx)
{
	switch (g->kind[ctx]) {
	case GEN_T1_V1:
	case GEN_T1_V2:
		return (uint8_t)below(g, once_in(g, 10) ? MODEL_USERS : MODEL_HARDWARE);
	case GEN_T1_MEDIATED:
		return (uint8_t)(MODEL_HARDWARE + below(g, MODEL_ACCESSES));
	default:
		return (uint8_t)below(g, MODEL_USERS);
	}
}

/* Where there is nothing to work with yet, that comes first. */
static uint8_t first_things(struct gen *g, const struct model_ctx *c, const struct model_ioas *s,
			    uint8_t what)
{
	bool type1 = g->world.backend[0] && model_is_type1(c);

	if (!c->id)
		return MODEL_OPEN;
	if (!s->id && !once_in(g, 4))
		return c->closed ? MODEL_DETACH : type1 ? MODEL_ATTACH : MODEL_ALLOC;
	if (c->closed && once_in(g, 2))
		return MODEL_DETACH;
	return what;
}

static void fill_in(struct gen *g, struct model_op *op, const struct model_ctx *c,
		    const struct model_ioas *s)
{
	bool type1 = model_is_type1(c);

	switch (op->what) {
	case MODEL_MAP:
		map_op(g, op, type1);
		break;
	case MODEL_COPY:
		copy_op(g, op, c);
		break;
	case MODEL_PIN:
		pin_op(g, op, s, type1);
		break;
	case MODEL_VADDR_UPDATE:
		update_op(g, op, s);
		break;
	case MODEL_CUT:
	case MODEL_UNMAP:
	case MODEL_VADDR_INVALID:
		pick_range(g, op, s);
		op->flags = once_in(g, 8 + g->places) && op->what != MODEL_CUT ? MODEL_ALL : 0;
		if (op->what == MODEL_UNMAP && once_in(g, 50))
			op->size = once_in(g, 2) ? 0 : UINT64_MAX - MODEL_PAGE + 1;
		if (op->what == MODEL_CUT)
			op->iova += op->size / 2 / MODEL_PAGE * MODEL_PAGE;
		break;
	case MODEL_ALLOW:
		some_range(g, op);
		op->size = once_in(g, 3) ? 0 : op->size * 2;
		op->va = address(g, below(g, g->places));
		op->flags = once_in(g, 2) ? MODEL_VALUE : 0;
		break;
	case MODEL_OPTION:
		op->flags = once_in(g, 3) ? MODEL_VALUE : 0;
		op->flags |= once_in(g, 4) ? MODEL_ALL : 0;
		break;
	case MODEL_UNPIN:
		op->flags = once_in(g, 2) ? MODEL_PART : 0;
		op->va = below(g, 64);
		break;
	case MODEL_DIRTY:
		op->flags = once_in(g, 2) ? MODEL_VALUE : 0;
		break;
	case MODEL_ATTACH:
		op->flags = once_in(g, 8) ? MODEL_FAIL | MODEL_SPLIT_LATE : 0;
		break;
	default:
		some_range(g, op);
		break;
	}
}

/* Reservations are taken back where they were made. */
static void pick_reserved(struct gen *g, struct model_op *op, const struct model_ioas *s)
{
	for (size_t i = 0; i < s->nranges; i++) {
		const struct model_range *r = &s->ranges[i];

		if (r->class == IOAS_RANGE_RESERVED && !r->owner && once_in(g, 2)) {
			op->iova = r->iova;
			op->size = r->last - r->iova + 1;
		}
	}
}

struct model_op gen_next(struct gen *g, const struct model *m)
{
	struct model_op op = { .ctx = (uint8_t)below(g, MODEL_CTXS) };
	const struct model_ctx *c = &m->ctx[op.ctx];
	bool type1 = g->world.backend[op.ctx] == IOAS_BACKEND_TYPE1;
	const struct model_ioas *s;

	op.ioas = type1 ? 0 : (uint8_t)below(g, once_in(g, 3) ? MODEL_IOASES : 1);
	op.from = type1 ? 0 : (uint8_t)below(g, MODEL_IOASES);
	op.who = (uint8_t)below(g, MODEL_PROCS);
	s = &c->ioas[op.ioas];
	op.what = type1 ? draw(g, type1_weights, UNIT_COUNT(type1_weights))
			: draw(g, fd_weights, UNIT_COUNT(fd_weights));
	op.what = first_things(g, c, s, op.what);
	/* Before there is anything in a context, what it pays with can be chosen. */
	if (op.what == MODEL_ALLOC && !type1 && once_in(g, 6)) {
		op.what = MODEL_OPTION;
		op.flags = MODEL_ALL | (once_in(g, 2) ? 0 : MODEL_VALUE);
		return op;
	}
	if (op.what == MODEL_UNMAP && below(g, 8) < g->eager)
		op.what = MODEL_MAP;
	/* Many areas need time to gather. */
	if (g->places > 1000 && !once_in(g, 50) &&
	    (op.what == MODEL_CLOSE || op.what == MODEL_DESTROY || op.what == MODEL_DETACH))
		op.what = MODEL_MAP;
	op.user = some_user(g, op.ctx);
	fill_in(g, &op, c, s);
	if (op.what == MODEL_UNRESERVE)
		pick_reserved(g, &op, s);
	op.mix = g->mixes && once_in(g, 5) ? unit_random(g->r) | 2 : 0;
	return op;
}

/* ---- the end ---- */

static bool detach_one(const struct model_ctx *c, struct model_op *op)
{
	for (unsigned int i = 0; i < MODEL_IOASES; i++) {
		for (unsigned int user = 0; user < MODEL_USERS; user++) {
			if (!c->ioas[i].attached[user])
				continue;
			op->what = MODEL_DETACH;
			op->ioas = (uint8_t)i;
			op->user = (uint8_t)user;
			return true;
		}
	}
	return false;
}

struct model_op gen_close(struct gen *g, const struct model *m)
{
	struct model_op op = { .who = (uint8_t)below(g, MODEL_PROCS) };

	for (unsigned int i = 0; i < MODEL_CTXS; i++) {
		const struct model_ctx *c = &m->ctx[i];

		if (!c->id)
			continue;
		op.ctx = (uint8_t)i;
		if (c->closed || once_in(g, 2)) {
			if (detach_one(c, &op))
				return op;
		}
		op.what = MODEL_CLOSE;
		return op;
	}
	return op;
}
