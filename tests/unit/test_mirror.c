// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: each kind, contradictions, want of memory, and a plain model. */
#include "core/mirror.h"

#include <errno.h>

#include "unit.h"

#define PAGE 4096ULL

struct fixture {
	struct unit_alloc memory;
	struct mirror *m;
	uint64_t now;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ioas_alloc alloc;

	if (!f)
		return -1;
	alloc = unit_alloc_use(&f->memory);
	f->m = mirror_new(&alloc);
	f->now = 1000;
	*state = f;
	return f->m ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	size_t live;

	mirror_free(f->m);
	live = f->memory.live;
	free(f);
	return live ? -1 : 0;
}

static int apply(struct fixture *f, struct ioas_event ev)
{
	int rc;

	ev.time_ns = ++f->now;
	rc = mirror_apply(f->m, &ev);
	assert_int_equal(mirror_check(f->m), 0);
	return rc;
}

static struct ioas_event area_event(unsigned int kind, uint64_t iova, uint64_t last, uint64_t va)
{
	struct ioas_event ev = unit_event(kind);

	ev.op = 77;
	ev.body_area.iova = iova;
	ev.body_area.last = last;
	ev.body_area.va = va;
	if (kind == IOAS_EV_AREA_ADD || kind == IOAS_EV_AREA_UPDATE) {
		ev.body_area.prot = IOAS_PROT_READ;
		ev.body_area.owner_tgid = 100;
		ev.body_area.owner_uid = 1000;
	}
	return ev;
}

static int add(struct fixture *f, uint64_t iova, uint64_t last)
{
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, iova, last, 0x700000 + iova);

	ev.body_area.pages = 1;
	return apply(f, ev);
}

static int gone(struct fixture *f, uint64_t iova, uint64_t last)
{
	return apply(f, area_event(IOAS_EV_AREA_GONE, iova, last, 0x700000 + iova));
}

/* Context 1 with IOAS 2, both seen from the start. */
static void open_ioas(struct fixture *f)
{
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);

	ev.body_obj.mode = IOAS_MODE_V2;
	assert_int_equal(apply(f, unit_event(IOAS_EV_CTX_NEW)), 0);
	assert_int_equal(apply(f, ev), 0);
}

static const struct mirror_ctx *the_ctx(struct fixture *f)
{
	const struct mirror_ctx *ctx = mirror_find_ctx(f->m, 1);

	assert_non_null(ctx);
	return ctx;
}

static const struct mirror_ioas *the_ioas(struct fixture *f)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(f->m, 2);

	assert_non_null(ioas);
	return ioas;
}

static void assert_anomalies(struct fixture *f, enum mirror_anomaly_kind what, uint64_t count)
{
	const struct mirror_anomalies *a = mirror_anomalies(f->m);

	assert_int_equal(a->count[what], count);
	assert_int_equal(a->total, count);
	assert_int_equal(the_ctx(f)->uncertain_since != 0, count != 0);
}

static void test_contexts(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	const struct mirror_ctx *ctx;

	assert_null(mirror_ctx_first(f->m));
	for (uint32_t i = 0; i < 20; i++) {
		ev.ctx = 1 + (i * 7) % 20;
		assert_int_equal(apply(f, ev), 0);
	}
	ctx = mirror_ctx_first(f->m);
	for (uint32_t id = 1; id <= 20; id++, ctx = mirror_ctx_next(ctx))
		assert_int_equal(ctx->id, id);
	assert_null(ctx);
	ctx = the_ctx(f);
	assert_int_equal(ctx->backend, IOAS_BACKEND_TYPE1);
	assert_int_equal(ctx->tgid, 100);
	assert_int_equal(ctx->uid, 1000);
	assert_string_equal(ctx->comm, "unit");
	assert_true(ctx->owner_known);
	assert_false(ctx->adopted);
	assert_int_equal(ctx->opened_ns, 1001);
	assert_int_equal(ctx->uncertain_since, 0);
	assert_int_equal(apply(f, unit_event(IOAS_EV_CTX_GONE)), 0);
	assert_null(mirror_find_ctx(f->m, 1));
	assert_int_equal(apply(f, unit_event(IOAS_EV_CTX_GONE)), 0);
	assert_int_equal(mirror_stats(f->m)->contexts, 19);
}

static void test_areas(void **state)
{
	struct fixture *f = *state;
	const struct mirror_ioas *ioas;
	const struct mirror_area *area;

	open_ioas(f);
	assert_int_equal(add(f, 0x4000, 0x4fff), 0);
	assert_int_equal(add(f, 0x1000, 0x2fff), 0);
	assert_int_equal(add(f, UINT64_MAX - 0xfff, UINT64_MAX), 0);
	assert_int_equal(add(f, 0, 0xfff), 0);
	ioas = the_ioas(f);
	assert_int_equal(ioas->mode, IOAS_MODE_V2);
	assert_ptr_equal(ioas->ctx, the_ctx(f));
	assert_int_equal(mirror_area_count(ioas), 4);
	assert_int_equal(mirror_mapped_bytes(ioas), 0x5000);
	assert_int_equal(ioas->pinned, 4);
	area = mirror_area_first(ioas);
	assert_int_equal(area->node.start, 0);
	area = mirror_area_next(area);
	assert_int_equal(area->node.last, 0x2fff);
	assert_int_equal(area->va, 0x701000);
	assert_int_equal(area->op, 77);
	assert_int_equal(area->prot, IOAS_PROT_READ);
	assert_int_equal(mirror_area_owner(f->m, area).tgid, 100);
	assert_ptr_equal(mirror_area_at(ioas, 0x2fff), area);
	assert_null(mirror_area_at(ioas, 0x3000));
	assert_int_equal(mirror_area_at(ioas, UINT64_MAX)->node.start, UINT64_MAX - 0xfff);
	area = mirror_area_first_in(ioas, 0x2000, 0x4000);
	assert_int_equal(area->node.start, 0x1000);
	area = mirror_area_next_in(area, 0x2000, 0x4000);
	assert_int_equal(area->node.start, 0x4000);
	assert_null(mirror_area_next_in(area, 0x2000, 0x4000));

	assert_int_equal(apply(f, area_event(IOAS_EV_AREA_GOING, 0x1000, 0x2fff, 0x701000)), 0);
	assert_true(mirror_area_at(ioas, 0x1000)->going);
	assert_int_equal(gone(f, 0x1000, 0x2fff), 0);
	assert_null(mirror_area_at(ioas, 0x1000));
	assert_int_equal(mirror_mapped_bytes(ioas), 0x3000);
	assert_anomalies(f, MIRROR_OVERLAP, 0);
}

