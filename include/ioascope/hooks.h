/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arguments that programs read, of all backends, found by parameter name in
 * the running kernel's BTF: positions differ between kernels, even within one
 * stable series.
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

#endif
