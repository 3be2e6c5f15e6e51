// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/check_hooks.h"

#include <stdio.h>
#include <string.h>

#include "live/log.h"

#define MISSING_RULES 10

/* The rules that take what a kernel function tells for the whole; 0 ends them. */
struct need {
	const char *func;
	const char *instead; /* may serve as well */
	uint8_t rules[MISSING_RULES];
};

/* clang-format off: a table reads better in columns of its own */
#define PINS RULE_PINNED_RANGE, RULE_PIN_ALL, RULE_CHARGE_BALANCE, RULE_OP_SUMS
#define CHARGES RULE_CHARGE_BALANCE, RULE_CHARGE_ZERO, RULE_CHARGE_NEGATIVE, RULE_DOUBLE_CHARGE
#define CLIENTS                                                                                    \
	RULE_UNPIN_MATCH, RULE_PIN_LEAK, RULE_REMOVED_PINNED, RULE_CHARGE_BALANCE, RULE_NOTIFY
#define USERS RULE_DOMAIN_ONCE, RULE_IOAS_END
#define DOMAINS USERS, RULE_DOMAIN_COVERS, RULE_PIN_ALL, RULE_SPLIT
#define RESERVED                                                                                   \
	RULE_AREA_RESERVED, RULE_AREA_VALID, RULE_ALLOWED_RESERVED, RULE_ATTACH_NARROWS,           \
		RULE_DETACH_WIDENS

static const struct need type1_needs[] = {
	{ "vfio_fops_release", NULL, { RULE_CONTEXT_END } },
	{ "vfio_container_attach_group", NULL, { RULE_CONTEXT_END } },
	{ "vfio_group_detach_container", NULL, { RULE_CONTEXT_END } },
	{ "vfio_iommu_type1_open", NULL, { RULE_FRESH_FULL } },
	{ "vfio_pin_pages_remote", NULL, { PINS, RULE_LAST_DETACH } },
	{ "vfio_unpin_pages_remote", NULL, { PINS, RULE_LAST_DETACH } },
	{ "vfio_unmap_unpin", NULL, { PINS, RULE_LAST_DETACH } },
	{ "mm_lock_acct", NULL, { CHARGES } },
	{ "vfio_iommu_type1_attach_group",
	  NULL,
	  { USERS, RULE_PINNED_RANGE, RULE_PIN_ALL, RULE_LAST_DETACH, RULE_ATTACH_ATOMIC,
	    RULE_ATTACH_NARROWS, RULE_DETACH_WIDENS, RULE_QUERY_AFTER_ATTACH, RULE_AREA_VALID } },
	{ "vfio_iommu_type1_pin_pages", NULL, { CLIENTS } },
	{ "vfio_iommu_type1_unpin_pages", NULL, { CLIENTS } },
	/* Without it a map without hardware groups is told late, when others may have gone on. */
	{ "security_capable",
	  "cap_capable",
	  { RULE_AREA_OVERLAP, RULE_STREAM_KNOWN, RULE_STREAM_OP, RULE_MAP_ANSWER,
	    RULE_MAP_OVER_STALE, RULE_UNMAP_SIZE, RULE_UNMAP_ALL } },
};