static void test_whole_space(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	assert_int_equal(mirror_mapped_bytes(the_ioas(f)), 0);
	assert_int_equal(add(f, 0, UINT64_MAX), 0);
	assert_int_equal(mirror_mapped_bytes(the_ioas(f)), UINT64_MAX);
	assert_int_equal(gone(f, 0, UINT64_MAX), 0);
	assert_int_equal(mirror_mapped_bytes(the_ioas(f)), 0);
}

static void test_vaddr(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev;

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	add(f, 0x2000, 0x2fff);
	add(f, 0x5000, 0x6fff);
	assert_int_equal(apply(f, area_event(IOAS_EV_VADDR_INVALID, 0x1000, 0x4fff, 0)), 0);
	assert_true(mirror_area_at(the_ioas(f), 0x1000)->vaddr_invalid);
	assert_true(mirror_area_at(the_ioas(f), 0x2000)->vaddr_invalid);
	assert_false(mirror_area_at(the_ioas(f), 0x5000)->vaddr_invalid);
	ev = area_event(IOAS_EV_AREA_UPDATE, 0x2000, 0x2fff, 0x900000);
	ev.body_area.owner_tgid = 200;
	ev.body_area.owner_uid = 2000;
	assert_int_equal(apply(f, ev), 0);
	assert_false(mirror_area_at(the_ioas(f), 0x2000)->vaddr_invalid);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x2000)->va, 0x900000);
	assert_int_equal(mirror_area_owner(f->m, mirror_area_at(the_ioas(f), 0x2000)).tgid, 200);
	assert_int_equal(mirror_area_owner(f->m, mirror_area_at(the_ioas(f), 0x2000)).uid, 2000);
	assert_anomalies(f, MIRROR_MISMATCH, 0);
	/* v2 does not cut an area. */
	ev = area_event(IOAS_EV_VADDR_INVALID, 0x5000, 0x5fff, 0);
	assert_int_equal(apply(f, ev), -ESTALE);
	assert_false(mirror_area_at(the_ioas(f), 0x5000)->vaddr_invalid);
	assert_anomalies(f, MIRROR_MISMATCH, 1);
}

static void test_vaddr_v1(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);

	ev.body_obj.mode = IOAS_MODE_V1;
	apply(f, unit_event(IOAS_EV_CTX_NEW));
	apply(f, ev);
	add(f, 0x1000, 0x2fff);
	add(f, 0x5000, 0x6fff);
	assert_int_equal(apply(f, area_event(IOAS_EV_VADDR_INVALID, 0x2000, 0x5fff, 0)), 0);
	assert_false(mirror_area_at(the_ioas(f), 0x1000)->vaddr_invalid);
	assert_true(mirror_area_at(the_ioas(f), 0x5000)->vaddr_invalid);
	assert_anomalies(f, MIRROR_MISMATCH, 0);
}

static int pinned(struct fixture *f, uint64_t iova, int64_t pages, int64_t pfnmap)
{
	struct ioas_event ev = area_event(IOAS_EV_PINNED, iova, iova, 0);

	ev.body_area.pages = pages;
	ev.body_area.pfnmap = pfnmap;
	return apply(f, ev);
}

static void test_pinned(void **state)
{
	struct fixture *f = *state;
	const struct mirror_area *area;

	open_ioas(f);
	add(f, 0x1000, 0x4fff);
	add(f, 0x8000, 0x8fff);
	assert_int_equal(pinned(f, 0x1000, 2, 3), 0);
	area = mirror_area_at(the_ioas(f), 0x1000);
	assert_int_equal(area->pinned, 3);
	assert_int_equal(area->pfnmap, 3);
	assert_int_equal(the_ioas(f)->pinned, 4);
	assert_int_equal(the_ioas(f)->pfnmap, 3);
	assert_int_equal(pinned(f, 0x1000, 1LL << 31, 0), 0);
	assert_int_equal(area->pinned, (1LL << 31) + 3);
	assert_int_equal(pinned(f, 0x1000, -(1LL << 31) - 3, -3), 0);
	assert_int_equal(area->pinned, 0);
	assert_anomalies(f, MIRROR_UNDERFLOW, 0);
	assert_int_equal(pinned(f, 0x1000, -1, 0), -ERANGE);
	assert_int_equal(area->pinned, 0);
	assert_int_equal(the_ioas(f)->pinned, 1);
	assert_int_equal(pinned(f, 0x1000, INT64_MAX, 0), 0);
	assert_int_equal(pinned(f, 0x1000, 1, 0), -ERANGE);
	assert_int_equal(area->pinned, INT64_MAX);
	assert_int_equal(pinned(f, 0x1000, INT64_MIN, INT64_MIN), -ERANGE);
	assert_int_equal(area->pinned, 0);
	assert_int_equal(the_ioas(f)->pinned, 1);
	assert_anomalies(f, MIRROR_UNDERFLOW, 3);
}

static void test_pinned_unknown(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	add(f, 0x1000, 0x4fff);
	assert_int_equal(pinned(f, 0x2000, 1, 0), -ENOENT); /* not where it starts */
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 1);
}

