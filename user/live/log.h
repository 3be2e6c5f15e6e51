/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the operator: one line each, on stderr, where the cause is known. */
#ifndef IOASCOPE_LIVE_LOG_H
#define IOASCOPE_LIVE_LOG_H

#include <stdbool.h>

/* "ioascope: MESSAGE[: strerror]"; returns @err, so that a caller can return it. */
int log_err(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "ioascope: MESSAGE" */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Lets libbpf's own messages through (--verbose), or not. */
void log_verbose(bool on);

#endif
