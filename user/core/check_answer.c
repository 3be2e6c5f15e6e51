// SPDX-License-Identifier: GPL-2.0-or-later
/* R-14, R-15, R-29, R-30, R-28: entries, splits, memory addresses, options, sums. */
#include <inttypes.h>

#include "core/check_impl.h"

#define RANGE "[%#" PRIx64 ", %#" PRIx64 "]"

/* ---- R-15 ---- */

/* What is wrong with a split; NULL: nothing. */
static const char *wrong_split(const struct check_at *at, const struct mirror_area *area)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_pages *pages = mirror_area_pages(area);

	/* The bundled backend asks clients for what goes, and not for what stays. */
	if (at->ev->backend != IOAS_BACKEND_BUNDLED &&
	    itree_first_in(&at->ioas->pins.ranges, area->node.start, area->node.last))
		return "a client has pages of it";
	if (mirror_domain_count(at->ioas) && !at->ioas->small_pages)
		return "a domain may map it in large pages";
	if (pages && body->pages_id && body->pages_id != pages->id)
		return "its memory is another one";
	return NULL;
}

static void judge_split(struct check_at *at)
{
	const struct mirror_area *area = mirror_area_at(at->ioas, at->ev->body_area.iova);
	struct check_range r = { at->ev->body_area.iova, at->ev->body_area.last };
	const char *what;

	if (!area || !check_judge(at, RULE_SPLIT))
		return;
	what = wrong_split(at, area);
	if (what)
		check_fail(at, RULE_SPLIT, &r, "area " RANGE " is split: %s", r.iova, r.last, what);
}

/* ---- R-29 ---- */

static const struct mirror_group *emulated_group(const struct mirror_ioas *ioas)
{
	const struct mirror_group *g = mirror_group_first(ioas);

	while (g && !g->emulated)
		g = mirror_group_next(g);
	return g;
}

/* An area that the end of the range would cut. v1 takes areas by their first address. */
static const struct mirror_area *cut_area(const struct mirror_ioas *ioas, struct check_range r)
{
	const struct mirror_area *first = mirror_area_at(ioas, r.iova);
	const struct mirror_area *end = mirror_area_at(ioas, r.last);

	if (ioas->mode == IOAS_MODE_V1)
		return NULL;
	if (first && first->node.start != r.iova)
		return first;
	return end && end->node.last != r.last ? end : NULL;
}

static void judge_invalid(struct check_at *at)
{
	struct check_range r = { at->ev->body_area.iova, at->ev->body_area.last };
	const struct mirror_area *cut = cut_area(at->ioas, r);

	if (!check_judge(at, RULE_VADDR))
		return;
	if (cut)
		check_fail(at, RULE_VADDR, &r,
			   "addresses are void in " RANGE ", which cuts area " RANGE, r.iova,
			   r.last, cut->node.start, cut->node.last);
	else if (emulated_group(at->ioas))
		check_fail(at, RULE_VADDR, &r,
			   "addresses are void in " RANGE ", and group %u is mediated", r.iova,
			   r.last, emulated_group(at->ioas)->number);
}

/*
 * These changes are told outside of the kernel's lock. Whether the area was void
 * is judged with the op, if no other one was between.
 */
static void note_renewed(struct check_at *at)
{
	struct check_range r = { at->ev->body_area.iova, at->ev->body_area.last };
	const struct mirror_area *area = mirror_area_at(at->ioas, r.iova);

	if (!at->op || !area)
		return;
	if (area->node.start == r.iova && area->node.last == r.last && area->vaddr_invalid)
		return;
	at->op->vaddr_bad = true;
	at->op->vaddr = r;
}

static void judge_renewed(struct check_at *at)
{
	const struct check_op *op = at->op;

	if (at->ev->body_op.what != IOAS_OP_MAP || !check_is_vaddr(at->ev) || !at->ioas ||
	    check_raced(at, check_op_start(at->ev)) || !check_judge_whole(at, RULE_VADDR))
		return;
	if (op->vaddr_bad)
		check_fail(at, RULE_VADDR, &op->vaddr,
			   "the address of " RANGE " is renewed, and it is no area that was void",
			   op->vaddr.iova, op->vaddr.last);
}

