// SPDX-License-Identifier: GPL-2.0-or-later
/* Why maps, copies and pins fail: each reason from a state that is built by hand. */
#include "explain_unit.h"

/* ---- maps ---- */

static void test_overlap(void **state)
{
	struct why *w = *state;
	const struct explain_reason *r;

	open_iommufd(w);
	r = map_fails(w, 0x13000, 0x4000, -EEXIST, EXPLAIN_OVERLAP);
	assert_true(r->has_area);
	assert_int_equal(r->area.number, 7);
	assert_range(r->area.range, 0x10000, 0x13fff);
	assert_int_equal(r->area.owner.tgid, 100);
	assert_int_equal(r->area.owner.uid, 1000);
	/* The mirror has nothing there: somebody else was about to map. */
	maybe(w, op_event(w, IOAS_OP_MAP, 0x14000, 0x1000, -EEXIST), EXPLAIN_OVERLAP);
	assert_false(w->out.reasons[0].has_area);
}

static void test_reserved(void **state)
{
	struct why *w = *state;
	const struct explain_reason *r;

	open_iommufd(w);
	attach_device(w);
	r = map_fails(w, 0xfedff000, 0x2000, -EINVAL, EXPLAIN_RESERVED);
	assert_range(r->range, 0xfee00000, 0xfeefffff);
	assert_string_equal(r->user.name, "0000:02:00.0");
	assert_false(r->user.domain);
	/* What the domain does not reach. */
	r = map_fails(w, 0xfffff000, 0x2000, -EINVAL, EXPLAIN_APERTURE);
	assert_range(r->range, 0x1000, 0xffffffff);
	assert_true(r->user.domain);
	assert_int_equal(r->user.id, 40);
	r = map_fails(w, 0, 0x1000, -EINVAL, EXPLAIN_APERTURE);
	assert_range(r->range, 0x1000, 0xffffffff);
	/* Nothing is wrong with the last page before it. */
	maybe(w, op_event(w, IOAS_OP_MAP, 0xfedff000, 0x1000, -EINVAL), EXPLAIN_REFUSED_BY_DRIVER);
}

/* The bundled backend has an errno of its own for what is set aside for somebody else. */
static void test_claimed(void **state)
{
	struct why *w = *state;
	const struct explain_reason *r;
	struct ioas_event ev;

	open_backend(w, IOAS_BACKEND_BUNDLED, IOAS_MODE_COVER);
	ev = of(range_event(IOAS_EV_RANGE_ADD, IOAS_RANGE_CLAIMED, 0x40000, 0x4ffff, 0),
		IOAS_BACKEND_BUNDLED, 60);
	see(w, ev);
	r = map_fails(w, 0x4f000, 0x2000, -EADDRINUSE, EXPLAIN_RESERVED);
	assert_range(r->range, 0x40000, 0x4ffff);
	maybe(w, op_event(w, IOAS_OP_MAP, 0x50000, 0x1000, -EADDRINUSE), EXPLAIN_RESERVED);
}

static void test_misaligned(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_iommufd(w);
	/* With no domain every byte is good enough. */
	maybe(w, op_event(w, IOAS_OP_MAP, 0x20001, 0x1000, -EINVAL), EXPLAIN_MISALIGNED);
	attach_device(w);
	assert_string_equal(map_fails(w, 0x20800, 0x1000, -EINVAL, EXPLAIN_MISALIGNED)->part,
			    "iova");
	assert_int_equal(w->out.reasons[0].bytes, 0x1000);
	assert_string_equal(map_fails(w, 0x20000, 0x800, -EINVAL, EXPLAIN_MISALIGNED)->part,
			    "size");
	ev = op_event(w, IOAS_OP_MAP, 0x20000, 0x1000, -EINVAL);
	ev.body_op.va += 1;
	assert_string_equal(sure(w, ev, EXPLAIN_MISALIGNED)->part, "va");
}

