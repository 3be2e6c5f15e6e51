// SPDX-License-Identifier: GPL-2.0-or-later
/* pins of clients. */
#include "again.h"

#define VADDR 4 /* VFIO_DMA_MAP_FLAG_VADDR, VFIO_DMA_UNMAP_FLAG_VADDR is 4 as well */

/* A v2 container with a mediated group 9, and 16 pages at 0x10000. */
static struct cs *mediated(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 9, true);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	return cs;
}

/* An iommufd IOAS with access 40, and 16 pages at 0x10000. */
static struct cs *with_access(void **state, bool exact)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_attach_access(cs, 40, CS_PAGE, exact);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	return cs;
}

/* Only the change: what the op and the charge say is for others. */
static void change(struct cs *cs, struct ioas_event ev)
{
	ev.op = 0;
	cs_send(cs, ev);
}

/* ---- R-31 ---- */

static void test_inside(void **state)
{
	struct cs *cs = mediated(state);

	cs_map(cs, 0x20000, 16 * CS_PAGE, 0x800000);
	cs_pin(cs, 9, 0x1f000, 2 * CS_PAGE);
	cs_unpin(cs, 9, 0x1f000, 2 * CS_PAGE);
	cs_pin(cs, 9, 0x10000, 32 * CS_PAGE);
	cs_expect_held(cs, RULE_PIN_INSIDE);
}

static void test_inside_last_page(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 9, true);
	cs_map(cs, 0 - 2 * CS_PAGE, 2 * CS_PAGE, 0x700000);
	cs_pin(cs, 9, 0 - CS_PAGE, CS_PAGE);
	cs_pin(cs, 9, 0 - 2 * CS_PAGE, 2 * CS_PAGE);
	cs_expect_held(cs, RULE_PIN_INSIDE);
	change(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0 - 3 * CS_PAGE, 3 * CS_PAGE));
	cs_expect(cs, RULE_PIN_INSIDE);
}

static void test_inside_hole(void **state)
{
	struct cs *cs = mediated(state);

	cs_map(cs, 0x21000, CS_PAGE, 0x800000);
	change(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x1f000, 3 * CS_PAGE));
	cs_expect(cs, RULE_PIN_INSIDE);
	assert_non_null(strstr(cs->seen.text, "mapped at 0x20000"));
	change(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x21000, 2 * CS_PAGE));
	cs_expect(cs, RULE_PIN_INSIDE);
	assert_non_null(strstr(cs->seen.text, "mapped at 0x22000"));
	change(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x100000, CS_PAGE));
	cs_expect(cs, RULE_PIN_INSIDE);
	assert_int_equal(cs->seen.iova, 0x100000);
	assert_int_equal(cs->seen.last, 0x100fff);
}

/* In an IOAS from before, there may be areas that were not told. */
static void test_inside_adopted(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs->backend = IOAS_BACKEND_TYPE1;
	cs->ctx = 1;
	cs->ioas = 2;
	ev = cs_event(cs, IOAS_EV_CTX_NEW);
	ev.flags = IOAS_F_ADOPTED;
	cs_send(cs, ev);
	ev = cs_event(cs, IOAS_EV_IOAS_NEW);
	ev.flags = IOAS_F_ADOPTED;
	ev.body_obj.mode = IOAS_MODE_V2;
	cs_send(cs, ev);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x10000, CS_PAGE));
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 9, 0x50000, CS_PAGE));
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->judged[RULE_PIN_INSIDE], 0);
	assert_int_equal(check_stats(cs->c)->judged[RULE_UNPIN_MATCH], 0);
}

/* ---- R-32 ---- */

static void add_readonly(struct cs *cs, uint64_t iova, uint64_t size)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, size, 0x900000);
	ev.body_area.prot = IOAS_PROT_READ;
	cs_send(cs, ev);
	ev = cs_map_op(cs, iova, size, 0x900000, 0);
	ev.body_op.prot = IOAS_PROT_READ;
	ev.body_op.uapi_flags = 1;
	cs_end(cs, ev);
}

static void test_prot(void **state)
{
	struct cs *cs = mediated(state);
	struct ioas_event ev;

	add_readonly(cs, 0x20000, CS_PAGE);
	cs_pin(cs, 9, 0x1f000, 2 * CS_PAGE);
	cs_expect_held(cs, RULE_PIN_PROT);
	ev = cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x1f000, CS_PAGE);
	ev.body_area.prot = IOAS_PROT_WRITE;
	change(cs, ev);
	ev.body_area.prot = 0;
	change(cs, ev);
	cs_expect_none(cs);
	ev = cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x1f000, 2 * CS_PAGE);
	ev.body_area.prot = IOAS_PROT_READ | IOAS_PROT_WRITE;
	change(cs, ev);
	cs_expect(cs, RULE_PIN_PROT);
	assert_non_null(strstr(cs->seen.text, "[0x20000, 0x20fff] is for r"));
}

