// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes small recordings with known content, to test the commands that read
 * them: make-recording SCENARIO FILE. Without arguments it prints the scenarios.
 *
 * Each begins with a type1 container whose group is hardware, and a map of
 * 64 KiB at 0x100000; what follows is the scenario. Times begin at 10 s.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mirror.h"
#include "core/recording.h"

#define START_NS 10000000000ULL
#define CTX 1
#define IOAS 2
#define GROUP 9
#define OWNER 3
#define IOVA 0x100000ULL
#define SIZE 0x10000ULL
#define PAGES 16
#define MEMORY 0x7f0000000000ULL /* of the areas, with the IOVA added */

struct maker {
	struct recording_writer *writer;
	struct mirror *mirror;
	uint64_t time_ns;
	uint64_t order[8]; /* by context */
	uint64_t op; /* number of the op at hand */
	uint64_t began_ns;
	uint32_t area; /* number of the last one */
	uint32_t mode;
	uint32_t ctx;
	uint32_t ioas;
	bool blind; /* no pins */
	struct recording_totals totals;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "make-recording: %s: %s\n", what, strerror(-err));
	exit(1);
}

/* ---- events ---- */

static struct ioas_event event(struct maker *m, unsigned int kind)
{
	struct ioas_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.len = sizeof(ev);
	ev.kind = (__u16)kind;
	ev.backend = IOAS_BACKEND_TYPE1;
	ev.ctx = m->ctx;
	ev.ioas = kind == IOAS_EV_CTX_NEW || kind == IOAS_EV_CTX_GONE ? 0 : m->ioas;
	ev.op = m->op;
	ev.tgid = 4242;
	ev.tid = 4243;
	ev.uid = 107;
	ev.gid = 107;
	strcpy(ev.comm, "qemu<&>\"x");
	return ev;
}

/* A microsecond after the last one, with the next order number. */
static void tell(struct maker *m, struct ioas_event *ev)
{
	int err;

	m->time_ns += 1000;
	ev->time_ns = m->time_ns;
	/* Nothing orders these. */
	if (ev->kind == IOAS_EV_FAULT || ev->kind == IOAS_EV_MEMORY_GONE ||
	    ev->kind == IOAS_EV_MEMORY_LOST)
		ev->order = 0;
	else
		ev->order = ++m->order[ev->ctx];
	ev->cpu_seq = ++m->totals.seen;
	mirror_apply(m->mirror, ev);
	err = recording_write(m->writer, ev);
	if (err)
		die("writing", err);
}

static void begin_op(struct maker *m)
{
	m->op++;
	m->time_ns += 1000;
	m->began_ns = m->time_ns;
}

static void end_op(struct maker *m, unsigned int what, struct ioas_op_body body, unsigned int flags)
{
	struct ioas_event ev = event(m, IOAS_EV_OP);

	ev.flags = (__u8)flags;
	ev.body_op = body;
	ev.body_op.what = (__u16)what;
	if (what == IOAS_OP_OPEN || what == IOAS_OP_CLOSE)
		ev.ioas = 0;
	ev.body_op.latency_ns = m->time_ns + 1000 - m->began_ns;
	tell(m, &ev);
}

static void object(struct maker *m, unsigned int kind)
{
	struct ioas_event ev = event(m, kind);

	if (kind == IOAS_EV_IOAS_NEW)
		ev.body_obj.mode = m->mode;
	if (kind == IOAS_EV_GROUP_ATTACH || kind == IOAS_EV_GROUP_DETACH)
		ev.body_obj.group = GROUP;
	tell(m, &ev);
}

static void area(struct maker *m, unsigned int kind, uint64_t iova, uint32_t number)
{
	struct ioas_event ev = event(m, kind);

	ev.body_area = (struct ioas_area_body){
		.iova = iova,
		.last = iova + SIZE - 1,
		.va = MEMORY + iova,
		.pages = m->blind ? 0 : PAGES,
		.prot = IOAS_PROT_READ | IOAS_PROT_WRITE,
		.area = number,
		.owner_tgid = 4242,
		.owner_uid = 107,
	};
	tell(m, &ev);
}

static void charge(struct maker *m, int64_t pages)
{
	struct ioas_event ev = event(m, IOAS_EV_CHARGE);

	ev.body_charge = (struct ioas_charge_body){
		.owner = OWNER,
		.counter = IOAS_COUNTER_MM_LOCKED,
		.pages = pages,
		.owner_tgid = 4242,
		.owner_uid = 107,
	};
	tell(m, &ev);
}

