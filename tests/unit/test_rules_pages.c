// SPDX-License-Identifier: GPL-2.0-or-later
/* memory, and the domains that map it. */
#include "again.h"
#include "check_memory.h"

#define SECOND 1000000000ULL

/* ---- R-39 ---- */

static struct ioas_event pinned(struct cs *cs, int64_t pages)
{
	struct ioas_event ev = cs_area(cs, IOAS_EV_PINNED, 0x10000, 16 * CS_PAGE, 0);

	ev.body_area.pages = pages;
	return ev;
}

static void test_pinned_area(void **state)
{
	struct cs *cs = type1(state);

	change(cs, pinned(cs, -16));
	change(cs, pinned(cs, 16));
	cs_expect_held(cs, RULE_PINNED_RANGE);
	change(cs, pinned(cs, 1));
	cs_expect(cs, RULE_PINNED_RANGE);
	assert_non_null(strstr(cs->seen.text, "has 16 of 16 pages pinned, and 1 more"));
	change(cs, pinned(cs, -17));
	cs_expect_none(cs); /* 17 - 17 */
	change(cs, pinned(cs, -1));
	cs_expect(cs, RULE_PINNED_RANGE);
}

static void test_pinned_added(void **state)
{
	struct cs *cs = type1(state);
	struct ioas_event ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x50000, 2 * CS_PAGE, 0x900000);

	ev.body_area.pages = 1;
	ev.body_area.pfnmap = 1;
	change(cs, ev);
	cs_expect_held(cs, RULE_PINNED_RANGE);
	ev.body_area.iova += 2 * CS_PAGE;
	ev.body_area.last += 2 * CS_PAGE;
	ev.body_area.va += 2 * CS_PAGE;
	ev.body_area.pages = 2;
	change(cs, ev);
	cs_expect(cs, RULE_PINNED_RANGE);
}

static void test_pinned_pages(void **state)
{
	uint32_t id;
	struct cs *cs = iommufd(state, &id);
	struct ioas_event ev = cs_pages(cs, IOAS_EV_PAGES_PINNED, id);

	ev.body_pages.pinned = 16;
	change(cs, ev);
	cs_expect_held(cs, RULE_PINNED_RANGE);
	ev.body_pages.pinned = 1;
	change(cs, ev);
	cs_expect(cs, RULE_PINNED_RANGE);
	ev.body_pages.pinned = -17;
	change(cs, ev);
	cs_expect_none(cs);
	ev.body_pages.pinned = -1;
	change(cs, ev);
	cs_expect(cs, RULE_PINNED_RANGE);
}

/* ---- R-40 ---- */

/* A map of which a page is neither pinned nor no RAM, and not charged either. */
static void map_short(struct cs *cs, uint64_t iova, uint64_t va, int64_t pages, int64_t pfnmap)
{
	struct ioas_event ev;

	cs_begin(cs);
	cs_charge(cs, pages, 0);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, 4 * CS_PAGE, va);
	ev.body_area.pages = pages;
	ev.body_area.pfnmap = pfnmap;
	cs->pinned = (uint64_t)pages;
	cs_send(cs, ev);
	cs_end(cs, cs_map_op(cs, iova, 4 * CS_PAGE, va, 0));
}

static void test_pin_all(void **state)
{
	struct cs *cs = type1(state);

	map_short(cs, 0x50000, 0x900000, 1, 3);
	map_short(cs, 0x60000, 0xa00000, 0, 4);
	cs_expect_held(cs, RULE_PIN_ALL);
	map_short(cs, 0x70000, 0xb00000, 2, 1);
	cs_expect(cs, RULE_PIN_ALL);
	assert_non_null(strstr(cs->seen.text, "19 of 28 pages are pinned, 8 are no RAM"));
	/* Once, until it is right again. */
	cs_map(cs, 0x80000, CS_PAGE, 0xc00000);
	cs_expect_none(cs);
	cs_unmap(cs, 0x70000, 4 * CS_PAGE);
	map_short(cs, 0x70000, 0xb00000, 3, 0);
	cs_expect(cs, RULE_PIN_ALL);
}

