// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more element; the array doubles when its count is a power of two. */
static int grow(void **array, size_t n, size_t size)
{
	void *p;

	if (n & (n - 1))
		return 0;
	p = realloc(*array, (n ? 2 * n : 1) * size);
	if (!p)
		return -ENOMEM;
	*array = p;
	return 0;
}

void state_clear(struct state *s)
{
	if (!s)
		return;
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			free(s->ctxs[c].ioases[i].areas);
			free(s->ctxs[c].ioases[i].charges);
		}
		free(s->ctxs[c].ioases);
	}
	free(s->ctxs);
	memset(s, 0, sizeof(*s));
}

int state_add_ctx(struct state *s, const struct state_ctx *v, struct state_ctx **out)
{
	int err = grow((void **)&s->ctxs, s->nctxs, sizeof(*v));

	if (err)
		return err;
	s->ctxs[s->nctxs] = *v;
	s->ctxs[s->nctxs].ioases = NULL;
	s->ctxs[s->nctxs].nioases = 0;
	*out = &s->ctxs[s->nctxs++];
	return 0;
}

int state_add_ioas(struct state_ctx *c, const struct state_ioas *v, struct state_ioas **out)
{
	int err = grow((void **)&c->ioases, c->nioases, sizeof(*v));
	struct state_ioas *i;

	if (err)
		return err;
	i = &c->ioases[c->nioases++];
	*i = *v;
	i->areas = NULL;
	i->nareas = 0;
	i->charges = NULL;
	i->ncharges = 0;
	*out = i;
	return 0;
}

int state_add_area(struct state_ioas *i, const struct state_area *v)
{
	int err = grow((void **)&i->areas, i->nareas, sizeof(*v));

	if (err)
		return err;
	i->areas[i->nareas++] = *v;
	return 0;
}

int state_add_charge(struct state_ioas *i, const struct ioas_charge *v)
{
	int err = grow((void **)&i->charges, i->ncharges, sizeof(*v));

	if (err)
		return err;
	i->charges[i->ncharges++] = *v;
	return 0;
}

struct state_ctx *state_find_ctx(struct state *s, __u32 id)
{
	for (size_t c = 0; c < s->nctxs; c++) {
		if (s->ctxs[c].id == id)
			return &s->ctxs[c];
	}
	return NULL;
}

struct state_ioas *state_find_ioas(struct state *s, __u32 id)
{
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			if (s->ctxs[c].ioases[i].id == id)
				return &s->ctxs[c].ioases[i];
		}
	}
	return NULL;
}

static int by_ctx(const void *a, const void *b)
{
	__u32 x = ((const struct state_ctx *)a)->id, y = ((const struct state_ctx *)b)->id;

	return x < y ? -1 : x > y;
}

static int by_ioas(const void *a, const void *b)
{
	__u32 x = ((const struct state_ioas *)a)->id, y = ((const struct state_ioas *)b)->id;

	return x < y ? -1 : x > y;
}

static int by_iova(const void *a, const void *b)
{
	__u64 x = ((const struct state_area *)a)->iova, y = ((const struct state_area *)b)->iova;

	return x < y ? -1 : x > y;
}

static void finish_ioas(struct state_ioas *i)
{
	if (i->nareas)
		qsort(i->areas, i->nareas, sizeof(*i->areas), by_iova);
	i->bytes = 0;
	for (size_t a = 0; a < i->nareas; a++)
		i->bytes += i->areas[a].last - i->areas[a].iova + 1;
}

void state_finish(struct state *s)
{
	if (s->nctxs)
		qsort(s->ctxs, s->nctxs, sizeof(*s->ctxs), by_ctx);
	for (size_t c = 0; c < s->nctxs; c++) {
		struct state_ctx *ctx = &s->ctxs[c];

		if (ctx->nioases)
			qsort(ctx->ioases, ctx->nioases, sizeof(*ctx->ioases), by_ioas);
		for (size_t i = 0; i < ctx->nioases; i++)
			finish_ioas(&ctx->ioases[i]);
	}
}

void state_hide_missing(struct state *s)
{
	if (!(s->missing & IOAS_MISSING_PINS))
		return;
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			struct state_ioas *ioas = &s->ctxs[c].ioases[i];

			for (size_t a = 0; a < ioas->nareas; a++) {
				ioas->areas[a].pinned = -1;
				ioas->areas[a].pfnmap = -1;
			}
		}
	}
}

__s64 state_charged(const struct state_ioas *i)
{
	__s64 sum = 0;

	for (size_t n = 0; n < i->ncharges; n++)
		sum += i->charges[n].pages;
	return sum;
}
