/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holes of a state, as text and as JSON (docs/event-schema.md). */
#ifndef IOASCOPE_VIEW_HOLES_H
#define IOASCOPE_VIEW_HOLES_H

#include <stdio.h>

#include "core/holes.h"

/*
 * Holes of the @kinds (bits of enum hole_kind) in IOAS @ioas, 0: in all. Returns
 * how many IOASes there were, or -ENOMEM.
 */
int holes_text(FILE *out, const struct state *s, __u32 ioas, unsigned int kinds);
int holes_json(FILE *out, const struct state *s, __u32 ioas, unsigned int kinds);

#endif