/* ---- R-33 ---- */

static void test_unpin_pages(void **state)
{
	struct cs *cs = mediated(state);
	struct ioas_event ev;

	cs_pin(cs, 9, 0x10000, 4 * CS_PAGE);
	cs_unpin(cs, 9, 0x12000, 2 * CS_PAGE);
	cs_unpin(cs, 9, 0x10000, CS_PAGE);
	cs_expect_held(cs, RULE_UNPIN_MATCH);
	/* 0x10000 not any more, 0x11000 yes, 0x12000 and 0x13000 not any more */
	ev = cs_client(cs, IOAS_EV_ACCESS_UNPIN, 9, 0x10000, 4 * CS_PAGE);
	change(cs, ev);
	cs_expect(cs, RULE_UNPIN_MATCH);
	assert_non_null(strstr(cs->seen.text, ": 3 pages have no pin, from [0x10000, 0x10fff]"));
}

static void test_unpin_refs(void **state)
{
	struct cs *cs = mediated(state);
	struct ioas_event ev = cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x10000, 2 * CS_PAGE);

	ev.body_area.refs = 3;
	change(cs, ev);
	ev.kind = IOAS_EV_ACCESS_UNPIN;
	ev.body_area.refs = 2;
	change(cs, ev);
	cs_expect_held(cs, RULE_UNPIN_MATCH);
	change(cs, ev);
	cs_expect(cs, RULE_UNPIN_MATCH);
	assert_non_null(strstr(cs->seen.text, ": 2 pages have no pin, from [0x10000, 0x11fff]"));
}

static void test_unpin_exact(void **state)
{
	struct cs *cs = with_access(state, true);

	cs_pin(cs, 40, 0x10000, 4 * CS_PAGE);
	cs_pin(cs, 40, 0x10000, CS_PAGE);
	cs_pin(cs, 40, 0x10000, CS_PAGE);
	cs_unpin(cs, 40, 0x10000, CS_PAGE);
	cs_unpin(cs, 40, 0x10000, 4 * CS_PAGE);
	cs_expect_held(cs, RULE_UNPIN_MATCH);
	/* Pinned, but as one with another end: what is left is 0x10000-0x10fff. */
	cs_pin(cs, 40, 0x10000, 2 * CS_PAGE);
	change(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 40, 0x11000, CS_PAGE));
	cs_expect(cs, RULE_UNPIN_MATCH);
	assert_non_null(strstr(cs->seen.text, "no pin of access 40 has this range"));
	/* Its ranges are not known any more, its pages are. */
	change(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 40, 0x10000, CS_PAGE));
	cs_expect_none(cs);
	change(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 40, 0x10000, CS_PAGE));
	cs_expect_none(cs);
	change(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 40, 0x10000, CS_PAGE));
	cs_expect(cs, RULE_UNPIN_MATCH);
	/* All are gone: from here ranges are known again. */
	change(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 40, 0x10000, 2 * CS_PAGE));
	change(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 40, 0x10000, CS_PAGE));
	cs_expect(cs, RULE_UNPIN_MATCH);
	assert_non_null(strstr(cs->seen.text, "no pin of access 40 has this range"));
}

static void test_unpin_inexact(void **state)
{
	struct cs *cs = with_access(state, false);

	cs_attach_access(cs, 41, CS_PAGE, false);
	cs_pin(cs, 40, 0x10000, 4 * CS_PAGE);
	cs_unpin(cs, 40, 0x11000, CS_PAGE);
	cs_expect_held(cs, RULE_UNPIN_MATCH);
	/* Pinned, by another one. */
	change(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 41, 0x10000, CS_PAGE));
	cs_expect(cs, RULE_UNPIN_MATCH);
}

/* A keyframe tells pins of an exact access as pages. */
static void test_unpin_keyframe(void **state)
{
	struct cs *cs = with_access(state, true);
	struct ioas_event ev = cs_client(cs, IOAS_EV_ACCESS_PIN, 40, 0x10000, 4 * CS_PAGE);

	ev.time_ns = ++cs->now;
	ev.flags = IOAS_F_ADOPTED;
	assert_int_equal(check_keyframe(cs->c, &ev), 0);
	change(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 40, 0x10000, CS_PAGE));
	cs_expect_none(cs);
	change(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 40, 0x10000, 4 * CS_PAGE));
	cs_expect(cs, RULE_UNPIN_MATCH);
	assert_non_null(strstr(cs->seen.text, ": 1 pages have no pin"));
}