static void test_arguments(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_iommufd(w);
	map_fails(w, 0x20000, 0, -EINVAL, EXPLAIN_NO_SIZE);
	ev = op_event(w, IOAS_OP_MAP, 0x20000, 0x1000, -EINVAL);
	ev.body_op.prot = 0;
	sure(w, ev, EXPLAIN_NO_PROT);
	assert_string_equal(
		map_fails(w, UINT64_MAX - 0xfff, 0x2000, -EOVERFLOW, EXPLAIN_WRAPS)->part, "iova");
	ev = op_event(w, IOAS_OP_MAP, 0x20000, 0x2000, -EOVERFLOW);
	ev.body_op.va = UINT64_MAX - 0xfff;
	assert_string_equal(sure(w, ev, EXPLAIN_WRAPS)->part, "va");
	/* Of all that is wrong that is what EOVERFLOW says. */
	ev.body_op.prot = 0;
	sure(w, ev, EXPLAIN_WRAPS);
	maybe(w, op_event(w, IOAS_OP_MAP, 0x20000, 0x2000, -EOVERFLOW), EXPLAIN_WRAPS);
	ev = op_event(w, IOAS_OP_MAP, 0x20000, 0x2000, -ENOENT);
	ev.ioas = 0;
	sure(w, ev, EXPLAIN_NO_OBJECT);
}

/* The compat container maps without any right if no IOMMU driver minds. */
static void test_compat_arguments(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_backend(w, IOAS_BACKEND_COMPAT, IOAS_MODE_COVER);
	ev = op_event(w, IOAS_OP_MAP, 0x20000, 0x1000, -EINVAL);
	ev.body_op.prot = 0;
	maybe(w, ev, EXPLAIN_REFUSED_BY_DRIVER);
	ev.body_op.size = 0;
	sure(w, ev, EXPLAIN_NO_SIZE);
	ev.body_op.uapi_flags = 4; /* VADDR: type1's alone */
	sure(w, ev, EXPLAIN_ARGUMENT);
	ev = op_event(w, IOAS_OP_MAP, 0x20000, 0, -EINVAL);
	ev.body_op.uapi_flags = 3;
	sure(w, ev, EXPLAIN_NO_SIZE);
}

/* The compat ioctls name no IOAS: there is one, or there is none. */
static void test_no_compat(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_backend(w, IOAS_BACKEND_COMPAT, IOAS_MODE_COVER);
	ev = op_event(w, IOAS_OP_MAP, 0x20000, 0x1000, -ENODEV);
	ev.ioas = 0;
	sure(w, ev, EXPLAIN_NO_OBJECT);
	ev.body_op.what = IOAS_OP_UNMAP;
	sure(w, ev, EXPLAIN_NO_OBJECT);
	ev.backend = IOAS_BACKEND_IOMMUFD;
	ev.body_op.what = IOAS_OP_MAP;
	maybe(w, ev, EXPLAIN_REFUSED_BY_DRIVER);
}

static void test_no_room(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;
	const struct explain_reason *r;

	open_iommufd(w);
	attach_device(w);
	ev = op_event(w, IOAS_OP_MAP, 0, 0x200000000, -ENOSPC);
	ev.flags = 0;
	r = sure(w, ev, EXPLAIN_NO_ROOM);
	assert_int_equal(r->bytes, 0x200000000);
	assert_int_equal(r->nvalid, 2);
	assert_range(r->valid[0], 0x1000, 0xfedfffff);
	assert_range(r->valid[1], 0xfef00000, 0xffffffff);
}

static void test_type1_outside(void **state)
{
	struct why *w = *state;
	const struct explain_reason *r;

	open_type1(w, IOAS_MODE_V2);
	add_range(w, IOAS_RANGE_VALID, 0, 0xfedfffff, 0);
	add_range(w, IOAS_RANGE_VALID, 0xfef00000, 0x7fffffffff, 0);
	r = map_fails(w, 0xfedff000, 0x2000, -EINVAL, EXPLAIN_OUTSIDE);
	assert_int_equal(r->nvalid, 2);
	assert_range(r->valid[1], 0xfef00000, 0x7fffffffff);
	map_fails(w, 0x8000000000, 0x1000, -EINVAL, EXPLAIN_OUTSIDE);
	maybe(w, op_event(w, IOAS_OP_MAP, 0xfedff000, 0x1000, -EINVAL), EXPLAIN_REFUSED_BY_DRIVER);
	/* The checks come in the kernel's order. */
	map_fails(w, 0x8000000800, 0x1000, -EINVAL, EXPLAIN_MISALIGNED);
}

