// SPDX-License-Identifier: GPL-2.0-or-later
/* who pays, for what, and how much. */
#include <errno.h>

#include "core/check_impl.h"

static const char *counter_name(unsigned int counter)
{
	switch (counter) {
	case IOAS_COUNTER_NONE:
		return "nobody";
	case IOAS_COUNTER_MM_LOCKED:
		return "mm-locked";
	case IOAS_COUNTER_USER_LOCKED:
		return "user-locked";
	case IOAS_COUNTER_MM_PINNED:
		return "mm-pinned";
	default:
		return "?";
	}
}

/* Sums wrap: whatever an event claims, they stay defined. */
static int64_t plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* ---- R-47 ---- */

/*
 * The compat container charges the mm, and that is no option. Each IOAS of the bundled backend
 * has its own way, which a pages object has for good.
 */
static bool account_possible(const struct check_at *at, uint32_t account)
{
	bool bundled = at->ev->backend == IOAS_BACKEND_BUNDLED;
	bool compat = at->ev->backend == IOAS_BACKEND_COMPAT;

	switch (account) {
	case IOAS_COUNTER_NONE: /* CAP_IPC_LOCK */
		return true;
	case IOAS_COUNTER_MM_LOCKED:
		return at->ctx->rlimit_mm || compat || bundled;
	case IOAS_COUNTER_USER_LOCKED:
		return !at->ctx->rlimit_mm;
	default:
		return false;
	}
}

static void pages_new(struct check_at *at)
{
	const struct ioas_pages_body *body = &at->ev->body_pages;

	if (!at->ctx || at->ctx->adopted || body->memory == IOAS_MEMORY_DMABUF ||
	    (at->ev->flags & IOAS_F_ADOPTED) || !check_judge(at, RULE_CHARGE_MODE))
		return;
	if (!account_possible(at, body->account))
		check_fail(at, RULE_CHARGE_MODE, NULL,
			   "memory %" PRIu32 " charges %s, the context's option is to charge %s",
			   body->pages_id, counter_name(body->account),
			   at->ctx->rlimit_mm ? "the mm" : "the user");
}

static void pages_owner(struct check_at *at, const struct mirror_pages *pages)
{
	uint32_t account = at->ev->body_pages.account;

	if (check_judge(at, RULE_CHARGE_MODE) && account != pages->account)
		check_fail(at, RULE_CHARGE_MODE, NULL,
			   "memory %" PRIu32 " charges %s from now on, it was made to charge %s",
			   pages->id, counter_name(account), counter_name(pages->account));
}

static void judge_charge(struct check_at *at, const struct mirror_pages *pages)
{
	const struct ioas_charge_body *body = &at->ev->body_charge;

	if (body->counter == IOAS_COUNTER_MM_PINNED || !check_judge(at, RULE_CHARGE_MODE))
		return;
	if (body->counter != pages->account) {
		check_fail(at, RULE_CHARGE_MODE, NULL,
			   "memory %" PRIu32 " charges %s, it was made to charge %s", pages->id,
			   counter_name(body->counter), counter_name(pages->account));
		return;
	}
	/* Which op this is, and so whether the owner may change, is told when it has ended. */
	if (body->owner != pages->owner)
		check_balance_foreign(at, pages->id, body->owner);
}

static void judge_foreign(struct check_at *at)
{
	uint32_t pages_id, owner;

	if (!check_balance_had_foreign(at, &pages_id, &owner) ||
	    at->ev->body_op.what == IOAS_OP_CHANGE_PROCESS)
		return;
	if (check_judge(at, RULE_CHARGE_MODE))
		check_fail(at, RULE_CHARGE_MODE, NULL,
			   "memory %" PRIu32 " charges owner %" PRIu32 ", who is not its owner",
			   pages_id, owner);
}

/* ---- R-48, of pages objects ---- */

static bool is_paid_for(const struct mirror_pages *pages)
{
	return pages->account != IOAS_COUNTER_NONE && pages->memory != IOAS_MEMORY_DMABUF;
}

/*
 * What the kernel does not take back from an mm that is gone stays charged to
 * nobody; whether it is gone is not told. A change of process charges the new one
 * for all memory together, and not by objects.
 */
