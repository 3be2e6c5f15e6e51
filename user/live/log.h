/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the operator: one line each, on stderr, where the cause is known. */
#ifndef IOASCOPE_LIVE_LOG_H
#define IOASCOPE_LIVE_LOG_H

#include <stdbool.h>

/* "ioascope: MESSAGE[: strerror]"; returns @err, so that a caller can return it. */
int log_err(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "ioascope: MESSAGE" */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* As log_warn(), only after log_verbose(true). */
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Shows debug messages and libbpf's own (all with --verbose; none otherwise). */
void log_verbose(bool on);

#endif
