/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of devices by their IOMMU group, as this machine has them now. */
#ifndef IOASCOPE_CLI_GROUPS_H
#define IOASCOPE_CLI_GROUPS_H

#include "core/explain.h"

/*
 * Gives a name to those in *x of whom only the group is known: of its first device.
 * For live runs only: a recording may be of another machine, or of another day.
 */
void groups_name(struct explanation *x);

#endif