static void test_many_valid_ranges(void **state)
{
	struct why *w = *state;
	const struct explain_reason *r;

	open_type1(w, IOAS_MODE_V2);
	for (uint64_t n = 0; n < 10; n++)
		add_range(w, IOAS_RANGE_VALID, n << 20, (n << 20) + 0xfffff - 0x1000, 0);
	r = map_fails(w, (5ULL << 20) - 0x1000, 0x1000, -EINVAL, EXPLAIN_OUTSIDE);
	assert_int_equal(r->nvalid, 10);
	/* Four around the address, which is behind the fifth. */
	assert_int_equal(r->valid[0].iova, 2ULL << 20);
	assert_int_equal(r->valid[3].iova, 5ULL << 20);
}

static void test_entry_limit(void **state)
{
	struct why *w = *state;

	open_type1(w, IOAS_MODE_V2);
	assert_int_equal(map_fails(w, 0x20000, 0x1000, -ENOSPC, EXPLAIN_ENTRIES)->bytes, 1);
}

static void test_no_memory_there(void **state)
{
	struct why *w = *state;

	open_iommufd(w);
	assert_true(see(w, op_event(w, IOAS_OP_MAP, 0x20000, 0x2000, -EFAULT)));
	assert_int_equal(w->out.nreasons, 1);
	assert_int_equal(w->out.reasons[0].what, EXPLAIN_NOT_THERE);
	assert_range(w->out.reasons[0].range, 0x900000, 0x901fff);
}

/* ---- limits ---- */

static struct ioas_event refused_charge(struct why *w)
{
	struct ioas_event ev = op_event(w, IOAS_OP_CHARGE, 0, 0x40000, -ENOMEM);

	ev.op = 91;
	ev.body_op.va = 0x30000;
	ev.body_op.returned = 0x50000;
	ev.body_op.prot = IOAS_COUNTER_USER_LOCKED;
	ev.body_op.group = 100;
	ev.body_op.areas = 1000;
	ev.body_op.latency_ns = 0;
	return ev;
}

static void test_limit_exact(void **state)
{
	struct why *w = *state;
	const struct explain_reason *r;

	open_iommufd(w);
	see(w, refused_charge(w));
	r = map_fails(w, 0x20000, 0x40000, -ENOMEM, EXPLAIN_LIMIT);
	assert_true(r->limit.exact);
	assert_int_equal(r->limit.counter, IOAS_COUNTER_USER_LOCKED);
	assert_int_equal(r->limit.used, 0x30000);
	assert_int_equal(r->limit.asked, 0x40000);
	assert_int_equal(r->limit.limit, 0x50000);
	assert_int_equal(r->limit.owner.uid, 1000);
}

/* A refusal of another thread, or of an earlier op, is none of this one. */
static void test_limit_of_another(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_iommufd(w);
	ev = refused_charge(w);
	ev.tid = 34;
	see(w, ev);
	maybe(w, op_event(w, IOAS_OP_MAP, 0x20000, 0x40000, -ENOMEM), EXPLAIN_LIMIT);
	assert_false(w->out.reasons[0].limit.exact);
	see(w, refused_charge(w));
	w->f.now += 100;
	maybe(w, op_event(w, IOAS_OP_MAP, 0x20000, 0x40000, -ENOMEM), EXPLAIN_NO_MEMORY);
}

static void test_limit_as_seen(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = unit_event(IOAS_EV_CHARGE);

	open_type1(w, IOAS_MODE_V2);
	ev.body_charge.owner = 3;
	ev.body_charge.counter = IOAS_COUNTER_MM_LOCKED;
	ev.body_charge.pages = 6;
	ev.body_charge.owner_tgid = 100;
	ev.body_charge.owner_uid = 1000;
	see(w, of(ev, IOAS_BACKEND_TYPE1, 5));
	ev.body_charge.owner = 4;
	ev.body_charge.owner_tgid = 101; /* somebody else's */
	see(w, of(ev, IOAS_BACKEND_TYPE1, 5));
	maybe(w, op_event(w, IOAS_OP_MAP, 0x20000, 0x40000, -ENOMEM), EXPLAIN_LIMIT);
	assert_int_equal(w->out.reasons[0].limit.used, 6 * PAGE);
	assert_int_equal(w->out.reasons[0].limit.asked, 0x40000);
}

