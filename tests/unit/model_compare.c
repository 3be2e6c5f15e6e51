// SPDX-License-Identifier: GPL-2.0-or-later
#include "model_compare.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_impl.h"

struct compare {
	const struct model *m;
	const struct mirror *mirror;
	const struct model_ctx *mc;
	const struct mirror_ctx *c;
	const struct model_ioas *ms;
	const struct mirror_ioas *s;
	bool peaks;
	char *why;
	size_t size;
};

/* Numbers that must be equal; the first pair that is not is told. */
static bool same(struct compare *k, const char *what, uint64_t want, uint64_t is)
{
	if (want == is)
		return true;
	snprintf(k->why, k->size,
		 "ctx %u ioas %u: %s: the model has %" PRId64 " (0x%" PRIx64
		 "), the mirror %" PRId64 " (0x%" PRIx64 ")",
		 k->mc ? k->mc->id : 0, k->ms ? k->ms->id : 0, what, (int64_t)want, want,
		 (int64_t)is, is);
	return false;
}

#define SAME(what, want, is) same(k, what, (uint64_t)(want), (uint64_t)(is))

/* ---- areas ---- */

static bool area_owner(struct compare *k, const struct model_area *w, const struct mirror_area *a)
{
	struct mirror_owner owner = mirror_area_owner(k->mirror, a);
	uint8_t who = w->who;

	if (w->pages)
		who = model_pages(k->mc, w->pages)->who;
	return SAME("area owner", model_tgid(who), owner.tgid) &&
	       SAME("area uid", model_uid(who), owner.uid);
}

static bool area_memory(struct compare *k, const struct model_area *w, const struct mirror_area *a)
{
	const struct mirror_pages *p = mirror_area_pages(a);
	const struct model_pages *mp;

	if (!w->pages)
		return SAME("shared", 0, p != NULL) && SAME("va", w->va, mirror_area_va(a)) &&
		       SAME("area offset", 0, mirror_area_offset(a));
	mp = model_pages(k->mc, w->pages);
	return SAME("shared", 1, p != NULL) && SAME("area pages", w->pages, p->id) &&
	       SAME("area offset", w->at, mirror_area_offset(a)) &&
	       SAME("va", mp->va + w->at, mirror_area_va(a));
}

static bool area(struct compare *k, const struct model_area *w, const struct mirror_area *a)
{
	return SAME("area iova", w->iova, a->node.start) &&
	       SAME("area last", w->last, a->node.last) &&
	       SAME("area number", w->number, a->number) && SAME("area prot", w->prot, a->prot) &&
	       SAME("area pinned", w->pinned, mirror_area_pinned(a)) &&
	       SAME("area pfnmap", w->pfnmap, a->pfnmap) &&
	       SAME("area vaddr invalid", w->invalid, a->vaddr_invalid) &&
	       SAME("area going", 0, a->going) && SAME("area adopted", 0, a->adopted) &&
	       (!w->op || SAME("area op", w->op, a->op)) && area_memory(k, w, a) &&
	       area_owner(k, w, a);
}

static bool areas(struct compare *k)
{
	const struct mirror_area *a = mirror_area_first(k->s);
	int64_t pinned = 0, pfnmap = 0;
	uint64_t mapped = 0;

	for (size_t i = 0; i < k->ms->nareas; i++) {
		const struct model_area *w = &k->ms->areas[i];

		if (!a)
			return SAME("areas", k->ms->nareas, i);
		if (!area(k, w, a))
			return false;
		mapped += w->last - w->iova + 1;
		pinned += w->pinned;
		pfnmap += w->pfnmap;
		a = mirror_area_next(a);
	}
	return SAME("one more area", 0, a != NULL) &&
	       SAME("area count", k->ms->nareas, mirror_area_count(k->s)) &&
	       SAME("mapped", mapped, mirror_mapped_bytes(k->s)) &&
	       SAME("pinned", pinned, k->s->pinned) && SAME("pfnmap", pfnmap, k->s->pfnmap);
}

