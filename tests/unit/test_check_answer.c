// SPDX-License-Identifier: GPL-2.0-or-later
/* entries, splits, sums, memory addresses, options. */
#include <errno.h>

#include "check_users.h"

/* ---- R-14 ---- */

static struct ioas_event entries(struct cs *cs, uint64_t left)
{
	struct ioas_event ev = cs_event(cs, IOAS_EV_DIRTY);

	ev.body_obj.entries_left = left;
	return ev;
}

/* An op that tells how many entries are left. */
static void tell_entries(struct cs *cs, uint64_t left)
{
	cs_begin(cs);
	cs_send(cs, entries(cs, left));
	cs_end(cs, cs_op(cs, IOAS_OP_DIRTY, 0));
}

static void test_entries(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	tell_entries(cs, 65535);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	tell_entries(cs, 65534);
	cs_map(cs, 0x3000, 0x1000, 0x700000);
	cs_map(cs, 0x5000, 0x1000, 0x700000);
	tell_entries(cs, 65532);
	cs_unmap(cs, 0x3000, 0x1000);
	cs_expect_held(cs, RULE_ENTRIES);
	tell_entries(cs, 65532);
	cs_expect_none(cs); /* somebody may still be at work at that moment */
	cs_map(cs, 0x3000, 0x1000, 0x700000);
	cs_expect(cs, RULE_ENTRIES);
}

/* A map that runs while the number is read counts already, and is told later. */
static void test_entries_raced(void **state)
{
	struct cs *cs = *state;
	uint64_t op, start;

	cs_open_type1(cs, IOAS_MODE_V2);
	tell_entries(cs, 65535);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	cs_begin(cs);
	op = cs->op;
	start = cs->start;
	cs->tid++;
	tell_entries(cs, 65533);
	cs->tid--;
	cs->op = op;
	cs->start = start;
	cs_add(cs, 0x3000, 0x1000, 0x700000);
	cs_end(cs, cs_map_op(cs, 0x3000, 0x1000, 0x700000, 0));
	cs_map(cs, 0x5000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_ENTRIES);
	assert_int_equal(check_stats(cs->c)->judged[RULE_ENTRIES], 1);
}

/* UINT64_MAX: the number is not known. */
static void test_entries_not_told(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	tell_entries(cs, 65535);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	tell_entries(cs, UINT64_MAX);
	cs_map(cs, 0x3000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_ENTRIES);
}

/* ---- R-15 ---- */

static void split(struct cs *cs, uint64_t iova, uint64_t size, uint64_t cut)
{
	const struct mirror_area *area = mirror_area_at(cs_ioas(cs), iova);
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_area(cs, IOAS_EV_AREA_SPLIT, iova, size, mirror_area_va(area));
	ev.body_area.pages_id = mirror_area_pages(area)->id;
	ev.body_area.at = cut;
	ev.body_area.area2 = ++cs->id;
	cs_send(cs, ev);
	cs_end(cs, cs_op(cs, IOAS_OP_CUT, 0));
}

static void small_pages(struct cs *cs)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_event(cs, IOAS_EV_OPTION);
	ev.body_obj.option = IOAS_OPTION_HUGE_PAGES;
	cs_send(cs, ev);
	cs_end(cs, cs_op(cs, IOAS_OP_OPTION, 0));
}

static void test_split_domain(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	split(cs, 0x10000, 0x4000, 0x12000);
	cs_expect_held(cs, RULE_SPLIT);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	split(cs, 0x10000, 0x2000, 0x11000);
	cs_expect(cs, RULE_SPLIT);
}

static void test_split_small_pages(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	small_pages(cs);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	split(cs, 0x10000, 0x4000, 0x12000);
	cs_expect_held(cs, RULE_SPLIT);
}

static void test_split_access(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_attach_access(cs, 40, 1, true);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_map(cs, 0x20000, 0x4000, 0x800000);
	cs_pin(cs, 40, 0x10000, CS_PAGE);
	split(cs, 0x20000, 0x4000, 0x22000);
	cs_expect_held(cs, RULE_SPLIT);
	split(cs, 0x10000, 0x4000, 0x12000);
	cs_expect(cs, RULE_SPLIT);
}

