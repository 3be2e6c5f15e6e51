/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of the state maps: memory that areas share. */
#ifndef IOASCOPE_LIVE_MAPS_PAGES_H
#define IOASCOPE_LIVE_MAPS_PAGES_H

#include "live/maps.h"

/*
 * Reads the pages objects into the contexts of @s, whose areas are there already:
 * who shows them, what is pinned for each area, and who is charged. Of type1 there
 * are none. -ENOMEM.
 */
int maps_read_pages(const struct maps *m, struct state *s);

#endif
