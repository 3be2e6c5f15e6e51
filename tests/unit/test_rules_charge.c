// SPDX-License-Identifier: GPL-2.0-or-later
/* who pays. */
#include "again.h"

#define SECOND 1000000000ULL
#define VADDR 4 /* VFIO_DMA_MAP_FLAG_VADDR */

/* Only the change: what its op says is for others. */
static void change(struct cs *cs, struct ioas_event ev)
{
	ev.op = 0;
	cs_send(cs, ev);
}

static struct ioas_event charge(struct cs *cs, uint32_t pages_id, int64_t pages, uint32_t owner,
				unsigned int counter)
{
	struct ioas_event ev = cs_event(cs, IOAS_EV_CHARGE);

	ev.body_charge.pages_id = pages_id;
	ev.body_charge.pages = pages;
	ev.body_charge.owner = owner;
	ev.body_charge.counter = counter;
	ev.body_charge.owner_tgid = 100;
	ev.body_charge.owner_uid = 1000;
	return ev;
}

static struct ioas_event memory(struct cs *cs, unsigned int account)
{
	struct ioas_event ev = cs_pages(cs, IOAS_EV_PAGES_NEW, ++cs->id);

	ev.body_pages.npages = 16;
	ev.body_pages.memory = IOAS_MEMORY_FILE;
	ev.body_pages.account = account;
	ev.body_pages.owner = CS_OWNER;
	ev.body_pages.writable = 1;
	return ev;
}

static uint32_t new_memory(struct cs *cs, unsigned int account)
{
	struct ioas_event ev = memory(cs, account);

	change(cs, ev);
	return ev.body_pages.pages_id;
}

/* ---- R-47 ---- */

static void rlimit_mode(struct cs *cs, uint64_t value)
{
	struct ioas_event ev = cs_event(cs, IOAS_EV_OPTION);

	ev.ioas = 0;
	ev.body_obj.option = IOAS_OPTION_RLIMIT_MODE;
	ev.body_obj.value = value;
	change(cs, ev);
}

static void open_ctx(struct cs *cs, uint8_t backend)
{
	cs->ctx = 1;
	cs->ioas = 2;
	cs->backend = backend;
	cs_send(cs, cs_event(cs, IOAS_EV_CTX_NEW));
}

static void test_mode_user(void **state)
{
	struct cs *cs = *state;

	open_ctx(cs, IOAS_BACKEND_IOMMUFD);
	new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	new_memory(cs, IOAS_COUNTER_NONE);
	cs_expect_held(cs, RULE_CHARGE_MODE);
	new_memory(cs, IOAS_COUNTER_MM_LOCKED);
	cs_expect(cs, RULE_CHARGE_MODE);
	new_memory(cs, IOAS_COUNTER_MM_PINNED);
	cs_expect(cs, RULE_CHARGE_MODE);
}

static void test_mode_mm(void **state)
{
	struct cs *cs = *state;

	open_ctx(cs, IOAS_BACKEND_IOMMUFD);
	rlimit_mode(cs, 1);
	new_memory(cs, IOAS_COUNTER_MM_LOCKED);
	new_memory(cs, IOAS_COUNTER_NONE);
	cs_expect_held(cs, RULE_CHARGE_MODE);
	new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	cs_expect(cs, RULE_CHARGE_MODE);
}

static void test_mode_compat(void **state)
{
	struct cs *cs = *state;

	open_ctx(cs, IOAS_BACKEND_COMPAT);
	new_memory(cs, IOAS_COUNTER_MM_LOCKED);
	cs_expect_held(cs, RULE_CHARGE_MODE);
}

/* Which option a context from before has is not known. */
static void test_mode_adopted(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs->ctx = 1;
	cs->ioas = 2;
	cs->backend = IOAS_BACKEND_IOMMUFD;
	ev = cs_event(cs, IOAS_EV_CTX_NEW);
	ev.flags = IOAS_F_ADOPTED;
	cs_send(cs, ev);
	new_memory(cs, IOAS_COUNTER_MM_LOCKED);
	cs_expect_none(cs);
}

static void test_mode_stays(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;
	uint32_t id;

	cs_open_iommufd(cs);
	id = new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	ev = cs_pages(cs, IOAS_EV_PAGES_OWNER, id);
	ev.body_pages.owner = 6;
	ev.body_pages.account = IOAS_COUNTER_USER_LOCKED;
	change(cs, ev);
	cs_expect_held(cs, RULE_CHARGE_MODE);
	ev.body_pages.account = IOAS_COUNTER_NONE;
	change(cs, ev);
	cs_expect(cs, RULE_CHARGE_MODE);
}

