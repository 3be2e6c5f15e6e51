// SPDX-License-Identifier: GPL-2.0-or-later
/* Contexts, found by the files that tasks hold open. */
#include <errno.h>
#include <stdlib.h>

#include "live/iter.h"
#include "live/snapshot_impl.h"

void walk_files_free(struct walk_files *f)
{
	free(f->file);
	f->file = NULL;
	f->n = 0;
}

static struct walk_file *known(const struct walk_files *f, __u64 context)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->file[i].context == context)
			return &f->file[i];
	}
	return NULL;
}

static int add_file(struct walk_files *f, const struct walk_file *file)
{
	struct walk_file *p = known(f, file->context);

	if (p && p->closed && !file->closed)
		*p = *file;
	if (p)
		return 0;
	p = reallocarray(f->file, f->n + 1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	f->file = p;
	f->file[f->n++] = *file;
	return 0;
}

static int take_file(const void *record, void *arg)
{
	return add_file(arg, record);
}

int walk_files_find(const struct bpf_program *iter, struct walk_files *out)
{
	return iter_read(iter, sizeof(struct walk_file), take_file, out);
}
