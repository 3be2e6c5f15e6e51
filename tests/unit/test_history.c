// SPDX-License-Identifier: GPL-2.0-or-later
/* What was mapped and is not any more, found by address and time. */
#include "core/history.h"

#include "unit.h"

struct world {
	struct mirror *m;
	struct history *h;
};

static void tell(struct world *w, struct ioas_event ev)
{
	history_see(w->h, w->m, &ev, 0);
	mirror_apply(w->m, &ev);
}

static struct world begin(const struct history_options *options)
{
	struct world w = { .m = mirror_new(NULL), .h = history_new(options) };

	assert_non_null(w.m);
	assert_non_null(w.h);
	tell(&w, unit_event(IOAS_EV_CTX_NEW));
	tell(&w, unit_event(IOAS_EV_IOAS_NEW));
	return w;
}

static void end(struct world *w)
{
	assert_int_equal(history_check(w->h), 0);
	history_free(w->h);
	mirror_free(w->m);
}

static struct ioas_event area(unsigned int kind, uint64_t iova, uint64_t last, uint64_t time_ns)
{
	struct ioas_event ev = unit_event(kind);

	ev.time_ns = time_ns;
	ev.body_area = (struct ioas_area_body){ .iova = iova,
						.last = last,
						.va = 0x7000000 + iova,
						.prot = IOAS_PROT_READ,
						.owner_tgid = 55,
						.owner_uid = 66 };
	return ev;
}

static void map(struct world *w, uint64_t iova, uint64_t last, uint64_t time_ns)
{
	struct ioas_event ev = area(IOAS_EV_AREA_ADD, iova, last, time_ns);

	ev.op = 70;
	ev.tid = 102;
	strcpy(ev.comm, "mapper");
	tell(w, ev);
}

static void unmap(struct world *w, uint64_t iova, uint64_t last, uint64_t time_ns)
{
	struct ioas_event ev = area(IOAS_EV_AREA_GOING, iova, last, time_ns - 1);

	ev.op = 71;
	ev.tid = 103;
	strcpy(ev.comm, "unmapper");
	tell(w, ev);
	ev.kind = IOAS_EV_AREA_GONE;
	ev.time_ns = time_ns;
	tell(w, ev);
}

static struct ioas_event op(unsigned int what, uint64_t number, uint64_t iova, uint64_t size,
			    uint64_t time_ns)
{
	struct ioas_event ev = unit_event(IOAS_EV_OP);

	ev.op = number;
	ev.time_ns = time_ns;
	ev.body_op.what = (__u16)what;
	ev.body_op.iova = iova;
	ev.body_op.size = size;
	ev.body_op.latency_ns = 500;
	return ev;
}

/* ---- what is kept of one ---- */

static void test_life(void **state)
{
	struct world w = begin(NULL);
	struct history_mapping m;
	struct ioas_event ev;
	(void)state;

	map(&w, 0x1000, 0x2fff, 2000);
	tell(&w, op(IOAS_OP_MAP, 70, 0x1000, 0x2000, 2100));
	assert_false(history_before(w.h, 2, 0x1000, 9000, &m));
	history_live(w.h, w.m, mirror_find_ioas(w.m, 2),
		     mirror_area_at(mirror_find_ioas(w.m, 2), 0x1000), &m);
	assert_int_equal(m.mapped_ns, 2000);
	assert_int_equal(m.map_what, IOAS_OP_MAP);
	assert_string_equal(m.mapped_by->comm, "mapper");
	assert_int_equal(m.gone_ns, 0);
	unmap(&w, 0x1000, 0x2fff, 3000);
	ev = op(IOAS_OP_UNMAP, 71, 0x1000, 0x4000, 3100);
	ev.flags = IOAS_F_RETURNED;
	ev.body_op.returned = 0x2000;
	tell(&w, ev);
	assert_true(history_before(w.h, 2, 0x2fff, 3000, &m));
	assert_int_equal(m.iova, 0x1000);
	assert_int_equal(m.last, 0x2fff);
	assert_int_equal(m.va, 0x7001000);
	assert_int_equal(m.prot, IOAS_PROT_READ);
	assert_int_equal(m.owner_tgid, 55);
	assert_int_equal(m.owner_uid, 66);
	assert_int_equal(m.mapped_ns, 2000);
	assert_int_equal(m.going_ns, 2999);
	assert_int_equal(m.gone_ns, 3000);
	assert_int_equal(m.map_op, 70);
	assert_int_equal(m.unmap_op, 71);
	assert_int_equal(m.map_what, IOAS_OP_MAP);
	assert_int_equal(m.unmap_what, IOAS_OP_UNMAP);
	assert_int_equal(m.asked, 0x4000);
	assert_true(m.has_returned);
	assert_int_equal(m.returned, 0x2000);
	assert_int_equal(m.mapped_by->tid, 102);
	assert_int_equal(m.unmapped_by->tid, 103);
	assert_string_equal(m.unmapped_by->comm, "unmapper");
	assert_false(history_before(w.h, 2, 0x3000, 9000, &m));
	assert_false(history_before(w.h, 2, 0xfff, 9000, &m));
	assert_false(history_before(w.h, 3, 0x1000, 9000, &m));
	end(&w);
}