static void test_pin_all_no_hardware(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 9, true);
	cs_map(cs, 0x10000, CS_PAGE, 0x700000);
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->judged[RULE_PIN_ALL], 0);
	cs_attach(cs, 7, false);
	cs_expect_held(cs, RULE_PIN_ALL);
}

/*
 * The last hardware group leaves an IOAS without areas, one is mapped, and only
 * then the detach is told.
 */
static struct cs *mapped_bare(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_attach(cs, 9, true);
	cs_begin(cs);
	cs->ops++;
	return cs;
}

static void test_pin_all_detached(void **state)
{
	struct cs *cs = mapped_bare(state);
	uint64_t op = cs->op, start = cs->start;
	struct ioas_event ev;

	map_short(cs, 0x50000, 0x900000, 0, 0);
	cs->op = op;
	cs->start = start;
	cs_send(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, 7, false));
	ev = cs_group_op(cs, IOAS_OP_DETACH, 7);
	cs_end(cs, ev);
	cs_expect_held(cs, RULE_PIN_ALL);
	cs->now += SECOND;
	cs_query(cs);
	map_short(cs, 0x60000, 0xa00000, 0, 0);
	cs_expect_none(cs);
}

static void test_pin_all_stands(void **state)
{
	struct cs *cs = mapped_bare(state);

	map_short(cs, 0x50000, 0x900000, 0, 0);
	cs->now += SECOND;
	cs_expect_none(cs);
	/* The same mismatch, a second later: nothing is pinned of the four pages. */
	cs_begin(cs);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x50000, CS_PAGE));
	cs_end(cs, cs_client_op(cs, IOAS_OP_PIN, 9, 0x50000, CS_PAGE, 1));
	cs_expect(cs, RULE_PIN_ALL);
}

static void test_pin_all_later_detach(void **state)
{
	struct cs *cs = mapped_bare(state);

	map_short(cs, 0x50000, 0x900000, 0, 0);
	cs_expect_none(cs);
	cs_begin(cs);
	cs_send(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, 7, false));
	cs_end(cs, cs_group_op(cs, IOAS_OP_DETACH, 7));
	cs_expect(cs, RULE_PIN_ALL);
}

/* Others: what was added must be pinned where a domain is. */
static void map_unpinned(struct cs *cs, uint64_t iova, uint64_t va, int64_t pages)
{
	struct ioas_event ev;
	uint32_t id;

	cs_begin(cs);
	id = cs_pages_new(cs, va, 4 * CS_PAGE);
	ev = shows(cs, id, iova, 3 * CS_PAGE, CS_PAGE);
	cs_pages_pin(cs, id, pages);
	cs_fill(cs, iova, 3 * CS_PAGE, 3 * CS_PAGE);
	cs_send(cs, ev);
	cs_end(cs, cs_map_op(cs, iova, 3 * CS_PAGE, va + CS_PAGE, 0));
}

static void test_pin_all_pages(void **state)
{
	uint32_t id;
	struct cs *cs = iommufd(state, &id);

	map_unpinned(cs, 0x60000, 0x900000, 0);
	cs_expect_none(cs); /* there is no domain */
	assert_int_equal(check_stats(cs->c)->judged[RULE_PIN_ALL], 0);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	map_unpinned(cs, 0x70000, 0xa00000, 3);
	cs_expect_held(cs, RULE_PIN_ALL);
	map_unpinned(cs, 0x80000, 0xb00000, 2);
	cs_expect(cs, RULE_PIN_ALL);
	assert_non_null(strstr(cs->seen.text, "[0x80000, 0x82fff] shows 3"));
}

/* ---- R-41 ---- */

static void map_filled(struct cs *cs, uint64_t iova, uint64_t va, int64_t bytes)
{
	struct ioas_event ev;
	uint32_t id;

	cs_begin(cs);
	id = cs_pages_new(cs, va, 4 * CS_PAGE);
	cs_pages_pin(cs, id, 4);
	cs_fill(cs, iova, 4 * CS_PAGE, bytes);
	ev = shows(cs, id, iova, 4 * CS_PAGE, 0);
	cs_send(cs, ev);
	cs_end(cs, cs_map_op(cs, iova, 4 * CS_PAGE, va, 0));
}

