// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why MAP and COPY fail. The kernel's checks in its order, until one does not hold:
 *
 *   type1: vfio_dma_do_map() (drivers/vfio/vfio_iommu_type1.c): protection, size
 *     and alignment, wrap, overlap (EEXIST), dma_avail (ENOSPC),
 *     vfio_iommu_iova_dma_valid(), all others EINVAL; then vfio_pin_map_dma().
 *   iommufd: iommufd_ioas_map(), iommufd_ioas_copy() (ioas.c): flags, values that
 *     cannot be, protection, the IOAS; iopt_alloc_pages() (pages.c);
 *     iopt_get_pages() for the source; iopt_alloc_area_pages(), iopt_check_iova(),
 *     iopt_alloc_iova(), iopt_insert_area() (io_pagetable.c); then
 *     iopt_area_fill_domains() (pages.c). The compat container uses the same from
 *     iopt_alloc_pages() on: iommufd_vfio_map_dma() (vfio_compat.c) looks at the flags,
 *     and asks for no protection; an IOMMU driver may.
 */
#include <errno.h>

#include "core/explain_impl.h"

static bool is_type1(const struct explain_at *at)
{
	return at->ev->backend == IOAS_BACKEND_TYPE1;
}

/* The container's ioctl always names an address. */
static bool is_fixed(const struct explain_at *at)
{
	return (at->ev->flags & IOAS_F_FIXED) || is_type1(at) ||
	       at->ev->backend == IOAS_BACKEND_COMPAT;
}

static void sure_part(struct explain_at *at, enum explain_what what, const char *part,
		      uint64_t bytes)
{
	struct explain_reason *r = explain_sure(at, what);

	r->part = part;
	r->bytes = bytes;
}

/* Which argument is not a multiple; NULL: all are. The VA only has to be for type1. */
static const char *misaligned(const struct explain_at *at, uint64_t alignment)
{
	const struct ioas_op_body *op = &at->ev->body_op;
	uint64_t mask = alignment - 1;

	if (op->size & mask)
		return "size";
	if (is_fixed(at) && (op->iova & mask))
		return "iova";
	if (op->what == IOAS_OP_MAP && (op->va & mask))
		return "va";
	return NULL;
}

/* VFIO_DMA_MAP_FLAG_READ and _WRITE is all that the compat container knows. */
static bool unknown_flag(const struct explain_at *at)
{
	const uint32_t known = IOAS_PROT_READ | IOAS_PROT_WRITE;

	return at->ev->backend == IOAS_BACKEND_COMPAT && (at->ev->body_op.uapi_flags & ~known);
}

/* What does not depend on what is mapped. True: that was it. */
static bool bad_arguments(struct explain_at *at)
{
	const struct ioas_op_body *op = &at->ev->body_op;
	uint64_t alignment = explain_alignment(at->ioas, at->ev->backend);
	const char *part;

	if (unknown_flag(at))
		return explain_sure(at, EXPLAIN_ARGUMENT);
	if (!op->prot && at->ev->backend != IOAS_BACKEND_COMPAT)
		return explain_sure(at, EXPLAIN_NO_PROT);
	if (!op->size)
		return explain_sure(at, EXPLAIN_NO_SIZE);
	part = alignment ? misaligned(at, alignment) : NULL;
	if (!part)
		return false;
	sure_part(at, EXPLAIN_MISALIGNED, part, alignment);
	return true;
}

/* Which range goes beyond the last address; NULL: none. */
static const char *wraps(const struct explain_at *at)
{
	const struct ioas_op_body *op = &at->ev->body_op;

	if (is_fixed(at) && op->iova + (op->size - 1) < op->iova)
		return "iova";
	if (op->va + (op->size - 1) < op->va)
		return op->what == IOAS_OP_COPY ? "source_iova" : "va";
	/* iommufd takes none of these: they are not numbers of bytes in an address space. */
	return op->size == UINT64_MAX ? "size" : op->iova == UINT64_MAX ? "iova" : NULL;
}

/* ---- where areas may not be ---- */

/* True: something is reserved there. */
static bool reserved(struct explain_at *at, struct check_range asked)
{
	const struct mirror_range *range =
		mirror_range_first_in(at->ioas, IOAS_RANGE_RESERVED, asked.iova, asked.last);
	struct explain_reason *r;
	struct explain_user user;

	if (!range)
		return false;
	user = explain_user_of(at->ioas, range->owner);
	r = explain_sure(at, user.domain ? EXPLAIN_APERTURE : EXPLAIN_RESERVED);
	r->user = user;
	r->range = user.domain ? explain_aperture(at->ioas, user.id)
			       : (struct check_range){ range->node.start, range->node.last };
	return true;
}

