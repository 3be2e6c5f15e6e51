/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cannot be judged where a hook was not there to tell. */
#ifndef IOASCOPE_CLI_CHECK_HOOKS_H
#define IOASCOPE_CLI_CHECK_HOOKS_H

#include "core/recording.h"
#include "core/rules.h"
#include "live/instance.h"

/* The kernel functions in use, each once, into info->hooks and ->nhooks. */
void hooks_of_instance(const struct instance *i, struct recording_info *info);

/*
 * Turns the rules off that would be wrong without functions that are not among
 * info->hooks, and says so on standard error. Nothing if no hook is known.
 */
void hooks_turn_off(const struct recording_info *info, struct rule_policy *policy);

#endif