/* ---- what programs do ---- */

static void open_all(struct maker *m)
{
	begin_op(m);
	object(m, IOAS_EV_CTX_NEW);
	end_op(m, IOAS_OP_OPEN, (struct ioas_op_body){}, 0);
	begin_op(m);
	object(m, IOAS_EV_IOAS_NEW);
	object(m, IOAS_EV_GROUP_ATTACH);
	end_op(m, IOAS_OP_ATTACH, (struct ioas_op_body){ .group = GROUP, .group_valid = 1 }, 0);
}

static struct ioas_op_body asked(uint64_t iova, uint64_t size, int64_t result)
{
	return (struct ioas_op_body){ .iova = iova, .size = size, .result = result, .cmd = 1 };
}

static void map(struct maker *m, uint64_t iova)
{
	struct ioas_op_body body = asked(iova, SIZE, 0);

	begin_op(m);
	area(m, IOAS_EV_AREA_ADD, iova, ++m->area);
	charge(m, PAGES);
	body.va = MEMORY + iova;
	body.prot = IOAS_PROT_READ | IOAS_PROT_WRITE;
	body.pinned = PAGES;
	end_op(m, IOAS_OP_MAP, body, 0);
}

static void map_refused(struct maker *m, uint64_t iova)
{
	struct ioas_op_body body = asked(iova, SIZE, -EEXIST);

	begin_op(m);
	body.va = MEMORY + iova;
	body.prot = IOAS_PROT_READ | IOAS_PROT_WRITE;
	end_op(m, IOAS_OP_MAP, body, 0);
}

static void unmap(struct maker *m, uint64_t iova, uint32_t number)
{
	struct ioas_op_body body = asked(iova, SIZE, 0);

	begin_op(m);
	area(m, IOAS_EV_AREA_GOING, iova, number);
	area(m, IOAS_EV_AREA_GONE, iova, number);
	charge(m, -PAGES);
	body.returned = SIZE;
	body.removed = SIZE;
	body.areas = 1;
	body.unpinned = PAGES;
	end_op(m, IOAS_OP_UNMAP, body, IOAS_F_RETURNED);
}

/* A v1 container answers so where the range begins inside an area. */
static void unmap_nothing(struct maker *m, uint64_t iova)
{
	begin_op(m);
	end_op(m, IOAS_OP_UNMAP, asked(iova, SIZE, 0), IOAS_F_RETURNED);
}

static void close_all(struct maker *m)
{
	begin_op(m);
	object(m, IOAS_EV_GROUP_DETACH);
	end_op(m, IOAS_OP_DETACH, (struct ioas_op_body){ .group = GROUP, .group_valid = 1 },
	       IOAS_F_NO_RESULT);
	begin_op(m);
	object(m, IOAS_EV_IOAS_GONE);
	end_op(m, IOAS_OP_RELEASE, (struct ioas_op_body){}, IOAS_F_NO_RESULT);
	begin_op(m);
	object(m, IOAS_EV_CTX_GONE);
	end_op(m, IOAS_OP_CLOSE, (struct ioas_op_body){}, IOAS_F_NO_RESULT);
}

static void lose(struct maker *m, uint32_t ctx)
{
	struct ioas_event ev = event(m, IOAS_EV_UNCERTAIN);
	int err;

	ev.backend = IOAS_BACKEND_NONE;
	ev.ctx = ctx;
	ev.ioas = 0;
	ev.op = 0;
	ev.time_ns = m->time_ns;
	ev.body_obj.value = m->time_ns;
	mirror_apply(m->mirror, &ev);
	err = recording_write(m->writer, &ev);
	if (err)
		die("writing", err);
	m->totals.seen++;
	m->totals.dropped++;
	m->order[ctx]++;
}

/* ---- scenarios: after the container is open and 64 KiB are mapped ---- */

static void clean(struct maker *m)
{
	map(m, IOVA + 4 * SIZE);
	map_refused(m, IOVA);
	unmap(m, IOVA, 1);
	unmap(m, IOVA + 4 * SIZE, 2);
	close_all(m);
}

/* the IOAS goes, and an area is left. */
static void ioas_end(struct maker *m)
{
	close_all(m);
}