/* ---- R-34 ---- */

static void test_leak_group(void **state)
{
	struct cs *cs = mediated(state);

	cs_attach(cs, 10, true);
	cs_attach(cs, 7, false);
	cs_pin(cs, 9, 0x10000, 2 * CS_PAGE);
	cs_detach(cs, 10, true);
	cs_expect_none(cs);
	change(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, 9, true));
	cs_expect(cs, RULE_PIN_LEAK);
	assert_int_equal(cs->seen.iova, 0x10000);
	assert_int_equal(cs->seen.last, 0x11fff);
	assert_non_null(strstr(cs->seen.text, "group 9 has gone and 2 pins on 2 pages are left"));
}

static void test_leak_group_none(void **state)
{
	struct cs *cs = mediated(state);

	cs_attach(cs, 7, false);
	cs_pin(cs, 9, 0x10000, 2 * CS_PAGE);
	cs_unpin(cs, 9, 0x10000, 2 * CS_PAGE);
	cs_detach(cs, 9, true);
	cs_expect_held(cs, RULE_PIN_LEAK);
}

/* A device of the other group is a client too: the pins may be its own. */
static void test_leak_hardware_client(void **state)
{
	struct cs *cs = mediated(state);

	cs_attach(cs, 7, false);
	cs_pin(cs, 7, 0x10000, 2 * CS_PAGE);
	cs_detach(cs, 9, true);
	cs_expect_none(cs);
}

/* Unpins that say whose they are: one group's pins are left although another stays. */
static void test_leak_one_of_groups(void **state)
{
	struct cs *cs = mediated(state);

	cs_attach(cs, 10, true);
	cs_pin(cs, 9, 0x10000, 4 * CS_PAGE);
	cs_pin(cs, 10, 0x10000, 4 * CS_PAGE);
	cs_unpin(cs, 9, 0x11000, CS_PAGE);
	cs_unpin(cs, 10, 0x10000, 4 * CS_PAGE);
	cs_detach(cs, 10, true);
	cs_expect_none(cs);
	cs_attach(cs, 10, true);
	change(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, 9, true));
	cs_expect(cs, RULE_PIN_LEAK);
	assert_non_null(strstr(cs->seen.text, "group 9 has gone and 3 of its pins are left"));
}

/* What was reported is not reported again, and may be given back late. */
static void test_leak_given_back(void **state)
{
	struct cs *cs = mediated(state);

	cs_attach(cs, 10, true);
	cs_pin(cs, 9, 0x10000, 4 * CS_PAGE);
	change(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, 9, true));
	cs_expect(cs, RULE_PIN_LEAK);
	cs_attach(cs, 9, true);
	cs_unpin(cs, 9, 0x10000, 4 * CS_PAGE);
	cs_detach(cs, 9, true);
	cs_detach(cs, 10, true);
	cs_expect_none(cs);
}

/* One that does not say so could be of any group: the last one's leave decides. */
static void test_leak_anonymous(void **state)
{
	struct cs *cs = mediated(state);
	struct ioas_event ev;

	cs_attach(cs, 10, true);
	cs_pin(cs, 9, 0x10000, 4 * CS_PAGE);
	cs_pin(cs, 10, 0x10000, 4 * CS_PAGE);
	ev = cs_client(cs, IOAS_EV_ACCESS_UNPIN, 9, 0x10000, 4 * CS_PAGE);
	ev.body_area.group = 0;
	ev.body_area.group_valid = 0;
	change(cs, ev);
	cs_detach(cs, 9, true);
	cs_expect_none(cs);
	change(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, 10, true));
	cs_expect(cs, RULE_PIN_LEAK);
	assert_non_null(strstr(cs->seen.text, "group 10 has gone and 4 pins on 4 pages are left"));
}

static void test_leak_access(void **state)
{
	struct cs *cs = with_access(state, true);

	cs_attach_access(cs, 41, CS_PAGE, true);
	cs_pin(cs, 40, 0x10000, 2 * CS_PAGE);
	cs_detach_access(cs, 41);
	cs_expect_held(cs, RULE_PIN_LEAK);
	cs_detach_access(cs, 40);
	cs_expect(cs, RULE_PIN_LEAK);
	assert_non_null(strstr(cs->seen.text, "access 40 has gone and 2 pins on 2 pages"));
}

