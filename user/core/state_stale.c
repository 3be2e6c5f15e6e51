// SPDX-License-Identifier: GPL-2.0-or-later
/* What of the areas of a mirror is stale, in the state that is made of it. */
#include <errno.h>
#include <stdlib.h>

#include "core/state_mirror.h"

/* All questions: which areas they are of goes with them. */
struct asks {
	struct mirror_stale_ask *ask;
	size_t n;
	size_t room;
};

static int add_ask(struct asks *all, const struct mirror_stale_ask *ask)
{
	struct mirror_stale_ask *more;

	if (all->n == all->room) {
		more = reallocarray(all->ask, all->room ? 2 * all->room : 64, sizeof(*more));
		if (!more)
			return -ENOMEM;
		all->ask = more;
		all->room = all->room ? 2 * all->room : 64;
	}
	all->ask[all->n++] = *ask;
	return 0;
}

/* Areas stand in both by address. */
static int ask_ioas(const struct mirror *m, const struct mirror_ioas *i, struct state_ioas *s,
		    struct asks *all)
{
	struct state_area *v = s->areas;
	int err = 0;

	for (const struct mirror_area *a = mirror_area_first(i); a && !err;
	     a = mirror_area_next(a), v++) {
		struct mirror_stale_ask ask;

		if (!mirror_stale_ask(m, i, a, &ask))
			continue;
		ask.mine[0] = s;
		ask.mine[1] = v;
		err = add_ask(all, &ask);
	}
	return err;
}

/* So do contexts and IOASes, in the sequence in which they were added. */
static int ask_all(const struct mirror *m, struct state *s, struct asks *all)
{
	struct state_ctx *sc = s->ctxs;
	int err = 0;

	for (const struct mirror_ctx *c = mirror_ctx_first(m); c && !err;
	     c = mirror_ctx_next(c), sc++) {
		struct state_ioas *si = sc->ioases;

		for (const struct mirror_ioas *i = mirror_ioas_first(c); i && !err;
		     i = mirror_ioas_next(i))
			err = ask_ioas(m, i, si++, all);
	}
	return err;
}

static int answered(const struct mirror_stale_ask *ask, const struct mirror_stale *found, void *arg)
{
	struct state_ioas *i = ask->mine[0];
	struct state_area *a = ask->mine[1];
	struct state_stale stale = {
		.iova = a->iova,
		.va = found->va,
		.last = found->last,
		.bytes = found->bytes,
		.since_ns = found->since_ns,
		.area = a->area,
		.tgid = a->tgid,
		.cause = (__u8)found->cause,
	};

	(void)arg;
	a->stale = found->cause != IOAS_GONE_NONE;
	a->stale_lost = found->lost;
	i->stale_lost += found->lost;
	return a->stale ? state_add_stale(i, &stale) : 0;
}

int state_mark_stale(const struct mirror *m, struct state *s)
{
	struct asks all = { .ask = NULL };
	int err = ask_all(m, s, &all);

	if (!err)
		err = mirror_stale_answer(m, all.ask, all.n, answered, NULL);
	free(all.ask);
	return err;
}
