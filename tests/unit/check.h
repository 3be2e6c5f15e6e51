/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of the checker: streams of events as the programs make them, and
 * what the checker found in them.
 *
 * A stream has one context and one IOAS at a time (.ctx, .ioas; a test may set
 * others). cs_event() makes a blank event of the op in progress, cs_send() gives
 * it the next time and order number and hands it over. cs_begin() starts an op,
 * cs_end() tells it. On top of these, cs_map() and its like are whole ops that
 * keep every promise; they ask the mirror what is there.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include "core/check.h"
#include "core/rules.h"
#include "unit.h"

#define CS_PAGE 4096ULL
#define CS_CTXS 64
#define CS_OWNER 5

struct cs_seen {
	enum rule_id rule;
	enum rule_severity severity;
	uint64_t number;
	uint32_t ctx;
	uint32_t ioas;
	bool has_range;
	uint64_t iova;
	uint64_t last;
	char text[CHECK_TEXT];
	bool has_event;
	struct ioas_event history[CHECK_HISTORY];
	size_t nhistory;
};

struct cs {
	struct unit_alloc memory;
	struct check *c;
	uint64_t now; /* time of the last event */
	uint64_t order[CS_CTXS]; /* of the last event, by context */
	uint64_t ops; /* number of the last op */
	uint64_t op; /* in progress, 0: none */
	uint64_t start; /* when it began */
	uint32_t ctx;
	uint32_t ioas;
	uint32_t tid;
	uint32_t id; /* the last number given to anything */
	uint8_t backend;
	bool raw; /* events need not pass the check */
	bool never_asks; /* an attach or detach is not followed by a query */
	/* what the op in progress did */
	uint64_t removed;
	uint32_t areas;
	uint64_t pinned;
	uint64_t unpinned;
	/* what the checker found since it was asked last */
	unsigned int found;
	unsigned int by_rule[RULE_COUNT];
	struct cs_seen seen; /* the last one */
};

static inline void cs_violation(const struct check_violation *v, void *arg)
{
	struct cs *cs = arg;
	struct cs_seen *s = &cs->seen;

	cs->found++;
	cs->by_rule[v->rule]++;
	memset(s, 0, sizeof(*s));
	s->rule = v->rule;
	s->severity = v->severity;
	s->number = v->number;
	s->ctx = v->ctx;
	s->ioas = v->ioas;
	s->has_range = v->has_range;
	s->iova = v->iova;
	s->last = v->last;
	s->has_event = v->event;
	snprintf(s->text, sizeof(s->text), "%s", v->text);
	s->nhistory = v->nhistory;
	for (size_t i = 0; i < v->nhistory; i++)
		s->history[i] = *v->history[i];
}

/* A checker with these options; NULL: its defaults. */
static inline struct cs *cs_new(const struct check_options *options)
{
	struct check_options o = { .history = 0 };
	struct cs *cs = calloc(1, sizeof(*cs));
	struct ioas_alloc alloc;

	assert_non_null(cs);
	cs->now = 1000;
	cs->tid = 101;
	cs->memory.fail_from = SIZE_MAX;
	alloc = unit_alloc_use(&cs->memory);
	if (options)
		o = *options;
	o.alloc = &alloc;
	o.violation = cs_violation;
	o.arg = cs;
	assert_int_equal(check_new(&o, &cs->c), 0);
	return cs;
}

/* Returns how many pieces of memory were not given back. */
static inline size_t cs_free(struct cs *cs)
{
	size_t live;

	check_free(cs->c);
	live = cs->memory.live;
	free(cs);
	return live;
}

static inline int cs_setup(void **state)
{
	*state = cs_new(NULL);
	return 0;
}

/* Without R-54: for tests that map the same memory again and again. */
static inline int cs_setup_same_memory(void **state)
{
	struct rule_policy policy = rules_default_policy();
	struct check_options options = { .policy = &policy };

	policy.severity[RULE_DOUBLE_CHARGE] = RULE_OFF;
	*state = cs_new(&options);
	return 0;
}

static inline int cs_teardown(void **state)
{
	return cs_free(*state) ? -1 : 0;
}

