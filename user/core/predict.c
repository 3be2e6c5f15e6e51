// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/predict.h"

#include <errno.h>
#include <string.h>

#include "core/index.h"

#define CPU_PAGE 4096ULL

/* ---- names ---- */

static const char *const types[PREDICT_TYPES] = {
	[PREDICT_DIRECT] = "direct",
	[PREDICT_DIRECT_RELAXABLE] = "direct-relaxable",
	[PREDICT_RESERVED] = "reserved",
	[PREDICT_MSI] = "msi",
};

const char *predict_type_name(unsigned int type)
{
	return type < PREDICT_TYPES ? types[type] : "?";
}

int predict_type_from_name(const char *name)
{
	for (int t = 0; t < PREDICT_TYPES; t++) {
		if (!strcmp(name, types[t]))
			return t;
	}
	return -EINVAL;
}

const char *predict_cause_name(unsigned int cause)
{
	static const char *const names[PREDICT_CAUSES] = {
		[PREDICT_BY_REGION] = "region",
		[PREDICT_BY_APERTURE] = "aperture",
		[PREDICT_BY_ALIGNMENT] = "alignment",
		[PREDICT_BY_PAGE_SIZE] = "page-size",
		[PREDICT_BY_NOTHING_LEFT] = "nothing-left",
		[PREDICT_BY_VADDR] = "vaddr",
		[PREDICT_BY_GROUP] = "group",
	};

	return cause < PREDICT_CAUSES ? names[cause] : "?";
}

const char *predict_verdict_name(unsigned int verdict)
{
	static const char *const names[] = { "succeeds", "fails", "unknown" };

	return verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "?";
}

static const struct {
	const char *name;
	const char *words;
} doubts[PREDICT_DOUBTS] = {
	{ "uncertain", "events of this context were lost: areas may be missing or gone" },
	{ "areas",
	  "not all of its areas are known: it is older than the trace, has too many, or changed "
	  "while it was read" },
	{ "regions", "the reserved regions of the device are not known: give --reserved" },
	{ "aperture", "the aperture of the device's IOMMU is not known: give --aperture" },
	{ "backend", "the rules of this backend are not known" },
	{ "allowed",
	  "whether ranges are allowed in it (IOMMU_IOAS_ALLOW_IOVAS) is not known here" },
	{ "shared", "the regions are those of all devices of its group; iommufd asks for those of "
		    "the device only" },
	{ "users", "which devices use the IOASes of the context is not known: it may be attached "
		   "already, or its group in use by another IOAS" },
};

static unsigned int doubts_place(unsigned int bit)
{
	return bit ? (unsigned int)__builtin_ctz(bit) : PREDICT_DOUBTS;
}

const char *predict_doubt_name(unsigned int bit)
{
	unsigned int n = doubts_place(bit);

	return n < PREDICT_DOUBTS ? doubts[n].name : "?";
}

const char *predict_doubt_words(unsigned int bit)
{
	unsigned int n = doubts_place(bit);

	return n < PREDICT_DOUBTS ? doubts[n].words : "?";
}

bool predict_enforced(const struct predict_region *r)
{
	return r->type != PREDICT_DIRECT_RELAXABLE;
}

/* ---- what is in the way ---- */

struct walk {
	const struct state_ctx *ctx;
	const struct state_ioas *ioas;
	const struct predict_device *dev;
	predict_fn fn;
	void *arg;
	struct predict_result *out;
};

static int tell(struct walk *w, const struct predict_conflict *c)
{
	struct predict_result *r = w->out;

	if (r->verdict != PREDICT_FAILS)
		r->err = c->err;
	r->verdict = PREDICT_FAILS;
	r->areas += !!c->area;
	r->allowed += !!c->allowed;
	return w->fn ? w->fn(c, w->arg) : 0;
}

/* Areas and allowed ranges that reach into [first, last]. */
static int in_the_way(struct walk *w, struct predict_conflict c, __u64 first, __u64 last)
{
	const struct state_ioas *i = w->ioas;
	int rc;

	for (size_t n = index_areas_from(i, first); n < i->nareas; n++) {
		if (i->areas[n].iova > last)
			break;
		c.area = &i->areas[n];
		rc = tell(w, &c);
		if (rc)
			return rc;
	}
	c.area = NULL;
	for (size_t n = 0; n < i->nranges; n++) {
		const struct state_range *r = &i->ranges[n];

		if (r->class != IOAS_RANGE_ALLOWED || r->iova > last || r->last < first)
			continue;
		c.allowed = r;
		rc = tell(w, &c);
		if (rc)
			return rc;
	}
	return 0;
}

