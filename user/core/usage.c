// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/usage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BITS 12

void usage_clear(struct usage *u)
{
	for (size_t i = 0; i < u->nprocesses; i++)
		free(u->processes[i].cgroup);
	free(u->processes);
	free(u->users);
	*u = (struct usage){};
}

uint64_t usage_limit(const struct usage_task *task)
{
	return task->ipc_lock ? USAGE_NO_LIMIT : task->memlock;
}

uint64_t usage_left(uint64_t limit, uint64_t pages)
{
	uint64_t all = limit >> PAGE_BITS;

	if (limit == USAGE_NO_LIMIT)
		return USAGE_NO_LIMIT;
	return pages < all ? (all - pages) << PAGE_BITS : 0;
}

int usage_add(struct usage *u, const struct usage_task *task, const char *cgroup)
{
	struct usage_process p = { .task = *task };
	struct usage_process *more;

	p.task.comm[sizeof(p.task.comm) - 1] = '\0';
	if (cgroup) {
		p.cgroup = strdup(cgroup);
		if (!p.cgroup)
			return -ENOMEM;
	}
	more = reallocarray(u->processes, u->nprocesses + 1, sizeof(*more));
	if (!more) {
		free(p.cgroup);
		return -ENOMEM;
	}
	u->processes = more;
	u->processes[u->nprocesses++] = p;
	return 0;
}

static int by_mm(const void *va, const void *vb)
{
	const struct usage_task *a = &((const struct usage_process *)va)->task;
	const struct usage_task *b = &((const struct usage_process *)vb)->task;

	if (a->mm != b->mm)
		return a->mm < b->mm ? -1 : 1;
	return a->tgid < b->tgid ? -1 : a->tgid > b->tgid;
}

static int by_user(const void *va, const void *vb)
{
	const struct usage_task *a = &((const struct usage_process *)va)->task;
	const struct usage_task *b = &((const struct usage_process *)vb)->task;

	if (a->uid != b->uid)
		return a->uid < b->uid ? -1 : 1;
	return a->tgid < b->tgid ? -1 : a->tgid > b->tgid;
}

/* Threads that speak for a process that has lost its first one, and processes with one mm. */
static void merge(struct usage *u)
{
	size_t n = 0;

	for (size_t i = 0; i < u->nprocesses; i++) {
		struct usage_process *p = &u->processes[i];
		struct usage_process *last = n ? &u->processes[n - 1] : NULL;

		if (!last || last->task.mm != p->task.mm) {
			u->processes[n++] = *p;
			continue;
		}
		last->shared += last->task.tgid != p->task.tgid;
		free(p->cgroup);
	}
	u->nprocesses = n;
}

static void count_process(struct usage_user *user, const struct usage_task *t)
{
	uint64_t limit = usage_limit(t);

	if (!user->processes || limit < user->limit_min)
		user->limit_min = limit;
	if (limit > user->limit_max)
		user->limit_max = limit;
	user->processes++;
	user->locked = t->user_locked; /* the latest: all are of one counter */
	user->mm_locked += t->mm_locked;
	user->mm_pinned += t->mm_pinned;
}

static int make_users(struct usage *u)
{
	struct usage_user *users = calloc(u->nprocesses + 1, sizeof(*users));

	if (!users)
		return -ENOMEM;
	u->users = users;
	for (size_t i = 0; i < u->nprocesses; i++) {
		const struct usage_task *t = &u->processes[i].task;

		if (!u->nusers || users[u->nusers - 1].uid != t->uid)
			users[u->nusers++].uid = t->uid;
		count_process(&users[u->nusers - 1], t);
	}
	return 0;
}

static struct usage_user *find_user(struct usage *u, uint32_t uid)
{
	for (size_t i = 0; i < u->nusers; i++) {
		if (u->users[i].uid == uid)
			return &u->users[i];
	}
	return NULL;
}

static struct usage_process *find_process(struct usage *u, uint32_t tgid)
{
	for (size_t i = 0; i < u->nprocesses; i++) {
		if (u->processes[i].task.tgid == tgid)
			return &u->processes[i];
	}
	return NULL;
}

/* A user's counter is charged for any of its processes, an mm's for that mm alone. */
static void take_charge(struct usage *u, const struct state_charge *c)
{
	bool of_user = c->counter == IOAS_COUNTER_USER_LOCKED;
	struct usage_process *p = find_process(u, c->tgid);
	struct usage_user *user = NULL;

	if (of_user)
		user = find_user(u, c->uid);
	else if (p)
		user = find_user(u, p->task.uid);
	if (p)
		p->charged[c->counter] += c->pages;
	if (user)
		user->charged[c->counter] += c->pages;
	else
		u->unowned[c->counter] += c->pages;
}

static void take_charges(struct usage *u, const struct state_charge *charges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (charges[i].counter < USAGE_COUNTERS && charges[i].pages > 0)
			take_charge(u, &charges[i]);
	}
}

int usage_finish(struct usage *u, const struct state *s)
{
	int err;

	if (u->nprocesses)
		qsort(u->processes, u->nprocesses, sizeof(*u->processes), by_mm);
	merge(u);
	if (u->nprocesses)
		qsort(u->processes, u->nprocesses, sizeof(*u->processes), by_user);
	err = make_users(u);
	for (size_t c = 0; !err && c < s->nctxs; c++) {
		const struct state_ctx *ctx = &s->ctxs[c];

		take_charges(u, ctx->charges, ctx->ncharges);
		for (size_t i = 0; i < ctx->nioases; i++)
			take_charges(u, ctx->ioases[i].charges, ctx->ioases[i].ncharges);
	}
	return err;
}
