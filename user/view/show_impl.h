/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of 'show' share. Not for others. */
#ifndef IOASCOPE_VIEW_SHOW_IMPL_H
#define IOASCOPE_VIEW_SHOW_IMPL_H

#include "view/show.h"

/* Whether the filter lets through: an IOAS; a context, for itself or an IOAS of it; an area. */
bool show_wants_ioas(const struct show_filter *f, const struct state_ctx *c,
		     const struct state_ioas *i);
bool show_wants_ctx(const struct show_filter *f, const struct state_ctx *c);
bool show_wants_area(const struct show_filter *f, const struct state_area *a);

/*
 * Numbers of the pages objects that the wanted areas of a context show, in
 * order, to be freed. NULL with *n 0: all are wanted, or there is no memory.
 */
__u32 *show_wanted_pages(const struct show_filter *f, const struct state_ctx *c, size_t *n);
bool show_wants_pages(const __u32 *ids, size_t n, __u32 id);

/* The tables: of areas, areas merged, how finely clients pin, pages objects. */
int show_areas_table(FILE *out, const struct state_ioas *i, const struct show_filter *f);
int show_merged_table(FILE *out, const struct state_ioas *i, const struct show_filter *f);
int show_histogram_text(FILE *out, const struct state_ioas *i);
int show_pages_table(FILE *out, const struct state_ctx *c, const struct show_filter *f);

/* Lines of who uses an IOAS, and of its ranges, as far as it is known. */
void show_users_text(FILE *out, const struct state_ioas *i);

/* Lines of what is stale, at the time of the picture; and the same as JSON. */
void show_stale_text(FILE *out, const struct state *s, const struct state_ioas *i);
void show_stale_json(struct json *j, const struct state_ioas *i);

/* Lines "charged to ..." */
void show_charges_text(FILE *out, const struct state_charge *c, size_t n);

#endif
