// SPDX-License-Identifier: GPL-2.0-or-later
/* memory, and the domains that map it. */

#include "core/check_impl.h"

static struct check_range range_of(const struct ioas_area_body *body)
{
	return (struct check_range){ .iova = body->iova, .last = body->last };
}

/* Pages of memory that an area of its own shows, which may begin inside a page. */
static uint64_t pages_of(uint64_t iova, uint64_t last, uint64_t va)
{
	uint64_t offset = va & (IOAS_PAGE_SIZE - 1);

	return ((last - iova) >> IOAS_PAGE_SHIFT) + 1 +
	       ((((last - iova) & (IOAS_PAGE_SIZE - 1)) + offset) >> IOAS_PAGE_SHIFT);
}

/* ---- R-39 ---- */

static void judge_area_pinned(struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_area *area = mirror_area_at(at->ioas, body->iova);
	struct check_range range = range_of(body);
	int64_t pinned;
	uint64_t most;

	if (!area || area->node.start != body->iova || mirror_area_pages(area) || area->adopted ||
	    !check_judge_whole(at, RULE_PINNED_RANGE))
		return;
	most = pages_of(area->node.start, area->node.last, mirror_area_va(area));
	if (!__builtin_add_overflow(mirror_area_pinned(area), body->pages, &pinned) &&
	    pinned >= 0 && (uint64_t)pinned <= most)
		return;
	check_fail(at, RULE_PINNED_RANGE, &range,
		   "area " CHECK_RANGE " has %" PRId64 " of %" PRIu64 " pages pinned, and %" PRId64
		   " more",
		   area->node.start, area->node.last, mirror_area_pinned(area), most,
		   (int64_t)body->pages);
}

static void judge_added_pinned(struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	struct check_range range = range_of(body);
	uint64_t most = pages_of(body->iova, body->last, body->va);
	uint64_t found = (uint64_t)body->pages + (uint64_t)body->pfnmap;

	if (check_judge(at, RULE_PINNED_RANGE) && found > most)
		check_fail(at, RULE_PINNED_RANGE, &range,
			   "area " CHECK_RANGE " would have %" PRIu64 " of %" PRIu64
			   " pages pinned",
			   range.iova, range.last, found, most);
}

static void judge_pages_pinned(struct check_at *at, const struct mirror_pages *pages)
{
	int64_t delta = at->ev->body_pages.pinned, pinned;

	if (pages->adopted || !check_judge(at, RULE_PINNED_RANGE))
		return;
	if (!__builtin_add_overflow(pages->pinned, delta, &pinned) && pinned >= 0 &&
	    (uint64_t)pinned <= pages->npages)
		return;
	check_fail(at, RULE_PINNED_RANGE, NULL,
		   "memory %" PRIu32 " has %" PRId64 " of %" PRIu64 " pages pinned, and %" PRId64
		   " more",
		   pages->id, pages->pinned, pages->npages, delta);
}

/* ---- R-43, R-44 ---- */

static void judge_shown(struct check_at *at, const struct mirror_pages *pages)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	uint64_t end = (body->at + (body->last - body->iova)) >> IOAS_PAGE_SHIFT;
	struct check_range range = range_of(body);

	if (check_judge(at, RULE_AREA_IN_PAGES) && end >= pages->npages)
		check_fail(at, RULE_AREA_IN_PAGES, &range,
			   "area " CHECK_RANGE " ends in page %" PRIu64 " of memory %" PRIu32
			   ", which has %" PRIu64,
			   range.iova, range.last, end, pages->id, pages->npages);
	if (check_judge(at, RULE_AREA_WRITABLE) && (body->prot & IOAS_PROT_WRITE) &&
	    !pages->writable)
		check_fail(at, RULE_AREA_WRITABLE, &range,
			   "area " CHECK_RANGE " may be written, its memory %" PRIu32 " may not",
			   range.iova, range.last, pages->id);
}

/* ---- R-45 ---- */

/*
 * From an mm that is gone the kernel takes nothing back, and what it unpins then
 * is not told either.
 */
static void judge_end(struct check_at *at, const struct mirror_pages *pages)
{
	bool known = !pages->adopted && pages->account != IOAS_COUNTER_MM_LOCKED;

	if (!check_judge(at, RULE_PAGES_END))
		return;
	if (pages->areas)
		check_fail(at, RULE_PAGES_END, NULL,
			   "memory %" PRIu32 " is gone, and %" PRIu32 " areas show it", pages->id,
			   pages->areas);
	else if (pages->pinned && known)
		check_fail(at, RULE_PAGES_END, NULL,
			   "memory %" PRIu32 " is gone with %" PRId64 " pages pinned", pages->id,
			   pages->pinned);
}