static const struct need iommufd_needs[] = {
	{ "iommufd_object_finalize", NULL, { RULE_FRESH_FULL } },
	{ "iommufd_option", NULL, { RULE_OPTIONS, RULE_CHARGE_MODE } },
	{ "do_update_pinned",
	  "iopt_pages_update_pinned",
	  { PINS, RULE_CHARGE_ZERO, RULE_CHARGE_NEGATIVE, RULE_COPY_PINS_NOTHING, RULE_PAGES_END,
	    RULE_DOUBLE_CHARGE } },
	{ "batch_to_domain", NULL, { RULE_DOMAIN_COVERS } },
	{ "iopt_area_fill_domain", NULL, { RULE_DOMAIN_COVERS } },
	{ "__iopt_area_unfill_domain", NULL, { RULE_DOMAIN_COVERS } },
	{ "iopt_area_unmap_domain", NULL, { RULE_DOMAIN_COVERS } },
	{ "iopt_table_add_domain", NULL, { DOMAINS, RULE_ATTACH_ATOMIC } },
	{ "iopt_cut_iova", NULL, { RULE_SPLIT, RULE_STREAM_KNOWN } },
	{ "iopt_insert_area", NULL, { RULE_SPLIT, RULE_STREAM_KNOWN } },
	{ "iopt_disable_large_pages", NULL, { RULE_SPLIT } },
	/* Where domains are told, too. */
	{ "iopt_reserve_iova", NULL, { RESERVED, DOMAINS } },
	{ "__iopt_remove_reserved_iova", NULL, { RESERVED, DOMAINS } },
	{ "iopt_set_allow_iova",
	  NULL,
	  { RULE_ALLOWED_RESERVED, RULE_ALLOWED_DISJOINT, RULE_ALLOCATED_IOVA } },
	{ "iommufd_hw_pagetable_attach", NULL, { USERS } },
	{ "iommufd_hw_pagetable_detach", NULL, { USERS } },
	{ "iommufd_device_do_replace", NULL, { USERS } },
	{ "iopt_add_access", NULL, { USERS, RULE_SPLIT, RULE_PIN_LEAK, RULE_UNPIN_MATCH } },
	{ "iopt_remove_access", NULL, { USERS, RULE_SPLIT, RULE_PIN_LEAK, RULE_UNPIN_MATCH } },
	{ "iommufd_access_pin_pages", NULL, { CLIENTS, RULE_PINNED_RANGE } },
	{ "iommufd_access_unpin_pages", NULL, { CLIENTS, RULE_PINNED_RANGE } },
	{ "iommufd_access_notify_unmap", NULL, { RULE_NOTIFY } },
};
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *func; /* in use wherever the backend is traced */
	const struct need *needs;
	size_t count;
} backends[] = {
	{ "vfio_iommu_type1_ioctl", type1_needs, COUNT_OF(type1_needs) },
	{ "iommufd_ioas_map", iommufd_needs, COUNT_OF(iommufd_needs) },
};

static void add_hook(struct recording_info *info, const char *func)
{
	for (uint32_t i = 0; i < info->nhooks; i++) {
		if (!strcmp(info->hooks[i], func))
			return;
	}
	if (info->nhooks < RECORDING_HOOKS_MAX)
		snprintf(info->hooks[info->nhooks++], sizeof(info->hooks[0]), "%s", func);
}

void hooks_of_instance(const struct instance *i, struct recording_info *info)
{
	struct instance_program program;

	for (size_t n = 0; !instance_program(i, n, &program); n++)
		add_hook(info, program.func);
}

static bool in_use(const struct recording_info *info, const char *func)
{
	for (uint32_t i = 0; func && i < info->nhooks; i++) {
		if (!strcmp(info->hooks[i], func))
			return true;
	}
	return false;
}

static void turn_off(struct rule_policy *policy, const struct need *need)
{
	char names[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < MISSING_RULES && need->rules[i]; i++) {
		if (policy->severity[need->rules[i]] == RULE_OFF)
			continue;
		policy->severity[need->rules[i]] = RULE_OFF;
		if (len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
						len ? ", " : "", rule_get(need->rules[i])->name);
	}
	if (len)
		log_warn("rules not judged without %s: %s", need->func, names);
}

void hooks_turn_off(const struct recording_info *info, struct rule_policy *policy)
{
	for (size_t b = 0; b < COUNT_OF(backends); b++) {
		if (!in_use(info, backends[b].func))
			continue;
		for (size_t i = 0; i < backends[b].count; i++) {
			const struct need *need = &backends[b].needs[i];

			if (!in_use(info, need->func) && !in_use(info, need->instead))
				turn_off(policy, need);
		}
	}
}
