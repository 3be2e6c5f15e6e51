/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy that is applied, and what subjects have: as the tool has read it. */
#ifndef CORE_ENFORCED_H
#define CORE_ENFORCED_H

#include <ioascope/policy.h>
#include <stdbool.h>
#include <stddef.h>

/* How the limits hold for one who pins. */
struct enforce_backend {
	__u32 strength; /* enum policy_strength */
	char why[192]; /* why not a stronger one; empty: there is none */
};

/* What a subject has, and what holds for it. */
struct enforce_subject {
	struct policy_key key;
	struct policy_use use;
	struct policy_rule
		rule; /* as it holds; .kind POLICY_USER without an own one: the default's */
	bool limited; /* .rule says something */
};

struct enforce_state {
	struct policy_head head;
	struct policy_rule about; /* of key POLICY_ABOUT */
	struct enforce_backend backend[POLICY_SCOPES];
	struct enforce_subject *subjects;
	size_t n;
	__u64 missed; /* runs of programs that the kernel skipped, one being under way there */
};

/* Frees all of it. */
void enforce_state_clear(struct enforce_state *s);

/* "gate", "audit"; NULL: there is no such number. */
const char *enforce_strength_name(__u32 strength);

/* The strength of that name, or POLICY_STRENGTHS. */
__u32 enforce_strength_of(const char *name);

#define _cleanup_enforce_state_ __attribute__((cleanup(enforce_state_clear)))

#endif