/* ---- R-46 ---- */

static void judge_dmabuf(struct check_at *at, uint32_t pages_id, bool bad, const char *what)
{
	if (check_judge(at, RULE_DMABUF) && bad)
		check_fail(at, RULE_DMABUF, NULL, "dma-buf %" PRIu32 " is %s", pages_id, what);
}

static bool is_dmabuf(const struct mirror_pages *pages)
{
	return pages && pages->memory == IOAS_MEMORY_DMABUF;
}

static void split(struct check_at *at)
{
	const struct mirror_area *area = mirror_area_at(at->ioas, at->ev->body_area.iova);
	const struct mirror_pages *pages = area ? mirror_area_pages(area) : NULL;

	if (is_dmabuf(pages))
		judge_dmabuf(at, pages->id, true, "split");
}

/* ---- the ways in ---- */

static void pages_before(struct check_at *at)
{
	const struct ioas_pages_body *body = &at->ev->body_pages;
	const struct mirror_pages *pages;

	if (at->ev->kind == IOAS_EV_PAGES_NEW) {
		if (body->memory == IOAS_MEMORY_DMABUF)
			judge_dmabuf(at, body->pages_id, body->account != IOAS_COUNTER_NONE,
				     "charged to somebody");
		return;
	}
	pages = check_pages_known(at, body->pages_id);
	if (!pages)
		return;
	if (at->ev->kind == IOAS_EV_PAGES_GONE)
		judge_end(at, pages);
	if (at->ev->kind != IOAS_EV_PAGES_PINNED)
		return;
	if (is_dmabuf(pages))
		judge_dmabuf(at, pages->id, body->pinned, "pinned");
	else
		judge_pages_pinned(at, pages);
}

static void area_before(struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_pages *pages = check_pages_known(at, body->pages_id);

	if (!body->pages_id)
		judge_added_pinned(at);
	else if (pages)
		judge_shown(at, pages);
	if (is_dmabuf(pages) && at->mine)
		at->mine->use.dmabuf = true;
}

/* R-41, at its end: it maps no area any more. */
static void judge_leaving(struct check_at *at)
{
	const struct mirror_domain *d = mirror_find_domain(at->ioas, at->ev->body_obj.object);

	if (!d || !at->mine || at->mine->use.dmabuf || !check_judge_whole(at, RULE_DOMAIN_COVERS) ||
	    !d->mapped)
		return;
	check_fail(at, RULE_DOMAIN_COVERS, NULL,
		   "domain %" PRIu32 " is detached and maps %" PRId64 " bytes", d->id, d->mapped);
}

void check_pages_before(struct check_at *at)
{
	const struct mirror_pages *pages;

	check_double_before(at);
	switch (at->ev->kind) {
	case IOAS_EV_AREA_ADD:
		area_before(at);
		break;
	case IOAS_EV_PINNED:
		if (at->ioas)
			judge_area_pinned(at);
		break;
	case IOAS_EV_AREA_SPLIT:
		if (at->ioas)
			split(at);
		break;
	case IOAS_EV_DOMAIN_DETACH:
		if (at->ioas)
			judge_leaving(at);
		break;
	case IOAS_EV_CHARGE:
		pages = check_pages_known(at, at->ev->body_charge.pages_id);
		if (is_dmabuf(pages))
			judge_dmabuf(at, pages->id, true, "charged");
		break;
	default:
		if (ioas_event_is_pages(at->ev))
			pages_before(at);
	}
}

void check_pages_after(struct check_at *at)
{
	check_double_after(at);
}

/* ---- R-40 ---- */

/*
 * Hardware groups of type1. If nothing is pinned at all, the last of them may
 * have left before these areas came, and not be told yet: a detach that pins were
 * lost by has told that. A detach that began later than the mismatch was seen,
 * and is told first, shows that there was none.
 */
static void judge_all_pinned(struct check_at *at)
{
	const struct mirror_ioas *ioas = at->ioas;
	uint64_t mapped = mirror_mapped_bytes(ioas) >> IOAS_PAGE_SHIFT;
	uint64_t found = (uint64_t)ioas->pinned + (uint64_t)ioas->pfnmap;
	struct check_stand *stand = &at->mine->use.unpinned;

	if (!mirror_has_hardware(ioas) || !check_judge_whole(at, RULE_PIN_ALL)) {
		check_stand_clear(stand);
		return;
	}
	if (found == mapped)
		check_stand_clear(stand);
	else if (check_stands(at, stand, (int64_t)(mapped - found), found))
		check_fail(at, RULE_PIN_ALL, NULL,
			   "%" PRId64 " of %" PRIu64 " pages are pinned, %" PRId64 " are no RAM",
			   ioas->pinned, mapped, ioas->pfnmap);
}

