/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults of a live run wait until what came before them is in its place: they have no
 * order number, and the order stage may still hold older events.
 */
#ifndef IOASCOPE_CLI_RUN_FAULTS_H
#define IOASCOPE_CLI_RUN_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/order.h"
#include "ioascope/event.h"

#define FAULTS_WAITING 256

/* All zero: none waits. */
struct faults {
	size_t first;
	size_t count;
	struct ioas_event at[FAULTS_WAITING];
};

/* Puts a copy of one in; there must be room (faults_full()). */
void faults_put(struct faults *f, const struct ioas_event *ev);
bool faults_full(const struct faults *f);

/* The first that waits for nothing that `order` holds, or (`any`) the first; NULL: none. Valid
 * until the next faults_put(). */
const struct ioas_event *faults_take(struct faults *f, const struct order *order, bool any);

#endif
