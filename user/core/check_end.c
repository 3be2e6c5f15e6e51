// SPDX-License-Identifier: GPL-2.0-or-later
/* an IOAS and a context go when they are empty. */
#include "core/check_impl.h"

/* Allowed and valid ranges go with it. */
static void judge_ioas(struct check_at *at)
{
	const struct mirror_ioas *ioas = at->ioas;
	size_t reserved, users;

	if (!ioas || !check_judge(at, RULE_IOAS_END))
		return;
	reserved = mirror_range_count(ioas, IOAS_RANGE_RESERVED);
	users = mirror_group_count(ioas) + mirror_domain_count(ioas) + itree_count(&ioas->devices) +
		mirror_access_count(ioas);
	if (!mirror_area_count(ioas) && !users && !reserved)
		return;
	check_fail(at, RULE_IOAS_END, NULL,
		   "it goes with %zu areas, %zu users, %zu reserved ranges",
		   mirror_area_count(ioas), users, reserved);
}

static void judge_ctx(struct check_at *at)
{
	size_t ioases, pages;

	if (!at->ctx || !check_judge(at, RULE_CONTEXT_END))
		return;
	ioases = itree_count(&at->ctx->ioases);
	pages = itree_count(&at->ctx->pages);
	if (ioases || pages)
		check_fail(at, RULE_CONTEXT_END, NULL, "it goes with %zu IOASes, %zu pages objects",
			   ioases, pages);
}

void check_end_before(struct check_at *at)
{
	if (at->ev->kind == IOAS_EV_IOAS_GONE)
		judge_ioas(at);
	else if (at->ev->kind == IOAS_EV_CTX_GONE)
		judge_ctx(at);
}
