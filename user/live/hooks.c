// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/hooks.h"

#include <stdio.h>
#include <string.h>

#define VFIO "vfio"
#define TYPE1 "vfio_iommu_type1"
#define NEEDED true
#define OPTIONAL false

/* clang-format off: a table reads better in columns of its own */
#define HOOK(program, function, mod, need, lost, unknown)                                          \
	{                                                                                          \
		.prog = "t1_" program, .funcs = { function }, .module = mod, .needed = need,       \
		.cost = lost, .missing = unknown, .backend = IOAS_BACKEND_TYPE1                    \
	}

#define FD(program, function, need, lost)                                                          \
	{                                                                                          \
		.prog = "fd_" program, .funcs = { function }, .module = "iommufd", .needed = need, \
		.cost = lost, .backend = IOAS_BACKEND_IOMMUFD                                      \
	}

/* Of what older kernels do not do. */
#define FD_NEWER(program, function, lost)                                                          \
	{                                                                                          \
		.prog = "fd_" program, .funcs = { function }, .module = "iommufd",                 \
		.needed = OPTIONAL, .cost = lost, .newer = true, .backend = IOAS_BACKEND_IOMMUFD   \
	}

/* Entry and exit of the same function. */
#define FD_PAIR(begin, end, function, need, lost)                                                  \
	FD(begin, function, need, lost), FD(end, function, need, lost)

/* Of our own module: all its hook points are there, or it is another version of it. */
#define BD(program, lost)                                                                          \
	{                                                                                          \
		.prog = "bd_" program, .funcs = { "ioasb_hook_" program },                         \
		.module = "ioas_backend", .needed = NEEDED, .cost = lost,                          \
		.backend = IOAS_BACKEND_BUNDLED                                                    \
	}

/* Of the kernel itself, whichever backend is there. */
#define IOMMU(program, function, lost)                                                             \
	{                                                                                          \
		.prog = "iommu_" program, .funcs = { function }, .needed = OPTIONAL, .cost = lost, \
		.backend = IOAS_BACKEND_NONE                                                       \
	}

/* The same, on request: they are on the path of every process. */
#define MEMORY(program, function, lost)                                                            \
	{                                                                                          \
		.prog = "mm_" program, .funcs = { function }, .needed = OPTIONAL, .cost = lost,    \
		.backend = IOAS_BACKEND_NONE, .stale = true                                        \
	}

