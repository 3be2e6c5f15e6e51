// SPDX-License-Identifier: GPL-2.0-or-later
/* Why ops fail: what the state says, for all families. */
#include <errno.h>
#include <string.h>

#include "core/explain_impl.h"

#define PAGE_BYTES (1ULL << IOAS_PAGE_SHIFT)

void explain_set_area(const struct explain_at *at, struct explain_reason *r,
		      const struct mirror_area *area)
{
	r->has_area = true;
	r->area = (struct explain_area){
		.number = area->number,
		.range = { area->node.start, area->node.last },
		.owner = mirror_area_owner(at->m, area),
		.time_ns = area->time_ns,
	};
}

static void name_device(struct explain_user *u, const struct mirror_device *d)
{
	u->has_group = true;
	u->group = d->group;
	memcpy(u->name, d->name, sizeof(u->name));
}

/* The first device behind a domain stands for it. */
static const struct mirror_device *behind(const struct mirror_ioas *ioas, uint32_t domain)
{
	const struct mirror_device *d = mirror_device_first(ioas);

	while (d && d->domain != domain)
		d = mirror_device_next(d);
	return d;
}

struct explain_user explain_user_of(const struct mirror_ioas *ioas, uint32_t id)
{
	const struct mirror_device *device = ioas && id ? mirror_find_device(ioas, id) : NULL;
	struct explain_user u = { .id = id };

	if (device) {
		name_device(&u, device);
	} else if (ioas && id && mirror_find_domain(ioas, id)) {
		u.domain = true;
		device = behind(ioas, id);
		if (device)
			name_device(&u, device);
	}
	return u;
}

/* iopt_table_add_domain() reserves what lies before and behind it. */
struct check_range explain_aperture(const struct mirror_ioas *ioas, uint32_t domain)
{
	struct check_range a = { 0, UINT64_MAX };
	const struct mirror_range *r = mirror_range_first(ioas, IOAS_RANGE_RESERVED);

	for (; r; r = mirror_range_next(r)) {
		if (r->owner != domain)
			continue;
		if (!r->node.start && r->node.last != UINT64_MAX)
			a.iova = r->node.last + 1;
		else if (r->node.last == UINT64_MAX && r->node.start)
			a.last = r->node.start - 1;
	}
	return a;
}

/*
 * iopt_calculate_iova_alignment(); type1: the smallest page of all domains, but
 * no less than the CPU's (vfio_update_pgsize_bitmap()).
 */
uint64_t explain_alignment(const struct mirror_ioas *ioas, unsigned int backend)
{
	uint64_t most = 1;

	if (backend == IOAS_BACKEND_TYPE1)
		return PAGE_BYTES;
	if (!ioas)
		return 0;
	if (ioas->small_pages)
		most = PAGE_BYTES;
	for (const struct mirror_domain *d = mirror_domain_first(ioas); d;
	     d = mirror_domain_next(d))
		most = d->page_size > most ? d->page_size : most;
	for (const struct mirror_access *a = mirror_access_first(ioas); a;
	     a = mirror_access_next(a))
		most = a->alignment > most ? a->alignment : most;
	return most;
}

/* The valid range that holds the address, or the last one before it. O(ranges). */
static size_t nearest(const struct check_ranges *set, uint64_t iova)
{
	size_t n = 0;

	while (n + 1 < set->count && set->at[n + 1].iova <= iova)
		n++;
	return n;
}

void explain_set_valid(const struct explain_at *at, struct explain_reason *r, uint64_t iova)
{
	struct check_ranges *set = at->ioas ? check_ranges_copy(&at->x->alloc, at->ioas) : NULL;
	size_t from = 0;

	if (!set)
		return;
	if (set->count > EXPLAIN_VALID) {
		from = nearest(set, iova);
		from -= from < EXPLAIN_VALID / 2 ? from : EXPLAIN_VALID / 2;
		if (from + EXPLAIN_VALID > set->count)
			from = set->count - EXPLAIN_VALID;
	}
	r->nvalid = set->count;
	for (size_t i = 0; i < EXPLAIN_VALID && from + i < set->count; i++)
		r->valid[i] = set->at[from + i];
	ioas_alloc_release(&at->x->alloc, set);
}

/* ---- limits ---- */

/* What owner and counter are charged, as far as it was seen. */
static void sum_charges(struct explain_limit *l, const struct mirror_charge *c)
{
	for (; c; c = mirror_charge_next(c)) {
		bool same = l->counter == IOAS_COUNTER_USER_LOCKED ? c->uid == l->owner.uid
								   : c->tgid == l->owner.tgid;

		if (c->counter == l->counter && same && c->pages > 0)
			l->used += (uint64_t)c->pages << IOAS_PAGE_SHIFT;
	}
}

static void add_limit(struct explain_at *at)
{
	const struct explain_flight *f = at->flight;
	struct explain_reason *r = explain_add(at, EXPLAIN_LIMIT);
	struct explain_limit *l = &r->limit;

	l->asked = at->ev->body_op.size;
	l->owner = (struct mirror_owner){ at->ev->tgid, at->ev->uid };
	if (at->ev->backend == IOAS_BACKEND_TYPE1)
		l->counter = IOAS_COUNTER_MM_LOCKED;
	if (f && f->has_account) {
		l->counter = f->account;
		l->owner = f->owner;
	}
	if (l->counter == IOAS_COUNTER_NONE)
		return;
	if (at->ioas)
		sum_charges(l, mirror_charge_first(at->ioas));
	if (at->ctx)
		sum_charges(l, mirror_ctx_charge_first(at->ctx));
}

/* As the kernel told it where it refused (incr_user_locked_vm(), mm_lock_acct()). */
static void sure_limit(struct explain_at *at, const struct ioas_op_body *refused)
{
	struct explain_reason *r = explain_sure(at, EXPLAIN_LIMIT);

	at->out->certain = true;
	r->limit = (struct explain_limit){
		.exact = true,
		.counter = refused->prot,
		.used = refused->va,
		.asked = refused->size,
		.limit = refused->returned,
		.owner = { refused->group, refused->areas },
	};
}

/*
 * -ENOMEM: __account_locked_vm(), incr_user_locked_vm(), the limit of
 * vfio_pin_pages_remote(), or no memory. Who may exceed the limit is charged for nothing
 * by iommufd (iopt_alloc_pages()). -EFAULT: pin_user_pages() finds no memory, or
 * such as has no pages: device memory (VM_PFNMAP, which only type1 takes).
 */
bool explain_pinning(struct explain_at *at)
{
	const struct explain_refusal *refused = explain_refused(at, IOAS_OP_CHARGE);
	const struct ioas_op_body *op = &at->ev->body_op;
	struct explain_reason *r;

	if (op->result == -EFAULT) {
		r = explain_add(at, EXPLAIN_NOT_THERE);
		if (op->what == IOAS_OP_MAP && op->size)
			r->range = (struct check_range){ op->va, op->va + (op->size - 1) };
		return true;
	}
	if (op->result != -ENOMEM)
		return false;
	if (refused) {
		sure_limit(at, &refused->body);
	} else if (at->flight && at->flight->has_account &&
		   at->flight->account == IOAS_COUNTER_NONE) {
		explain_sure(at, EXPLAIN_NO_MEMORY);
	} else {
		add_limit(at);
		explain_add(at, EXPLAIN_NO_MEMORY);
	}
	return true;
}