static void test_access_pins(void **state)
{
	struct fixture *f = *state;
	const struct mirror_ioas *ioas;
	const struct pin_range *range;

	open_ioas(f);
	ioas = the_ioas(f);
	apply(f, area_event(IOAS_EV_ACCESS_PIN, 0x1000, 0x4fff, 0));
	apply(f, area_event(IOAS_EV_ACCESS_PIN, 0x2080, 0x207f + 0x1000, 0)); /* parts of pages */
	range = mirror_pins_first(ioas);
	assert_int_equal(range->node.start, 0x1000);
	assert_int_equal(range->count, 1);
	range = mirror_pins_next(range);
	assert_int_equal(range->node.start, 0x2000);
	assert_int_equal(range->node.last, 0x3fff);
	assert_int_equal(range->count, 2);
	range = mirror_pins_next(range);
	assert_int_equal(range->node.start, 0x4000);
	assert_null(mirror_pins_next(range));
	assert_int_equal(ioas->pins.pages, 4);
	assert_int_equal(ioas->pins.refs, 6);
	assert_int_equal(apply(f, area_event(IOAS_EV_ACCESS_UNPIN, 0, 0x5fff, 0)), 0);
	assert_int_equal(ioas->stray_unpins, 2);
	assert_int_equal(ioas->pins.pages, 2);
	assert_int_equal(apply(f, unit_event(IOAS_EV_IOAS_GONE)), 0);
	assert_int_equal(mirror_stats(f->m)->pins_dropped, 2);
	assert_anomalies(f, MIRROR_OVERLAP, 0);
}

static int charge(struct fixture *f, uint32_t owner, uint32_t counter, int64_t pages)
{
	struct ioas_event ev = unit_event(IOAS_EV_CHARGE);

	ev.body_charge.owner = owner;
	ev.body_charge.counter = counter;
	ev.body_charge.pages = pages;
	ev.body_charge.owner_tgid = 10 + owner;
	ev.body_charge.owner_uid = 20 + owner;
	return apply(f, ev);
}

static void test_charges(void **state)
{
	struct fixture *f = *state;
	const struct mirror_charge *c;

	open_ioas(f);
	assert_int_equal(charge(f, 5, IOAS_COUNTER_MM_PINNED, 8), 0);
	assert_int_equal(charge(f, 5, IOAS_COUNTER_MM_LOCKED, 3), 0);
	assert_int_equal(charge(f, 4, IOAS_COUNTER_MM_PINNED, 1LL << 33), 0);
	assert_int_equal(charge(f, 5, IOAS_COUNTER_MM_PINNED, -8), 0);
	c = mirror_charge_first(the_ioas(f));
	assert_int_equal(c->owner, 4);
	assert_int_equal(c->pages, 1LL << 33);
	c = mirror_charge_next(c);
	assert_int_equal(c->owner, 5);
	assert_int_equal(c->counter, IOAS_COUNTER_MM_LOCKED);
	c = mirror_charge_next(c);
	assert_int_equal(c->pages, 0);
	assert_int_equal(c->peak, 8);
	assert_int_equal(c->tgid, 15);
	assert_int_equal(c->uid, 25);
	assert_null(mirror_charge_next(c));
	assert_int_equal(charge(f, 5, IOAS_COUNTER_MM_PINNED, -1), -ERANGE);
	assert_anomalies(f, MIRROR_UNDERFLOW, 1);
	assert_int_equal(c->pages, -1);
	apply(f, unit_event(IOAS_EV_IOAS_GONE));
	assert_int_equal(mirror_stats(f->m)->charges_dropped, 3);
	assert_anomalies(f, MIRROR_UNDERFLOW, 1);
}

static int group(struct fixture *f, unsigned int kind, uint32_t number, bool emulated)
{
	struct ioas_event ev = unit_event(kind);

	ev.body_obj.group = number;
	ev.body_obj.emulated = emulated;
	return apply(f, ev);
}

static void test_groups(void **state)
{
	struct fixture *f = *state;
	const struct mirror_group *g;

	open_ioas(f);
	assert_int_equal(group(f, IOAS_EV_GROUP_ATTACH, 9, false), 0);
	assert_int_equal(group(f, IOAS_EV_GROUP_ATTACH, 0, true), 0);
	assert_int_equal(mirror_group_count(the_ioas(f)), 2);
	g = mirror_group_first(the_ioas(f));
	assert_int_equal(g->number, 0);
	assert_true(g->emulated);
	g = mirror_group_next(g);
	assert_int_equal(g->number, 9);
	assert_false(g->emulated);
	assert_null(mirror_group_next(g));
	assert_int_equal(group(f, IOAS_EV_GROUP_DETACH, 0, true), 0);
	assert_anomalies(f, MIRROR_DUPLICATE, 0);
	assert_int_equal(group(f, IOAS_EV_GROUP_ATTACH, 9, true), -EEXIST);
	assert_true(mirror_group_first(the_ioas(f))->emulated);
	assert_anomalies(f, MIRROR_DUPLICATE, 1);
	assert_int_equal(group(f, IOAS_EV_GROUP_DETACH, 3, false), -ENOENT);
	assert_int_equal(mirror_anomalies(f->m)->count[MIRROR_UNKNOWN_GROUP], 1);
	assert_int_equal(mirror_anomalies(f->m)->doubtful[MIRROR_UNKNOWN_GROUP], 1);
	assert_int_equal(mirror_anomalies(f->m)->doubtful[MIRROR_DUPLICATE], 0);
}

static void test_dirty(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_DIRTY);

	open_ioas(f);
	ev.body_obj.dirty = 1;
	ev.body_obj.non_pinned_groups = 2;
	assert_int_equal(apply(f, ev), 0);
	assert_true(the_ioas(f)->dirty);
	assert_int_equal(the_ioas(f)->non_pinned_groups, 2);
	ev.body_obj.dirty = 0;
	apply(f, ev);
	assert_false(the_ioas(f)->dirty);
}

static void test_ops(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_OP);

	ev.body_op.what = IOAS_OP_MAP;
	assert_int_equal(apply(f, ev), 0);
	assert_null(mirror_ctx_first(f->m));
	open_ioas(f);
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(the_ctx(f)->ops, 1);
	assert_int_equal(the_ctx(f)->changes, 2);
	assert_int_equal(mirror_stats(f->m)->ops, 2);
	assert_int_equal(mirror_stats(f->m)->ops_unplaced, 1);
}

