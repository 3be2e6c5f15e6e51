// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/usage.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "live/iter.h"
#include "live/log.h"
#include "live/proc.h"
#include "usage.skel.h"

/* A process that has ended meanwhile has no cgroup any more. */
static int add_task(const void *record, void *arg)
{
	const struct usage_task *task = record;
	struct usage *u = arg;
	char *cgroup = NULL;
	int err;

	if (proc_cgroup(task->tgid, &cgroup) == -ENOMEM)
		return -ENOMEM;
	err = usage_add(u, task, cgroup);
	free(cgroup);
	return err;
}

static int read_tasks(struct usage *u)
{
	struct usage_bpf *skel = usage_bpf__open_and_load();
	int err;

	if (!skel)
		return log_err(-errno, "this kernel refused to read counters (see --verbose)");
	err = iter_read(skel->progs.usage_tasks, sizeof(struct usage_task), add_task, u);
	usage_bpf__destroy(skel);
	return err ? log_err(err, "reading the counters of processes") : 0;
}

int usage_take(const struct state *s, struct usage *out)
{
	struct usage u = {};
	int err;

	if (geteuid())
		return log_err(-EPERM, "reading the kernel's counters needs root");
	if (access("/sys/kernel/btf/vmlinux", F_OK)) {
		log_warn("this kernel has no BTF type information (/sys/kernel/btf/vmlinux)");
		return -EOPNOTSUPP;
	}
	err = read_tasks(&u);
	if (!err && usage_finish(&u, s))
		err = log_err(-ENOMEM, "adding up");
	if (err) {
		usage_clear(&u);
		return err;
	}
	*out = u;
	return 0;
}
