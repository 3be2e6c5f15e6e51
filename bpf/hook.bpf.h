/* SPDX-License-Identifier: GPL-2.0 */
/* How a hook of any backend is declared, and how its arguments are read. */
#ifndef IOASCOPE_HOOK_BPF_H
#define IOASCOPE_HOOK_BPF_H

#include "emit.bpf.h"

#include <bpf/bpf_tracing.h>
#include <ioascope/hooks.h>

#define PAGE_SHIFT 12

/* Argument positions, by parameter name; filled by the loader. */
const volatile __u8 argn[ARG_MAX];

/* All hooks start and stop at one moment, however long attaching them takes. */
__u32 enabled;

#define HOOK(section, name)                                                                        \
	static __always_inline int name##_on(void *ctx);                                           \
	SEC(section)                                                                               \
	int name(void *ctx)                                                                        \
	{                                                                                          \
		return enabled ? name##_on(ctx) : 0;                                               \
	}                                                                                          \
	static __always_inline int name##_on(void *ctx)

static __always_inline __u64 arg(void *ctx, __u32 which)
{
	__u64 v = 0;

	if (which < ARG_MAX)
		bpf_get_func_arg(ctx, argn[which], &v);
	return v;
}

/*
 * An argument that some kernels pass as @field of a structure, to which another argument points.
 * Where there is no such structure the verifier never comes to what reads it.
 */
#define ARG_OR_FIELD(ctx, which, structure, field)                                                 \
	({                                                                                         \
		struct structure *inside = NULL;                                                   \
		__u64 value;                                                                       \
                                                                                                   \
		if (argn[which] & ARG_INSIDE) {                                                    \
			bpf_get_func_arg(ctx, argn[which] & ~ARG_INSIDE, (__u64 *)&inside);        \
			value = (__u64)BPF_CORE_READ(inside, field);                               \
		} else {                                                                           \
			value = arg(ctx, which);                                                   \
		}                                                                                  \
		value;                                                                             \
	})

static __always_inline __s64 ret_of(void *ctx)
{
	__u64 v = 0;

	bpf_get_func_ret(ctx, &v);
	return v;
}

#endif
