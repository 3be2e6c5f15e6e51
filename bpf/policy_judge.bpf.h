/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verdict, and the books. A page is counted before it is pinned and until after it is
 * unpinned, so that what stands in the books is never less than what is pinned.
 *
 * Nothing here holds a lock. Who asks for pages adds them first and reads the sum then; two who
 * ask at once see each other, and may both be refused, but never both let through.
 */
#ifndef IOASCOPE_POLICY_JUDGE_BPF_H
#define IOASCOPE_POLICY_JUDGE_BPF_H

#include "policy_maps.bpf.h"

#define SIGKILL 9

static __noinline void owner_cgroups(struct policy_owner *o, const struct task_struct___pol *task)
{
	struct cgroup___pol *cgrp = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	int level = BPF_CORE_READ(cgrp, level);

	o->ncgroups = 0;
	for (int i = 0; i < POLICY_CGROUPS && i <= level; i++) {
		struct cgroup___pol *above = NULL;

		bpf_probe_read_kernel(
			&above, sizeof(above),
			(void *)cgrp + bpf_core_field_offset(struct cgroup___pol, ancestors) +
				i * sizeof(above));
		o->cgroup[i] = BPF_CORE_READ(above, kn, id);
		o->ncgroups = i + 1;
	}
}

static __always_inline void owner_of_task(struct policy_owner *o,
					  const struct task_struct___pol *task)
{
	o->uid = BPF_CORE_READ(task, cred, uid.val);
	owner_cgroups(o, task);
}

static __always_inline void owner_of_user(struct policy_owner *o,
					  const struct user_struct___pol *user,
					  const struct task_struct___pol *task)
{
	o->uid = BPF_CORE_READ(user, uid.val);
	owner_cgroups(o, task);
}

/* 0: the user, then each of the cgroups. */
static __always_inline bool subject(const struct policy_owner *o, __u32 i, struct policy_key *key)
{
	key->kind = i ? POLICY_CGROUP : POLICY_USER;
	key->pad = 0;
	key->id = i ? o->cgroup[(i - 1) & (POLICY_CGROUPS - 1)] : o->uid;
	return !i || i <= o->ncgroups;
}

static __always_inline struct policy_use *use_find(struct policy_key *key)
{
	if (key->kind == POLICY_CGROUP)
		return bpf_map_lookup_elem(&policy_cgroups, key);
	return bpf_map_lookup_elem(&policy_uses, key);
}

/* If another is faster to make it, that one counts. */
static __always_inline struct policy_use *use_of(struct policy_key *key)
{
	struct policy_use *use = use_find(key);
	struct policy_use none = {};

	if (use)
		return use;
	if (key->kind == POLICY_CGROUP)
		bpf_map_update_elem(&policy_cgroups, key, &none, BPF_NOEXIST);
	else
		bpf_map_update_elem(&policy_uses, key, &none, BPF_NOEXIST);
	return use_find(key);
}

/*
 * Adds pages to the books, or takes them off. Who had no place when pages were added has none
 * later, and nothing to take off: places are given and not taken.
 */
static __noinline int book(const struct policy_owner *o, __u32 scope, __s64 npages)
{
	if (scope >= POLICY_SCOPES || !npages)
		return 0;
	for (__u32 i = 0; i <= POLICY_CGROUPS; i++) {
		struct policy_key key;
		struct policy_use *use;

		if (!subject(o, i, &key))
			break;
		use = npages > 0 ? use_of(&key) : use_find(&key);
		if (use)
			__sync_fetch_and_add(&use->used[scope], npages);
		else if (npages > 0)
			count(POLICY_STAT_NO_ROOM);
	}
	return 0;
}

static __always_inline const struct policy_rule *rule_of(struct policy_key *key)
{
	__u32 zero = 0;
	void *rules = bpf_map_lookup_elem(&policy_rules, &zero);
	const struct policy_rule *rule;
	struct policy_key any = { .kind = POLICY_DEFAULT };

	if (!rules)
		return NULL;
	rule = bpf_map_lookup_elem(rules, key);
	if (!rule && key->kind == POLICY_USER)
		rule = bpf_map_lookup_elem(rules, &any);
	return rule;
}