static void test_covers(void **state)
{
	uint32_t id;
	struct cs *cs = iommufd(state, &id);

	cs_attach_domain(cs, 30, 31, CS_PAGE);
	map_filled(cs, 0x50000, 0x900000, 4 * CS_PAGE);
	cs_expect_held(cs, RULE_DOMAIN_COVERS);
	map_filled(cs, 0x60000, 0xa00000, 3 * CS_PAGE);
	cs_expect(cs, RULE_DOMAIN_COVERS);
	assert_non_null(strstr(cs->seen.text, "domain 30 maps 94208 bytes of 98304"));
}

static void test_covers_too_much(void **state)
{
	uint32_t id;
	struct cs *cs = iommufd(state, &id);

	cs_attach_domain(cs, 30, 31, CS_PAGE);
	map_filled(cs, 0x50000, 0x900000, 5 * CS_PAGE);
	cs_expect(cs, RULE_DOMAIN_COVERS);
}

static void test_covers_leaving(void **state)
{
	uint32_t id;
	struct cs *cs = iommufd(state, &id);

	cs_attach_domain(cs, 30, 31, CS_PAGE);
	cs_detach_domain(cs, 30, 31);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	cs_expect_held(cs, RULE_DOMAIN_COVERS);
	change(cs, cs_object(cs, IOAS_EV_DOMAIN_DETACH, 30));
	cs_expect(cs, RULE_DOMAIN_COVERS);
	assert_non_null(strstr(cs->seen.text, "is detached and maps 65536 bytes"));
}

/* Nothing is in the domain: it may have left, and not be told yet. */
static struct cs *mapped_idle(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	cs_query(cs);
	cs_begin(cs);
	return cs;
}

static void map_idle(struct cs *cs, uint64_t iova, uint64_t va)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = shows(cs, cs_pages_new(cs, va, CS_PAGE), iova, CS_PAGE, 0);
	cs_send(cs, ev);
	cs_end(cs, cs_map_op(cs, iova, CS_PAGE, va, 0));
}

static void leave(struct cs *cs)
{
	struct ioas_event ev = cs_object(cs, IOAS_EV_DEVICE_DETACH, 31);

	ev.body_obj.domain = 30;
	cs_send(cs, ev);
	cs_send(cs, cs_object(cs, IOAS_EV_DOMAIN_DETACH, 30));
	cs_end(cs, cs_op(cs, IOAS_OP_DETACH, 0));
}

static void test_covers_detached(void **state)
{
	struct cs *cs = mapped_idle(state);
	uint64_t op = cs->op, start = cs->start;

	map_idle(cs, 0x10000, 0x700000);
	cs->op = op;
	cs->start = start;
	leave(cs);
	cs_expect_held(cs, RULE_DOMAIN_COVERS);
	cs->now += 2 * SECOND;
	cs_query(cs);
	map_idle(cs, 0x20000, 0x800000);
	cs_expect_none(cs);
}

static void test_covers_idle(void **state)
{
	struct cs *cs = mapped_idle(state);

	map_idle(cs, 0x10000, 0x700000);
	cs->now += SECOND;
	cs_expect_none(cs);
	map_idle(cs, 0x20000, 0x800000);
	cs_expect(cs, RULE_DOMAIN_COVERS);
	assert_non_null(strstr(cs->seen.text, "domain 30 maps 0 bytes of 8192"));
}

static void test_covers_later_detach(void **state)
{
	struct cs *cs = mapped_idle(state);

	map_idle(cs, 0x10000, 0x700000);
	cs_expect_none(cs);
	cs_begin(cs);
	leave(cs);
	cs_expect(cs, RULE_DOMAIN_COVERS);
}

static uint32_t dmabuf(struct cs *cs, uint64_t npages)
{
	struct ioas_event ev = cs_pages(cs, IOAS_EV_PAGES_NEW, ++cs->id);

	ev.body_pages.npages = npages;
	ev.body_pages.memory = IOAS_MEMORY_DMABUF;
	ev.body_pages.writable = 1;
	cs_send(cs, ev);
	return ev.body_pages.pages_id;
}

