/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What blame.c and blame_around.c share. Not for others. */
#ifndef CORE_BLAME_IMPL_H
#define CORE_BLAME_IMPL_H

#include "core/blame.h"

struct judge {
	const struct blame_view *v;
	const struct ioas_event *fault; /* NULL: of no device */
	bool refused; /* otherwise it is only asked about */
	const struct mirror_ioas *ioas; /* NULL: gone, or none */
	struct blame *out;
};

/* Areas on both sides of the address, in its IOAS, which must be there. */
void blame_look_beside(struct judge *j);

/* Other IOASes that have it mapped, and whether the same program certainly has. */
void blame_look_elsewhere(struct judge *j);
bool blame_in_other(const struct blame *b);

/* Whether nothing can be mapped there; who has reserved it is put down. The IOAS must be there. */
bool blame_is_reserved(struct judge *j);

#endif