static void test_mode_counter(void **state)
{
	struct cs *cs = *state;
	uint32_t id;

	cs_open_iommufd(cs);
	id = new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	change(cs, charge(cs, id, 4, CS_OWNER, IOAS_COUNTER_USER_LOCKED));
	change(cs, charge(cs, id, 4, 9, IOAS_COUNTER_MM_PINNED));
	cs_expect_held(cs, RULE_CHARGE_MODE);
	change(cs, charge(cs, id, 4, CS_OWNER, IOAS_COUNTER_MM_LOCKED));
	cs_expect(cs, RULE_CHARGE_MODE);
}

/* An op that pins four pages of memory whose owner is CS_OWNER, and charges `owner`. */
static void charge_op(struct cs *cs, uint32_t id, uint32_t owner, unsigned int what)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_pages(cs, IOAS_EV_PAGES_PINNED, id);
	ev.body_pages.pinned = 4;
	cs_send(cs, ev);
	cs_send(cs, charge(cs, id, 4, owner, IOAS_COUNTER_USER_LOCKED));
	cs_end(cs, cs_op(cs, what, 0));
}

static void test_mode_owner(void **state)
{
	struct cs *cs = *state;
	uint32_t id;

	cs_open_iommufd(cs);
	id = new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	charge_op(cs, id, CS_OWNER, IOAS_OP_PIN);
	charge_op(cs, id, 6, IOAS_OP_CHANGE_PROCESS);
	cs_begin(cs);
	cs_send(cs, charge(cs, id, -4, CS_OWNER, IOAS_COUNTER_USER_LOCKED));
	cs_end(cs, cs_op(cs, IOAS_OP_CHANGE_PROCESS, 0));
	cs_expect_held(cs, RULE_CHARGE_MODE);
	charge_op(cs, id, 6, IOAS_OP_PIN);
	cs_expect(cs, RULE_CHARGE_MODE);
	assert_non_null(strstr(cs->seen.text, "charges owner 6"));
}

/* ---- R-48, pages objects ---- */

static void pin_memory(struct cs *cs, uint32_t id, int64_t pages)
{
	struct ioas_event ev = cs_pages(cs, IOAS_EV_PAGES_PINNED, id);

	ev.body_pages.pinned = pages;
	cs_send(cs, ev);
}

static void pay(struct cs *cs, uint32_t id, int64_t pages)
{
	cs_send(cs, charge(cs, id, pages, CS_OWNER, IOAS_COUNTER_USER_LOCKED));
}

static void test_balance_op(void **state)
{
	struct cs *cs = *state;
	uint32_t a, b, free;

	cs_open_iommufd(cs);
	a = new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	b = new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	free = new_memory(cs, IOAS_COUNTER_NONE);
	cs_begin(cs);
	pin_memory(cs, a, 3);
	pin_memory(cs, b, 5);
	pin_memory(cs, free, 7);
	pin_memory(cs, a, 1);
	pay(cs, b, 5);
	pay(cs, a, 4);
	cs_send(cs, charge(cs, a, 4, 9, IOAS_COUNTER_MM_PINNED));
	cs_end(cs, cs_op(cs, IOAS_OP_PIN, 0));
	cs_expect_held(cs, RULE_CHARGE_BALANCE);
	/* The sums of both come out even, their parts do not. */
	cs_begin(cs);
	pay(cs, a, 2);
	pin_memory(cs, a, 1);
	pin_memory(cs, b, 1);
	cs_end(cs, cs_op(cs, IOAS_OP_PIN, 0));
	assert_int_equal(cs->by_rule[RULE_CHARGE_BALANCE], 2);
	assert_int_equal(cs->found, 2);
	/* Only what an op did itself is held against it. */
	cs_begin(cs);
	pin_memory(cs, b, 1);
	pay(cs, b, 1);
	cs_end(cs, cs_op(cs, IOAS_OP_PIN, 0));
	assert_int_equal(cs->found, 2);
}

