// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The promise: what was recorded with format 1 is read by this and all later
 * versions, with the same content. The story is written down here by hand, as
 * tests/golden/make-v1.c told it. Only additions may change this file.
 */
#include "core/recording.h"

#include "unit.h"

#define FILE_V1 "tests/golden/v1.ioasrec"
#define SECOND 1000000000ULL
#define AT2(ns) (2 * SECOND + (ns))
#define AT3(ns) (3 * SECOND + (ns))

static struct recording *open_v1(void)
{
	struct recording *r;
	char why[200] = "";

	if (recording_open(FILE_V1, &r, why, sizeof(why)))
		fail_msg("%s: %s (run from the root of the source)", FILE_V1, why);
	return r;
}

static void info(void **state)
{
	struct recording *r = open_v1();
	const struct recording_info *i = recording_info(r);
	uint64_t first, last;

	(void)state;
	assert_string_equal(i->kernel, "6.1.0-18-amd64");
	assert_string_equal(i->boot_id, "5f1c7a52-0d3e-4b8e-9a41-2f6d8c7b9e10");
	assert_string_equal(i->host, "golden");
	assert_string_equal(i->tool, "0.2");
	assert_int_equal(i->start_boot_ns, SECOND);
	assert_int_equal(i->start_real_ns, 1700000000ULL * SECOND);
	assert_int_equal(i->missing, 5);
	assert_int_equal(i->nhooks, 3);
	assert_string_equal(i->hooks[0], "vfio_iommu_type1_open");
	assert_string_equal(i->hooks[1], "vfio_remove_dma");
	assert_string_equal(i->hooks[2], "iommufd_fops_open");
	recording_span(r, &first, &last);
	assert_int_equal(first, AT2(0));
	/* The loss was told at 4 s, and was at: */
	assert_int_equal(last, AT3(4000));
	recording_close(&r);
}

/* What each event is, whatever its kind. */
static const struct {
	uint16_t kind;
	uint32_t ctx, ioas;
	uint64_t order, time_ns, op;
} story[] = {
	{ IOAS_EV_CTX_NEW, 4, 0, 1, AT2(0), 0 },
	{ IOAS_EV_OP, 4, 0, 2, AT2(1000), 1 },
	{ IOAS_EV_IOAS_NEW, 4, 5, 3, AT2(2000), 0 },
	{ IOAS_EV_PAGES_NEW, 4, 0, 4, AT2(3000), 2 },
	{ IOAS_EV_AREA_ADD, 4, 5, 5, AT2(4000), 2 },
	{ IOAS_EV_OP, 4, 5, 6, AT2(5000), 2 },
	{ IOAS_EV_AREA_GOING, 1, 2, 11, AT2(10000), 3 },
	{ IOAS_EV_PINNED, 1, 2, 12, AT2(11000), 3 },
	{ IOAS_EV_AREA_GONE, 1, 2, 13, AT2(12000), 3 },
	{ IOAS_EV_OP, 1, 2, 14, AT2(13000), 3 },
	{ IOAS_EV_CHARGE, 4, 5, 7, AT3(0), 4 },
	{ IOAS_EV_PAGES_PINNED, 4, 0, 8, AT3(1000), 4 },
	{ IOAS_EV_DOMAIN_ATTACH, 4, 5, 9, AT3(2000), 0 },
	{ IOAS_EV_DEVICE_ATTACH, 4, 5, 10, AT3(3000), 0 },
	{ IOAS_EV_RANGE_ADD, 4, 5, 11, AT3(4000), 0 },
	{ IOAS_EV_UNCERTAIN, 1, 0, 0, 4 * SECOND, 0 },
};

static void check_header(const struct ioas_event *ev, size_t i)
{
	assert_int_equal(ev->len, 184);
	assert_int_equal(ev->kind, story[i].kind);
	assert_int_equal(ev->ctx, story[i].ctx);
	assert_int_equal(ev->ioas, story[i].ioas);
	assert_int_equal(ev->order, story[i].order);
	assert_int_equal(ev->time_ns, story[i].time_ns);
	assert_int_equal(ev->op, story[i].op);
	assert_int_equal(ev->backend, ev->ctx == 1 ? IOAS_BACKEND_TYPE1 : IOAS_BACKEND_IOMMUFD);
	assert_int_equal(ev->cpu, 1);
	assert_int_equal(ev->cpu_seq, 100 + story[i].order);
	assert_int_equal(ev->tgid, ev->ctx == 1 ? 100 : 200);
	assert_int_equal(ev->tid, ev->ctx == 1 ? 101 : 201);
	assert_int_equal(ev->uid, ev->ctx == 1 ? 1000 : 1001);
	assert_int_equal(ev->gid, ev->ctx == 1 ? 1000 : 1001);
	assert_int_equal(ev->cgroup, 4242);
	assert_string_equal(ev->comm, ev->ctx == 1 ? "older" : "qemu");
	assert_int_equal(ev->flags, i == 9 ? IOAS_F_RETURNED : 0);
}

