/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a list of operations that fails as short as it can be. */
#ifndef TESTS_SHRINK_H
#define TESTS_SHRINK_H

#include "model.h"

/* Whether a list of operations still shows the failure. */
typedef bool (*shrink_fails)(const struct model_op *ops, size_t n, void *arg);

/*
 * Leaves out of `ops`, which fails, what is not needed, until it fails without no
 * single one of those left; then makes what is left simpler. Returns how many
 * are left, in place.
 */
size_t shrink(struct model_op *ops, size_t n, shrink_fails fails, void *arg);

#endif
