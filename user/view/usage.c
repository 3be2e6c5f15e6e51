// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/usage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "view/json.h"
#include "view/show_table.h"

#define USAGE_SCHEMA 1
#define NUMBER(a) (sizeof(a) / sizeof((a)[0]))

static void user_cell(struct show_table *t, const struct usage_view *v, uint32_t uid)
{
	const char *name = v->name ? v->name(uid) : NULL;

	if (name)
		show_cell(t, "%s", name);
	else
		show_cell(t, "%" PRIu32, uid);
}

/* What of a counter IOASes do not explain. Both are read one after the other. */
static __s64 rest(uint64_t counted, uint64_t charged)
{
	return counted > charged ? (__s64)(counted - charged) : 0;
}

static void limit_cell(struct show_table *t, uint64_t bytes)
{
	char u[UNITS_LEN];

	show_cell(t, "%s", bytes == USAGE_NO_LIMIT ? "none" : units_bytes(u, bytes));
}

static bool any_charge(const uint64_t charged[USAGE_COUNTERS])
{
	for (int i = 0; i < USAGE_COUNTERS; i++) {
		if (charged[i])
			return true;
	}
	return false;
}

/* ---- by user ---- */

static bool user_wanted(const struct usage_view *v, const struct usage_user *u)
{
	return v->all || u->locked || u->mm_locked || u->mm_pinned || any_charge(u->charged);
}

static int users_text(FILE *out, const struct usage *u, const struct usage_view *v)
{
	static const struct show_column columns[] = {
		{ "USER", 0 },	{ "LOCKED", 1 },    { "BY IOASES", 1 }, { "OTHER", 1 },
		{ "VMLCK", 1 }, { "BY IOASES", 1 }, { "OTHER", 1 },	{ "VMPIN", 1 },
		{ "LIMIT", 1 }, { "LEFT", 1 },	    { "PROCESSES", 1 },
	};
	struct show_table t;

	show_table_begin(&t, columns, NUMBER(columns));
	for (size_t i = 0; i < u->nusers; i++) {
		const struct usage_user *s = &u->users[i];
		const uint64_t *charged = s->charged;

		if (!user_wanted(v, s))
			continue;
		user_cell(&t, v, s->uid);
		show_cell_pages(&t, s->locked);
		show_cell_pages(&t, charged[IOAS_COUNTER_USER_LOCKED]);
		show_cell_pages(&t, rest(s->locked, charged[IOAS_COUNTER_USER_LOCKED]));
		show_cell_pages(&t, s->mm_locked);
		show_cell_pages(&t, charged[IOAS_COUNTER_MM_LOCKED]);
		show_cell_pages(&t, rest(s->mm_locked, charged[IOAS_COUNTER_MM_LOCKED]));
		show_cell_pages(&t, s->mm_pinned);
		limit_cell(&t, s->limit_min);
		limit_cell(&t, usage_left(s->limit_min, s->locked));
		show_cell(&t, "%zu", s->processes);
	}
	return show_table_end(&t, out, "");
}

/* ---- by process ---- */

static bool process_wanted(const struct usage_view *v, const struct usage_process *p)
{
	return v->all || p->task.mm_locked || p->task.mm_pinned || any_charge(p->charged);
}

static void process_row(struct show_table *t, const struct usage_view *v,
			const struct usage_process *p)
{
	uint64_t limit = usage_limit(&p->task);
	char comm[UNITS_LEN];

	show_cell(t, "%" PRIu32, p->task.tgid);
	show_cell(t, "%s", units_comm(comm, p->task.comm));
	user_cell(t, v, p->task.uid);
	show_cell_pages(t, p->charged[IOAS_COUNTER_USER_LOCKED]);
	show_cell_pages(t, p->task.mm_locked);
	show_cell_pages(t, p->charged[IOAS_COUNTER_MM_LOCKED]);
	show_cell_pages(t, p->task.mm_pinned);
	limit_cell(t, limit);
	limit_cell(t, usage_left(limit, p->task.user_locked));
	limit_cell(t, usage_left(limit, p->task.mm_locked));
	show_cell(t, "%s", p->cgroup ?: "?");
}

