/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of enforcement share. */
#ifndef IOASCOPE_LIVE_ENFORCE_IMPL_H
#define IOASCOPE_LIVE_ENFORCE_IMPL_H

#include "live/enforce.h"
#include "live/probe.h"

#define ENFORCE_LINKS ENFORCE_DIR "/links"

/* A function that a program is attached to. */
struct enforce_place {
	const char *prog; /* of a verdict, without its prefix: pg_ may refuse, pw_ may not */
	const char *funcs[2]; /* the wanted one, and what stands in where it has another name */
	__u32 scope;
	bool verdict;
};

extern const struct enforce_place enforce_places[];
extern const size_t enforce_nplaces;

/* The module whose functions those of a scope are; NULL: the kernel itself. */
const char *enforce_module(__u32 scope);

/* The places of a scope on this kernel: names, and positions of arguments. False: `why` says what
 * is missing. */
bool enforce_resolve(struct probe *p, __u32 scope, __u8 argn[POLICY_ARG_MAX], const char *funcs[],
		     char *why, size_t size);

/* Names of all functions, NULL-terminated, for probe_new(). */
void enforce_functions(const char *names[64]);

/* Which programs: of one scope, of one strength. */
struct enforce_choice {
	__u32 scope;
	bool gate;
	bool verdicts; /* only these: the others are there */
	const char *alone; /* just this program, of no scope */
};

/* The program of a place: pg_, pw_, or, where nothing is judged, its own name. */
void enforce_program_name(const struct enforce_place *place, bool gate, char name[64]);

/* Loads them, with these functions and positions, attaches and pins. 0 or -errno (not said). */
int enforce_load(const struct enforce_choice *c, const char *const *funcs,
		 const __u8 argn[POLICY_ARG_MAX]);

/*
 * For each who pins the strongest that can be had, and that is wanted; @there: what is attached
 * already. 0 and *out; errors are said.
 */
int enforce_attach(const __u32 there[POLICY_SCOPES], const struct enforce_options *opt,
		   struct enforce_backend out[POLICY_SCOPES]);

/* The device whose ioctls map, as the kernel has its number in an inode; 0: there is none. */
__u32 enforce_device(__u32 scope);

/* Whether a kernel is new enough for the gate, and for the size of our programs. */
bool enforce_gate_possible(void);

/* The module ioas_gate: whether it is there; loading it from a file (said). */
/* The pinned map: a file, or -errno. Its head, mapped; NULL: there is none. */
int enforce_map(const char *name);
struct policy_head *enforce_head(void);
void enforce_head_done(struct policy_head *head);

bool enforce_gate_there(void);
int enforce_gate_load(const char *path);
/*
 * Asks it to let functions of a module (NULL: the kernel) be refused. 0, or -errno (not said).
 */
int enforce_gate_allow(const char *module, const char *const *funcs, size_t n);

#endif
