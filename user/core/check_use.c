// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rules on pins, memory and charges share. */
#include "core/check_impl.h"

void check_use_drop_ioas(struct check *c, struct check_ioas *mine)
{
	check_access_free(c, &mine->use);
	check_group_free(c, &mine->use);
}

void check_use_free(struct check *c)
{
	check_balance_free(c);
	check_double_free(c);
}

void check_use_drop_op(struct check *c, uint64_t number)
{
	check_balance_drop(c, number);
}

bool check_stands(struct check_at *at, struct check_stand *stand, int64_t by, bool at_once)
{
	const struct ioas_event *ev = at->ev;
	bool overlapped = ev->kind == IOAS_EV_OP && check_op_start(ev) <= stand->since_ns;

	if (!stand->since_ns || stand->by != by || (overlapped && !stand->reported))
		*stand = (struct check_stand){ .since_ns = ev->time_ns, .by = by };
	if (stand->reported)
		return false;
	stand->reported = at_once || ev->time_ns - stand->since_ns >= CHECK_STAND_NS;
	return stand->reported;
}

struct check_run check_run_of(const struct ioas_area_body *body)
{
	return (struct check_run){
		.start = body->iova & ~(IOAS_PAGE_SIZE - 1),
		.last = body->last | (IOAS_PAGE_SIZE - 1),
		.refs = body->refs ? body->refs : 1,
	};
}

/* Counts a run in; *out is the first, and grows while others follow it without a gap. */
static uint64_t count_run(struct check_run *out, uint64_t count, uint64_t start, uint64_t last)
{
	if (!count) {
		out->start = start;
		out->last = last;
	} else if (out->last + 1 == start) {
		out->last = last;
	}
	return count + pin_pages(start, last);
}

uint64_t check_pins_missing(const struct pincount *pins, struct check_run run,
			    struct check_run *out)
{
	const struct itree_node *n;
	uint64_t next = run.start, count = 0;

	itree_for_each_in(n, &pins->ranges, run.start, run.last) {
		uint64_t start = n->start > run.start ? n->start : run.start;
		uint64_t last = n->last < run.last ? n->last : run.last;

		if (start > next)
			count = count_run(out, count, next, start - 1);
		if (itree_entry(n, struct pin_range, node)->count < run.refs)
			count = count_run(out, count, start, last);
		if (last == run.last)
			return count;
		next = last + 1;
	}
	return count_run(out, count, next, run.last);
}

uint64_t check_pins_held(const struct pincount *pins, struct check_run run, struct check_run *out)
{
	const struct itree_node *n;
	uint64_t count = 0;

	itree_for_each_in(n, &pins->ranges, run.start, run.last) {
		uint64_t start = n->start > run.start ? n->start : run.start;
		uint64_t last = n->last < run.last ? n->last : run.last;

		count = count_run(out, count, start, last);
	}
	return count;
}

const struct mirror_pages *check_pages_known(const struct check_at *at, uint32_t pages_id)
{
	const struct mirror_pages *pages = NULL;

	if (at->ctx && pages_id)
		pages = mirror_find_pages(at->ctx, pages_id);
	return pages && pages->memory != IOAS_MEMORY_NONE ? pages : NULL;
}