/* Exactly this one violation since the last time, and then none again. */
static inline void cs_expect(struct cs *cs, enum rule_id rule)
{
	if (cs->found != 1 || cs->seen.rule != rule) {
		for (unsigned int i = 0; i < RULE_COUNT; i++) {
			if (cs->by_rule[i])
				print_error("R-%02u: %u times\n", i, cs->by_rule[i]);
		}
		print_error("expected R-%02u once; the last was R-%02u: %s\n", rule, cs->seen.rule,
			    cs->found ? cs->seen.text : "(none)");
	}
	assert_int_equal(cs->found, 1);
	assert_int_equal(cs->seen.rule, rule);
	cs->found = 0;
	memset(cs->by_rule, 0, sizeof(cs->by_rule));
}

static inline void cs_expect_none(struct cs *cs)
{
	if (cs->found)
		print_error("unexpected R-%02u: %s\n", cs->seen.rule, cs->seen.text);
	assert_int_equal(cs->found, 0);
}

/* None, and the rule was held against something in this run. */
static inline void cs_expect_held(struct cs *cs, enum rule_id rule)
{
	cs_expect_none(cs);
	assert_true(check_stats(cs->c)->judged[rule] > 0);
}

/* ---- events ---- */

static inline struct ioas_event cs_event(struct cs *cs, unsigned int kind)
{
	struct ioas_event ev = unit_event(kind);

	ev.backend = cs->backend;
	ev.ctx = cs->ctx;
	ev.ioas = ev.ioas ? cs->ioas : 0;
	ev.op = cs->op;
	ev.tid = cs->tid;
	return ev;
}

static inline int cs_send(struct cs *cs, struct ioas_event ev)
{
	ev.time_ns = ++cs->now;
	ev.order = ++cs->order[ev.ctx % CS_CTXS];
	if (!cs->raw)
		assert_int_equal(ioas_event_check_fields(&ev), 0);
	return check_event(cs->c, &ev);
}

static inline const struct mirror_ioas *cs_ioas(struct cs *cs)
{
	return mirror_find_ioas(check_mirror(cs->c), cs->ioas);
}

static inline const struct mirror_ctx *cs_ctx(struct cs *cs)
{
	return mirror_find_ctx(check_mirror(cs->c), cs->ctx);
}

/* Whether pages objects hold the memory of areas. */
static inline bool cs_fd(const struct cs *cs)
{
	return cs->backend != IOAS_BACKEND_TYPE1;
}

static inline void cs_begin(struct cs *cs)
{
	cs->op = ++cs->ops;
	cs->start = ++cs->now;
	cs->removed = 0;
	cs->areas = 0;
	cs->pinned = 0;
	cs->unpinned = 0;
}

/* The event of the op in progress, for what is asked to be filled in. */
static inline struct ioas_event cs_op(struct cs *cs, unsigned int what, int64_t result)
{
	struct ioas_event ev = cs_event(cs, IOAS_EV_OP);

	ev.body_op.what = (__u16)what;
	ev.body_op.result = result;
	ev.body_op.removed = cs->removed;
	ev.body_op.areas = cs->areas;
	ev.body_op.pinned = cs->pinned;
	ev.body_op.unpinned = cs->unpinned;
	return ev;
}

static inline int cs_end(struct cs *cs, struct ioas_event ev)
{
	cs->op = 0;
	ev.body_op.latency_ns = cs->now + 1 - cs->start;
	return cs_send(cs, ev);
}

/* ---- the parts of ops ---- */

static inline struct ioas_event cs_area(struct cs *cs, unsigned int kind, uint64_t iova,
					uint64_t size, uint64_t va)
{
	struct ioas_event ev = cs_event(cs, kind);

	ev.body_area.iova = iova;
	ev.body_area.last = iova + size - 1;
	ev.body_area.va = va;
	if (kind == IOAS_EV_AREA_ADD) {
		ev.body_area.prot = IOAS_PROT_READ | IOAS_PROT_WRITE;
		ev.body_area.area = ++cs->id;
		ev.body_area.owner_tgid = 100;
		ev.body_area.owner_uid = 1000;
	}
	return ev;
}

