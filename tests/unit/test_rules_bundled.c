// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the bundled backend keeps other promises than iommufd, rule by rule. */
#include "check_users.h"

#include <errno.h>

/* Pages objects by hand: the helpers know one owner of each. */
static struct cs *open_mode(void **state, unsigned int mode)
{
	struct cs *cs = *state;

	cs_open(cs, IOAS_BACKEND_BUNDLED, mode);
	return cs;
}

static struct cs *with_client(void **state)
{
	struct cs *cs = open_mode(state, IOAS_MODE_ANY);

	cs_attach_access(cs, 40, CS_PAGE, true);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	return cs;
}

/* ---- addresses and lengths, not where the memory begins ---- */

static void copy_at(struct cs *cs, uint64_t iova, uint32_t pages, uint64_t at)
{
	struct ioas_event ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, 4 * CS_PAGE, 0x700000 + at);

	ev.op = 0;
	ev.body_area.pages_id = pages;
	ev.body_area.at = at;
	cs_send(cs, ev);
}

static void test_alignment(void **state)
{
	struct cs *cs = open_mode(state, IOAS_MODE_ANY);
	uint32_t pages;

	cs_attach_access(cs, 40, 4 * CS_PAGE, true);
	pages = cs_pages_new(cs, 0x700000, 16 * CS_PAGE);
	copy_at(cs, 0x40000, pages, CS_PAGE);
	cs_expect_held(cs, RULE_AREA_ALIGNMENT);
	copy_at(cs, 0x81000, pages, 0);
	cs_expect(cs, RULE_AREA_ALIGNMENT);
}

/* ---- what is set aside is given to who names it ---- */

static void chosen(struct cs *cs, uint64_t iova)
{
	struct ioas_event ev;

	cs_begin(cs);
	cs_add(cs, iova, CS_PAGE, 0x700000);
	ev = cs_map_op(cs, iova, CS_PAGE, 0x700000, 0);
	ev.flags = 0;
	cs_end(cs, ev);
	cs_unmap(cs, iova, CS_PAGE);
}

static void test_chosen(void **state)
{
	struct cs *cs = open_mode(state, IOAS_MODE_COVER);
	struct ioas_event ev =
		cs_range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0x10000, 0x1ffff);

	cs_send(cs, ev);
	chosen(cs, 0x10000);
	cs_expect_held(cs, RULE_ALLOCATED_IOVA);
	chosen(cs, 0x40000);
	cs_expect(cs, RULE_ALLOCATED_IOVA);
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_CLAIMED, 0x40000, 0x40fff));
	chosen(cs, 0x40000);
	cs_expect_none(cs);
	chosen(cs, 0x41000);
	cs_expect(cs, RULE_ALLOCATED_IOVA);
}

/* The first page is as good as any. */
static void test_chosen_first(void **state)
{
	struct cs *cs = open_mode(state, IOAS_MODE_COVER);

	chosen(cs, 0);
	cs_expect_held(cs, RULE_ALLOCATED_IOVA);
}

/* ---- clients stay in what is left ---- */

static void split(struct cs *cs, uint64_t iova, uint64_t at)
{
	const struct mirror_area *area = mirror_area_at(cs_ioas(cs), iova);
	struct ioas_event ev =
		cs_area(cs, IOAS_EV_AREA_SPLIT, iova, area->node.last - area->node.start + 1,
			mirror_area_va(area));

	ev.op = 0;
	ev.body_area.prot = area->prot;
	ev.body_area.area = area->number;
	ev.body_area.area2 = ++cs->id;
	ev.body_area.pages_id = mirror_area_pages(area)->id;
	ev.body_area.owner_tgid = 100;
	ev.body_area.owner_uid = 1000;
	ev.body_area.at = at;
	cs_send(cs, ev);
}

static void test_split(void **state)
{
	struct cs *cs = with_client(state);

	cs_pin(cs, 40, 0x10000, CS_PAGE);
	split(cs, 0x10000, 0x14000);
	cs_expect_held(cs, RULE_SPLIT);
}

/* A device that may map large pages would be in its way: those of this backend say they do not. */
static void test_split_devices(void **state)
{
	struct cs *cs = with_client(state);
	struct ioas_event ev;

	cs_attach_domain(cs, 30, 31, CS_PAGE);
	split(cs, 0x10000, 0x14000);
	cs_expect(cs, RULE_SPLIT);
	ev = cs_event(cs, IOAS_EV_OPTION);
	ev.body_obj.option = IOAS_OPTION_HUGE_PAGES;
	ev.op = 0;
	cs_send(cs, ev);
	cs->found = 0; /* too late, here */
	memset(cs->by_rule, 0, sizeof(cs->by_rule));
	split(cs, 0x14000, 0x15000);
	cs_expect_none(cs);
}

/* ---- a failure unpins what somebody has let go of meanwhile ---- */