/* R-52 is about the group; here the pins, which are reported once. */
static void test_leak_ioas(void **state)
{
	struct cs *cs = mediated(state);
	struct ioas_event ev;

	cs_detach(cs, 9, true);
	cs_attach(cs, 7, false);
	change(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 7, 0x50000, CS_PAGE));
	cs_expect(cs, RULE_PIN_INSIDE);
	cs_detach(cs, 7, false);
	ev = cs_event(cs, IOAS_EV_IOAS_GONE);
	change(cs, ev);
	cs_expect(cs, RULE_PIN_LEAK);
	change(cs, cs_event(cs, IOAS_EV_CTX_GONE));
	cs_expect_none(cs);
}

static void test_leak_ctx(void **state)
{
	struct cs *cs = mediated(state);

	change(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x10000, CS_PAGE));
	change(cs, cs_event(cs, IOAS_EV_CTX_GONE));
	assert_int_equal(cs->by_rule[RULE_PIN_LEAK], 1);
	assert_int_equal(cs->by_rule[RULE_CONTEXT_END], 1);
	assert_int_equal(cs->found, 2);
}

/* ---- R-35 ---- */

static void test_removed_pinned(void **state)
{
	struct cs *cs = mediated(state);

	cs_map(cs, 0x20000, 4 * CS_PAGE, 0x800000);
	cs_pin(cs, 9, 0x20000, CS_PAGE);
	cs_unmap(cs, 0x10000, 16 * CS_PAGE);
	cs_expect_held(cs, RULE_REMOVED_PINNED);
	cs_pin(cs, 9, 0x21000, 2 * CS_PAGE);
	cs_unmap(cs, 0x20000, 4 * CS_PAGE);
	cs_expect(cs, RULE_REMOVED_PINNED);
	assert_non_null(strstr(cs->seen.text, "gone with 3 pages pinned"));
	assert_non_null(strstr(cs->seen.text, "from [0x20000, 0x22fff]"));
}

/* ---- R-36 ---- */

static struct ioas_event notify_op(struct cs *cs, uint64_t iova, uint64_t size, uint32_t rounds)
{
	struct ioas_event ev = cs_op(cs, IOAS_OP_NOTIFY, 0);

	ev.body_op.iova = iova;
	ev.body_op.size = size;
	ev.body_op.areas = rounds;
	ev.body_op.removed = 0;
	ev.flags = IOAS_F_NO_RESULT;
	return ev;
}

static void test_notify(void **state)
{
	struct cs *cs = with_access(state, true);

	cs_pin(cs, 40, 0x10000, CS_PAGE);
	cs_pin(cs, 40, 0x18000, CS_PAGE);
	cs_begin(cs);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 40, 0x10000, CS_PAGE));
	cs_client_memory(cs, 0x10000, -1);
	cs_end(cs, notify_op(cs, 0x10000, 4 * CS_PAGE, 0));
	cs_expect_held(cs, RULE_NOTIFY);
	cs_begin(cs);
	cs_end(cs, notify_op(cs, 0x17000, 4 * CS_PAGE, 0));
	cs_expect(cs, RULE_NOTIFY);
	assert_non_null(strstr(cs->seen.text, "keep 1 pages, from [0x18000, 0x18fff]"));
}

/* Pins that came after it had begun: the client had not been told of them. */
static void test_notify_meanwhile(void **state)
{
	struct cs *cs = with_access(state, true);
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_client(cs, IOAS_EV_ACCESS_PIN, 40, 0x10000, CS_PAGE);
	change(cs, ev);
	cs_end(cs, notify_op(cs, 0x10000, CS_PAGE, 0));
	cs_expect_held(cs, RULE_NOTIFY);
}

static void test_notify_fails(void **state)
{
	struct cs *cs = with_access(state, true);
	struct ioas_event ev;

	cs_pin(cs, 40, 0x10000, CS_PAGE);
	cs_begin(cs);
	ev = notify_op(cs, 0x10000, CS_PAGE, 3);
	ev.flags = 0;
	ev.body_op.result = -16;
	cs_end(cs, ev);
	cs_expect_held(cs, RULE_NOTIFY);
}