/* True: there are valid ranges, and none holds all of it. */
static bool outside(struct explain_at *at, struct check_range asked)
{
	const struct mirror_range *range =
		mirror_range_first_in(at->ioas, IOAS_RANGE_VALID, asked.iova, asked.iova);

	if (!mirror_range_count(at->ioas, IOAS_RANGE_VALID) ||
	    (range && range->node.last >= asked.last))
		return false;
	explain_set_valid(at, explain_sure(at, EXPLAIN_OUTSIDE), asked.iova);
	return true;
}

/* -EINVAL and -EOVERFLOW. */
static void explain_invalid(struct explain_at *at)
{
	static const enum explain_what maybe[] = { EXPLAIN_MISALIGNED, EXPLAIN_RESERVED,
						   EXPLAIN_REFUSED_BY_DRIVER, EXPLAIN_ARGUMENT,
						   EXPLAIN_NONE };
	static const enum explain_what maybe_type1[] = { EXPLAIN_MISALIGNED, EXPLAIN_OUTSIDE,
							 EXPLAIN_REFUSED_BY_DRIVER,
							 EXPLAIN_ARGUMENT, EXPLAIN_NONE };
	struct check_range asked;
	const char *part;

	/* iommufd has an errno of its own for what goes beyond the last address. */
	if (at->ev->body_op.result == -EINVAL && bad_arguments(at))
		return;
	part = wraps(at);
	if (part) {
		sure_part(at, EXPLAIN_WRAPS, part, 0);
		return;
	}
	if (at->ev->body_op.result == -EOVERFLOW) {
		explain_add(at, EXPLAIN_WRAPS);
		return;
	}
	asked = (struct check_range){ at->ev->body_op.iova,
				      at->ev->body_op.iova + (at->ev->body_op.size - 1) };
	if (at->ioas && is_fixed(at) && (reserved(at, asked) || outside(at, asked)))
		return;
	explain_maybe(at, is_type1(at) ? maybe_type1 : maybe);
}

/* Set aside for a map that names it (bundled, check_claim() in kernel/ioas_backend/iova.c). */
static void explain_claimed(struct explain_at *at)
{
	const struct mirror_range *range = NULL;
	struct check_range asked;

	if (at->ioas && !check_asked(at->ev, &asked))
		range = mirror_range_first_in(at->ioas, IOAS_RANGE_CLAIMED, asked.iova, asked.last);
	if (range)
		explain_sure(at, EXPLAIN_RESERVED)->range =
			(struct check_range){ range->node.start, range->node.last };
	else
		explain_add(at, EXPLAIN_RESERVED);
}

/* ---- overlap, room, source ---- */

static void explain_overlap(struct explain_at *at)
{
	const struct mirror_area *area = NULL;
	struct check_range asked;

	if (at->ioas && !check_asked(at->ev, &asked))
		area = mirror_area_first_in(at->ioas, asked.iova, asked.last);
	if (area)
		explain_set_area(at, explain_sure(at, EXPLAIN_OVERLAP), area);
	else
		explain_add(at, EXPLAIN_OVERLAP);
}

static void explain_no_space(struct explain_at *at)
{
	struct explain_reason *r;

	if (is_type1(at)) {
		explain_sure(at, EXPLAIN_ENTRIES)->bytes =
			at->ioas ? mirror_area_count(at->ioas) : 0;
		return;
	}
	r = explain_sure(at, EXPLAIN_NO_ROOM);
	r->bytes = at->ev->body_op.size;
	explain_set_valid(at, r, 0);
}

/* The first address in [iova, last] that no area has. O(areas there). */
static bool first_hole(const struct mirror_ioas *ioas, struct check_range in, uint64_t *hole)
{
	const struct mirror_area *area = mirror_area_first_in(ioas, in.iova, in.last);
	uint64_t next = in.iova;

	for (; area && area->node.start <= next; area = mirror_area_next(area)) {
		if (area->node.last >= in.last)
			return false;
		next = area->node.last + 1;
	}
	*hole = next;
	return true;
}

