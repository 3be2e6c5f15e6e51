/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of devices by their IOMMU group, as this machine has them now. */
#ifndef IOASCOPE_CLI_GROUPS_H
#define IOASCOPE_CLI_GROUPS_H

#include "core/explain.h"

/*
 * Gives a name to those in *x of whom only the group is known, if it has one device only.
 * For live runs only: a recording may be of another machine, or of another day. @sysfs is
 * where sysfs is mounted; NULL: /sys.
 */
void groups_name(struct explanation *x, const char *sysfs);

#endif
