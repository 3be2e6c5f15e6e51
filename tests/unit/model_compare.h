/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_MODEL_COMPARE_H
#define TESTS_MODEL_COMPARE_H

#include "core/mirror.h"
#include "model.h"

/*
 * Whether a mirror holds what the model holds, seen through the mirror's public
 * functions only; `why` (of `size` bytes) says the first difference. `peaks`:
 * the highest charges as well, which depend on how two tasks were mixed.
 */
bool model_compare(const struct model *m, const struct mirror *mirror, bool peaks, char *why,
		   size_t size);

#endif