/* Two ops at the same memory at once: each comes out even for itself. */
static void test_balance_ops(void **state)
{
	struct cs *cs = *state;
	uint64_t first, start;
	uint32_t id;

	cs_open_iommufd(cs);
	id = new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	cs_begin(cs);
	first = cs->op;
	start = cs->start;
	pin_memory(cs, id, 2);
	cs_begin(cs);
	cs->tid = 102;
	pin_memory(cs, id, 3);
	pay(cs, id, 3);
	cs_end(cs, cs_op(cs, IOAS_OP_PIN, 0));
	cs_expect_held(cs, RULE_CHARGE_BALANCE);
	cs->tid = 101;
	cs->op = first;
	cs->start = start;
	pay(cs, id, 1);
	cs_end(cs, cs_op(cs, IOAS_OP_PIN, 0));
	cs_expect(cs, RULE_CHARGE_BALANCE);
	assert_non_null(strstr(cs->seen.text, "has 1 pages pinned by this op"));
}

/* Nobody can take back from an mm that is gone; more than is pinned is too much all the same. */
static void test_balance_mm(void **state)
{
	struct cs *cs = *state;
	uint32_t id;

	open_ctx(cs, IOAS_BACKEND_COMPAT);
	id = new_memory(cs, IOAS_COUNTER_MM_LOCKED);
	cs_begin(cs);
	pin_memory(cs, id, 4);
	cs_send(cs, charge(cs, id, 4, CS_OWNER, IOAS_COUNTER_MM_LOCKED));
	cs_end(cs, cs_op(cs, IOAS_OP_PIN, 0));
	cs_begin(cs);
	pin_memory(cs, id, -4);
	cs_end(cs, cs_op(cs, IOAS_OP_UNPIN, 0));
	change(cs, cs_pages(cs, IOAS_EV_PAGES_GONE, id));
	cs_expect_held(cs, RULE_CHARGE_BALANCE);
	id = new_memory(cs, IOAS_COUNTER_MM_LOCKED);
	cs_begin(cs);
	pin_memory(cs, id, 4);
	cs_end(cs, cs_op(cs, IOAS_OP_PIN, 0));
	cs_expect(cs, RULE_CHARGE_BALANCE);
}

/* ---- R-48, type1 ---- */

/* A map whose pages are all pinned, and of which so many are charged. */
static void map_charged(struct cs *cs, uint64_t iova, uint64_t va, int64_t pages, int64_t charged)
{
	uint64_t size = (uint64_t)pages * CS_PAGE;
	struct ioas_event ev;

	cs_begin(cs);
	cs_charge(cs, charged, 0);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, size, va);
	ev.body_area.pages = pages;
	cs->pinned = (uint64_t)pages;
	cs_send(cs, ev);
	cs_end(cs, cs_map_op(cs, iova, size, va, 0));
}

static void test_balance_hardware(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_map(cs, 0x10000, 4 * CS_PAGE, 0x700000);
	cs_unmap(cs, 0x10000, 4 * CS_PAGE);
	cs_expect_held(cs, RULE_CHARGE_BALANCE);
	map_charged(cs, 0x20000, 0x800000, 4, 3);
	cs_expect(cs, RULE_CHARGE_BALANCE);
	assert_non_null(strstr(cs->seen.text, "3 pages are charged, 4 are pinned"));
	/* It stays, and is not said again; another one is. */
	cs_map(cs, 0x30000, CS_PAGE, 0x900000);
	cs_expect_none(cs);
	map_charged(cs, 0x40000, 0xa00000, 4, 7);
	cs_expect(cs, RULE_CHARGE_BALANCE);
	assert_non_null(strstr(cs->seen.text, "11 pages are charged, 9 are pinned"));
}

/* Clients alone: pages that two of them hold are charged once. */
static void test_balance_clients(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 9, true);
	cs_attach(cs, 10, true);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	cs_pin(cs, 9, 0x10000, 4 * CS_PAGE);
	cs_begin(cs);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 10, 0x10000, 2 * CS_PAGE));
	cs_end(cs, cs_client_op(cs, IOAS_OP_PIN, 10, 0x10000, 2 * CS_PAGE, 2));
	cs_begin(cs);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, 9, 0x10000, 4 * CS_PAGE));
	cs_charge(cs, -2, 0);
	cs_end(cs, cs_client_op(cs, IOAS_OP_UNPIN, 9, 0x10000, 4 * CS_PAGE, 0));
	cs->now += 2 * SECOND;
	cs_unpin(cs, 10, 0x10000, 2 * CS_PAGE);
	cs_expect_held(cs, RULE_CHARGE_BALANCE);
}

