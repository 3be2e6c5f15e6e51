/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bundled backend (kernel/ioas_backend): what the parts of its programs share. The parts say
 * what orders them: bundled_objects (contexts, IOASes, ioctls), _pages (memory and charges),
 * _areas, _users (devices and ranges), _clients.
 *
 * All that is told stands in what the module gives to its hook points (ioas_backend_note.h); none
 * of its own structures is looked into. Objects are kept where those of iommufd are, by their keys.
 */
#ifndef IOASCOPE_BUNDLED_BPF_H
#define IOASCOPE_BUNDLED_BPF_H

#include "hook.bpf.h"
#include "iommufd.bpf.h"
#include "objects.bpf.h"

#include <ioascope/ioas_backend.h>
#include <ioascope/ioas_backend_note.h>

/* A field of what a hook point is given. It is read where it is needed: stack is scarce. */
#define BD(type, note, field)                                                                      \
	({                                                                                         \
		typeof(((struct type *)0)->field) bd_v = 0;                                        \
		bpf_probe_read_kernel(&bd_v, sizeof(bd_v),                                         \
				      (void *)(note) + __builtin_offsetof(struct type, field));    \
		bd_v;                                                                              \
	})

/* enum ioasb_mode */
static __always_inline __u32 bd_mode(__u32 mode)
{
	switch (mode) {
	case IOASB_MODE_EXACT:
		return IOAS_MODE_EXACT;
	case IOASB_MODE_COVER:
		return IOAS_MODE_COVER;
	case IOASB_MODE_FIRST:
		return IOAS_MODE_FIRST;
	case IOASB_MODE_ANY:
		return IOAS_MODE_ANY;
	case IOASB_MODE_TCE:
		return IOAS_MODE_TCE;
	default:
		return IOAS_MODE_NONE;
	}
}

static __always_inline __u32 bd_prot(__u32 flags)
{
	return (flags & IOASB_READABLE ? IOAS_PROT_READ : 0) |
	       (flags & IOASB_WRITEABLE ? IOAS_PROT_WRITE : 0);
}

static __always_inline struct ioas_ctx *bd_ctx(__u64 note)
{
	return ctx_get(BD(ioasb_note, note, ctx), IOAS_BACKEND_BUNDLED);
}

/* Devices map single pages: an area that they have may be split. */
static __noinline int bd_small_pages(struct ioas_ioas *s, __u64 op)
{
	struct ioas_event *e = s ? event_begin(ctx_of(s), s, IOAS_EV_OPTION, op) : NULL;

	if (!e)
		return 0;
	e->body_obj.mode = s->mode;
	e->body_obj.option = IOAS_OPTION_HUGE_PAGES;
	event_end(e);
	return 0;
}

static __noinline struct ioas_ioas *bd_ioas_add(__u64 note, bool adopted)
{
	struct fd_name name = { .ctx_key = BD(ioasb_note, note, ctx),
				.id = BD(ioasb_note, note, ioas_id) };
	struct ioas_ioas *s =
		ioas_new(BD(ioasb_note, note, ioas), BD(ioasb_note, note, ctx),
			 IOAS_BACKEND_BUNDLED, bd_mode(BD(ioasb_note, note, mode)), adopted);
	struct op *op = op_get(LEVEL_DRIVER);
	__u64 key = BD(ioasb_note, note, ioas);

	if (!s)
		return NULL;
	/* What a table maps is not told; of a newer module it is not even known what it does. */
	if (s->mode == IOAS_MODE_TCE || s->mode == IOAS_MODE_NONE)
		mark_uncertain(ctx_of(s));
	if (bpf_map_update_elem(&fd_names, &name, &key, BPF_ANY)) {
		stat_inc(IOAS_STAT_MAP_FULL);
		mark_uncertain(ctx_of(s));
	}
	bd_small_pages(s, fd_op_num(op));
	return s;
}

/* One that is older than the hooks is adopted. */
static __always_inline struct ioas_ioas *bd_ioas(__u64 note)
{
	__u64 key = BD(ioasb_note, note, ioas);
	struct ioas_ioas *s = bpf_map_lookup_elem(&ioas_ioas, &key);

	return s || !key ? s : bd_ioas_add(note, true);
}

/* The op that runs: a client's, its answer to an unmap, or an ioctl. */
static __always_inline struct op *bd_op(__u64 ioas)
{
	struct op *op = op_get(LEVEL_CLIENT);

	if (!op)
		op = op_get(LEVEL_NOTIFY);
	if (!op)
		op = op_get(LEVEL_DRIVER);
	if (op && !op->ioas_key)
		op->ioas_key = ioas;
	return op;
}

#endif
