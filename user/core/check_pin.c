// SPDX-License-Identifier: GPL-2.0-or-later
/* R-31 to R-35, R-37: pins of clients, against the areas that they lie in. check_void.c: the rest.
 */
#include <errno.h>

#include "core/check_impl.h"

#define PAGE_OF(addr) ((addr) & ~(IOAS_PAGE_SIZE - 1))

static struct check_range range_of(struct check_run run)
{
	return (struct check_range){ .iova = run.start, .last = run.last };
}

static const char *prot_name(uint32_t prot)
{
	static const char *const names[] = { "no access", "r", "w", "rw" };

	return names[prot & 3];
}

/* ---- R-31, R-32, R-37: what lies under a pin ---- */

/* What a walk over the areas under a pin has found. */
struct under {
	bool any; /* area */
	bool hole;
	uint64_t hole_at; /* the first */
	const struct mirror_area *denies; /* the first that does not permit it */
	const struct mirror_area *no_ram; /* the first that is no RAM */
	bool readonly; /* an area is not written */
};

/* The rules speak of whole areas: which page of one is no RAM is not known. */
static bool is_no_ram(const struct mirror_area *area)
{
	const struct mirror_pages *pages = mirror_area_pages(area);

	if (pages)
		return pages->memory == IOAS_MEMORY_DMABUF;
	/* The zero page counts as no RAM, and is found where nothing may be written. */
	return (area->prot & IOAS_PROT_WRITE) &&
	       area->pfnmap == pin_pages(area->node.start, area->node.last);
}

static struct under look_under(const struct check_at *at, struct check_run run)
{
	uint32_t prot = at->ev->body_area.prot;
	struct under u = { .any = false };
	const struct mirror_area *area = mirror_area_first_in(at->ioas, run.start, run.last);
	uint64_t next = run.start;
	bool covered = false;

	for (; area; area = mirror_area_next_in(area, run.start, run.last)) {
		u.any = true;
		if (!u.hole && PAGE_OF(area->node.start) > next) {
			u.hole = true;
			u.hole_at = next;
		}
		if (!u.denies && (prot & ~area->prot))
			u.denies = area;
		if (!u.no_ram && is_no_ram(area))
			u.no_ram = area;
		u.readonly |= !(area->prot & IOAS_PROT_WRITE);
		covered = area->node.last >= PAGE_OF(run.last);
		next = PAGE_OF(area->node.last) + IOAS_PAGE_SIZE;
	}
	if (!u.hole && !covered) {
		u.hole = true;
		u.hole_at = next;
	}
	return u;
}

static void judge_inside(struct check_at *at, struct check_run run, const struct under *u)
{
	struct check_range range = range_of(run);

	if (check_judge_whole(at, RULE_PIN_INSIDE) && u->hole)
		check_fail(at, RULE_PIN_INSIDE, &range,
			   "pin of " CHECK_RANGE ": nothing is mapped at %#" PRIx64, run.start,
			   run.last, u->hole_at);
}

static void judge_prot(struct check_at *at, struct check_run run, const struct under *u)
{
	const struct mirror_area *area = u->denies;
	struct check_range range = range_of(run);

	if (!u->any || !check_judge(at, RULE_PIN_PROT) || !area)
		return;
	check_fail(at, RULE_PIN_PROT, &range,
		   "pin of " CHECK_RANGE " for %s, area " CHECK_RANGE " is for %s", run.start,
		   run.last, prot_name(at->ev->body_area.prot), area->node.start, area->node.last,
		   prot_name(area->prot));
}

static void judge_ram(struct check_at *at, struct check_run run, const struct under *u)
{
	const struct mirror_area *area = u->no_ram;
	struct check_range range = range_of(run);

	if (!u->any || !check_judge(at, RULE_PIN_RAM) || !area)
		return;
	check_fail(at, RULE_PIN_RAM, &range,
		   "pin of " CHECK_RANGE ": area " CHECK_RANGE " is no RAM", run.start, run.last,
		   area->node.start, area->node.last);
}

/* Whether the pin is of a device that the hardware group of an IOAS has, as a client. */
static bool by_hardware(const struct check_at *at)
{
	const struct itree_node *n = NULL;

	if (at->ev->body_area.group_valid)
		n = itree_find(&at->ioas->groups, at->ev->body_area.group);
	return n && !itree_entry(n, struct mirror_group, node)->emulated;
}

