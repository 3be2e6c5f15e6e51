// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/codec.h"

#include <errno.h>
#include <string.h>

#include "core/event.h"

_Static_assert(CODEC_EVENT_SIZE == sizeof(struct ioas_event), "an event on disk");

/* Offset and size of a number, or of `bytes` characters that have no byte order. */
struct field {
	uint8_t offset;
	uint8_t bytes;
};

#define FIELD(name)                                                                                \
	{                                                                                          \
		offsetof(struct ioas_event, name), sizeof(((struct ioas_event *)NULL)->name)       \
	}

static const struct field header_fields[] = {
	FIELD(len),	FIELD(kind),  FIELD(backend), FIELD(flags),  FIELD(cpu),  FIELD(cpu_seq),
	FIELD(time_ns), FIELD(order), FIELD(op),      FIELD(ctx),    FIELD(ioas), FIELD(tgid),
	FIELD(tid),	FIELD(uid),   FIELD(gid),     FIELD(cgroup), FIELD(comm), { 0, 0 },
};

static const struct field op_fields[] = {
	FIELD(body_op.what),
	FIELD(body_op.group_valid),
	FIELD(body_op.group),
	FIELD(body_op.result),
	FIELD(body_op.latency_ns),
	FIELD(body_op.iova),
	FIELD(body_op.size),
	FIELD(body_op.va),
	FIELD(body_op.returned),
	FIELD(body_op.removed),
	FIELD(body_op.pinned),
	FIELD(body_op.unpinned),
	FIELD(body_op.areas),
	FIELD(body_op.uapi_flags),
	FIELD(body_op.prot),
	FIELD(body_op.cmd),
	{ 0, 0 },
};

static const struct field area_fields[] = {
	FIELD(body_area.iova),	 FIELD(body_area.last),	       FIELD(body_area.va),
	FIELD(body_area.pages),	 FIELD(body_area.pfnmap),      FIELD(body_area.prot),
	FIELD(body_area.area),	 FIELD(body_area.owner_tgid),  FIELD(body_area.owner_uid),
	FIELD(body_area.group),	 FIELD(body_area.group_valid), FIELD(body_area.pages_id),
	FIELD(body_area.object), FIELD(body_area.at),	       FIELD(body_area.bytes),
	FIELD(body_area.area2),	 FIELD(body_area.refs),	       { 0, 0 },
};

static const struct field obj_fields[] = {
	FIELD(body_obj.mode),
	FIELD(body_obj.group),
	FIELD(body_obj.emulated),
	FIELD(body_obj.dirty),
	FIELD(body_obj.non_pinned_groups),
	FIELD(body_obj.entries_left),
	FIELD(body_obj.object),
	FIELD(body_obj.domain),
	FIELD(body_obj.page_size),
	FIELD(body_obj.value),
	FIELD(body_obj.option),
	FIELD(body_obj.exact),
	FIELD(body_obj.name),
	FIELD(body_obj.reserved),
	{ 0, 0 },
};

static const struct field charge_fields[] = {
	FIELD(body_charge.owner),      FIELD(body_charge.counter),   FIELD(body_charge.pages),
	FIELD(body_charge.owner_tgid), FIELD(body_charge.owner_uid), FIELD(body_charge.over),
	FIELD(body_charge.pages_id),   FIELD(body_charge.reserved),  { 0, 0 },
};

static const struct field pages_fields[] = {
	FIELD(body_pages.pages_id),  FIELD(body_pages.owner),	 FIELD(body_pages.va),
	FIELD(body_pages.npages),    FIELD(body_pages.pinned),	 FIELD(body_pages.memory),
	FIELD(body_pages.account),   FIELD(body_pages.writable), FIELD(body_pages.owner_tgid),
	FIELD(body_pages.owner_uid), FIELD(body_pages.reserved), { 0, 0 },
};

static const struct field range_fields[] = {
	FIELD(body_range.iova),
	FIELD(body_range.last),
	FIELD(body_range.class),
	FIELD(body_range.owner),
	{ 0, 0 },
};

