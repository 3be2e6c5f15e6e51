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

static void clear_ioas(struct state_ioas *i)
{
	free(i->areas);
	free(i->charges);
	free(i->pins);
	free(i->stales);
	free(i->ranges);
	free(i->domains);
	free(i->devices);
	free(i->accesses);
}

void state_clear(struct state *s)
{
	if (!s)
		return;
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++)
			clear_ioas(&s->ctxs[c].ioases[i]);
		free(s->ctxs[c].ioases);
		free(s->ctxs[c].pages);
		free(s->ctxs[c].charges);
	}
	free(s->ctxs);
	memset(s, 0, sizeof(*s));
}

int state_add_ctx(struct state *s, const struct state_ctx *v, struct state_ctx **out)
{
	int err = grow((void **)&s->ctxs, s->nctxs, sizeof(*v));
	struct state_ctx *c;

	if (err)
		return err;
	c = &s->ctxs[s->nctxs++];
	*c = *v;
	c->ioases = NULL;
	c->pages = NULL;
	c->charges = NULL;
	c->nioases = c->npages = c->ncharges = 0;
	*out = c;
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
	i->charges = NULL;
	i->pins = NULL;
	i->stales = NULL;
	i->nstales = 0;
	i->ranges = NULL;
	i->domains = NULL;
	i->devices = NULL;
	i->accesses = NULL;
	i->nareas = i->areas_room = i->ncharges = i->npins = i->nranges = 0;
	i->ndomains = i->ndevices = i->naccesses = 0;
	*out = i;
	return 0;
}

int state_reserve_areas(struct state_ioas *i, size_t n)
{
	struct state_area *p;

	if (n <= i->areas_room)
		return 0;
	p = reallocarray(i->areas, n, sizeof(*p));
	if (!p)
		return -ENOMEM;
	i->areas = p;
	i->areas_room = n;
	return 0;
}

int state_add_area(struct state_ioas *i, const struct state_area *v)
{
	int err = 0;

	if (i->nareas == i->areas_room)
		err = state_reserve_areas(i, i->nareas ? 2 * i->nareas : 16);
	if (err)
		return err;
	i->areas[i->nareas++] = *v;
	return 0;
}

/* Appends *v to array @a, which has @n elements. */
#define APPEND(a, n, v)                                                                            \
	({                                                                                         \
		int err_ = grow((void **)&(a), (n), sizeof(*(a)));                                 \
		if (!err_)                                                                         \
			(a)[(n)++] = *(v);                                                         \
		err_;                                                                              \
	})

int state_add_stale(struct state_ioas *i, const struct state_stale *v)
{
	return APPEND(i->stales, i->nstales, v);
}

int state_add_pin(struct state_ioas *i, const struct state_pin *v)
{
	return APPEND(i->pins, i->npins, v);
}

int state_add_range(struct state_ioas *i, const struct state_range *v)
{
	return APPEND(i->ranges, i->nranges, v);
}

int state_add_domain(struct state_ioas *i, const struct state_domain *v)
{
	return APPEND(i->domains, i->ndomains, v);
}

int state_add_device(struct state_ioas *i, const struct state_device *v)
{
	return APPEND(i->devices, i->ndevices, v);
}

int state_add_access(struct state_ioas *i, const struct state_access *v)
{
	return APPEND(i->accesses, i->naccesses, v);
}

int state_add_pages(struct state_ctx *c, const struct state_pages *v)
{
	return APPEND(c->pages, c->npages, v);
}

int state_add_ioas_charge(struct state_ioas *i, const struct state_charge *v)
{
	return APPEND(i->charges, i->ncharges, v);
}

int state_add_ctx_charge(struct state_ctx *c, const struct state_charge *v)
{
	return APPEND(c->charges, c->ncharges, v);
}

int state_add_charge(struct state_ioas *i, const struct ioas_charge *v)
{
	struct state_charge c = {
		.owner = v->owner,
		.counter = IOAS_COUNTER_MM_LOCKED,
		.tgid = v->tgid,
		.uid = v->uid,
		.pages = v->pages,
		.peak = v->peak,
	};

	memcpy(c.comm, v->comm, sizeof(c.comm));
	return state_add_ioas_charge(i, &c);
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

/* Sorts unless it is in order already, as what a mirror tells is: a sort takes memory. */
static void sort(void *array, size_t n, size_t size, int (*order)(const void *, const void *))
{
	const char *p = array;

	for (size_t i = 1; i < n; i++) {
		if (order(p + (i - 1) * size, p + i * size) > 0) {
			qsort(array, n, size, order);
			return;
		}
	}
}

#define SORT(array, n, order) sort((array), (n), sizeof(*(array)), (order))

/* An order by one field. */
#define ORDER_BY(name, type, field)                                                                \
	static int name(const void *a, const void *b)                                              \
	{                                                                                          \
		const type *x = a, *y = b;                                                         \
                                                                                                   \
		return x->field < y->field ? -1 : x->field > y->field;                             \
	}

ORDER_BY(by_ctx, struct state_ctx, id)
ORDER_BY(by_ioas, struct state_ioas, id)
ORDER_BY(by_iova, struct state_area, iova)
ORDER_BY(by_stale, struct state_stale, iova)
ORDER_BY(by_pin, struct state_pin, iova)
ORDER_BY(by_domain, struct state_domain, id)
ORDER_BY(by_device, struct state_device, id)
ORDER_BY(by_access, struct state_access, id)
ORDER_BY(by_pages, struct state_pages, id)

static int by_range(const void *a, const void *b)
{
	const struct state_range *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	if (x->iova != y->iova)
		return x->iova < y->iova ? -1 : 1;
	return x->last < y->last ? -1 : x->last > y->last;
}

static void finish_ioas(struct state_ioas *i)
{
	SORT(i->areas, i->nareas, by_iova);
	SORT(i->stales, i->nstales, by_stale);
	SORT(i->pins, i->npins, by_pin);
	SORT(i->ranges, i->nranges, by_range);
	SORT(i->domains, i->ndomains, by_domain);
	SORT(i->devices, i->ndevices, by_device);
	SORT(i->accesses, i->naccesses, by_access);
	i->bytes = 0;
	for (size_t a = 0; a < i->nareas; a++)
		i->bytes =
			state_bytes_add(i->bytes, state_bytes(i->areas[a].iova, i->areas[a].last));
}

void state_finish(struct state *s)
{
	SORT(s->ctxs, s->nctxs, by_ctx);
	for (size_t c = 0; c < s->nctxs; c++) {
		struct state_ctx *ctx = &s->ctxs[c];

		SORT(ctx->pages, ctx->npages, by_pages);
		SORT(ctx->ioases, ctx->nioases, by_ioas);
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

			ioas->pins_known = false;
			for (size_t a = 0; a < ioas->nareas; a++) {
				ioas->areas[a].pinned = -1;
				ioas->areas[a].pfnmap = -1;
			}
		}
	}
}

const struct state_pages *state_find_pages(const struct state_ctx *c, __u32 id)
{
	size_t lo = 0, hi = c->npages;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->pages[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->npages && c->pages[lo].id == id ? &c->pages[lo] : NULL;
}

bool state_has_hardware(const struct state_ioas *i)
{
	for (__u32 g = 0; g < i->ngroups; g++) {
		if (!i->groups[g].emulated)
			return true;
	}
	return i->ndomains;
}

__s64 state_charged(const struct state_ioas *i)
{
	__s64 sum = 0;

	for (size_t n = 0; n < i->ncharges; n++)
		sum += i->charges[n].pages;
	return sum;
}
