/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of the state maps: who uses an IOAS of the bundled backend, and its ranges. */
#ifndef IOASCOPE_LIVE_MAPS_PARTS_H
#define IOASCOPE_LIVE_MAPS_PARTS_H

#include "live/maps.h"

/*
 * Reads users and ranges into the IOASes of @s, which are there already. Those of other backends
 * are kept in no map, and stay not known. Where some of it changes meanwhile, that may be missing.
 * -ENOMEM.
 */
int maps_read_parts(const struct maps *m, struct state *s);

#endif