static void test_overlap(void **state)
{
	struct fixture *f = *state;
	const struct mirror_anomaly *a = &mirror_anomalies(f->m)->recent[0];

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	add(f, 0x2000, 0x2fff);
	add(f, 0x3000, 0x3fff);
	assert_int_equal(add(f, 0x1800, 0x2fff), -EEXIST);
	assert_int_equal(mirror_area_count(the_ioas(f)), 2);
	assert_int_equal(mirror_area_first(the_ioas(f))->node.start, 0x1800);
	assert_int_equal(mirror_stats(f->m)->areas_dropped, 2);
	assert_anomalies(f, MIRROR_OVERLAP, 1);
	assert_int_equal(the_ctx(f)->uncertain_since, f->now);
	assert_int_equal(a->what, MIRROR_OVERLAP);
	assert_int_equal(a->kind, IOAS_EV_AREA_ADD);
	assert_int_equal(a->iova, 0x1800);
	assert_int_equal(a->last, 0x2fff);
	assert_int_equal(a->ctx, 1);
	assert_int_equal(a->ioas, 2);
	assert_int_equal(a->time_ns, f->now);
	assert_false(a->doubtful);
}

static void test_removal_of_unknown(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_GONE, 0x9000, 0x9fff, 0);

	open_ioas(f);
	add(f, 0x1000, 0x2fff);
	assert_int_equal(apply(f, ev), -ENOENT);
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 1);
	/* What we hold over it cannot be: dropped. */
	assert_int_equal(gone(f, 0x2000, 0x2fff), -ENOENT);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	assert_int_equal(mirror_stats(f->m)->areas_dropped, 1);
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 2);
	ev.kind = IOAS_EV_AREA_UPDATE;
	assert_int_equal(apply(f, ev), -ENOENT);
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 3);
}

static void test_unseen(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_GONE, 0x9000, 0x9fff, 0);

	ev.flags = IOAS_F_UNSEEN;
	/* Of an adopted context: to be expected. */
	assert_int_equal(apply(f, ev), 0);
	assert_true(the_ctx(f)->adopted);
	assert_true(the_ioas(f)->adopted);
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 0);
	apply(f, unit_event(IOAS_EV_CTX_GONE));
	/* Of one seen from the start: no contradiction, but something was missed. */
	open_ioas(f);
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_anomalies(f->m)->total, 0);
	assert_int_equal(the_ctx(f)->uncertain_since, f->now);
	/* The mapping was seen here, only the sender did not know its VA. */
	add(f, 0x9000, 0x9fff);
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
}

static void test_mismatch(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev;

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	add(f, 0x2000, 0x2fff);
	assert_int_equal(apply(f, area_event(IOAS_EV_AREA_GOING, 0x1000, 0x1fff, 1)), -ESTALE);
	assert_true(mirror_area_at(the_ioas(f), 0x1000)->going);
	assert_int_equal(gone(f, 0x1000, 0x2fff), -ESTALE);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	ev = area_event(IOAS_EV_AREA_ADD, 0x1000, 0x1fff, 0x5000);
	ev.body_area.area = 4;
	apply(f, ev);
	ev.kind = IOAS_EV_AREA_GONE;
	ev.body_area.area = 5;
	assert_int_equal(apply(f, ev), -ESTALE);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	assert_anomalies(f, MIRROR_MISMATCH, 3);
}

static void test_wrong_context(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0, 0xfff, 0);

	open_ioas(f);
	ev.ctx = 7;
	assert_int_equal(apply(f, ev), -EBADMSG);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	assert_anomalies(f, MIRROR_MISMATCH, 1);
	assert_true(mirror_find_ctx(f->m, 7)->uncertain_since != 0);
}

static void test_unknown_ioas(void **state)
{
	struct fixture *f = *state;

	apply(f, unit_event(IOAS_EV_CTX_NEW));
	assert_int_equal(add(f, 0x1000, 0x1fff), -ENOENT);
	assert_true(the_ioas(f)->adopted);
	assert_int_equal(mirror_area_count(the_ioas(f)), 1);
	assert_anomalies(f, MIRROR_UNKNOWN_IOAS, 1);
	assert_int_equal(add(f, 0x2000, 0x2fff), 0);
	gone(f, 0x1000, 0x1fff);
	gone(f, 0x2000, 0x2fff);
	assert_int_equal(apply(f, unit_event(IOAS_EV_IOAS_GONE)), 0);
	assert_int_equal(apply(f, unit_event(IOAS_EV_IOAS_GONE)), -ENOENT);
	assert_anomalies(f, MIRROR_UNKNOWN_IOAS, 2);
}

static void test_adopted(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev;

	assert_int_equal(add(f, 0x1000, 0x1fff), 0);
	assert_true(the_ctx(f)->adopted);
	assert_false(the_ctx(f)->owner_known);
	assert_int_equal(the_ctx(f)->backend, IOAS_BACKEND_TYPE1);
	/* Who it is comes later; so does the mode; both may come twice. */
	for (int i = 0; i < 2; i++) {
		ev = unit_event(IOAS_EV_CTX_NEW);
		ev.flags = IOAS_F_ADOPTED;
		assert_int_equal(apply(f, ev), 0);
		ev = unit_event(IOAS_EV_IOAS_NEW);
		ev.flags = IOAS_F_ADOPTED;
		ev.body_obj.mode = IOAS_MODE_V1;
		assert_int_equal(apply(f, ev), 0);
		/* A walk tells of an area that is known. */
		ev = area_event(IOAS_EV_AREA_ADD, 0x1000, 0x1fff, 0);
		ev.flags = IOAS_F_ADOPTED;
		assert_int_equal(apply(f, ev), 0);
	}
	assert_true(the_ctx(f)->owner_known);
	assert_int_equal(the_ctx(f)->opened_ns, 0);
	assert_int_equal(the_ioas(f)->mode, IOAS_MODE_V1);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x1000)->va, 0x701000);
	assert_false(mirror_area_at(the_ioas(f), 0x1000)->adopted);
	assert_int_equal(group(f, IOAS_EV_GROUP_DETACH, 3, false), 0);
	/* Areas older than us are pinned, get a new owner, and go. */
	assert_int_equal(pinned(f, 0x8000, -4, 0), 0);
	assert_int_equal(apply(f, area_event(IOAS_EV_AREA_UPDATE, 0x8000, 0x8fff, 0)), 0);
	assert_int_equal(gone(f, 0x8000, 0x8fff), 0);
	assert_int_equal(charge(f, 1, IOAS_COUNTER_MM_LOCKED, -5), 0);
	assert_int_equal(mirror_charge_first(the_ioas(f))->pages, -5);
	assert_anomalies(f, MIRROR_OVERLAP, 0);
	/* But not one that has a number: we should have heard of it. */
	ev = area_event(IOAS_EV_AREA_GONE, 0x8000, 0x8fff, 0);
	ev.body_area.area = 6;
	assert_int_equal(apply(f, ev), -ENOENT);
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 1);
}

