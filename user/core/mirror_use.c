// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mirror: who uses an IOAS (groups, domains, devices, accesses), and how it
 * is set. A device may name a domain that is not there: a nested one, say.
 */
#include <errno.h>
#include <string.h>

#include "core/mirror_impl.h"

/* Each of them begins with its node, so that the node's address is its own. */
_Static_assert(offsetof(struct mirror_group, node) == 0, "node first");
_Static_assert(offsetof(struct mirror_domain, node) == 0, "node first");
_Static_assert(offsetof(struct mirror_device, node) == 0, "node first");
_Static_assert(offsetof(struct mirror_access, node) == 0, "node first");

/* A new user of `size` bytes, all 0 but its node. NULL: no memory. */
static void *add_user(struct mirror *m, struct itree *users, uint32_t id, size_t size)
{
	struct itree_node *node = ioas_alloc_zeroed(&m->alloc, size);

	if (!node)
		return NULL;
	node->start = id;
	node->last = id;
	itree_insert(users, node);
	return node;
}

static void drop_user(struct mirror *m, struct itree *users, struct itree_node *node)
{
	itree_remove(users, node);
	ioas_alloc_release(&m->alloc, node);
}

static void drop_users(struct mirror *m, struct itree *users)
{
	struct itree_node *node;

	while ((node = itree_first(users)))
		drop_user(m, users, node);
}

/*
 * The user of that number, new or not, for an attach to fill in. *rc: what the
 * attach answers. NULL: no memory.
 */
static void *attach(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev,
		    struct itree *users, uint32_t id, size_t size, int *rc)
{
	struct itree_node *node = itree_find(users, id);

	*rc = 0;
	if (node && !(ev->flags & IOAS_F_ADOPTED))
		*rc = mirror_anomaly(m, ioas->ctx, ev, MIRROR_DUPLICATE);
	if (!node)
		node = add_user(m, users, id, size);
	return node;
}

static int detach(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev,
		  struct itree *users, uint32_t id, enum mirror_anomaly_kind unknown)
{
	struct itree_node *node = itree_find(users, id);

	if (node)
		drop_user(m, users, node);
	else if (!ioas->adopted)
		return mirror_anomaly(m, ioas->ctx, ev, unknown);
	return 0;
}

static int attach_group(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_obj_body *body = &ev->body_obj;
	bool before = mirror_has_hardware(ioas);
	struct mirror_group *group;
	int rc;

	group = attach(m, ioas, ev, &ioas->groups, body->group, sizeof(*group), &rc);
	if (!group)
		return -ENOMEM;
	if (!body->emulated && !before)
		ioas->hardware_since = ev->time_ns;
	group->number = body->group;
	group->emulated = body->emulated;
	return rc;
}

static int attach_domain(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_obj_body *body = &ev->body_obj;
	struct mirror_domain *domain;
	int rc;

	domain = attach(m, ioas, ev, &ioas->domains, body->object, sizeof(*domain), &rc);
	if (!domain)
		return -ENOMEM;
	domain->id = body->object;
	domain->page_size = body->page_size;
	return rc;
}

static int attach_device(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_obj_body *body = &ev->body_obj;
	struct mirror_device *device;
	int rc;

	device = attach(m, ioas, ev, &ioas->devices, body->object, sizeof(*device), &rc);
	if (!device)
		return -ENOMEM;
	device->id = body->object;
	device->domain = body->domain;
	device->group = body->group;
	memcpy(device->name, body->name, sizeof(device->name));
	device->name[sizeof(device->name) - 1] = '\0';
	return rc;
}

static int attach_access(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_obj_body *body = &ev->body_obj;
	struct mirror_access *access;
	int rc;

	access = attach(m, ioas, ev, &ioas->accesses, body->object, sizeof(*access), &rc);
	if (!access)
		return -ENOMEM;
	access->id = body->object;
	access->alignment = body->page_size;
	access->exact = body->exact;
	return rc;
}

struct mirror_access *mirror_get_access(struct mirror *m, struct mirror_ioas *ioas, uint32_t id,
					bool *unknown)
{
	struct itree_node *node = itree_find(&ioas->accesses, id);
	struct mirror_access *access;

	*unknown = !node;
	if (node)
		return itree_entry(node, struct mirror_access, node);
	access = add_user(m, &ioas->accesses, id, sizeof(*access));
	if (access)
		access->id = id;
	return access;
}

void mirror_forget_access(struct mirror *m, struct mirror_ioas *ioas, struct mirror_access *access)
{
	drop_user(m, &ioas->accesses, &access->node);
}

