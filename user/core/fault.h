/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults: what the kernel's line about one says, whose device it was, and what is
 * known of the address that was refused.
 */
#ifndef CORE_FAULT_H
#define CORE_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/history.h"
#include "core/mirror.h"
#include "ioascope/event.h"

/*
 * Reads a line of VT-d's driver (drivers/iommu/intel/dmar.c: dmar_fault_do_one()),
 * terminated, with or without its "DMAR: ", into the fields of *fault that it tells:
 * .iova, .access, .reason, .pasid, .rid, .segment (7.x: older kernels do not print it), .known.
 * 0, or -EBADMSG with *fault untouched.
 */
int fault_parse(const char *text, struct ioas_fault_body *fault);

/* The name that Linux gives a PCI device, from .segment and .rid. */
void fault_pci_name(struct ioas_fault_body *fault);

/* What a code of VT-d means, in a few words; NULL: not known. Static. */
const char *fault_reason_name(const struct ioas_fault_body *fault);

/*
 * Finds the device in the mirror, by its name, or where that is not known there by
 * its IOMMU group, and fills in .ctx, .ioas, .backend and the body's .object and
 * .domain. What is filled in already stays. A request with a PASID may be for
 * another IOAS than that of its device: then only .ctx is filled in. Whether it was found.
 */
bool fault_place(const struct mirror *m, struct ioas_event *ev);

/* What is known of the address of a fault, at the place of the event in the stream. */
struct fault_story {
	bool placed; /* its IOAS is known; without it nothing of the rest */
	bool certain; /* all that is mapped there is known */
	bool mapped;
	uint32_t prot; /* of the area, if .mapped */
	bool was_mapped; /* not now, but it was: the rest holds */
	uint64_t ago_ns; /* since it was unmapped */
	uint32_t tgid; /* by whom */
	uint32_t tid;
	char comm[IOAS_COMM_LEN]; /* terminated */
};

/* Of a fault with an address (IOAS_FAULT_HAS_IOVA). @h, of what went, may be NULL. */
void fault_explain(const struct mirror *m, const struct history *h, const struct ioas_event *ev,
		   struct fault_story *out);

/* Whether the area at the address allows what the device wanted. */
bool fault_allowed(const struct ioas_event *ev, const struct fault_story *story);

#endif