/* The mismatches of that a detach could explain, had it begun before. */
void check_pages_op(struct check_at *at)
{
	struct check_stand *stand = at->mine ? &at->mine->use.unpinned : NULL;
	bool type1 = at->ev->backend == IOAS_BACKEND_TYPE1;
	enum rule_id rule = type1 ? RULE_PIN_ALL : RULE_DOMAIN_COVERS;

	if (at->ev->body_op.what != IOAS_OP_DETACH || !stand || !stand->since_ns || stand->reported)
		return;
	if (check_op_start(at->ev) > stand->since_ns && check_judge_whole(at, rule))
		check_fail(at, rule, NULL, "%s",
			   type1 ? "pages were mapped and not pinned while there was hardware"
				 : "a domain was there and mapped nothing of what was mapped");
	check_stand_clear(stand);
}

/* Whether a domain is told that may have left: it maps nothing. */
static const struct mirror_domain *idle_domain(const struct mirror_ioas *ioas)
{
	const struct mirror_domain *d = mirror_domain_first(ioas);

	while (d && d->mapped)
		d = mirror_domain_next(d);
	return d;
}

/* The first area that the op added: what it shows of its memory is pinned. */
static void judge_added(struct check_at *at)
{
	const struct mirror_area *area;
	const struct mirror_pages *pages;
	uint64_t first, shown;

	if (!at->op || !at->op->added || !mirror_domain_count(at->ioas) || idle_domain(at->ioas))
		return;
	area = mirror_area_at(at->ioas, at->op->added_iova);
	pages = area && area->op == at->ev->op ? mirror_area_pages(area) : NULL;
	if (!pages || pages->adopted || pages->memory == IOAS_MEMORY_DMABUF ||
	    !check_judge_whole(at, RULE_PIN_ALL))
		return;
	first = mirror_area_offset(area) >> IOAS_PAGE_SHIFT;
	shown = ((mirror_area_offset(area) + (area->node.last - area->node.start)) >>
		 IOAS_PAGE_SHIFT) -
		first + 1;
	if (pages->pinned < 0 || (uint64_t)pages->pinned < shown)
		check_fail(at, RULE_PIN_ALL,
			   &(struct check_range){ area->node.start, area->node.last },
			   "%" PRId64 " pages of memory %" PRIu32 " are pinned, area " CHECK_RANGE
			   " shows %" PRIu64,
			   pages->pinned, pages->id, area->node.start, area->node.last, shown);
}

/* ---- R-41 ---- */

static void fail_domain(struct check_at *at, const struct mirror_domain *d, uint64_t mapped)
{
	check_fail(at, RULE_DOMAIN_COVERS, NULL,
		   "domain %" PRIu32 " maps %" PRId64 " bytes of %" PRIu64, d->id, d->mapped,
		   mapped);
}

/*
 * A domain that maps nothing may have left before these areas came, and not be
 * told yet: one that mapped something has told that it does not any more.
 */
static void judge_idle(struct check_at *at, uint64_t mapped)
{
	const struct mirror_domain *d = mapped ? idle_domain(at->ioas) : NULL;
	struct check_stand *stand = &at->mine->use.unpinned;

	if (!d || at->mine->use.dmabuf || !check_judge_whole(at, RULE_DOMAIN_COVERS))
		check_stand_clear(stand);
	else if (check_stands(at, stand, 1, false))
		fail_domain(at, d, mapped);
}

static void judge_domains(struct check_at *at)
{
	uint64_t mapped = mirror_mapped_bytes(at->ioas);
	const struct mirror_domain *d = mirror_domain_first(at->ioas);

	/* Their sum is kept in 63 bits. */
	if (mapped > INT64_MAX)
		return;
	judge_idle(at, mapped);
	for (; d; d = mirror_domain_next(d)) {
		uint64_t in = (uint64_t)d->mapped;

		if (!in)
			continue;
		if (!check_judge_whole(at, RULE_DOMAIN_COVERS))
			return;
		/* One that is revoked has left the domains, and its area is still there. */
		if (in == mapped || (at->mine->use.dmabuf && d->mapped >= 0 && in < mapped))
			continue;
		fail_domain(at, d, mapped);
	}
}

void check_pages_rest(struct check_at *at)
{
	if (!at->ioas || !at->mine)
		return;
	if (at->ev->backend == IOAS_BACKEND_TYPE1) {
		judge_all_pinned(at);
		return;
	}
	judge_added(at);
	judge_domains(at);
}
