// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/check_hooks.h"

#include <stdio.h>
#include <string.h>

#include "live/log.h"

#define TYPE1_NEEDED "vfio_iommu_type1_ioctl" /* in use wherever type1 is traced */

/* By kernel function: the rules that take what it tells for the whole. */
static const struct {
	const char *func;
	const char *instead; /* may serve as well */
	uint8_t rules[12];
} needs[] = {
	{ "vfio_fops_release", NULL, { RULE_CONTEXT_END } },
	{ "vfio_container_attach_group", NULL, { RULE_CONTEXT_END } },
	{ "vfio_group_detach_container", NULL, { RULE_CONTEXT_END } },
	{ "vfio_iommu_type1_open", NULL, { RULE_FRESH_FULL } },
	{ "vfio_pin_pages_remote",
	  NULL,
	  { RULE_PINNED_RANGE, RULE_PIN_ALL, RULE_CHARGE_BALANCE, RULE_LAST_DETACH,
	    RULE_OP_SUMS } },
	{ "vfio_unpin_pages_remote",
	  NULL,
	  { RULE_PINNED_RANGE, RULE_PIN_ALL, RULE_CHARGE_BALANCE, RULE_LAST_DETACH,
	    RULE_OP_SUMS } },
	{ "vfio_unmap_unpin",
	  NULL,
	  { RULE_PINNED_RANGE, RULE_PIN_ALL, RULE_CHARGE_BALANCE, RULE_LAST_DETACH,
	    RULE_OP_SUMS } },
	{ "mm_lock_acct",
	  NULL,
	  { RULE_CHARGE_BALANCE, RULE_CHARGE_ZERO, RULE_CHARGE_NEGATIVE, RULE_DOUBLE_CHARGE } },
	{ "vfio_iommu_type1_attach_group",
	  NULL,
	  { RULE_PINNED_RANGE, RULE_PIN_ALL, RULE_DOMAIN_ONCE, RULE_CHARGE_BALANCE,
	    RULE_LAST_DETACH, RULE_ATTACH_ATOMIC, RULE_ATTACH_NARROWS, RULE_DETACH_WIDENS,
	    RULE_QUERY_AFTER_ATTACH, RULE_IOAS_END } },
	{ "vfio_iommu_type1_pin_pages",
	  NULL,
	  { RULE_UNPIN_MATCH, RULE_PIN_LEAK, RULE_CHARGE_BALANCE, RULE_PIN_INSIDE, RULE_NOTIFY } },
	{ "vfio_iommu_type1_unpin_pages",
	  NULL,
	  { RULE_UNPIN_MATCH, RULE_PIN_LEAK, RULE_REMOVED_PINNED, RULE_CHARGE_BALANCE,
	    RULE_NOTIFY } },
	/* Without it a map without hardware groups is told late, when others may have gone on. */
	{ "security_capable",
	  "cap_capable",
	  { RULE_AREA_OVERLAP, RULE_STREAM_KNOWN, RULE_STREAM_OP, RULE_MAP_ANSWER,
	    RULE_MAP_OVER_STALE, RULE_UNMAP_SIZE, RULE_UNMAP_ALL } },
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

/* Whether any rule was on. */
static bool turn_off(struct rule_policy *policy, const uint8_t *rules, size_t count, char *names,
		     size_t size)
{
	size_t len = 0;

	names[0] = '\0';
	for (size_t i = 0; i < count && rules[i]; i++) {
		if (policy->severity[rules[i]] == RULE_OFF)
			continue;
		policy->severity[rules[i]] = RULE_OFF;
		if (len < size)
			len += (size_t)snprintf(names + len, size - len, "%s%s", len ? ", " : "",
						rule_get(rules[i])->name);
	}
	return len > 0;
}

void hooks_turn_off(const struct recording_info *info, struct rule_policy *policy)
{
	char names[256];

	if (!in_use(info, TYPE1_NEEDED))
		return;
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (in_use(info, needs[i].func) || in_use(info, needs[i].instead))
			continue;
		if (turn_off(policy, needs[i].rules, sizeof(needs[i].rules), names, sizeof(names)))
			log_warn("rules not judged without %s: %s", needs[i].func, names);
	}
}
