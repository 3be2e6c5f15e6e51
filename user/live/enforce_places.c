// SPDX-License-Identifier: GPL-2.0-or-later
/* Where enforcement is attached, and whether this kernel has it. */
#include <stdio.h>
#include <string.h>

#include "live/enforce_impl.h"

/* clang-format off: a table reads better in columns of its own */
#define VERDICT(of, name, ...)                                                                     \
	{                                                                                          \
		.prog = name, .funcs = { __VA_ARGS__ }, .scope = of, .verdict = true               \
	}
#define SETTLE(of, name, ...)                                                                      \
	{                                                                                          \
		.prog = name, .funcs = { __VA_ARGS__ }, .scope = of                                \
	}

const struct enforce_place enforce_places[] = {
	VERDICT(POLICY_TYPE1, "t1_pin", "vfio_pin_pages_remote"),
	VERDICT(POLICY_TYPE1, "t1_charge", "mm_lock_acct"),
	SETTLE(POLICY_TYPE1, "ps_t1_pinned", "vfio_pin_pages_remote"),
	SETTLE(POLICY_TYPE1, "ps_t1_charged", "mm_lock_acct"),
	SETTLE(POLICY_TYPE1, "ps_t1_unpin", "vfio_unpin_pages_remote"),
	SETTLE(POLICY_TYPE1, "ps_t1_unmap", "vfio_unmap_unpin"),
	SETTLE(POLICY_TYPE1, "ps_t1_client_pin", "vfio_iommu_type1_pin_pages"),
	SETTLE(POLICY_TYPE1, "ps_t1_client_unpin", "vfio_iommu_type1_unpin_pages"),
	SETTLE(POLICY_TYPE1, "ps_t1_remove", "vfio_remove_dma"),
	SETTLE(POLICY_TYPE1, "ps_t1_removed", "vfio_remove_dma"),
	SETTLE(POLICY_TYPE1, "ps_t1_ioctl_end", "vfio_iommu_type1_ioctl"),
	SETTLE(POLICY_TYPE1, "ps_t1_attach_end", "vfio_iommu_type1_attach_group"),
	SETTLE(POLICY_TYPE1, "ps_t1_detach_end", "vfio_iommu_type1_detach_group"),
	SETTLE(POLICY_TYPE1, "ps_t1_client_pin_end", "vfio_iommu_type1_pin_pages"),
	SETTLE(POLICY_TYPE1, "ps_t1_release", "vfio_iommu_type1_release"),
	SETTLE(POLICY_TYPE1, "ps_t1_release_end", "vfio_iommu_type1_release"),
	VERDICT(POLICY_IOMMUFD, "fd_pin", "pfn_reader_user_pin"),
	VERDICT(POLICY_IOMMUFD, "fd_charge", "do_update_pinned", "iopt_pages_update_pinned"),
	SETTLE(POLICY_IOMMUFD, "ps_fd_pinned", "pfn_reader_user_pin"),
	SETTLE(POLICY_IOMMUFD, "ps_fd_charged", "do_update_pinned", "iopt_pages_update_pinned"),
	SETTLE(POLICY_IOMMUFD, "ps_fd_done", "pfn_reader_user_destroy"),
	SETTLE(POLICY_IOMMUFD, "ps_fd_gone", "iopt_release_pages"),
	VERDICT(POLICY_BUNDLED, "be_charge", "ioasb_charge"),
	SETTLE(POLICY_BUNDLED, "ps_be_charged", "ioasb_charge"),
	SETTLE(POLICY_BUNDLED, "ps_be_uncharged", "ioasb_uncharge"),
	SETTLE(POLICY_BUNDLED, "ps_be_gone", "ioasb_charge_exit"),
	VERDICT(POLICY_OTHER, "io_pin", "io_sqe_buffer_register"),
	SETTLE(POLICY_OTHER, "ps_io_pinned", "io_sqe_buffer_register"),
	SETTLE(POLICY_OTHER, "ps_io_unmap", "io_buffer_unmap", "io_release_ubuf"),
	SETTLE(POLICY_OTHER, "ps_io_unmapped", "io_buffer_unmap", "io_release_ubuf"),
};
/* clang-format on */

const size_t enforce_nplaces = sizeof(enforce_places) / sizeof(enforce_places[0]);

static const struct {
	const char *func;
	const char *param;
} args[POLICY_ARG_MAX] = {
#define ARG_ROW(name, func, param) [POLICY_ARG_##name] = { func, param },
	POLICY_ARGS(ARG_ROW)
#undef ARG_ROW
};

const char *enforce_module(__u32 scope)
{
	static const char *const modules[POLICY_SCOPES] = {
		[POLICY_TYPE1] = "vfio_iommu_type1",
		[POLICY_IOMMUFD] = "iommufd",
		[POLICY_BUNDLED] = "ioas_backend",
	};

	return scope < POLICY_SCOPES ? modules[scope] : NULL;
}

void enforce_functions(const char *names[64])
{
	size_t n = 0;

	_Static_assert(2 * sizeof(enforce_places) / sizeof(enforce_places[0]) < 64, "room");
	for (size_t i = 0; i < enforce_nplaces; i++) {
		for (int f = 0; f < 2 && enforce_places[i].funcs[f]; f++)
			names[n++] = enforce_places[i].funcs[f];
	}
	names[n] = NULL;
}

static const char *find_function(struct probe *p, const struct enforce_place *place,
				 const char *module, enum probe_result *result)
{
	for (int f = 0; f < 2 && place->funcs[f]; f++) {
		enum probe_result r = probe_function(p, module, place->funcs[f]);

		if (!f || r == PROBE_OK)
			*result = r;
		if (r == PROBE_OK)
			return place->funcs[f];
	}
	return NULL;
}

#define NO_ARGUMENT 0xff /* behind the last one of any function: it reads as 0 */

/* The parameters stand under the first name of a function. */
static bool resolve_args(struct probe *p, const struct enforce_place *place, const char *func,
			 const char *module, __u8 argn[POLICY_ARG_MAX], char *why, size_t size)
{
	for (int a = 0; a < POLICY_ARG_MAX; a++) {
		bool optional = args[a].param[0] == '?';
		int pos;

		if (strcmp(args[a].func, place->funcs[0]))
			continue;
		pos = probe_param(p, module, func, args[a].param + optional);
		if (pos < 0 && optional) {
			argn[a] = NO_ARGUMENT;
			continue;
		}
		if (pos < 0) {
			snprintf(why, size, "%s() has no parameter '%s' here", func, args[a].param);
			return false;
		}
		argn[a] = pos;
	}
	return true;
}

bool enforce_resolve(struct probe *p, __u32 scope, __u8 argn[POLICY_ARG_MAX], const char *funcs[],
		     char *why, size_t size)
{
	const char *module = enforce_module(scope);

	if (module && !probe_module_loaded(module)) {
		snprintf(why, size, "module %s is not loaded", module);
		return false;
	}
	for (size_t i = 0; i < enforce_nplaces; i++) {
		const struct enforce_place *place = &enforce_places[i];
		enum probe_result r = PROBE_NO_BTF;

		funcs[i] = NULL;
		if (place->scope != scope)
			continue;
		funcs[i] = find_function(p, place, module, &r);
		if (!funcs[i]) {
			snprintf(why, size, "%s(): %s", place->funcs[0], probe_result_text(r));
			return false;
		}
		if (!resolve_args(p, place, funcs[i], module, argn, why, size))
			return false;
	}
	return true;
}