static void test_twice(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	assert_int_equal(apply(f, unit_event(IOAS_EV_CTX_NEW)), -EEXIST);
	assert_int_equal(apply(f, unit_event(IOAS_EV_IOAS_NEW)), -EEXIST);
	assert_anomalies(f, MIRROR_DUPLICATE, 2);
	assert_int_equal(the_ioas(f)->mode, IOAS_MODE_V2);
}

static void test_leftovers(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	add(f, 0x3000, 0x3fff);
	assert_int_equal(apply(f, unit_event(IOAS_EV_IOAS_GONE)), -ENOTEMPTY);
	assert_null(mirror_find_ioas(f->m, 2));
	assert_null(mirror_ioas_first(the_ctx(f)));
	assert_anomalies(f, MIRROR_LEFTOVER, 1);
	apply(f, unit_event(IOAS_EV_IOAS_NEW));
	add(f, 0x1000, 0x1fff);
	assert_int_equal(apply(f, unit_event(IOAS_EV_CTX_GONE)), -ENOTEMPTY);
	assert_null(mirror_ctx_first(f->m));
	assert_int_equal(mirror_stats(f->m)->areas_dropped, 3);
	assert_int_equal(mirror_stats(f->m)->areas, 0);
	assert_int_equal(mirror_stats(f->m)->ioases, 0);
	assert_int_equal(mirror_anomalies(f->m)->count[MIRROR_LEFTOVER], 2);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev;

	open_ioas(f);
	ev = area_event(IOAS_EV_AREA_ADD, 0x1000, 0xfff, 0);
	assert_int_equal(apply(f, ev), -EBADMSG);
	assert_int_equal(the_ctx(f)->uncertain_since, f->now);
	ev = unit_event(IOAS_EV_KIND_MAX);
	ev.ctx = 5;
	assert_int_equal(apply(f, ev), -EOPNOTSUPP);
	assert_int_equal(mirror_find_ctx(f->m, 5)->uncertain_since, f->now);
	assert_int_equal(mirror_stats(f->m)->refused, 2);
}

static void test_mark_uncertain(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	assert_int_equal(mirror_mark_uncertain(f->m, 1, 500), 0);
	assert_int_equal(the_ctx(f)->uncertain_since, 500);
	mirror_mark_uncertain(f->m, 1, 600);
	assert_int_equal(the_ctx(f)->uncertain_since, 500);
	mirror_mark_uncertain(f->m, 9, 0);
	assert_int_equal(mirror_find_ctx(f->m, 9)->uncertain_since, 1);
	assert_true(mirror_find_ctx(f->m, 9)->adopted);
	mirror_mark_uncertain(f->m, 0, 400);
	assert_int_equal(the_ctx(f)->uncertain_since, 400);
	assert_int_equal(mirror_find_ctx(f->m, 9)->uncertain_since, 1);
}

static void test_recent_anomalies(void **state)
{
	struct fixture *f = *state;
	const struct mirror_anomalies *a = mirror_anomalies(f->m);
	const uint64_t total = MIRROR_ANOMALIES_KEPT + 5;

	open_ioas(f);
	for (uint64_t i = 0; i < total; i++)
		gone(f, i * PAGE, i * PAGE + PAGE - 1);
	assert_int_equal(a->total, total);
	for (uint64_t i = total - MIRROR_ANOMALIES_KEPT; i < total; i++)
		assert_int_equal(a->recent[i % MIRROR_ANOMALIES_KEPT].iova, i * PAGE);
	assert_int_equal(a->doubtful[MIRROR_UNKNOWN_AREA], total - 1);
	for (unsigned int i = 0; i < MIRROR_ANOMALY_KINDS; i++)
		assert_non_null(mirror_anomaly_name(i));
	assert_null(mirror_anomaly_name(MIRROR_ANOMALY_KINDS));
}

/* One of each change that takes memory. */
static size_t script(struct ioas_event *out)
{
	size_t n = 0;

	out[n++] = unit_event(IOAS_EV_CTX_NEW);
	out[n++] = unit_event(IOAS_EV_IOAS_NEW);
	out[n++] = area_event(IOAS_EV_AREA_ADD, 0x1000, 0x4fff, 0x1000);
	out[n++] = unit_event(IOAS_EV_GROUP_ATTACH);
	out[n] = unit_event(IOAS_EV_CHARGE);
	out[n].body_charge.counter = IOAS_COUNTER_MM_LOCKED;
	out[n++].body_charge.pages = 4;
	out[n++] = area_event(IOAS_EV_ACCESS_PIN, 0x1000, 0x4fff, 0);
	out[n++] = area_event(IOAS_EV_ACCESS_PIN, 0x2000, 0x2fff, 0);
	out[n++] = area_event(IOAS_EV_ACCESS_UNPIN, 0x3000, 0x3fff, 0);
	return n;
}

/* Each allocation fails once: whatever is missing then, the context says so. */
static void test_no_memory(void **state)
{
	struct ioas_event events[16];
	size_t count = script(events);
	size_t failed;
	(void)state;

	for (size_t n = 1; n < 64; n++) {
		struct unit_alloc memory = { .fail_from = n, .fail_count = 1 };
		struct ioas_alloc alloc = unit_alloc_use(&memory);
		struct mirror *m = mirror_new(&alloc);

		assert_non_null(m);
		failed = 0;
		for (size_t i = 0; i < count; i++) {
			failed += mirror_apply(m, &events[i]) == -ENOMEM;
			assert_int_equal(mirror_check(m), 0);
			if (failed && mirror_find_ctx(m, 1))
				assert_int_equal(mirror_find_ctx(m, 1)->uncertain_since, 1000);
			else if (failed)
				assert_int_equal(mirror_stats(m)->unplaced_since, 1000);
		}
		assert_int_equal(failed, memory.calls > n);
		assert_int_equal(mirror_stats(m)->no_memory, failed);
		mirror_free(m);
		assert_int_equal(memory.live, 0);
		if (!failed)
			return;
	}
	fail();
}

