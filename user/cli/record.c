// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope record: events into a file. */
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cli/check_hooks.h"
#include "cli/cli.h"
#include "cli/record_options.h"
#include "cli/run.h"
#include "core/mirror.h"
#include "core/recording.h"
#include "live/log.h"
#include "view/trace.h"
#include "view/units.h"

#define EVERY_NS 1000000000ULL /* what is held back is written, progress is shown */

struct record {
	const struct record_options *opt;
	struct run *run;
	struct mirror *mirror;
	struct recording_writer *writer;
	struct trace_summary sum;
	const struct instance *instance; /* NULL: not attached yet */
	__u64 events;
	__u64 flushed_ns;
	int err; /* of the first write that failed; it has been said */
	bool progress; /* standard error is a terminal ... */
	bool on_line; /* ... and its cursor is on the progress line */
};

/* ---- where and how ---- */

static void read_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");

	buf[0] = '\0';
	if (!f)
		return;
	if (fgets(buf, (int)size, f))
		buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
}

static __u64 clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void fill_info(struct recording_info *info, const struct instance *i)
{
	struct utsname uts;

	if (!uname(&uts)) {
		snprintf(info->kernel, sizeof(info->kernel), "%s", uts.release);
		snprintf(info->host, sizeof(info->host), "%s", uts.nodename);
	}
	read_line("/proc/sys/kernel/random/boot_id", info->boot_id, sizeof(info->boot_id));
	snprintf(info->tool, sizeof(info->tool), "%s", IOASCOPE_VERSION);
	info->start_boot_ns = i ? instance_maps(i)->start_ns : clock_ns(CLOCK_BOOTTIME);
	info->start_real_ns =
		clock_ns(CLOCK_REALTIME) - (clock_ns(CLOCK_BOOTTIME) - info->start_boot_ns);
	if (!i)
		return;
	info->missing = instance_maps(i)->missing;
	hooks_of_instance(i, info);
}

/* ---- events ---- */

static void say_failure(struct record *r, int err)
{
	if (r->err)
		return;
	r->err = err;
	if (r->on_line)
		fputc('\n', stderr);
	r->on_line = false;
	log_err(err, "%s", r->opt->path);
}

static void take(struct record *r, const struct ioas_event *ev)
{
	int err;

	mirror_apply(r->mirror, ev); /* what contradicts is counted there */
	if (r->err)
		return;
	err = recording_write(r->writer, ev);
	if (err)
		say_failure(r, err);
	else
		r->events++;
}

static void on_event(const struct ioas_event *ev, void *arg)
{
	struct record *r = arg;

	trace_count(&r->sum, ev);
	take(r, ev);
}

/* Who reads the file must come to the same doubts at the same place. */
static void on_uncertain(__u32 ctx, __u64 time_ns, void *arg)
{
	struct ioas_event ev = {
		.len = sizeof(ev), .kind = IOAS_EV_UNCERTAIN, .time_ns = time_ns, .ctx = ctx
	};

	ev.body_obj.value = time_ns;
	take(arg, &ev);
}

static const struct mirror *get_mirror(void *arg)
{
	const struct record *r = arg;

	return r->mirror;
}

static int create(struct record *r, const struct instance *i)
{
	struct recording_info *info = calloc(1, sizeof(*info));
	int err;

	if (!info)
		return log_err(-ENOMEM, "starting");
	fill_info(info, i);
	err = recording_create(r->opt->path, info, &r->opt->recording, r->mirror, &r->writer);
	free(info);
	return err ? log_err(err, "%s", r->opt->path) : 0;
}

static int on_attached(const struct instance *i, void *arg)
{
	struct record *r = arg;

	r->instance = i;
	r->flushed_ns = run_now_ns();
	return create(r, i);
}

static void show_progress(struct record *r)
{
	char size[UNITS_LEN];
	__u64 stats[IOAS_STAT_MAX];

	if (!r->progress || maps_stats(instance_maps(r->instance), stats))
		return;
	fprintf(stderr, "\r%" PRIu64 " events, %s in %s, %" PRIu64 " dropped\033[K",
		(uint64_t)r->events, units_bytes(size, recording_size(r->writer)), r->opt->path,
		(uint64_t)(stats[IOAS_STAT_RING_FULL] + stats[IOAS_STAT_TOO_BIG]));
	fflush(stderr);
	r->on_line = true;
}

