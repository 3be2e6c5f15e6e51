// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mirror: whose memory areas are. Of a million areas there are a few owners,
 * so an area keeps a number of this table instead of two ids.
 */
#include <errno.h>
#include <string.h>

#include "core/mirror_impl.h"

#define TABLE_MIN 16

static struct owner_slot *slot_of(const struct owner_table *t, uint32_t number)
{
	return t->by_index[number - 1];
}

/* Makes room for one more number; the table doubles. */
static int grow(struct mirror *m, struct owner_table *t)
{
	uint32_t size = t->size ? 2 * t->size : TABLE_MIN;
	struct owner_slot **table;

	if (size < t->size || (uint64_t)size * sizeof(*table) > SIZE_MAX)
		return -ENOMEM;
	table = ioas_alloc_zeroed(&m->alloc, size * sizeof(*table));
	if (!table)
		return -ENOMEM;
	if (t->size)
		memcpy(table, t->by_index, t->size * sizeof(*table));
	ioas_alloc_release(&m->alloc, t->by_index);
	t->by_index = table;
	t->size = size;
	return 0;
}

static uint32_t first_free(struct owner_table *t)
{
	uint32_t at = t->next ? t->next : 1;

	while (at <= t->size && slot_of(t, at))
		at++;
	return at;
}

static struct owner_slot *add_slot(struct mirror *m, struct mirror_owner owner)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct owner_table *t = &m->owners;
	uint32_t number = first_free(t);
	struct owner_slot *slot;

	if (number > t->size && grow(m, t))
		return NULL;
	slot = ioas_alloc_zeroed(&m->alloc, sizeof(*slot));
	if (!slot)
		return NULL;
	slot->key = owner;
	slot->index = number;
	HASH_ADD(hh, t->by_key, key, sizeof(slot->key), slot);
	if (!slot->hh.tbl) {
		ioas_alloc_release(&m->alloc, slot);
		return NULL;
	}
	t->by_index[number - 1] = slot;
	t->next = number + 1;
	return slot;
}

int mirror_owner_get(struct mirror *m, struct mirror_owner owner, uint32_t *number)
{
	struct owner_slot *slot;

	if (!owner.tgid && !owner.uid) {
		*number = 0;
		return 0;
	}
	HASH_FIND(hh, m->owners.by_key, &owner, sizeof(owner), slot);
	if (!slot)
		slot = add_slot(m, owner);
	if (!slot)
		return -ENOMEM;
	slot->areas++;
	*number = slot->index;
	return 0;
}

void mirror_owner_share(struct mirror *m, uint32_t number)
{
	if (number)
		slot_of(&m->owners, number)->areas++;
}

void mirror_owner_put(struct mirror *m, uint32_t number)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct owner_table *t = &m->owners;
	struct owner_slot *slot;

	if (!number)
		return;
	slot = slot_of(t, number);
	if (--slot->areas)
		return;
	HASH_DEL(t->by_key, slot);
	t->by_index[number - 1] = NULL;
	if (number < t->next)
		t->next = number;
	ioas_alloc_release(&m->alloc, slot);
}

void mirror_owner_clear(struct mirror *m)
{
	ioas_alloc_release(&m->alloc, m->owners.by_index);
	m->owners.by_index = NULL;
	m->owners.size = 0;
}

struct mirror_owner mirror_area_owner(const struct mirror *m, const struct mirror_area *area)
{
	if (area->shared)
		return (struct mirror_owner){ area->pages->owner_tgid, area->pages->owner_uid };
	if (!area->owner)
		return (struct mirror_owner){ 0, 0 };
	return slot_of(&m->owners, area->owner)->key;
}

int mirror_owner_check(const struct mirror *m, size_t areas)
{
	const struct owner_table *t = &m->owners;
	size_t slots = 0, sum = 0;

	for (uint32_t number = 1; number <= t->size; number++) {
		const struct owner_slot *slot = slot_of(t, number);
		struct owner_slot *found;

		if (!slot) {
			if (number < t->next)
				return -EUCLEAN;
			continue;
		}
		HASH_FIND(hh, t->by_key, &slot->key, sizeof(slot->key), found);
		if (found != slot || slot->index != number || !slot->areas)
			return -EUCLEAN;
		slots++;
		sum += slot->areas;
	}
	return sum == areas && slots == HASH_COUNT(t->by_key) ? 0 : -EUCLEAN;
}
