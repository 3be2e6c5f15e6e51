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
	[IOAS_EV_AREA_SPLIT] = "area-split",
	[IOAS_EV_AREA_FILLED] = "area-filled",
	[IOAS_EV_PAGES_NEW] = "pages-new",
	[IOAS_EV_PAGES_GONE] = "pages-gone",
	[IOAS_EV_PAGES_PINNED] = "pages-pinned",
	[IOAS_EV_PAGES_OWNER] = "pages-owner",
	[IOAS_EV_DOMAIN_ATTACH] = "domain-attach",
	[IOAS_EV_DOMAIN_DETACH] = "domain-detach",
	[IOAS_EV_DEVICE_ATTACH] = "device-attach",
	[IOAS_EV_DEVICE_DETACH] = "device-detach",
	[IOAS_EV_ACCESS_ATTACH] = "access-attach",
	[IOAS_EV_ACCESS_DETACH] = "access-detach",
	[IOAS_EV_RANGE_ADD] = "range-add",
	[IOAS_EV_RANGE_DEL] = "range-del",
	[IOAS_EV_RANGE_CLEAR] = "range-clear",
	[IOAS_EV_OPTION] = "option",
	[IOAS_EV_UNCERTAIN] = "uncertain",
	[IOAS_EV_FAULT] = "fault",
	[IOAS_EV_MEMORY_GONE] = "memory-gone",
	[IOAS_EV_MEMORY_LOST] = "memory-lost",
	[IOAS_EV_AREA_MERGED] = "area-merged",
};

static const char *const op_names[] = {
	[IOAS_OP_NONE] = "none",
	[IOAS_OP_OPEN] = "open",
	[IOAS_OP_CLOSE] = "close",
	[IOAS_OP_SET_IOMMU] = "set-iommu",
	[IOAS_OP_MAP] = "map",
	[IOAS_OP_UNMAP] = "unmap",
	[IOAS_OP_ATTACH] = "attach",
	[IOAS_OP_DETACH] = "detach",
	[IOAS_OP_PIN] = "pin",
	[IOAS_OP_UNPIN] = "unpin",
	[IOAS_OP_RW] = "rw",
	[IOAS_OP_DIRTY] = "dirty",
	[IOAS_OP_QUERY] = "query",
	[IOAS_OP_RELEASE] = "release",
	[IOAS_OP_COPY] = "copy",
	[IOAS_OP_ALLOC] = "alloc",
	[IOAS_OP_DESTROY] = "destroy",
	[IOAS_OP_ALLOW] = "allow",
	[IOAS_OP_REPLACE] = "replace",
	[IOAS_OP_OPTION] = "option",
	[IOAS_OP_CHANGE_PROCESS] = "change-process",
	[IOAS_OP_NOTIFY] = "notify",
	[IOAS_OP_CUT] = "cut",
	[IOAS_OP_RESERVE] = "reserve",
	[IOAS_OP_UNRESERVE] = "unreserve",
	[IOAS_OP_HWPT_ALLOC] = "hwpt-alloc",
	[IOAS_OP_BIND] = "bind",
	[IOAS_OP_UNBIND] = "unbind",
	[IOAS_OP_CHARGE] = "charge",
	[IOAS_OP_MERGE] = "merge",
};

static const char *const backend_names[] = {
	[IOAS_BACKEND_NONE] = "none",	    [IOAS_BACKEND_TYPE1] = "type1",
	[IOAS_BACKEND_IOMMUFD] = "iommufd", [IOAS_BACKEND_COMPAT] = "compat",
	[IOAS_BACKEND_BUNDLED] = "bundled",
};

static const char *const mode_names[] = {
	[IOAS_MODE_NONE] = "none",   [IOAS_MODE_V1] = "v1",	  [IOAS_MODE_V2] = "v2",
	[IOAS_MODE_COVER] = "cover", [IOAS_MODE_EXACT] = "exact", [IOAS_MODE_FIRST] = "first",
	[IOAS_MODE_ANY] = "any",     [IOAS_MODE_TCE] = "tce",
};

static const char *const counter_names[] = {
	[IOAS_COUNTER_NONE] = "none",
	[IOAS_COUNTER_MM_LOCKED] = "mm-locked",
	[IOAS_COUNTER_USER_LOCKED] = "user-locked",
	[IOAS_COUNTER_MM_PINNED] = "mm-pinned",
};

