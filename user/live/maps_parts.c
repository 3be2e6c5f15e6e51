// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/maps_parts.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define READ_MAX (4 * 65536) /* keys of a map that others change */

static int add_device(struct state_ioas *i, const struct ioas_part_key *key,
		      const struct ioas_part *p)
{
	struct state_device v = { .id = key->id, .domain = p->domain };

	memcpy(v.name, p->name, sizeof(v.name));
	v.name[sizeof(v.name) - 1] = '\0';
	return state_add_device(i, &v);
}

static int add_ranges(struct state_ioas *i, const struct ioas_part_key *key,
		      const struct ioas_part *p)
{
	struct state_range v = {
		.iova = key->iova,
		.last = key->last,
		.owner = key->id,
		.class = key->class,
	};
	int err = 0;

	for (__s64 n = 0; n < p->count && !err; n++)
		err = state_add_range(i, &v);
	return err;
}

static int add_part(struct state_ioas *i, const struct ioas_part_key *key,
		    const struct ioas_part *p)
{
	struct state_domain domain = {
		.id = key->id,
		.page_size = p->page_size,
		.mapped = p->count,
	};
	struct state_access access = {
		.id = key->id,
		.exact = p->exact,
		.alignment = p->page_size,
		.pins = p->count,
	};

	switch (key->kind) {
	case IOAS_PART_DOMAIN:
		return state_add_domain(i, &domain);
	case IOAS_PART_DEVICE:
		return add_device(i, key, p);
	case IOAS_PART_ACCESS:
		i->client_pins += p->count;
		return state_add_access(i, &access);
	default:
		return add_ranges(i, key, p);
	}
}

/* They begin as none, and known. */
static void begin(struct state *s)
{
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t n = 0; n < s->ctxs[c].nioases; n++) {
			struct state_ioas *i = &s->ctxs[c].ioases[n];

			if (i->backend != IOAS_BACKEND_BUNDLED)
				continue;
			i->users_known = true;
			i->ranges_known = true;
			i->client_pins = 0;
		}
	}
}

/* The keys of the map, once: it begins again where the last one has gone meanwhile. */
static int read_keys(const struct maps *m, struct ioas_part_key **out, size_t *count)
{
	struct ioas_part_key *keys = NULL, next;
	size_t n = 0, room = 0;

	while (n < READ_MAX && !bpf_map_get_next_key(m->parts, n ? &keys[n - 1] : NULL, &next)) {
		if (n == room) {
			struct ioas_part_key *more;

			room = room ? 2 * room : 256;
			more = realloc(keys, room * sizeof(*keys));
			if (!more) {
				free(keys);
				return -ENOMEM;
			}
			keys = more;
		}
		keys[n++] = next;
	}
	*out = keys;
	*count = n;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ioas_part_key));
}

int maps_read_parts(const struct maps *m, struct state *s)
{
	struct ioas_part_key *keys;
	size_t n;
	int err;

	if (m->parts < 0)
		return 0;
	err = read_keys(m, &keys, &n);
	if (err)
		return err;
	begin(s);
	if (n)
		qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t k = 0; k < n && !err; k++) {
		struct state_ioas *i = state_find_ioas(s, keys[k].ioas);
		struct ioas_part p;

		if (k && !compare_keys(&keys[k], &keys[k - 1]))
			continue;
		/* Otherwise it has gone while we read. */
		if (i && !bpf_map_lookup_elem(m->parts, &keys[k], &p))
			err = add_part(i, &keys[k], &p);
	}
	free(keys);
	return err;
}