static bool may_be_uneven(const struct check_at *at, const struct check_balance_left *left)
{
	const struct mirror_pages *pages = check_pages_known(at, left->pages_id);

	if (at->ev->body_op.what == IOAS_OP_CHANGE_PROCESS)
		return true;
	return left->pages < 0 && (!pages || pages->account == IOAS_COUNTER_MM_LOCKED);
}

static void judge_op(struct check_at *at)
{
	struct check_balance_left left;
	bool even = true;

	while (check_balance_take(at, &left)) {
		even = false;
		if (!check_judge(at, RULE_CHARGE_BALANCE) || may_be_uneven(at, &left))
			continue;
		if (left.pages > 0)
			check_fail(at, RULE_CHARGE_BALANCE, NULL,
				   "memory %" PRIu32 " has %" PRId64
				   " pages pinned by this op that are not charged",
				   left.pages_id, left.pages);
		else
			check_fail(at, RULE_CHARGE_BALANCE, NULL,
				   "memory %" PRIu32 " has %" PRIu64
				   " pages charged by this op that are not pinned",
				   left.pages_id, 0 - (uint64_t)left.pages);
	}
	if (even && at->ev->backend != IOAS_BACKEND_TYPE1 && (at->op->pinned || at->op->charged))
		check_judge(at, RULE_CHARGE_BALANCE);
}

/* ---- R-48, of type1 ---- */

/* Of the IOAS, now or before: clients, who tell what they pin behind the lock. */
static bool has_clients(const struct check_at *at)
{
	const struct mirror_group *g = mirror_group_first(at->ioas);

	while (g && !g->emulated)
		g = mirror_group_next(g);
	return g || at->mine->use.pin_ns || at->ioas->pins.pages;
}

/* Whether pages may be held that are no RAM, and so are not charged. */
static bool may_be_free(const struct check_at *at, bool hardware)
{
	return has_clients(at) && (hardware || at->mine->use.readonly_pins);
}

static void judge_rest(struct check_at *at)
{
	const struct mirror_ioas *ioas = at->ioas;
	struct check_use *use = &at->mine->use;
	bool hardware = mirror_has_hardware(ioas);
	int64_t pinned = hardware ? ioas->pinned : (int64_t)ioas->pins.pages;
	int64_t paid = plus(use->charged, -use->forgotten);
	int64_t over = plus(paid, -pinned);

	/* Hardware has come and is not told yet, or has left pins behind, which is R-51. */
	if (!hardware && ioas->pinned)
		return;
	if (!check_judge_whole(at, RULE_CHARGE_BALANCE) || !over ||
	    (over < 0 && may_be_free(at, hardware))) {
		check_stand_clear(&use->unbalanced);
		return;
	}
	if (check_stands(at, &use->unbalanced, over, !has_clients(at)))
		check_fail(at, RULE_CHARGE_BALANCE, NULL,
			   "%" PRId64 " pages are charged, %" PRId64 " are pinned", paid, pinned);
}

/*
 * A VADDR update by another mm charges that, and takes back from the old one
 * only if it still lives: the process may be another one since, by exec().
 */
static void renew_op(struct check_at *at)
{
	const struct ioas_op_body *op = &at->ev->body_op;

	if (op->what != IOAS_OP_MAP || op->result || !check_is_vaddr(at->ev))
		return;
	if (at->mine && at->op && at->op->charged > 0)
		at->mine->use.forgotten = plus(at->mine->use.forgotten, at->op->charged);
}

/* ---- R-49 ---- */

static const struct mirror_charge *first_left(const struct mirror_charge *charge)
{
	while (charge && !charge->pages)
		charge = mirror_charge_next(charge);
	return charge;
}

static void ioas_gone(struct check_at *at)
{
	const struct mirror_charge *left = first_left(mirror_charge_first(at->ioas));
	const struct check_use *use = at->mine ? &at->mine->use : NULL;

	if (!use || !check_judge_whole(at, RULE_CHARGE_ZERO) || !left)
		return;
	/* Which of them are of the mm that is gone is not told. */
	if (use->forgotten && use->forgotten == use->charged)
		return;
	check_fail(at, RULE_CHARGE_ZERO, NULL,
		   "IOAS %" PRIu32 " is gone and %" PRId64 " pages are charged to owner %" PRIu32,
		   at->ioas->id, left->pages, left->owner);
}