/* A page that nobody pays for: it must stand for a second, and is said once. */
static void test_balance_clients_stands(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 9, true);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	cs_begin(cs);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x10000, CS_PAGE));
	cs_end(cs, cs_client_op(cs, IOAS_OP_PIN, 9, 0x10000, CS_PAGE, 1));
	cs->now += SECOND / 2;
	cs_pin(cs, 9, 0x11000, CS_PAGE);
	cs_expect_none(cs);
	cs->now += SECOND / 2;
	cs_pin(cs, 9, 0x12000, CS_PAGE);
	cs_expect(cs, RULE_CHARGE_BALANCE);
	cs->now += 2 * SECOND;
	cs_pin(cs, 9, 0x13000, CS_PAGE);
	cs_expect_none(cs);
}

/* Another client has pinned the page first, and is told last. */
static void test_balance_clients_raced(void **state)
{
	struct cs *cs = *state;
	uint64_t first, start;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 9, true);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	cs_begin(cs);
	first = cs->op;
	start = cs->start;
	cs_begin(cs);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x10000, CS_PAGE));
	cs_end(cs, cs_client_op(cs, IOAS_OP_PIN, 9, 0x10000, CS_PAGE, 1));
	cs->op = first;
	cs->start = start;
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x10000, CS_PAGE));
	cs_charge(cs, 1, 0);
	cs_end(cs, cs_client_op(cs, IOAS_OP_PIN, 9, 0x10000, CS_PAGE, 1));
	cs->now += 2 * SECOND;
	cs_pin(cs, 9, 0x12000, CS_PAGE);
	cs_expect_held(cs, RULE_CHARGE_BALANCE);
}

/* Pages that the client holds are charged already when hardware comes. */
static void test_balance_both(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 9, true);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	cs_pin(cs, 9, 0x10000, 4 * CS_PAGE);
	cs_begin(cs);
	cs_charge(cs, 12, 0);
	ev = cs_area(cs, IOAS_EV_PINNED, 0x10000, 16 * CS_PAGE, 0);
	ev.body_area.pages = 16;
	cs->pinned = 16;
	cs_send(cs, ev);
	cs_send(cs, cs_group(cs, IOAS_EV_GROUP_ATTACH, 7, false));
	cs_end(cs, cs_group_op(cs, IOAS_OP_ATTACH, 7));
	cs->now += 2 * SECOND;
	cs_query(cs);
	cs_map(cs, 0x30000, CS_PAGE, 0x900000);
	cs_expect_held(cs, RULE_CHARGE_BALANCE);
	/* One too many, for a second. */
	map_charged(cs, 0x40000, 0xa00000, 1, 2);
	cs->now += 2 * SECOND;
	cs_expect_none(cs);
	cs_map(cs, 0x50000, CS_PAGE, 0xb00000);
	cs_expect(cs, RULE_CHARGE_BALANCE);
}

/* What is only read may be the zero page, which is held and not charged. */
static void test_balance_readonly(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 9, true);
	cs_begin(cs);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x10000, 16 * CS_PAGE, 0x700000);
	ev.body_area.prot = IOAS_PROT_READ;
	cs_send(cs, ev);
	ev = cs_map_op(cs, 0x10000, 16 * CS_PAGE, 0x700000, 0);
	ev.body_op.prot = IOAS_PROT_READ;
	ev.body_op.uapi_flags = 1;
	cs_end(cs, ev);
	for (unsigned int i = 0; i < 3; i++) {
		cs_begin(cs);
		cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, 9, 0x10000, CS_PAGE));
		cs_end(cs, cs_client_op(cs, IOAS_OP_PIN, 9, 0x10000, CS_PAGE, 1));
		cs->now += SECOND;
	}
	cs_expect_held(cs, RULE_CHARGE_BALANCE);
}

