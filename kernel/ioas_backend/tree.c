// SPDX-License-Identifier: GPL-2.0
#include "ioasb.h"

#define START(node) ((node)->start)
#define LAST(node) ((node)->last)
#define FIRST_PAGE(node) ((node)->first_page)
#define LAST_PAGE(node) ((node)->last_page)

INTERVAL_TREE_DEFINE(struct ioasb_area, rb, unsigned long, subtree_last, START, LAST, /* extern */,
		     ioasb_areas)
INTERVAL_TREE_DEFINE(struct ioasb_user, rb, unsigned long, subtree_last, FIRST_PAGE, LAST_PAGE,
		     /* extern */, ioasb_users)
INTERVAL_TREE_DEFINE(struct ioasb_pin, rb, unsigned long, subtree_last, START, LAST, /* extern */,
		     ioasb_pins)
INTERVAL_TREE_DEFINE(struct ioasb_range, rb, unsigned long, subtree_last, START, LAST, /* extern */,
		     ioasb_ranges)
