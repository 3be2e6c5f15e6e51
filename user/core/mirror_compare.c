// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: whether two hold the same. Both are walked side by side. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/mirror_impl.h"

/* Where we are, and where the answer goes. */
struct compare {
	const struct mirror *a, *b;
	uint32_t ctx;
	uint32_t ioas; /* 0: none */
	char *why;
	size_t size;
};

static int __attribute__((format(printf, 2, 3)))
differ(const struct compare *c, const char *fmt, ...)
{
	char what[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (!c->size)
		return -EUCLEAN;
	if (c->ioas)
		snprintf(c->why, c->size, "context %u, IOAS %u: %s", c->ctx, c->ioas, what);
	else if (c->ctx)
		snprintf(c->why, c->size, "context %u: %s", c->ctx, what);
	else
		snprintf(c->why, c->size, "%s", what);
	return -EUCLEAN;
}

/* One number of a thing; `what` names both. */
static int number(const struct compare *c, const char *what, uint64_t id, uint64_t a, uint64_t b)
{
	if (a == b)
		return 0;
	return differ(c, "%s %" PRIu64 ": %" PRIu64 " and %" PRIu64, what, id, a, b);
}

/* Whether one of two walks has come to its end before the other. */
static int ends(const struct compare *c, const char *what, const void *a, const void *b)
{
	if (!a == !b)
		return 0;
	return differ(c, "%s: %s has more", what, a ? "the first" : "the second");
}

struct field {
	const char *what;
	uint64_t a, b;
};

/* The first field that differs, of a thing with a number; signed ones are told modulo 2^64. */
static int fields(const struct compare *c, const char *of, uint64_t id, const struct field *f,
		  size_t count)
{
	for (size_t n = 0; n < count; n++) {
		if (f[n].a != f[n].b)
			return differ(c, "%s %" PRIu64 ", %s: %" PRIu64 " and %" PRIu64, of, id,
				      f[n].what, f[n].a, f[n].b);
	}
	return 0;
}

/* The same, of a thing with an address. */
static int fields_at(const struct compare *c, const char *of, uint64_t at, const struct field *f,
		     size_t count)
{
	for (size_t n = 0; n < count; n++) {
		if (f[n].a != f[n].b)
			return differ(c, "%s at %#" PRIx64 ", %s: %#" PRIx64 " and %#" PRIx64, of,
				      at, f[n].what, f[n].a, f[n].b);
	}
	return 0;
}

/* clang-format off */
#define FIELD(name) { #name, (uint64_t)a->name, (uint64_t)b->name }
#define LIST(...) (const struct field[]){ __VA_ARGS__ }
#define FIELDS(c, of, id, ...) \
	fields((c), (of), (id), LIST(__VA_ARGS__), sizeof(LIST(__VA_ARGS__)) / sizeof(struct field))
#define FIELDS_AT(c, of, at, ...) \
	fields_at((c), (of), (at), LIST(__VA_ARGS__), sizeof(LIST(__VA_ARGS__)) / sizeof(struct field))
/* clang-format on */

static int pins(const struct compare *c, const char *of, uint64_t id, const struct pincount *pa,
		const struct pincount *pb)
{
	const struct itree_node *na = itree_first(&pa->ranges), *nb = itree_first(&pb->ranges);
	int rc = 0;

	for (; na && nb && !rc; na = itree_next(na), nb = itree_next(nb)) {
		const struct pin_range *a = itree_entry(na, struct pin_range, node);
		const struct pin_range *b = itree_entry(nb, struct pin_range, node);

		rc = FIELDS_AT(c, "pins", a->node.start, FIELD(node.start), FIELD(node.last),
			       FIELD(count));
	}
	if (rc)
		return rc;
	return !na == !nb ? 0
			  : number(c, of, id, itree_count(&pa->ranges), itree_count(&pb->ranges));
}

static int charges(const struct compare *c, const struct mirror_charge *a,
		   const struct mirror_charge *b)
{
	int rc = 0;

	for (; a && b && !rc; a = mirror_charge_next(a), b = mirror_charge_next(b))
		rc = FIELDS(c, "charge of owner", a->owner, FIELD(owner), FIELD(counter),
			    FIELD(tgid), FIELD(uid), FIELD(pages), FIELD(peak));
	return rc ? rc : ends(c, "charges", a, b);
}

static int pages(const struct compare *c, const struct mirror_pages *a,
		 const struct mirror_pages *b)
{
	int rc = 0;

	for (; a && b && !rc; a = mirror_pages_next(a), b = mirror_pages_next(b))
		rc = FIELDS(c, "pages", a->id, FIELD(id), FIELD(areas), FIELD(va), FIELD(npages),
			    FIELD(pinned), FIELD(charged), FIELD(memory), FIELD(account),
			    FIELD(writable), FIELD(adopted), FIELD(owner), FIELD(owner_tgid),
			    FIELD(owner_uid), FIELD(time_ns));
	return rc ? rc : ends(c, "pages objects", a, b);
}

static int area(const struct compare *c, const struct mirror_area *a, const struct mirror_area *b)
{
	struct mirror_owner owner_a = mirror_area_owner(c->a, a);
	struct mirror_owner owner_b = mirror_area_owner(c->b, b);
	int rc = FIELDS_AT(c, "area", a->node.start, FIELD(node.start), FIELD(node.last),
			   FIELD(time_ns), FIELD(op), FIELD(va), FIELD(number), FIELD(pfnmap),
			   FIELD(prot), FIELD(shared), FIELD(going), FIELD(vaddr_invalid),
			   FIELD(adopted), { "owner", owner_a.tgid, owner_b.tgid },
			   { "user", owner_a.uid, owner_b.uid });

	if (rc)
		return rc;
	if (!a->shared)
		return FIELDS_AT(c, "area", a->node.start, FIELD(pinned));
	return FIELDS_AT(c, "area", a->node.start, FIELD(pages->id));
}

static int areas(const struct compare *c, const struct mirror_area *a, const struct mirror_area *b)
{
	int rc = 0;

	for (; a && b && !rc; a = mirror_area_next(a), b = mirror_area_next(b))
		rc = area(c, a, b);
	return rc ? rc : ends(c, "areas", a, b);
}

static int ranges(const struct compare *c, const struct mirror_range *a,
		  const struct mirror_range *b)
{
	int rc = 0;

	for (; a && b && !rc; a = mirror_range_next(a), b = mirror_range_next(b))
		rc = FIELDS_AT(c, "range", a->node.start, FIELD(node.start), FIELD(node.last),
			       FIELD(owner), FIELD(class));
	return rc ? rc : ends(c, "ranges", a, b);
}

static int groups(const struct compare *c, const struct mirror_group *a,
		  const struct mirror_group *b)
{
	int rc = 0;

	for (; a && b && !rc; a = mirror_group_next(a), b = mirror_group_next(b))
		rc = FIELDS(c, "group", a->number, FIELD(number), FIELD(emulated));
	return rc ? rc : ends(c, "groups", a, b);
}

static int domains(const struct compare *c, const struct mirror_domain *a,
		   const struct mirror_domain *b)
{
	int rc = 0;

	for (; a && b && !rc; a = mirror_domain_next(a), b = mirror_domain_next(b))
		rc = FIELDS(c, "domain", a->id, FIELD(id), FIELD(page_size), FIELD(mapped),
			    FIELD(dirty));
	return rc ? rc : ends(c, "domains", a, b);
}

static int devices(const struct compare *c, const struct mirror_device *a,
		   const struct mirror_device *b)
{
	for (; a && b; a = mirror_device_next(a), b = mirror_device_next(b)) {
		int rc = FIELDS(c, "device", a->id, FIELD(id), FIELD(domain), FIELD(group));

		if (rc)
			return rc;
		if (strcmp(a->name, b->name) != 0)
			return differ(c, "device %u: %s and %s", a->id, a->name, b->name);
	}
	return ends(c, "devices", a, b);
}

static int accesses(const struct compare *c, const struct mirror_access *a,
		    const struct mirror_access *b)
{
	int rc = 0;

	for (; a && b && !rc; a = mirror_access_next(a), b = mirror_access_next(b)) {
		rc = FIELDS(c, "access", a->id, FIELD(id), FIELD(exact), FIELD(alignment));
		if (!rc)
			rc = pins(c, "ranges pinned by access", a->id, &a->pins, &b->pins);
	}
	return rc ? rc : ends(c, "accesses", a, b);
}

static int users(const struct compare *c, const struct mirror_ioas *a, const struct mirror_ioas *b)
{
	int rc = groups(c, mirror_group_first(a), mirror_group_first(b));

	if (!rc)
		rc = domains(c, mirror_domain_first(a), mirror_domain_first(b));
	if (!rc)
		rc = devices(c, mirror_device_first(a), mirror_device_first(b));
	if (!rc)
		rc = accesses(c, mirror_access_first(a), mirror_access_first(b));
	return rc;
}

static int ioas(struct compare *c, const struct mirror_ioas *a, const struct mirror_ioas *b)
{
	int rc = FIELDS(c, "IOAS", a->id, FIELD(id), FIELD(mode), FIELD(adopted), FIELD(dirty),
			FIELD(small_pages), FIELD(non_pinned_groups), FIELD(entries_left),
			FIELD(time_ns));

	c->ioas = a->id;
	if (!rc)
		rc = users(c, a, b);
	for (unsigned int n = 0; n < IOAS_RANGE_CLASSES && !rc; n++)
		rc = ranges(c, mirror_range_first(a, n), mirror_range_first(b, n));
	if (!rc)
		rc = areas(c, mirror_area_first(a), mirror_area_first(b));
	if (!rc)
		rc = FIELDS(c, "IOAS", a->id, FIELD(pinned), FIELD(pfnmap), FIELD(mapped));
	if (!rc)
		rc = pins(c, "ranges pinned in IOAS", a->id, &a->pins, &b->pins);
	if (!rc)
		rc = charges(c, mirror_charge_first(a), mirror_charge_first(b));
	c->ioas = 0;
	return rc;
}

static int ioases(struct compare *c, const struct mirror_ioas *a, const struct mirror_ioas *b)
{
	int rc = 0;

	for (; a && b && !rc; a = mirror_ioas_next(a), b = mirror_ioas_next(b))
		rc = ioas(c, a, b);
	return rc ? rc : ends(c, "IOASes", a, b);
}

static int context(struct compare *c, const struct mirror_ctx *a, const struct mirror_ctx *b)
{
	int rc = FIELDS(c, "context", a->id, FIELD(id), FIELD(backend), FIELD(adopted),
			FIELD(owner_known), FIELD(rlimit_mm), FIELD(tgid), FIELD(uid),
			FIELD(opened_ns), FIELD(uncertain_since), FIELD(order));

	c->ctx = a->id;
	if (!rc && strcmp(a->comm, b->comm) != 0)
		rc = differ(c, "opened by %s and %s", a->comm, b->comm);
	if (!rc)
		rc = pages(c, mirror_pages_first(a), mirror_pages_first(b));
	if (!rc)
		rc = charges(c, mirror_ctx_charge_first(a), mirror_ctx_charge_first(b));
	if (!rc)
		rc = ioases(c, mirror_ioas_first(a), mirror_ioas_first(b));
	c->ctx = 0;
	return rc;
}

int mirror_compare(const struct mirror *a, const struct mirror *b, char *why, size_t size)
{
	struct compare c = { .a = a, .b = b, .why = why, .size = size };
	const struct mirror_ctx *ca = mirror_ctx_first(a), *cb = mirror_ctx_first(b);
	int rc = 0;

	for (; ca && cb && !rc; ca = mirror_ctx_next(ca), cb = mirror_ctx_next(cb))
		rc = context(&c, ca, cb);
	if (!rc)
		rc = ends(&c, "contexts", ca, cb);
	if (!rc && a->stats.unplaced_since != b->stats.unplaced_since)
		rc = differ(&c, "changes without a context lost since: %" PRIu64 " and %" PRIu64,
			    a->stats.unplaced_since, b->stats.unplaced_since);
	if (!rc && !mirror_gone_same(a, b))
		rc = differ(&c, "the memory of processes that is gone");
	return rc;
}
