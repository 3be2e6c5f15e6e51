// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults: the line that VT-d's driver logs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fault.h"

/* Moves behind `word` if the text begins with it. */
static bool skip(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len))
		return false;
	*at += len;
	return true;
}

/* A number in base 16, "0x" before it or not. */
static bool hex(const char **at, uint64_t most, uint64_t *value)
{
	char *end;
	uint64_t v;

	skip(at, "0x");
	if (!strchr("0123456789abcdefABCDEF", **at) || !**at)
		return false;
	errno = 0;
	v = strtoull(*at, &end, 16);
	if (errno || v > most)
		return false;
	*at = end;
	*value = v;
	return true;
}

/* "[DMA Read NO_PASID] ", "[DMA Write PASID 0x1] " */
static bool request(const char **at, struct ioas_fault_body *f)
{
	uint64_t pasid;

	if (skip(at, "[DMA Read "))
		f->access = IOAS_FAULT_READ;
	else if (skip(at, "[DMA Write "))
		f->access = IOAS_FAULT_WRITE;
	else
		return false;
	if (skip(at, "NO_PASID] "))
		return true;
	/* 20 bits by PCI's specification. */
	if (!skip(at, "PASID ") || !hex(at, 0xfffff, &pasid) || !skip(at, "] "))
		return false;
	f->pasid = (uint32_t)pasid;
	f->known |= IOAS_FAULT_HAS_PASID;
	return true;
}

/* "01:00.0" */
static bool function(const char **at, struct ioas_fault_body *f)
{
	uint64_t bus, device, number;

	if (!hex(at, 0xff, &bus) || !skip(at, ":") || !hex(at, 0x1f, &device) || !skip(at, ".") ||
	    !hex(at, 7, &number))
		return false;
	f->rid = (uint32_t)(bus << 8 | device << 3 | number);
	f->known |= IOAS_FAULT_HAS_RID;
	return true;
}

/* "Request device [01:00.0] ", of newer kernels "Request device [0000:01:00.0] " */
static bool requester(const char **at, struct ioas_fault_body *f)
{
	const char *behind;
	uint64_t segment;

	if (!skip(at, "Request device ["))
		return false;
	behind = *at;
	if (hex(&behind, 0xffff, &segment) && skip(&behind, ":") && function(&behind, f)) {
		f->segment = (uint32_t)segment;
		*at = behind;
		return skip(at, "] ");
	}
	return function(at, f) && skip(at, "] ");
}

/* "fault addr 0x1000 [fault reason 0x06] " and some words that only people read */
static bool address(const char **at, struct ioas_fault_body *f)
{
	uint64_t iova, reason;

	if (!skip(at, "fault addr ") || !hex(at, UINT64_MAX, &iova) ||
	    !skip(at, " [fault reason ") || !hex(at, 0xff, &reason) || !skip(at, "]"))
		return false;
	f->iova = iova;
	f->reason = (uint32_t)reason;
	f->known |= IOAS_FAULT_HAS_IOVA | IOAS_FAULT_HAS_REASON;
	return true;
}

int fault_parse(const char *text, struct ioas_fault_body *fault)
{
	struct ioas_fault_body f = *fault;

	skip(&text, "DMAR: ");
	if (!request(&text, &f) || !requester(&text, &f) || !address(&text, &f))
		return -EBADMSG;
	*fault = f;
	return 0;
}

void fault_pci_name(struct ioas_fault_body *f)
{
	snprintf(f->name, sizeof(f->name), "%04x:%02x:%02x.%x", f->segment & 0xffff,
		 f->rid >> 8 & 0xff, f->rid >> 3 & 0x1f, f->rid & 7);
}

/* By the VT-d specification, "Fault Conditions": what may be met with a working table. */
const char *fault_reason_name(const struct ioas_fault_body *fault)
{
	static const struct {
		uint32_t reason;
		const char *name;
	} names[] = {
		{ 0x01, "no root entry" },	     { 0x02, "device has no domain" },
		{ 0x03, "bad context entry" },	     { 0x04, "address too wide" },
		{ 0x05, "no write access" },	     { 0x06, "no read access" },
		{ 0x07, "bad page table" },	     { 0x0c, "bad page table entry" },
		{ 0x0d, "translation blocked" },     { 0x41, "device has no domain" },
		{ 0x59, "PASID has no domain" },     { 0x71, "not present" },
		{ 0x79, "no read or write access" }, { 0x80, "address not canonical" },
		{ 0x85, "no write access" },	     { 0x86, "no read access" },
	};

	if (fault->source != IOAS_FAULT_VTD || !(fault->known & IOAS_FAULT_HAS_REASON))
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].reason == fault->reason)
			return names[i].name;
	}
	return NULL;
}