static int detach_access(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	struct itree_node *node = itree_find(&ioas->accesses, ev->body_obj.object);
	struct mirror_access *access = itree_entry(node, struct mirror_access, node);

	if (!access)
		return mirror_unknown_object(m, ioas->ctx, ioas->adopted, ev);
	if (mirror_leave_pins(m, ioas, access))
		return -ENOMEM;
	m->stats.pins_dropped += access->pins.pages;
	pincount_clear(&access->pins, &m->alloc);
	drop_user(m, &ioas->accesses, node);
	return 0;
}

/* One never told of is taken in. */
static struct mirror_domain *get_domain(struct mirror *m, struct mirror_ioas *ioas,
					const struct ioas_event *ev, uint32_t id, int *rc)
{
	struct itree_node *node = itree_find(&ioas->domains, id);
	struct mirror_domain *domain = itree_entry(node, struct mirror_domain, node);

	*rc = 0;
	if (domain)
		return domain;
	domain = add_user(m, &ioas->domains, id, sizeof(*domain));
	if (!domain)
		return NULL;
	domain->id = id;
	*rc = mirror_unknown_object(m, ioas->ctx, ioas->adopted, ev);
	return domain;
}

/* What a domain held before we looked may be taken out of it now. */
static int apply_filled(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	bool adopted = ioas->adopted || (ev->flags & IOAS_F_ADOPTED);
	struct mirror_domain *domain;
	int rc;

	domain = get_domain(m, ioas, ev, body->object, &rc);
	if (!domain)
		return -ENOMEM;
	if (mirror_add_count(&domain->mapped, body->bytes, INT64_MIN, INT64_MAX) &&
	    (domain->mapped >= 0 || adopted))
		return rc;
	return mirror_anomaly(m, ioas->ctx, ev, MIRROR_UNDERFLOW);
}

/* A domain has nothing else of what these events tell of an IOAS. */
static int apply_domain_dirty(struct mirror *m, struct mirror_ioas *ioas,
			      const struct ioas_event *ev)
{
	struct mirror_domain *domain;
	int rc;

	domain = get_domain(m, ioas, ev, ev->body_obj.object, &rc);
	if (!domain)
		return -ENOMEM;
	domain->dirty = ev->body_obj.dirty;
	return rc;
}

/* UINT64_MAX, and what no kernel has, mean that it was not told. */
static void apply_dirty(struct mirror_ioas *ioas, const struct ioas_obj_body *body)
{
	ioas->dirty = body->dirty;
	ioas->non_pinned_groups = body->non_pinned_groups;
	ioas->entries_left = body->entries_left > INT64_MAX ? -1 : (int64_t)body->entries_left;
}

static void apply_option(struct mirror_ioas *ioas, const struct ioas_obj_body *body)
{
	if (body->option == IOAS_OPTION_HUGE_PAGES)
		ioas->small_pages = !body->value;
}

int mirror_apply_use(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_obj_body *body = &ev->body_obj;

	switch (ev->kind) {
	case IOAS_EV_GROUP_ATTACH:
		return attach_group(m, ioas, ev);
	case IOAS_EV_GROUP_DETACH:
		return detach(m, ioas, ev, &ioas->groups, body->group, MIRROR_UNKNOWN_GROUP);
	case IOAS_EV_DOMAIN_ATTACH:
		return attach_domain(m, ioas, ev);
	case IOAS_EV_DOMAIN_DETACH:
		return detach(m, ioas, ev, &ioas->domains, body->object, MIRROR_UNKNOWN_OBJECT);
	case IOAS_EV_DEVICE_ATTACH:
		return attach_device(m, ioas, ev);
	case IOAS_EV_DEVICE_DETACH:
		return detach(m, ioas, ev, &ioas->devices, body->object, MIRROR_UNKNOWN_OBJECT);
	case IOAS_EV_ACCESS_ATTACH:
		return attach_access(m, ioas, ev);
	case IOAS_EV_ACCESS_DETACH:
		return detach_access(m, ioas, ev);
	case IOAS_EV_AREA_FILLED:
		return apply_filled(m, ioas, ev);
	case IOAS_EV_OPTION:
		apply_option(ioas, body);
		return 0;
	default: /* IOAS_EV_DIRTY */
		if (body->object)
			return apply_domain_dirty(m, ioas, ev);
		apply_dirty(ioas, body);
		return 0;
	}
}

void mirror_drop_use(struct mirror *m, struct mirror_ioas *ioas)
{
	struct itree_node *node;

	m->stats.pins_dropped += ioas->pins.pages;
	pincount_clear(&ioas->pins, &m->alloc);
	itree_for_each(node, &ioas->accesses)
		pincount_clear(&itree_entry(node, struct mirror_access, node)->pins, &m->alloc);
	drop_users(m, &ioas->groups);
	drop_users(m, &ioas->domains);
	drop_users(m, &ioas->devices);
	drop_users(m, &ioas->accesses);
}
