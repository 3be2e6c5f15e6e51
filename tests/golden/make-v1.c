// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wrote tests/golden/v1.ioasrec, once. The file is the promise that what was
 * recorded with format 1 can be read: it is never written again, and this is
 * kept to show where it comes from. To see what the program of today makes:
 *
 *     gcc -std=gnu11 -D_GNU_SOURCE -Iinclude -Iuser tests/golden/make-v1.c \
 *         user/core/[!_]*.c -lzstd -linih -o build/make-v1 && build/make-v1 FILE
 *
 * tests/unit/test_recording_golden.c tells the same story again, in its own words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/recording.h"

#define SECOND 1000000000ULL

static struct ioas_event event(unsigned int kind, uint32_t ctx, uint32_t ioas, uint64_t order,
			       uint64_t time_ns)
{
	struct ioas_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.len = sizeof(ev);
	ev.kind = (__u16)kind;
	ev.backend = ctx == 1 ? IOAS_BACKEND_TYPE1 : IOAS_BACKEND_IOMMUFD;
	ev.cpu = 1;
	ev.cpu_seq = 100 + order;
	ev.time_ns = time_ns;
	ev.order = order;
	ev.ctx = ctx;
	ev.ioas = ioas;
	ev.tgid = ctx == 1 ? 100 : 200;
	ev.tid = ev.tgid + 1;
	ev.uid = ctx == 1 ? 1000 : 1001;
	ev.gid = ev.uid;
	ev.cgroup = 4242;
	strcpy(ev.comm, ctx == 1 ? "older" : "qemu");
	return ev;
}

/* What was there before the recording began. */
static void begin(struct mirror *m)
{
	struct ioas_event ev = event(IOAS_EV_CTX_NEW, 1, 0, 10, SECOND);

	ev.flags = IOAS_F_ADOPTED;
	mirror_apply(m, &ev);
	ev = event(IOAS_EV_IOAS_NEW, 1, 2, 0, SECOND);
	ev.flags = IOAS_F_ADOPTED;
	ev.body_obj.mode = IOAS_MODE_V2;
	mirror_apply(m, &ev);
	ev = event(IOAS_EV_AREA_ADD, 1, 2, 0, SECOND);
	ev.flags = IOAS_F_ADOPTED;
	ev.body_area = (struct ioas_area_body){ .iova = 0x10000,
						.last = 0x1ffff,
						.va = 0x7f0000000000,
						.pages = 16,
						.prot = 3,
						.area = 3,
						.owner_tgid = 100,
						.owner_uid = 1000 };
	mirror_apply(m, &ev);
}

static void add(struct mirror *m, struct recording_writer *w, struct ioas_event ev)
{
	if (mirror_apply(m, &ev) || recording_write(w, &ev))
		abort();
}

static void open_and_map(struct mirror *m, struct recording_writer *w)
{
	struct ioas_event ev;

	add(m, w, event(IOAS_EV_CTX_NEW, 4, 0, 1, 2 * SECOND));
	ev = event(IOAS_EV_OP, 4, 0, 2, 2 * SECOND + 1000);
	ev.op = 1;
	ev.body_op = (struct ioas_op_body){ .what = IOAS_OP_OPEN, .latency_ns = 1500 };
	add(m, w, ev);
	ev = event(IOAS_EV_IOAS_NEW, 4, 5, 3, 2 * SECOND + 2000);
	ev.body_obj.mode = IOAS_MODE_COVER;
	add(m, w, ev);
	ev = event(IOAS_EV_PAGES_NEW, 4, 0, 4, 2 * SECOND + 3000);
	ev.op = 2;
	ev.body_pages = (struct ioas_pages_body){ .pages_id = 6,
						  .owner = 1,
						  .va = 0x7f1000000000,
						  .npages = 32,
						  .memory = IOAS_MEMORY_USER,
						  .account = IOAS_COUNTER_USER_LOCKED,
						  .writable = 1,
						  .owner_tgid = 200,
						  .owner_uid = 1001 };
	add(m, w, ev);
	ev = event(IOAS_EV_AREA_ADD, 4, 5, 5, 2 * SECOND + 4000);
	ev.op = 2;
	ev.body_area = (struct ioas_area_body){ .iova = 0x100000,
						.last = 0x11ffff,
						.prot = 3,
						.area = 7,
						.owner_tgid = 200,
						.owner_uid = 1001,
						.pages_id = 6 };
	add(m, w, ev);
	ev = event(IOAS_EV_OP, 4, 5, 6, 2 * SECOND + 5000);
	ev.op = 2;
	ev.body_op = (struct ioas_op_body){ .what = IOAS_OP_MAP,
					    .latency_ns = 2500,
					    .iova = 0x100000,
					    .size = 0x20000,
					    .va = 0x7f1000000000,
					    .prot = 3,
					    .cmd = 0x3b85 };
	add(m, w, ev);
}