/* A dma-buf that is revoked leaves the domains, and its area stays. */
static void map_dmabuf(struct cs *cs, uint64_t iova, int64_t bytes)
{
	struct ioas_event ev;
	uint32_t id;

	cs_begin(cs);
	id = dmabuf(cs, 4);
	cs_fill(cs, iova, 4 * CS_PAGE, bytes);
	ev = shows(cs, id, iova, 4 * CS_PAGE, 0);
	cs_send(cs, ev);
	cs_end(cs, cs_map_op(cs, iova, 4 * CS_PAGE, 0, 0));
}

static void test_covers_revoked(void **state)
{
	uint32_t id;
	struct cs *cs = iommufd(state, &id);

	cs_attach_domain(cs, 30, 31, CS_PAGE);
	map_dmabuf(cs, 0x50000, 0);
	cs_expect_held(cs, RULE_DOMAIN_COVERS);
	map_dmabuf(cs, 0x60000, 9 * CS_PAGE);
	cs_expect(cs, RULE_DOMAIN_COVERS);
}

/* ---- R-43, R-44 ---- */

static void test_in_pages(void **state)
{
	uint32_t id;
	struct cs *cs = iommufd(state, &id);

	change(cs, shows(cs, id, 0x50000, 2 * CS_PAGE, 14 * CS_PAGE));
	change(cs, shows(cs, id, 0x60000, 0x800, 16 * CS_PAGE - 0x800));
	cs_expect_held(cs, RULE_AREA_IN_PAGES);
	change(cs, shows(cs, id, 0x70000, 2 * CS_PAGE, 15 * CS_PAGE));
	cs_expect(cs, RULE_AREA_IN_PAGES);
	assert_non_null(strstr(cs->seen.text, "ends in page 16"));
}

static void test_writable(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_iommufd(cs);
	ev = cs_pages(cs, IOAS_EV_PAGES_NEW, 77);
	ev.body_pages.npages = 4;
	ev.body_pages.memory = IOAS_MEMORY_USER;
	ev.body_pages.va = 0x900000;
	change(cs, ev);
	ev = shows(cs, 77, 0x50000, CS_PAGE, 0);
	ev.body_area.prot = IOAS_PROT_READ;
	change(cs, ev);
	cs_expect_held(cs, RULE_AREA_WRITABLE);
	change(cs, shows(cs, 77, 0x60000, CS_PAGE, 0));
	cs_expect(cs, RULE_AREA_WRITABLE);
}

/* ---- R-45 ---- */

static void test_pages_end(void **state)
{
	uint32_t id;
	struct cs *cs = iommufd(state, &id);

	cs_unmap(cs, 0x10000, 16 * CS_PAGE);
	cs_expect_held(cs, RULE_PAGES_END);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	id = mirror_area_pages(mirror_area_at(cs_ioas(cs), 0x10000))->id;
	change(cs, cs_pages(cs, IOAS_EV_PAGES_GONE, id));
	cs_expect(cs, RULE_PAGES_END);
	assert_non_null(strstr(cs->seen.text, "and 1 areas show it"));
}

static void test_pages_end_pinned(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_iommufd(cs);
	ev = cs_pages(cs, IOAS_EV_PAGES_NEW, 77);
	ev.body_pages.npages = 4;
	ev.body_pages.memory = IOAS_MEMORY_FILE;
	change(cs, ev);
	ev.kind = IOAS_EV_PAGES_PINNED;
	ev.body_pages.pinned = 2;
	change(cs, ev);
	cs_expect_none(cs);
	change(cs, cs_pages(cs, IOAS_EV_PAGES_GONE, 77));
	cs_expect(cs, RULE_PAGES_END);
	assert_non_null(strstr(cs->seen.text, "with 2 pages pinned"));
}