static inline struct ioas_event cs_range(struct cs *cs, unsigned int kind, unsigned int class,
					 uint64_t iova, uint64_t last)
{
	struct ioas_event ev = cs_event(cs, kind);

	ev.body_range.class = class;
	ev.body_range.iova = iova;
	ev.body_range.last = last;
	return ev;
}

/* What memory is charged to where no option says otherwise. */
static inline uint32_t cs_counter(const struct cs *cs)
{
	return cs->backend == IOAS_BACKEND_IOMMUFD || cs->backend == IOAS_BACKEND_BUNDLED
		       ? IOAS_COUNTER_USER_LOCKED
		       : IOAS_COUNTER_MM_LOCKED;
}

/* To the owner that all tests use; `pages_id` 0: of the IOAS. */
static inline void cs_charge(struct cs *cs, int64_t pages, uint32_t pages_id)
{
	struct ioas_event ev = cs_event(cs, IOAS_EV_CHARGE);

	if (!pages)
		return;
	ev.body_charge.owner = CS_OWNER;
	ev.body_charge.counter = cs_counter(cs);
	ev.body_charge.pages = pages;
	ev.body_charge.owner_tgid = 100;
	ev.body_charge.owner_uid = 1000;
	ev.body_charge.pages_id = pages_id;
	cs_send(cs, ev);
}

static inline struct ioas_event cs_pages(struct cs *cs, unsigned int kind, uint32_t id)
{
	struct ioas_event ev = cs_event(cs, kind);

	ev.body_pages.pages_id = id;
	return ev;
}

/* Pins (below 0: unpins) memory of a pages object, and charges for it. */
static inline void cs_pages_pin(struct cs *cs, uint32_t id, int64_t pages)
{
	struct ioas_event ev = cs_pages(cs, IOAS_EV_PAGES_PINNED, id);

	if (!pages)
		return;
	ev.body_pages.pinned = pages;
	cs_send(cs, ev);
	cs_charge(cs, pages, id);
	if (pages > 0)
		cs->pinned += (uint64_t)pages;
	else
		cs->unpinned += (uint64_t)-pages;
}

/* A pages object of user memory at `va`. Returns its number. */
static inline uint32_t cs_pages_new(struct cs *cs, uint64_t va, uint64_t size)
{
	struct ioas_event ev = cs_pages(cs, IOAS_EV_PAGES_NEW, ++cs->id);
	uint64_t first = va & ~(CS_PAGE - 1);

	ev.body_pages.va = first;
	ev.body_pages.npages = (va + size - first + CS_PAGE - 1) / CS_PAGE;
	ev.body_pages.memory = IOAS_MEMORY_USER;
	ev.body_pages.account = cs_counter(cs);
	ev.body_pages.owner = CS_OWNER;
	ev.body_pages.writable = 1;
	ev.body_pages.owner_tgid = 100;
	ev.body_pages.owner_uid = 1000;
	cs_send(cs, ev);
	return ev.body_pages.pages_id;
}

/* All domains map the range (below 0 bytes: no more). */
static inline void cs_fill(struct cs *cs, uint64_t iova, uint64_t size, int64_t bytes)
{
	uint32_t domains[16];
	size_t count = 0;

	for (const struct mirror_domain *d = mirror_domain_first(cs_ioas(cs)); d;
	     d = mirror_domain_next(d))
		domains[count++] = d->id;
	for (size_t i = 0; i < count; i++) {
		struct ioas_event ev = cs_area(cs, IOAS_EV_AREA_FILLED, iova, size, 0);

		ev.body_area.object = domains[i];
		ev.body_area.bytes = bytes;
		cs_send(cs, ev);
	}
}

/* The area of a MAP, with all that goes with it. */
static inline void cs_add(struct cs *cs, uint64_t iova, uint64_t size, uint64_t va)
{
	struct ioas_event ev;
	bool hardware = mirror_has_hardware(cs_ioas(cs));
	uint64_t pages = (va % CS_PAGE + size + CS_PAGE - 1) / CS_PAGE;

	if (!cs_fd(cs)) {
		ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, size, va);
		ev.body_area.pages = hardware ? (int64_t)pages : 0;
		cs->pinned += (uint64_t)ev.body_area.pages;
		cs_charge(cs, ev.body_area.pages, 0);
		cs_send(cs, ev);
		return;
	}
	ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, size, va);
	ev.body_area.pages_id = cs_pages_new(cs, va, size);
	ev.body_area.at = va % CS_PAGE;
	if (hardware)
		cs_pages_pin(cs, ev.body_area.pages_id, (int64_t)pages);
	cs_fill(cs, iova, size, (int64_t)size);
	cs_send(cs, ev);
}

