/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two forms of 'diff' share. Not for others. */
#ifndef IOASCOPE_VIEW_DIFF_IMPL_H
#define IOASCOPE_VIEW_DIFF_IMPL_H

#include "view/diff.h"

/* The word for one DIFF_* of an area. */
const char *diff_change_name(unsigned int bit);

/* What counts in pair @n. */
unsigned int diff_what(const struct diff_view *v, size_t n);

#endif