static void check_areas(const struct ioas_event *ev, size_t i)
{
	const struct ioas_area_body *a = &ev->body_area;

	if (i == 4) {
		assert_int_equal(a->iova, 0x100000);
		assert_int_equal(a->last, 0x11ffff);
		assert_int_equal(a->pages_id, 6);
		assert_int_equal(a->area, 7);
		assert_int_equal(a->owner_tgid, 200);
		assert_int_equal(a->owner_uid, 1001);
		return;
	}
	assert_int_equal(a->iova, 0x10000);
	assert_int_equal(a->last, 0x1ffff);
	assert_int_equal(a->va, 0x7f0000000000);
	assert_int_equal(a->area, 3);
	assert_int_equal(a->pages, i == 7 ? -16 : 0);
}

static void check_ops(const struct ioas_event *ev, size_t i)
{
	const struct ioas_op_body *op = &ev->body_op;

	assert_int_equal(op->result, 0);
	if (i == 1) {
		assert_int_equal(op->what, IOAS_OP_OPEN);
		assert_int_equal(op->latency_ns, 1500);
	} else if (i == 5) {
		assert_int_equal(op->what, IOAS_OP_MAP);
		assert_int_equal(op->latency_ns, 2500);
		assert_int_equal(op->iova, 0x100000);
		assert_int_equal(op->size, 0x20000);
		assert_int_equal(op->va, 0x7f1000000000);
		assert_int_equal(op->prot, 3);
		assert_int_equal(op->cmd, 0x3b85);
	} else {
		assert_int_equal(op->what, IOAS_OP_UNMAP);
		assert_int_equal(op->latency_ns, 9000);
		assert_int_equal(op->size, 0x10000);
		assert_int_equal(op->returned, 0x10000);
		assert_int_equal(op->removed, 0x10000);
		assert_int_equal(op->unpinned, 16);
		assert_int_equal(op->areas, 1);
		assert_int_equal(op->cmd, 0x3b72);
	}
}

static void check_others(const struct ioas_event *ev, size_t i)
{
	const struct ioas_obj_body *obj = &ev->body_obj;

	if (i == 2) {
		assert_int_equal(obj->mode, IOAS_MODE_COVER);
	} else if (i == 3) {
		assert_int_equal(ev->body_pages.pages_id, 6);
		assert_int_equal(ev->body_pages.owner, 1);
		assert_int_equal(ev->body_pages.va, 0x7f1000000000);
		assert_int_equal(ev->body_pages.npages, 32);
		assert_int_equal(ev->body_pages.memory, IOAS_MEMORY_USER);
		assert_int_equal(ev->body_pages.account, IOAS_COUNTER_USER_LOCKED);
		assert_int_equal(ev->body_pages.writable, 1);
	} else if (i == 10) {
		assert_int_equal(ev->body_charge.owner, 1);
		assert_int_equal(ev->body_charge.counter, IOAS_COUNTER_USER_LOCKED);
		assert_int_equal(ev->body_charge.pages, 32);
		assert_int_equal(ev->body_charge.owner_uid, 1001);
		assert_int_equal(ev->body_charge.pages_id, 6);
	} else if (i == 11) {
		assert_int_equal(ev->body_pages.pages_id, 6);
		assert_int_equal(ev->body_pages.pinned, 32);
	} else if (i == 12) {
		assert_int_equal(obj->object, 8);
		assert_int_equal(obj->page_size, 4096);
	} else if (i == 13) {
		assert_int_equal(obj->object, 9);
		assert_int_equal(obj->domain, 8);
		assert_int_equal(obj->group, 12);
		assert_string_equal(obj->name, "0000:01:00.0");
	} else if (i == 14) {
		assert_int_equal(ev->body_range.iova, 0xfee00000);
		assert_int_equal(ev->body_range.last, 0xfeefffff);
		assert_int_equal(ev->body_range.class, IOAS_RANGE_RESERVED);
		assert_int_equal(ev->body_range.owner, 9);
	} else if (i == 15) {
		assert_int_equal(obj->value, AT3(500));
	}
}