/* the context goes, and an IOAS is left. */
static void context_end(struct maker *m)
{
	unmap(m, IOVA, 1);
	begin_op(m);
	object(m, IOAS_EV_CTX_GONE);
	end_op(m, IOAS_OP_CLOSE, (struct ioas_op_body){}, IOAS_F_NO_RESULT);
}

/* pages of an area that nobody mapped. */
static void stream_known(struct maker *m)
{
	begin_op(m);
	area(m, IOAS_EV_PINNED, 0x40000000, 77);
	end_op(m, IOAS_OP_ATTACH, (struct ioas_op_body){}, 0);
}

/* a change of an op that has ended already. */
static void stream_op(struct maker *m)
{
	unmap(m, IOVA, 1);
	area(m, IOAS_EV_AREA_ADD, IOVA, ++m->area);
}

/* R-20, a warning, and R-21: nothing was unmapped, and then it is mapped again. */
static void stale(struct maker *m)
{
	unmap_nothing(m, IOVA + 0x1000);
	map_refused(m, IOVA + 0x1000);
}

/* What would be R-52 is not judged: an event was lost before. */
static void gap(struct maker *m)
{
	lose(m, CTX);
	close_all(m);
}

/* Something was lost, and when that is told nobody is left who could have lost it. */
static void lost_late(struct maker *m)
{
	struct ioas_event ev = event(m, IOAS_EV_UNCERTAIN);

	clean(m);
	ev.backend = IOAS_BACKEND_NONE;
	ev.ctx = 0;
	ev.ioas = 0;
	ev.op = 0;
	ev.time_ns = m->time_ns;
	ev.body_obj.value = m->time_ns;
	if (recording_write(m->writer, &ev))
		die("writing", -EIO);
}

/* The same of another context is. */
static void gap_elsewhere(struct maker *m)
{
	m->ctx = 5;
	m->ioas = 6;
	open_all(m);
	lose(m, 5);
	m->ctx = CTX;
	m->ioas = IOAS;
	close_all(m);
}

/* Only maps, as many as fill some chunks: to be cut. */
static void many(struct maker *m)
{
	for (uint64_t i = 1; i <= 2000; i++)
		map(m, IOVA + i * SIZE);
}

/* Opened before the recording began. */
static void older(struct maker *m)
{
	struct ioas_event ev;

	m->ctx = 5;
	m->ioas = 6;
	m->op++;
	ev = event(m, IOAS_EV_CTX_NEW);
	ev.flags = IOAS_F_ADOPTED;
	tell(m, &ev);
	ev = event(m, IOAS_EV_IOAS_NEW);
	ev.flags = IOAS_F_ADOPTED;
	ev.body_obj.mode = m->mode;
	tell(m, &ev);
	m->ctx = CTX;
	m->ioas = IOAS;
	clean(m);
}

/* As if pins had no hook: what is not told must not be missed. */
static void no_pins(struct maker *m)
{
	m->blind = true;
	map(m, IOVA + 4 * SIZE);
	unmap(m, IOVA + 4 * SIZE, 2);
	m->blind = false;
	unmap(m, IOVA, 1);
	close_all(m);
}

static struct ioas_fault_body vtd_fault(uint64_t iova, uint32_t access)
{
	return (struct ioas_fault_body){
		.iova = iova,
		.access = access,
		.known = IOAS_FAULT_HAS_IOVA | IOAS_FAULT_HAS_REASON | IOAS_FAULT_HAS_RID |
			 IOAS_FAULT_HAS_GROUP,
		.reason = access == IOAS_FAULT_READ ? 6 : 5,
		.rid = 0x100,
		.group = GROUP,
		.source = IOAS_FAULT_VTD,
		.name = "0000:01:00.0",
	};
}

static void fault(struct maker *m, uint64_t iova, uint32_t access)
{
	struct ioas_event ev = event(m, IOAS_EV_FAULT);

	ev.op = 0;
	ev.tgid = 0;
	ev.tid = 0;
	ev.uid = 0;
	ev.gid = 0;
	memset(ev.comm, 0, sizeof(ev.comm));
	ev.body_fault = vtd_fault(iova, access);
	tell(m, &ev);
}

static struct ioas_event gone_memory(struct maker *m, uint64_t va, uint64_t last)
{
	struct ioas_event ev = event(m, IOAS_EV_MEMORY_GONE);

