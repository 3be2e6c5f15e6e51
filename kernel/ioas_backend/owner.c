// SPDX-License-Identifier: GPL-2.0
/*
 * CHANGE_PROCESS: the file was handed on, and who goes on with it takes over what is charged. For
 * as long as that takes, old and new owner are charged both.
 */
#include <linux/sched/signal.h>

#include "ioasb.h"

/* An object, and the charge that it is not using: the new one first, then the old one. */
struct move {
	struct list_head entry;
	struct ioasb_pages *pages;
	struct ioasb_charge charge;
	bool done;
};

static void tell_charged(struct ioasb_pages *pages, long npages)
{
	if (npages)
		ioasb_note_charged(pages, npages, ioasb_order(pages->ctx));
}

/* Both are charged for the same. */
static void swap_charge(struct move *m)
{
	struct ioasb_pages *pages = m->pages;

	tell_charged(pages, -(long)pages->charge.npages);
	spin_lock(&pages->owner_lock);
	swap(pages->charge, m->charge);
	spin_unlock(&pages->owner_lock);
	ioasb_note_owner(pages, ioasb_order(pages->ctx));
	tell_charged(pages, pages->charge.npages);
}

static int move_one(struct move *m)
{
	int rc;

	if (mutex_lock_killable(&m->pages->lock))
		return -EINTR;
	rc = ioasb_charge(&m->charge, m->pages->charge.npages);
	if (!rc) {
		swap_charge(m);
		m->done = true;
	}
	mutex_unlock(&m->pages->lock);
	return rc;
}

/*
 * Back to the old owner, who is still charged for what there was then. What was pinned since is
 * charged on top of it, even above RLIMIT_MEMLOCK; only if the module's own limit is in the way, it
 * stays moved.
 */
static void move_back(struct move *m)
{
	unsigned long now, then;

	mutex_lock(&m->pages->lock);
	now = m->pages->charge.npages;
	then = m->charge.npages;
	if (now < then) {
		ioasb_uncharge(&m->charge, then - now);
	} else if (now > then) {
		bool unlimited = m->charge.unlimited;
		int rc;

		m->charge.unlimited = true;
		rc = ioasb_charge(&m->charge, now - then);
		m->charge.unlimited = unlimited;
		if (rc)
			goto unlock;
	}
	swap_charge(m);
unlock:
	mutex_unlock(&m->pages->lock);
}

static void free_move(struct move *m)
{
	list_del(&m->entry);
	ioasb_uncharge(&m->charge, m->charge.npages);
	ioasb_charge_exit(&m->charge);
	ioasb_pages_put(m->pages);
	kfree(m);
}

/* Takes the reference, on failure too. */
static int add_move(struct list_head *moves, struct ioasb_pages *pages)
{
	struct move *m;
	int rc = -EINVAL;

	if (!pages->file)
		goto put;
	m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	rc = -ENOMEM;
	if (!m)
		goto put;
	m->pages = pages;
	rc = ioasb_charge_init(&m->charge, pages->charge.account);
	if (rc) {
		kfree(m);
		goto put;
	}
	list_add_tail(&m->entry, moves);
	return 0;
put:
	ioasb_pages_put(pages);
	return rc;
}

static int collect(struct ioasb_ctx *ctx, struct list_head *moves)
{
	struct ioasb_pages *pages;
	unsigned long id;
	int rc = 0;

	for (id = 0; !rc && (pages = ioasb_pages_next(ctx, &id)); id++) {
		rc = add_move(moves, pages);
		if (fatal_signal_pending(current))
			rc = rc ?: -EINTR;
		cond_resched();
	}
	return rc;
}

/* What a table has pinned is memory of a process, and charged as such. */
static bool has_table(struct ioasb_ctx *ctx)
{
	struct ioasb_object *obj;
	unsigned long id;
	bool any = false;

	xa_lock(&ctx->objects);
	xa_for_each(&ctx->objects, id, obj)
		if (obj->type == IOASB_OBJ_IOAS && container_of(obj, struct ioasb_ioas, obj)->tce)
			any = true;
	xa_unlock(&ctx->objects);
	return any;
}

int ioasb_change_process(struct ioasb_ctx *ctx, struct ioasb_change_process *cmd)
{
	struct move *m, *next;
	LIST_HEAD(moves);
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	rc = has_table(ctx) ? -EINVAL : collect(ctx, &moves);
	list_for_each_entry(m, &moves, entry) {
		if (rc)
			break;
		rc = move_one(m);
	}
	list_for_each_entry_safe(m, next, &moves, entry) {
		if (rc && m->done)
			move_back(m);
		free_move(m);
		cond_resched();
	}
	return rc;
}