_Static_assert(COUNT_OF(kind_names) == IOAS_EV_KIND_MAX, "a name for each kind");
_Static_assert(COUNT_OF(op_names) == IOAS_OP_MAX, "a name for each op");

static const char *const memory_names[] = {
	[IOAS_MEMORY_NONE] = "none",
	[IOAS_MEMORY_USER] = "user",
	[IOAS_MEMORY_FILE] = "file",
	[IOAS_MEMORY_DMABUF] = "dmabuf",
};

static const char *const range_names[] = {
	[IOAS_RANGE_NONE] = "none",	    [IOAS_RANGE_VALID] = "valid",
	[IOAS_RANGE_RESERVED] = "reserved", [IOAS_RANGE_ALLOWED] = "allowed",
	[IOAS_RANGE_CLAIMED] = "claimed",
};

static const char *const option_names[] = {
	[IOAS_OPTION_NONE] = "none",
	[IOAS_OPTION_RLIMIT_MODE] = "rlimit-mode",
	[IOAS_OPTION_HUGE_PAGES] = "huge-pages",
};

static const char *const cause_names[] = {
	[IOAS_GONE_NONE] = "none",
	[IOAS_GONE_UNMAPPED] = "unmapped",
	[IOAS_GONE_MOVED] = "moved",
	[IOAS_GONE_DISCARDED] = "discarded",
};

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

const char *ioas_memory_name(unsigned int memory)
{
	return memory < COUNT_OF(memory_names) ? memory_names[memory] : NULL;
}

const char *ioas_range_name(unsigned int class)
{
	return class < COUNT_OF(range_names) ? range_names[class] : NULL;
}

const char *ioas_option_name(unsigned int option)
{
	return option < COUNT_OF(option_names) ? option_names[option] : NULL;
}

const char *ioas_cause_name(unsigned int cause)
{
	return cause < COUNT_OF(cause_names) ? cause_names[cause] : NULL;
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
	return ev->kind > IOAS_EV_OP && ev->kind < IOAS_EV_KIND_MAX && ev->kind != IOAS_EV_FAULT;
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
	case IOAS_EV_AREA_SPLIT:
	case IOAS_EV_AREA_FILLED:
	case IOAS_EV_AREA_MERGED:
		return true;
	default:
		return false;
	}
}

bool ioas_event_is_pages(const struct ioas_event *ev)
{
	return ev->kind >= IOAS_EV_PAGES_NEW && ev->kind <= IOAS_EV_PAGES_OWNER;
}

bool ioas_event_is_mark(const struct ioas_event *ev)
{
	return ev->kind == IOAS_EV_UNCERTAIN || ev->kind == IOAS_EV_MEMORY_LOST;
}

bool ioas_event_is_range(const struct ioas_event *ev)
{
	return ev->kind >= IOAS_EV_RANGE_ADD && ev->kind <= IOAS_EV_RANGE_CLEAR;
}

/* Changes that may belong to a context without saying through which IOAS. */
static bool of_ctx(const struct ioas_event *ev)
{
	switch (ev->kind) {
	case IOAS_EV_CTX_NEW:
	case IOAS_EV_CTX_GONE:
	case IOAS_EV_PAGES_NEW:
	case IOAS_EV_PAGES_GONE:
	case IOAS_EV_PAGES_PINNED:
	case IOAS_EV_PAGES_OWNER:
	case IOAS_EV_UNCERTAIN:
		return true;
	case IOAS_EV_CHARGE: /* a keyframe tells sums of the context without a pages object */
		return ev->body_charge.pages_id || (ev->flags & IOAS_F_ADOPTED);
	case IOAS_EV_OPTION:
		return ev->body_obj.option == IOAS_OPTION_RLIMIT_MODE;
	default:
		return false;
	}
}

/* Bytes are counted in 64 bits, so that pages are fewer than 2^52 + 1. */
#define PAGES_MAX (1ULL << (64 - IOAS_PAGE_SHIFT))

#define FAULT_ACCESS (IOAS_FAULT_READ | IOAS_FAULT_WRITE | IOAS_FAULT_EXEC)

/* What was asked may be any nonsense: only what we wrote ourselves is checked. */
static bool op_possible(const struct ioas_op_body *op)
{
	return op->what != IOAS_OP_NONE && op->what < IOAS_OP_MAX && op->group_valid <= 1;
}