static const struct field fault_fields[] = {
	FIELD(body_fault.iova),	   FIELD(body_fault.untold),
	FIELD(body_fault.access),  FIELD(body_fault.known),
	FIELD(body_fault.reason),  FIELD(body_fault.pasid),
	FIELD(body_fault.segment), FIELD(body_fault.rid),
	FIELD(body_fault.object),  FIELD(body_fault.domain),
	FIELD(body_fault.group),   FIELD(body_fault.source),
	FIELD(body_fault.name),	   { 0, 0 },
};

static const struct field memory_fields[] = {
	FIELD(body_memory.va),
	FIELD(body_memory.last),
	FIELD(body_memory.owner_tgid),
	FIELD(body_memory.owner_uid),
	FIELD(body_memory.cause),
	FIELD(body_memory.reserved),
	{ 0, 0 },
};

/* NULL: a kind that this version does not know. */
static const struct field *body_fields(const struct ioas_event *ev)
{
	if (ev->kind == IOAS_KIND_NONE || ev->kind >= IOAS_EV_KIND_MAX)
		return NULL;
	if (ev->kind == IOAS_EV_OP)
		return op_fields;
	if (ev->kind == IOAS_EV_CHARGE)
		return charge_fields;
	if (ev->kind == IOAS_EV_FAULT)
		return fault_fields;
	if (ev->kind == IOAS_EV_MEMORY_GONE)
		return memory_fields;
	if (ioas_event_is_area(ev))
		return area_fields;
	if (ioas_event_is_pages(ev))
		return pages_fields;
	if (ioas_event_is_range(ev))
		return range_fields;
	return obj_fields;
}

static void put_fields(uint8_t *at, const struct ioas_event *ev, const struct field *field)
{
	for (; field->bytes; field++) {
		const void *from = (const char *)ev + field->offset;
		uint8_t *to = at + field->offset;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;

		switch (field->bytes) {
		case 2:
			memcpy(&u16, from, sizeof(u16));
			codec_put16(to, u16);
			break;
		case 4:
			memcpy(&u32, from, sizeof(u32));
			codec_put32(to, u32);
			break;
		case 8:
			memcpy(&u64, from, sizeof(u64));
			codec_put64(to, u64);
			break;
		default:
			memcpy(to, from, field->bytes);
		}
	}
}

static void get_fields(struct ioas_event *ev, const uint8_t *at, const struct field *field)
{
	for (; field->bytes; field++) {
		const uint8_t *from = at + field->offset;
		void *to = (char *)ev + field->offset;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;

		switch (field->bytes) {
		case 2:
			u16 = codec_get16(from);
			memcpy(to, &u16, sizeof(u16));
			break;
		case 4:
			u32 = codec_get32(from);
			memcpy(to, &u32, sizeof(u32));
			break;
		case 8:
			u64 = codec_get64(from);
			memcpy(to, &u64, sizeof(u64));
			break;
		default:
			memcpy(to, from, field->bytes);
		}
	}
}

void codec_put_event(uint8_t *at, const struct ioas_event *ev)
{
	const struct field *body = body_fields(ev);

	memset(at, 0, CODEC_EVENT_SIZE);
	put_fields(at, ev, header_fields);
	codec_put16(at, CODEC_EVENT_SIZE);
	if (body)
		put_fields(at, ev, body);
}

int codec_get_event(const uint8_t *at, size_t size, struct ioas_event *ev)
{
	uint8_t whole[CODEC_EVENT_SIZE];
	const struct field *body;
	uint16_t len;

	if (size < sizeof(len))
		return -EBADMSG;
	len = codec_get16(at);
	if (len < IOAS_EVENT_HEADER || len > size)
		return -EBADMSG;
	if (len < sizeof(whole)) {
		memset(whole, 0, sizeof(whole));
		memcpy(whole, at, len);
		at = whole;
	}
	memset(ev, 0, sizeof(*ev));
	get_fields(ev, at, header_fields);
	ev->len = sizeof(*ev);
	body = body_fields(ev);
	if (body)
		get_fields(ev, at, body);
	return len;
}
