// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults: lines of the kernel, whose device it was, what is known of the address. */
#include "core/fault.h"

#include <errno.h>

#include "unit.h"

/* ---- lines ---- */

static const char line[] = "DMAR: [DMA Write NO_PASID] Request device [c1:1f.7] fault addr "
			   "0x7f4020000000 [fault reason 0x05] PTE Write access is not set";

static void test_parse(void **state)
{
	struct ioas_fault_body f = { .segment = 2, .source = IOAS_FAULT_VTD };
	(void)state;

	assert_int_equal(fault_parse(line, &f), 0);
	assert_int_equal(f.iova, 0x7f4020000000);
	assert_int_equal(f.access, IOAS_FAULT_WRITE);
	assert_int_equal(f.reason, 5);
	assert_int_equal(f.rid, 0xc1ff);
	assert_int_equal(f.segment, 2);
	assert_int_equal(f.known, IOAS_FAULT_HAS_IOVA | IOAS_FAULT_HAS_REASON | IOAS_FAULT_HAS_RID);
	fault_pci_name(&f);
	assert_string_equal(f.name, "0002:c1:1f.7");
	assert_string_equal(fault_reason_name(&f), "no write access");
	f.reason = 0xfe;
	assert_null(fault_reason_name(&f));
	f.reason = 5;
	f.source = IOAS_FAULT_REPORTED; /* others have other codes */
	assert_null(fault_reason_name(&f));
}

/* As 7.x prints it; where both are known they are the same, and the line is later. */
static void test_parse_segment(void **state)
{
	struct ioas_fault_body f = { .segment = 2 };
	(void)state;

	assert_int_equal(fault_parse("DMAR: [DMA Read NO_PASID] Request device [00a1:c1:1f.7] "
				     "fault addr 0x3300000000 [fault reason 0x06] PTE Read",
				     &f),
			 0);
	assert_int_equal(f.segment, 0xa1);
	assert_int_equal(f.rid, 0xc1ff);
	assert_int_equal(f.iova, 0x3300000000);
	fault_pci_name(&f);
	assert_string_equal(f.name, "00a1:c1:1f.7");
}

static void test_parse_pasid(void **state)
{
	struct ioas_fault_body f = {};
	(void)state;

	assert_int_equal(fault_parse("[DMA Read PASID 0xfffff] Request device [00:02.0] fault addr "
				     "0x0 [fault reason 0x71] SM: anything",
				     &f),
			 0);
	assert_int_equal(f.pasid, 0xfffff);
	assert_true(f.known & IOAS_FAULT_HAS_PASID);
	assert_int_equal(f.access, IOAS_FAULT_READ);
	assert_int_equal(f.iova, 0);
	assert_int_equal(f.rid, 0x10);
}

static void test_parse_refuses(void **state)
{
	static const char *const lines[] = {
		"",
		"DMAR: ",
		"DMAR: DRHD: handling fault status reg 2",
		"DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0x25 [fault reason 0x25]",
		"DMAR: [DMA Read NO_PASID] Request device [00:20.0] fault addr 0x1 [fault reason "
		"1]",
		"DMAR: [DMA Read NO_PASID] Request device [10000:00:02.0] fault addr 0x1 [fault "
		"reason 1]",
		"DMAR: [DMA Read NO_PASID] Request device [0:0:00:02.0] fault addr 0x1 [fault "
		"reason 1]",
		"DMAR: [DMA Read NO_PASID] Request device [00:02.8] fault addr 0x1 [fault reason "
		"1]",
		"DMAR: [DMA Read NO_PASID] Request device [100:02.0] fault addr 0 [fault reason 1]",
		"DMAR: [DMA Read NO_PASID] Request device [10000:01:02.0] fault addr 0x1 "
		"[fault reason 1]",
		"DMAR: [DMA Read NO_PASID] Request device [0:0:01:02.0] fault addr 0x1 "
		"[fault reason 1]",
		"DMAR: [DMA Read NO_PASID] Request device [0000:01:20.0] fault addr 0x1 "
		"[fault reason 1]",
		"DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr [fault reason 1]",
		"DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x1 [fault reason 1",
		"DMAR: [DMA Read PASID 0x100000] Request device [00:02.0] fault addr 0x1 "
		"[fault reason 1]",
		"DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x10000000000000000 "
		"[fault reason 1]",
		"DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr -1 [fault reason 1]",
	};
	struct ioas_fault_body none = {}, f = {};
	char cut[sizeof(line)];
	(void)state;

	for (size_t i = 0; i < UNIT_COUNT(lines); i++)
		assert_int_equal(fault_parse(lines[i], &f), -EBADMSG);
	/* Cut anywhere before the reason ends. */
	for (size_t n = 0; n < (size_t)(strstr(line, "] PTE") - line); n++) {
		memcpy(cut, line, n);
		cut[n] = '\0';
		assert_int_equal(fault_parse(cut, &f), -EBADMSG);
	}
	assert_memory_equal(&f, &none, sizeof(f));
}