/* Another mm takes over the memory of 4 pages, and the old one pays on, or not. */
static void renew(struct cs *cs, bool gone)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_area(cs, IOAS_EV_VADDR_INVALID, 0x10000, 4 * CS_PAGE, 0);
	cs_send(cs, ev);
	ev = cs_op(cs, IOAS_OP_UNMAP, 0);
	ev.body_op.iova = 0x10000;
	ev.body_op.size = 4 * CS_PAGE;
	ev.body_op.uapi_flags = VADDR;
	cs_end(cs, ev);
	cs_begin(cs);
	cs_send(cs, charge(cs, 0, 4, 6, IOAS_COUNTER_MM_LOCKED));
	if (!gone)
		cs_send(cs, charge(cs, 0, -4, CS_OWNER, IOAS_COUNTER_MM_LOCKED));
	ev = cs_area(cs, IOAS_EV_AREA_UPDATE, 0x10000, 4 * CS_PAGE, 0xb00000);
	ev.body_area.owner_tgid = 100;
	cs_send(cs, ev);
	ev = cs_op(cs, IOAS_OP_MAP, 0);
	ev.body_op.iova = 0x10000;
	ev.body_op.size = 4 * CS_PAGE;
	ev.body_op.va = 0xb00000;
	ev.body_op.uapi_flags = VADDR;
	cs_end(cs, ev);
}

static void after_renewal(struct cs *cs, bool gone)
{
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_map(cs, 0x10000, 4 * CS_PAGE, 0x700000);
	renew(cs, gone);
	cs_map(cs, 0x30000, CS_PAGE, 0x900000);
	cs_unmap(cs, 0x30000, CS_PAGE);
	cs_expect_none(cs);
	cs_begin(cs);
	ev = cs_area(cs, IOAS_EV_AREA_GOING, 0x10000, 4 * CS_PAGE, 0xb00000);
	ev.body_area.pages = 4;
	cs_send(cs, ev);
	ev.kind = IOAS_EV_AREA_GONE;
	cs_send(cs, ev);
	cs->removed = 4 * CS_PAGE;
	cs->areas = 1;
	cs->unpinned = 4;
	cs_send(cs, charge(cs, 0, -4, 6, IOAS_COUNTER_MM_LOCKED));
	cs_end(cs, cs_unmap_op(cs, 0x10000, 4 * CS_PAGE, 0));
	cs_detach(cs, 7, false);
	cs_close(cs);
}

static void test_balance_exec(void **state)
{
	after_renewal(*state, true);
	cs_expect_held(*state, RULE_CHARGE_ZERO);
}

static void test_balance_handover(void **state)
{
	after_renewal(*state, false);
	cs_expect_held(*state, RULE_CHARGE_ZERO);
}

/* ---- R-49 ---- */

static void test_zero_ioas(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_map(cs, 0x10000, 4 * CS_PAGE, 0x700000);
	change(cs, charge(cs, 0, 2, 6, IOAS_COUNTER_MM_LOCKED));
	cs_detach(cs, 7, false);
	cs_expect_none(cs);
	cs_close(cs);
	cs_expect(cs, RULE_CHARGE_ZERO);
	assert_non_null(strstr(cs->seen.text, "2 pages are charged to owner 6"));
}

static void test_zero_pages(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;
	uint32_t id;

	cs_open_iommufd(cs);
	id = new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	change(cs, charge(cs, id, 2, CS_OWNER, IOAS_COUNTER_USER_LOCKED));
	change(cs, charge(cs, id, -2, CS_OWNER, IOAS_COUNTER_USER_LOCKED));
	change(cs, cs_pages(cs, IOAS_EV_PAGES_GONE, id));
	cs_expect_held(cs, RULE_CHARGE_ZERO);
	id = new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	change(cs, charge(cs, id, 2, CS_OWNER, IOAS_COUNTER_USER_LOCKED));
	change(cs, cs_pages(cs, IOAS_EV_PAGES_GONE, id));
	cs_expect(cs, RULE_CHARGE_ZERO);
	/* The context still has it. */
	ev = cs_event(cs, IOAS_EV_IOAS_GONE);
	change(cs, ev);
	change(cs, cs_event(cs, IOAS_EV_CTX_GONE));
	cs_expect(cs, RULE_CHARGE_ZERO);
	assert_non_null(strstr(cs->seen.text, "context 1 is gone"));
}

/* ---- R-50 ---- */

static void test_negative_ioas(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	change(cs, charge(cs, 0, 4, 6, IOAS_COUNTER_MM_LOCKED));
	change(cs, charge(cs, 0, -4, 6, IOAS_COUNTER_MM_LOCKED));
	cs_expect_held(cs, RULE_CHARGE_NEGATIVE);
	change(cs, charge(cs, 0, -1, 6, IOAS_COUNTER_MM_LOCKED));
	cs_expect(cs, RULE_CHARGE_NEGATIVE);
	assert_non_null(strstr(cs->seen.text, "1 pages are taken back from owner 6"));
}

