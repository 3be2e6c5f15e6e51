// SPDX-License-Identifier: GPL-2.0-or-later
/* The picture that is taken of a mirror. */
#include "core/state_mirror.h"
#include "unit_state.h"

struct feed {
	struct mirror *m;
	__u8 backend;
	__u64 order;
};

static void apply(struct feed *f, struct ioas_event ev)
{
	ev.backend = f->backend;
	ev.order = ++f->order;
	ev.time_ns = 1000 + f->order;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	assert_int_equal(mirror_apply(f->m, &ev), 0);
}

static void object(struct feed *f, unsigned int kind, struct ioas_obj_body body)
{
	struct ioas_event ev = unit_event(kind);

	ev.body_obj = body;
	apply(f, ev);
}

static void area(struct feed *f, unsigned int kind, struct ioas_area_body body)
{
	struct ioas_event ev = unit_event(kind);

	ev.body_area = body;
	apply(f, ev);
}

static void pages(struct feed *f, unsigned int kind, struct ioas_pages_body body)
{
	struct ioas_event ev = unit_event(kind);

	ev.ioas = 0;
	ev.body_pages = body;
	apply(f, ev);
}

static void begin(struct feed *f, __u8 backend, __u32 mode)
{
	f->m = mirror_new(NULL);
	assert_non_null(f->m);
	f->backend = backend;
	object(f, IOAS_EV_CTX_NEW, (struct ioas_obj_body){});
	object(f, IOAS_EV_IOAS_NEW, (struct ioas_obj_body){ .mode = mode });
}

static struct state take(struct feed *f)
{
	struct state s = {};

	assert_int_equal(state_from_mirror(f->m, 5000, &s), 0);
	assert_int_equal(s.nctxs, 1);
	assert_int_equal(s.ctxs[0].nioases, 1);
	assert_int_equal(s.time_ns, 5000);
	mirror_free(f->m);
	return s;
}

