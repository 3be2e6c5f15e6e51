// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/event.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const kind_names[] = {
	[IOAS_KIND_NONE] = "none",
	[IOAS_EV_OP] = "op",
	[IOAS_EV_CTX_NEW] = "ctx-new",
	[IOAS_EV_CTX_GONE] = "ctx-gone",
	[IOAS_EV_IOAS_NEW] = "ioas-new",
	[IOAS_EV_IOAS_GONE] = "ioas-gone",
	[IOAS_EV_AREA_ADD] = "area-add",
	[IOAS_EV_AREA_GOING] = "area-going",
	[IOAS_EV_AREA_GONE] = "area-gone",
	[IOAS_EV_AREA_UPDATE] = "area-update",
	[IOAS_EV_VADDR_INVALID] = "vaddr-invalid",
	[IOAS_EV_PINNED] = "pinned",
	[IOAS_EV_CHARGE] = "charge",
	[IOAS_EV_GROUP_ATTACH] = "group-attach",
	[IOAS_EV_GROUP_DETACH] = "group-detach",
	[IOAS_EV_ACCESS_PIN] = "access-pin",
	[IOAS_EV_ACCESS_UNPIN] = "access-unpin",
	[IOAS_EV_DIRTY] = "dirty",
};

static const char *const op_names[] = {
	[IOAS_OP_NONE] = "none",	   [IOAS_OP_OPEN] = "open",	  [IOAS_OP_CLOSE] = "close",
	[IOAS_OP_SET_IOMMU] = "set-iommu", [IOAS_OP_MAP] = "map",	  [IOAS_OP_UNMAP] = "unmap",
	[IOAS_OP_ATTACH] = "attach",	   [IOAS_OP_DETACH] = "detach",	  [IOAS_OP_PIN] = "pin",
	[IOAS_OP_UNPIN] = "unpin",	   [IOAS_OP_RW] = "rw",		  [IOAS_OP_DIRTY] = "dirty",
	[IOAS_OP_QUERY] = "query",	   [IOAS_OP_RELEASE] = "release",
};

static const char *const backend_names[] = {
	[IOAS_BACKEND_NONE] = "none",	    [IOAS_BACKEND_TYPE1] = "type1",
	[IOAS_BACKEND_IOMMUFD] = "iommufd", [IOAS_BACKEND_COMPAT] = "compat",
	[IOAS_BACKEND_BUNDLED] = "bundled",
};

static const char *const mode_names[] = {
	[IOAS_MODE_NONE] = "none",
	[IOAS_MODE_V1] = "v1",
	[IOAS_MODE_V2] = "v2",
};

static const char *const counter_names[] = {
	[IOAS_COUNTER_NONE] = "none",
	[IOAS_COUNTER_MM_LOCKED] = "mm-locked",
	[IOAS_COUNTER_USER_LOCKED] = "user-locked",
	[IOAS_COUNTER_MM_PINNED] = "mm-pinned",
};

_Static_assert(COUNT_OF(kind_names) == IOAS_EV_KIND_MAX, "a name for each kind");
_Static_assert(COUNT_OF(op_names) == IOAS_OP_MAX, "a name for each op");

static int number_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return (int)i;
	}
	return -EINVAL;
}

const char *ioas_kind_name(unsigned int kind)
{
	return kind < COUNT_OF(kind_names) ? kind_names[kind] : NULL;
}

const char *ioas_op_name(unsigned int op)
{
	return op < COUNT_OF(op_names) ? op_names[op] : NULL;
}

const char *ioas_backend_name(unsigned int backend)
{
	return backend < COUNT_OF(backend_names) ? backend_names[backend] : NULL;
}

const char *ioas_mode_name(unsigned int mode)
{
	return mode < COUNT_OF(mode_names) ? mode_names[mode] : NULL;
}

const char *ioas_counter_name(unsigned int counter)
{
	return counter < COUNT_OF(counter_names) ? counter_names[counter] : NULL;
}

int ioas_kind_from_name(const char *name)
{
	return number_of(kind_names, COUNT_OF(kind_names), name);
}

int ioas_op_from_name(const char *name)
{
	return number_of(op_names, COUNT_OF(op_names), name);
}

int ioas_backend_from_name(const char *name)
{
	return number_of(backend_names, COUNT_OF(backend_names), name);
}