/* The removal of the area at `iova`, with all that goes with it. */
static inline void cs_remove(struct cs *cs, uint64_t iova)
{
	const struct mirror_area *area = mirror_area_at(cs_ioas(cs), iova);
	const struct mirror_pages *pages;
	struct ioas_event ev;
	uint64_t size;
	bool last;

	assert_non_null(area);
	pages = mirror_area_pages(area);
	size = area->node.last - area->node.start + 1;
	ev = cs_area(cs, IOAS_EV_AREA_GOING, area->node.start, size, mirror_area_va(area));
	ev.body_area.area = area->number;
	ev.body_area.prot = area->prot;
	ev.body_area.pages = mirror_area_pinned(area);
	ev.body_area.pfnmap = (int64_t)area->pfnmap;
	ev.body_area.pages_id = pages ? pages->id : 0;
	ev.body_area.at = mirror_area_offset(area);
	ev.body_area.owner_tgid = mirror_area_owner(check_mirror(cs->c), area).tgid;
	ev.body_area.owner_uid = mirror_area_owner(check_mirror(cs->c), area).uid;
	last = pages && pages->areas == 1;
	cs_send(cs, ev);
	if (pages)
		cs_fill(cs, ev.body_area.iova, size, -(int64_t)size);
	if (last)
		cs_pages_pin(cs, pages->id, -pages->pinned);
	ev.kind = IOAS_EV_AREA_GONE;
	cs_send(cs, ev);
	if (!pages)
		cs_charge(cs, -ev.body_area.pages, 0);
	if (last)
		cs_send(cs, cs_pages(cs, IOAS_EV_PAGES_GONE, ev.body_area.pages_id));
	cs->unpinned += (uint64_t)ev.body_area.pages;
	cs->removed += size;
	cs->areas++;
}

/* Removes what the mode says for the range, or all (last = UINT64_MAX of 0). */
static inline void cs_remove_range(struct cs *cs, uint64_t iova, uint64_t last)
{
	uint8_t mode = cs_ioas(cs)->mode;
	bool whole = mode != IOAS_MODE_V1 && mode != IOAS_MODE_FIRST;
	const struct mirror_area *area;

	while ((area = mirror_area_first_in(cs_ioas(cs), iova, last))) {
		if (area->node.start < iova || (whole && area->node.last > last))
			return;
		cs_remove(cs, area->node.start);
	}
}

/* ---- whole ops ---- */

static inline struct ioas_event cs_map_op(struct cs *cs, uint64_t iova, uint64_t size, uint64_t va,
					  int64_t result)
{
	struct ioas_event ev = cs_op(cs, IOAS_OP_MAP, result);

	ev.flags = cs_fd(cs) ? IOAS_F_FIXED : 0;
	ev.body_op.iova = iova;
	ev.body_op.size = size;
	ev.body_op.va = va;
	ev.body_op.prot = IOAS_PROT_READ | IOAS_PROT_WRITE;
	ev.body_op.uapi_flags = cs_fd(cs) ? 7 : 3;
	return ev;
}

static inline void cs_map(struct cs *cs, uint64_t iova, uint64_t size, uint64_t va)
{
	cs_begin(cs);
	cs_add(cs, iova, size, va);
	cs_end(cs, cs_map_op(cs, iova, size, va, 0));
}

/* A map that is refused before anything happens. */
static inline void cs_map_fails(struct cs *cs, uint64_t iova, uint64_t size, uint64_t va, int error)
{
	cs_begin(cs);
	cs_end(cs, cs_map_op(cs, iova, size, va, error));
}

static inline struct ioas_event cs_unmap_op(struct cs *cs, uint64_t iova, uint64_t size,
					    int64_t result)
{
	struct ioas_event ev = cs_op(cs, IOAS_OP_UNMAP, result);

	ev.body_op.iova = iova;
	ev.body_op.size = size;
	if (!result) {
		ev.flags = IOAS_F_RETURNED;
		ev.body_op.returned = cs->removed;
	}
	return ev;
}