static void test_notify_rounds(void **state)
{
	struct cs *cs = with_access(state, true);

	cs_begin(cs);
	cs_end(cs, notify_op(cs, 0x10000, CS_PAGE, 100));
	cs_expect_held(cs, RULE_NOTIFY);
	cs_begin(cs);
	cs_end(cs, notify_op(cs, 0x10000, CS_PAGE, 101));
	cs_expect(cs, RULE_NOTIFY);
}

static void test_notify_rounds_type1(void **state)
{
	struct cs *cs = mediated(state);

	cs_begin(cs);
	cs_end(cs, notify_op(cs, 0x10000, CS_PAGE, 10));
	cs_expect_held(cs, RULE_NOTIFY);
	cs_begin(cs);
	cs_end(cs, notify_op(cs, 0x10000, CS_PAGE, 11));
	cs_expect(cs, RULE_NOTIFY);
}

/* ---- R-37 ---- */

/* Device memory: nothing of it is pinned or charged. */
static void map_no_ram(struct cs *cs, uint64_t iova, uint64_t size, int64_t ram, uint32_t prot)
{
	struct ioas_event ev;

	cs_begin(cs);
	cs_charge(cs, ram, 0);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, size, 0xa00000);
	ev.body_area.pages = ram;
	ev.body_area.pfnmap = (int64_t)(size / CS_PAGE) - ram;
	ev.body_area.prot = prot;
	cs->pinned = (uint64_t)ram;
	cs_send(cs, ev);
	ev = cs_map_op(cs, iova, size, 0xa00000, 0);
	ev.body_op.prot = prot;
	ev.body_op.uapi_flags = prot;
	cs_end(cs, ev);
}

static void test_ram(void **state)
{
	struct cs *cs = mediated(state);

	cs_attach(cs, 7, false);
	map_no_ram(cs, 0x20000, 4 * CS_PAGE, 1, 3);
	map_no_ram(cs, 0x30000, 4 * CS_PAGE, 0, IOAS_PROT_READ);
	map_no_ram(cs, 0x40000, 4 * CS_PAGE, 0, 3);
	cs_pin(cs, 9, 0x10000, CS_PAGE);
	cs_pin(cs, 9, 0x20000, CS_PAGE); /* which page is RAM is not known */
	cs_pin(cs, 9, 0x30000, CS_PAGE); /* may be the zero page */
	cs_expect_held(cs, RULE_PIN_RAM);
	cs_pin(cs, 9, 0x41000, CS_PAGE);
	cs_expect(cs, RULE_PIN_RAM);
}

static uint32_t dmabuf_new(struct cs *cs, uint64_t npages)
{
	struct ioas_event ev = cs_pages(cs, IOAS_EV_PAGES_NEW, ++cs->id);

	ev.body_pages.npages = npages;
	ev.body_pages.memory = IOAS_MEMORY_DMABUF;
	ev.body_pages.writable = 1;
	cs_send(cs, ev);
	return ev.body_pages.pages_id;
}

static void test_ram_dmabuf(void **state)
{
	struct cs *cs = with_access(state, true);
	struct ioas_event ev;

	cs_pin(cs, 40, 0x10000, CS_PAGE);
	cs_expect_held(cs, RULE_PIN_RAM);
	cs_begin(cs);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x50000, 2 * CS_PAGE, 0);
	ev.body_area.pages_id = dmabuf_new(cs, 2);
	cs_send(cs, ev);
	cs_end(cs, cs_map_op(cs, 0x50000, 2 * CS_PAGE, 0, 0));
	change(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 40, 0x50000, CS_PAGE));
	cs_expect(cs, RULE_PIN_RAM);
}

/* ---- R-38 ---- */

static void test_refused_v1(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V1);
	cs_attach(cs, 9, true);
	cs_map(cs, 0x10000, CS_PAGE, 0x700000);
	cs_pin(cs, 9, 0x10000, CS_PAGE);
	cs_expect(cs, RULE_PIN_REFUSED);
}

static struct ioas_event vaddr_op(struct cs *cs, unsigned int what)
{
	struct ioas_event ev = cs_op(cs, what, 0);

	ev.body_op.iova = 0x10000;
	ev.body_op.size = 16 * CS_PAGE;
	ev.body_op.va = 0xb00000;
	ev.body_op.uapi_flags = VADDR;
	return ev;
}

static void make_void(struct cs *cs)
{
	cs_begin(cs);
	change(cs, cs_area(cs, IOAS_EV_VADDR_INVALID, 0x10000, 16 * CS_PAGE, 0));
	cs_end(cs, vaddr_op(cs, IOAS_OP_UNMAP));
}

