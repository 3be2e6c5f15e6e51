// SPDX-License-Identifier: GPL-2.0
/* The trees themselves are static: newer kernels' macro has a function more than older ones'. */
#include "ioasb.h"

#define START(node) ((node)->start)
#define LAST(node) ((node)->last)
#define FIRST_PAGE(node) ((node)->first_page)
#define LAST_PAGE(node) ((node)->last_page)

INTERVAL_TREE_DEFINE(struct ioasb_area, rb, unsigned long, subtree_last, START, LAST, static, areas)
INTERVAL_TREE_DEFINE(struct ioasb_user, rb, unsigned long, subtree_last, FIRST_PAGE, LAST_PAGE,
		     static, users)
INTERVAL_TREE_DEFINE(struct ioasb_range, rb, unsigned long, subtree_last, START, LAST, static,
		     ranges)

#define EXPORT_TREE(name, type)                                                                    \
	void ioasb_##name##_insert(struct type *node, struct rb_root_cached *root)                 \
	{                                                                                          \
		name##_insert(node, root);                                                         \
	}                                                                                          \
	void ioasb_##name##_remove(struct type *node, struct rb_root_cached *root)                 \
	{                                                                                          \
		name##_remove(node, root);                                                         \
	}                                                                                          \
	struct type *ioasb_##name##_iter_first(struct rb_root_cached *root, unsigned long start,   \
					       unsigned long last)                                 \
	{                                                                                          \
		return name##_iter_first(root, start, last);                                       \
	}                                                                                          \
	struct type *ioasb_##name##_iter_next(struct type *node, unsigned long start,              \
					      unsigned long last)                                  \
	{                                                                                          \
		return name##_iter_next(node, start, last);                                        \
	}                                                                                          \
	static_assert(sizeof(struct type))

EXPORT_TREE(areas, ioasb_area);
EXPORT_TREE(users, ioasb_user);
EXPORT_TREE(ranges, ioasb_range);