/* ---- places and stories ---- */

#define DEVICE "0000:01:00.0"

static struct ioas_event fault(const char *name, uint64_t iova, uint32_t access)
{
	struct ioas_event ev = unit_event(IOAS_EV_FAULT);

	ev.ctx = 0;
	ev.ioas = 0;
	ev.backend = IOAS_BACKEND_NONE;
	ev.time_ns = 9000;
	strcpy(ev.body_fault.name, name);
	ev.body_fault.iova = iova;
	ev.body_fault.access = access;
	ev.body_fault.known = IOAS_FAULT_HAS_IOVA;
	return ev;
}

static void tell(struct mirror *m, struct ioas_event ev)
{
	assert_int_equal(mirror_apply(m, &ev), 0);
}

/* A context of iommufd with a device in its IOAS 2, one of type1 with a group in its IOAS 12. */
static struct mirror *filled(void)
{
	struct mirror *m = mirror_new(NULL);
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);

	assert_non_null(m);
	ev.backend = IOAS_BACKEND_IOMMUFD;
	tell(m, ev);
	ev = unit_event(IOAS_EV_IOAS_NEW);
	tell(m, ev);
	ev = unit_event(IOAS_EV_DEVICE_ATTACH);
	ev.body_obj.object = 7;
	ev.body_obj.domain = 8;
	ev.body_obj.group = 30;
	strcpy(ev.body_obj.name, DEVICE);
	tell(m, ev);
	ev = unit_event(IOAS_EV_AREA_ADD);
	ev.body_area = (struct ioas_area_body){
		.iova = 0x1000, .last = 0x2fff, .prot = IOAS_PROT_READ, .area = 50
	};
	tell(m, ev);
	ev = unit_event(IOAS_EV_CTX_NEW);
	ev.ctx = 11;
	tell(m, ev);
	ev = unit_event(IOAS_EV_GROUP_ATTACH);
	ev.ctx = 11;
	ev.ioas = 12;
	ev.body_obj.group = 31;
	assert_int_equal(mirror_apply(m, &ev),
			 -ENOENT); /* of an IOAS that is not known: taken in */
	return m;
}

static void test_place(void **state)
{
	struct mirror *m = filled();
	struct ioas_event ev = fault(DEVICE, 0x1000, IOAS_FAULT_READ);
	(void)state;

	assert_true(fault_place(m, &ev));
	assert_int_equal(ev.ctx, 1);
	assert_int_equal(ev.ioas, 2);
	assert_int_equal(ev.backend, IOAS_BACKEND_IOMMUFD);
	assert_int_equal(ev.body_fault.object, 7);
	assert_int_equal(ev.body_fault.domain, 8);
	assert_int_equal(ioas_event_check_fields(&ev), 0);

	/* A bridge that speaks for a device of its group: not that device, but its IOAS. */
	ev = fault("0000:01:1e.0", 0x1000, IOAS_FAULT_READ);
	assert_false(fault_place(m, &ev));
	assert_int_equal(ev.ctx, 0);
	ev.body_fault.known |= IOAS_FAULT_HAS_GROUP;
	ev.body_fault.group = 30;
	assert_true(fault_place(m, &ev));
	assert_int_equal(ev.ioas, 2);
	assert_int_equal(ev.body_fault.object, 0);

	/* Type1 tells groups only. */
	ev.body_fault.group = 31;
	ev.ctx = 0;
	ev.ioas = 0;
	assert_true(fault_place(m, &ev));
	assert_int_equal(ev.ctx, 11);
	assert_int_equal(ev.ioas, 12);

	/* With a PASID the device may be in another IOAS as well. */
	ev = fault(DEVICE, 0x1000, IOAS_FAULT_READ);
	ev.body_fault.known |= IOAS_FAULT_HAS_PASID;
	assert_true(fault_place(m, &ev));
	assert_int_equal(ev.ctx, 1);
	assert_int_equal(ev.ioas, 0);
	mirror_free(m);
}

static const struct history_options kept = { .kept = 4096, .no_births = true };

static struct fault_story story(const struct mirror *m, const struct history *h,
				const struct ioas_event *ev)
{
	struct fault_story s;

	memset(&s, 0xff, sizeof(s));
	fault_explain(m, h, ev, &s);
	return s;
}