static void test_split_memory(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_iommufd(cs);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_map(cs, 0x20000, 0x4000, 0x800000);
	cs_begin(cs);
	ev = cs_area(cs, IOAS_EV_AREA_SPLIT, 0x10000, 0x4000, 0x700000);
	ev.body_area.pages_id = mirror_area_pages(mirror_area_at(cs_ioas(cs), 0x20000))->id;
	ev.body_area.at = 0x12000;
	cs_send(cs, ev);
	cs_expect(cs, RULE_SPLIT);
}

/* ---- R-28 ---- */

static void test_sums(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_map(cs, 0x20000, 0x4000, 0x700000);
	cs_unmap(cs, 0x10000, 0x4000);
	cs_expect_held(cs, RULE_OP_SUMS);
	cs_begin(cs);
	cs_remove(cs, 0x20000);
	ev = cs_unmap_op(cs, 0x20000, 0x4000, 0);
	ev.body_op.areas = 2;
	cs_end(cs, ev);
	cs_expect(cs, RULE_OP_SUMS);
}

static void test_sums_bytes(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_iommufd(cs);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_begin(cs);
	cs_remove(cs, 0x10000);
	ev = cs_unmap_op(cs, 0x10000, 0x4000, 0);
	ev.body_op.removed = 0x3000;
	cs_end(cs, ev);
	cs_expect(cs, RULE_OP_SUMS);
}

static void test_sums_pins(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_begin(cs);
	cs_add(cs, 0x10000, 0x4000, 0x700000);
	ev = cs_map_op(cs, 0x10000, 0x4000, 0x700000, 0);
	ev.body_op.pinned = 5;
	cs_end(cs, ev);
	cs_expect(cs, RULE_OP_SUMS);
}

/* What was pinned and let go again counts in both of an op's sums. */
static void test_sums_pins_taken_back(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_begin(cs);
	ev = cs_map_op(cs, 0x10000, 0x4000, 0x700000, -ENOMEM);
	ev.body_op.pinned = 3;
	ev.body_op.unpinned = 3;
	cs_end(cs, ev);
	cs_expect_held(cs, RULE_OP_SUMS);
}

static void test_sums_client(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 8, true);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_pin(cs, 8, 0x10000, 0x2000);
	cs_unpin(cs, 8, 0x10000, 0x1000);
	cs_expect_held(cs, RULE_OP_SUMS);
	cs_begin(cs);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 8, 0x11000, 0x1000));
	cs_client_memory(cs, 0x11000, -1);
	ev = cs_client_op(cs, IOAS_OP_UNPIN, 8, 0x11000, 0x1000, 0);
	ev.body_op.unpinned = 2;
	cs_end(cs, ev);
	cs_expect(cs, RULE_OP_SUMS);
}

/* ---- R-29 ---- */

static void vaddr_unmap(struct cs *cs, uint64_t iova, uint64_t size)
{
	struct ioas_event ev;

	cs_begin(cs);
	cs_send(cs, cs_area(cs, IOAS_EV_VADDR_INVALID, iova, size, 0));
	ev = cs_unmap_op(cs, iova, size, 0);
	ev.body_op.uapi_flags = 4;
	ev.body_op.returned = size;
	cs_end(cs, ev);
}

static void vaddr_map(struct cs *cs, uint64_t iova, uint64_t size, uint64_t va)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_area(cs, IOAS_EV_AREA_UPDATE, iova, size, va);
	ev.body_area.prot = IOAS_PROT_READ | IOAS_PROT_WRITE;
	cs_send(cs, ev);
	ev = cs_map_op(cs, iova, size, va, 0);
	ev.body_op.uapi_flags = 4;
	ev.body_op.prot = 0;
	cs_end(cs, ev);
}

static void test_vaddr(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	vaddr_unmap(cs, 0x10000, 0x4000);
	vaddr_map(cs, 0x10000, 0x4000, 0x900000);
	cs_expect_held(cs, RULE_VADDR);
	vaddr_map(cs, 0x10000, 0x4000, 0xa00000);
	cs_expect(cs, RULE_VADDR);
}