/* References of the pages of a run, but for some of them. */
static int64_t refs_of(struct check_run run, uint64_t without)
{
	return (int64_t)((pin_pages(run.start, run.last) - without) * run.refs);
}

static void pin(struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	struct check_use *use = &at->mine->use;
	struct check_run run = check_run_of(body);
	struct under u = look_under(at, run);
	const struct mirror_access *access;

	judge_inside(at, run, &u);
	judge_prot(at, run, &u);
	judge_ram(at, run, &u);
	use->pin_ns = at->ev->time_ns;
	use->leaked = 0;
	use->readonly_pins |= u.readonly;
	use->hardware_pins |= by_hardware(at);
	if (!body->object)
		check_group_add(at, body, refs_of(run, 0));
	access = body->object ? mirror_find_access(at->ioas, body->object) : NULL;
	/* A keyframe tells how often pages are pinned, not by which pins. */
	if (access && access->exact && !at->c->keyframe)
		check_access_pin(at, access->id, run.start, run.last, run.refs);
}

/* ---- R-33 ---- */

/* Returns the pages that have fewer pins. */
static uint64_t judge_missing(struct check_at *at, const struct pincount *pins,
			      struct check_run run)
{
	struct check_range range = range_of(run);
	struct check_run first;
	uint64_t missing;

	if (!check_judge_whole(at, RULE_UNPIN_MATCH))
		return 0;
	missing = check_pins_missing(pins, run, &first);
	if (missing)
		check_fail(at, RULE_UNPIN_MATCH, &range,
			   "unpin of " CHECK_RANGE ": %" PRIu64
			   " pages have no pin, from " CHECK_RANGE,
			   run.start, run.last, missing, first.start, first.last);
	return missing;
}

static void unpin(struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_access *access = NULL;
	struct check_run run = check_run_of(body);
	struct check_range range = range_of(run);
	uint64_t missing;
	int known;

	if (!body->object) {
		missing = judge_missing(at, &at->ioas->pins, run);
		check_group_add(at, body, -refs_of(run, missing));
		return;
	}
	access = mirror_find_access(at->ioas, body->object);
	if (!access)
		return;
	known = access->exact ? check_access_unpin(at, access->id, run.start, run.last, run.refs)
			      : -ENODATA;
	if (known == -ENODATA)
		judge_missing(at, &access->pins, run);
	else if (check_judge_whole(at, RULE_UNPIN_MATCH) && known == -ENOENT)
		check_fail(at, RULE_UNPIN_MATCH, &range,
			   "unpin of " CHECK_RANGE ": no pin of access %" PRIu32 " has this range",
			   run.start, run.last, access->id);
}

/* Whether pins may have been taken back for an unmap, which their client is not told of. */
static bool may_be_let_go(const struct check_at *at)
{
	const struct check_op *op = at->c->ops;

	while (op && (op == at->op || op->ioas != at->mine->id || op->access_pins >= 0))
		op = op->hh.next;
	return op || at->mine->use.let_go;
}

/* The bundled backend refuses what is not pinned, and nothing changes: the op alone tells it. */
static void unpin_refused(struct check_at *at)
{
	struct check_range range;

	if (at->ev->body_op.result != -ENOENT || may_be_let_go(at) || check_asked(at->ev, &range) ||
	    !check_judge_whole(at, RULE_UNPIN_MATCH))
		return;
	check_fail(at, RULE_UNPIN_MATCH, &range,
		   "unpin of " CHECK_RANGE " was refused: the client has no such pin", range.iova,
		   range.last);
}

/* ---- R-34, R-35: what is left ---- */

static void fail_leak(struct check_at *at, const struct pincount *pins, const char *who,
		      uint32_t number)
{
	const struct check_run all = { .start = 0, .last = UINT64_MAX };
	struct check_range range;
	struct check_run first;

	check_pins_held(pins, all, &first);
	range = range_of(first);
	check_fail(at, RULE_PIN_LEAK, &range,
		   "%s %" PRIu32 " has gone and %" PRIu64 " pins on %" PRIu64
		   " pages are left, from " CHECK_RANGE,
		   who, number, pins->refs, pins->pages, first.start, first.last);
}

