// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/run_faults.h"

bool faults_full(const struct faults *f)
{
	return f->count == FAULTS_WAITING;
}

void faults_put(struct faults *f, const struct ioas_event *ev)
{
	f->at[(f->first + f->count++) % FAULTS_WAITING] = *ev;
}

const struct ioas_event *faults_take(struct faults *f, const struct order *order, bool any)
{
	struct ioas_event *ev = &f->at[f->first];
	uint64_t held_ns;

	if (!f->count)
		return NULL;
	if (!any && !order_oldest(order, &held_ns) && held_ns <= ev->time_ns)
		return NULL;
	f->first = (f->first + 1) % FAULTS_WAITING;
	f->count--;
	return ev;
}
