/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the scenarios random and race do with mediated devices.
 */
#ifndef CLIENT_FD_ACCESS_OPS_H
#define CLIENT_FD_ACCESS_OPS_H

#include "session.h"

/* One operation, compared with the model; @ioas: those that a device may be moved to. */
void random_access(struct session *s, struct rng *rng, const uint32_t *ioas, unsigned int n);
/* One operation, whose answer nobody knows; any thread may call it at any time. */
int raced_access(struct session *s, struct rng *rng, uint32_t ioas, uint64_t iova);

#endif