static void unmap_the_older(struct mirror *m, struct recording_writer *w)
{
	struct ioas_area_body area = {
		.iova = 0x10000, .last = 0x1ffff, .va = 0x7f0000000000, .prot = 3, .area = 3
	};
	struct ioas_event ev = event(IOAS_EV_AREA_GOING, 1, 2, 11, 2 * SECOND + 10000);

	ev.op = 3;
	ev.body_area = area;
	add(m, w, ev);
	ev.body_area.pages = -16;
	ev.kind = IOAS_EV_PINNED;
	ev.order = 12;
	ev.cpu_seq++;
	ev.time_ns += 1000;
	add(m, w, ev);
	ev.body_area = area;
	ev.kind = IOAS_EV_AREA_GONE;
	ev.order = 13;
	ev.cpu_seq++;
	ev.time_ns += 1000;
	add(m, w, ev);
	ev = event(IOAS_EV_OP, 1, 2, 14, 2 * SECOND + 13000);
	ev.op = 3;
	ev.flags = IOAS_F_RETURNED;
	ev.body_op = (struct ioas_op_body){ .what = IOAS_OP_UNMAP,
					    .latency_ns = 9000,
					    .iova = 0x10000,
					    .size = 0x10000,
					    .returned = 0x10000,
					    .removed = 0x10000,
					    .unpinned = 16,
					    .areas = 1,
					    .cmd = 0x3b72 };
	add(m, w, ev);
}

static void attach(struct mirror *m, struct recording_writer *w)
{
	struct ioas_event ev = event(IOAS_EV_CHARGE, 4, 5, 7, 3 * SECOND);

	ev.op = 4;
	ev.body_charge = (struct ioas_charge_body){ .owner = 1,
						    .counter = IOAS_COUNTER_USER_LOCKED,
						    .pages = 32,
						    .owner_tgid = 200,
						    .owner_uid = 1001,
						    .pages_id = 6 };
	add(m, w, ev);
	ev = event(IOAS_EV_PAGES_PINNED, 4, 0, 8, 3 * SECOND + 1000);
	ev.op = 4;
	ev.body_pages.pages_id = 6;
	ev.body_pages.pinned = 32;
	add(m, w, ev);
	ev = event(IOAS_EV_DOMAIN_ATTACH, 4, 5, 9, 3 * SECOND + 2000);
	ev.body_obj.object = 8;
	ev.body_obj.page_size = 4096;
	add(m, w, ev);
	ev = event(IOAS_EV_DEVICE_ATTACH, 4, 5, 10, 3 * SECOND + 3000);
	ev.body_obj.object = 9;
	ev.body_obj.domain = 8;
	ev.body_obj.group = 12;
	strcpy(ev.body_obj.name, "0000:01:00.0");
	add(m, w, ev);
	ev = event(IOAS_EV_RANGE_ADD, 4, 5, 11, 3 * SECOND + 4000);
	ev.body_range = (struct ioas_range_body){
		.iova = 0xfee00000, .last = 0xfeefffff, .class = IOAS_RANGE_RESERVED, .owner = 9
	};
	add(m, w, ev);
	ev = event(IOAS_EV_UNCERTAIN, 1, 0, 0, 4 * SECOND);
	ev.body_obj.value = 3 * SECOND + 500;
	add(m, w, ev);
}

int main(int argc, char **argv)
{
	static const struct recording_info info = {
		.kernel = "6.1.0-18-amd64",
		.boot_id = "5f1c7a52-0d3e-4b8e-9a41-2f6d8c7b9e10",
		.host = "golden",
		.tool = "0.2",
		.start_boot_ns = SECOND,
		.start_real_ns = 1700000000 * SECOND,
		.missing = 0x5,
		.nhooks = 3,
		.hooks = { "vfio_iommu_type1_open", "vfio_remove_dma", "iommufd_fops_open" },
	};
	static const struct recording_options options = { .chunk_bytes = 600,
							  .keyframe_events = 6 };
	static const struct recording_totals totals = {
		.seen = 20, .submitted = 18, .dropped = 2, .missed = 1, .gaps = 2
	};
	struct recording_writer *w;
	struct mirror *m = mirror_new(NULL);

	if (argc != 2 || !m)
		return 2;
	begin(m);
	if (recording_create(argv[1], &info, &options, m, &w))
		return 1;
	open_and_map(m, w);
	unmap_the_older(m, w);
	attach(m, w);
	if (recording_finish(&w, &totals))
		return 1;
	mirror_free(m);
	return 0;
}
