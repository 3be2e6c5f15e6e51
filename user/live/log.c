// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/log.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool verbose;

static void say(const char *fmt, va_list ap, int err)
{
	char line[1024];

	vsnprintf(line, sizeof(line), fmt, ap);
	if (err)
		fprintf(stderr, "ioascope: %s: %s\n", line, strerror(err < 0 ? -err : err));
	else
		fprintf(stderr, "ioascope: %s\n", line);
}

int log_err(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap, err);
	va_end(ap);
	return err;
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap, 0);
	va_end(ap);
}

/* libbpf's warnings describe its inside; what they mean here is said by the caller. */
static int from_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (!verbose || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, fmt, ap);
}

void log_verbose(bool on)
{
	verbose = on;
	libbpf_set_print(from_libbpf);
}
