// SPDX-License-Identifier: GPL-2.0-or-later
/* Enforcement: programs are loaded, attached and pinned, and a policy is put in place. */
#include "live/enforce.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live/enforce_impl.h"
#include "live/log.h"

#define ENFORCE_PARENT "/sys/fs/bpf/ioascope"

int enforce_map(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), ENFORCE_DIR "/%s", name);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

struct policy_head *enforce_head(void)
{
	int fd = enforce_map("policy_head");
	struct policy_head *head;

	if (fd < 0)
		return NULL;
	head = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return head == MAP_FAILED ? NULL : head;
}

void enforce_head_done(struct policy_head *head)
{
	if (head)
		munmap(head, sysconf(_SC_PAGESIZE));
}

/* ---- the pinned instance ---- */

static void unlink_all(const char *dir)
{
	char path[512];
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return;
	while ((e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	closedir(d);
}

/* Programs end before the maps that they use lose their names. */
static int tear_down(void)
{
	struct policy_head *head = enforce_head();

	if (head)
		__atomic_store_n(&head->live, 0, __ATOMIC_SEQ_CST);
	enforce_head_done(head);
	unlink_all(ENFORCE_LINKS);
	rmdir(ENFORCE_LINKS);
	unlink_all(ENFORCE_DIR);
	return rmdir(ENFORCE_DIR) && errno != ENOENT ? -errno : 0;
}

/* One at a time, until the returned file is closed. */
static int lock(void)
{
	int fd = open(ENFORCE_PARENT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -EBUSY;
	}
	return fd;
}

/* 1: adopted, and what strengths are attached; 0: there was none that can be; -errno (said). */
static int adopt(__u32 there[POLICY_SCOPES])
{
	struct policy_head *head = enforce_head();
	__u32 magic, layout, live;

	if (!head)
		return 0;
	magic = head->magic;
	layout = head->layout;
	live = head->live;
	for (__u32 s = 0; s < POLICY_SCOPES; s++)
		there[s] = live >> s & 1 ? head->strength[s] : 0;
	enforce_head_done(head);
	/* An apply that was killed before anything held. */
	if (!live)
		return 0;
	if (magic == POLICY_MAGIC && layout == POLICY_LAYOUT)
		return 1;
	log_warn("a policy is applied by another version of ioascope: 'ioascope policy remove' "
		 "first");
	return -EPROTO;
}

/* ---- the policy ---- */

static int fill_rules(int fd, const struct enforce_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bpf_map_update_elem(fd, &rules[i].key, &rules[i].rule, BPF_ANY))
			return log_err(-errno, "rule %zu of the policy", i);
	}
	return 0;
}

/* Who is limited has a place in the books, whoever else fills them. */
static int make_places(const struct enforce_rule *rules, size_t n, __u32 kind, const char *map)
{
	int fd = enforce_map(map), err = 0;
	struct policy_use none = {};

	if (fd < 0)
		return log_err(fd, "the books of the policy");
	for (size_t i = 0; i < n && !err; i++) {
		if (rules[i].key.kind != kind)
			continue;
		if (bpf_map_update_elem(fd, &rules[i].key, &none, BPF_NOEXIST) && errno != EEXIST)
			err = log_err(-errno, "the books of the policy");
	}
	close(fd);
	return err;
}

/* The new rules are made aside, and exchanged by one write. */
static int put_rules(const struct enforce_rule *rules, size_t n)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int outer = enforce_map("policy_rules"), inner, err;
	__u32 zero = 0;

	if (outer < 0)
		return log_err(outer, "the map of policies");
	inner = bpf_map_create(BPF_MAP_TYPE_HASH, "policy_rules_n", sizeof(struct policy_key),
			       sizeof(struct policy_rule), 65536, &opts);
	err = inner < 0 ? log_err(-errno, "a map for the policy") : fill_rules(inner, rules, n);
	if (!err)
		err = make_places(rules, n, POLICY_USER, "policy_uses");
	if (!err)
		err = make_places(rules, n, POLICY_CGROUP, "policy_cgroups");
	if (!err && bpf_map_update_elem(outer, &zero, &inner, BPF_ANY))
		err = log_err(-errno, "putting the policy in place");
	if (inner >= 0)
		close(inner);
	close(outer);
	return err;
}

/* From now on the programs count: all of those that were attached, at one moment. */
static int go_live(struct enforce_backend out[POLICY_SCOPES])
{
	struct policy_head *head = enforce_head();
	__u32 live = 0;

	if (!head)
		return log_err(-EOPNOTSUPP, "nothing could be attached");
	live = head->live;
	for (__u32 s = 0; s < POLICY_SCOPES; s++) {
		head->strength[s] = out[s].strength;
		head->rdev[s] = enforce_device(s);
		live |= out[s].strength ? 1U << s : 0;
	}
	head->magic = POLICY_MAGIC;
	head->layout = POLICY_LAYOUT;
	__atomic_store_n(&head->live, live, __ATOMIC_SEQ_CST);
	enforce_head_done(head);
	if (!live)
		return log_err(-EOPNOTSUPP, "nothing could be attached");
	return 0;
}

static int make_dirs(void)
{
	if ((mkdir(ENFORCE_PARENT, 0700) && errno != EEXIST) ||
	    (mkdir(ENFORCE_DIR, 0700) && errno != EEXIST) ||
	    (mkdir(ENFORCE_LINKS, 0700) && errno != EEXIST))
		return log_err(-errno, "%s (is bpffs mounted?)", ENFORCE_DIR);
	return 0;
}

static int apply_locked(const struct enforce_rule *rules, size_t n,
			const struct enforce_options *opt,
			struct enforce_backend out[POLICY_SCOPES])
{
	__u32 there[POLICY_SCOPES] = {};
	int adopted = adopt(there), err;

	if (adopted < 0)
		return adopted;
	if (!adopted)
		tear_down();
	err = make_dirs();
	if (err)
		return err;
	err = enforce_attach(there, opt, out);
	if (!err)
		err = put_rules(rules, n);
	if (!err)
		err = go_live(out);
	if (err && !adopted)
		tear_down();
	return err;
}

int enforce_apply(const struct enforce_rule *rules, size_t n, const struct enforce_options *opt,
		  struct enforce_backend out[POLICY_SCOPES])
{
	int fd, err = 0;

	if (geteuid())
		return log_err(-EPERM, "applying a policy needs root");
	if (!n)
		return log_err(-EINVAL, "a policy without rules is not applied");
	memset(out, 0, POLICY_SCOPES * sizeof(*out));
	if (mkdir(ENFORCE_PARENT, 0700) && errno != EEXIST)
		return log_err(-errno, "%s (is bpffs mounted?)", ENFORCE_PARENT);
	fd = lock();
	if (fd < 0)
		return log_err(fd, "another 'policy apply' or 'policy remove' runs");
	if (opt->gate && !enforce_gate_there())
		err = enforce_gate_load(opt->gate);
	if (!err)
		err = apply_locked(rules, n, opt, out);
	close(fd);
	return err;
}

int enforce_remove(void)
{
	int fd, err;

	if (geteuid())
		return log_err(-EPERM, "removing a policy needs root");
	if (access(ENFORCE_DIR, F_OK))
		return -ENOENT;
	fd = lock();
	if (fd < 0)
		return log_err(fd, "another 'policy apply' or 'policy remove' runs");
	err = tear_down();
	close(fd);
	return err ? log_err(err, "%s", ENFORCE_DIR) : 0;
}
