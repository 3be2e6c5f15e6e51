// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/hooks.h"

#include <string.h>

#define VFIO "vfio"
#define TYPE1 "vfio_iommu_type1"
#define OP_COST(op) op " ops and what they explain"

const struct hook type1_hooks[] = {
	{ "t1_fops_open",
	  { "vfio_fops_open" },
	  VFIO,
	  false,
	  "containers are known from first use" },
	{ "t1_fops_release",
	  { "vfio_fops_release" },
	  VFIO,
	  false,
	  "closed containers stay listed" },
	{ "t1_fops_ioctl",
	  { "vfio_fops_unl_ioctl" },
	  VFIO,
	  false,
	  "which container an IOAS is in" },
	{ "t1_fops_ioctl_done", { "vfio_fops_unl_ioctl" }, VFIO, false, OP_COST("set_iommu") },
	{ "t1_join", { "vfio_container_attach_group" }, VFIO, false, "what keeps a container" },
	{ "t1_joined", { "vfio_container_attach_group" }, VFIO, false, "what keeps a container" },
	{ "t1_leave", { "vfio_group_detach_container" }, VFIO, false, "what keeps a container" },
	{ "t1_left", { "vfio_group_detach_container" }, VFIO, false, "what keeps a container" },
	{ "t1_open", { "vfio_iommu_type1_open" }, TYPE1, false, "an IOAS is known from first use" },
	{ "t1_release", { "vfio_iommu_type1_release" }, TYPE1, true, "the end of an IOAS" },
	{ "t1_released", { "vfio_iommu_type1_release" }, TYPE1, true, "the end of an IOAS" },
	{ "t1_ioctl", { "vfio_iommu_type1_ioctl" }, TYPE1, true, "maps and unmaps" },
	{ "t1_ioctl_done", { "vfio_iommu_type1_ioctl" }, TYPE1, true, "maps and unmaps" },
	{ "t1_capable",
	  { "security_capable", "cap_capable" },
	  NULL,
	  false,
	  "exact order of maps without IOMMU hardware" },
	{ "t1_pin",
	  { "vfio_pin_pages_remote" },
	  TYPE1,
	  false,
	  "pages pinned; exact order of maps" },
	{ "t1_unpin", { "vfio_unpin_pages_remote" }, TYPE1, false, "pages unpinned" },
	{ "t1_unmap_unpin", { "vfio_unmap_unpin" }, TYPE1, false, "unpins by the last detach" },
	{ "t1_remove", { "vfio_remove_dma" }, TYPE1, true, "what an unmap removed" },
	{ "t1_removed", { "vfio_remove_dma" }, TYPE1, true, "what an unmap removed" },
	{ "t1_lock_acct", { "mm_lock_acct" }, TYPE1, false, "charges to mm->locked_vm" },
	{ "t1_attach", { "vfio_iommu_type1_attach_group" }, TYPE1, false, "groups" },
	{ "t1_attached", { "vfio_iommu_type1_attach_group" }, TYPE1, false, "groups" },
	{ "t1_detach",
	  { "vfio_iommu_type1_detach_group" },
	  TYPE1,
	  true,
	  "maps dropped by a detach" },
	{ "t1_detached",
	  { "vfio_iommu_type1_detach_group" },
	  TYPE1,
	  true,
	  "maps dropped by a detach" },
	{ "t1_client_pin", { "vfio_iommu_type1_pin_pages" }, TYPE1, false, "mediated pins" },
	{ "t1_client_pinned", { "vfio_iommu_type1_pin_pages" }, TYPE1, false, "mediated pins" },
	{ "t1_client_unpin", { "vfio_iommu_type1_unpin_pages" }, TYPE1, false, "mediated unpins" },
	{ "t1_client_unpinned",
	  { "vfio_iommu_type1_unpin_pages" },
	  TYPE1,
	  false,
	  "mediated unpins" },
	{ "t1_client_rw",
	  { "vfio_iommu_type1_dma_rw" },
	  TYPE1,
	  false,
	  "mediated reads and writes" },
	{ "t1_client_rw_done",
	  { "vfio_iommu_type1_dma_rw" },
	  TYPE1,
	  false,
	  "mediated reads and writes" },
};

const size_t type1_nhooks = sizeof(type1_hooks) / sizeof(type1_hooks[0]);

static const struct {
	const char *func;
	const char *param;
} args[ARG_MAX] = {
#define ARG_ROW(name, func, param) [ARG_##name] = { func, param },
	TYPE1_ARGS(ARG_ROW)
#undef ARG_ROW
};

const char *const *hook_functions(void)
{
	static const char *const names[] = {
		"vfio_fops_open",
		"vfio_fops_release",
		"vfio_fops_unl_ioctl",
		"vfio_container_attach_group",
		"vfio_group_detach_container",
		"vfio_iommu_type1_open",
		"vfio_iommu_type1_release",
		"vfio_iommu_type1_ioctl",
		"vfio_pin_pages_remote",
		"vfio_unpin_pages_remote",
		"vfio_unmap_unpin",
		"vfio_remove_dma",
		"mm_lock_acct",
		"vfio_iommu_type1_attach_group",
		"vfio_iommu_type1_detach_group",
		"vfio_iommu_type1_pin_pages",
		"vfio_iommu_type1_unpin_pages",
		"vfio_iommu_type1_dma_rw",
		"security_capable",
		"cap_capable",
		NULL,
	};

	return names;
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