static void renew(struct cs *cs)
{
	struct ioas_event ev = cs_area(cs, IOAS_EV_AREA_UPDATE, 0x10000, 16 * CS_PAGE, 0xb00000);

	ev.body_area.owner_tgid = 100;
	ev.body_area.owner_uid = 1000;
	change(cs, ev);
	cs_end(cs, vaddr_op(cs, IOAS_OP_MAP));
}

/* VADDR ops with a mediated group are R-29, which is not for here. */
static struct cs *voided(void **state)
{
	struct cs *cs = mediated(state);

	make_void(cs);
	cs->found = 0;
	memset(cs->by_rule, 0, sizeof(cs->by_rule));
	return cs;
}

static void test_refused_void(void **state)
{
	struct cs *cs = voided(state);

	cs_pin(cs, 9, 0x11000, CS_PAGE);
	cs_expect_none(cs);
	cs_begin(cs);
	renew(cs);
	assert_int_equal(cs->by_rule[RULE_PIN_REFUSED], 1);
	/* Reported once, and not of pins that come now. */
	cs_pin(cs, 9, 0x12000, CS_PAGE);
	cs_begin(cs);
	renew(cs);
	assert_int_equal(cs->by_rule[RULE_PIN_REFUSED], 1);
}

/* The op that renewed them was under way: the pin came after it, and was told before. */
static void test_refused_renewed(void **state)
{
	struct cs *cs = voided(state);
	struct ioas_event ev;
	uint64_t op, start;

	cs_begin(cs);
	op = cs->op;
	start = cs->start;
	cs_pin(cs, 9, 0x11000, CS_PAGE);
	cs->op = op;
	cs->start = start;
	renew(cs);
	ev = cs_client(cs, IOAS_EV_ACCESS_UNPIN, 9, 0x11000, CS_PAGE);
	change(cs, ev);
	cs_unmap(cs, 0x10000, 16 * CS_PAGE);
	assert_int_equal(cs->by_rule[RULE_PIN_REFUSED], 0);
	assert_true(check_stats(cs->c)->judged[RULE_PIN_REFUSED] > 0);
}

static void test_refused_never_renewed(void **state)
{
	struct cs *cs = voided(state);

	cs_pin(cs, 9, 0x11000, CS_PAGE);
	cs_unpin(cs, 9, 0x11000, CS_PAGE);
	cs_expect_none(cs);
	cs_unmap(cs, 0x10000, 16 * CS_PAGE);
	cs_expect(cs, RULE_PIN_REFUSED);
	cs_detach(cs, 9, true);
	cs_close(cs);
	cs_expect_none(cs);
}

/* ---- want of memory ---- */

static void use_all(struct cs *cs)
{
	cs_open_iommufd(cs);
	cs_attach_access(cs, 40, CS_PAGE, true);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	for (unsigned int i = 0; i < 4; i++)
		cs_pin(cs, 40, 0x10000 + i * CS_PAGE, 2 * CS_PAGE);
	for (unsigned int i = 0; i < 4; i++)
		cs_unpin(cs, 40, 0x10000 + i * CS_PAGE, 2 * CS_PAGE);
	cs_detach_access(cs, 40);
	cs_unmap_all(cs);
	cs_close(cs);
}

static void test_no_memory(void **state)
{
	(void)state;
	replay_without_memory(use_all, 1);
	replay_without_memory(use_all, SIZE_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cs_setup, cs_teardown)
		TEST(test_inside),
		TEST(test_inside_last_page),
		TEST(test_inside_hole),
		TEST(test_inside_adopted),
		TEST(test_prot),
		TEST(test_unpin_pages),
		TEST(test_unpin_refs),
		TEST(test_unpin_exact),
		TEST(test_unpin_inexact),
		TEST(test_unpin_keyframe),
		TEST(test_leak_group),
		TEST(test_leak_group_none),
		TEST(test_leak_hardware_client),
		TEST(test_leak_one_of_groups),
		TEST(test_leak_given_back),
		TEST(test_leak_anonymous),
		TEST(test_leak_access),
		TEST(test_leak_ioas),
		TEST(test_leak_ctx),
		TEST(test_removed_pinned),
		TEST(test_notify),
		TEST(test_notify_meanwhile),
		TEST(test_notify_fails),
		TEST(test_notify_rounds),
		TEST(test_notify_rounds_type1),
		TEST(test_ram),
		TEST(test_ram_dmabuf),
		TEST(test_refused_v1),
		TEST(test_refused_void),
		TEST(test_refused_renewed),
		TEST(test_refused_never_renewed),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
