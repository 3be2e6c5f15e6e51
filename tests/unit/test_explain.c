// SPDX-License-Identifier: GPL-2.0-or-later
/* Why ops fail: each reason from a state that is built by hand. */
#include "core/explain.h"
#include "mirror_unit.h"

struct why {
	struct fixture f; /* first: the helpers of the mirror take it */
	struct explain *x;
	struct explanation out;
};

static int begin(void **state)
{
	struct why *w = calloc(1, sizeof(*w));
	struct ioas_alloc alloc;

	if (!w)
		return -1;
	alloc = unit_alloc_use(&w->f.memory);
	w->f.m = mirror_new(&alloc);
	w->x = explain_new(&alloc);
	w->f.now = 1000000;
	*state = w;
	return w->f.m && w->x ? 0 : -1;
}

static int end(void **state)
{
	struct why *w = *state;
	size_t live;

	explain_free(w->x);
	mirror_free(w->f.m);
	live = w->f.memory.live;
	free(w);
	return live ? -1 : 0;
}

#define WITH_WHY(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* One event through explain and mirror. True: an op with something to tell. */
static bool see(struct why *w, struct ioas_event ev)
{
	ev.time_ns = ++w->f.now;
	explain_see(w->x, w->f.m, &ev);
	mirror_apply(w->f.m, &ev);
	return ev.kind == IOAS_EV_OP && explain_op(w->x, w->f.m, &ev, &w->out);
}

static struct ioas_event of(struct ioas_event ev, unsigned int backend, uint64_t op)
{
	ev.backend = (uint8_t)backend;
	ev.op = op;
	return ev;
}

/* Context 1, IOAS 2, area 7 at 0x10000-0x13fff of pid 100. */
static void open_backend(struct why *w, unsigned int backend, unsigned int mode)
{
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);
	struct ioas_event area = area_event(IOAS_EV_AREA_ADD, 0x10000, 0x13fff, 0x700000);

	ev.body_obj.mode = mode;
	area.body_area.area = 7;
	see(w, of(unit_event(IOAS_EV_CTX_NEW), backend, 0));
	see(w, of(ev, backend, 0));
	see(w, of(area, backend, 5));
	w->f.now += 100; /* before any op began */
}

