// SPDX-License-Identifier: GPL-2.0-or-later
/* The ioctls of a VFIO container on a file of /dev/iommu: what the rules make of them. */
#include <errno.h>

#include "check_users.h"

#define GET_INFO 0x3b70 /* linux/vfio.h */
#define MAP 0x3b71
#define UNMAP 0x3b72
#define CHECK_EXTENSION 0x3b65
#define LARGE 1
#define SMALL 0

/* The op is one of VFIO, its changes and its context are iommufd's. */
static struct ioas_event as_vfio(struct ioas_event ev, uint32_t cmd)
{
	ev.backend = IOAS_BACKEND_COMPAT;
	ev.body_op.cmd = cmd;
	return ev;
}

static void set_pages(struct cs *cs, uint64_t value)
{
	struct ioas_event ev = cs_event(cs, IOAS_EV_OPTION);

	ev.body_obj.option = IOAS_OPTION_HUGE_PAGES;
	ev.body_obj.value = value;
	cs_send(cs, ev);
}

static void open_pages(struct cs *cs, uint64_t value)
{
	cs_open_iommufd(cs);
	cs_begin(cs);
	set_pages(cs, value);
	cs_end(cs, as_vfio(cs_op(cs, IOAS_OP_SET_IOMMU, 0), 0x3b66));
	cs_map(cs, 0x10000, 0x4000, 0x700000);
}

/* An unmap that removes nothing. */
static void refused(struct cs *cs, uint64_t iova, uint64_t size, uint32_t cmd)
{
	cs_begin(cs);
	cs_end(cs, as_vfio(cs_unmap_op(cs, iova, size, -ENOENT), cmd));
}

static void split(struct cs *cs, uint64_t iova, uint64_t last, uint64_t at, uint64_t va)
{
	struct ioas_event ev = cs_area(cs, IOAS_EV_AREA_SPLIT, iova, last - iova + 1, va);

	ev.body_area.pages_id = mirror_area_pages(mirror_area_at(cs_ioas(cs), iova))->id;
	ev.body_area.at = at;
	ev.body_area.area2 = ++cs->id;
	cs_send(cs, ev);
}

/* v1: the middle goes, after cuts at its end and at its beginning. */
static void test_v1_splits(void **state)
{
	struct cs *cs = *state;
	const struct mirror_area *right;

	open_pages(cs, SMALL);
	cs_begin(cs);
	split(cs, 0x10000, 0x13fff, 0x13000, 0x700000);
	split(cs, 0x10000, 0x12fff, 0x11000, 0x700000);
	cs_remove(cs, 0x11000);
	cs_end(cs, as_vfio(cs_unmap_op(cs, 0x11000, 0x2000, 0), UNMAP));
	cs_expect_held(cs, RULE_UNMAP_SIZE);
	assert_int_equal(mirror_area_count(cs_ioas(cs)), 2);
	right = mirror_area_at(cs_ioas(cs), 0x13000);
	assert_int_equal(mirror_area_va(right), 0x703000);
	assert_int_equal(mirror_area_offset(right), 0x3000);
}