int ioas_mode_from_name(const char *name)
{
	return number_of(mode_names, COUNT_OF(mode_names), name);
}

int ioas_counter_from_name(const char *name)
{
	return number_of(counter_names, COUNT_OF(counter_names), name);
}

int ioas_event_len(const void *buf, size_t size)
{
	__u16 len;

	if (size < sizeof(len))
		return -EBADMSG;
	memcpy(&len, (const char *)buf + offsetof(struct ioas_event, len), sizeof(len));
	if (len < IOAS_EVENT_HEADER || len > size)
		return -EBADMSG;
	return len;
}

bool ioas_event_is_change(const struct ioas_event *ev)
{
	return ev->kind > IOAS_EV_OP && ev->kind < IOAS_EV_KIND_MAX;
}

bool ioas_event_is_area(const struct ioas_event *ev)
{
	switch (ev->kind) {
	case IOAS_EV_AREA_ADD:
	case IOAS_EV_AREA_GOING:
	case IOAS_EV_AREA_GONE:
	case IOAS_EV_AREA_UPDATE:
	case IOAS_EV_VADDR_INVALID:
	case IOAS_EV_PINNED:
	case IOAS_EV_ACCESS_PIN:
	case IOAS_EV_ACCESS_UNPIN:
		return true;
	default:
		return false;
	}
}

/* What was asked may be any nonsense: only what we wrote ourselves is checked. */
static bool op_possible(const struct ioas_op_body *op)
{
	return op->what != IOAS_OP_NONE && op->what < IOAS_OP_MAX && op->group_valid <= 1;
}

static bool area_possible(const struct ioas_event *ev)
{
	const struct ioas_area_body *area = &ev->body_area;

	if (area->iova > area->last || area->group_valid > 1 ||
	    (area->prot & ~(IOAS_PROT_READ | IOAS_PROT_WRITE)))
		return false;
	/* Where the kind counts pages as a state: a delta may be negative. */
	switch (ev->kind) {
	case IOAS_EV_AREA_ADD:
	case IOAS_EV_ACCESS_PIN:
	case IOAS_EV_ACCESS_UNPIN:
		return area->pages >= 0 && area->pfnmap >= 0;
	default:
		return true;
	}
}

static bool obj_possible(const struct ioas_obj_body *obj)
{
	return obj->mode < COUNT_OF(mode_names) && obj->emulated <= 1 && obj->dirty <= 1;
}

static bool charge_possible(const struct ioas_charge_body *charge)
{
	return charge->counter != IOAS_COUNTER_NONE && charge->counter < COUNT_OF(counter_names);
}

int ioas_event_check_fields(const struct ioas_event *ev)
{
	bool possible;

	if (ev->kind == IOAS_KIND_NONE || ev->kind >= IOAS_EV_KIND_MAX)
		return -EOPNOTSUPP;
	if (ev->backend >= COUNT_OF(backend_names) || ev->comm[IOAS_COMM_LEN - 1] != '\0')
		return -EBADMSG;
	if (ev->kind == IOAS_EV_OP)
		return op_possible(&ev->body_op) ? 0 : -EBADMSG;
	if (!ev->ctx)
		return -EBADMSG;
	if (!ev->ioas && ev->kind != IOAS_EV_CTX_NEW && ev->kind != IOAS_EV_CTX_GONE)
		return -EBADMSG;
	if (ioas_event_is_area(ev))
		possible = area_possible(ev);
	else if (ev->kind == IOAS_EV_CHARGE)
		possible = charge_possible(&ev->body_charge);
	else
		possible = obj_possible(&ev->body_obj);
	return possible ? 0 : -EBADMSG;
}

int ioas_event_check(const void *buf, size_t size, const struct ioas_event **out)
{
	const struct ioas_event *ev = buf;
	int len, err;

	if ((uintptr_t)buf % _Alignof(struct ioas_event))
		return -EINVAL;
	len = ioas_event_len(buf, size);
	if (len < 0)
		return len;
	if (ev->kind == IOAS_KIND_NONE || ev->kind >= IOAS_EV_KIND_MAX)
		return -EOPNOTSUPP;
	if ((size_t)len < sizeof(*ev))
		return -EBADMSG;
	err = ioas_event_check_fields(ev);
	if (err)
		return err;
	*out = ev;
	return 0;
}