static void test_negative_pages(void **state)
{
	struct cs *cs = *state;
	uint32_t a, b;

	cs_open_iommufd(cs);
	a = new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	b = new_memory(cs, IOAS_COUNTER_USER_LOCKED);
	change(cs, charge(cs, a, 4, CS_OWNER, IOAS_COUNTER_USER_LOCKED));
	cs_expect_held(cs, RULE_CHARGE_NEGATIVE);
	/* The owner has paid as much, and not for this. */
	change(cs, charge(cs, b, -4, CS_OWNER, IOAS_COUNTER_USER_LOCKED));
	cs_expect(cs, RULE_CHARGE_NEGATIVE);
}

static void test_negative_adopted(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs->ctx = 1;
	cs->ioas = 2;
	cs->backend = IOAS_BACKEND_TYPE1;
	ev = cs_event(cs, IOAS_EV_CTX_NEW);
	ev.flags = IOAS_F_ADOPTED;
	cs_send(cs, ev);
	ev = cs_event(cs, IOAS_EV_IOAS_NEW);
	ev.flags = IOAS_F_ADOPTED;
	ev.body_obj.mode = IOAS_MODE_V2;
	cs_send(cs, ev);
	cs_send(cs, charge(cs, 0, -4, 6, IOAS_COUNTER_MM_LOCKED));
	cs_send(cs, cs_event(cs, IOAS_EV_IOAS_GONE));
	cs_send(cs, cs_event(cs, IOAS_EV_CTX_GONE));
	cs_expect_none(cs);
}

/* ---- want of memory ---- */

static void use_type1(struct cs *cs)
{
	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 9, true);
	cs_map(cs, 0x10000, 4 * CS_PAGE, 0x700000);
	cs_pin(cs, 9, 0x10000, CS_PAGE);
	cs->now += 2 * SECOND;
	cs_unpin(cs, 9, 0x10000, CS_PAGE);
	cs_attach(cs, 7, false);
	cs_query(cs);
	cs_map(cs, 0x20000, 4 * CS_PAGE, 0x800000);
	cs_detach(cs, 9, true);
	cs_detach(cs, 7, false);
	cs_close(cs);
}

/* Charges come long after the pins, and for three objects at once. */
static void use_iommufd(struct cs *cs)
{
	struct ioas_event ev;
	uint32_t id[3];

	cs_open_iommufd(cs);
	cs_begin(cs);
	for (unsigned int i = 0; i < 3; i++) {
		ev = memory(cs, IOAS_COUNTER_USER_LOCKED);
		id[i] = ev.body_pages.pages_id;
		cs_send(cs, ev);
		pin_memory(cs, id[i], 4);
	}
	for (unsigned int i = 0; i < 3; i++)
		pay(cs, id[i], 4);
	cs_end(cs, cs_op(cs, IOAS_OP_PIN, 0));
	cs_begin(cs);
	for (unsigned int i = 0; i < 3; i++)
		pin_memory(cs, id[i], -4);
	for (unsigned int i = 0; i < 3; i++) {
		pay(cs, id[i], -4);
		cs_send(cs, cs_pages(cs, IOAS_EV_PAGES_GONE, id[i]));
	}
	cs_end(cs, cs_op(cs, IOAS_OP_UNPIN, 0));
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
		TEST(test_mode_user),
		TEST(test_mode_mm),
		TEST(test_mode_compat),
		TEST(test_mode_adopted),
		TEST(test_mode_stays),
		TEST(test_mode_counter),
		TEST(test_mode_owner),
		TEST(test_balance_op),
		TEST(test_balance_ops),
		TEST(test_balance_mm),
		TEST(test_balance_hardware),
		TEST(test_balance_clients),
		TEST(test_balance_clients_stands),
		TEST(test_balance_clients_raced),
		TEST(test_balance_both),
		TEST(test_balance_readonly),
		TEST(test_balance_exec),
		TEST(test_balance_handover),
		TEST(test_zero_ioas),
		TEST(test_zero_pages),
		TEST(test_negative_ioas),
		TEST(test_negative_pages),
		TEST(test_negative_adopted),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
