/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits on pinned memory: what a policy file says, and what of it holds for whom.
 * docs/limits.md explains the files.
 *
 * A limit is on an *item* (pages charged, mappings). Two kinds of limits hold at
 * the same time: that of the user, which counts what the user is charged for, and
 * that of each cgroup above the process, which counts what is charged there.
 */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum limit_item {
	LIMIT_PINNED, /* bytes, whole pages of 4 KiB */
	LIMIT_MAPPINGS, /* areas */
	LIMIT_ITEMS,
};

#define LIMIT_NONE UINT64_MAX /* unlimited */

enum limit_subject {
	LIMIT_DEFAULT, /* [user *]: each user that nothing else names */
	LIMIT_USER,
	LIMIT_GROUP, /* each member by itself */
	LIMIT_CGROUP, /* all that is below it together */
	LIMIT_SUBJECTS,
};

enum limit_action {
	LIMIT_AUDIT, /* tell */
	LIMIT_DENY, /* tell, and refuse with .error */
	LIMIT_KILL, /* tell, refuse if possible, and kill the task */
	LIMIT_ACTIONS,
};

/* Who pins: bits of limits_section.scope. */
enum limit_scope {
	LIMIT_TYPE1,
	LIMIT_IOMMUFD, /* also through its VFIO container */
	LIMIT_BUNDLED,
	LIMIT_OTHER, /* long-term pins by anything else: io_uring, RDMA, AF_XDP, vdpa */
	LIMIT_SCOPES,
};

#define LIMIT_SCOPE_ALL ((1U << LIMIT_SCOPES) - 1)

struct limits_section {
	enum limit_subject subject;
	char *name; /* as the file has it; a cgroup's path begins with '/'; never NULL */
	uint32_t id; /* LIMIT_USER: uid, LIMIT_GROUP: gid */
	int line; /* where it begins, from 1 */
	bool has[LIMIT_ITEMS]; /* the file sets it here */
	uint64_t max[LIMIT_ITEMS]; /* that many are fine; LIMIT_NONE */
	enum limit_action action;
	int error; /* LIMIT_DENY: what the caller gets, a positive errno */
	uint32_t scope;
	bool exempt; /* nothing of the file stops them, nor what is below them */
};

struct limits {
	struct limits_section *sections; /* in the order of the file */
	size_t n;
	bool audit; /* no section does more than to tell */
};

/* How names become numbers: 0, -ENOENT, or another -errno. */
struct limits_names {
	int (*user)(const char *name, uint32_t *uid, void *arg);
	int (*group)(const char *name, uint32_t *gid, void *arg);
	void *arg;
};

/*
 * Reads a file; `name` is what errors call it. 0 and *out, for limits_clear(); or,
 * with *out untouched and a line in `why` (of `size` bytes) that names file, line
 * and field: -EINVAL (unknown key or section, bad unit, a subject twice, a user that
 * is not there, a limit that is none), -EIO, -ENOMEM, or what `names` returned.
 */
int limits_read(FILE *in, const char *name, const struct limits_names *names, struct limits *out,
		char *why, size_t size);

/* Frees all of it. */
void limits_clear(struct limits *l);

/* Somebody to whom limits may apply. */
struct limits_who {
	uint32_t uid;
	const uint32_t *gids; /* primary and supplementary groups */
	size_t ngids;
	const char *cgroup; /* path from the root of cgroup v2, "/" and up; NULL: not looked at */
};

/* What holds for somebody. Pointers into the struct limits. */
struct limits_found {
	const struct limits_section *exempt; /* why nothing holds; NULL: see below */
	/* By who pins; NULL: no limit of users for that. */
	const struct limits_section *user[LIMIT_ITEMS][LIMIT_SCOPES];
};

/*
 * What limits `who` as a user. For each item, and who pins, the first of these that sets it: the
 * user's own section; of those of its groups the first in the file; [user *]. A
 * section that exempts sets no item; it counts if it is the user's own, if the user
 * has none and it is the first of its groups, or if it is of a cgroup above.
 */
void limits_find(const struct limits *l, const struct limits_who *who, struct limits_found *out);

/*
 * The next section after `last` (NULL: the first) of a cgroup that is `path` or
 * above it: all of them hold. NULL: no more.
 */
const struct limits_section *limits_next_cgroup(const struct limits *l, const char *path,
						const struct limits_section *last);

/* What a section does when its limit is reached, with .audit of the file in mind. */
enum limit_action limits_action(const struct limits *l, const struct limits_section *s);

/* Whether it is a path of a cgroup as the kernel writes it, from the root of cgroup v2. */
bool limits_is_cgroup(const char *path);

/* Names as in the files; NULL: there is no such number. */
const char *limit_item_name(unsigned int item);
const char *limit_subject_name(unsigned int subject);
const char *limit_action_name(unsigned int action);
const char *limit_scope_name(unsigned int scope);

#define _cleanup_limits_ __attribute__((cleanup(limits_clear)))

#endif