/* From an mm that is gone nothing is taken back, and what is unpinned is not told. */
static void test_pages_end_mm(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open(cs, IOAS_BACKEND_COMPAT, IOAS_MODE_COVER);
	ev = cs_pages(cs, IOAS_EV_PAGES_NEW, 77);
	ev.body_pages.npages = 4;
	ev.body_pages.memory = IOAS_MEMORY_USER;
	ev.body_pages.account = IOAS_COUNTER_MM_LOCKED;
	change(cs, ev);
	ev.kind = IOAS_EV_PAGES_PINNED;
	ev.body_pages.pinned = 2;
	change(cs, ev);
	change(cs, cs_pages(cs, IOAS_EV_PAGES_GONE, 77));
	cs_expect_held(cs, RULE_PAGES_END);
}

/* ---- R-46 ---- */

static void test_dmabuf(void **state)
{
	uint32_t id;
	struct cs *cs = iommufd(state, &id);
	struct ioas_event ev;

	map_dmabuf(cs, 0x50000, 0);
	id = mirror_area_pages(mirror_area_at(cs_ioas(cs), 0x50000))->id;
	cs_expect_held(cs, RULE_DMABUF);
	ev = cs_pages(cs, IOAS_EV_PAGES_PINNED, id);
	ev.body_pages.pinned = 1;
	change(cs, ev);
	cs_expect(cs, RULE_DMABUF);
	cs->op = 0;
	cs_charge(cs, 1, id);
	cs_expect(cs, RULE_DMABUF);
	ev = cs_area(cs, IOAS_EV_AREA_SPLIT, 0x50000, 4 * CS_PAGE, 0);
	ev.body_area.at = 0x51000;
	ev.body_area.area2 = 4711;
	ev.body_area.pages_id = id;
	change(cs, ev);
	cs_expect(cs, RULE_DMABUF);
	ev = cs_pages(cs, IOAS_EV_PAGES_NEW, 77);
	ev.body_pages.npages = 4;
	ev.body_pages.memory = IOAS_MEMORY_DMABUF;
	ev.body_pages.account = IOAS_COUNTER_USER_LOCKED;
	change(cs, ev);
	cs_expect(cs, RULE_DMABUF);
}

/* ---- want of memory ---- */

static void use_type1(struct cs *cs)
{
	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	for (uint64_t i = 0; i < 4; i++)
		cs_map(cs, 0x10000 * (i + 1), CS_PAGE, 0x700000 + i * CS_PAGE);
	cs_unmap_all(cs);
	cs_map(cs, 0x10000, CS_PAGE, 0x700000);
	cs_detach(cs, 7, false);
	cs_close(cs);
}

static void use_iommufd(struct cs *cs)
{
	cs_open_iommufd(cs);
	cs_map(cs, 0x10000, 4 * CS_PAGE, 0x700000);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	cs_map(cs, 0x20000, 4 * CS_PAGE, 0x800000);
	cs_unmap(cs, 0x10000, 4 * CS_PAGE);
	cs_detach_domain(cs, 30, 31);
	cs_unmap_all(cs);
	cs_close(cs);
}

static void test_no_memory(void **state)
{
	(void)state;
	replay_without_memory(use_type1, 1);
	replay_without_memory(use_type1, SIZE_MAX / 2);
	replay_without_memory(use_iommufd, 1);
	replay_without_memory(use_iommufd, SIZE_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cs_setup, cs_teardown)
		TEST(test_pinned_area),
		TEST(test_pinned_added),
		TEST(test_pinned_pages),
		TEST(test_pin_all),
		TEST(test_pin_all_no_hardware),
		TEST(test_pin_all_detached),
		TEST(test_pin_all_stands),
		TEST(test_pin_all_later_detach),
		TEST(test_pin_all_pages),
		TEST(test_covers),
		TEST(test_covers_too_much),
		TEST(test_covers_leaving),
		TEST(test_covers_detached),
		TEST(test_covers_idle),
		TEST(test_covers_later_detach),
		TEST(test_covers_revoked),
		TEST(test_in_pages),
		TEST(test_writable),
		TEST(test_pages_end),
		TEST(test_pages_end_pinned),
		TEST(test_pages_end_mm),
		TEST(test_dmabuf),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