static void test_new_without_memory(void **state)
{
	struct unit_alloc memory = { .fail_count = 1 };
	struct ioas_alloc alloc = unit_alloc_use(&memory);
	(void)state;

	assert_null(mirror_new(&alloc));
	mirror_free(NULL);
}

/*
 * The model: each IOAS is a few pages, and all is kept by page or by number in
 * arrays. It makes only what a kernel could do, so there must be no anomaly.
 */
#define PAGES 48
#define IOASES 6
#define PER_CTX 2
#define OWNERS 3
#define COUNTERS 3
#define GROUPS 4

struct page {
	bool mapped;
	uint32_t first, last; /* pages of its area; the rest is the same in all of them */
	uint64_t va;
	uint32_t tgid;
	int64_t pinned, pfnmap;
	bool invalid;
	bool going;
};

struct model_ioas {
	bool open;
	uint32_t id;
	uint64_t base;
	struct page pages[PAGES];
	uint64_t pins[PAGES];
	uint64_t stray;
	int64_t charged[OWNERS][COUNTERS], peak[OWNERS][COUNTERS];
	int attached[GROUPS]; /* 0: no, 1: yes, 2: emulated */
	bool dirty;
};

struct model {
	struct unit_random r;
	struct mirror *m;
	size_t step;
	uint64_t now;
	uint32_t ids;
	uint32_t ctxs[IOASES / PER_CTX]; /* 0: not open */
	struct model_ioas ioases[IOASES];
};

#define MODEL_REQUIRE(md, cond) UNIT_REQUIRE(cond, &(md)->r, (md)->step)

static void tell(struct model *md, const struct model_ioas *mi, struct ioas_event ev)
{
	ev.ctx = md->ctxs[(mi - md->ioases) / PER_CTX];
	ev.ioas = ev.kind == IOAS_EV_CTX_NEW || ev.kind == IOAS_EV_CTX_GONE ? 0 : mi->id;
	ev.time_ns = ++md->now;
	MODEL_REQUIRE(md, mirror_apply(md->m, &ev) == 0);
}

static struct ioas_event range_event(const struct model_ioas *mi, unsigned int kind, size_t first,
				     size_t last)
{
	return area_event(kind, mi->base + first * PAGE, mi->base + last * PAGE + (PAGE - 1), 0);
}

static void set_area(struct model_ioas *mi, struct page p)
{
	for (size_t i = p.first; i <= p.last; i++)
		mi->pages[i] = p;
}

static void do_open(struct model *md, struct model_ioas *mi)
{
	size_t c = (size_t)(mi - md->ioases) / PER_CTX;
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);

	if (!md->ctxs[c]) {
		md->ctxs[c] = ++md->ids;
		tell(md, mi, unit_event(IOAS_EV_CTX_NEW));
	}
	memset(mi, 0, sizeof(*mi));
	mi->open = true;
	mi->id = ++md->ids;
	if (unit_below(&md->r, 2))
		mi->base = 0 - PAGES * PAGE;
	ev.body_obj.mode = IOAS_MODE_V2;
	tell(md, mi, ev);
}

static void do_map(struct model *md, struct model_ioas *mi, size_t at)
{
	struct page p = { .mapped = true, .first = (uint32_t)at, .last = (uint32_t)at };
	size_t want = unit_below(&md->r, 8);
	struct ioas_event ev;

	while (want-- && p.last + 1 < PAGES && !mi->pages[p.last + 1].mapped)
		p.last++;
	p.va = unit_random(&md->r);
	p.tgid = (uint32_t)unit_below(&md->r, 1000);
	p.pinned = (int64_t)unit_below(&md->r, p.last - p.first + 2);
	p.pfnmap = p.last - p.first + 1 - p.pinned;
	set_area(mi, p);
	ev = range_event(mi, IOAS_EV_AREA_ADD, p.first, p.last);
	ev.body_area.va = p.va;
	ev.body_area.owner_tgid = p.tgid;
	ev.body_area.pages = p.pinned;
	ev.body_area.pfnmap = p.pfnmap;
	tell(md, mi, ev);
}

/* By steps: going, its pages let go, gone; or at once. */
static void do_unmap(struct model *md, struct model_ioas *mi, size_t at)
{
	struct page p = mi->pages[at];
	struct ioas_event ev = range_event(mi, IOAS_EV_AREA_GOING, p.first, p.last);

	ev.body_area.va = p.va;
	if (!p.going && unit_below(&md->r, 3)) {
		tell(md, mi, ev);
		p.going = true;
		set_area(mi, p);
		return;
	}
	ev.kind = IOAS_EV_AREA_GONE;
	tell(md, mi, ev);
	for (size_t i = p.first; i <= p.last; i++)
		mi->pages[i] = (struct page){ .mapped = false };
}

static void do_pinned(struct model *md, struct model_ioas *mi, size_t at)
{
	struct page p = mi->pages[at];
	struct ioas_event ev = range_event(mi, IOAS_EV_PINNED, p.first, p.last);

	ev.body_area.pages = (int64_t)unit_below(&md->r, 9) - p.pinned;
	ev.body_area.pfnmap = (int64_t)unit_below(&md->r, 9) - p.pfnmap;
	p.pinned += ev.body_area.pages;
	p.pfnmap += ev.body_area.pfnmap;
	set_area(mi, p);
	tell(md, mi, ev);
}

static void do_vaddr(struct model *md, struct model_ioas *mi, size_t at)
{
	struct page p = mi->pages[at];
	size_t first = p.first, last = p.last;
	struct ioas_event ev;

	if (p.invalid) {
		ev = range_event(mi, IOAS_EV_AREA_UPDATE, first, last);
		p.va = ev.body_area.va = unit_random(&md->r);
		p.tgid = ev.body_area.owner_tgid = (uint32_t)unit_below(&md->r, 1000);
		p.invalid = false;
		set_area(mi, p);
		tell(md, mi, ev);
		return;
	}
	/* Up to the end of some area above. */
	at += unit_below(&md->r, PAGES - at);
	if (at > last && mi->pages[at].mapped)
		last = mi->pages[at].last;
	for (size_t i = first; i <= last; i++)
		mi->pages[i].invalid = mi->pages[i].mapped;
	tell(md, mi, range_event(mi, IOAS_EV_VADDR_INVALID, first, last));
}

