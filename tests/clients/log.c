// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 768

struct line {
	size_t len;
	char text[LINE_MAX_BYTES];
};

/* Numbers the lines of this process; a forked child goes on from its parent's number. */
static atomic_ullong log_lines;

__attribute__((format(printf, 2, 3))) static void line_add(struct line *line, const char *format,
							   ...)
{
	size_t room = sizeof(line->text) - line->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->text + line->len, room, format, args);
	va_end(args);
	if (n > 0)
		line->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void line_add_u64(struct line *line, const char *name, uint64_t value)
{
	line_add(line, ",\"%s\":%" PRIu64, name, value);
}

/* Names are short and plain; what JSON would want escaped is replaced. */
static void line_add_string(struct line *line, const char *name, const char *value)
{
	char plain[64];
	size_t i;

	if (!value)
		return;
	for (i = 0; value[i] && i < sizeof(plain) - 1; i++)
		plain[i] = value[i] < ' ' || value[i] == '"' || value[i] == '\\' ? '?' : value[i];
	plain[i] = '\0';
	line_add(line, ",\"%s\":\"%s\"", name, plain);
}

static uint64_t boottime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void line_add_fields(struct line *line, const struct log_op *op)
{
	if (op->fields & LOG_IOAS)
		line_add_u64(line, "ioas", op->ioas);
	if (op->fields & LOG_COPY) {
		line_add_u64(line, "dst", op->dst);
		line_add_u64(line, "src", op->src);
		line_add_u64(line, "src_iova", op->src_iova);
	}
	if (op->fields & LOG_HWPT)
		line_add_u64(line, "hwpt", op->hwpt);
	if (op->fields & LOG_PT)
		line_add_u64(line, "pt", op->pt);
	if (op->fields & LOG_IOVA)
		line_add_u64(line, "iova", op->iova);
	if (op->fields & LOG_SIZE)
		line_add_u64(line, "size", op->size);
	if (op->fields & LOG_VA)
		line_add_u64(line, "va", op->va);
	if (op->fields & LOG_PROT)
		line_add_string(line, "prot", op->prot);
	if (op->fields & LOG_FLAGS)
		line_add_u64(line, "flags", op->flags);
	if (op->fields & LOG_ARGSZ)
		line_add_u64(line, "argsz", op->argsz);
	if (op->fields & LOG_GROUP)
		line_add(line, ",\"group\":%d", op->group);
	line_add_string(line, "device", op->device);
	line_add_string(line, "dir", op->dir);
	line_add_string(line, "what", op->what);
	line_add(line, ",\"result\":%ld", op->result);
	if (op->fields & LOG_RETURNED)
		line_add_u64(line, "returned", op->returned);
	if (op->fields & LOG_VALUE)
		line_add_u64(line, "value", op->value);
	if (op->fields & LOG_OK)
		line_add(line, ",\"ok\":%s", op->ok ? "true" : "false");
}

int log_open(struct log *log, const char *path, const char *backend)
{
	log->fd = -1;
	log->backend = backend;
	if (!path)
		return 0;
	log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return log->fd < 0 ? -errno : 0;
}

void log_close(struct log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

void log_write(struct log *log, const struct log_op *op)
{
	struct line line = { .len = 0 };
	int saved = errno;

	if (log->fd < 0)
		return;
	line_add(&line, "{\"n\":%llu", atomic_fetch_add(&log_lines, 1) + 1);
	line_add_u64(&line, "t", boottime_ns());
	line_add(&line, ",\"pid\":%d,\"tid\":%ld", getpid(), syscall(SYS_gettid));
	line_add_string(&line, "backend", log->backend);
	line_add(&line, ",\"context\":%d", op->context);
	line_add_string(&line, "mode", log->mode);
	line_add_string(&line, "op", op->op);
	line_add_fields(&line, op);
	line_add(&line, "}\n");
	if (write(log->fd, line.text, line.len) != (ssize_t)line.len)
		fprintf(stderr, "log: short write: %s\n", strerror(errno));
	errno = saved;
}