static void open_iommufd(struct why *w)
{
	open_backend(w, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
}

static void open_type1(struct why *w, unsigned int mode)
{
	open_backend(w, IOAS_BACKEND_TYPE1, mode);
}

static struct ioas_event op_event(struct why *w, unsigned int what, uint64_t iova, uint64_t size,
				  int64_t result)
{
	const struct mirror_ctx *ctx = mirror_find_ctx(w->f.m, 1);
	struct ioas_event ev = of(unit_event(IOAS_EV_OP), ctx->backend, 90);

	ev.tid = 33;
	ev.tgid = 100;
	ev.uid = 1000;
	ev.flags = IOAS_F_FIXED;
	ev.body_op.what = (uint16_t)what;
	ev.body_op.iova = iova;
	ev.body_op.size = size;
	ev.body_op.va = 0x900000;
	ev.body_op.prot = IOAS_PROT_READ;
	ev.body_op.result = result;
	ev.body_op.latency_ns = 10;
	return ev;
}

/* The op has one reason, and it is certain. */
static const struct explain_reason *sure(struct why *w, struct ioas_event ev,
					 enum explain_what what)
{
	assert_true(see(w, ev));
	assert_int_equal(w->out.nreasons, 1);
	assert_int_equal(w->out.reasons[0].what, what);
	assert_true(w->out.certain);
	return &w->out.reasons[0];
}

static const struct explain_reason *map_fails(struct why *w, uint64_t iova, uint64_t size,
					      int64_t result, enum explain_what what)
{
	return sure(w, op_event(w, IOAS_OP_MAP, iova, size, result), what);
}

/* Not certain, and this is among what it may be. */
static void maybe(struct why *w, struct ioas_event ev, enum explain_what what)
{
	bool found = false;

	assert_true(see(w, ev));
	assert_false(w->out.certain);
	for (size_t i = 0; i < w->out.nreasons; i++)
		found = found || w->out.reasons[i].what == what;
	assert_true(found);
}

static void add_range(struct why *w, unsigned int class, uint64_t iova, uint64_t last,
		      uint32_t owner)
{
	see(w,
	    of(range_event(IOAS_EV_RANGE_ADD, class, iova, last, owner), IOAS_BACKEND_IOMMUFD, 60));
}

static struct ioas_event device_event(unsigned int kind, uint32_t id, uint32_t domain)
{
	struct ioas_event ev = object_event(kind, id);

	ev.body_obj.domain = domain;
	ev.body_obj.group = 12;
	strcpy(ev.body_obj.name, "0000:02:00.0");
	return ev;
}

/* Device 30 behind domain 40 (0x1000-0xffffffff), and what the two reserve. */
static void attach_device(struct why *w)
{
	struct ioas_event domain = object_event(IOAS_EV_DOMAIN_ATTACH, 40);

	domain.body_obj.page_size = 0x1000;
	add_range(w, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff, 30);
	see(w, of(domain, IOAS_BACKEND_IOMMUFD, 60));
	add_range(w, IOAS_RANGE_RESERVED, 0, 0xfff, 40);
	add_range(w, IOAS_RANGE_RESERVED, 0x100000000, UINT64_MAX, 40);
	see(w, of(device_event(IOAS_EV_DEVICE_ATTACH, 30, 40), IOAS_BACKEND_IOMMUFD, 60));
}

static bool attach_ends(struct why *w, unsigned int what)
{
	struct ioas_event ev = op_event(w, what, 0, 0, 0);

	ev.op = 60;
	return see(w, ev);
}

static void assert_range(struct check_range r, uint64_t iova, uint64_t last)
{
	assert_int_equal(r.iova, iova);
	assert_int_equal(r.last, last);
}

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
	ev = op_event(w, IOAS_OP_MAP, 0x20000, 0x2000, -ENOENT);
	ev.ioas = 0;
	sure(w, ev, EXPLAIN_NO_OBJECT);
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

/* ---- unmaps ---- */

static void unmap_is(struct why *w, uint64_t iova, uint64_t size, enum check_unmap_class class)
{
	assert_true(see(w, op_event(w, IOAS_OP_UNMAP, iova, size, 0)));
	assert_true(w->out.has_class);
	assert_int_equal(w->out.class, class);
}

static void remove_area(struct why *w, uint64_t iova, uint64_t last)
{
	uint8_t backend = mirror_find_ctx(w->f.m, 1)->backend;
	struct ioas_event ev = area_event(IOAS_EV_AREA_GOING, iova, last, 0x700000);

	see(w, of(ev, backend, 90));
	ev.kind = IOAS_EV_AREA_GONE;
	see(w, of(ev, backend, 90));
}

static void test_unmap_classes(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0x20000, 0x20fff, 0x700000);

	open_type1(w, IOAS_MODE_V2);
	see(w, of(ev, IOAS_BACKEND_TYPE1, 5));
	w->f.now += 100;
	unmap_is(w, 0x30000, 0x1000, CHECK_UNMAP_EMPTY);
	assert_int_equal(w->out.nreasons, 0);
	remove_area(w, 0x10000, 0x13fff);
	unmap_is(w, 0x10000, 0x4000, CHECK_UNMAP_EXACT);
	assert_int_equal(w->out.areas, 1);
	remove_area(w, 0x20000, 0x20fff);
	unmap_is(w, 0x20000, 0x2000, CHECK_UNMAP_SUPERSET);
	/* What the first one did is not the second one's. */
	unmap_is(w, 0x20000, 0x2000, CHECK_UNMAP_EMPTY);
	assert_int_equal(w->out.areas, 0);
}

static void test_v1_inside(void **state)
{
	struct why *w = *state;
	const struct explain_reason *r;

	open_type1(w, IOAS_MODE_V1);
	r = sure(w, op_event(w, IOAS_OP_UNMAP, 0x11000, 0x1000, 0), EXPLAIN_INSIDE);
	assert_int_equal(r->area.number, 7);
	assert_int_equal(w->out.class, CHECK_UNMAP_SUBSET);
}

