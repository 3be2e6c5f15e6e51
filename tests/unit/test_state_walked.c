// SPDX-License-Identifier: GPL-2.0-or-later
/* A context of iommufd from what a walk read: records as the programs write them, by hand. */
#include <string.h>

#include "core/state_walked.h"
#include "unit_state.h"

#define AREA_IOVA 0x100000ULL
#define USER_KEY 0xffff888000000a00ULL
#define MM_KEY 0xffff888000000b00ULL

/* 16 pages of process 100 at 0x7000000, all of it pinned and charged to its user. */
static struct walk_fd_area area(__u64 iova, __u64 pages, __u64 first, __u64 n)
{
	struct walk_fd_area a = {
		.iova = iova,
		.last = iova + n * PAGE - 1,
		.at = first * PAGE,
		.pages = pages,
		.base = 0x7000000,
		.npages = 16,
		.pinned = 16,
		.charged = 16,
		.payer = USER_KEY,
		.prot = IOAS_PROT_READ,
		.tgid = 100,
		.uid = 1000,
		.account = IOAS_COUNTER_USER_LOCKED,
		.memory = IOAS_MEMORY_USER,
		.writable = 1,
	};

	strcpy(a.comm, "qemu");
	return a;
}

static void add(struct walked *w, struct state_ioas *i, struct walk_fd_area a)
{
	assert_int_equal(walked_area(w, i, &a), 0);
}

/* An IOAS with so many domains, of addresses 0xd000, 0xd001, and so on. */
static struct state_ioas *ioas(struct walked *w, struct state_ctx *c, __u32 id, __u32 domains)
{
	struct state_ioas v = { .id = id, .object = id + 10, .key = id }, *i;
	static struct walk_fd_ioas read;

	memset(&read, 0, sizeof(read));
	read.ndomains = domains;
	for (__u32 n = 0; n < domains; n++)
		read.domain[n] = (struct walk_fd_domain){ 0xd000 + n, PAGE };
	assert_int_equal(state_add_ioas(c, &v, &i), 0);
	assert_int_equal(walked_ioas(w, i, &read), 0);
	return i;
}

/* Pages 0-7 in one IOAS, 4-11 twice in one with two domains: 8 pages of its own pinned. */
static void test_shared(void **arg)
{
	_cleanup_walked_ struct walked *w = walked_new();
	_cleanup_state_ struct state s = {};
	struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	struct state_ioas *i;

	(void)arg;
	c->pages_known = false;
	add(w, ioas(w, c, 1, 0), area(AREA_IOVA, 0x1000, 0, 8));
	i = ioas(w, c, 2, 2);
	add(w, i, area(AREA_IOVA, 0x1000, 4, 8));
	add(w, i, area(2 * AREA_IOVA, 0x1000, 4, 8));
	assert_int_equal(walked_end(w, c), 0);
	state_finish(&s);
	c = &s.ctxs[0];
	assert_true(c->pages_known);
	assert_int_equal(c->npages, 1);
	assert_int_equal(c->pages[0].areas, 3);
	assert_int_equal(c->pages[0].va, 0x7000000);
	assert_int_equal(c->pages[0].npages, 16);
	assert_true(c->pages[0].writable);
	i = &c->ioases[0];
	assert_true(i->users_known && i->ranges_known && i->pins_known);
	assert_int_equal(i->areas[0].pages_id, c->pages[0].id);
	assert_int_equal(i->areas[0].pinned, 0); /* nothing is attached here */
	assert_int_equal(i->pinned, 0);
	i = &c->ioases[1];
	assert_int_equal(i->areas[0].va, 0x7000000 + 4 * PAGE);
	assert_int_equal(i->areas[0].offset, 4 * PAGE);
	assert_string_equal(i->areas[0].comm, "qemu");
	assert_int_equal(i->areas[1].pinned, 8);
	assert_int_equal(i->pinned, 8);
	assert_int_equal(i->ndomains, 2);
	assert_int_equal(i->domains[0].page_size, PAGE);
	assert_int_equal(i->domains[0].mapped, 16 * PAGE);
	assert_int_equal(i->domains[1].mapped, 16 * PAGE);
}