static int regions(struct walk *w, int err)
{
	const struct predict_device *d = w->dev;
	int rc = 0;

	for (size_t n = 0; n < d->nregions && !rc; n++) {
		const struct predict_region *r = &d->regions[n];
		struct predict_conflict c = { .cause = PREDICT_BY_REGION, .err = err, .region = r };

		if (predict_enforced(r))
			rc = in_the_way(w, c, r->iova, r->last);
	}
	return rc;
}

static int outside(struct walk *w, int err)
{
	const struct predict_device *d = w->dev;
	struct predict_conflict c = { .cause = PREDICT_BY_APERTURE, .err = err };
	int rc = 0;

	if (!d->aperture_known)
		return 0;
	if (d->aperture)
		rc = in_the_way(w, c, 0, d->aperture - 1);
	if (!rc && d->aperture_last != UINT64_MAX)
		rc = in_the_way(w, c, d->aperture_last + 1, UINT64_MAX);
	return rc;
}

/* ---- iommufd ---- */

/*
 * An IOAS without hardware maps at any byte; a domain wants whole pages of its own
 * (iopt_check_iova_alignment). The first domain brings the alignment with it, so
 * that under a second one nothing is left to find.
 */
static int misaligned(struct walk *w)
{
	const struct state_ioas *i = w->ioas;
	__u64 mask = (w->dev->page_size ?: CPU_PAGE) - 1;
	int rc = 0;

	for (size_t n = 0; n < i->nareas && !rc; n++) {
		const struct state_area *a = &i->areas[n];
		struct predict_conflict c = { .cause = PREDICT_BY_ALIGNMENT,
					      .err = EADDRINUSE,
					      .area = a };

		if ((a->iova | (a->last + 1) | a->va) & mask)
			rc = tell(w, &c);
	}
	return rc;
}

/*
 * VFIO_DEVICE_ATTACH_IOMMUFD_PT with the number of an IOAS, and the same through
 * VFIO's compatible interface. iommufd_device_auto_get_domain() tries the IOAS's
 * domains, then makes one: each way begins with iopt_table_enforce_dev_resv_regions(),
 * whose iopt_reserve_iova() refuses what is in the way of areas and of allowed
 * ranges; a new domain then has its alignment and aperture enforced by
 * iopt_table_add_domain(). A domain that is there already has done so, and a device
 * whose IOMMU addresses less than it does gets one of its own: so the aperture
 * counts either way. A device that is attached elsewhere is moved
 * (iommufd_group_do_replace_reserved_iova), with the same checks.
 */
static int attach_iommufd(struct walk *w)
{
	const struct predict_conflict too_large = { .cause = PREDICT_BY_PAGE_SIZE, .err = EINVAL };
	const struct predict_conflict elsewhere = { .cause = PREDICT_BY_GROUP, .err = EINVAL };
	int rc = 0;

	/* iommufd_hw_pagetable_attach(): a group has one page table. */
	if (w->out->held_by == w->ctx && !w->out->moves)
		rc = tell(w, &elsewhere);
	if (!rc && !w->dev->emulated)
		rc = regions(w, EADDRINUSE);
	if (!rc && w->dev->page_size > CPU_PAGE)
		rc = tell(w, &too_large);
	/* A mediated device that pins is an access: iopt_add_access() asks for that only. */
	if (!rc)
		rc = misaligned(w);
	if (!rc && !w->dev->emulated)
		rc = outside(w, EADDRINUSE);
	return rc;
}

/* ---- VFIO type1 ---- */

static bool any_hardware(const struct state_ioas *i)
{
	for (__u32 g = 0; g < i->ngroups; g++) {
		if (!i->groups[g].emulated)
			return true;
	}
	return false;
}

/*
 * vfio_iommu_aper_conflict() compares with the list of valid ranges. Where the list is
 * empty, or the domain says more than the hardware can do (VT-d's does, before the kernel
 * asks for one for the device), nothing is refused there: then vfio_iommu_replay() fails
 * with the error of the driver's map function.
 */
static int outside_type1(struct walk *w)
{
	return outside(w, any_hardware(w->ioas) && !w->dev->aperture_width ? EINVAL : 0);
}

/* vfio_iommu_aper_conflict(), vfio_iommu_resv_exclude(): not without any valid address. */
static int nothing_left(struct walk *w)
{
	_cleanup_predict_ranges_ struct predict_ranges r = {};
	const struct predict_conflict c = { .cause = PREDICT_BY_NOTHING_LEFT, .err = EINVAL };
	int err = predict_ranges_now(w->ioas, &r);

	if (!err)
		err = predict_ranges_narrow(&r, w->dev);
	if (err)
		return err == -ENODATA ? 0 : err;
	return r.n ? 0 : tell(w, &c);
}

