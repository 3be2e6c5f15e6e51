/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses IOASes, and what of them is reserved, where events do not say so: from a walk. */
#ifndef IOASCOPE_CORE_STATE_USERS_H
#define IOASCOPE_CORE_STATE_USERS_H

#include "core/state.h"

/* Whether there is an IOAS of iommufd whose users or ranges are not known. */
bool state_lacks_users(const struct state *s);

/*
 * Moves domains, devices, accesses and ranges of @walked, a walk of the kernel that was made
 * just before or after @s, to IOASes of @s that lack them; both are finished, and the IOASes
 * are told by .key. An IOAS that is older than the events gets its areas too. All or none
 * of a context: one of whose IOASes the other knows nothing is left as it is, for a
 * device may be with that one.
 *
 * What was certain of @s stays so, what was not does not become it: .uncertain_ns is
 * kept, and .raced is set where the two pictures have not the same areas, or the walk
 * itself was not at rest. @walked is to be cleared, and used for nothing else.
 * O(contexts * IOASes^2 + areas).
 */
void state_take_users(struct state *s, struct state *walked);

#endif