const struct hook hook_table[] = {
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
	  .cost = "exact order of maps without IOMMU hardware",
	  .backend = IOAS_BACKEND_TYPE1 },
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
	FD("fops_open", "iommufd_fops_open", OPTIONAL, "contexts are known from first use"),
	FD_PAIR("fops_release", "fops_released", "iommufd_fops_release", NEEDED,
		"the end of a context"),
	FD("finalize", "iommufd_object_finalize", OPTIONAL, "an IOAS is known from first use"),
	FD("ioas_destroyed", "iommufd_ioas_destroy", NEEDED, "the end of an IOAS"),
	FD_PAIR("alloc", "alloc_done", "iommufd_ioas_alloc_ioctl", OPTIONAL, "alloc ops"),
	FD_PAIR("ranges", "ranges_done", "iommufd_ioas_iova_ranges", OPTIONAL, "query ops"),
	FD_PAIR("allow", "allow_done", "iommufd_ioas_allow_iovas", OPTIONAL, "allow ops"),
	FD_PAIR("map", "map_done", "iommufd_ioas_map", NEEDED, "maps"),
	FD_NEWER("map_file", "iommufd_ioas_map_file", "maps of files"),
	FD_NEWER("map_file_done", "iommufd_ioas_map_file", "maps of files"),
	FD_NEWER("revoke", "iopt_revoke_notify", "dma-bufs that are taken back"),
	FD_PAIR("copy", "copy_done", "iommufd_ioas_copy", NEEDED, "copies"),
	FD_PAIR("unmap", "unmap_done", "iommufd_ioas_unmap", NEEDED, "unmaps"),
	FD_PAIR("option", "option_done", "iommufd_option", OPTIONAL, "options"),
	FD_NEWER("process", "iommufd_ioas_change_process", "changes of process"),
	FD_NEWER("process_locked", "iommufd_release_all_iova_rwsem",
		 "exact order of changes of process"),
	FD_NEWER("process_done", "iommufd_ioas_change_process", "changes of process"),
	FD_PAIR("destroy", "destroy_done", "iommufd_destroy", OPTIONAL, "destroy ops"),
	FD_PAIR("hwpt", "hwpt_done", "iommufd_hwpt_alloc", OPTIONAL, "hwpt-alloc ops"),
	FD_PAIR("fill", "filled_area", "iopt_area_fill_domains", NEEDED, "areas that are mapped"),
	FD_PAIR("unfill", "unfilled", "iopt_area_unfill_domains", NEEDED, "areas that go"),
	FD("release_pages", "iopt_release_pages", NEEDED, "the end of memory"),
	{ .prog = "fd_update_pinned",
	  .funcs = { "do_update_pinned", "iopt_pages_update_pinned" },
	  .module = "iommufd",
	  .needed = OPTIONAL,
	  .cost = "pages pinned and charged",
	  .backend = IOAS_BACKEND_IOMMUFD },
	FD("batch", "batch_to_domain", OPTIONAL, "what is in each domain"),
	FD("fill1", "iopt_area_fill_domain", OPTIONAL, "what is in each domain"),
	FD("unfill1", "__iopt_area_unfill_domain", OPTIONAL, "what is in each domain"),
	FD("unmap1", "iopt_area_unmap_domain", OPTIONAL, "what is in each domain"),
	FD_PAIR("add_domain", "added_domain", "iopt_table_add_domain", OPTIONAL, "domains"),
	FD("dirty", "iopt_set_dirty_tracking", OPTIONAL, "dirty tracking"),
	FD_PAIR("vfio", "vfio_done", "iommufd_vfio_ioctl", NEEDED,
		"maps and unmaps of VFIO containers"),
	FD_PAIR("compat_ioas", "compat_ioas_done", "iommufd_vfio_compat_ioas_create", OPTIONAL,
		"alloc ops of VFIO containers"),
	FD_PAIR("vfio_ioas", "vfio_ioas_done", "iommufd_vfio_ioas", OPTIONAL,
		"which IOAS a VFIO container has"),
	FD("small_pages", "iopt_disable_large_pages", OPTIONAL, "VFIO containers of v1"),
	FD_PAIR("cut", "cut_done", "iopt_cut_iova", OPTIONAL, "splits"),
	FD("insert", "iopt_insert_area", OPTIONAL, "splits"),
	FD("reserve", "iopt_reserve_iova", OPTIONAL, "reserved ranges and domains"),
	FD("unreserve", "__iopt_remove_reserved_iova", OPTIONAL, "reserved ranges and domains"),
	FD("allowed", "iopt_set_allow_iova", OPTIONAL, "allowed ranges"),
	FD_PAIR("attach", "attached", "iommufd_device_attach", OPTIONAL, "attach ops"),
	FD_PAIR("replace", "replaced", "iommufd_device_replace", OPTIONAL, "replace ops"),
	FD_PAIR("detach", "detached", "iommufd_device_detach", OPTIONAL, "detach ops"),
	FD("hw_attached", "iommufd_hw_pagetable_attach", OPTIONAL, "devices"),
	FD("hw_detach", "iommufd_hw_pagetable_detach", OPTIONAL, "devices"),
	FD("do_replaced", "iommufd_device_do_replace", OPTIONAL, "devices"),
	FD("add_access", "iopt_add_access", OPTIONAL, "accesses"),
	FD("del_access", "iopt_remove_access", OPTIONAL, "accesses"),
	FD_PAIR("aattach", "aattached", "iommufd_access_attach", OPTIONAL,
		"attach ops of accesses"),
	FD_PAIR("areplace", "areplaced", "iommufd_access_replace", OPTIONAL,
		"replace ops of accesses"),
	FD_PAIR("adetach", "adetached", "iommufd_access_detach", OPTIONAL,
		"detach ops of accesses"),
	FD_PAIR("pin", "pinned", "iommufd_access_pin_pages", OPTIONAL, "pins of accesses"),
	FD_PAIR("unpin", "unpinned", "iommufd_access_unpin_pages", OPTIONAL, "unpins of accesses"),
	FD_PAIR("rw", "rw_done", "iommufd_access_rw", OPTIONAL, "reads and writes of accesses"),
	FD_PAIR("notify", "notified", "iommufd_access_notify_unmap", OPTIONAL,
		"rounds of unmap notification"),
	BD("opened", "contexts are known from first use"),
	BD("closing", "the end of a context"),
	BD("closed", "the end of a context"),
	BD("call", "maps and unmaps"),
	BD("answer", "maps and unmaps"),
	BD("ioas_new", "an IOAS is known from first use"),
	BD("ioas_gone", "the end of an IOAS"),
	BD("area_added", "areas that are mapped"),
	BD("area_going", "areas that go"),
	BD("area_gone", "areas that go"),
	BD("area_split", "splits"),
	BD("area_merged", "merges"),
	BD("area_filled", "what devices reach"),
	BD("area_emptied", "what devices reach"),
	BD("pages_new", "the memory of areas"),
	BD("pages_gone", "the end of memory"),
	BD("pinned", "pages pinned"),
	BD("unpinned", "pages unpinned"),
	BD("charged", "charges"),
	BD("owner", "who is charged"),
	BD("tce_charged", "charges of tables"),
	BD("range_added", "ranges"),
	BD("range_gone", "ranges"),
	BD("attached", "devices"),
	BD("detached", "devices"),
	BD("client_new", "clients"),
	BD("client_gone", "clients"),
	BD("client_pin", "pins of clients"),
	BD("client_unpin", "pins of clients"),
	BD("client_call", "ops of clients"),
	BD("client_answer", "ops of clients"),
	BD("client_asked", "rounds of unmap notification"),
	BD("client_let_go", "rounds of unmap notification"),
	IOMMU("fault", "dmar_fault", "faults that VT-d reports"),
	IOMMU("faulted", "dmar_fault", "faults that VT-d reports"),
	{ .prog = "iommu_log",
	  .funcs = { "console" },
	  .tracepoint = true,
	  .needed = OPTIONAL,
	  .cost = "which faults VT-d reports",
	  .backend = IOAS_BACKEND_NONE },
	IOMMU("reported", "report_iommu_fault", "faults that AMD-Vi and others report"),
	MEMORY("unmap", "unmap_vmas", "memory that is unmapped under devices"),
	/* What the others end in, where there are several. */
	{ .prog = "mm_zap",
	  .funcs = { "zap_vma_range_batched", "zap_page_range_single_batched",
		     "zap_page_range_single" },
	  .needed = OPTIONAL,
	  .cost = "memory that is discarded under devices",
	  .backend = IOAS_BACKEND_NONE,
	  .stale = true },
	MEMORY("move", "move_page_tables", "memory that is moved under devices"),
};
/* clang-format on */