/* ---- pins ---- */

static uint64_t times_held(const struct model_ioas *s, int user, uint64_t iova)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->npins; i++)
		n += (user < 0 || s->pins[i].user == user) && s->pins[i].iova <= iova &&
		     iova <= s->pins[i].last;
	return n;
}

/* The counts at both sides of each end, and the sums: these decide all others. */
static bool pins_of(struct compare *k, int user, const struct pincount *pins)
{
	struct model_spans spans = { 0 };
	uint64_t refs = 0;

	for (size_t i = 0; i < k->ms->npins; i++) {
		const struct model_pin *p = &k->ms->pins[i];
		uint64_t at[4] = { p->iova, p->last, p->iova - 1, p->last + 1 };

		if (user >= 0 && p->user != user)
			continue;
		for (unsigned int e = 0; e < 4; e++) {
			if (!SAME("pins at", times_held(k->ms, user, at[e]),
				  pincount_at(pins, at[e]))) {
				free(spans.at);
				return false;
			}
		}
		refs += model_pages_in(p->iova, p->last);
		model_span(&spans, p->iova / MODEL_PAGE, p->last / MODEL_PAGE);
	}
	return SAME("pages pinned by clients", model_spans_sum(&spans), pins->pages) &&
	       SAME("pins of clients", refs, pins->refs);
}

/* ---- users ---- */

static bool groups(struct compare *k)
{
	const struct mirror_group *g = mirror_group_first(k->s);
	size_t n = 0;

	for (unsigned int i = 0; model_is_type1(k->mc) && i < MODEL_USERS; i++) {
		if (!k->ms->attached[i])
			continue;
		n++;
		if (!SAME("group is there", 1, g != NULL) || !SAME("group", 10 + i, g->number) ||
		    !SAME("group emulated", i >= MODEL_HARDWARE, g->emulated))
			return false;
		g = mirror_group_next(g);
	}
	return SAME("groups", n, mirror_group_count(k->s));
}

static bool domains(struct compare *k)
{
	size_t n = 0;

	for (unsigned int i = 0; i < MODEL_DOMAINS; i++) {
		const struct model_domain *w = &k->ms->domain[i];
		const struct mirror_domain *d = mirror_find_domain(k->s, w->id);

		if (!w->id)
			continue;
		n++;
		if (!SAME("domain is there", 1, d != NULL) ||
		    !SAME("domain mapped", w->mapped, d->mapped) ||
		    !SAME("domain dirty", w->dirty, d->dirty) ||
		    !SAME("domain page size", w->page_size, d->page_size))
			return false;
	}
	return SAME("domains", n, mirror_domain_count(k->s));
}

static bool device(struct compare *k, unsigned int i)
{
	const struct mirror_device *d = mirror_find_device(k->s, k->mc->user[i]);
	char name[24];

	snprintf(name, sizeof(name), "0000:00:%02x.0", i);
	return SAME("device is there", 1, d != NULL) &&
	       SAME("device domain", k->ms->domain[i < 2 ? 0 : 1].id, d->domain) &&
	       SAME("device group", 20 + i, d->group) &&
	       SAME("device name", 0, strcmp(name, d->name) != 0);
}

static bool client(struct compare *k, unsigned int i)
{
	const struct mirror_access *a = mirror_find_access(k->s, k->mc->user[i]);
	bool exact = k->mc->backend != IOAS_BACKEND_BUNDLED || i == MODEL_HARDWARE;

	return SAME("access is there", 1, a != NULL) && SAME("access exact", exact, a->exact) &&
	       SAME("access alignment", MODEL_PAGE, a->alignment) && pins_of(k, (int)i, &a->pins);
}