/* Who may exceed the limit is charged nothing: then it is not the limit. */
static void test_no_kernel_memory(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = pages_event(IOAS_EV_PAGES_NEW, 50);

	open_iommufd(w);
	ev.body_pages.account = IOAS_COUNTER_NONE;
	see(w, of(ev, IOAS_BACKEND_IOMMUFD, 90));
	map_fails(w, 0x20000, 0x40000, -ENOMEM, EXPLAIN_NO_MEMORY);
}

/* ---- copies and pins ---- */

static struct ioas_event copy_event(struct why *w, uint64_t from, uint64_t size, int64_t result)
{
	struct ioas_event ev = op_event(w, IOAS_OP_COPY, 0x40000, size, result);

	ev.body_op.va = from;
	ev.body_op.group = 2;
	return ev;
}

static void test_copy_of_a_hole(void **state)
{
	struct why *w = *state;
	const struct explain_reason *r;

	open_iommufd(w);
	r = sure(w, copy_event(w, 0x12000, 0x4000, -ENOENT), EXPLAIN_HOLE);
	assert_int_equal(r->range.iova, 0x14000);
	assert_int_equal(sure(w, copy_event(w, 0xf000, 0x4000, -ENOENT), EXPLAIN_HOLE)->range.iova,
			 0xf000);
	/* All of it is mapped: then it was not, when it was asked. */
	maybe(w, copy_event(w, 0x10000, 0x4000, -ENOENT), EXPLAIN_HOLE);
}

static void test_copy_of_read_only(void **state)
{
	struct why *w = *state;
	struct ioas_event pages = pages_event(IOAS_EV_PAGES_NEW, 50), ev;

	open_iommufd(w);
	pages.body_pages.writable = 0;
	see(w, of(pages, IOAS_BACKEND_IOMMUFD, 6));
	ev = shared_event(0x20000, 0x21fff, 50, 0);
	ev.body_area.area = 8;
	see(w, of(ev, IOAS_BACKEND_IOMMUFD, 6));
	ev = copy_event(w, 0x20000, 0x1000, -EPERM);
	ev.body_op.prot = IOAS_PROT_WRITE;
	assert_int_equal(sure(w, ev, EXPLAIN_READ_ONLY)->area.number, 8);
	/* A copy that may not write either is not refused for that. */
	ev.body_op.prot = IOAS_PROT_READ;
	maybe(w, ev, EXPLAIN_READ_ONLY);
}

static void test_pins(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_type1(w, IOAS_MODE_V2);
	ev = op_event(w, IOAS_OP_PIN, 0x13000, 0x2000, -EINVAL);
	assert_int_equal(sure(w, ev, EXPLAIN_HOLE)->range.iova, 0x14000);
	ev = op_event(w, IOAS_OP_PIN, 0x13000, 0x1000, -EPERM);
	ev.body_op.prot = IOAS_PROT_WRITE;
	assert_int_equal(sure(w, ev, EXPLAIN_READ_ONLY)->area.number, 7);
	sure(w, op_event(w, IOAS_OP_PIN, 0x13000, 0x1000, -EACCES), EXPLAIN_MODE);
}

/* ---- what cannot be known ---- */

static void test_uncertain(void **state)
{
	struct why *w = *state;

	open_iommufd(w);
	mirror_mark_uncertain(w->f.m, 1, 5);
	maybe(w, op_event(w, IOAS_OP_MAP, 0x10000, 0x1000, -EEXIST), EXPLAIN_OVERLAP);
	see(w, op_event(w, IOAS_OP_UNMAP, 0x10000, 0x1000, 0));
	assert_false(w->out.has_class);
}