/* Three objects: two charged to a user, one to an mm, one to nobody. */
static void test_charges(void **arg)
{
	_cleanup_walked_ struct walked *w = walked_new();
	_cleanup_state_ struct state s = {};
	struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	struct state_ioas *i = ioas(w, c, 1, 1);
	struct walk_fd_area a;

	(void)arg;
	add(w, i, area(AREA_IOVA, 0x1000, 0, 16));
	/* The same memory once more is charged once, and what was read last counts. */
	a = area(2 * AREA_IOVA, 0x1000, 0, 16);
	a.charged = a.pinned = 12;
	add(w, i, a);
	add(w, i, area(3 * AREA_IOVA, 0x2000, 0, 16));
	a = area(4 * AREA_IOVA, 0x3000, 0, 16);
	a.payer = MM_KEY;
	a.account = IOAS_COUNTER_MM_LOCKED;
	add(w, i, a);
	a = area(5 * AREA_IOVA, 0x4000, 0, 16);
	a.payer = a.charged = 0;
	a.account = IOAS_COUNTER_NONE;
	add(w, i, a);
	assert_int_equal(walked_end(w, c), 0);
	assert_int_equal(c->npages, 4);
	assert_int_equal(c->ncharges, 2);
	assert_int_equal(c->charges[0].counter, IOAS_COUNTER_USER_LOCKED);
	assert_int_equal(c->charges[0].pages, 28);
	assert_int_equal(c->charges[0].uid, 1000);
	assert_string_equal(c->charges[0].comm, "qemu");
	assert_int_equal(c->charges[1].counter, IOAS_COUNTER_MM_LOCKED);
	assert_int_equal(c->charges[1].pages, 16);
	assert_int_not_equal(c->charges[0].owner, c->charges[1].owner);
	assert_int_equal(c->pages[3].owner, 0);
	/* 12 of 16 are pinned: which, nobody can say. */
	assert_int_equal(c->ioases[0].areas[0].pinned, -1);
	assert_int_equal(c->ioases[0].areas[2].pinned, 16);
	assert_int_equal(c->ioases[0].pinned, -1);
}

/* What software users have pinned is not counted by area: not known, and never 0. */
static void test_accesses(void **arg)
{
	_cleanup_walked_ struct walked *w = walked_new();
	_cleanup_state_ struct state s = {};
	struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	struct walk_fd_object user = { .type = WALK_FD_ACCESS, .key = 0xa000, .alignment = 1 };
	struct state_ioas *idle = ioas(w, c, 1, 0), *busy;
	struct walk_fd_area a = area(AREA_IOVA, 0x1000, 0, 16);

	(void)arg;
	assert_int_equal(walked_object(w, idle, &user), 0);
	add(w, idle, a);
	busy = ioas(w, c, 2, 0);
	user.key = 0xa001;
	assert_int_equal(walked_object(w, busy, &user), 0);
	a.accesses = 1;
	add(w, busy, a);
	assert_int_equal(walked_end(w, c), 0);
	idle = &c->ioases[0];
	assert_int_equal(idle->client_pins, 0);
	assert_int_equal(idle->accesses[0].pins, 0);
	assert_int_equal(idle->accesses[0].alignment, 1);
	assert_true(idle->accesses[0].exact);
	assert_int_equal(idle->areas[0].pinned, 0);
	assert_int_equal(idle->pinned, 0);
	assert_true(idle->pins_known);
	busy = &c->ioases[1];
	assert_int_equal(busy->client_pins, -1);
	assert_int_equal(busy->accesses[0].pins, -1);
	assert_int_equal(busy->areas[0].pinned, -1);
	assert_int_equal(busy->pinned, -1);
	assert_false(busy->pins_known);
	assert_int_not_equal(busy->accesses[0].id, idle->accesses[0].id);
}

/* Of a file the address is the offset in it; a dma-buf is never pinned by the page. */
static void test_memory(void **arg)
{
	_cleanup_walked_ struct walked *w = walked_new();
	_cleanup_state_ struct state s = {};
	struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	struct state_ioas *i = ioas(w, c, 1, 1);
	struct walk_fd_area a = area(AREA_IOVA, 0x1000, 2, 8);

	(void)arg;
	a.memory = IOAS_MEMORY_FILE;
	a.base = 0x30000;
	add(w, i, a);
	a = area(2 * AREA_IOVA, 0x2000, 0, 8);
	a.memory = IOAS_MEMORY_DMABUF;
	a.base = 0;
	add(w, i, a);
	assert_int_equal(walked_end(w, c), 0);
	i = &c->ioases[0];
	assert_int_equal(i->areas[0].va, 0x30000 + 2 * PAGE);
	assert_int_equal(i->areas[0].memory, IOAS_MEMORY_FILE);
	assert_int_equal(i->areas[0].pinned, 8);
	assert_int_equal(c->pages[0].va, 0);
	assert_int_equal(i->areas[1].pinned, 0);
	assert_int_equal(i->areas[1].memory, IOAS_MEMORY_DMABUF);
}

