/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running kernel offers to attach to, found by asking it: never by
 * its version. A function in BTF may still be impossible to attach to (its
 * code may live under another name, as a .part or .isra clone), so the list of
 * traceable functions is asked too.
 */
#ifndef IOASCOPE_LIVE_PROBE_H
#define IOASCOPE_LIVE_PROBE_H

#include <stdbool.h>

enum probe_result {
	PROBE_OK = 0,
	PROBE_NO_MODULE, /* the module is not loaded */
	PROBE_NO_BTF, /* no type information of that function */
	PROBE_NOT_TRACEABLE, /* inlined, cloned or marked notrace */
	PROBE_NO_PARAM, /* a parameter we read is not there by its name */
	PROBE_REFUSED, /* the kernel refused to attach */
	PROBE_UNWANTED, /* left out on request */
	PROBE_NO_FEATURE, /* the kernel does not have what it tells of: nothing is missing */
};

struct probe;

/*
 * Reads the kernel's type information and its list of traceable functions.
 * @names: NULL-terminated list of the functions that will be asked about; kept
 * by reference. Errors: -ENOENT: no BTF in this kernel; -ENOMEM; others from
 * reading.
 */
int probe_new(struct probe **out, const char *const *names);
void probe_free(struct probe **p);

/* True if the module is loaded, or built in. */
bool probe_module_loaded(const char *module);

/* May a program be attached to @func of @module (NULL: the kernel itself)? */
enum probe_result probe_function(struct probe *p, const char *module, const char *func);

/* May a program be attached to the tracepoint @name of the kernel itself? */
enum probe_result probe_tracepoint(struct probe *p, const char *name);

/* Position of @param of @func from 0; -ENOENT if it has none of that name. */
int probe_param(struct probe *p, const char *module, const char *func, const char *param);

/*
 * The same of a parameter that is a pointer to a structure with a field @member;
 * -ENOENT if it is not.
 */
int probe_param_member(struct probe *p, const char *module, const char *func, const char *param,
		       const char *member);

/* A few words for a table. */
const char *probe_result_text(enum probe_result r);

#define _cleanup_probe_ __attribute__((cleanup(probe_free)))

#endif
