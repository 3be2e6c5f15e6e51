/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two halves of mirror_keyframe() share: mirror_keyframe.c tells
 * contexts, mirror_keyframe_ioas.c what is in an IOAS. Not for others.
 */
#ifndef CORE_MIRROR_KEYFRAME_IMPL_H
#define CORE_MIRROR_KEYFRAME_IMPL_H

#include <string.h>

#include "core/mirror_impl.h"

struct keyframe {
	const struct mirror *m;
	const struct mirror_ctx *ctx;
	int (*emit)(const struct ioas_event *ev, void *arg);
	void *arg;
};

/* A blank event of the context; `ioas` may be NULL. */
static inline struct ioas_event blank(const struct keyframe *k, unsigned int kind,
				      const struct mirror_ioas *ioas)
{
	struct ioas_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.len = sizeof(ev);
	ev.kind = (__u16)kind;
	ev.backend = k->ctx->backend;
	ev.ctx = k->ctx->id;
	ev.ioas = ioas ? ioas->id : 0;
	return ev;
}

static inline int tell(const struct keyframe *k, const struct ioas_event *ev)
{
	return k->emit(ev, k->arg);
}

/* What is in an IOAS but its charges, and itself. Answers as `emit` does, or -ENOMEM. */
int keyframe_tell_ioas(const struct keyframe *k, const struct mirror_ioas *ioas);

#endif