static void test_v1_does_not_split(void **state)
{
	struct cs *cs = *state;

	open_pages(cs, SMALL);
	refused(cs, 0x18000, 0x1000, UNMAP); /* older kernels: nothing is there */
	cs_expect_held(cs, RULE_UNMAP_SIZE);
	refused(cs, 0x11000, 0x1000, UNMAP);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

/* The kernel cuts between pages, and then it may stop at what it has not cut. */
static void test_v1_inside_a_page(void **state)
{
	struct cs *cs = *state;

	open_pages(cs, SMALL);
	refused(cs, 0xf001, 0x1000, UNMAP);
	cs_expect_held(cs, RULE_UNMAP_SIZE);
}

static void test_v2_does_not_split(void **state)
{
	struct cs *cs = *state;

	open_pages(cs, LARGE);
	refused(cs, 0x11000, 0x1000, UNMAP);
	cs_expect_held(cs, RULE_UNMAP_SIZE);
}

/* iommufd's own ioctl splits nothing, whatever the pages. */
static void test_own_unmap(void **state)
{
	struct cs *cs = *state;

	open_pages(cs, SMALL);
	refused(cs, 0x11000, 0x1000, 0);
	cs_begin(cs);
	cs_end(cs, cs_unmap_op(cs, 0x11000, 0x1000, -ENOENT));
	cs_expect_held(cs, RULE_UNMAP_SIZE);
}

/* Another task asks for v1 while an unmap runs that found large pages. */
static void test_v1_meanwhile(void **state)
{
	struct cs *cs = *state;
	uint64_t op, start;

	open_pages(cs, LARGE);
	cs_begin(cs);
	op = cs->op;
	start = cs->start;
	cs->tid++;
	cs_begin(cs);
	set_pages(cs, SMALL);
	cs_end(cs, as_vfio(cs_op(cs, IOAS_OP_SET_IOMMU, 0), 0x3b66));
	cs->tid--;
	cs->op = op;
	cs->start = start;
	cs_end(cs, as_vfio(cs_unmap_op(cs, 0x11000, 0x1000, -ENOENT), UNMAP));
	cs_expect_none(cs);
	refused(cs, 0x11000, 0x1000, UNMAP);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

/* Once they were large again, it is not sure when. */
static void test_large_again(void **state)
{
	struct cs *cs = *state;

	open_pages(cs, SMALL);
	cs_begin(cs);
	set_pages(cs, LARGE);
	set_pages(cs, SMALL);
	cs_end(cs, cs_op(cs, IOAS_OP_OPTION, 0));
	refused(cs, 0x11000, 0x1000, UNMAP);
	cs_expect_none(cs);
	cs_begin(cs);
	cs_end(cs, as_vfio(cs_unmap_op(cs, 0x10000, 0x4000, 0), UNMAP));
	cs_expect(cs, RULE_UNMAP_SIZE); /* but what went is what should */
}

/* A map that succeeds, of memory that nothing may be done with. */
static void map_nothing(struct cs *cs, uint64_t iova, bool vfio)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, CS_PAGE, 0x700000);
	ev.body_area.pages_id = cs_pages_new(cs, 0x700000, CS_PAGE);
	ev.body_area.prot = 0;
	cs_send(cs, ev);
	ev = cs_map_op(cs, iova, CS_PAGE, 0x700000, 0);
	ev.body_op.prot = 0;
	cs_end(cs, vfio ? as_vfio(ev, MAP) : ev);
}

/* The ioctl of VFIO permits it. */
static void test_no_permission(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	map_nothing(cs, 0x10000, true);
	cs_expect_held(cs, RULE_MAP_ANSWER);
	map_nothing(cs, 0x20000, false);
	cs_expect(cs, RULE_MAP_PROT);
}

/* Only the container's info says which ranges are valid. */
static void test_what_asks(void **state)
{
	static const uint32_t cmds[] = { GET_INFO, CHECK_EXTENSION };
	struct cs *cs = *state;

	cs->never_asks = true;
	cs_open_iommufd(cs);
	cs_query(cs);
	for (size_t i = 0; i < 2; i++) {
		cs_attach_domain(cs, 30 + 2 * (uint32_t)i, 31 + 2 * (uint32_t)i, CS_PAGE);
		cs_begin(cs);
		cs_end(cs, as_vfio(cs_op(cs, IOAS_OP_QUERY, 0), cmds[i]));
		cs_map(cs, 0x10000 * (i + 1), 0x1000, 0x700000 + 0x10000 * i);
		if (cmds[i] == GET_INFO)
			cs_expect_held(cs, RULE_QUERY_AFTER_ATTACH);
		else
			cs_expect(cs, RULE_QUERY_AFTER_ATTACH);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, cs_setup_same_memory, cs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_v1_splits),	   T(test_v1_does_not_split), T(test_v1_inside_a_page),
		T(test_v2_does_not_split), T(test_own_unmap),	      T(test_v1_meanwhile),
		T(test_large_again),	   T(test_no_permission),     T(test_what_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