static void test_unknown_context(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_iommufd(w);
	ev = op_event(w, IOAS_OP_UNMAP, 0x10000, 0x1000, -EINVAL);
	ev.ctx = 9;
	ev.ioas = 10;
	maybe(w, ev, EXPLAIN_ARGUMENT);
	ev.body_op.what = IOAS_OP_MAP;
	maybe(w, ev, EXPLAIN_RESERVED);
	ev.body_op.what = IOAS_OP_ATTACH;
	maybe(w, ev, EXPLAIN_INCOMPATIBLE);
}

/* What is older than the events may be there, and nobody has told. */
static void test_older(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW), op;

	ev.flags = IOAS_F_ADOPTED;
	ev.body_obj.mode = IOAS_MODE_COVER;
	see(w, of(ev, IOAS_BACKEND_IOMMUFD, 0));
	maybe(w, copy_event(w, 0x12000, 0x4000, -ENOENT), EXPLAIN_HOLE);
	maybe(w, op_event(w, IOAS_OP_PIN, 0x12000, 0x4000, -ENOENT), EXPLAIN_HOLE);
	maybe(w, op_event(w, IOAS_OP_UNMAP, 0x12000, 0x4000, -ENOENT), EXPLAIN_NOTHING);
	assert_false(w->out.has_class);
	op = op_event(w, IOAS_OP_UNMAP, 0x12000, 0x4000, -ENOENT);
	op.ioas = 0;
	maybe(w, op, EXPLAIN_NO_OBJECT);
}

static void test_success_is_silent(void **state)
{
	struct why *w = *state;

	open_iommufd(w);
	assert_false(see(w, op_event(w, IOAS_OP_MAP, 0x20000, 0x1000, 0)));
	assert_false(see(w, op_event(w, IOAS_OP_PIN, 0x10000, 0x1000, 1)));
}

/* Ops that never end do not pile up, and want of memory is survived. */
static void test_bounds(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_GONE, 0x90000, 0x90fff, 0);
	size_t live;

	open_iommufd(w);
	for (uint64_t op = 1000; op < 3100; op++)
		see(w, of(ev, IOAS_BACKEND_IOMMUFD, op));
	live = w->f.memory.live;
	for (uint64_t op = 4000; op < 6000; op++)
		see(w, of(ev, IOAS_BACKEND_IOMMUFD, op));
	assert_in_range(w->f.memory.live, 1, live + 64);
	w->f.memory.fail_from = w->f.memory.calls;
	w->f.memory.fail_count = 1000000;
	see(w, of(ev, IOAS_BACKEND_IOMMUFD, 7000));
	see(w, of(range_event(IOAS_EV_RANGE_CLEAR, IOAS_RANGE_RESERVED, 0, UINT64_MAX, 3),
		  IOAS_BACKEND_IOMMUFD, 7001));
	see(w, op_event(w, IOAS_OP_MAP, 0, 0x1000, -ENOSPC));
	w->f.memory.fail_count = 0;
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < EXPLAIN_WHATS; i++)
		assert_non_null(explain_name(i));
	assert_null(explain_name(EXPLAIN_WHATS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WHY(test_overlap),
		WITH_WHY(test_reserved),
		WITH_WHY(test_claimed),
		WITH_WHY(test_misaligned),
		WITH_WHY(test_arguments),
		WITH_WHY(test_compat_arguments),
		WITH_WHY(test_no_compat),
		WITH_WHY(test_no_room),
		WITH_WHY(test_type1_outside),
		WITH_WHY(test_many_valid_ranges),
		WITH_WHY(test_entry_limit),
		WITH_WHY(test_no_memory_there),
		WITH_WHY(test_limit_exact),
		WITH_WHY(test_limit_of_another),
		WITH_WHY(test_limit_as_seen),
		WITH_WHY(test_no_kernel_memory),
		WITH_WHY(test_copy_of_a_hole),
		WITH_WHY(test_copy_of_read_only),
		WITH_WHY(test_pins),
		WITH_WHY(test_uncertain),
		WITH_WHY(test_unknown_context),
		WITH_WHY(test_older),
		WITH_WHY(test_success_is_silent),
		WITH_WHY(test_bounds),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