/* A container with a mediated group: 4 pages mapped, 2 held once and 1 of these twice. */
static void test_type1(void **arg)
{
	struct feed f = {};
	_cleanup_state_ struct state s = {};
	const struct state_ioas *i;

	(void)arg;
	begin(&f, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	object(&f, IOAS_EV_GROUP_ATTACH, (struct ioas_obj_body){ .group = 9, .emulated = 1 });
	area(&f, IOAS_EV_AREA_ADD,
	     (struct ioas_area_body){ .iova = 0x10000,
				      .last = 0x13fff,
				      .va = 0x70000,
				      .prot = IOAS_PROT_READ,
				      .area = 6,
				      .owner_tgid = 100,
				      .owner_uid = 7 });
	area(&f, IOAS_EV_ACCESS_PIN,
	     (struct ioas_area_body){ .iova = 0x11000, .last = 0x12fff, .pages = 2 });
	area(&f, IOAS_EV_ACCESS_PIN,
	     (struct ioas_area_body){ .iova = 0x12000, .last = 0x12fff, .pages = 1 });
	s = take(&f);
	i = &s.ctxs[0].ioases[0];
	assert_false(s.ctxs[0].pages_known);
	assert_false(i->users_known);
	assert_false(i->ranges_known);
	assert_true(i->pins_known);
	assert_int_equal(i->nareas, 1);
	assert_int_equal(i->areas[0].va, 0x70000);
	assert_int_equal(i->areas[0].tgid, 100);
	assert_int_equal(i->areas[0].uid, 7);
	assert_int_equal(i->areas[0].pages_id, 0);
	assert_int_equal(i->areas[0].pinned, 2);
	assert_int_equal(i->pinned, 2);
	assert_int_equal(i->client_pins, 3);
	assert_int_equal(i->npins, 2);
	assert_int_equal(i->pins[0].iova, 0x11000);
	assert_int_equal(i->pins[0].last, 0x11fff);
	assert_int_equal(i->pins[0].count, 1);
	assert_int_equal(i->pins[1].count, 2);
	assert_int_equal(i->entries_left, -1);
}

/*
 * Pages object 20, 16 pages at 0x70000, shown whole and again from byte 0x8000 on
 * by two areas of one IOAS with a domain; all 16 are pinned and charged.
 */
static void test_iommufd(void **arg)
{
	struct feed f = {};
	_cleanup_state_ struct state s = {};
	const struct state_ioas *i;
	const struct state_ctx *c;
	struct ioas_event ev;

	(void)arg;
	begin(&f, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	object(&f, IOAS_EV_DOMAIN_ATTACH,
	       (struct ioas_obj_body){ .object = 30, .page_size = 4096 });
	object(&f, IOAS_EV_DEVICE_ATTACH,
	       (struct ioas_obj_body){
		       .object = 31, .domain = 30, .group = 4, .name = "0000:01:00.0" });
	object(&f, IOAS_EV_ACCESS_ATTACH,
	       (struct ioas_obj_body){ .object = 32, .page_size = 4096, .exact = 1 });
	ev = unit_event(IOAS_EV_RANGE_ADD);
	ev.body_range = (struct ioas_range_body){ 0xfee00000, 0xfeefffff, IOAS_RANGE_RESERVED, 31 };
	apply(&f, ev);
	pages(&f, IOAS_EV_PAGES_NEW,
	      (struct ioas_pages_body){ .pages_id = 20,
					.owner = 40,
					.va = 0x70000,
					.npages = 16,
					.memory = IOAS_MEMORY_USER,
					.account = IOAS_COUNTER_USER_LOCKED,
					.writable = 1,
					.owner_tgid = 100,
					.owner_uid = 7 });
	area(&f, IOAS_EV_AREA_ADD,
	     (struct ioas_area_body){ .iova = 0x100000,
				      .last = 0x10ffff,
				      .va = 0x70000,
				      .prot = 3,
				      .area = 6,
				      .pages_id = 20 });
	area(&f, IOAS_EV_AREA_ADD,
	     (struct ioas_area_body){ .iova = 0x200000,
				      .last = 0x207fff,
				      .va = 0x78000,
				      .prot = 1,
				      .area = 7,
				      .pages_id = 20,
				      .at = 0x8000 });
	pages(&f, IOAS_EV_PAGES_PINNED,
	      (struct ioas_pages_body){ .pages_id = 20,
					.owner = 40,
					.va = 0x70000,
					.npages = 16,
					.pinned = 16,
					.memory = IOAS_MEMORY_USER,
					.account = IOAS_COUNTER_USER_LOCKED,
					.writable = 1,
					.owner_tgid = 100,
					.owner_uid = 7 });
	ev = unit_event(IOAS_EV_CHARGE);
	ev.ioas = 0;
	ev.body_charge = (struct ioas_charge_body){ .owner = 40,
						    .counter = IOAS_COUNTER_USER_LOCKED,
						    .pages = 16,
						    .owner_tgid = 100,
						    .owner_uid = 7,
						    .pages_id = 20 };
	apply(&f, ev);
	s = take(&f);
	c = &s.ctxs[0];
	i = &c->ioases[0];
	assert_true(c->pages_known);
	assert_true(i->users_known);
	assert_true(i->ranges_known);
	assert_int_equal(c->npages, 1);
	assert_int_equal(c->pages[0].id, 20);
	assert_int_equal(c->pages[0].areas, 2);
	assert_int_equal(c->pages[0].pinned, 16);
	assert_int_equal(c->pages[0].charged, 16);
	assert_int_equal(c->pages[0].tgid, 100);
	assert_int_equal(c->ncharges, 1);
	assert_int_equal(c->charges[0].pages, 16);
	assert_int_equal(c->charges[0].counter, IOAS_COUNTER_USER_LOCKED);
	assert_int_equal(i->ndomains, 1);
	assert_int_equal(i->ndevices, 1);
	assert_string_equal(i->devices[0].name, "0000:01:00.0");
	assert_int_equal(i->devices[0].domain, 30);
	assert_int_equal(i->naccesses, 1);
	assert_true(i->accesses[0].exact);
	assert_int_equal(i->nranges, 1);
	assert_int_equal(i->ranges[0].owner, 31);
	assert_int_equal(i->ranges[0].class, IOAS_RANGE_RESERVED);
	assert_int_equal(i->nareas, 2);
	assert_int_equal(i->areas[1].pages_id, 20);
	assert_int_equal(i->areas[1].offset, 0x8000);
	assert_int_equal(i->areas[1].va, 0x78000);
	assert_int_equal(i->areas[1].memory, IOAS_MEMORY_USER);
	assert_int_equal(i->areas[1].pinned, 8);
	assert_int_equal(i->areas[1].tgid, 100);
	/* What is shown twice is pinned once. */
	assert_int_equal(i->pinned, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_type1),
		cmocka_unit_test(test_iommufd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
