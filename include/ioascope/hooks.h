/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arguments that programs read, of all backends, found by parameter name in
 * the running kernel's BTF: positions differ between kernels, even within one
 * stable series. "a|b.c" stands for parameter a, or else for field c of the
 * structure that parameter b points to: see ARG_OR_FIELD() in bpf/hook.bpf.h.
 */
#ifndef IOASCOPE_HOOKS_H
#define IOASCOPE_HOOKS_H

#include <ioascope/bundled.h>
#include <ioascope/iommu.h>
#include <ioascope/iommufd.h>
#include <ioascope/type1.h>

#define HOOK_ARGS(X)                                                                               \
	TYPE1_ARGS(X)                                                                              \
	IOMMUFD_ARGS(X)                                                                            \
	BUNDLED_ARGS(X)                                                                            \
	IOMMU_ARGS(X)

enum hook_arg {
#define HOOK_ARG_ENUM(name, func, param) ARG_##name,
	HOOK_ARGS(HOOK_ARG_ENUM)
#undef HOOK_ARG_ENUM
	ARG_MAX,
};

/*
 * With the position: the argument points to a structure that holds what is asked
 * for. No function has so many parameters; all bits set: no such argument.
 */
#define ARG_INSIDE 0x80

#endif