/* The same address again and again: the time decides. */
static void test_times(void **state)
{
	struct world w = begin(NULL);
	struct history_mapping m;
	(void)state;

	for (uint64_t i = 1; i <= 50; i++) {
		/* Of another size each time, always with 0x8000 in it. */
		map(&w, 0x8000 - (i % 7) * 0x1000, 0x8fff + (i % 5) * 0x1000, i * 1000);
		unmap(&w, 0x8000 - (i % 7) * 0x1000, 0x8fff + (i % 5) * 0x1000, i * 1000 + 500);
	}
	for (uint64_t i = 1; i <= 50; i++) {
		assert_true(history_before(w.h, 2, 0x8000, i * 1000 + 500, &m));
		assert_int_equal(m.mapped_ns, i * 1000);
		assert_int_equal(m.iova, 0x8000 - (i % 7) * 0x1000);
		assert_true(history_at(w.h, 2, 0x8000, i * 1000 + 499, &m));
		assert_int_equal(m.mapped_ns, i * 1000);
		assert_true(history_at(w.h, 2, 0x8000, i * 1000, &m));
		assert_false(history_at(w.h, 2, 0x8000, i * 1000 - 1, &m));
		assert_false(history_at(w.h, 2, 0x8000, i * 1000 + 500, &m));
	}
	assert_false(history_before(w.h, 2, 0x8000, 1499, &m));
	end(&w);
}

static void test_ends_of_space(void **state)
{
	struct world w = begin(NULL);
	struct history_mapping m;
	(void)state;

	map(&w, 0, UINT64_MAX, 1000);
	unmap(&w, 0, UINT64_MAX, 2000);
	map(&w, 1, UINT64_MAX - 1, 3000);
	unmap(&w, 1, UINT64_MAX - 1, 4000);
	assert_true(history_before(w.h, 2, 0, 9000, &m));
	assert_int_equal(m.gone_ns, 2000);
	assert_true(history_before(w.h, 2, UINT64_MAX, 9000, &m));
	assert_int_equal(m.gone_ns, 2000);
	assert_true(history_before(w.h, 2, 1, 9000, &m));
	assert_int_equal(m.gone_ns, 4000);
	assert_true(history_before(w.h, 2, UINT64_MAX - 1, 9000, &m));
	assert_int_equal(m.gone_ns, 4000);
	assert_true(history_before(w.h, 2, UINT64_MAX - 1, 3999, &m));
	assert_int_equal(m.gone_ns, 2000);
	end(&w);
}

