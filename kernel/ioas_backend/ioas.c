// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/moduleparam.h>

#include "tracker.h"

static unsigned int max_entries = 1U << 20;
module_param(max_entries, uint, 0644);
MODULE_PARM_DESC(max_entries, "areas and ranges of one IOAS, at most");

unsigned int ioasb_max_entries(void)
{
	return READ_ONCE(max_entries);
}

static int check_alloc(const struct ioasb_ioas_alloc *cmd)
{
	if (cmd->flags || cmd->mode > IOASB_MODE_TCE || cmd->account > IOASB_ACCOUNT_NONE ||
	    !ioasb_tracker_of(cmd->tracker))
		return -EOPNOTSUPP;
	/* A table has no clients. */
	if (cmd->mode == IOASB_MODE_TCE && cmd->tracker)
		return -EOPNOTSUPP;
	if (cmd->mode != IOASB_MODE_TCE && (cmd->window_start || cmd->window_length))
		return -EOPNOTSUPP;
	return cmd->account == IOASB_ACCOUNT_USER || capable(CAP_IPC_LOCK) ? 0 : -EPERM;
}

static struct ioasb_ioas *new_ioas(const struct ioasb_ioas_alloc *cmd)
{
	struct ioasb_ioas *ioas = kzalloc(sizeof(*ioas), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!ioas)
		return ERR_PTR(-ENOMEM);
	init_rwsem(&ioas->lock);
	ioas->mode = cmd->mode;
	ioas->account = cmd->account;
	ioas->tracker = cmd->tracker;
	ioas->areas = RB_ROOT_CACHED;
	ioas->reserved = RB_ROOT_CACHED;
	ioas->allowed = RB_ROOT_CACHED;
	ioas->claims = RB_ROOT_CACHED;
	xa_init_flags(&ioas->claim_ids, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&ioas->attached);
	INIT_LIST_HEAD(&ioas->clients);
	ioas->alignment = PAGE_SIZE;
	ioas->hint = PAGE_SIZE;
	if (cmd->mode != IOASB_MODE_TCE)
		return ioas;
	rc = ioasb_tce_alloc(ioas, cmd);
	if (!rc)
		return ioas;
	kfree(ioas);
	return ERR_PTR(rc);
}

int ioasb_ioas_alloc(struct ioasb_ctx *ctx, struct ioasb_ioas_alloc *cmd)
{
	struct ioasb_ioas *ioas;
	int rc = check_alloc(cmd);

	if (rc)
		return rc;
	ioas = new_ioas(cmd);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	/* Locked, so that whoever guesses the id does not come before the hook. */
	down_write(&ioas->lock);
	rc = ioasb_object_add(ctx, &ioas->obj, IOASB_OBJ_IOAS);
	if (rc) {
		up_write(&ioas->lock);
		ioasb_ioas_free(ioas);
		return rc;
	}
	cmd->out_ioas_id = ioas->obj.id;
	ioasb_note_ioas_new(ioas, ioasb_order(ctx));
	if (ioas->tce)
		ioasb_tce_tell(ioas);
	up_write(&ioas->lock);
	ioasb_object_put(&ioas->obj);
	return 0;
}

/* Lock it; 0, -EINTR or, once it was destroyed, -ENOENT. */
int ioasb_ioas_read(struct ioasb_ioas *ioas)
{
	if (down_read_killable(&ioas->lock))
		return -EINTR;
	if (!ioas->dead)
		return 0;
	up_read(&ioas->lock);
	return -ENOENT;
}

int ioasb_ioas_write(struct ioasb_ioas *ioas)
{
	if (down_write_killable(&ioas->lock))
		return -EINTR;
	if (!ioas->dead)
		return 0;
	up_write(&ioas->lock);
	return -ENOENT;
}

/* Is there room for n more areas or ranges? */
bool ioasb_ioas_room(struct ioasb_ioas *ioas, unsigned long n)
{
	unsigned long max = ioasb_max_entries();

	return ioas->nentries <= max && n <= max - ioas->nentries;
}

/*
 * Once, and then it is dead: -ENOENT the next time, -EBUSY while it has a device or a client. With
 * force nobody else is left, and no signal counts.
 */
int ioasb_ioas_end(struct ioasb_ioas *ioas, bool force)
{
	int rc = 0;

	if (force)
		down_write(&ioas->lock);
	else
		rc = ioasb_ioas_write(ioas);
	if (rc)
		return rc;
	if (ioas->nattached || !list_empty(&ioas->clients)) {
		up_write(&ioas->lock);
		return -EBUSY;
	}
	ioas->dead = true;
	if (ioas->tce)
		ioasb_tce_end(ioas);
	ioasb_areas_clear(ioas);
	ioasb_ranges_tell_gone(ioas);
	ioasb_note_ioas_gone(ioas, ioasb_order(ioas->obj.ctx));
	up_write(&ioas->lock);
	return 0;
}

void ioasb_ioas_free(struct ioasb_ioas *ioas)
{
	ioasb_ranges_free(&ioas->allowed);
	ioasb_ranges_free(&ioas->claims);
	xa_destroy(&ioas->claim_ids);
	if (ioas->tce)
		ioasb_tce_free(ioas->tce);
	kfree(ioas);
}