static int on_tick(void *arg)
{
	struct record *r = arg;
	__u64 now = run_now_ns();
	int err;

	if (r->err)
		return r->err;
	if (now - r->flushed_ns < EVERY_NS)
		return 0;
	r->flushed_ns = now;
	err = recording_flush(r->writer);
	if (err)
		say_failure(r, err);
	else
		show_progress(r);
	return r->err;
}

/* ---- the end ---- */

static void say_written(const struct record *r)
{
	const struct recording_options *o = &r->opt->recording;
	char size[UNITS_LEN] = "?";
	struct stat st;

	if (!stat(r->opt->path, &st))
		units_bytes(size, (__u64)st.st_size);
	fprintf(stderr, "%s: %" PRIu64 " events, %s%s\n", r->opt->path, (uint64_t)r->events, size,
		o->rotate_bytes || o->rotate_ns ? " in the last file" : "");
}

/* A file that could not be written has no end: a reader must see that. */
static int finish(struct record *r)
{
	struct recording_totals totals = {
		.seen = r->sum.seen,
		.submitted = r->sum.submitted,
		.dropped = r->sum.dropped,
		.missed = r->sum.missed,
		.gaps = r->sum.gaps,
	};
	const __u64 *stats = r->sum.stats;
	int err;

	/* What was lost with its mark, or without one, is not in the totals. */
	if (r->writer && (stats[IOAS_STAT_MAP_FULL] || stats[IOAS_STAT_NO_CONTEXT] ||
			  stats[IOAS_STAT_ARG_CHANGED]))
		on_uncertain(0, run_now_ns(), r);
	if (!r->writer) {
		err = create(r, NULL); /* the modules never came: nothing happened */
		if (err)
			return err;
	}
	err = recording_finish(&r->writer, r->err ? NULL : &totals);
	if (err)
		say_failure(r, err);
	if (r->on_line)
		fputs("\r\033[K", stderr);
	say_written(r);
	return r->err;
}

static int record(const struct record_options *opt)
{
	struct record r = { .opt = opt, .progress = isatty(STDERR_FILENO) };
	const struct run_sink sink = { .attached = on_attached,
				       .event = on_event,
				       .uncertain = on_uncertain,
				       .tick = on_tick,
				       .mirror = get_mirror,
				       .arg = &r };
	int err, status;

	r.mirror = mirror_new(NULL);
	if (!r.mirror)
		return exit_status(log_err(-ENOMEM, "starting"));
	err = run_begin(&r.run, &opt->run, &sink);
	if (err) {
		recording_finish(&r.writer, NULL);
		mirror_free(r.mirror);
		return exit_status(err);
	}
	err = run_loop(r.run);
	run_summary(r.run, &r.sum);
	err = finish(&r) ?: err;
	trace_summary_text(stderr, &r.sum);
	status = run_end(&r.run, err);
	mirror_free(r.mirror);
	return status;
}

/*
 * The file is made when the hooks are attached, which may be later than the
 * start of the command: what can be known now is said now.
 */
static int check_path(const char *path)
{
	char copy[4096];
	struct stat st;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return log_err(-ENAMETOOLONG, "%.64s...", path);
	if (!lstat(path, &st) && !S_ISREG(st.st_mode)) {
		if (S_ISDIR(st.st_mode))
			return log_err(-EISDIR, "%s", path);
		/* The new file would take the place of the link: /dev/stdout is one. */
		log_warn("%s: it is no regular file%s", path,
			 S_ISLNK(st.st_mode) ? ", but a symbolic link" : "");
		return -EINVAL;
	}
	if (access(dirname(copy), W_OK | X_OK))
		return log_err(-errno, "%s", path);
	return 0;
}

int cmd_record(int argc, char **argv)
{
	struct record_options o = { .run.instance = INSTANCE_DEFAULTS };
	int status = EXIT_FINE, err;

	log_verbose(false);
	if (record_parse(argc, argv, &o, &status))
		return status;
	err = check_path(o.path);
	return err ? exit_status(err) : record(&o);
}
