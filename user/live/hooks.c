// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/hooks.h"

#include <string.h>

#define VFIO "vfio"
#define TYPE1 "vfio_iommu_type1"
#define NEEDED true
#define OPTIONAL false

/* clang-format off: a table reads better in columns of its own */
#define HOOK(program, function, mod, need, lost, unknown)                                          \
	{                                                                                          \
		.prog = "t1_" program, .funcs = { function }, .module = mod, .needed = need,       \
		.cost = lost, .missing = unknown                                                   \
	}

const struct hook type1_hooks[] = {
	HOOK("fops_open", "vfio_fops_open", VFIO, OPTIONAL, "containers are known from first use",
	     0),
	HOOK("fops_release", "vfio_fops_release", VFIO, OPTIONAL, "closed containers stay listed",
	     0),
	HOOK("fops_ioctl", "vfio_fops_unl_ioctl", VFIO, OPTIONAL, "which container an IOAS is in",
	     0),
	HOOK("fops_ioctl_done", "vfio_fops_unl_ioctl", VFIO, OPTIONAL, "set-iommu ops", 0),
	HOOK("join", "vfio_container_attach_group", VFIO, OPTIONAL, "what keeps a container", 0),
	HOOK("joined", "vfio_container_attach_group", VFIO, OPTIONAL, "what keeps a container", 0),
	HOOK("leave", "vfio_group_detach_container", VFIO, OPTIONAL, "what keeps a container", 0),
	HOOK("left", "vfio_group_detach_container", VFIO, OPTIONAL, "what keeps a container", 0),
	HOOK("open", "vfio_iommu_type1_open", TYPE1, OPTIONAL, "an IOAS is known from first use",
	     0),
	HOOK("release", "vfio_iommu_type1_release", TYPE1, NEEDED, "the end of an IOAS", 0),
	HOOK("released", "vfio_iommu_type1_release", TYPE1, NEEDED, "the end of an IOAS", 0),
	HOOK("ioctl", "vfio_iommu_type1_ioctl", TYPE1, NEEDED, "maps and unmaps", 0),
	HOOK("ioctl_done", "vfio_iommu_type1_ioctl", TYPE1, NEEDED, "maps and unmaps", 0),
	HOOK("pin", "vfio_pin_pages_remote", TYPE1, OPTIONAL, "pages pinned; exact order of maps",
	     IOAS_MISSING_PINS),
	HOOK("unpin", "vfio_unpin_pages_remote", TYPE1, OPTIONAL, "pages unpinned",
	     IOAS_MISSING_PINS),
	HOOK("unmap_unpin", "vfio_unmap_unpin", TYPE1, OPTIONAL, "unpins by the last detach",
	     IOAS_MISSING_PINS),
	HOOK("lock_acct", "mm_lock_acct", TYPE1, OPTIONAL, "charges to mm->locked_vm",
	     IOAS_MISSING_CHARGES),
	{ .prog = "t1_capable",
	  .funcs = { "security_capable", "cap_capable" },
	  .needed = OPTIONAL,
	  .cost = "exact order of maps without IOMMU hardware" },
	HOOK("remove", "vfio_remove_dma", TYPE1, NEEDED, "what an unmap removed", 0),
	HOOK("removed", "vfio_remove_dma", TYPE1, NEEDED, "what an unmap removed", 0),
	HOOK("attach", "vfio_iommu_type1_attach_group", TYPE1, OPTIONAL,
	     "groups, and pins by their attach", IOAS_MISSING_GROUPS | IOAS_MISSING_PINS),
	HOOK("attached", "vfio_iommu_type1_attach_group", TYPE1, OPTIONAL,
	     "groups, and pins by their attach", IOAS_MISSING_GROUPS | IOAS_MISSING_PINS),
	HOOK("detach", "vfio_iommu_type1_detach_group", TYPE1, NEEDED, "maps dropped by a detach",
	     0),
	HOOK("detached", "vfio_iommu_type1_detach_group", TYPE1, NEEDED, "maps dropped by a detach",
	     0),
	HOOK("client_pin", "vfio_iommu_type1_pin_pages", TYPE1, OPTIONAL, "mediated pins", 0),
	HOOK("client_pinned", "vfio_iommu_type1_pin_pages", TYPE1, OPTIONAL, "mediated pins", 0),
	HOOK("unpin_caller", "vfio_unpin_pages", VFIO, OPTIONAL, "who unpins", 0),
	HOOK("unpin_caller_done", "vfio_unpin_pages", VFIO, OPTIONAL, "who unpins", 0),
	HOOK("client_unpin", "vfio_iommu_type1_unpin_pages", TYPE1, OPTIONAL, "mediated unpins", 0),
	HOOK("client_unpinned", "vfio_iommu_type1_unpin_pages", TYPE1, OPTIONAL, "mediated unpins",
	     0),
	HOOK("client_rw", "vfio_iommu_type1_dma_rw", TYPE1, OPTIONAL, "mediated reads and writes",
	     0),
	HOOK("client_rw_done", "vfio_iommu_type1_dma_rw", TYPE1, OPTIONAL,
	     "mediated reads and writes", 0),
};
/* clang-format on */

const size_t type1_nhooks = sizeof(type1_hooks) / sizeof(type1_hooks[0]);

static const struct {
	const char *func;
	const char *param;
} args[ARG_MAX] = {
#define ARG_ROW(name, func, param) [ARG_##name] = { func, param },
	TYPE1_ARGS(ARG_ROW)
#undef ARG_ROW
};

_Static_assert(HOOK_FUNCS_MAX *(sizeof(type1_hooks) / sizeof(type1_hooks[0])) < HOOK_NAMES_MAX,
	       "room for every name and the end");

/* A name that serves two hooks comes twice: whoever looks one up finds the first. */
void hook_functions(const char *names[HOOK_NAMES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < type1_nhooks; i++) {
		for (int f = 0; f < HOOK_FUNCS_MAX && type1_hooks[i].funcs[f]; f++)
			names[n++] = type1_hooks[i].funcs[f];
	}
	names[n] = NULL;
}

static void resolve_function(struct probe *p, const struct hook *h, struct hook_use *u)
{
	u->hook = h;
	u->func = h->funcs[0];
	u->result = PROBE_NO_BTF;
	for (int i = 0; i < HOOK_FUNCS_MAX && h->funcs[i]; i++) {
		enum probe_result r = probe_function(p, h->module, h->funcs[i]);

		if (i == 0)
			u->result = r;
		if (r != PROBE_OK)
			continue;
		u->func = h->funcs[i];
		u->result = PROBE_OK;
		return;
	}
}

/* The parameters are listed under a hook's first name; a stand-in names them alike. */
static void resolve_params(struct probe *p, struct hook_use *u, __u8 argn[ARG_MAX])
{
	for (int a = 0; a < ARG_MAX; a++) {
		int pos;

		if (strcmp(args[a].func, u->hook->funcs[0]))
			continue;
		pos = probe_param(p, u->hook->module, u->func, args[a].param);
		if (pos < 0)
			u->result = PROBE_NO_PARAM;
		else
			argn[a] = pos;
	}
}

void hooks_resolve(struct probe *p, struct hook_use *uses, __u8 argn[ARG_MAX])
{
	for (size_t i = 0; i < type1_nhooks; i++) {
		resolve_function(p, &type1_hooks[i], &uses[i]);
		if (uses[i].result == PROBE_OK)
			resolve_params(p, &uses[i], argn);
	}
}
