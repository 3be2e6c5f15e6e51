/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd, newer than 6.12: files and dma-bufs as memory, and memory that is
 * handed from one process to another.
 *
 * What makes it ordered: a change of process holds iova_rwsem of all IOASes of
 * its context (write), so that no area comes, goes or changes its memory. The
 * old owners are paid back inside (iommufd_areas), the new one is told at the
 * entry of iommufd_release_all_iova_rwsem, before the locks are given up. A
 * dma-buf is revoked under pages->mutex.
 */
#ifndef IOASCOPE_IOMMUFD_FILES_BPF_H
#define IOASCOPE_IOMMUFD_FILES_BPF_H

#include "iommufd_areas.bpf.h"
#include "iommufd_objects.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct dma_buf_attachment {
	void *importer_priv;
};

#pragma clang attribute pop

/* ---- files ---- */

/* Its arguments lie as those of a map, with the place in the file for an address. */
HOOK("fentry/iommufd_ioas_map_file", fd_map_file)
{
	struct op *op;

	fd_ucmd_begin((void *)arg(ctx, ARG_FD_MAP_FILE_UCMD), IOAS_OP_MAP);
	op = op_get(LEVEL_DRIVER);
	if (op)
		op->va = 0;
	return 0;
}

HOOK("fexit/iommufd_ioas_map_file", fd_map_file_done)
{
	return fd_ucmd_end((void *)arg(ctx, ARG_FD_MAP_FILE_UCMD), IOAS_OP_MAP, (int)ret_of(ctx));
}

/*
 * The exporter takes its memory back: what devices reached through the areas is
 * cut off, and the areas stay. Which domains had it is in a list of the kernel's
 * own, so from here on the context is not certain.
 */
HOOK("fentry/iopt_revoke_notify", fd_revoke)
{
	struct dma_buf_attachment *attach = (void *)arg(ctx, ARG_FD_REVOKE_ATTACH);
	struct fd_object *o = fd_find((__u64)BPF_CORE_READ(attach, importer_priv), FD_PAGES);
	__u64 key;

	if (!o)
		return 0;
	key = o->ctx_key;
	mark_uncertain(bpf_map_lookup_elem(&ioas_ctx, &key));
	return 0;
}

/* ---- from process to process ---- */

static __noinline int fd_owner_tell(struct iopt_pages *pages, struct fd_object *o, __u64 op)
{
	struct ioas_ctx *c;
	__u64 key;

	if (!o)
		return 0;
	key = o->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &key);
	if (!c)
		return 0;
	fd_pages_owned(o, pages);
	fd_pages_tell(c, NULL, pages, o, IOAS_EV_PAGES_OWNER, 0, op);
	if (o->moving)
		fd_charge_tell(c, pages, o, o->moving, op);
	o->moving = 0;
	return 0;
}

struct fd_owners {
	__u64 ctx_key;
	__u64 op;
};

/* A pages object that the change left out still has the owner that was told. */
static long fd_owner_one(struct bpf_map *map, __u64 *key, struct fd_object *o, struct fd_owners *w)
{
	struct iopt_pages *pages = (void *)*key;

	if (o->ctx_key != w->ctx_key || !o->mm)
		return 0;
	if (o->moving || (__u64)BPF_CORE_READ(pages, source_mm) != o->mm ||
	    (__u64)BPF_CORE_READ(pages, source_user) != o->user ||
	    (__u64)BPF_CORE_READ(pages, source_task) != o->task)
		fd_owner_tell(pages, o, w->op);
	return 0;
}

static __noinline int fd_owners_tell(void)
{
	struct op *op = op_get(LEVEL_DRIVER);
	struct fd_owners w = {};

	if (!op || op->what != IOAS_OP_CHANGE_PROCESS)
		return 0;
	w.ctx_key = op->ctx_key;
	w.op = op->num;
	bpf_for_each_map_elem(&fd_objects, fd_owner_one, &w, 0);
	return 0;
}

HOOK("fentry/iommufd_ioas_change_process", fd_process)
{
	return fd_ucmd_begin((void *)arg(ctx, ARG_FD_PROCESS_UCMD), IOAS_OP_CHANGE_PROCESS);
}

HOOK("fentry/iommufd_release_all_iova_rwsem", fd_process_locked)
{
	return fd_owners_tell();
}

/* Once more, where the compiler has left no function to tell it earlier. */
HOOK("fexit/iommufd_ioas_change_process", fd_process_done)
{
	fd_owners_tell();
	return fd_ucmd_end((void *)arg(ctx, ARG_FD_PROCESS_UCMD), IOAS_OP_CHANGE_PROCESS,
			   (int)ret_of(ctx));
}

#endif