static void test_v2_bisects(void **state)
{
	struct why *w = *state;

	open_type1(w, IOAS_MODE_V2);
	assert_int_equal(
		sure(w, op_event(w, IOAS_OP_UNMAP, 0x12000, 0x8000, -EINVAL), EXPLAIN_BISECTS)
			->area.number,
		7);
	assert_int_equal(w->out.class, CHECK_UNMAP_BISECT);
	assert_int_equal(sure(w, op_event(w, IOAS_OP_UNMAP, 0, 0x11000, -EINVAL), EXPLAIN_BISECTS)
				 ->area.number,
			 7);
	sure(w, op_event(w, IOAS_OP_UNMAP, 0x10800, 0x1000, -EINVAL), EXPLAIN_MISALIGNED);
	sure(w, op_event(w, IOAS_OP_UNMAP, 0x10000, 0, -EINVAL), EXPLAIN_NO_SIZE);
	/* Nothing would be cut: something else is wrong. */
	maybe(w, op_event(w, IOAS_OP_UNMAP, 0x10000, 0x4000, -EINVAL), EXPLAIN_ARGUMENT);
}

static void test_iommufd_stops(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0x20000, 0x23fff, 0);
	const struct explain_reason *r;

	open_iommufd(w);
	sure(w, op_event(w, IOAS_OP_UNMAP, 0x30000, 0x1000, -ENOENT), EXPLAIN_NOTHING);
	ev.body_area.area = 8;
	see(w, of(ev, IOAS_BACKEND_IOMMUFD, 5));
	w->f.now += 100;
	remove_area(w, 0x10000, 0x13fff);
	r = sure(w, op_event(w, IOAS_OP_UNMAP, 0x10000, 0x11000, -ENOENT), EXPLAIN_BISECTS);
	assert_int_equal(r->area.number, 8);
	assert_int_equal(r->bytes, 0x4000);
	ev = op_event(w, IOAS_OP_UNMAP, 0x20000, 0x1000, -ENOENT);
	ev.ioas = 0;
	sure(w, ev, EXPLAIN_NO_OBJECT);
}

/* An area that came while the op ran was not there for it. */
static void test_unmap_and_newcomer(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0x30000, 0x30fff, 0x700000);

	open_type1(w, IOAS_MODE_V2);
	see(w, of(ev, IOAS_BACKEND_TYPE1, 5));
	unmap_is(w, 0x30000, 0x1000, CHECK_UNMAP_EMPTY);
}

/* ---- ranges ---- */

static void test_attach_narrows(void **state)
{
	struct why *w = *state;

	open_iommufd(w);
	attach_device(w);
	assert_true(attach_ends(w, IOAS_OP_ATTACH));
	assert_int_equal(w->out.nreasons, 0);
	assert_non_null(w->out.before);
	assert_int_equal(w->out.before->count, 1);
	assert_range(w->out.before->at[0], 0, UINT64_MAX);
	assert_int_equal(w->out.after->count, 2);
	assert_range(w->out.after->at[0], 0x1000, 0xfedfffff);
	assert_range(w->out.after->at[1], 0xfef00000, 0xffffffff);
	assert_int_equal(w->out.ncauses, 2);
	assert_false(w->out.causes[0].aperture);
	assert_range(w->out.causes[0].range, 0xfee00000, 0xfeefffff);
	assert_string_equal(w->out.causes[0].user.name, "0000:02:00.0");
	assert_true(w->out.causes[1].aperture);
	assert_range(w->out.causes[1].range, 0x1000, 0xffffffff);
	/* The same op does not tell it twice. */
	assert_false(see(w, op_event(w, IOAS_OP_QUERY, 0, 0, 0)));
}

static void test_detach_widens(void **state)
{
	struct why *w = *state;

	open_iommufd(w);
	attach_device(w);
	attach_ends(w, IOAS_OP_ATTACH);
	see(w, of(device_event(IOAS_EV_DEVICE_DETACH, 30, 40), IOAS_BACKEND_IOMMUFD, 60));
	see(w, of(range_event(IOAS_EV_RANGE_CLEAR, IOAS_RANGE_RESERVED, 0, UINT64_MAX, 30),
		  IOAS_BACKEND_IOMMUFD, 60));
	assert_true(attach_ends(w, IOAS_OP_DETACH));
	assert_int_equal(w->out.before->count, 2);
	assert_int_equal(w->out.after->count, 1);
	assert_range(w->out.after->at[0], 0x1000, 0xffffffff);
	assert_int_equal(w->out.ncauses, 1);
	assert_true(w->out.causes[0].gone);
	assert_string_equal(w->out.causes[0].user.name, "0000:02:00.0");
}

/* Two owners of one range: when one goes nothing becomes valid. */
static void test_ranges_stay(void **state)
{
	struct why *w = *state;

	open_iommufd(w);
	add_range(w, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff, 31);
	attach_ends(w, IOAS_OP_ATTACH);
	add_range(w, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff, 30);
	assert_false(attach_ends(w, IOAS_OP_ATTACH));
}

