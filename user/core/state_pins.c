// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/state_pins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Pages [first, last] of a pages object. */
struct span {
	__u32 pages_id;
	__u64 first;
	__u64 last;
};

static int by_span(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->pages_id != y->pages_id)
		return x->pages_id < y->pages_id ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static bool is_shared(const struct state_area *a)
{
	return a->pages_id && a->pinned;
}

/* Pages of all spans, each once. */
static __s64 union_pages(struct span *s, size_t n)
{
	__s64 pages = 0;
	__u64 end = 0; /* the first page of this object that is not counted yet */

	qsort(s, n, sizeof(*s), by_span);
	for (size_t k = 0; k < n; k++) {
		if (!k || s[k].pages_id != s[k - 1].pages_id)
			end = 0;
		if (s[k].last < end)
			continue;
		pages += s[k].last + 1 - (s[k].first > end ? s[k].first : end);
		end = s[k].last + 1;
	}
	return pages;
}

static struct span *spans_of(const struct state_ioas *i, size_t n)
{
	struct span *s = malloc(n * sizeof(*s));
	size_t k = 0;

	for (size_t a = 0; s && a < i->nareas; a++) {
		const struct state_area *v = &i->areas[a];

		if (is_shared(v))
			s[k++] = (struct span){ v->pages_id, v->offset >> 12,
						(v->offset >> 12) + state_area_pages(v) - 1 };
	}
	return s;
}

int state_sum_pinned(struct state_ioas *i)
{
	__s64 own = 0, shared = 0, mapped = 0, once;
	struct span *spans;
	size_t n = 0;

	for (size_t a = 0; a < i->nareas; a++) {
		const struct state_area *v = &i->areas[a];

		if (v->pinned < 0) {
			i->pinned = -1;
			return 0;
		}
		if (!is_shared(v)) {
			own += v->pinned;
			continue;
		}
		shared += v->pinned;
		mapped += state_area_pages(v);
		n++;
	}
	if (!n) {
		i->pinned = own;
		return 0;
	}
	spans = spans_of(i, n);
	if (!spans)
		return -ENOMEM;
	once = union_pages(spans, n);
	free(spans);
	/* Of what is shown twice and pinned in part, nobody can say which part. */
	if (once == mapped)
		i->pinned = own + shared;
	else
		i->pinned = shared == mapped ? own + once : -1;
	return 0;
}

size_t state_pins_from(const struct state_ioas *i, __u64 iova)
{
	size_t lo = 0, hi = i->npins;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (i->pins[mid].last < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int state_pinned_at(const struct state_ioas *i, const struct state_area *a, __u64 iova)
{
	size_t n = state_pins_from(i, iova);

	if (n < i->npins && i->pins[n].iova <= iova)
		return 1;
	if (!a->pinned)
		return 0;
	if (a->pinned >= state_area_pages(a))
		return 1;
	/* Without hardware only clients pin, and their ranges are all there is. */
	return i->pins_known && a->pinned > 0 && !state_has_hardware(i) ? 0 : -1;
}

static unsigned int bin_of(__u64 n)
{
	return n ? 64 - __builtin_clzll(n) : 0;
}

void state_bin_limits(unsigned int b, __u64 *from, __u64 *to)
{
	*from = b ? 1ULL << (b - 1) : 0;
	*to = b ? (1ULL << b) - 1 : 0;
}

void state_histogram(const struct state_ioas *i, struct state_histogram *out)
{
	size_t p = 0, counted = 0; /* the first range that may reach in; those that did */

	memset(out, 0, sizeof(*out));
	out->total = i->nareas;
	out->ranges = i->npins;
	for (size_t a = 0; a < i->nareas; a++) {
		const struct state_area *v = &i->areas[a];
		size_t end;

		while (p < i->npins && i->pins[p].last < v->iova)
			p++;
		for (end = p; end < i->npins && i->pins[end].iova <= v->last; end++) {
			if (end < counted)
				continue;
			counted = end + 1;
			out->outside++; /* met, for now */
		}
		out->areas[bin_of(end - p)]++;
	}
	out->outside = out->ranges - out->outside;
}