/* COPY, iopt_get_pages(): the source must be mapped without a hole. */
static void explain_no_source(struct explain_at *at)
{
	static const enum explain_what maybe[] = { EXPLAIN_NO_OBJECT, EXPLAIN_HOLE, EXPLAIN_NONE };
	const struct ioas_op_body *op = &at->ev->body_op;
	const struct mirror_ioas *source =
		op->what == IOAS_OP_COPY && op->group ? mirror_find_ioas(at->m, op->group) : NULL;
	struct check_range in = { op->va, op->va + (op->size - 1) };
	uint64_t hole;

	if (op->what != IOAS_OP_COPY || (!at->ioas && source) || (at->ioas && !source)) {
		explain_no_object(at);
	} else if (source && !source->adopted && first_hole(source, in, &hole)) {
		explain_sure(at, EXPLAIN_HOLE)->range = (struct check_range){ hole, in.last };
	} else {
		explain_maybe(at, maybe);
	}
}

/* COPY, iopt_insert_area(): of memory that is to be read only, no writable area. */
static void explain_read_only(struct explain_at *at)
{
	const struct ioas_op_body *op = &at->ev->body_op;
	const struct mirror_ioas *source = op->group ? mirror_find_ioas(at->m, op->group) : NULL;
	struct check_range in = { op->va, op->va + (op->size - 1) };
	const struct mirror_area *area = NULL;

	if (op->what == IOAS_OP_COPY && (op->prot & IOAS_PROT_WRITE) && source && op->size)
		area = mirror_area_first_in(source, in.iova, in.last);
	for (; area; area = mirror_area_next_in(area, in.iova, in.last)) {
		if (!mirror_area_pages(area) || mirror_area_pages(area)->writable)
			continue;
		explain_set_area(at, explain_sure(at, EXPLAIN_READ_ONLY), area);
		return;
	}
	explain_add(at, EXPLAIN_READ_ONLY);
}

void explain_map(struct explain_at *at)
{
	static const enum explain_what other[] = { EXPLAIN_REFUSED_BY_DRIVER, EXPLAIN_NONE };

	if (check_is_vaddr(at->ev)) {
		explain_add(at, EXPLAIN_VADDR);
		return;
	}
	if (at->ev->flags & IOAS_F_ARGS_UNREAD) {
		explain_add(at, EXPLAIN_ARGUMENT);
		return;
	}
	switch (at->ev->body_op.result) {
	case -EEXIST:
		explain_overlap(at);
		break;
	case -EADDRINUSE:
		explain_claimed(at);
		break;
	case -EINVAL:
	case -EOVERFLOW:
		explain_invalid(at);
		break;
	case -ENOSPC:
		explain_no_space(at);
		break;
	case -ENOENT:
		explain_no_source(at);
		break;
	case -EPERM:
		explain_read_only(at);
		break;
	case -EOPNOTSUPP:
		explain_add(at, EXPLAIN_ARGUMENT);
		break;
	case -ENODEV:
		explain_no_compat(at);
		break;
	default:
		if (!explain_pinning(at))
			explain_maybe(at, other);
	}
}

/* ---- pins of clients ---- */

/* The first area that does not allow what is asked; NULL: there is none. */
static const struct mirror_area *forbidding(const struct mirror_ioas *ioas, struct check_range in,
					    uint32_t prot)
{
	const struct mirror_area *area = mirror_area_first_in(ioas, in.iova, in.last);

	while (area && (area->prot & prot) == prot)
		area = mirror_area_next_in(area, in.iova, in.last);
	return area;
}

/*
 * vfio_iommu_type1_pin_pages(), iommufd_access_pin_pages() (device.c). Type1 says EINVAL
 * for what is not mapped, iommufd ENOENT, and EINVAL for what is being unmapped.
 */
void explain_client(struct explain_at *at)
{
	static const enum explain_what maybe[] = { EXPLAIN_HOLE, EXPLAIN_BUSY, EXPLAIN_MISALIGNED,
						   EXPLAIN_NONE };
	int64_t result = at->ev->body_op.result;
	const struct mirror_area *area;
	struct check_range in;
	uint64_t hole;

	if (explain_pinning(at))
		return;
	if (result == -EACCES) {
		explain_sure(at, EXPLAIN_MODE);
	} else if (result == -EBUSY) {
		explain_add(at, EXPLAIN_VADDR);
	} else if (!at->ioas || check_asked(at->ev, &in)) {
		explain_maybe(at, maybe);
	} else if (result == -EPERM) {
		area = forbidding(at->ioas, in, at->ev->body_op.prot);
		if (area)
			explain_set_area(at, explain_sure(at, EXPLAIN_READ_ONLY), area);
		else
			explain_add(at, EXPLAIN_READ_ONLY);
	} else if (!at->ioas->adopted && first_hole(at->ioas, in, &hole)) {
		explain_sure(at, EXPLAIN_HOLE)->range = (struct check_range){ hole, in.last };
	} else {
		explain_maybe(at, maybe);
	}
}