	ev.backend = IOAS_BACKEND_NONE;
	ev.ctx = 0;
	ev.ioas = 0;
	ev.op = 0;
	ev.body_memory = (struct ioas_memory_body){ .va = va,
						    .last = last,
						    .owner_tgid = 4242,
						    .owner_uid = 107,
						    .cause = IOAS_GONE_MOVED };
	return ev;
}

/* A device asks beside its area and, when it is gone, where it was; then faults that are not told.
 */
static void faults(struct maker *m)
{
	struct ioas_event ev;

	fault(m, IOVA + SIZE, IOAS_FAULT_READ);
	fault(m, IOVA, IOAS_FAULT_WRITE);
	unmap(m, IOVA, 1);
	fault(m, IOVA + 0x1000, IOAS_FAULT_WRITE);
	ev = event(m, IOAS_EV_FAULT);
	ev.ctx = 0;
	ev.ioas = 0;
	ev.backend = IOAS_BACKEND_NONE;
	ev.body_fault.source = IOAS_FAULT_VTD;
	ev.body_fault.untold = 7;
	tell(m, &ev);
	close_all(m);
}

/* The process moves the second page of its area away. */
static void let_go(struct maker *m)
{
	struct ioas_event ev = gone_memory(m, MEMORY + IOVA + 0x1000, MEMORY + IOVA + 0x1fff);

	tell(m, &ev);
}

/* As the reader makes it: @since: when nothing was lost yet. */
static struct ioas_event memory_lost(struct maker *m, uint64_t since)
{
	struct ioas_event ev = event(m, IOAS_EV_MEMORY_LOST);

	ev.ctx = 0;
	ev.ioas = 0;
	ev.op = 0;
	ev.body_obj.value = since;
	return ev;
}

/* Something of what went before that, and what it was nobody knows. */
static void lost_memory(struct maker *m)
{
	struct ioas_event ev = memory_lost(m, m->time_ns);

	m->time_ns += 5000000;
	tell(m, &ev);
}

static void let_go_and_lost(struct maker *m)
{
	let_go(m);
	lost_memory(m);
}

/* One event of each kind and op, as far as they can stand anywhere: for printing. */
static void kinds(struct maker *m)
{
	for (unsigned int kind = IOAS_EV_OP + 1; kind < IOAS_EV_KIND_MAX; kind++) {
		struct ioas_event ev = event(m, kind);

		memset(&ev.body_area, 0, sizeof(ev.body_area));
		if (kind >= IOAS_EV_PAGES_NEW && kind <= IOAS_EV_PAGES_OWNER)
			ev.body_pages = (struct ioas_pages_body){ .pages_id = 8,
								  .npages = 16,
								  .memory = IOAS_MEMORY_FILE };
		else if (kind >= IOAS_EV_RANGE_ADD && kind <= IOAS_EV_RANGE_CLEAR)
			ev.body_range = (struct ioas_range_body){ .iova = 0xfee00000,
								  .last = 0xfeefffff,
								  .class = IOAS_RANGE_RESERVED };
		else if (kind == IOAS_EV_CHARGE)
			ev.body_charge.counter = IOAS_COUNTER_MM_PINNED;
		else if (kind == IOAS_EV_OPTION)
			ev.body_obj.option = IOAS_OPTION_HUGE_PAGES;
		else if (kind == IOAS_EV_FAULT)
			ev.body_fault = vtd_fault(IOVA, IOAS_FAULT_READ);
		else if (kind == IOAS_EV_MEMORY_GONE)
			ev = gone_memory(m, IOVA, IOVA + 0xfff);
		else if (kind == IOAS_EV_MEMORY_LOST)
			ev = memory_lost(m, START_NS);
		else if (kind >= IOAS_EV_DOMAIN_ATTACH && kind <= IOAS_EV_ACCESS_DETACH)
			ev.body_obj.object = 11;
		else if (kind == IOAS_EV_UNCERTAIN || kind <= IOAS_EV_IOAS_GONE ||
			 kind == IOAS_EV_GROUP_ATTACH || kind == IOAS_EV_GROUP_DETACH ||
			 kind == IOAS_EV_DIRTY)
			ev.body_obj.value = kind == IOAS_EV_UNCERTAIN ? START_NS : 0;
		else
			ev.body_area = (struct ioas_area_body){ .iova = IOVA,
								.last = IOVA + SIZE - 1,
								.at = IOVA + 0x1000,
								.object = 12 };
		tell(m, &ev);
	}
	for (unsigned int op = IOAS_OP_OPEN; op < IOAS_OP_MAX; op++) {
		begin_op(m);
		end_op(m, op, asked(IOVA, SIZE, 0), 0);
	}
}