/* The counter of an mm that is gone is not taken back, see may_be_uneven(). */
static void pages_gone(struct check_at *at, const struct mirror_pages *pages)
{
	if (pages->adopted || pages->account == IOAS_COUNTER_MM_LOCKED ||
	    !check_judge(at, RULE_CHARGE_ZERO) || !pages->charged)
		return;
	check_fail(at, RULE_CHARGE_ZERO, NULL,
		   "memory %" PRIu32 " is gone and %" PRId64 " pages are charged to owner %" PRIu32,
		   pages->id, pages->charged, pages->owner);
}

static void ctx_gone(struct check_at *at)
{
	const struct mirror_charge *left;

	if (!at->ctx || at->ctx->adopted || !check_judge(at, RULE_CHARGE_ZERO))
		return;
	left = first_left(mirror_ctx_charge_first(at->ctx));
	while (left && left->counter == IOAS_COUNTER_MM_LOCKED)
		left = first_left(mirror_charge_next(left));
	if (left)
		check_fail(at, RULE_CHARGE_ZERO, NULL,
			   "context %" PRIu32 " is gone and %" PRId64
			   " pages are charged to owner %" PRIu32 " (%s)",
			   at->ctx->id, left->pages, left->owner, counter_name(left->counter));
}

/* ---- R-50 ---- */

/* The mirror says -ERANGE if a sum is below 0 that began with us. */
static void judge_negative(struct check_at *at)
{
	const struct ioas_charge_body *body = &at->ev->body_charge;

	if (check_judge(at, RULE_CHARGE_NEGATIVE) && at->rc == -ERANGE)
		check_fail(at, RULE_CHARGE_NEGATIVE, NULL,
			   "%" PRId64 " pages are taken back from owner %" PRIu32
			   " (%s), who was charged less",
			   -(int64_t)body->pages, body->owner, counter_name(body->counter));
}

/* ---- the ways in ---- */

static void charge_before(struct check_at *at)
{
	const struct ioas_charge_body *body = &at->ev->body_charge;
	const struct mirror_pages *pages = check_pages_known(at, body->pages_id);

	if (!body->pages_id && at->mine)
		at->mine->use.charged = plus(at->mine->use.charged, body->pages);
	if (!pages || pages->memory == IOAS_MEMORY_DMABUF)
		return;
	judge_charge(at, pages);
	if (is_paid_for(pages) && body->counter == pages->account)
		check_balance_add(at, pages->id, plus(0, -body->pages));
}

static void pages_before(struct check_at *at)
{
	const struct mirror_pages *pages = check_pages_known(at, at->ev->body_pages.pages_id);

	if (at->ev->kind == IOAS_EV_PAGES_NEW)
		pages_new(at);
	if (!pages)
		return;
	if (at->ev->kind == IOAS_EV_PAGES_PINNED && is_paid_for(pages))
		check_balance_add(at, pages->id, at->ev->body_pages.pinned);
	if (at->ev->kind == IOAS_EV_PAGES_OWNER)
		pages_owner(at, pages);
	if (at->ev->kind == IOAS_EV_PAGES_GONE)
		pages_gone(at, pages);
}

void check_charge_before(struct check_at *at)
{
	if (at->ev->kind == IOAS_EV_CHARGE)
		charge_before(at);
	else if (ioas_event_is_pages(at->ev))
		pages_before(at);
	else if (at->ev->kind == IOAS_EV_IOAS_GONE && at->ioas)
		ioas_gone(at);
	else if (at->ev->kind == IOAS_EV_CTX_GONE)
		ctx_gone(at);
}

void check_charge_after(struct check_at *at)
{
	if (at->ev->kind == IOAS_EV_CHARGE)
		judge_negative(at);
}

void check_charge_op(struct check_at *at)
{
	judge_op(at);
	judge_foreign(at);
	renew_op(at);
	check_balance_drop(at->c, at->ev->op);
}

void check_charge_rest(struct check_at *at)
{
	if (at->ioas && at->mine && at->ev->backend == IOAS_BACKEND_TYPE1)
		judge_rest(at);
}