static void test_type1_narrows(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_type1(w, IOAS_MODE_V2);
	see(w, of(range_event(IOAS_EV_RANGE_CLEAR, IOAS_RANGE_VALID, 0, UINT64_MAX, 0),
		  IOAS_BACKEND_TYPE1, 60));
	add_range(w, IOAS_RANGE_VALID, 0, 0xfedfffff, 0);
	ev = op_event(w, IOAS_OP_ATTACH, 0, 0, 0);
	ev.op = 60;
	ev.body_op.group = 12;
	ev.body_op.group_valid = 1;
	assert_true(see(w, ev));
	assert_range(w->out.after->at[0], 0, 0xfedfffff);
	assert_int_equal(w->out.ncauses, 1);
	assert_true(w->out.causes[0].user.has_group);
	assert_int_equal(w->out.causes[0].user.group, 12);
}

/* ---- attaches that fail ---- */

static void refuse_reserve(struct why *w, uint64_t iova, uint64_t size)
{
	struct ioas_event ev = op_event(w, IOAS_OP_RESERVE, iova, size, -EADDRINUSE);

	ev.op = 92;
	ev.body_op.latency_ns = 0;
	see(w, ev);
}

static void test_area_in_the_way(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;
	const struct explain_reason *r;

	open_iommufd(w);
	ev = op_event(w, IOAS_OP_ATTACH, 0, 0, -EADDRINUSE);
	ev.body_op.group = 12;
	ev.body_op.group_valid = 1;
	refuse_reserve(w, 0x12000, 0x1000);
	r = sure(w, ev, EXPLAIN_AREA_IN_WAY);
	assert_int_equal(r->area.number, 7);
	assert_range(r->range, 0x12000, 0x12fff);
	assert_int_equal(r->user.group, 12);
	add_range(w, IOAS_RANGE_ALLOWED, 0x50000, 0x5ffff, 0);
	refuse_reserve(w, 0x58000, 0x1000);
	assert_range(sure(w, ev, EXPLAIN_ALLOWED_IN_WAY)->other, 0x50000, 0x5ffff);
	w->f.now += 100;
	maybe(w, ev, EXPLAIN_AREA_IN_WAY);
}

static void test_attached_twice(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = unit_event(IOAS_EV_GROUP_ATTACH);

	open_type1(w, IOAS_MODE_V2);
	ev.body_obj.group = 12;
	see(w, of(ev, IOAS_BACKEND_TYPE1, 5));
	ev = op_event(w, IOAS_OP_ATTACH, 0, 0, -EINVAL);
	ev.body_op.group_valid = 1;
	ev.body_op.group = 12;
	sure(w, ev, EXPLAIN_TWICE);
	ev.body_op.group = 13;
	maybe(w, ev, EXPLAIN_AREA_IN_WAY);
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
		WITH_WHY(test_overlap),		  WITH_WHY(test_reserved),
		WITH_WHY(test_misaligned),	  WITH_WHY(test_arguments),
		WITH_WHY(test_no_room),		  WITH_WHY(test_type1_outside),
		WITH_WHY(test_many_valid_ranges), WITH_WHY(test_entry_limit),
		WITH_WHY(test_no_memory_there),	  WITH_WHY(test_limit_exact),
		WITH_WHY(test_limit_of_another),  WITH_WHY(test_limit_as_seen),
		WITH_WHY(test_no_kernel_memory),  WITH_WHY(test_copy_of_a_hole),
		WITH_WHY(test_copy_of_read_only), WITH_WHY(test_pins),
		WITH_WHY(test_unmap_classes),	  WITH_WHY(test_v1_inside),
		WITH_WHY(test_v2_bisects),	  WITH_WHY(test_iommufd_stops),
		WITH_WHY(test_unmap_and_newcomer),
		WITH_WHY(test_attach_narrows),	  WITH_WHY(test_detach_widens),
		WITH_WHY(test_ranges_stay),	  WITH_WHY(test_type1_narrows),
		WITH_WHY(test_area_in_the_way),	  WITH_WHY(test_attached_twice),
		WITH_WHY(test_uncertain),	  WITH_WHY(test_unknown_context),
		WITH_WHY(test_success_is_silent), WITH_WHY(test_bounds),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