/* Removes what the mode says, and answers `result`. */
static inline void cs_unmap_result(struct cs *cs, uint64_t iova, uint64_t size, int64_t result)
{
	cs_begin(cs);
	cs_remove_range(cs, iova, iova + size - 1);
	cs_end(cs, cs_unmap_op(cs, iova, size, result));
}

static inline void cs_unmap(struct cs *cs, uint64_t iova, uint64_t size)
{
	cs_unmap_result(cs, iova, size, 0);
}

static inline void cs_unmap_all(struct cs *cs)
{
	struct ioas_event ev;

	cs_begin(cs);
	cs_remove_range(cs, 0, UINT64_MAX);
	ev = cs_unmap_op(cs, 0, cs_fd(cs) ? UINT64_MAX : 0, 0);
	ev.flags |= IOAS_F_ALL;
	cs_end(cs, ev);
}

static inline void cs_simple_op(struct cs *cs, unsigned int what, int64_t result)
{
	cs_begin(cs);
	cs_end(cs, cs_op(cs, what, result));
}

static inline void cs_query(struct cs *cs)
{
	cs_simple_op(cs, IOAS_OP_QUERY, 0);
}

/* What a program does after an attach or detach that may have changed the valid ranges. */
static inline void cs_ask(struct cs *cs)
{
	if (!cs->never_asks)
		cs_query(cs);
}

/* The context 1 + CTX_NEW, its IOAS 100 + context: both seen from the start. */
static inline void cs_open_as(struct cs *cs, uint32_t ctx, uint32_t ioas, uint8_t backend,
			      unsigned int mode)
{
	struct ioas_event ev;

	cs->ctx = ctx;
	cs->ioas = ioas;
	cs->backend = backend;
	if (cs->id < 1000)
		cs->id = 1000;
	cs_send(cs, cs_event(cs, IOAS_EV_CTX_NEW));
	cs_begin(cs);
	ev = cs_op(cs, IOAS_OP_OPEN, 0);
	ev.ioas = 0;
	cs->op = 0;
	cs_send(cs, ev);
	cs_begin(cs);
	ev = cs_event(cs, IOAS_EV_IOAS_NEW);
	ev.body_obj.mode = mode;
	cs_send(cs, ev);
	ev = cs_op(cs, cs_fd(cs) ? IOAS_OP_ALLOC : IOAS_OP_SET_IOMMU, 0);
	ev.ioas = 0;
	cs_end(cs, ev);
}

static inline void cs_open(struct cs *cs, uint8_t backend, unsigned int mode)
{
	cs_open_as(cs, 1, 2, backend, mode);
}

static inline void cs_open_type1(struct cs *cs, unsigned int mode)
{
	cs_open(cs, IOAS_BACKEND_TYPE1, mode);
}

static inline void cs_open_iommufd(struct cs *cs)
{
	cs_open(cs, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
}

/* The end of the IOAS and its context; its users have left. Areas go with it. */
static inline void cs_close(struct cs *cs)
{
	struct ioas_event ev;

	cs_begin(cs);
	cs_remove_range(cs, 0, UINT64_MAX);
	if (cs_fd(cs))
		cs_send(cs, cs_event(cs, IOAS_EV_IOAS_GONE));
	ev = cs_op(cs, cs_fd(cs) ? IOAS_OP_DESTROY : IOAS_OP_RELEASE, 0);
	ev.flags = cs_fd(cs) ? 0 : IOAS_F_NO_RESULT;
	ev.body_op.latency_ns = cs->now + 1 - cs->start;
	cs_send(cs, ev);
	if (!cs_fd(cs))
		cs_send(cs, cs_event(cs, IOAS_EV_IOAS_GONE));
	cs_begin(cs);
	ev = cs_op(cs, IOAS_OP_CLOSE, 0);
	ev.flags = IOAS_F_NO_RESULT;
	ev.ioas = 0;
	cs->op = 0;
	cs_send(cs, ev);
	cs_send(cs, cs_event(cs, IOAS_EV_CTX_GONE));
}

#endif