static int processes_text(FILE *out, const struct usage *u, const struct usage_view *v)
{
	static const struct show_column columns[] = {
		{ "PID", 1 },	    { "COMMAND", 0 }, { "USER", 0 },   { "TO USER", 1 },
		{ "VMLCK", 1 },	    { "TO MM", 1 },   { "VMPIN", 1 },  { "LIMIT", 1 },
		{ "USER LEFT", 1 }, { "MM LEFT", 1 }, { "CGROUP", 0 },
	};
	struct show_table t;

	show_table_begin(&t, columns, NUMBER(columns));
	for (size_t i = 0; i < u->nprocesses; i++) {
		if (process_wanted(v, &u->processes[i]))
			process_row(&t, v, &u->processes[i]);
	}
	return show_table_end(&t, out, "");
}

/* ---- by cgroup ---- */

static int by_cgroup(const void *va, const void *vb)
{
	const struct usage_process *a = *(const struct usage_process *const *)va;
	const struct usage_process *b = *(const struct usage_process *const *)vb;
	int d = strcmp(a->cgroup ?: "?", b->cgroup ?: "?");

	return d ?: a < b ? -1 : 1;
}

struct cgroup_sum {
	uint64_t locked, pinned;
	uint64_t charged[USAGE_COUNTERS];
	size_t processes;
};

static void add_to_cgroup(struct cgroup_sum *sum, const struct usage_process *p)
{
	sum->locked += p->task.mm_locked;
	sum->pinned += p->task.mm_pinned;
	for (int c = 0; c < USAGE_COUNTERS; c++)
		sum->charged[c] += p->charged[c];
	sum->processes++;
}

static void cgroup_row(struct show_table *t, const char *path, const struct cgroup_sum *s)
{
	show_cell_pages(t, s->charged[IOAS_COUNTER_USER_LOCKED]);
	show_cell_pages(t, s->locked);
	show_cell_pages(t, s->charged[IOAS_COUNTER_MM_LOCKED]);
	show_cell_pages(t, s->pinned);
	show_cell(t, "%zu", s->processes);
	show_cell(t, "%s", path);
}

/* Sorted pointers to the processes; NULL: no memory. To be freed. */
static const struct usage_process **sorted(const struct usage *u)
{
	const struct usage_process **p = calloc(u->nprocesses + 1, sizeof(*p));

	for (size_t i = 0; p && i < u->nprocesses; i++)
		p[i] = &u->processes[i];
	if (p)
		qsort(p, u->nprocesses, sizeof(*p), by_cgroup);
	return p;
}

static int cgroups_text(FILE *out, const struct usage *u, const struct usage_view *v)
{
	static const struct show_column columns[] = {
		{ "TO USER", 1 }, { "VMLCK", 1 },     { "TO MM", 1 },
		{ "VMPIN", 1 },	  { "PROCESSES", 1 }, { "CGROUP", 0 },
	};
	const struct usage_process **p = sorted(u);
	struct show_table t;

	if (!p)
		return -ENOMEM;
	show_table_begin(&t, columns, NUMBER(columns));
	for (size_t i = 0; i < u->nprocesses;) {
		const char *path = p[i]->cgroup ?: "?";
		struct cgroup_sum sum = {};

		for (; i < u->nprocesses && !strcmp(path, p[i]->cgroup ?: "?"); i++)
			add_to_cgroup(&sum, p[i]);
		if (v->all || sum.locked || sum.pinned || any_charge(sum.charged))
			cgroup_row(&t, path, &sum);
	}
	free(p);
	return show_table_end(&t, out, "");
}

static bool anything(const struct usage *u, const struct usage_view *v)
{
	for (size_t i = 0; i < u->nusers; i++) {
		if (user_wanted(v, &u->users[i]))
			return true;
	}
	return false;
}

