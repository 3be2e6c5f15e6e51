// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/state_shared.h"

#include <stdlib.h>

enum state_use state_use(const struct state_ioas *i)
{
	bool hardware = i->ndomains || i->ndevices, software = i->naccesses;

	for (__u32 g = 0; g < i->ngroups; g++) {
		if (i->groups[g].emulated)
			software = true;
		else
			hardware = true;
	}
	if (hardware)
		return software ? STATE_USE_BOTH : STATE_USE_HARDWARE;
	if (software)
		return STATE_USE_SOFTWARE;
	return i->users_known || i->backend == IOAS_BACKEND_TYPE1 ? STATE_USE_NONE
								  : STATE_USE_UNKNOWN;
}

const char *state_use_name(enum state_use use)
{
	static const char *const names[] = {
		[STATE_USE_NONE] = "none",
		[STATE_USE_SOFTWARE] = "software",
		[STATE_USE_HARDWARE] = "hardware",
		[STATE_USE_BOTH] = "both",
	};

	return names[use];
}

/* Which IOAS maps a pages object: the one at that place plus 1, or several. */
#define SEVERAL ((size_t)-1)

static const struct state_pages *pages_of(const struct state_ctx *c, const struct state_area *a)
{
	return a->pages_id ? state_find_pages(c, a->pages_id) : NULL;
}

static void find_mappers(const struct state_ctx *c, size_t *mapper)
{
	for (size_t n = 0; n < c->nioases; n++) {
		const struct state_ioas *i = &c->ioases[n];

		for (size_t a = 0; a < i->nareas; a++) {
			const struct state_pages *p = pages_of(c, &i->areas[a]);
			size_t *m = p ? &mapper[p - c->pages] : NULL;

			if (m)
				*m = !*m || *m == n + 1 ? n + 1 : SEVERAL;
		}
	}
}

__u64 *state_shared(const struct state_ctx *c)
{
	size_t *mapper = calloc(c->npages + 1, sizeof(*mapper));
	__u64 *bytes = calloc(c->nioases + 1, sizeof(*bytes));

	if (!mapper || !bytes) {
		free(mapper);
		free(bytes);
		return NULL;
	}
	find_mappers(c, mapper);
	for (size_t n = 0; n < c->nioases; n++) {
		const struct state_ioas *i = &c->ioases[n];

		for (size_t a = 0; a < i->nareas; a++) {
			const struct state_pages *p = pages_of(c, &i->areas[a]);

			if (p && mapper[p - c->pages] == SEVERAL)
				bytes[n] += state_bytes(i->areas[a].iova, i->areas[a].last);
		}
	}
	free(mapper);
	return bytes;
}