static bool users(struct compare *k)
{
	const struct mirror_device *d;
	size_t devices = 0, clients = 0, have = 0;

	if (model_is_type1(k->mc))
		return groups(k);
	for (unsigned int i = 0; i < MODEL_USERS; i++) {
		if (!k->ms->attached[i])
			continue;
		if (!(i < MODEL_HARDWARE ? device(k, i) : client(k, i)))
			return false;
		devices += i < MODEL_HARDWARE;
		clients += i >= MODEL_HARDWARE;
	}
	for (d = mirror_device_first(k->s); d; d = mirror_device_next(d))
		have++;
	return SAME("devices", devices, have) &&
	       SAME("accesses", clients, mirror_access_count(k->s)) && domains(k);
}

/* ---- ranges, charges ---- */

static int by_range(const void *a, const void *b)
{
	const struct model_range *x = a, *y = b;

	if (x->iova != y->iova)
		return x->iova < y->iova ? -1 : 1;
	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return x->owner < y->owner ? -1 : x->owner > y->owner;
}

static bool ranges_of(struct compare *k, unsigned int class)
{
	struct model_range want[MODEL_RANGES], is[MODEL_RANGES];
	const struct mirror_range *r = mirror_range_first(k->s, class);
	size_t n = 0, m = 0;

	for (size_t i = 0; i < k->ms->nranges; i++) {
		if (k->ms->ranges[i].class == class)
			want[n++] = k->ms->ranges[i];
	}
	for (; r && m < MODEL_RANGES; r = mirror_range_next(r))
		is[m++] = (struct model_range){ r->node.start, r->node.last, r->class, r->owner };
	if (!SAME("ranges", n, m) || !SAME("range count", n, mirror_range_count(k->s, class)))
		return false;
	qsort(want, n, sizeof(want[0]), by_range);
	qsort(is, m, sizeof(is[0]), by_range);
	for (size_t i = 0; i < n; i++) {
		if (!SAME("range iova", want[i].iova, is[i].iova) ||
		    !SAME("range last", want[i].last, is[i].last) ||
		    !SAME("range class", class, is[i].class) ||
		    !SAME("range owner", want[i].owner, is[i].owner))
			return false;
	}
	return true;
}

static bool charge(struct compare *k, const struct model_charge *w, const struct mirror_charge *c)
{
	/* A user may be charged by several processes. */
	bool one = w->counter != IOAS_COUNTER_USER_LOCKED;

	return SAME("charge", w->pages, c->pages) &&
	       (!k->peaks || SAME("charge peak", w->peak, c->peak)) &&
	       (!one || SAME("charge tgid", model_tgid(w->who), c->tgid)) &&
	       SAME("charge uid", model_uid(w->who), c->uid);
}

static bool charges(struct compare *k, const struct model_charge *list, size_t n,
		    const struct mirror_charge *c)
{
	size_t seen = 0;

	for (; c; c = mirror_charge_next(c)) {
		size_t i = 0;

		while (i < n && (list[i].owner != c->owner || list[i].counter != c->counter))
			i++;
		if (!SAME("a charge that is there", 1, i < n) || !charge(k, &list[i], c))
			return false;
		seen++;
	}
	return SAME("charges", n, seen);
}

/* ---- the whole ---- */

static bool pages(struct compare *k, const struct model_pages *w)
{
	const struct mirror_pages *p = mirror_find_pages(k->c, w->id);

	return SAME("pages are there", 1, p != NULL) && SAME("pages va", w->va, p->va) &&
	       SAME("pages npages", w->npages, p->npages) &&
	       SAME("pages pinned", w->pinned, p->pinned) &&
	       SAME("pages charged", w->charged, p->charged) &&
	       SAME("pages memory", w->memory, p->memory) &&
	       SAME("pages account", w->account, p->account) &&
	       SAME("pages writable", w->writable, p->writable) &&
	       SAME("pages owner", w->owner, p->owner) && SAME("pages areas", w->areas, p->areas) &&
	       SAME("pages tgid", model_tgid(w->who), p->owner_tgid) &&
	       SAME("pages uid", model_uid(w->who), p->owner_uid);
}

