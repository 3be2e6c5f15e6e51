// SPDX-License-Identifier: GPL-2.0-or-later
#include "shrink.h"

#include <stdlib.h>
#include <string.h>

/* Tries the list without [from, from + count); keeps it so if it still fails. */
static bool try_without(struct model_op *ops, size_t *n, size_t from, size_t count,
			shrink_fails fails, void *arg, struct model_op *room)
{
	memcpy(room, ops, from * sizeof(*ops));
	memcpy(room + from, ops + from + count, (*n - from - count) * sizeof(*ops));
	if (!fails(room, *n - count, arg))
		return false;
	*n -= count;
	memcpy(ops, room, *n * sizeof(*ops));
	return true;
}

/* Halves, quarters, ... and at last one by one, until nothing can go. */
static size_t drop(struct model_op *ops, size_t n, shrink_fails fails, void *arg,
		   struct model_op *room)
{
	size_t count = n / 2 ? n / 2 : 1;
	bool gone = false;

	for (;;) {
		for (size_t from = n; from > 0;) {
			size_t take = from < count ? from : count;

			from -= take;
			if (try_without(ops, &n, from, take, fails, arg, room))
				gone = true;
			if (from > n)
				from = n;
		}
		if (count == 1 && !gone)
			return n;
		if (count > 1)
			count /= 2;
		gone = false;
	}
}

static void try_change(struct model_op *op, struct model_op change, struct model_op *ops, size_t n,
		       shrink_fails fails, void *arg)
{
	struct model_op was = *op;

	if (!memcmp(&was, &change, sizeof(was)))
		return;
	*op = change;
	if (!fails(ops, n, arg))
		*op = was;
}

static void simplify(struct model_op *op, struct model_op *ops, size_t n, shrink_fails fails,
		     void *arg)
{
	struct model_op change = *op;

	change.mix = 0;
	try_change(op, change, ops, n, fails, arg);
	change = *op;
	change.flags &= MODEL_FIXED | MODEL_ALL;
	try_change(op, change, ops, n, fails, arg);
	change = *op;
	change.who = 0;
	try_change(op, change, ops, n, fails, arg);
	change = *op;
	change.size = MODEL_PAGE;
	try_change(op, change, ops, n, fails, arg);
	/* Where another one is: less may be needed then. */
	for (size_t i = 0; i < n; i++) {
		change = *op;
		change.iova = ops[i].iova;
		change.flags |= MODEL_FIXED;
		try_change(op, change, ops, n, fails, arg);
		change = *op;
		change.size = ops[i].size;
		try_change(op, change, ops, n, fails, arg);
	}
}

/* One IOAS may do where there were several. */
static void join(struct model_op *ops, size_t n, shrink_fails fails, void *arg,
		 struct model_op *room)
{
	memcpy(room, ops, n * sizeof(*ops));
	for (size_t i = 0; i < n; i++) {
		room[i].ctx = ops[0].ctx;
		room[i].ioas = 0;
		room[i].from = 0;
	}
	if (fails(room, n, arg))
		memcpy(ops, room, n * sizeof(*ops));
}

size_t shrink(struct model_op *ops, size_t n, shrink_fails fails, void *arg)
{
	struct model_op *room = calloc(n + 1, sizeof(*ops));

	if (!room)
		abort();
	n = drop(ops, n, fails, arg, room);
	for (size_t left = n + 1; n < left;) {
		left = n;
		join(ops, n, fails, arg, room);
		for (size_t i = 0; i < n; i++)
			simplify(&ops[i], ops, n, fails, arg);
		n = drop(ops, n, fails, arg, room);
	}
	free(room);
	return n;
}