static void do_access(struct model *md, struct model_ioas *mi, size_t first)
{
	size_t last = first + unit_below(&md->r, PAGES - first);
	bool unpin = unit_below(&md->r, 2);

	for (size_t i = first; i <= last; i++) {
		if (!unpin)
			mi->pins[i]++;
		else if (mi->pins[i])
			mi->pins[i]--;
		else
			mi->stray++;
	}
	tell(md, mi,
	     range_event(mi, unpin ? IOAS_EV_ACCESS_UNPIN : IOAS_EV_ACCESS_PIN, first, last));
}

static void do_charge(struct model *md, struct model_ioas *mi)
{
	size_t owner = unit_below(&md->r, OWNERS);
	size_t counter = unit_below(&md->r, COUNTERS);
	int64_t *charged = &mi->charged[owner][counter];
	struct ioas_event ev = unit_event(IOAS_EV_CHARGE);

	ev.body_charge.owner = (uint32_t)owner + 1;
	ev.body_charge.counter = (uint32_t)counter + 1;
	ev.body_charge.pages = (int64_t)unit_below(&md->r, 100) - *charged;
	*charged += ev.body_charge.pages;
	if (*charged > mi->peak[owner][counter])
		mi->peak[owner][counter] = *charged;
	tell(md, mi, ev);
}

static void do_group(struct model *md, struct model_ioas *mi)
{
	size_t g = unit_below(&md->r, GROUPS);
	struct ioas_event ev = unit_event(IOAS_EV_GROUP_ATTACH);

	ev.body_obj.group = (uint32_t)g;
	if (mi->attached[g]) {
		ev.kind = IOAS_EV_GROUP_DETACH;
		mi->attached[g] = 0;
	} else {
		mi->attached[g] = 1 + (int)unit_below(&md->r, 2);
		ev.body_obj.emulated = mi->attached[g] == 2;
	}
	tell(md, mi, ev);
	ev = unit_event(IOAS_EV_DIRTY);
	mi->dirty = unit_below(&md->r, 2);
	ev.body_obj.dirty = mi->dirty;
	tell(md, mi, ev);
}

/* Empties an IOAS and closes it, and its context if it was the last one. */
static void do_close(struct model *md, struct model_ioas *mi)
{
	size_t c = (size_t)(mi - md->ioases) / PER_CTX;

	for (size_t i = 0; i < PAGES; i++) {
		while (mi->pages[i].mapped)
			do_unmap(md, mi, i);
	}
	tell(md, mi, unit_event(IOAS_EV_IOAS_GONE));
	mi->open = false;
	MODEL_REQUIRE(md, !mirror_find_ioas(md->m, mi->id));
	for (size_t i = 0; i < PER_CTX; i++) {
		if (md->ioases[c * PER_CTX + i].open)
			return;
	}
	tell(md, mi, unit_event(IOAS_EV_CTX_GONE));
	MODEL_REQUIRE(md, !mirror_find_ctx(md->m, md->ctxs[c]));
	md->ctxs[c] = 0;
}

static void compare_areas(struct model *md, const struct model_ioas *mi,
			  const struct mirror_ioas *ioas)
{
	const struct mirror_area *area = mirror_area_first(ioas);
	int64_t pinned_pages = 0, pfnmap_pages = 0;
	uint64_t mapped = 0;

	for (size_t i = 0; i < PAGES; i++) {
		const struct page *p = &mi->pages[i];

		if (!p->mapped) {
			MODEL_REQUIRE(md, !mirror_area_at(ioas, mi->base + i * PAGE));
			continue;
		}
		mapped++;
		MODEL_REQUIRE(md, mirror_area_at(ioas, mi->base + i * PAGE) == area);
		MODEL_REQUIRE(md, area->node.start == mi->base + p->first * PAGE);
		MODEL_REQUIRE(md, area->node.last == mi->base + p->last * PAGE + (PAGE - 1));
		MODEL_REQUIRE(md,
			      area->va == p->va && mirror_area_owner(md->m, area).tgid == p->tgid);
		MODEL_REQUIRE(md, area->going == p->going && area->vaddr_invalid == p->invalid);
		MODEL_REQUIRE(md, area->pinned == p->pinned && area->pfnmap == p->pfnmap);
		if (i < p->last)
			continue;
		pinned_pages += p->pinned;
		pfnmap_pages += p->pfnmap;
		area = mirror_area_next(area);
	}
	MODEL_REQUIRE(md, !area);
	MODEL_REQUIRE(md, mirror_mapped_bytes(ioas) == mapped * PAGE);
	MODEL_REQUIRE(md, ioas->pinned == pinned_pages && ioas->pfnmap == pfnmap_pages);
}

static void compare_use(struct model *md, const struct model_ioas *mi,
			const struct mirror_ioas *ioas)
{
	const struct pin_range *range = mirror_pins_first(ioas);
	const struct mirror_group *g = mirror_group_first(ioas);
	const struct mirror_charge *c = mirror_charge_first(ioas);

	for (size_t i = 0; i < PAGES; i++) {
		uint64_t at = mi->base + i * PAGE;
		bool inside = range && range->node.start <= at;

		MODEL_REQUIRE(md, (inside ? range->count : 0) == mi->pins[i]);
		if (inside && range->node.last == at + (PAGE - 1))
			range = mirror_pins_next(range);
	}
	MODEL_REQUIRE(md, !range && ioas->stray_unpins == mi->stray);
	for (size_t i = 0; i < GROUPS; i++) {
		if (!mi->attached[i])
			continue;
		MODEL_REQUIRE(md, g && g->number == i && g->emulated == (mi->attached[i] == 2));
		g = mirror_group_next(g);
	}
	MODEL_REQUIRE(md, !g && ioas->dirty == mi->dirty);
	for (; c; c = mirror_charge_next(c)) {
		MODEL_REQUIRE(md, c->pages == mi->charged[c->owner - 1][c->counter - 1]);
		MODEL_REQUIRE(md, c->peak == mi->peak[c->owner - 1][c->counter - 1]);
	}
}