static void test_split(void **state)
{
	struct world w = begin(NULL);
	struct history_mapping m;
	struct ioas_event ev = area(IOAS_EV_AREA_SPLIT, 0x1000, 0x4fff, 2500);
	(void)state;

	map(&w, 0x1000, 0x4fff, 2000);
	ev.body_area.at = 0x3000;
	ev.body_area.area2 = 9;
	tell(&w, ev);
	ev = area(IOAS_EV_AREA_GONE, 0x3000, 0x4fff, 3000);
	ev.body_area.va += 0;
	tell(&w, ev);
	assert_true(history_before(w.h, 2, 0x3000, 3000, &m));
	assert_int_equal(m.mapped_ns, 2000);
	assert_int_equal(m.area, 9);
	assert_int_equal(m.va, 0x7003000);
	assert_string_equal(m.mapped_by->comm, "mapper");
	assert_false(history_before(w.h, 2, 0x2fff, 3000, &m));
	history_live(w.h, w.m, mirror_find_ioas(w.m, 2),
		     mirror_area_at(mirror_find_ioas(w.m, 2), 0x1000), &m);
	assert_string_equal(m.mapped_by->comm, "mapper");
	assert_int_equal(m.last, 0x2fff);
	end(&w);
}

/* Both are the mapping that the first was. */
static void test_merge(void **state)
{
	struct world w = begin(NULL);
	struct history_mapping m;
	struct ioas_event ev = area(IOAS_EV_AREA_ADD, 0x1000, 0x2fff, 2000);
	(void)state;

	strcpy(ev.comm, "mapper");
	ev.body_area.pages_id = 7;
	tell(&w, ev);
	ev.time_ns = 2400;
	ev.body_area.iova = 0x3000;
	ev.body_area.last = 0x4fff;
	ev.body_area.at = 0x2000;
	strcpy(ev.comm, "other");
	tell(&w, ev);
	ev = area(IOAS_EV_AREA_MERGED, 0x1000, 0x4fff, 2500);
	ev.body_area.pages_id = 7;
	ev.body_area.at = 0x3000;
	tell(&w, ev);
	history_live(w.h, w.m, mirror_find_ioas(w.m, 2),
		     mirror_area_at(mirror_find_ioas(w.m, 2), 0x4fff), &m);
	assert_int_equal(m.iova, 0x1000);
	assert_int_equal(m.mapped_ns, 2000);
	assert_string_equal(m.mapped_by->comm, "mapper");
	end(&w);
}

/* ---- how far it reaches ---- */

static void test_forgets(void **state)
{
	struct history_options options = { .kept = 3 };
	struct world w = begin(&options);
	struct history_reach reach;
	struct history_mapping m;
	const void *at = NULL;
	(void)state;

	assert_false(history_reach(w.h, 3, &reach));
	for (uint64_t i = 0; i < 5; i++) {
		assert_true(history_reach(w.h, 2, &reach));
		assert_int_equal(reach.whole, i < 4);
		map(&w, i * 0x1000, i * 0x1000 + 0xfff, 2000 + i * 100);
		unmap(&w, i * 0x1000, i * 0x1000 + 0xfff, 2050 + i * 100);
	}
	assert_true(history_reach(w.h, 2, &reach));
	assert_int_equal(reach.forgotten, 2);
	assert_int_equal(reach.kept, 3);
	assert_int_equal(reach.since_ns, 2150); /* the last that was forgotten */
	assert_false(history_before(w.h, 2, 0x1000, 9000, &m));
	assert_true(history_before(w.h, 2, 0x2000, 9000, &m));
	for (uint64_t i = 5; i-- > 2;) {
		assert_true(history_next(w.h, 2, &at, &m));
		assert_int_equal(m.iova, i * 0x1000);
	}
	assert_false(history_next(w.h, 2, &at, &m));
	end(&w);
}

/* Mappings that are made of many blocks are fewer. */
static void test_forgets_blocks(void **state)
{
	struct history_options options = { .kept = 16 };
	struct world w = begin(&options);
	struct history_reach reach;
	(void)state;

	for (uint64_t i = 1; i <= 4; i++) {
		map(&w, 0x1000, 0xffffffffffffefff, 2 * i * 1000);
		unmap(&w, 0x1000, 0xffffffffffffefff, 2 * i * 1000 + 1000);
		assert_int_equal(history_check(w.h), 0);
	}
	assert_true(history_reach(w.h, 2, &reach));
	assert_int_equal(reach.kept, 1); /* 103 blocks each, of 128 that may be there */
	assert_false(reach.whole);
	end(&w);
}

