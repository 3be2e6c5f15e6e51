// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror against a plain model of type1. */
#include "mirror_unit.h"

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

static struct ioas_event model_event(const struct model_ioas *mi, unsigned int kind, size_t first,
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
	ev = model_event(mi, IOAS_EV_AREA_ADD, p.first, p.last);
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
	struct ioas_event ev = model_event(mi, IOAS_EV_AREA_GOING, p.first, p.last);

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
	struct ioas_event ev = model_event(mi, IOAS_EV_PINNED, p.first, p.last);

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
		ev = model_event(mi, IOAS_EV_AREA_UPDATE, first, last);
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
	tell(md, mi, model_event(mi, IOAS_EV_VADDR_INVALID, first, last));
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
	     model_event(mi, unpin ? IOAS_EV_ACCESS_UNPIN : IOAS_EV_ACCESS_PIN, first, last));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
