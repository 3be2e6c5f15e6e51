// SPDX-License-Identifier: GPL-2.0-or-later
/* clients that are told to let go, and pins that the kernel refuses. */
#include "core/check_impl.h"

/* ---- R-36 ---- */

#define ROUNDS_TYPE1 10 /* vfio_dma_do_unmap() */
#define ROUNDS 100 /* iopt_unmap_iova_range() */
#define ROUNDS_BUNDLED 20 /* kernel/ioas_backend/unmap.c */

static uint32_t most_rounds(unsigned int backend)
{
	switch (backend) {
	case IOAS_BACKEND_TYPE1:
		return ROUNDS_TYPE1;
	case IOAS_BACKEND_BUNDLED:
		return ROUNDS_BUNDLED;
	default:
		return ROUNDS;
	}
}

/* The bundled backend asks one client at a time: it answers for its own pins. */
static const struct pincount *asked(const struct check_at *at)
{
	const struct mirror_access *access = NULL;

	if (at->ev->backend == IOAS_BACKEND_BUNDLED && at->ev->body_op.group)
		access = mirror_find_access(at->ioas, at->ev->body_op.group);
	return access ? &access->pins : &at->ioas->pins;
}

static void notify(struct check_at *at)
{
	const struct ioas_event *ev = at->ev;
	const struct ioas_op_body *op = &ev->body_op;
	uint32_t most = most_rounds(ev->backend);
	struct check_range range = { .iova = op->iova, .last = op->iova + op->size - 1 };
	struct check_run run, first;
	uint64_t held;

	if (!op->size || range.last < range.iova || !check_judge(at, RULE_NOTIFY))
		return;
	if (op->areas > most) {
		check_fail(at, RULE_NOTIFY, &range,
			   "clients were told of " CHECK_RANGE " in %" PRIu32 " rounds, %" PRIu32
			   " are the most",
			   range.iova, range.last, op->areas, most);
		return;
	}
	if (op->result < 0 && !(ev->flags & IOAS_F_NO_RESULT))
		return;
	/* Who pinned meanwhile had not been told. */
	if (!at->mine || at->mine->use.pin_ns >= check_op_start(ev))
		return;
	run.start = range.iova & ~(IOAS_PAGE_SIZE - 1);
	run.last = range.last | (IOAS_PAGE_SIZE - 1);
	held = check_pins_held(asked(at), run, &first);
	if (held)
		check_fail(at, RULE_NOTIFY, &range,
			   "clients were told of " CHECK_RANGE " and keep %" PRIu64
			   " pages, from " CHECK_RANGE,
			   range.iova, range.last, held, first.start, first.last);
}

/* ---- R-38 ---- */

/*
 * VADDR ops are told outside of the lock, when they have ended. So a pin of
 * addresses that we take for void is one only if it began after we were told so,
 * and the op that renews them, if any, begins after it was told.
 */
static void fail_void(struct check_at *at)
{
	struct check_use *use = &at->mine->use;
	struct check_range range = { .iova = use->void_iova, .last = use->void_last };

	use->void_pin_ns = 0;
	check_fail(at, RULE_PIN_REFUSED, &range,
		   "pin of " CHECK_RANGE " while its addresses were void", range.iova, range.last);
}

static bool meets(const struct check_use *use, uint64_t start, uint64_t last)
{
	return use->void_pin_ns && use->void_iova <= last && start <= use->void_last;
}

static void pin_op(struct check_at *at)
{
	const struct ioas_op_body *op = &at->ev->body_op;
	struct check_use *use = &at->mine->use;
	uint64_t last = op->iova + op->size - 1;
	const struct mirror_area *area;

	if (op->result <= 0 || !op->size || last < op->iova || !use->void_ns || use->void_pin_ns)
		return;
	if (check_op_start(at->ev) <= use->void_ns || !check_judge(at, RULE_PIN_REFUSED))
		return;
	area = mirror_area_first_in(at->ioas, op->iova, last);
	while (area && !area->vaddr_invalid)
		area = mirror_area_next_in(area, op->iova, last);
	if (!area)
		return;
	use->void_pin_ns = at->ev->time_ns;
	use->void_iova = op->iova;
	use->void_last = last;
}

static void renew_op(struct check_at *at)
{
	const struct ioas_op_body *op = &at->ev->body_op;
	struct check_use *use = &at->mine->use;

	if (op->result || !op->size || !check_is_vaddr(at->ev))
		return;
	if (!meets(use, op->iova, op->iova + op->size - 1))
		return;
	if (check_op_start(at->ev) > use->void_pin_ns && check_judge(at, RULE_PIN_REFUSED))
		fail_void(at);
	use->void_pin_ns = 0;
}

void check_void_op(struct check_at *at)
{
	if (!at->ioas || !at->mine)
		return;
	if (at->ev->body_op.what == IOAS_OP_NOTIFY)
		notify(at);
	if (at->ev->backend != IOAS_BACKEND_TYPE1)
		return;
	if (at->ev->body_op.what == IOAS_OP_PIN)
		pin_op(at);
	else if (at->ev->body_op.what == IOAS_OP_MAP)
		renew_op(at);
}

static void pin_v1(struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	struct check_range range = { .iova = body->iova, .last = body->last };

	if (at->ioas->mode == IOAS_MODE_V1 && check_judge(at, RULE_PIN_REFUSED))
		check_fail(at, RULE_PIN_REFUSED, &range, "pin of " CHECK_RANGE " in a v1 container",
			   range.iova, range.last);
}

void check_void_before(struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;

	if (!at->ioas || !at->mine)
		return;
	switch (at->ev->kind) {
	case IOAS_EV_ACCESS_PIN:
		pin_v1(at);
		break;
	case IOAS_EV_VADDR_INVALID:
		at->mine->use.void_ns = at->ev->time_ns;
		break;
	case IOAS_EV_AREA_GONE:
		if (meets(&at->mine->use, body->iova, body->last) &&
		    check_judge(at, RULE_PIN_REFUSED))
			fail_void(at);
		break;
	case IOAS_EV_IOAS_GONE:
		if (at->mine->use.void_pin_ns && check_judge(at, RULE_PIN_REFUSED))
			fail_void(at);
		break;
	default:
		break;
	}
}