static void test_older(void **state)
{
	struct world w = { .m = mirror_new(NULL), .h = history_new(NULL) };
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);
	struct history_reach reach;
	struct history_mapping m;
	(void)state;

	assert_non_null(w.m);
	assert_non_null(w.h);
	ev.time_ns = 5;
	history_see(w.h, w.m, &ev, 4000); /* in a keyframe of that time */
	mirror_apply(w.m, &ev);
	assert_true(history_reach(w.h, 2, &reach));
	assert_false(reach.whole);
	assert_int_equal(reach.since_ns, 4000);

	ev.ioas = 3;
	ev.time_ns = 4500;
	ev.flags = IOAS_F_ADOPTED;
	tell(&w, ev);
	assert_true(history_reach(w.h, 3, &reach));
	assert_false(reach.whole);
	assert_int_equal(reach.since_ns, 4500);

	/* Its mapping was not seen. */
	ev = area(IOAS_EV_AREA_GONE, 0x1000, 0x1fff, 5000);
	ev.ioas = 3;
	ev.flags = IOAS_F_UNSEEN;
	ev.body_area.prot = 0;
	tell(&w, ev);
	assert_true(history_before(w.h, 3, 0x1000, 5000, &m));
	assert_int_equal(m.mapped_ns, 0);
	assert_null(m.mapped_by);
	assert_false(m.has_prot);
	assert_string_equal(m.unmapped_by->comm, "unit");
	end(&w);
}

/* IOASes that are gone are remembered, the last ones. */
static void test_ioas_gone(void **state)
{
	struct world w = begin(NULL);
	struct history_reach reach;
	struct history_mapping m;
	struct ioas_event ev;
	uint32_t n = 0;
	(void)state;

	map(&w, 0x1000, 0x1fff, 2000);
	unmap(&w, 0x1000, 0x1fff, 3000);
	tell(&w, unit_event(IOAS_EV_IOAS_GONE));
	assert_true(history_reach(w.h, 2, &reach));
	assert_true(reach.gone && reach.whole && !reach.uncertain);
	assert_true(history_before(w.h, 2, 0x1000, 9000, &m));
	for (uint32_t id = 10; id < 10 + HISTORY_IOASES_GONE; id++) {
		ev = unit_event(IOAS_EV_IOAS_NEW);
		ev.ioas = id;
		tell(&w, ev);
		ev.kind = IOAS_EV_IOAS_GONE;
		assert_true(history_reach(w.h, 2, &reach));
		tell(&w, ev);
	}
	assert_false(history_reach(w.h, 2, &reach));
	for (uint32_t id = history_ioas_after(w.h, 0); id; id = history_ioas_after(w.h, id))
		n++;
	assert_int_equal(n, HISTORY_IOASES_GONE);
	assert_int_equal(history_ioas_after(w.h, UINT32_MAX), 0);

	/* With its context, and what was known of it was not certain. */
	ev = unit_event(IOAS_EV_IOAS_NEW);
	ev.ioas = 500;
	tell(&w, ev);
	mirror_mark_uncertain(w.m, 1, 4000);
	tell(&w, unit_event(IOAS_EV_CTX_GONE));
	assert_true(history_reach(w.h, 500, &reach));
	assert_true(reach.gone && reach.uncertain);
	end(&w);
}

/* ---- without memory ---- */

static void test_no_memory(void **state)
{
	for (size_t fail = 1; fail < 30; fail++) {
		struct unit_alloc a = { .fail_from = fail, .fail_count = 1 };
		struct ioas_alloc alloc = unit_alloc_use(&a);
		struct history_options options = { .alloc = &alloc };
		struct world w = begin(&options);
		struct history_reach reach;
		struct history_mapping m;

		for (uint64_t i = 0; i < 3; i++) {
			map(&w, i * 0x1000, i * 0x1000 + 0xfff, 2000 + i);
			unmap(&w, i * 0x1000, i * 0x1000 + 0xfff, 3000 + i);
			/* What is not kept is counted: it never looks as if nothing had been. */
			if (history_reach(w.h, 2, &reach) && reach.whole)
				assert_true(history_before(w.h, 2, i * 0x1000, 9000, &m));
		}
		end(&w);
		assert_int_equal(a.live, 0);
	}
	(void)state;
}