static const struct {
	const char *name;
	void (*run)(struct maker *m); /* NULL: no event at all */
	uint32_t mode;
	bool finished; /* closed in good order */
	const char *without; /* a hook that was not there; NULL: it is not known which were */
} scenarios[] = {
	{ "clean", clean, IOAS_MODE_V2, true, NULL },
	{ "empty", NULL, IOAS_MODE_V2, true, NULL },
	{ "ioas-end", ioas_end, IOAS_MODE_V2, true, NULL },
	{ "context-end", context_end, IOAS_MODE_V2, true, NULL },
	{ "stream-known", stream_known, IOAS_MODE_V2, true, NULL },
	{ "stream-op", stream_op, IOAS_MODE_V2, true, NULL },
	{ "stale", stale, IOAS_MODE_V1, true, NULL },
	{ "gap", gap, IOAS_MODE_V2, true, NULL },
	{ "lost-late", lost_late, IOAS_MODE_V2, true, NULL },
	{ "gap-elsewhere", gap_elsewhere, IOAS_MODE_V2, true, NULL },
	{ "many", many, IOAS_MODE_V2, true, NULL },
	{ "older", older, IOAS_MODE_V2, true, NULL },
	{ "kinds", kinds, IOAS_MODE_V2, true, NULL },
	{ "faults", faults, IOAS_MODE_V2, true, NULL },
	{ "let-go", let_go, IOAS_MODE_V2, true, NULL },
	{ "lost-memory", lost_memory, IOAS_MODE_V2, true, NULL },
	{ "let-go-and-lost", let_go_and_lost, IOAS_MODE_V2, true, NULL },
	{ "no-pins", no_pins, IOAS_MODE_V2, true, "vfio_pin_pages_remote" },
	{ "unfinished", clean, IOAS_MODE_V2, false, NULL },
};

#define NSCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

static const char *const hooks[] = {
	"vfio_fops_release",
	"vfio_container_attach_group",
	"vfio_group_detach_container",
	"vfio_iommu_type1_open",
	"vfio_iommu_type1_ioctl",
	"vfio_pin_pages_remote",
	"vfio_unpin_pages_remote",
	"vfio_unmap_unpin",
	"mm_lock_acct",
	"vfio_iommu_type1_attach_group",
	"vfio_iommu_type1_pin_pages",
	"vfio_iommu_type1_unpin_pages",
	"security_capable",
};

static void start(struct maker *m, const char *path, const char *without)
{
	static struct recording_info info = {
		.kernel = "6.12.0-test",
		.boot_id = "00000000-0000-0000-0000-000000000001",
		.host = "lab",
		.tool = "test",
		.start_boot_ns = START_NS,
		.start_real_ns = 1700000000000000000ULL,
	};
	const struct recording_options options = { .chunk_bytes = 16384 };
	int err;

	for (size_t i = 0; without && i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		if (strcmp(hooks[i], without))
			strcpy(info.hooks[info.nhooks++], hooks[i]);
	}
	m->mirror = mirror_new(NULL);
	err = m->mirror ? recording_create(path, &info, &options, m->mirror, &m->writer) : -ENOMEM;
	if (err)
		die(path, err);
}

static int make(size_t n, const char *path)
{
	struct maker m = {
		.time_ns = START_NS, .ctx = CTX, .ioas = IOAS, .mode = scenarios[n].mode
	};
	int err;

	start(&m, path, scenarios[n].without);
	if (scenarios[n].run) {
		open_all(&m);
		map(&m, IOVA);
		scenarios[n].run(&m);
	}
	m.totals.submitted = m.totals.seen - m.totals.dropped;
	m.totals.gaps = m.totals.dropped;
	err = recording_finish(&m.writer, scenarios[n].finished ? &m.totals : NULL);
	mirror_free(m.mirror);
	if (err)
		die(path, err);
	return 0;
}

int main(int argc, char **argv)
{
	for (size_t n = 0; n < NSCENARIOS; n++) {
		if (argc == 1)
			puts(scenarios[n].name);
		else if (argc == 3 && !strcmp(argv[1], scenarios[n].name))
			return make(n, argv[2]);
	}
	if (argc == 1)
		return 0;
	fputs("Usage: make-recording [SCENARIO FILE]\n", stderr);
	return 2;
}
