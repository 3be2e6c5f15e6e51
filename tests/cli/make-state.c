// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes a recording of the events that standard input lists, one on each line:
 * make-state FILE. A line is a kind and its fields, by their names in event.h:
 *
 *	ctx-new time=0.5 ctx=1 backend=iommufd
 *	ioas-new ioas=2 mode=cover
 *	area-add iova=0x1000 last=0x1fff va=0x7000 prot=3 area=5
 *
 * time (seconds after the start, which is at 10 s), ctx, ioas and backend stay as
 * they are for the lines that follow. A fault is put where its device, or its group,
 * is. op=N, tid=N and comm=NAME are of the event itself. repeat=N tells the event of an area N
 * times, each time behind the last one. "lose" leaves out an order number. Each
 * event is checked before it is written. '#' begins a comment.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "core/fault.h"
#include "core/mirror.h"
#include "core/recording.h"

#define START_NS 10000000000ULL
#define CTX_MAX 64

struct maker {
	struct recording_writer *writer;
	struct mirror *mirror;
	uint64_t time_ns;
	uint64_t order[CTX_MAX];
	uint32_t ctx;
	uint32_t ioas;
	uint8_t backend;
	uint64_t repeat;
	struct recording_totals totals;
	unsigned int line;
};

static void die(const struct maker *m, const char *what, const char *why)
{
	fprintf(stderr, "make-state: line %u: %s: %s\n", m->line, what, why);
	exit(1);
}

/* ---- fields by name ---- */

enum body {
	BODY_OBJ,
	BODY_AREA,
	BODY_PAGES,
	BODY_RANGE,
	BODY_CHARGE,
	BODY_OP,
	BODY_FAULT,
	BODY_ANY,
};

struct field {
	const char *name;
	enum body body;
	size_t offset;
	size_t size;
};

#define FIELD(body, member, name)                                                                  \
	{                                                                                          \
#name, body, offsetof(struct ioas_event, member.name),                             \
			sizeof(((struct ioas_event *)0)->member.name)                              \
	}
#define OBJ(name) FIELD(BODY_OBJ, body_obj, name)
#define AREA(name) FIELD(BODY_AREA, body_area, name)
#define PAGES(name) FIELD(BODY_PAGES, body_pages, name)
#define RANGE(name) FIELD(BODY_RANGE, body_range, name)
#define CHARGE(name) FIELD(BODY_CHARGE, body_charge, name)
#define OP(name) FIELD(BODY_OP, body_op, name)
#define FAULT(name) FIELD(BODY_FAULT, body_fault, name)
#define ANY(name)                                                                                  \
	{                                                                                          \
#name, BODY_ANY, offsetof(struct ioas_event, name),                                \
			sizeof(((struct ioas_event *)0)->name)                                     \
	}

static const struct field fields[] = {
	OBJ(group),	  OBJ(emulated),   OBJ(object),	   OBJ(domain),	       OBJ(page_size),
	OBJ(exact),	  OBJ(value),	   AREA(iova),	   AREA(last),	       AREA(va),
	AREA(pages),	  AREA(pfnmap),	   AREA(prot),	   AREA(area),	       AREA(owner_tgid),
	AREA(owner_uid),  AREA(pages_id),  AREA(object),   AREA(at),	       AREA(area2),
	AREA(bytes),	  PAGES(pages_id), PAGES(owner),   PAGES(va),	       PAGES(npages),
	PAGES(pinned),	  PAGES(memory),   PAGES(account), PAGES(writable),    PAGES(owner_tgid),
	PAGES(owner_uid), RANGE(iova),	   RANGE(last),	   RANGE(class),       RANGE(owner),
	CHARGE(owner),	  CHARGE(counter), CHARGE(pages),  CHARGE(owner_tgid), CHARGE(owner_uid),
	CHARGE(pages_id), OP(result),	   OP(latency_ns), OP(iova),	       OP(size),
	OP(returned),	  FAULT(iova),	   FAULT(access),  FAULT(known),       FAULT(reason),
	FAULT(pasid),	  FAULT(rid),	   FAULT(group),   FAULT(source),      FAULT(untold),
	ANY(op),	  ANY(tid),	   ANY(tgid),
};

static enum body body_of(const struct ioas_event *ev)
{
	if (ioas_event_is_area(ev))
		return BODY_AREA;
	if (ioas_event_is_pages(ev))
		return BODY_PAGES;
	if (ioas_event_is_range(ev))
		return BODY_RANGE;
	if (ev->kind == IOAS_EV_OP)
		return BODY_OP;
	if (ev->kind == IOAS_EV_FAULT)
		return BODY_FAULT;
	return ev->kind == IOAS_EV_CHARGE ? BODY_CHARGE : BODY_OBJ;
}

static uint64_t number(const struct maker *m, const char *text)
{
	char *end;
	uint64_t v = *text == '-' ? -strtoull(text + 1, &end, 0) : strtoull(text, &end, 0);

	if (!*text || *end)
		die(m, text, "not a number");
	return v;
}

static void set_field(const struct maker *m, struct ioas_event *ev, const char *key,
		      const char *value)
{
	for (size_t n = 0; n < sizeof(fields) / sizeof(fields[0]); n++) {
		const struct field *f = &fields[n];
		uint64_t v;

		if ((f->body != body_of(ev) && f->body != BODY_ANY) || strcmp(f->name, key))
			continue;
		v = number(m, value);
		/* Little endian, as all that the tool runs on. */
		memcpy((char *)ev + f->offset, &v, f->size);
		return;
	}
	die(m, key, "no such field");
}

