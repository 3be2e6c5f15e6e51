// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/state_time.h"

#include <errno.h>
#include <string.h>

#define NS_PER_S 1000000000ULL

/* Digits at *text, which moves behind them. -EINVAL: none, -ERANGE: too large. */
static int digits(const char **text, __u64 *out)
{
	const char *p = *text;
	__u64 v = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
			return -ERANGE;
	}
	*text = p;
	*out = v;
	return 0;
}

/* What is behind the point, in ns; the text ends there. */
static int fraction(const char *p, __u64 *out)
{
	__u64 v = 0, unit = NS_PER_S;

	if (!*p)
		return -EINVAL;
	for (; *p; p++) {
		if (*p < '0' || *p > '9' || unit == 1)
			return -EINVAL;
		unit /= 10;
		v += unit * (*p - '0');
	}
	*out = v;
	return 0;
}

/* "12", "12.5" */
static int seconds(const char *text, __u64 *out)
{
	__u64 s, ns = 0;
	int err = digits(&text, &s);

	if (!err && *text == '.')
		err = fraction(text + 1, &ns);
	else if (!err && *text)
		err = -EINVAL;
	if (err)
		return err;
	if (__builtin_mul_overflow(s, NS_PER_S, &s) || __builtin_add_overflow(s, ns, &s))
		return -ERANGE;
	*out = s;
	return 0;
}

/* "123ns" */
static int absolute(const char *text, __u64 *out)
{
	int err = digits(&text, out);

	return err ? err : strcmp(text, "ns") ? -EINVAL : 0;
}

int state_time_parse(const char *text, __u64 start_ns, __u64 end_ns, __u64 *out)
{
	size_t len = strlen(text);
	__u64 v;
	int err;

	if (len > 2 && !strcmp(text + len - 2, "ns")) {
		err = absolute(text, &v);
	} else if (*text == '-') {
		err = seconds(text + 1, &v);
		if (!err && v > end_ns)
			err = -ERANGE;
		v = err ? 0 : end_ns - v;
	} else {
		err = seconds(text + (*text == '+'), &v);
		if (!err && __builtin_add_overflow(start_ns, v, &v))
			err = -ERANGE;
	}
	if (err)
		return err;
	if (v < start_ns)
		return -ERANGE;
	*out = v;
	return 0;
}
