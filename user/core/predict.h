/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a device could be attached to an IOAS as it is: what of its areas and
 * allowed ranges the device's reserved regions and aperture forbid, and what the
 * valid ranges would become. It answers as the kernel would, by the same checks in
 * the same order. It does not judge what comes after them: whether the pages can be
 * pinned and charged, and whether VFIO lets the device be opened at all.
 */
#ifndef IOASCOPE_CORE_PREDICT_H
#define IOASCOPE_CORE_PREDICT_H

#include "core/state.h"

/* The kernel's enum iommu_resv_type, by the names that sysfs has for it. */
enum predict_type {
	PREDICT_DIRECT,
	PREDICT_DIRECT_RELAXABLE,
	PREDICT_RESERVED,
	PREDICT_MSI, /* sysfs calls MSI and SW_MSI both "msi": no backend makes a difference here */
	PREDICT_TYPES,
};

struct predict_region {
	__u64 iova;
	__u64 last; /* inclusive */
	enum predict_type type;
};

/* What is known of a device. */
struct predict_device {
	char name[64]; /* of sysfs; empty: described by hand */
	__s64 group; /* IOMMU group; -1: not known */
	bool emulated; /* no IOMMU is behind it: its driver pins what it uses */
	bool shared; /* .regions are those of a group with more devices than this one */
	bool regions_known;
	const struct predict_region *regions;
	size_t nregions;
	bool aperture_known;
	bool aperture_width; /* .aperture is what the IOMMU can address, not what a domain says */
	__u64 aperture;
	__u64 aperture_last; /* inclusive */
	__u64 page_size; /* smallest that its IOMMU maps, bytes; 0: that of the CPU, 4096 */
};

enum predict_cause {
	PREDICT_BY_REGION, /* overlaps a reserved region */
	PREDICT_BY_APERTURE, /* outside the aperture */
	PREDICT_BY_ALIGNMENT, /* not aligned to the page size */
	PREDICT_BY_PAGE_SIZE, /* the IOMMU cannot map pages of the CPU */
	PREDICT_BY_NOTHING_LEFT, /* no valid address would be left */
	PREDICT_BY_VADDR, /* areas wait for their memory */
	PREDICT_BY_GROUP, /* another device of its group uses another IOAS */
	PREDICT_CAUSES,
};

/* One thing that stands in the way. */
struct predict_conflict {
	enum predict_cause cause;
	int err; /* the errno for it, > 0; 0: the IOMMU driver's own error */
	const struct state_area *area; /* NULL: no area */
	const struct state_range *allowed; /* NULL: no allowed range */
	const struct predict_region *region; /* BY_REGION, otherwise NULL */
};

enum predict_verdict {
	PREDICT_SUCCEEDS,
	PREDICT_FAILS,
	PREDICT_UNKNOWN, /* what is known does not forbid it, and too much is not known */
};

/* Why an answer may be wrong: bits. */
enum predict_doubt {
	PREDICT_DOUBT_UNCERTAIN = 1 << 0, /* events of the context were lost */
	PREDICT_DOUBT_AREAS = 1 << 1, /* not state_complete() */
	PREDICT_DOUBT_REGIONS = 1 << 2, /* reserved regions are not known */
	PREDICT_DOUBT_APERTURE = 1 << 3, /* the aperture is not known, and something is mapped */
	PREDICT_DOUBT_BACKEND = 1 << 4, /* not a backend whose rules are known */
	PREDICT_DOUBT_ALLOWED = 1 << 5, /* allowed ranges are not known; few programs set any */
	PREDICT_DOUBT_SHARED = 1 << 6, /* a region in the way may be that of its neighbour only */
	PREDICT_DOUBT_USERS = 1 << 7, /* who uses IOASes of the context is not known */
};

#define PREDICT_DOUBTS 8

struct predict_result {
	enum predict_verdict verdict;
	int err; /* FAILS: the first conflict's */
	/* With DOUBT_USERS these may be false or NULL because nobody tells. */
	bool attached; /* it uses the IOAS already: nothing would change */
	bool moves; /* it would be taken out of .held, in one step */
	const struct state_ctx *held_by; /* who uses its group now, if another IOAS does */
	const struct state_ioas *held;
	__u64 areas; /* conflicts that name one; one area may be in several */
	__u64 allowed;
	unsigned int doubts; /* PREDICT_DOUBT_* */
};

/* "direct", "direct-relaxable", "reserved", "msi", as sysfs says; and back (-EINVAL). */
const char *predict_type_name(unsigned int type);
int predict_type_from_name(const char *name);

/* "region", "aperture", ... */
const char *predict_cause_name(unsigned int cause);

/* "succeeds", "fails", "unknown" */
const char *predict_verdict_name(unsigned int verdict);

/* "uncertain", "areas", ... for one bit; for people: predict_doubt_words() */
const char *predict_doubt_name(unsigned int bit);
const char *predict_doubt_words(unsigned int bit);

/*
 * Whether a backend keeps areas out of a region: all but those of type
 * DIRECT_RELAXABLE (iopt_table_enforce_dev_resv_regions; vfio_iommu_resv_conflict).
 */
bool predict_enforced(const struct predict_region *r);

/* Called for each conflict in the order of the kernel's checks; other than 0 ends it. */
typedef int (*predict_fn)(const struct predict_conflict *c, void *arg);

/*
 * Would attaching @dev to @i of @c, in @s (finished), succeed? Fills *out, which
 * starts empty. @fn may be NULL. 0, -ENOMEM, or what @fn returned other than 0.
 * O(regions * log(areas) + areas + conflicts).
 */
int predict_attach(const struct state *s, const struct state_ctx *c, const struct state_ioas *i,
		   const struct predict_device *dev, predict_fn fn, void *arg,
		   struct predict_result *out);

/* Addresses that areas may have, by address, apart from each other. */
struct predict_ranges {
	struct state_range *range; /* only .iova and .last count */
	size_t n;
};

void predict_ranges_clear(struct predict_ranges *r);

#define _cleanup_predict_ranges_ __attribute__((cleanup(predict_ranges_clear)))

/*
 * The valid ranges as they are, of a finished state: 0 and *out, -ENODATA if not known,
 * -ENOMEM; *out is cleared. O(ranges).
 */
int predict_ranges_now(const struct state_ioas *i, struct predict_ranges *out);

/*
 * Takes out of *r what @dev forbids, as far as it is known. 0, or -ENOMEM with *r untouched.
 * O(ranges + regions * log(regions)).
 */
int predict_ranges_narrow(struct predict_ranges *r, const struct predict_device *dev);

/*
 * The aperture of a domain of iommufd, from what it has reserved in its IOAS
 * (iopt_table_add_domain): true and *first, *last if that is known.
 */
bool predict_domain_aperture(const struct state_ioas *i, __u32 domain, __u64 *first, __u64 *last);

#endif
