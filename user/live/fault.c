// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/fault.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/fault.h"

/* The kernel's line, if the record has one. */
static void read_text(const struct ioas_event *record, size_t size, struct ioas_event *ev)
{
	const struct ioas_fault_record *r = (const void *)record;
	char text[IOAS_FAULT_TEXT];

	if (size < sizeof(*r) || record->len < sizeof(*r))
		return;
	memcpy(text, r->text, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	fault_parse(text, &ev->body_fault);
}

/* The number at the end of the link that a PCI device has to its group. */
static bool read_group(const char *name, __u32 *group)
{
	char path[96], target[256], *number, *end;
	unsigned long n;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.23s/iommu_group", name);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return false;
	target[len] = '\0';
	number = strrchr(target, '/');
	if (!number++)
		return false;
	n = strtoul(number, &end, 10);
	if (end == number || *end)
		return false;
	*group = n;
	return true;
}

/* "0000:01:00.0", as the kernel names PCI devices; others have no requester that we know. */
static void read_name(struct ioas_fault_body *f)
{
	unsigned int segment, bus, device, function;

	if (sscanf(f->name, "%x:%x:%x.%x", &segment, &bus, &device, &function) != 4 || bus > 0xff ||
	    device > 0x1f || function > 7)
		return;
	f->segment = segment;
	f->rid = bus << 8 | device << 3 | function;
	f->known |= IOAS_FAULT_HAS_RID;
}

void live_fault(const struct ioas_event *record, size_t size, struct ioas_event *ev)
{
	struct ioas_fault_body *f = &ev->body_fault;

	*ev = *record;
	ev->len = sizeof(*ev);
	read_text(record, size, ev);
	if (f->name[0])
		read_name(f);
	else if (f->known & IOAS_FAULT_HAS_RID)
		fault_pci_name(f);
	if (f->name[0] && read_group(f->name, &f->group))
		f->known |= IOAS_FAULT_HAS_GROUP;
}