static __noinline bool exempt(const struct policy_owner *o)
{
	for (__u32 i = 0; i <= POLICY_CGROUPS; i++) {
		const struct policy_rule *rule;
		struct policy_key key;

		if (!subject(o, i, &key))
			break;
		rule = rule_of(&key);
		if (rule && rule->exempt)
			return true;
	}
	return false;
}

struct verdict {
	struct policy_key key; /* whose limit; .kind 0: nobody's */
	__u64 used, max; /* pages */
	__u32 action, line;
	__s32 error;
	__u32 refused; /* .error is what the kernel is to answer */
};

static __always_inline __u64 sum(const struct policy_use *use, __u32 scopes)
{
	__s64 n = 0;

	for (__u32 s = 0; s < POLICY_SCOPES; s++) {
		if (scopes >> s & 1)
			n += use->used[s];
	}
	return n > 0 ? n : 0;
}

/* The limit of one subject, once what is asked for is in its books. */
static __always_inline bool over(struct policy_key *key, __u32 scope, struct verdict *v)
{
	const struct policy_rule *rule = rule_of(key);
	struct policy_use *use = use_find(key);
	__u64 n;

	if (!use || scope >= POLICY_SCOPES)
		return false;
	if (!rule || rule->max[scope] == POLICY_NO_LIMIT)
		return false;
	n = sum(use, rule->together[scope]);
	if (n <= rule->max[scope])
		return false;
	/* What refuses comes before what tells. */
	if (v->key.kind && v->action >= rule->action[scope])
		return true;
	v->key = *key;
	v->used = n;
	v->max = rule->max[scope];
	v->action = rule->action[scope];
	v->line = rule->line[scope];
	v->error = rule->error[scope];
	return true;
}

static __noinline void find_limit(const struct policy_owner *o, __u32 scope, struct verdict *v)
{
	for (__u32 i = 0; i <= POLICY_CGROUPS; i++) {
		struct policy_key key;

		if (!subject(o, i, &key))
			break;
		over(&key, scope, v);
	}
}

/* Two at once may leave the smaller one of theirs: a peak is for people. */
static __noinline void mark_peaks(const struct policy_owner *o)
{
	for (__u32 i = 0; i <= POLICY_CGROUPS; i++) {
		struct policy_key key;
		struct policy_use *use;
		__u64 n;

		if (!subject(o, i, &key))
			break;
		use = use_find(&key);
		n = use ? sum(use, (1 << POLICY_SCOPES) - 1) : 0;
		if (use && n > use->peak)
			use->peak = n;
	}
}

static __noinline void tell(const struct policy_owner *o, __u32 scope, __u64 asked,
			    struct verdict *v, struct policy_use *use)
{
	__u64 now = bpf_ktime_get_ns(), last = use->told;
	struct policy_event *e;

	/* Of several at once one tells. */
	if (now - last < POLICY_EVENT_NS ||
	    __sync_val_compare_and_swap(&use->told, last, now) != last) {
		__sync_fetch_and_add(&use->untold, 1);
		return;
	}
	e = bpf_ringbuf_reserve(&policy_events, sizeof(*e), 0);
	if (!e) {
		count(POLICY_STAT_LOST);
		return;
	}
	e->ns = bpf_ktime_get_boot_ns();
	e->id = v->key.id;
	e->kind = v->key.kind;
	e->scope = scope;
	e->uid = o->uid;
	e->tgid = bpf_get_current_pid_tgid() >> 32;
	e->tid = bpf_get_current_pid_tgid();
	e->action = v->action;
	e->error = v->error;
	e->line = v->line;
	e->asked = asked;
	e->used = v->used - asked;
	e->max = v->max;
	e->untold = __sync_lock_test_and_set(&use->untold, 0);
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
}

/* What reaching a limit leads to; v->error says whether anything is refused. */
static __noinline void punish(const struct policy_owner *o, __u32 scope, __u64 asked,
			      struct verdict *v, bool refuse)
{
	struct policy_use *use = use_find(&v->key);
	struct policy_head *h = head();

