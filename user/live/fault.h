/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults as they come from the programs, made whole with what user space can ask. */
#ifndef IOASCOPE_LIVE_FAULT_H
#define IOASCOPE_LIVE_FAULT_H

#include <ioascope/event.h>
#include <stddef.h>

/*
 * Copies the fault in `record`, of which `size` bytes were handed over and which
 * has passed ioas_event_check(), to *ev. Reads the kernel's line behind it if there
 * is one, and asks sysfs for the device's name and its IOMMU group. What cannot be
 * found out stays unknown.
 */
void live_fault(const struct ioas_event *record, size_t size, struct ioas_event *ev);

#endif