static void unowned_text(FILE *out, const struct usage *u)
{
	uint64_t pages = 0;
	char buf[UNITS_LEN];

	for (int i = 0; i < USAGE_COUNTERS; i++)
		pages += u->unowned[i];
	if (pages)
		fprintf(out, "%s charged for processes that are gone\n", show_pages(buf, pages));
}

int usage_text(FILE *out, const struct usage *u, const struct usage_view *v)
{
	int err = 0;

	if (!anything(u, v))
		fputs("no process has locked or pinned memory\n", out);
	else if (v->by == USAGE_BY_USER)
		err = users_text(out, u, v);
	else if (v->by == USAGE_BY_PROCESS)
		err = processes_text(out, u, v);
	else
		err = cgroups_text(out, u, v);
	if (!err)
		unowned_text(out, u);
	return err;
}

/* ---- JSON ---- */

static void json_limit(struct json *j, const char *key, uint64_t bytes)
{
	if (bytes == USAGE_NO_LIMIT)
		json_str(j, key, "unlimited");
	else
		json_u64(j, key, bytes);
}

static void json_charged(struct json *j, const uint64_t charged[USAGE_COUNTERS])
{
	json_u64(j, "user_locked_by_ioases", charged[IOAS_COUNTER_USER_LOCKED]);
	json_u64(j, "mm_locked_by_ioases", charged[IOAS_COUNTER_MM_LOCKED]);
}

static void user_json(struct json *j, const struct usage_view *v, const struct usage_user *u)
{
	json_object(j, NULL);
	json_u64(j, "uid", u->uid);
	json_str(j, "user", v->name ? v->name(u->uid) : NULL);
	json_u64(j, "user_locked_pages", u->locked);
	json_u64(j, "mm_locked_pages", u->mm_locked);
	json_u64(j, "mm_pinned_pages", u->mm_pinned);
	json_charged(j, u->charged);
	json_limit(j, "limit_min_bytes", u->limit_min);
	json_limit(j, "limit_max_bytes", u->limit_max);
	json_limit(j, "left_bytes", usage_left(u->limit_min, u->locked));
	json_u64(j, "processes", u->processes);
	json_end_object(j);
}

static void process_json(struct json *j, const struct usage_process *p)
{
	const struct usage_task *t = &p->task;
	uint64_t limit = usage_limit(t);

	json_object(j, NULL);
	json_u64(j, "pid", t->tgid);
	json_str(j, "comm", t->comm);
	json_u64(j, "uid", t->uid);
	json_str(j, "cgroup", p->cgroup);
	json_u64(j, "user_locked_pages", t->user_locked);
	json_u64(j, "mm_locked_pages", t->mm_locked);
	json_u64(j, "mm_pinned_pages", t->mm_pinned);
	json_charged(j, p->charged);
	json_limit(j, "memlock_bytes", t->memlock);
	json_bool(j, "ipc_lock", t->ipc_lock);
	json_limit(j, "user_left_bytes", usage_left(limit, t->user_locked));
	json_limit(j, "mm_left_bytes", usage_left(limit, t->mm_locked));
	json_u64(j, "shared_with", p->shared);
	json_end_object(j);
}

void usage_json(FILE *out, const struct usage *u, const struct usage_view *v)
{
	struct json j;

	json_init(&j, out, true);
	json_object(&j, NULL);
	json_u64(&j, "schema", USAGE_SCHEMA);
	json_str(&j, "kind", "users");
	json_array(&j, "users");
	for (size_t i = 0; i < u->nusers; i++) {
		if (user_wanted(v, &u->users[i]))
			user_json(&j, v, &u->users[i]);
	}
	json_end_array(&j);
	json_array(&j, "processes");
	for (size_t i = 0; i < u->nprocesses; i++) {
		if (process_wanted(v, &u->processes[i]))
			process_json(&j, &u->processes[i]);
	}
	json_end_array(&j);
	json_object(&j, "gone");
	json_charged(&j, u->unowned);
	json_end_object(&j);
	json_end_object(&j);
	json_line(&j);
}
