// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two trees over the ranges in the order of their addresses: one sums up those in use,
 * one holds from when on a run of them is needed. What meets [va, last] is a run.
 */
#include "core/gone_index.h"

#include <stdlib.h>

#define NONE SIZE_MAX

struct range {
	uint64_t va;
	uint64_t last;
	uint64_t time_ns;
};

/* Of the ranges below; leaf i of n is at n + i, and the parent of k at k / 2. */
struct node {
	uint64_t bytes; /* 0 stands for 2^64 where .first is one */
	size_t first; /* numbers; NONE: none is in use */
	size_t last;
	size_t oldest;
};

struct gone_index {
	size_t n;
	size_t used; /* of .order */
	struct range *range;
	struct node *node;
	uint64_t *need; /* by node: the smallest @since; UINT64_MAX: nobody */
	size_t *order; /* numbers by time, the latest first */
};

void gone_index_free(struct gone_index *x)
{
	if (!x)
		return;
	free(x->range);
	free(x->node);
	free(x->need);
	free(x->order);
	free(x);
}

struct gone_index *gone_index_new(size_t n)
{
	struct gone_index *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->n = n;
	x->range = calloc(n, sizeof(*x->range));
	x->node = calloc(2 * n, sizeof(*x->node));
	x->need = calloc(2 * n, sizeof(*x->need));
	x->order = calloc(n, sizeof(*x->order));
	if (x->range && x->node && x->need && x->order)
		return x;
	gone_index_free(x);
	return NULL;
}

void gone_index_set(struct gone_index *x, size_t i, uint64_t va, uint64_t last, uint64_t time_ns)
{
	x->range[i] = (struct range){ va, last, time_ns };
}

static int later_first(const void *a, const void *b, void *arg)
{
	const struct gone_index *x = arg;
	uint64_t ta = x->range[*(const size_t *)a].time_ns;
	uint64_t tb = x->range[*(const size_t *)b].time_ns;

	return ta > tb ? -1 : ta < tb;
}

void gone_index_begin(struct gone_index *x)
{
	for (size_t i = 0; i < 2 * x->n; i++) {
		x->node[i] = (struct node){ 0, NONE, NONE, NONE };
		x->need[i] = UINT64_MAX;
	}
	for (size_t i = 0; i < x->n; i++)
		x->order[i] = i;
	qsort_r(x->order, x->n, sizeof(*x->order), later_first, x);
	x->used = 0;
}

/* ---- in use ---- */

static bool older(const struct gone_index *x, size_t a, size_t b)
{
	uint64_t ta = x->range[a].time_ns, tb = x->range[b].time_ns;

	return ta < tb || (ta == tb && a < b);
}

/* The sequence does not matter: a tree whose n is no power of two mixes it up. */
static void add(const struct gone_index *x, struct node *to, const struct node *n)
{
	if (n->first == NONE)
		return;
	if (to->first == NONE) {
		*to = *n;
		return;
	}
	to->bytes += n->bytes;
	if (n->first < to->first)
		to->first = n->first;
	if (n->last > to->last)
		to->last = n->last;
	if (older(x, n->oldest, to->oldest))
		to->oldest = n->oldest;
}

static void use(struct gone_index *x, size_t i)
{
	const struct range *r = &x->range[i];
	struct node leaf = { r->last - r->va + 1, i, i, i };

	for (size_t k = x->n + i; k; k /= 2)
		add(x, &x->node[k], &leaf);
}

void gone_index_use(struct gone_index *x, uint64_t since)
{
	while (x->used < x->n && x->range[x->order[x->used]].time_ns >= since)
		use(x, x->order[x->used++]);
}

/* The first range that ends at @va or later; n: none. */
static size_t first_at(const struct gone_index *x, uint64_t va)
{
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (x->range[mid].last < va)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The run of ranges that meet [va, last]: from *begin, before the one returned. */
static size_t run_of(const struct gone_index *x, uint64_t va, uint64_t last, size_t *begin)
{
	size_t end;

	*begin = first_at(x, va);
	end = last == UINT64_MAX ? x->n : first_at(x, last + 1);
	/* The one that reaches beyond @last, if it begins before that. */
	if (end < x->n && x->range[end].va <= last)
		end++;
	return end;
}

static struct node sum_run(const struct gone_index *x, size_t begin, size_t end)
{
	struct node sum = { 0, NONE, NONE, NONE };

	for (begin += x->n, end += x->n; begin < end; begin /= 2, end /= 2) {
		if (begin & 1)
			add(x, &sum, &x->node[begin++]);
		if (end & 1)
			add(x, &sum, &x->node[--end]);
	}
	return sum;
}

bool gone_index_sum(const struct gone_index *x, uint64_t va, uint64_t last, struct gone_sum *out)
{
	size_t begin, end = run_of(x, va, last, &begin);
	struct node sum = sum_run(x, begin, end);

	if (sum.first == NONE)
		return false;
	*out = (struct gone_sum){ x->range[sum.first].va, x->range[sum.last].last, sum.bytes,
				  sum.oldest };
	if (out->first < va) {
		out->bytes -= va - out->first;
		out->first = va;
	}
	if (out->last > last) {
		out->bytes -= out->last - last;
		out->last = last;
	}
	if (!out->bytes)
		out->bytes = UINT64_MAX;
	return true;
}

/* ---- needed ---- */

static void lower(uint64_t *need, uint64_t since)
{
	if (since < *need)
		*need = since;
}

void gone_index_need(struct gone_index *x, uint64_t va, uint64_t last, uint64_t since)
{
	size_t begin, end = run_of(x, va, last, &begin);

	for (begin += x->n, end += x->n; begin < end; begin /= 2, end /= 2) {
		if (begin & 1)
			lower(&x->need[begin++], since);
		if (end & 1)
			lower(&x->need[--end], since);
	}
}

bool gone_index_needed(const struct gone_index *x, size_t i)
{
	for (size_t k = x->n + i; k; k /= 2) {
		if (x->need[k] <= x->range[i].time_ns)
			return true;
	}
	return false;
}
