/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the model share; for none else. */
#ifndef TESTS_MODEL_IMPL_H
#define TESTS_MODEL_IMPL_H

#include "model.h"

/* An operation on its way. */
struct model_at {
	struct model *m;
	struct model_ctx *c;
	struct model_ioas *s; /* NULL: of the context */
	const struct model_op *asked;
	struct ioas_event op; /* its own event, told at its end; .op 0: none */
	/* type1: charged to one process and not yet told */
	int64_t charge;
	uint8_t charged;
};

static inline uint64_t model_pages_in(uint64_t iova, uint64_t last)
{
	return ((last - iova) >> 12) + 1;
}

static inline bool model_meet(uint64_t a, uint64_t a_last, uint64_t b, uint64_t b_last)
{
	return a <= b_last && b <= a_last;
}

/* Whether [iova, iova + size - 1] is a range of whole pages; `last` is set if so. */
bool model_range_is(uint64_t iova, uint64_t size, uint64_t *last);

/* ---- model.c: numbers, events, plain lists ---- */

uint32_t model_id(struct model *m);

/* Adds an event of the operation. Valid until the next one is added. */
struct ioas_event *model_tell(struct model_at *at, unsigned int kind);

/* Begins an op in `at` (a copy of an outer one, if it is nested), and ends it with its event. */
void model_begin(struct model_at *at, unsigned int what);
void model_end(struct model_at *at, int64_t result, unsigned int flags);

/* The areas of an IOAS, in order. */
struct model_area *model_area_put(struct model_ioas *s, const struct model_area *area);
void model_area_cut(struct model_ioas *s, size_t i);
size_t model_area_in(const struct model_ioas *s, uint64_t iova, uint64_t last); /* or .nareas */

/* Whether a program may believe that something there is unmapped; a sane one does not map. */
bool model_stale_in(const struct model_ioas *s, uint64_t iova, uint64_t last);

void model_range_put(struct model_ioas *s, struct model_range range);
bool model_range_in(const struct model_ioas *s, unsigned int class, uint64_t iova, uint64_t last);
void model_tell_range(struct model_at *at, unsigned int kind, struct model_range range);
void model_clear_ranges(struct model_at *at, unsigned int class, uint32_t owner);

void model_charge_list(struct model_charge *list, size_t *count, uint32_t owner, uint32_t counter,
		       uint8_t who, int64_t pages);
/* Our number of who is charged by a counter. */
uint32_t model_owner(struct model *m, unsigned int counter, unsigned int who);

/* Sets of page ranges: how many different pages are in them. */
struct model_spans {
	struct model_range *at;
	size_t count;
	size_t room;
};

void model_span(struct model_spans *spans, uint64_t first, uint64_t last);
uint64_t model_spans_sum(struct model_spans *spans); /* frees it */

/* Different pages in [iova, last] that clients hold. */
int64_t model_pinned_in(const struct model_ioas *s, uint64_t iova, uint64_t last);

/* ---- type1 ---- */

void model_t1(struct model_at *at);

/* ---- the others ---- */

void model_fd(struct model_at *at);

void model_fd_map(struct model_at *at);
void model_fd_copy(struct model_at *at);
void model_fd_unmap(struct model_at *at);
void model_fd_cut(struct model_at *at);
void model_fd_attach(struct model_at *at);
void model_fd_detach(struct model_at *at);
void model_fd_pin(struct model_at *at);
void model_fd_unpin(struct model_at *at);
void model_fd_rules(struct model_at *at); /* allow, option, reserve, unreserve */
void model_fd_destroy(struct model_at *at);

/* Tells what the memory has pinned more or less than before. */
void model_fd_settle(struct model_at *at, uint32_t pages);

/* Where an area may be: 0, or the error of a map there. */
int model_fd_free(const struct model_ioas *s, uint64_t iova, uint64_t last);

/* Shows an area in all domains. */
void model_fd_fill(struct model_at *at, struct model_area *area);

/* That a domain has an area now (1), or no longer (-1). */
void model_fd_tell_filled(struct model_at *at, const struct model_area *area,
			  struct model_domain *domain, int sign);

/* Ends an area. */
void model_fd_remove(struct model_at *at, size_t i);

/* Splits at `iova`: 0 also if there is nothing to split. */
int model_fd_split(struct model_at *at, uint64_t iova);

/* The pin `i` goes, in an op of its own; of all that meet a range, of all of a user. */
void model_fd_let_go(const struct model_at *outer, size_t i, bool half);
void model_fd_let_go_in(const struct model_at *outer, uint64_t iova, uint64_t last);
void model_fd_let_go_user(const struct model_at *outer, unsigned int user);

/* Memory: its charge, its events, its birth and (with the last area) its end. */
void model_fd_charge(struct model_at *at, struct model_pages *p, int64_t pages);
struct ioas_event *model_fd_tell_pages(struct model_at *at, unsigned int kind,
				       const struct model_pages *p);
struct model_pages *model_fd_pages_new(struct model_at *at);
void model_fd_pages_put(struct model_at *at, uint32_t id);

/* Whether a range can be reserved; whether a client unpins by the range of a pin. */
bool model_fd_exact(const struct model_ctx *c, unsigned int user);
bool model_fd_fits(const struct model_ioas *s, const struct model_range *r);

void model_area_body(const struct model_at *at, struct ioas_event *ev,
		     const struct model_area *area);

#endif