/* ---- R-30 ---- */

static void judge_option(struct check_at *at)
{
	const struct ioas_obj_body *body = &at->ev->body_obj;

	if (!at->ctx || (at->ev->flags & IOAS_F_ADOPTED) || !check_judge(at, RULE_OPTIONS))
		return;
	if (body->option == IOAS_OPTION_RLIMIT_MODE &&
	    (itree_count(&at->ctx->ioases) || itree_count(&at->ctx->pages)))
		check_fail(at, RULE_OPTIONS, NULL,
			   "the rlimit mode is set in a context that has %zu IOASes",
			   itree_count(&at->ctx->ioases));
	if (body->option == IOAS_OPTION_HUGE_PAGES && !body->value && at->ioas &&
	    !at->ioas->small_pages && mirror_domain_count(at->ioas) && mirror_area_count(at->ioas))
		check_fail(at, RULE_OPTIONS, NULL,
			   "large pages are forbidden where %zu domains map %zu areas",
			   mirror_domain_count(at->ioas), mirror_area_count(at->ioas));
}

/* It is told after the kernel's lock: an op that began before may have found either. */
static void note_small(struct check_at *at)
{
	const struct ioas_obj_body *body = &at->ev->body_obj;

	if (body->option != IOAS_OPTION_HUGE_PAGES || !at->ioas || !at->mine)
		return;
	if (!body->value && !at->ioas->small_pages && at->mine->small_ns != UINT64_MAX)
		at->mine->small_ns = at->ev->time_ns;
	else if (body->value && at->ioas->small_pages)
		at->mine->small_ns = UINT64_MAX;
}

static void judge_owner(struct check_at *at)
{
	const struct mirror_pages *pages =
		at->ctx ? mirror_find_pages(at->ctx, at->ev->body_pages.pages_id) : NULL;

	if (!pages || pages->memory == IOAS_MEMORY_NONE || !check_judge(at, RULE_OPTIONS))
		return;
	if (pages->memory != IOAS_MEMORY_FILE)
		check_fail(at, RULE_OPTIONS, NULL,
			   "pages object %u changes its process, and its memory is %s", pages->id,
			   ioas_memory_name(pages->memory));
}

void check_answer_before(struct check_at *at)
{
	switch (at->ev->kind) {
	case IOAS_EV_OPTION:
		judge_option(at);
		note_small(at);
		return;
	case IOAS_EV_PAGES_OWNER:
		judge_owner(at);
		return;
	default:
		break;
	}
	if (!at->ioas)
		return;
	if (at->ev->kind == IOAS_EV_AREA_SPLIT)
		judge_split(at);
	else if (at->ev->kind == IOAS_EV_VADDR_INVALID)
		judge_invalid(at);
	else if (at->ev->kind == IOAS_EV_AREA_UPDATE)
		note_renewed(at);
}

/* ---- R-14 ---- */

/*
 * Entries left are read outside of the kernel's lock, so a map or unmap that is
 * in the middle of its work makes the sum wrong. A sum is believed when its op
 * has ended and no other changed areas while it ran; when an op that began later
 * has changed areas, so that the lock was free in between; and when all ops that
 * have changed areas since are told, and none of them ran at that time.
 */
void check_answer_after(struct check_at *at)
{
	if (at->ev->kind != IOAS_EV_DIRTY || !at->ev->op || !at->ioas || !at->mine ||
	    at->ioas->entries_left < 0)
		return;
	at->mine->sample = (struct check_entries){
		.op = at->ev->op,
		.time_ns = at->ev->time_ns,
		.sum = (int64_t)((uint64_t)at->ioas->entries_left + mirror_area_count(at->ioas)),
	};
}