static bool page_count(__s64 pages)
{
	return pages >= 0 && (__u64)pages <= PAGES_MAX;
}

/* Whether the slice that a new area shows of a pages object ends below 2^64. */
static bool slice_possible(const struct ioas_area_body *area)
{
	return !area->pages_id || area->at <= UINT64_MAX - (area->last - area->iova);
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
		return page_count(area->pages) && page_count(area->pfnmap) && slice_possible(area);
	case IOAS_EV_ACCESS_PIN:
	case IOAS_EV_ACCESS_UNPIN:
		return page_count(area->pages) && page_count(area->pfnmap);
	case IOAS_EV_AREA_SPLIT:
	case IOAS_EV_AREA_MERGED:
		return area->at > area->iova && area->at <= area->last;
	case IOAS_EV_AREA_FILLED:
		return area->object;
	default:
		return true;
	}
}

/* Whether the kind says something of a domain, a device or an access. */
static bool has_object(unsigned int kind)
{
	return kind >= IOAS_EV_DOMAIN_ATTACH && kind <= IOAS_EV_ACCESS_DETACH;
}

static bool obj_possible(const struct ioas_event *ev)
{
	const struct ioas_obj_body *obj = &ev->body_obj;

	if (obj->mode >= COUNT_OF(mode_names) || obj->emulated > 1 || obj->dirty > 1 ||
	    obj->exact > 1 || obj->option >= COUNT_OF(option_names))
		return false;
	if (obj->name[sizeof(obj->name) - 1] != '\0' || (obj->page_size & (obj->page_size - 1)))
		return false;
	if (ev->kind == IOAS_EV_OPTION)
		return obj->option != IOAS_OPTION_NONE;
	return !has_object(ev->kind) || obj->object;
}

static bool pages_possible(const struct ioas_event *ev)
{
	const struct ioas_pages_body *pages = &ev->body_pages;

	if (!pages->pages_id || pages->memory >= COUNT_OF(memory_names) ||
	    pages->account >= COUNT_OF(counter_names) || pages->writable > 1)
		return false;
	return ev->kind != IOAS_EV_PAGES_NEW || (pages->npages && pages->npages <= PAGES_MAX);
}

static bool range_possible(const struct ioas_range_body *range)
{
	return range->class != IOAS_RANGE_NONE && range->class < COUNT_OF(range_names) &&
	       range->iova <= range->last;
}

static bool fault_possible(const struct ioas_event *ev)
{
	const struct ioas_fault_body *fault = &ev->body_fault;

	if (ev->order || (ev->ioas && !ev->ctx) || fault->source > IOAS_FAULT_REPORTED ||
	    (fault->access & ~FAULT_ACCESS) || (fault->known & ~IOAS_FAULT_KNOWN))
		return false;
	return fault->rid <= UINT16_MAX && fault->name[sizeof(fault->name) - 1] == '\0';
}

static bool memory_possible(const struct ioas_event *ev)
{
	const struct ioas_memory_body *memory = &ev->body_memory;

	return !ev->order && !ev->ctx && !ev->ioas && memory->va <= memory->last &&
	       memory->owner_tgid && memory->cause != IOAS_GONE_NONE &&
	       memory->cause < COUNT_OF(cause_names);
}

static bool memory_lost_possible(const struct ioas_event *ev)
{
	return !ev->order && !ev->ctx && !ev->ioas && obj_possible(ev);
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
	if (ev->kind == IOAS_EV_FAULT)
		return fault_possible(ev) ? 0 : -EBADMSG;
	if (ev->kind == IOAS_EV_MEMORY_GONE)
		return memory_possible(ev) ? 0 : -EBADMSG;
	if (ev->kind == IOAS_EV_MEMORY_LOST)
		return memory_lost_possible(ev) ? 0 : -EBADMSG;
	if (!ev->ctx && ev->kind != IOAS_EV_UNCERTAIN)
		return -EBADMSG;
	if (!ev->ioas && !of_ctx(ev))
		return -EBADMSG;
	if (ioas_event_is_area(ev))
		possible = area_possible(ev);
	else if (ev->kind == IOAS_EV_CHARGE)
		possible = charge_possible(&ev->body_charge);
	else if (ioas_event_is_pages(ev))
		possible = pages_possible(ev);
	else if (ioas_event_is_range(ev))
		possible = range_possible(&ev->body_range);
	else
		possible = obj_possible(ev);
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