static bool set_sticky(struct maker *m, const char *key, const char *value)
{
	int v;

	if (!strcmp(key, "time")) {
		m->time_ns = START_NS + (uint64_t)(strtod(value, NULL) * 1e9 + 0.5);
	} else if (!strcmp(key, "ctx")) {
		m->ctx = number(m, value);
	} else if (!strcmp(key, "ioas")) {
		m->ioas = number(m, value);
	} else if (!strcmp(key, "backend")) {
		v = ioas_backend_from_name(value);
		if (v < 0)
			die(m, value, "no such backend");
		m->backend = v;
	} else {
		return false;
	}
	return true;
}

static void set(struct maker *m, struct ioas_event *ev, const char *key, const char *value)
{
	int v;

	if (set_sticky(m, key, value))
		return;
	if (!strcmp(key, "repeat")) {
		m->repeat = number(m, value);
	} else if (!strcmp(key, "flags")) {
		ev->flags = number(m, value);
	} else if (!strcmp(key, "name") && ev->kind == IOAS_EV_FAULT) {
		snprintf(ev->body_fault.name, sizeof(ev->body_fault.name), "%s", value);
	} else if (!strcmp(key, "name")) {
		snprintf(ev->body_obj.name, sizeof(ev->body_obj.name), "%s", value);
	} else if (!strcmp(key, "comm")) {
		snprintf(ev->comm, sizeof(ev->comm), "%s", value);
	} else if (!strcmp(key, "what")) {
		v = ioas_op_from_name(value);
		if (v < 0)
			die(m, value, "no such op");
		ev->body_op.what = v;
	} else if (!strcmp(key, "mode")) {
		v = ioas_mode_from_name(value);
		if (v < 0)
			die(m, value, "no such mode");
		ev->body_obj.mode = v;
	} else {
		set_field(m, ev, key, value);
	}
}

/* ---- lines ---- */

/* As a live run does it. */
static void place(struct maker *m, struct ioas_event *ev)
{
	ev->backend = IOAS_BACKEND_NONE;
	ev->ctx = 0;
	ev->ioas = 0;
	ev->tgid = 0;
	ev->tid = 0;
	ev->uid = 0;
	memset(ev->comm, 0, sizeof(ev->comm));
	fault_place(m->mirror, ev);
}

static void tell(struct maker *m, struct ioas_event *ev)
{
	int err;

	if (m->ctx >= CTX_MAX)
		die(m, "ctx", "too large");
	ev->backend = m->backend;
	ev->ctx = m->ctx;
	ev->ioas = body_of(ev) == BODY_PAGES || ev->kind == IOAS_EV_CTX_NEW ||
				   ev->kind == IOAS_EV_CTX_GONE || ev->kind == IOAS_EV_UNCERTAIN
			   ? 0
			   : m->ioas;
	ev->time_ns = m->time_ns;
	if (ev->kind == IOAS_EV_FAULT)
		place(m, ev);
	else if (ev->kind != IOAS_EV_UNCERTAIN)
		ev->order = ++m->order[m->ctx];
	ev->cpu_seq = ++m->totals.seen;
	err = ioas_event_check_fields(ev);
	if (err)
		die(m, ioas_kind_name(ev->kind), "it does not pass the check");
	mirror_apply(m->mirror, ev);
	err = recording_write(m->writer, ev);
	if (err)
		die(m, "writing", strerror(-err));
}

static void tell_all(struct maker *m, struct ioas_event *ev)
{
	struct ioas_area_body *a = &ev->body_area;

	for (uint64_t n = 0; n < m->repeat; n++) {
		uint64_t size = a->last - a->iova + 1;

		tell(m, ev);
		if (m->repeat == 1)
			return;
		a->iova += size;
		a->last += size;
		a->va += size;
		a->area++;
	}
}

static void take_line(struct maker *m, char *line)
{
	struct ioas_event ev = { .len = sizeof(ev), .tgid = 100, .tid = 100, .uid = 7 };
	char *word, *rest = line;
	int kind;

	line[strcspn(line, "#\n")] = '\0';
	word = strtok_r(line, " \t", &rest);
	if (!word)
		return;
	if (!strcmp(word, "lose")) {
		m->order[m->ctx]++;
		return;
	}
	kind = ioas_kind_from_name(word);
	if (kind < 0)
		die(m, word, "no such kind");
	ev.kind = kind;
	strcpy(ev.comm, "qemu");
	m->repeat = 1;
	while ((word = strtok_r(NULL, " \t", &rest))) {
		char *value = strchr(word, '=');

		if (!value)
			die(m, word, "not KEY=VALUE");
		*value++ = '\0';
		set(m, &ev, word, value);
	}
	tell_all(m, &ev);
}

int main(int argc, char **argv)
{
	static const struct recording_info info = {
		.kernel = "6.12.0-test",
		.host = "lab",
		.tool = "test",
		.start_boot_ns = START_NS,
		.start_real_ns = 1700000000000000000ULL,
	};
	const struct recording_options options = { .chunk_bytes = 4096 };
	struct maker m = { .time_ns = START_NS, .backend = IOAS_BACKEND_TYPE1 };
	char line[512];
	int err;

	if (argc != 2) {
		fputs("Usage: make-state FILE <EVENTS\n", stderr);
		return 2;
	}
	m.mirror = mirror_new(NULL);
	err = m.mirror ? recording_create(argv[1], &info, &options, m.mirror, &m.writer) : -ENOMEM;
	if (err)
		die(&m, argv[1], strerror(-err));
	while (fgets(line, sizeof(line), stdin)) {
		m.line++;
		take_line(&m, line);
	}
	m.totals.submitted = m.totals.seen;
	err = recording_finish(&m.writer, &m.totals);
	mirror_free(m.mirror);
	if (err)
		die(&m, "closing", strerror(-err));
	return 0;
}