static void events(void **state)
{
	struct recording *r = open_v1();
	const struct recording_totals *totals;
	const struct ioas_event *ev;
	bool older_area = false;
	const char *why;
	size_t i = 0;

	(void)state;
	while (recording_next(r, &ev) == 1) {
		if (recording_in_keyframe(r)) {
			assert_int_equal(ev->ctx, 1);
			older_area |= ev->kind == IOAS_EV_AREA_ADD && ev->body_area.area == 3;
			continue;
		}
		assert_true(i < UNIT_COUNT(story));
		check_header(ev, i);
		if (ev->kind == IOAS_EV_OP)
			check_ops(ev, i);
		else if (ioas_event_is_area(ev))
			check_areas(ev, i);
		else
			check_others(ev, i);
		i++;
	}
	assert_true(older_area);
	assert_int_equal(i, UNIT_COUNT(story));
	assert_int_equal(recording_ended(r, &why), RECORDING_WHOLE);
	assert_string_equal(why, "");
	assert_int_equal(recording_unknown(r), 0);
	assert_int_equal(recording_malformed(r), 0);
	totals = recording_totals(r);
	assert_non_null(totals);
	assert_int_equal(totals->events, 16);
	assert_int_equal(totals->seen, 20);
	assert_int_equal(totals->submitted, 18);
	assert_int_equal(totals->dropped, 2);
	assert_int_equal(totals->missed, 1);
	assert_int_equal(totals->gaps, 2);
	recording_close(&r);
}

static struct mirror *state_at(uint64_t time_ns)
{
	struct recording *r = open_v1();
	struct mirror *m;

	assert_int_equal(recording_mirror(r, time_ns, &m), 0);
	recording_close(&r);
	assert_int_equal(mirror_check(m), 0);
	assert_int_equal(mirror_anomalies(m)->total, 0);
	return m;
}

/* After the second context's map, before the first one's unmap. */
static void state_between(void **state)
{
	struct mirror *m = state_at(AT2(4500));
	const struct mirror_area *area = mirror_area_at(mirror_find_ioas(m, 2), 0x1ffff);

	(void)state;
	assert_non_null(area);
	assert_int_equal(area->node.start, 0x10000);
	assert_int_equal(mirror_area_va(area), 0x7f0000000000);
	assert_int_equal(mirror_area_pinned(area), 16);
	assert_int_equal(area->time_ns, SECOND);
	assert_int_equal(mirror_find_ctx(m, 1)->order, 10);
	assert_int_equal(mirror_find_ctx(m, 1)->uncertain_since, 0);
	assert_int_equal(mirror_find_ctx(m, 4)->order, 5);
	assert_int_equal(mirror_mapped_bytes(mirror_find_ioas(m, 5)), 0x20000);
	assert_int_equal(mirror_find_pages(mirror_find_ctx(m, 4), 6)->pinned, 0);
	mirror_free(m);
	/* While the area is going. */
	m = state_at(AT2(11999));
	area = mirror_area_at(mirror_find_ioas(m, 2), 0x10000);
	assert_non_null(area);
	assert_true(area->going);
	assert_int_equal(mirror_area_pinned(area), 0);
	mirror_free(m);
}

static void state_at_the_end(void **state)
{
	struct mirror *m = state_at(UINT64_MAX);
	const struct mirror_ctx *older = mirror_find_ctx(m, 1), *ctx = mirror_find_ctx(m, 4);
	const struct mirror_ioas *ioas = mirror_find_ioas(m, 5);
	const struct mirror_area *area;
	const struct mirror_pages *pages;
	const struct mirror_range *range;

	(void)state;
	assert_true(older->adopted);
	assert_int_equal(older->uncertain_since, AT3(500));
	assert_int_equal(older->order, 14);
	assert_int_equal(mirror_area_count(mirror_find_ioas(m, 2)), 0);
	assert_int_equal(mirror_find_ioas(m, 2)->mode, IOAS_MODE_V2);

	assert_false(ctx->adopted);
	assert_int_equal(ctx->uncertain_since, 0);
	assert_int_equal(ctx->backend, IOAS_BACKEND_IOMMUFD);
	assert_int_equal(ctx->tgid, 200);
	assert_string_equal(ctx->comm, "qemu");
	assert_int_equal(ioas->mode, IOAS_MODE_COVER);
	assert_int_equal(mirror_area_count(ioas), 1);
	area = mirror_area_first(ioas);
	assert_int_equal(area->node.start, 0x100000);
	assert_int_equal(area->node.last, 0x11ffff);
	assert_int_equal(mirror_area_va(area), 0x7f1000000000);
	pages = mirror_area_pages(area);
	assert_int_equal(pages->id, 6);
	assert_int_equal(pages->areas, 1);
	assert_int_equal(pages->pinned, 32);
	assert_int_equal(pages->charged, 32);
	assert_int_equal(mirror_find_domain(ioas, 8)->page_size, 4096);
	assert_string_equal(mirror_find_device(ioas, 9)->name, "0000:01:00.0");
	range = mirror_range_first(ioas, IOAS_RANGE_RESERVED);
	assert_non_null(range);
	assert_int_equal(range->node.start, 0xfee00000);
	assert_int_equal(range->node.last, 0xfeefffff);
	assert_int_equal(range->owner, 9);
	mirror_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(info),
		cmocka_unit_test(events),
		cmocka_unit_test(state_between),
		cmocka_unit_test(state_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