static void test_explain(void **state)
{
	struct mirror *m = filled();
	struct history *h = history_new(&kept);
	struct ioas_event ev = fault(DEVICE, 0x2000, IOAS_FAULT_WRITE);
	struct ioas_event gone = unit_event(IOAS_EV_AREA_GONE);
	struct fault_story s;
	(void)state;

	assert_non_null(h);
	s = story(m, h, &ev);
	assert_false(s.placed);
	assert_true(fault_place(m, &ev));
	s = story(m, h, &ev);
	assert_true(s.placed && s.certain && s.mapped && !s.was_mapped);
	assert_int_equal(s.prot, IOAS_PROT_READ);
	assert_false(fault_allowed(&ev, &s));
	ev.body_fault.access = IOAS_FAULT_READ;
	assert_true(fault_allowed(&ev, &s));

	gone.body_area = (struct ioas_area_body){ .iova = 0x1000, .last = 0x2fff, .area = 50 };
	gone.body_area.prot = IOAS_PROT_READ;
	gone.time_ns = 6000;
	history_see(h, m, &gone, 0);
	tell(m, gone);
	s = story(m, h, &ev);
	assert_true(!s.mapped && s.was_mapped);
	assert_int_equal(s.ago_ns, 3000);
	assert_int_equal(s.tgid, 100);
	assert_int_equal(s.tid, 101);
	assert_string_equal(s.comm, "unit");
	assert_false(fault_allowed(&ev, &s));

	ev.body_fault.iova = 0x3000; /* beside it */
	s = story(m, h, &ev);
	assert_true(s.placed && !s.mapped && !s.was_mapped);
	ev.body_fault.iova = 0x2fff;
	assert_true(story(m, h, &ev).was_mapped);
	assert_false(story(m, NULL, &ev).was_mapped);
	ev.ctx = 11;
	ev.ioas = 12; /* another IOAS with the same address, and one that is not certain */
	s = story(m, h, &ev);
	assert_true(s.placed && !s.was_mapped && !s.certain);
	history_free(h);
	mirror_free(m);
}

/* The last removal counts, and what is too long ago is forgotten. */
static void test_history(void **state)
{
	struct mirror *m = filled();
	struct history *h = history_new(&kept);
	struct ioas_event ev = fault(DEVICE, 0x9000, IOAS_FAULT_READ);
	struct ioas_event gone = unit_event(IOAS_EV_AREA_GONE);
	(void)state;

	assert_non_null(h);
	assert_true(fault_place(m, &ev));
	gone.body_area = (struct ioas_area_body){ .iova = 0x9000, .last = 0x9fff };
	gone.time_ns = 1000;
	history_see(h, m, &gone, 0);
	gone.time_ns = 8000;
	history_see(h, m, &gone, 0);
	assert_int_equal(story(m, h, &ev).ago_ns, 1000);
	gone.time_ns = 9500; /* told before it, though it was after */
	history_see(h, m, &gone, 0);
	assert_int_equal(story(m, h, &ev).ago_ns, 0);
	gone.body_area.iova = 0xa000;
	gone.body_area.last = 0xafff;
	for (int i = 0; i < 4095; i++)
		history_see(h, m, &gone, 0);
	assert_true(story(m, h, &ev).was_mapped);
	history_see(h, m, &gone, 0);
	assert_false(story(m, h, &ev).was_mapped);
	history_free(h);
	mirror_free(m);
}

/* It is no state: what is held stays as it was, and contexts are not made up. */
static void test_changes_nothing(void **state)
{
	struct mirror *m = filled(), *same = filled();
	struct ioas_event ev = fault(DEVICE, 0x1000, IOAS_FAULT_READ);
	char why[200] = "";
	(void)state;

	ev.ctx = 99;
	ev.ioas = 98;
	assert_false(ioas_event_is_change(&ev));
	assert_int_equal(mirror_apply(m, &ev), 0);
	assert_int_equal(mirror_stats(m)->faults, 1);
	assert_int_equal(mirror_stats(m)->contexts, 2);
	assert_int_equal(mirror_compare(m, same, why, sizeof(why)), 0);
	ev.order = 1; /* nothing orders it */
	assert_int_equal(mirror_apply(m, &ev), -EBADMSG);
	mirror_free(m);
	mirror_free(same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	    cmocka_unit_test(test_parse_segment),
		cmocka_unit_test(test_parse_pasid), cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_place),	    cmocka_unit_test(test_explain),
		cmocka_unit_test(test_history),	    cmocka_unit_test(test_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
