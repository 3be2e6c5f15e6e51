// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/diff.h"

#include <errno.h>
#include <stdlib.h>

struct run {
	unsigned int what;
	bool same_ids;
	const struct diff_ops *ops;
	void *arg;
	struct diff_totals *totals;
};

/* ---- areas ---- */

static bool same_memory(const struct state_area *a, const struct state_area *b)
{
	if (state_of_process(a) != state_of_process(b))
		return false;
	if (!state_of_process(a) && a->memory != b->memory)
		return false;
	return a->va == b->va && a->tgid == b->tgid;
}

static unsigned int changes(const struct run *r, const struct state_area *a,
			    const struct state_area *b)
{
	unsigned int bits = 0;

	if (a->prot != b->prot)
		bits |= DIFF_PROT;
	if (!same_memory(a, b))
		bits |= DIFF_MEMORY;
	else if (r->same_ids && (a->pages_id != b->pages_id || a->offset != b->offset))
		bits |= DIFF_PAGES;
	if (a->pinned >= 0 && b->pinned >= 0 && a->pinned != b->pinned)
		bits |= DIFF_PINNED;
	if (a->going != b->going || a->vaddr_invalid != b->vaddr_invalid)
		bits |= DIFF_CONDITION;
	return bits & r->what;
}

static int one_side(const struct run *r, const struct state_area *a, const struct state_area *b)
{
	struct diff_totals *t = r->totals;
	const struct state_area *v = a ? a : b;
	__u64 *bytes = a ? &t->bytes_a : &t->bytes_b;

	*bytes = state_bytes_add(*bytes, state_bytes(v->iova, v->last));
	++*(a ? &t->only_a : &t->only_b);
	return r->ops->area(a, b, 0, r->arg);
}

static int both_sides(const struct run *r, const struct state_area *a, const struct state_area *b)
{
	unsigned int bits = changes(r, a, b);

	if (!bits)
		return 0;
	r->totals->changed++;
	return r->ops->area(a, b, bits, r->arg);
}

/* Below 0: @a is alone, above 0: @b is, 0: they have the same range. NULL is the end. */
static int area_order(const struct state_area *a, const struct state_area *b)
{
	if (!a || !b)
		return a ? -1 : 1;
	if (a->iova != b->iova)
		return a->iova < b->iova ? -1 : 1;
	return a->last < b->last ? -1 : a->last > b->last;
}

static int areas(const struct run *r, const struct state_ioas *a, const struct state_ioas *b)
{
	size_t m = 0, n = 0;
	int rc = 0;

	while (!rc && (m < a->nareas || n < b->nareas)) {
		const struct state_area *x = m < a->nareas ? &a->areas[m] : NULL;
		const struct state_area *y = n < b->nareas ? &b->areas[n] : NULL;
		int order = area_order(x, y);

		if (!order)
			rc = both_sides(r, x, y);
		else
			rc = order < 0 ? one_side(r, x, NULL) : one_side(r, NULL, y);
		m += order <= 0;
		n += order >= 0;
	}
	return rc;
}

/* ---- ranges ---- */

/* Who asked for a range is not compared: each IOAS has domains of its own. */
static int range_order(const struct state_range *a, const struct state_range *b)
{
	if (!a || !b)
		return a ? -1 : 1;
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->iova != b->iova)
		return a->iova < b->iova ? -1 : 1;
	return a->last < b->last ? -1 : a->last > b->last;
}

static int ranges(const struct run *r, const struct state_ioas *a, const struct state_ioas *b)
{
	size_t m = 0, n = 0;
	int rc = 0;

	while (!rc && (m < a->nranges || n < b->nranges)) {
		const struct state_range *x = m < a->nranges ? &a->ranges[m] : NULL;
		const struct state_range *y = n < b->nranges ? &b->ranges[n] : NULL;
		int order = range_order(x, y);

		if (order) {
			r->totals->ranges++;
			rc = r->ops->range(order < 0 ? x : NULL, order < 0 ? NULL : y, r->arg);
		}
		m += order <= 0;
		n += order >= 0;
	}
	return rc;
}

/* ---- charges ---- */

struct charges {
	const struct state_charge *v;
	size_t n;
};

static const struct state_charge *same_owner(const struct charges *list,
					     const struct state_charge *c)
{
	for (size_t k = 0; k < list->n; k++) {
		const struct state_charge *v = &list->v[k];

		if (v->counter == c->counter && v->tgid == c->tgid && v->uid == c->uid)
			return v;
	}
	return NULL;
}