static void attach_fails(struct cs *cs, bool meanwhile)
{
	uint64_t op;

	cs_pin(cs, 40, 0x10000, CS_PAGE);
	cs_begin(cs);
	op = cs->op;
	if (meanwhile) {
		cs->op = ++cs->ops;
		cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 40, 0x10000, CS_PAGE));
		cs->op = op;
	}
	cs_client_memory(cs, 0x10000, -1);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, -EFAULT));
}

static void test_attach_fails(void **state)
{
	struct cs *cs = with_client(state);

	attach_fails(cs, true);
	cs_expect_held(cs, RULE_ATTACH_ATOMIC);
	attach_fails(cs, false);
	cs_expect(cs, RULE_ATTACH_ATOMIC);
	assert_non_null(strstr(cs->seen.text, "pages pinned or unpinned"));
}

/* ---- an unpin that is refused ---- */

static void refused(struct cs *cs, uint64_t iova, int64_t result)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_op(cs, IOAS_OP_UNPIN, result);
	ev.body_op.iova = iova;
	ev.body_op.size = CS_PAGE;
	cs_end(cs, ev);
}

static void test_unpin_refused(void **state)
{
	struct cs *cs = with_client(state);

	cs_pin(cs, 40, 0x10000, CS_PAGE);
	cs_unpin(cs, 40, 0x10000, CS_PAGE);
	cs_expect_none(cs);
	refused(cs, 0x10000, -ENOENT);
	cs_expect(cs, RULE_UNPIN_MATCH);
	assert_non_null(strstr(cs->seen.text, "[0x10000, 0x10fff] was refused"));
	refused(cs, 0x10000, -EINTR);
	cs_expect_none(cs);
}

static struct ioas_event notify_op(struct cs *cs, uint64_t iova, uint32_t client, uint32_t rounds)
{
	struct ioas_event ev = cs_op(cs, IOAS_OP_NOTIFY, 0);

	ev.body_op.iova = iova;
	ev.body_op.size = CS_PAGE;
	ev.body_op.group = client;
	ev.body_op.areas = rounds;
	ev.body_op.removed = 0;
	return ev;
}

/* What an unmap has taken back, its client may still believe to have. */
static void test_unpin_let_go(void **state)
{
	struct cs *cs = with_client(state);

	cs_pin(cs, 40, 0x10000, CS_PAGE);
	cs_begin(cs);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 40, 0x10000, CS_PAGE));
	cs_client_memory(cs, 0x10000, -1);
	cs_end(cs, notify_op(cs, 0x10000, 40, 1));
	refused(cs, 0x10000, -ENOENT);
	cs_expect_none(cs);
}

/* ---- one client is asked, and it answers for its own ---- */

static void test_notify(void **state)
{
	struct cs *cs = with_client(state);

	cs_attach_access(cs, 41, CS_PAGE, false);
	cs_pin(cs, 41, 0x10000, CS_PAGE);
	cs_begin(cs);
	cs_end(cs, notify_op(cs, 0x10000, 40, 1));
	cs_expect_held(cs, RULE_NOTIFY);
	cs_begin(cs);
	cs_end(cs, notify_op(cs, 0x10000, 41, 1));
	cs_expect(cs, RULE_NOTIFY);
}

static void test_notify_rounds(void **state)
{
	struct cs *cs = with_client(state);

	cs_begin(cs);
	cs_end(cs, notify_op(cs, 0x10000, 40, 20));
	cs_expect_held(cs, RULE_NOTIFY);
	cs_begin(cs);
	cs_end(cs, notify_op(cs, 0x10000, 40, 21));
	cs_expect(cs, RULE_NOTIFY);
}

/* ---- each IOAS has its own way of paying ---- */

static void test_charge_mode(void **state)
{
	static const uint32_t fine[] = { IOAS_COUNTER_USER_LOCKED, IOAS_COUNTER_MM_LOCKED,
					 IOAS_COUNTER_NONE };
	struct cs *cs = open_mode(state, IOAS_MODE_COVER);
	struct ioas_event ev = cs_pages(cs, IOAS_EV_PAGES_NEW, 70);

	ev.body_pages.npages = 1;
	ev.body_pages.memory = IOAS_MEMORY_USER;
	ev.body_pages.owner = CS_OWNER;
	for (size_t i = 0; i < 3; i++) {
		ev.body_pages.pages_id++;
		ev.body_pages.account = fine[i];
		cs_send(cs, ev);
	}
	cs_expect_held(cs, RULE_CHARGE_MODE);
	ev.body_pages.pages_id++;
	ev.body_pages.account = IOAS_COUNTER_MM_PINNED;
	cs_send(cs, ev);
	cs_expect(cs, RULE_CHARGE_MODE);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, cs_setup_same_memory, cs_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_alignment),	  TEST(test_chosen),	    TEST(test_chosen_first),
		TEST(test_split),	  TEST(test_split_devices), TEST(test_unpin_refused),
		TEST(test_attach_fails),  TEST(test_unpin_let_go),  TEST(test_notify),
		TEST(test_notify_rounds), TEST(test_charge_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