/* Ranges name who asks by the number that a device or domain has; numbers outlive a context. */
static void test_numbers(void **arg)
{
	_cleanup_walked_ struct walked *w = walked_new();
	_cleanup_state_ struct state s = {};
	struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	struct walk_fd_object device = { .type = WALK_FD_DEVICE, .key = 0xe000, .domain = 0xd000 };
	static struct walk_fd_ioas read;
	struct state_ioas *i = ioas(w, c, 1, 1);
	__u32 domain = i->domains[0].id, memory;

	(void)arg;
	strcpy(device.name, "0000:01:00.0");
	device.group = 7;
	assert_int_equal(walked_object(w, i, &device), 0);
	assert_int_equal(i->devices[0].domain, domain);
	assert_int_equal(i->devices[0].group, 7);
	assert_string_equal(i->devices[0].name, "0000:01:00.0");
	memset(&read, 0, sizeof(read));
	read.nranges = 3;
	read.more = 1;
	read.range[0] = (struct walk_fd_range){ 0, 9, 0xe000, IOAS_RANGE_RESERVED, 0 };
	read.range[1] = (struct walk_fd_range){ 0, 9, 0xd000, IOAS_RANGE_RESERVED, 0 };
	read.range[2] = (struct walk_fd_range){ 20, 29, 0, IOAS_RANGE_ALLOWED, 0 };
	assert_int_equal(walked_ioas(w, i, &read), 0);
	assert_int_equal(i->nranges, 3);
	assert_int_equal(i->ranges[0].owner, i->devices[0].id);
	assert_int_equal(i->ranges[1].owner, domain);
	assert_int_equal(i->ranges[2].owner, 0);
	assert_true(i->truncated);
	assert_false(state_complete(i));
	add(w, i, area(AREA_IOVA, 0x1000, 0, 1));
	assert_int_equal(walked_end(w, c), 0);
	memory = c->pages[0].id;
	assert_int_not_equal(memory, domain);

	walked_begin(w);
	c = unit_ctx(&s, 2, IOAS_BACKEND_IOMMUFD);
	i = ioas(w, c, 2, 1);
	assert_int_equal(i->domains[0].id, domain);
	assert_int_equal(walked_end(w, c), 0);
	assert_int_equal(c->npages, 0); /* the other's memory is not its own */
	add(w, i, area(AREA_IOVA, 0x1000, 0, 1));
	assert_int_equal(i->areas[0].pages_id, memory);
}

/* One IOAS with some of everything. */
static struct state_ioas *some(struct state *s)
{
	struct state_ioas *i = unit_ioas(unit_ctx(s, 1, IOAS_BACKEND_IOMMUFD), 1);
	struct state_device device = { .id = 3, .domain = 2 };
	struct state_access access = { .id = 4 };
	struct state_domain domain = { .id = 2 };
	struct state_range range = { .iova = 5, .last = 6, .class = IOAS_RANGE_RESERVED };

	unit_area(i, AREA_IOVA, PAGE, 0x1000)->pages_id = 9;
	assert_int_equal(state_add_device(i, &device), 0);
	assert_int_equal(state_add_access(i, &access), 0);
	assert_int_equal(state_add_domain(i, &domain), 0);
	assert_int_equal(state_add_range(i, &range), 0);
	return i;
}

/* After "change", two pictures are not the same any more. */
#define DIFFERS(change)                                                                            \
	do {                                                                                       \
		_cleanup_state_ struct state before = {}, now = {};                                \
		struct state_ioas *a = some(&before), *b = some(&now);                             \
                                                                                                   \
		assert_true(walked_same(a, b));                                                    \
		change;                                                                            \
		assert_false(walked_same(a, b));                                                   \
	} while (0)

static void test_same(void **arg)
{
	_cleanup_state_ struct state one = {}, other = {};
	struct state_ioas *x = some(&one), *y = some(&other);

	(void)arg;
	/* What is pinned changes without an area that does. */
	y->areas[0].pinned = 5;
	y->devices[0].group = 1;
	assert_true(walked_same(x, y));
	DIFFERS(b->key = 1);
	DIFFERS(b->object = 1);
	DIFFERS(b->areas[0].iova -= PAGE);
	DIFFERS(b->areas[0].last += PAGE);
	DIFFERS(b->areas[0].va += PAGE);
	DIFFERS(b->areas[0].offset += PAGE);
	DIFFERS(b->areas[0].prot = IOAS_PROT_READ);
	DIFFERS(b->areas[0].pages_id = 8);
	DIFFERS(unit_area(b, 2 * AREA_IOVA, PAGE, 0));
	DIFFERS(b->ranges[0].iova = 4);
	DIFFERS(b->ranges[0].last = 4);
	DIFFERS(b->ranges[0].owner = 4);
	DIFFERS(b->ranges[0].class = IOAS_RANGE_ALLOWED);
	DIFFERS(b->nranges = 0);
	DIFFERS(b->domains[0].id = 1);
	DIFFERS(b->ndomains = 0);
	DIFFERS(b->devices[0].id = 1);
	DIFFERS(b->devices[0].domain = 1);
	DIFFERS(b->ndevices = 0);
	DIFFERS(b->accesses[0].id = 1);
	DIFFERS(b->naccesses = 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),	 cmocka_unit_test(test_charges),
		cmocka_unit_test(test_accesses), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_numbers),	 cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