/* vfio_iommu_type1_attach_group() */
static int attach_type1(struct walk *w)
{
	const struct predict_conflict waits = { .cause = PREDICT_BY_VADDR, .err = EBUSY };
	int rc = 0;

	if (w->ioas->vaddr_invalid)
		rc = tell(w, &waits);
	if (rc || w->dev->emulated)
		return rc;
	rc = outside_type1(w);
	if (!rc)
		rc = regions(w, EINVAL);
	if (!rc)
		rc = nothing_left(w);
	return rc;
}

/* ---- who uses it now ---- */

/* 1: the device itself, or its group where only groups are told; 2: its neighbour; 0: neither. */
static int uses(const struct state_ioas *i, const struct predict_device *dev)
{
	int found = 0;

	for (size_t n = 0; n < i->ndevices; n++) {
		const struct state_device *d = &i->devices[n];

		if (dev->name[0] && !strncmp(d->name, dev->name, sizeof(d->name)))
			return 1;
		if (dev->group >= 0 && d->group == dev->group)
			found = 2;
	}
	for (__u32 g = 0; !i->users_known && g < i->ngroups; g++) {
		if (dev->group >= 0 && i->groups[g].id == dev->group)
			return 1;
	}
	return found;
}

static bool is_fd(const struct state_ioas *i)
{
	return i->backend == IOAS_BACKEND_IOMMUFD || i->backend == IOAS_BACKEND_COMPAT;
}

/* A running trace keeps no devices of iommufd; type1 tells its groups everywhere. */
static bool users_unknown(const struct state_ctx *c)
{
	for (size_t n = 0; n < c->nioases; n++) {
		if (is_fd(&c->ioases[n]) && !c->ioases[n].users_known)
			return true;
	}
	return false;
}

static void find_users(const struct state *s, struct walk *w)
{
	w->out->attached = uses(w->ioas, w->dev) == 1;
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t n = 0; n < s->ctxs[c].nioases; n++) {
			const struct state_ioas *i = &s->ctxs[c].ioases[n];
			int how = i == w->ioas ? 0 : uses(i, w->dev);

			if (!how)
				continue;
			w->out->held = i;
			w->out->held_by = &s->ctxs[c];
			w->out->moves = how == 1 && &s->ctxs[c] == w->ctx && i->users_known;
			if (how == 1)
				return;
		}
	}
}

/* ---- the answer ---- */

static unsigned int find_doubts(const struct walk *w, bool fd)
{
	const struct predict_device *d = w->dev;
	const struct state_ioas *i = w->ioas;
	unsigned int bits = 0;

	if (w->ctx->uncertain_ns)
		bits |= PREDICT_DOUBT_UNCERTAIN;
	if (users_unknown(w->ctx))
		bits |= PREDICT_DOUBT_USERS;
	if (!state_complete(i))
		bits |= PREDICT_DOUBT_AREAS;
	if (fd && !i->ranges_known)
		bits |= PREDICT_DOUBT_ALLOWED;
	if (d->emulated)
		return bits;
	if (!d->regions_known)
		bits |= PREDICT_DOUBT_REGIONS;
	if (!d->aperture_known && (i->nareas || i->nranges))
		bits |= PREDICT_DOUBT_APERTURE;
	/* Type1 takes the regions of the whole group: iommu_get_group_resv_regions(). */
	if (fd && d->shared)
		bits |= PREDICT_DOUBT_SHARED;
	return bits;
}

/* What is not known makes an answer unknown, unless what is known forbids it. */
static void settle(struct predict_result *r)
{
	const unsigned int heavy = PREDICT_DOUBT_AREAS | PREDICT_DOUBT_REGIONS |
				   PREDICT_DOUBT_APERTURE | PREDICT_DOUBT_BACKEND |
				   PREDICT_DOUBT_USERS;

	if (r->doubts & PREDICT_DOUBT_UNCERTAIN ||
	    (r->verdict == PREDICT_SUCCEEDS && r->doubts & heavy))
		r->verdict = PREDICT_UNKNOWN;
	if (r->verdict != PREDICT_FAILS)
		r->doubts &= ~PREDICT_DOUBT_SHARED;
}

int predict_attach(const struct state *s, const struct state_ctx *c, const struct state_ioas *i,
		   const struct predict_device *dev, predict_fn fn, void *arg,
		   struct predict_result *out)
{
	struct walk w = { c, i, dev, fn, arg, out };
	bool fd = is_fd(i);
	int rc = 0;

	*out = (struct predict_result){};
	find_users(s, &w);
	if (out->attached)
		return 0;
	out->doubts = find_doubts(&w, fd);
	if (fd)
		rc = attach_iommufd(&w);
	else if (i->backend == IOAS_BACKEND_TYPE1)
		rc = attach_type1(&w);
	else
		out->doubts |= PREDICT_DOUBT_BACKEND;
	settle(out);
	return rc;
}