const size_t hook_count = sizeof(hook_table) / sizeof(hook_table[0]);

static const struct {
	const char *func;
	const char *param;
} args[ARG_MAX] = {
#define ARG_ROW(name, func, param) [ARG_##name] = { func, param },
	HOOK_ARGS(ARG_ROW)
#undef ARG_ROW
};

_Static_assert(HOOK_FUNCS_MAX *(sizeof(hook_table) / sizeof(hook_table[0])) < HOOK_NAMES_MAX,
	       "room for every name and the end");

/* A name that serves two hooks comes twice: whoever looks one up finds the first. */
void hook_functions(const char *names[HOOK_NAMES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < hook_count; i++) {
		for (int f = 0; f < HOOK_FUNCS_MAX && hook_table[i].funcs[f]; f++)
			names[n++] = hook_table[i].funcs[f];
	}
	names[n] = NULL;
}

static void resolve_function(struct probe *p, const struct hook *h, struct hook_use *u)
{
	u->hook = h;
	u->func = h->funcs[0];
	u->result = PROBE_NO_BTF;
	for (int i = 0; i < HOOK_FUNCS_MAX && h->funcs[i]; i++) {
		enum probe_result r = h->tracepoint ? probe_tracepoint(p, h->funcs[i])
						    : probe_function(p, h->module, h->funcs[i]);

		if (i == 0)
			u->result = r;
		if (r != PROBE_OK)
			continue;
		u->func = h->funcs[i];
		u->result = PROBE_OK;
		return;
	}
	if (h->newer && u->result == PROBE_NO_BTF)
		u->result = PROBE_NO_FEATURE;
}

/* Behind the last one of any function: it reads as 0. It is not ARG_INSIDE of anything. */
#define NO_ARGUMENT (ARG_INSIDE - 1)

/* "param" or "param.field"; the position as argn[] has it, or -ENOENT. */
static int resolve_spec(struct probe *p, const struct hook_use *u, const char *spec)
{
	const char *module = u->hook->module;
	char name[64];
	char *field;
	int pos;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(spec, "|"), spec);
	field = strchr(name, '.');
	if (!field)
		return probe_param(p, module, u->func, name);
	*field++ = '\0';
	pos = probe_param_member(p, module, u->func, name, field);
	return pos < 0 ? pos : pos | ARG_INSIDE;
}

/* The first of those that the kernel has. */
static int resolve_param(struct probe *p, const struct hook_use *u, const char *specs)
{
	int pos = resolve_spec(p, u, specs);

	while (pos < 0 && (specs = strchr(specs, '|')))
		pos = resolve_spec(p, u, ++specs);
	return pos;
}

/*
 * The parameters are listed under a hook's first name; a stand-in names them alike.
 * With a "?" in front a kernel may be without it.
 */
static void resolve_params(struct probe *p, struct hook_use *u, __u8 argn[ARG_MAX])
{
	for (int a = 0; a < ARG_MAX; a++) {
		bool optional = args[a].param[0] == '?';
		int pos;

		if (strcmp(args[a].func, u->hook->funcs[0]))
			continue;
		pos = resolve_param(p, u, args[a].param + optional);
		if (pos < 0 && optional)
			argn[a] = NO_ARGUMENT;
		else if (pos < 0)
			u->result = PROBE_NO_PARAM;
		else
			argn[a] = pos;
	}
}

void hooks_resolve(struct probe *p, struct hook_use *uses, __u8 argn[ARG_MAX])
{
	for (size_t i = 0; i < hook_count; i++) {
		resolve_function(p, &hook_table[i], &uses[i]);
		if (uses[i].result == PROBE_OK)
			resolve_params(p, &uses[i], argn);
	}
}