static bool all_pages(struct compare *k)
{
	const struct mirror_pages *p = mirror_pages_first(k->c);
	size_t n = 0;

	for (size_t i = 0; i < k->mc->npages; i++) {
		if (!pages(k, &k->mc->pages[i]))
			return false;
	}
	for (; p; p = mirror_pages_next(p))
		n++;
	return SAME("pages objects", k->mc->npages, n);
}

static bool ioas(struct compare *k)
{
	k->s = mirror_find_ioas(k->mirror, k->ms->id);
	if (!SAME("ioas is there", 1, k->s != NULL))
		return false;
	if (!SAME("ioas mode", k->ms->mode, k->s->mode) ||
	    !SAME("ioas adopted", 0, k->s->adopted) ||
	    !SAME("ioas dirty", k->ms->dirty, k->s->dirty) ||
	    !SAME("ioas small pages", k->ms->small_pages, k->s->small_pages) ||
	    !SAME("non-pinned groups", k->ms->non_pinned_groups, k->s->non_pinned_groups) ||
	    !SAME("entries left", k->ms->entries_left, k->s->entries_left) ||
	    !SAME("stray unpins", 0, k->s->stray_unpins) ||
	    !SAME("hardware", model_has_hardware(k->mc, k->ms), mirror_has_hardware(k->s)))
		return false;
	for (unsigned int class = IOAS_RANGE_VALID; class < IOAS_RANGE_CLASSES; class ++) {
		if (!ranges_of(k, class))
			return false;
	}
	return areas(k) && users(k) && pins_of(k, -1, &k->s->pins) &&
	       charges(k, k->ms->charges, k->ms->ncharges, mirror_charge_first(k->s));
}

static bool context(struct compare *k)
{
	const struct mirror_ioas *s;
	size_t n = 0, have = 0;

	k->c = mirror_find_ctx(k->mirror, k->mc->id);
	if (!SAME("ctx is there", 1, k->c != NULL) ||
	    !SAME("ctx backend", k->mc->backend, k->c->backend) ||
	    !SAME("ctx adopted", 0, k->c->adopted) ||
	    !SAME("ctx owner known", 1, k->c->owner_known) ||
	    !SAME("ctx tgid", model_tgid(k->mc->who), k->c->tgid) ||
	    !SAME("ctx uid", model_uid(k->mc->who), k->c->uid) ||
	    !SAME("rlimit mode", k->mc->rlimit_mm, k->c->rlimit_mm) ||
	    !SAME("uncertain since", 0, k->c->uncertain_since))
		return false;
	for (unsigned int i = 0; i < MODEL_IOASES; i++) {
		k->ms = &k->mc->ioas[i];
		n += k->ms->id != 0;
		if (k->ms->id && !ioas(k))
			return false;
	}
	k->ms = NULL;
	for (s = mirror_ioas_first(k->c); s; s = mirror_ioas_next(s))
		have++;
	return SAME("ioases", n, have) && all_pages(k) &&
	       charges(k, k->mc->charges, k->mc->ncharges, mirror_ctx_charge_first(k->c));
}

bool model_compare(const struct model *m, const struct mirror *mirror, bool peaks, char *why,
		   size_t size)
{
	struct compare compare = {
		.m = m, .mirror = mirror, .peaks = peaks, .why = why, .size = size
	};
	struct compare *k = &compare;
	size_t n = 0;

	for (unsigned int i = 0; i < MODEL_CTXS; i++) {
		k->mc = &m->ctx[i];
		k->ms = NULL;
		n += k->mc->id != 0;
		if (k->mc->id && !context(k))
			return false;
	}
	k->mc = NULL;
	return SAME("contexts", n, mirror_stats(mirror)->contexts) &&
	       SAME("anomalies", 0, mirror_anomalies(mirror)->total) &&
	       SAME("refused", 0, mirror_stats(mirror)->refused) &&
	       SAME("pins dropped", 0, mirror_stats(mirror)->pins_dropped) &&
	       SAME("areas dropped", 0, mirror_stats(mirror)->areas_dropped);
}