static void access_leaves(struct check_at *at)
{
	uint32_t id = at->ev->body_obj.object;
	const struct mirror_access *access = mirror_find_access(at->ioas, id);

	check_access_drop(at, id);
	if (access && check_judge(at, RULE_PIN_LEAK) && access->pins.pages)
		fail_leak(at, &access->pins, "access", id);
}

/* Where it is told who pins and unpins, a group leaves none of its own, whoever stays. */
static bool own_pins_left(struct check_at *at, uint32_t group)
{
	uint64_t left = check_group_take(at, group);

	if (!left || left > at->ioas->pins.refs)
		return false;
	check_fail(at, RULE_PIN_LEAK, NULL,
		   "group %" PRIu32 " has gone and %" PRIu64
		   " of its pins are left; other groups stay",
		   group, left);
	return true;
}

/* Where it is not told, nothing may be left when the last one leaves. */
static void group_leaves(struct check_at *at)
{
	const struct mirror_group *g = mirror_group_first(at->ioas);
	uint32_t group = at->ev->body_obj.group;
	struct check_use *use = &at->mine->use;
	unsigned int emulated = 0;
	bool leaves = false;

	for (; g; g = mirror_group_next(g)) {
		emulated += g->emulated;
		leaves |= g->emulated && g->number == group;
	}
	if (!check_judge_whole(at, RULE_PIN_LEAK))
		return;
	if (!leaves || emulated > 1 || use->hardware_pins) {
		if (own_pins_left(at, group))
			use->leaked = at->ioas->pins.refs;
	} else if (at->ioas->pins.refs > use->leaked) {
		fail_leak(at, &at->ioas->pins, "group", group);
		use->leaked = at->ioas->pins.refs;
	}
}

static void ioas_leaves(struct check_at *at, const struct mirror_ioas *ioas)
{
	const struct check_ioas *mine = check_find_ioas(at->c, ioas->id);

	if (!check_judge(at, RULE_PIN_LEAK))
		return;
	if (ioas->pins.pages && (!mine || ioas->pins.refs > mine->use.leaked))
		fail_leak(at, &ioas->pins, "IOAS", ioas->id);
}

static void ctx_leaves(struct check_at *at)
{
	const struct mirror_ioas *ioas = at->ctx ? mirror_ioas_first(at->ctx) : NULL;

	for (; ioas; ioas = mirror_ioas_next(ioas))
		ioas_leaves(at, ioas);
}

static void area_leaves(struct check_at *at)
{
	struct check_range range = { at->ev->body_area.iova, at->ev->body_area.last };
	struct check_run run = check_run_of(&at->ev->body_area), first;
	uint64_t held;

	if (!check_judge(at, RULE_REMOVED_PINNED))
		return;
	held = check_pins_held(&at->ioas->pins, run, &first);
	if (held)
		check_fail(at, RULE_REMOVED_PINNED, &range,
			   "area " CHECK_RANGE " is gone with %" PRIu64
			   " pages pinned by clients, from " CHECK_RANGE,
			   range.iova, range.last, held, first.start, first.last);
}

void check_pin_before(struct check_at *at)
{
	check_void_before(at);
	if (at->ev->kind == IOAS_EV_CTX_GONE)
		ctx_leaves(at);
	if (!at->ioas || !at->mine)
		return;
	switch (at->ev->kind) {
	case IOAS_EV_ACCESS_PIN:
		pin(at);
		break;
	case IOAS_EV_ACCESS_UNPIN:
		unpin(at);
		break;
	case IOAS_EV_ACCESS_DETACH:
		access_leaves(at);
		break;
	case IOAS_EV_GROUP_DETACH:
		group_leaves(at);
		break;
	case IOAS_EV_IOAS_GONE:
		ioas_leaves(at, at->ioas);
		break;
	case IOAS_EV_AREA_GONE:
		area_leaves(at);
		break;
	default:
		break;
	}
}

void check_pin_op(struct check_at *at)
{
	check_void_op(at);
	if (at->ev->backend != IOAS_BACKEND_BUNDLED || !at->ioas || !at->mine)
		return;
	if (at->ev->body_op.what == IOAS_OP_NOTIFY)
		at->mine->use.let_go |= at->op->access_pins < 0;
	else if (at->ev->body_op.what == IOAS_OP_UNPIN)
		unpin_refused(at);
}