	if (h && h->strength[scope & (POLICY_SCOPES - 1)] == POLICY_S_AUDIT)
		v->action = POLICY_AUDIT;
	if (v->action == POLICY_AUDIT || !refuse)
		v->error = 0;
	else if (v->action == POLICY_KILL)
		v->error = EDQUOT;
	if (!refuse && v->action == POLICY_DENY)
		v->action = POLICY_AUDIT;
	v->refused = v->error != 0;
	if (v->refused)
		count(POLICY_STAT_DENIED);
	if (v->action == POLICY_KILL)
		bpf_send_signal(SIGKILL);
	if (!use)
		return;
	__sync_fetch_and_add(&use->over, 1);
	if (v->refused)
		__sync_fetch_and_add(&use->denied, 1);
	if (v->action == POLICY_KILL)
		__sync_fetch_and_add(&use->killed, 1);
	tell(o, scope, asked, v, use);
}

/*
 * Takes pages for an owner: 0, and they are in the books; or what to answer (a negative errno),
 * and nothing has changed. @refuse: whether the program can refuse at all. Without room in the
 * books it lets pass (and that is counted): a table that somebody else filled must not stop
 * those who are far from their limits.
 */
static __noinline int reserve(const struct policy_owner *o, __u32 scope, __s64 npages, bool refuse)
{
	struct verdict v = {};

	count(POLICY_STAT_VERDICTS);
	book(o, scope, npages);
	find_limit(o, scope, &v);
	if (v.key.kind && !exempt(o))
		punish(o, scope, npages, &v, refuse);
	if (v.refused) {
		book(o, scope, -npages);
		return -v.error;
	}
	mark_peaks(o);
	return 0;
}

/* ---- what a thread is in the middle of ---- */

static __always_inline struct policy_op *op_get(void)
{
	__u64 id = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&policy_ops, &id);
}

/*
 * A new one: what an older one of this thread has reserved is given back, for its end was not
 * seen. NULL: no room.
 */
static __noinline struct policy_op *op_put(const struct policy_op *op)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct policy_op *old = bpf_map_lookup_elem(&policy_ops, &id);

	if (old)
		book(&old->owner, old->scope, -old->reserved);
	if (bpf_map_update_elem(&policy_ops, &id, op, BPF_ANY))
		count(POLICY_STAT_NO_ROOM);
	return bpf_map_lookup_elem(&policy_ops, &id);
}

static __always_inline void op_end(void)
{
	__u64 id = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&policy_ops, &id);
}

/* ---- memory that somebody pays for ---- */

static __always_inline struct policy_held *held_get(__u64 object)
{
	return bpf_map_lookup_elem(&policy_ledger, &object);
}

static __noinline struct policy_held *held_new(__u64 object, const struct policy_owner *o,
					       __u32 scope)
{
	struct policy_held held = { .owner = *o, .scope = scope };

	if (bpf_map_update_elem(&policy_ledger, &object, &held, BPF_NOEXIST))
		count(POLICY_STAT_NO_ROOM);
	return bpf_map_lookup_elem(&policy_ledger, &object);
}

/*
 * The object is about to go: its address may be another's before its end is seen, so that what it
 * has is from here on the op's, to be given back at that end.
 */
static __noinline int held_move(__u64 object, __u32 scope, __u32 phase)
{
	struct policy_held *held = bpf_map_lookup_elem(&policy_ledger, &object);
	struct policy_op next = { .object = object, .scope = scope, .phase = phase };

	if (!held)
		return 0;
	next.owner = held->owner;
	next.reserved = held->pages;
	if (op_put(&next))
		bpf_map_delete_elem(&policy_ledger, &object);
	return 0;
}

/* The object is gone, and what it had with it. */
static __noinline void held_end(__u64 object)
{
	struct policy_held *held = bpf_map_lookup_elem(&policy_ledger, &object);

	if (!held)
		return;
	book(&held->owner, held->scope, -held->pages);
	bpf_map_delete_elem(&policy_ledger, &object);
}

#endif
