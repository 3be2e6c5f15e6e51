// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/enforced.h"

#include <stdlib.h>
#include <string.h>

static const char *const strengths[POLICY_STRENGTHS] = {
	[POLICY_S_NONE] = "none",   [POLICY_S_AUDIT] = "audit",	  [POLICY_S_KILL] = "kill",
	[POLICY_S_IOCTL] = "ioctl", [POLICY_S_KERNEL] = "kernel", [POLICY_S_GATE] = "gate",
};

const char *enforce_strength_name(__u32 strength)
{
	return strength < POLICY_STRENGTHS ? strengths[strength] : NULL;
}

__u32 enforce_strength_of(const char *name)
{
	__u32 s = 0;

	while (s < POLICY_STRENGTHS && strcmp(strengths[s], name))
		s++;
	return s;
}

void enforce_state_clear(struct enforce_state *s)
{
	free(s->subjects);
	*s = (struct enforce_state){};
}
