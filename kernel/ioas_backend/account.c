// SPDX-License-Identifier: GPL-2.0
/*
 * Whom pinned pages are charged to. The owner is the one who made the pages object, whoever
 * attaches a device later; an object's charge goes back to the counter it was taken from, in
 * another process or after an exec as well.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>

#include "ioasb.h"
#include "policy.h"
#include "trace.h"

static unsigned long user_pages;
module_param(user_pages, ulong, 0644);
MODULE_PARM_DESC(user_pages, "pages that one user, root too, may have pinned here; 0: no limit");

static DEFINE_MUTEX(owners_lock);
static HLIST_HEAD(owners);

static struct ioasb_owner *owner_find(kuid_t uid)
{
	struct ioasb_owner *owner;

	hlist_for_each_entry(owner, &owners, node)
		if (uid_eq(owner->uid, uid))
			return owner;
	return NULL;
}

static struct ioasb_owner *owner_get(kuid_t uid)
{
	struct ioasb_owner *owner;

	mutex_lock(&owners_lock);
	owner = owner_find(uid);
	if (!owner) {
		owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
		if (owner) {
			owner->uid = uid;
			hlist_add_head(&owner->node, &owners);
		}
	}
	if (owner)
		owner->refs++;
	mutex_unlock(&owners_lock);
	return owner;
}

static void owner_put(struct ioasb_owner *owner)
{
	mutex_lock(&owners_lock);
	if (!--owner->refs) {
		WARN_ON(atomic64_read(&owner->npages));
		hlist_del(&owner->node);
		kfree(owner);
	}
	mutex_unlock(&owners_lock);
}

/*
 * Only what the user is charged for binds: a process that ends takes its own counter along, but
 * not the pins, which belong to the file. And who has the file need not be who made the IOAS. So
 * each map asks again: -EPERM without CAP_IPC_LOCK.
 */
int ioasb_charge_init(struct ioasb_charge *charge, enum ioasb_account account)
{
	charge->unlimited = capable(CAP_IPC_LOCK);
	if (account != IOASB_ACCOUNT_USER && !charge->unlimited)
		return -EPERM;
	charge->owner = owner_get(current_uid());
	if (!charge->owner)
		return -ENOMEM;
	charge->account = account;
	spin_lock_init(&charge->lock);
	charge->user = get_uid(current_user());
	charge->mm = current->mm;
	mmgrab(charge->mm);
	charge->task = get_task_struct(current->group_leader);
	return 0;
}

void ioasb_charge_exit(struct ioasb_charge *charge)
{
	WARN_ON(charge->npages);
	put_task_struct(charge->task);
	mmdrop(charge->mm);
	free_uid(charge->user);
	owner_put(charge->owner);
}

/* Add to a counter unless that takes it above the limit. */
static bool add_below(atomic64_t *counter, unsigned long npages, unsigned long limit)
{
	s64 sum, old = atomic64_read(counter);

	do {
		sum = old + npages;
		if (sum > limit)
			return false;
	} while (!atomic64_try_cmpxchg(counter, &old, sum));
	return true;
}

static int charge_user(struct ioasb_charge *charge, unsigned long npages)
{
	unsigned long limit = LONG_MAX;

	if (!charge->unlimited)
		limit = task_rlimit(charge->task, RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	return add_below(&charge->user->locked_vm, npages, limit) ? 0 : -ENOMEM;
}

static int charge_mm(struct ioasb_charge *charge, unsigned long npages)
{
	int rc;

	if (mmap_write_lock_killable(charge->mm))
		return -EINTR;
	rc = __account_locked_vm(charge->mm, npages, true, charge->task, charge->unlimited);
	mmap_write_unlock(charge->mm);
	return rc;
}

static int charge_account(struct ioasb_charge *charge, unsigned long npages)
{
	switch (charge->account) {
	case IOASB_ACCOUNT_USER:
		return charge_user(charge, npages);
	case IOASB_ACCOUNT_MM:
		return charge_mm(charge, npages);
	default:
		return 0;
	}
}

static int charge_both(struct ioasb_charge *charge, unsigned long npages)
{
	unsigned long limit = READ_ONCE(user_pages);
	int rc;

	if (npages > LONG_MAX / 4)
		return -ENOMEM;
	if (!limit || limit > LONG_MAX)
		limit = LONG_MAX;
	if (!add_below(&charge->owner->npages, npages, limit))
		return -EDQUOT;
	rc = charge_account(charge, npages);
	if (rc)
		atomic64_sub(npages, &charge->owner->npages);
	return rc;
}

static u32 uid_of(const struct ioasb_charge *charge)
{
	return from_kuid_munged(&init_user_ns, charge->owner->uid);
}

/*
 * Take npages before they are pinned. -ENOMEM above RLIMIT_MEMLOCK, -EDQUOT above the limit of
 * this module, which holds for all that a user has here, charged or not; or what a program says.
 */
int ioasb_charge(struct ioasb_charge *charge, unsigned long npages)
{
	int rc;

	if (!npages)
		return 0;
	rc = ioasb_policy_result(ioasb_policy_pin(uid_of(charge), charge->account, npages));
	if (!rc)
		rc = charge_both(charge, npages);
	trace_ioasb_charge(uid_of(charge), charge->account, npages, rc);
	if (rc)
		return rc;
	if (charge->account != IOASB_ACCOUNT_NONE)
		atomic64_add(npages, &charge->mm->pinned_vm);
	spin_lock(&charge->lock);
	charge->npages += npages;
	spin_unlock(&charge->lock);
	return 0;
}

void ioasb_uncharge(struct ioasb_charge *charge, unsigned long npages)
{
	if (!npages)
		return;
	trace_ioasb_charge(uid_of(charge), charge->account, -(s64)npages, 0);
	spin_lock(&charge->lock);
	charge->npages -= npages;
	spin_unlock(&charge->lock);
	atomic64_sub(npages, &charge->owner->npages);
	if (charge->account == IOASB_ACCOUNT_NONE)
		return;
	atomic64_sub(npages, &charge->mm->pinned_vm);
	if (charge->account == IOASB_ACCOUNT_USER) {
		atomic_long_sub(npages, &charge->user->locked_vm);
		return;
	}
	mmap_write_lock(charge->mm);
	__account_locked_vm(charge->mm, npages, false, charge->task, true);
	mmap_write_unlock(charge->mm);
}