/* An op is told: its own sum was alone or not; another's must not have run at that time. */
static void sift_entries(struct check_at *at)
{
	struct check_entries *s = &at->mine->sample;
	uint64_t start = check_op_start(at->ev);

	if (!s->op)
		return;
	if (s->op == at->ev->op)
		s->told = !check_raced(at, start);
	else if (start > s->time_ns)
		s->settled |= at->op->added || at->op->removed;
	if (s->op == at->ev->op ? !s->told : start <= s->time_ns)
		s->op = 0;
}

static void judge_entries(struct check_at *at)
{
	struct check_ioas *mine = at->mine;
	struct check_entries *s = &mine->sample;

	if (!s->op || !s->told || !s->settled)
		return;
	s->op = 0;
	if (!check_judge_whole(at, RULE_ENTRIES))
		return;
	if (mine->entries >= 0 && s->sum != mine->entries)
		check_fail(at, RULE_ENTRIES, NULL,
			   "areas and entries left were %" PRId64 " at %" PRIu64 " ns, and %" PRId64
			   " before",
			   s->sum, s->time_ns, mine->entries);
	mine->entries = s->sum;
}

void check_answer_rest(struct check_at *at)
{
	judge_entries(at);
}

/* ---- R-28 ---- */

static void judge_removed(struct check_at *at)
{
	const struct check_op *op = at->op;
	uint64_t bytes = op->removed_bytes + op->undone_bytes;
	uint32_t areas = op->removed + op->undone;

	if (at->ev->body_op.removed == bytes && at->ev->body_op.areas == areas)
		return;
	check_fail(at, RULE_OP_SUMS, NULL,
		   "op says that it removed %" PRIu64 " bytes in %u areas; its changes, %" PRIu64
		   " bytes in %u areas",
		   (uint64_t)at->ev->body_op.removed, at->ev->body_op.areas, bytes, areas);
}

/*
 * What a client's op counts is what the client pins; type1 alone tells that. Other
 * ops count what they pin themselves; where clients are, an unmap may make one of
 * them unpin, and type1 cannot always tell RAM from other memory (see the
 * architecture's limits).
 */
static bool pins_are_known(const struct check_at *at, bool client)
{
	if (!at->ioas || at->ioas->adopted)
		return false;
	if (client)
		return at->ev->backend == IOAS_BACKEND_TYPE1;
	return !mirror_access_count(at->ioas) && !emulated_group(at->ioas);
}

static void judge_pins(struct check_at *at)
{
	const struct ioas_op_body *body = &at->ev->body_op;
	bool client = body->what == IOAS_OP_PIN || body->what == IOAS_OP_UNPIN;
	int64_t said = (int64_t)(body->pinned - body->unpinned);
	int64_t did = client ? at->op->access_pins : at->op->pinned;

	if (said != did && pins_are_known(at, client))
		check_fail(at, RULE_OP_SUMS, NULL,
			   "op says that it pinned %" PRId64 " pages; its changes, %" PRId64, said,
			   did);
}

/* Of an ALLOW, .areas counts ranges; of a NOTIFY rounds. */
static void judge_sums(struct check_at *at)
{
	switch (at->ev->body_op.what) {
	case IOAS_OP_MAP:
	case IOAS_OP_UNMAP:
	case IOAS_OP_COPY:
	case IOAS_OP_ATTACH:
	case IOAS_OP_DETACH:
	case IOAS_OP_REPLACE:
	case IOAS_OP_RELEASE:
	case IOAS_OP_DESTROY:
	case IOAS_OP_PIN:
	case IOAS_OP_UNPIN:
		break;
	default:
		return;
	}
	if (!check_judge(at, RULE_OP_SUMS))
		return;
	judge_removed(at);
	if (!at->failed)
		judge_pins(at);
}

void check_answer_op(struct check_at *at)
{
	judge_sums(at);
	judge_renewed(at);
	if (at->mine)
		sift_entries(at);
}