static void test_vaddr_cuts(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	vaddr_unmap(cs, 0x10000, 0x2000);
	cs_expect(cs, RULE_VADDR);
}

static void test_vaddr_mediated(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_attach(cs, 8, true);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	vaddr_unmap(cs, 0x10000, 0x4000);
	cs_expect(cs, RULE_VADDR);
}

/* Told outside of the lock: two at once may be seen in the wrong order. */
static void test_vaddr_raced(void **state)
{
	struct cs *cs = *state;
	struct ioas_event map;
	uint64_t op, start;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_begin(cs);
	op = cs->op;
	start = cs->start;
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_UPDATE, 0x10000, 0x4000, 0x900000));
	cs->tid++;
	vaddr_unmap(cs, 0x10000, 0x4000);
	cs->tid--;
	cs->op = op;
	cs->start = start;
	map = cs_map_op(cs, 0x10000, 0x4000, 0x900000, 0);
	map.body_op.uapi_flags = 4;
	cs_end(cs, map);
	cs_expect_none(cs);
}

/* ---- R-30 ---- */

static void set_rlimit_mode(struct cs *cs)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_event(cs, IOAS_EV_OPTION);
	ev.ioas = 0;
	ev.body_obj.option = IOAS_OPTION_RLIMIT_MODE;
	ev.body_obj.value = 1;
	cs_send(cs, ev);
	ev = cs_op(cs, IOAS_OP_OPTION, 0);
	ev.ioas = 0;
	cs_end(cs, ev);
}

static void test_option_rlimit(void **state)
{
	struct cs *cs = *state;

	cs->backend = IOAS_BACKEND_IOMMUFD;
	cs->ctx = 1;
	cs_send(cs, cs_event(cs, IOAS_EV_CTX_NEW));
	set_rlimit_mode(cs);
	cs_expect_held(cs, RULE_OPTIONS);
	cs_open_as(cs, 4, 5, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	set_rlimit_mode(cs);
	cs_expect(cs, RULE_OPTIONS);
}

static void test_option_huge_pages(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	small_pages(cs);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	small_pages(cs); /* it is so already */
	cs_expect_held(cs, RULE_OPTIONS);
	cs_open_as(cs, 4, 5, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	small_pages(cs);
	cs_expect(cs, RULE_OPTIONS);
}

static void change_process(struct cs *cs, uint32_t pages, unsigned int memory)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_pages(cs, IOAS_EV_PAGES_OWNER, pages);
	ev.body_pages.memory = memory;
	ev.body_pages.owner = 6;
	ev.body_pages.account = IOAS_COUNTER_USER_LOCKED;
	cs_send(cs, ev);
	cs_end(cs, cs_op(cs, IOAS_OP_CHANGE_PROCESS, 0));
}

static void test_change_process(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_iommufd(cs);
	ev = cs_pages(cs, IOAS_EV_PAGES_NEW, 900);
	ev.body_pages.npages = 4;
	ev.body_pages.memory = IOAS_MEMORY_FILE;
	ev.body_pages.account = IOAS_COUNTER_USER_LOCKED;
	cs_send(cs, ev);
	change_process(cs, 900, IOAS_MEMORY_FILE);
	cs_expect_held(cs, RULE_OPTIONS);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	change_process(cs, mirror_area_pages(mirror_area_at(cs_ioas(cs), 0x10000))->id,
		       IOAS_MEMORY_USER);
	cs_expect(cs, RULE_OPTIONS);
}

#define T(test) cmocka_unit_test_setup_teardown(test, cs_setup_same_memory, cs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_entries),
		T(test_entries_raced),
		T(test_entries_not_told),
		T(test_split_domain),
		T(test_split_small_pages),
		T(test_split_access),
		T(test_split_memory),
		T(test_sums),
		T(test_sums_bytes),
		T(test_sums_pins),
		T(test_sums_pins_taken_back),
		T(test_sums_client),
		T(test_vaddr),
		T(test_vaddr_cuts),
		T(test_vaddr_mediated),
		T(test_vaddr_raced),
		T(test_option_rlimit),
		T(test_option_huge_pages),
		T(test_change_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