static int tell_charge(const struct run *r, const struct state_charge *a,
		       const struct state_charge *b)
{
	/* What is back at 0 need not be listed. */
	if ((a ? a->pages : 0) == (b ? b->pages : 0))
		return 0;
	r->totals->charges++;
	return r->ops->charge(a, b, r->arg);
}

static int charges(const struct run *r, struct charges a, struct charges b)
{
	int rc = 0;

	for (size_t k = 0; k < a.n && !rc; k++)
		rc = tell_charge(r, &a.v[k], same_owner(&b, &a.v[k]));
	for (size_t k = 0; k < b.n && !rc; k++) {
		if (!same_owner(&a, &b.v[k]))
			rc = tell_charge(r, NULL, &b.v[k]);
	}
	return rc;
}

static int all_charges(const struct run *r, const struct diff_side *a, const struct diff_side *b,
		       const struct state_ioas *x, const struct state_ioas *y)
{
	static const struct state_ctx none = {};
	const struct state_ctx *p = a->ctx ? a->ctx : &none, *q = b->ctx ? b->ctx : &none;
	int rc;

	rc = charges(r, (struct charges){ x->charges, x->ncharges },
		     (struct charges){ y->charges, y->ncharges });
	if (rc || p == q || !(r->what & DIFF_CHARGES))
		return rc;
	return charges(r, (struct charges){ p->charges, p->ncharges },
		       (struct charges){ q->charges, q->ncharges });
}

int diff_ioas(const struct diff_side *a, const struct diff_side *b, unsigned int what,
	      bool same_ids, const struct diff_ops *ops, void *arg, struct diff_totals *totals)
{
	static const struct state_ioas none = { .ranges_known = true };
	const struct state_ioas *x = a->ioas ? a->ioas : &none, *y = b->ioas ? b->ioas : &none;
	struct run r = { what, same_ids, ops, arg, totals };
	int rc = areas(&r, x, y);

	totals->ioases += !a->ioas != !b->ioas;
	if (rc || !(what & DIFF_MEMORY))
		return rc;
	if (x->ranges_known && y->ranges_known)
		rc = ranges(&r, x, y);
	else
		totals->ranges_unknown = true;
	return rc ? rc : all_charges(&r, a, b, x, y);
}

bool diff_equal(const struct diff_totals *t)
{
	return !t->ioases && !t->only_a && !t->only_b && !t->changed && !t->ranges && !t->charges;
}

/* ---- pairs ---- */

struct sides {
	struct diff_side *v;
	size_t n;
};

static int by_number(const void *a, const void *b)
{
	const struct diff_side *x = a, *y = b;

	return x->ioas->id < y->ioas->id ? -1 : x->ioas->id > y->ioas->id;
}

static int sides_of(const struct state *s, bool sorted, struct sides *out)
{
	size_t n = 0;

	for (size_t c = 0; c < s->nctxs; c++)
		n += s->ctxs[c].nioases;
	out->v = calloc(n + 1, sizeof(*out->v));
	if (!out->v)
		return -ENOMEM;
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			out->v[out->n].ctx = &s->ctxs[c];
			out->v[out->n++].ioas = &s->ctxs[c].ioases[i];
		}
	}
	if (sorted)
		qsort(out->v, out->n, sizeof(*out->v), by_number);
	return 0;
}

static size_t pair_up(const struct sides *a, const struct sides *b, bool same_ids,
		      struct diff_pair *out)
{
	size_t m = 0, n = 0, pairs = 0;

	while (m < a->n || n < b->n) {
		bool left = m < a->n, right = n < b->n;

		if (same_ids && left && right) {
			int order = by_number(&a->v[m], &b->v[n]);

			left = order <= 0;
			right = order >= 0;
		}
		out[pairs] = (struct diff_pair){};
		if (left)
			out[pairs].a = a->v[m++];
		if (right)
			out[pairs].b = b->v[n++];
		pairs++;
	}
	return pairs;
}

int diff_pairs(const struct state *a, const struct state *b, bool same_ids, struct diff_pair **out,
	       size_t *n)
{
	struct sides x = {}, y = {};
	struct diff_pair *pairs = NULL;
	int err = sides_of(a, same_ids, &x);

	if (!err)
		err = sides_of(b, same_ids, &y);
	if (!err) {
		pairs = calloc(x.n + y.n + 1, sizeof(*pairs));
		err = pairs ? 0 : -ENOMEM;
	}
	if (!err) {
		*n = pair_up(&x, &y, same_ids, pairs);
		*out = pairs;
	}
	free(x.v);
	free(y.v);
	return err;
}