static void compare(struct model *md, const struct model_ioas *mi)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(md->m, mi->id);
	size_t c = (size_t)(mi - md->ioases) / PER_CTX;

	MODEL_REQUIRE(md, (ioas != NULL) == mi->open);
	if (!ioas)
		return;
	MODEL_REQUIRE(md, ioas->ctx->id == md->ctxs[c]);
	MODEL_REQUIRE(md, !ioas->adopted && !ioas->ctx->adopted && !ioas->ctx->uncertain_since);
	compare_areas(md, mi, ioas);
	compare_use(md, mi, ioas);
}

static void do_something(struct model *md, struct model_ioas *mi)
{
	size_t at = unit_below(&md->r, PAGES);
	uint64_t what = unit_below(&md->r, 300);

	if (!mi->open)
		do_open(md, mi);
	else if (what == 0)
		do_close(md, mi);
	else if (what < 20)
		do_group(md, mi);
	else if (what < 60)
		do_charge(md, mi);
	else if (what < 130)
		do_access(md, mi, at);
	else if (!mi->pages[at].mapped)
		do_map(md, mi, at);
	else if (what < 170)
		do_pinned(md, mi, at);
	else if (what < 210)
		do_vaddr(md, mi, at);
	else
		do_unmap(md, mi, at);
}

static void test_against_model(void **state)
{
	struct unit_alloc memory = { .live = 0 };
	struct ioas_alloc alloc = unit_alloc_use(&memory);
	size_t steps = unit_steps(100000);
	static struct model md;
	(void)state;

	md = (struct model){ .r = unit_random_new(), .m = mirror_new(&alloc) };
	for (md.step = 0; md.step < steps; md.step++) {
		struct model_ioas *mi = &md.ioases[unit_below(&md.r, IOASES)];

		do_something(&md, mi);
		compare(&md, mi);
		if (md.step % 32)
			continue;
		MODEL_REQUIRE(&md, mirror_check(md.m) == 0);
		for (size_t i = 0; i < IOASES; i++)
			compare(&md, &md.ioases[i]);
	}
	for (size_t i = 0; i < IOASES; i++) {
		if (md.ioases[i].open)
			do_close(&md, &md.ioases[i]);
	}
	MODEL_REQUIRE(&md, mirror_anomalies(md.m)->total == 0);
	MODEL_REQUIRE(&md, mirror_stats(md.m)->contexts == 0);
	MODEL_REQUIRE(&md, mirror_stats(md.m)->areas_dropped == 0);
	mirror_free(md.m);
	MODEL_REQUIRE(&md, memory.live == 0);
}

/* Changes without any sense: an answer for each, and a mirror that stays whole. */
static void test_nonsense(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(60000);

	for (size_t step = 0; step < steps; step++) {
		struct ioas_event ev = unit_event((unsigned int)unit_below(&r, 19));
		int64_t pages = (int64_t)unit_random(&r) >> unit_below(&r, 64);

		if (unit_below(&r, 20) == 0)
			ev.kind = IOAS_EV_AREA_ADD;
		else if (ev.kind <= IOAS_EV_IOAS_GONE && unit_below(&r, 8))
			ev.kind = IOAS_EV_ACCESS_PIN;
		ev.ctx = (uint32_t)unit_below(&r, 4);
		ev.ioas = (uint32_t)unit_below(&r, 6);
		ev.flags = (__u8)unit_random(&r);
		if (ev.kind == IOAS_EV_CHARGE) {
			ev.body_charge.owner = (uint32_t)unit_below(&r, 4);
			ev.body_charge.counter = (uint32_t)unit_below(&r, 4);
			ev.body_charge.pages = pages;
		} else if (ioas_event_is_area(&ev)) {
			ev.body_area.iova = unit_below(&r, 64) * PAGE;
			ev.body_area.last = ev.body_area.iova + unit_below(&r, 8) * PAGE - 1;
			ev.body_area.va = unit_below(&r, 2);
			ev.body_area.pages = pages;
			ev.body_area.pfnmap = ev.kind == IOAS_EV_PINNED ? -pages : 0;
		} else {
			ev.body_obj.group = (uint32_t)unit_below(&r, 3);
			ev.body_obj.mode = (uint32_t)unit_below(&r, 4);
		}
		f->memory.fail_from = f->memory.calls + unit_below(&r, 50);
		f->memory.fail_count = 1;
		mirror_apply(f->m, &ev);
		if (step < 5000 || step % 32 == 0)
			UNIT_REQUIRE(mirror_check(f->m) == 0, &r, step);
	}
	UNIT_REQUIRE(mirror_anomalies(f->m)->count[MIRROR_OVERLAP] > 0, &r, steps);
	UNIT_REQUIRE(mirror_stats(f->m)->no_memory > 0, &r, steps);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_contexts),
		WITH_FIXTURE(test_areas),
		WITH_FIXTURE(test_whole_space),
		WITH_FIXTURE(test_vaddr),
		WITH_FIXTURE(test_vaddr_v1),
		WITH_FIXTURE(test_pinned),
		WITH_FIXTURE(test_pinned_unknown),
		WITH_FIXTURE(test_access_pins),
		WITH_FIXTURE(test_charges),
		WITH_FIXTURE(test_groups),
		WITH_FIXTURE(test_dirty),
		WITH_FIXTURE(test_ops),
		WITH_FIXTURE(test_overlap),
		WITH_FIXTURE(test_removal_of_unknown),
		WITH_FIXTURE(test_unseen),
		WITH_FIXTURE(test_mismatch),
		WITH_FIXTURE(test_wrong_context),
		WITH_FIXTURE(test_unknown_ioas),
		WITH_FIXTURE(test_adopted),
		WITH_FIXTURE(test_twice),
		WITH_FIXTURE(test_leftovers),
		WITH_FIXTURE(test_refused),
		WITH_FIXTURE(test_mark_uncertain),
		WITH_FIXTURE(test_recent_anomalies),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_new_without_memory),
		cmocka_unit_test(test_against_model),
		WITH_FIXTURE(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