/* ---- against a list that is gone through ---- */

#define MODEL_MAX 512

struct past {
	uint64_t iova, last, from, to;
};

struct model {
	struct past live[32];
	size_t nlive;
	struct past gone[MODEL_MAX];
	size_t ngone;
};

static bool overlaps(const struct model *m, uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < m->nlive; i++) {
		if (m->live[i].iova <= last && iova <= m->live[i].last)
			return true;
	}
	return false;
}

static const struct past *model_before(const struct model *m, size_t first, uint64_t iova,
				       uint64_t t)
{
	const struct past *found = NULL;

	for (size_t i = first; i < m->ngone; i++) {
		const struct past *p = &m->gone[i];

		if (p->iova <= iova && iova <= p->last && p->to <= t)
			found = p;
	}
	return found;
}

static const struct past *model_at(const struct model *m, size_t first, uint64_t iova, uint64_t t)
{
	for (size_t i = first; i < m->ngone; i++) {
		const struct past *p = &m->gone[i];

		if (p->iova <= iova && iova <= p->last && p->from <= t && t < p->to)
			return p;
	}
	return NULL;
}

static bool same(bool found, const struct history_mapping *m, const struct past *p)
{
	if (!found || !p)
		return !found && !p;
	return m->iova == p->iova && m->last == p->last && m->mapped_ns == p->from &&
	       m->gone_ns == p->to;
}

static void ask(struct world *w, const struct model *model, size_t kept, struct unit_random *r,
		uint64_t now, size_t step)
{
	size_t first = model->ngone > kept ? model->ngone - kept : 0;

	for (int i = 0; i < 8; i++) {
		uint64_t iova = unit_below(r, 70) * 0x1000 - 0x1000 + unit_below(r, 2);
		uint64_t t = unit_below(r, now + 20);
		struct history_mapping m;
		bool found = history_before(w->h, 2, iova, t, &m);

		UNIT_REQUIRE(same(found, &m, model_before(model, first, iova, t)), r, step);
		found = history_at(w->h, 2, iova, t, &m);
		UNIT_REQUIRE(same(found, &m, model_at(model, first, iova, t)), r, step);
	}
}

static void one_step(struct world *w, struct model *model, struct unit_random *r, uint64_t *now)
{
	uint64_t iova = unit_below(r, 64) * 0x1000, size = (1 + unit_below(r, 16)) * 0x1000;

	*now += 1 + unit_below(r, 3);
	if (model->nlive && unit_below(r, 2)) {
		size_t i = unit_below(r, model->nlive);
		struct past p = model->live[i];

		model->live[i] = model->live[--model->nlive];
		*now += 1;
		p.to = *now;
		model->gone[model->ngone++] = p;
		unmap(w, p.iova, p.last, *now);
	} else if (model->nlive < UNIT_COUNT(model->live) &&
		   !overlaps(model, iova, iova + size - 1)) {
		model->live[model->nlive++] =
			(struct past){ .iova = iova, .last = iova + size - 1, .from = *now };
		map(w, iova, iova + size - 1, *now);
	}
}

static void test_random(void **state)
{
	struct unit_random r = unit_random_new();
	(void)state;

	for (size_t round = 0; round < unit_steps(20); round++) {
		struct history_options options = { .kept = 1 + unit_below(&r, 200) };
		struct world w = begin(&options);
		static struct model model;
		uint64_t now = 1000;

		memset(&model, 0, sizeof(model));
		for (size_t step = 0; model.ngone < MODEL_MAX && step < 1200; step++) {
			one_step(&w, &model, &r, &now);
			ask(&w, &model, options.kept, &r, now, step);
		}
		end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),	       cmocka_unit_test(test_times),
		cmocka_unit_test(test_ends_of_space),  cmocka_unit_test(test_split),
		cmocka_unit_test(test_merge),	       cmocka_unit_test(test_forgets),
		cmocka_unit_test(test_forgets_blocks), cmocka_unit_test(test_older),
		cmocka_unit_test(test_ioas_gone),      cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
