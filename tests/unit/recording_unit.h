/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of recordings share: a folder of their own, writing, reading. */
#ifndef TESTS_RECORDING_UNIT_H
#define TESTS_RECORDING_UNIT_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/recording_impl.h"
#include "stream.h"

/* A folder, and in it the path of a recording. */
struct place {
	char folder[32];
	char path[64];
};

static inline int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	strcpy(p->folder, "/tmp/ioasrec-XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/rec", p->folder);
	*state = p;
	return 0;
}

static inline int place_teardown(void **state)
{
	struct place *p = *state;
	struct dirent *entry;
	DIR *dir = opendir(p->folder);

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
	rmdir(p->folder);
	free(p);
	return 0;
}

/* Files in the folder. */
static inline size_t place_count(const struct place *p)
{
	struct dirent *entry;
	DIR *dir = opendir(p->folder);
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static inline struct recording_info some_info(void)
{
	struct recording_info info = {
		.kernel = "6.1.0-unit",
		.boot_id = "01234567-89ab-cdef-0123-456789abcdef",
		.host = "host.example",
		.tool = "1.0",
		.start_boot_ns = 123456789,
		.start_real_ns = 1700000000000000000,
		.missing = 5,
		.nhooks = 2,
		.hooks = { "vfio_remove_dma", "vfio_pin_pages_remote" },
	};

	return info;
}

/* A recording that is being written, and the mirror behind it. */
struct writing {
	struct mirror *m;
	struct recording_writer *w;
};

static inline struct writing writing_begin(const char *path, const struct recording_options *o)
{
	struct recording_info info = some_info();
	struct writing wr = { .m = mirror_new(NULL) };

	assert_non_null(wr.m);
	assert_int_equal(recording_create(path, &info, o, wr.m, &wr.w), 0);
	return wr;
}

static inline int writing_add(struct writing *wr, const struct ioas_event *ev)
{
	mirror_apply(wr->m, ev);
	return recording_write(wr->w, ev);
}

static inline void writing_end(struct writing *wr, const struct recording_totals *totals)
{
	assert_int_equal(recording_finish(&wr->w, totals), 0);
	assert_null(wr->w);
	mirror_free(wr->m);
}

/* A file in memory. */
struct image {
	uint8_t *at;
	size_t size;
};

static inline struct image image_load(const char *path)
{
	struct image image = { 0 };
	int fd = open(path, O_RDONLY);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	image.size = (size_t)st.st_size;
	image.at = malloc(image.size + 1);
	assert_non_null(image.at);
	assert_int_equal(read(fd, image.at, image.size), st.st_size);
	close(fd);
	return image;
}

/* Opens the first `size` bytes of an image, as recording_open() does a file. */
static inline int image_open(const struct image *image, size_t size, struct recording **out,
			     char *why, size_t why_size)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, image->at, size), (ssize_t)size);
	return recording_open_fd(fd, out, why, why_size);
}

static inline struct recording *open_good(const char *path)
{
	struct recording *r;
	char why[200] = "";

	assert_int_equal(recording_open(path, &r, why, sizeof(why)), 0);
	return r;
}

static inline void assert_same(const struct mirror *a, const struct mirror *b)
{
	char why[200] = "";

	if (mirror_compare(a, b, why, sizeof(why)))
		fail_msg("%s", why);
}

static inline size_t count_events(const char *path, enum recording_end *end)
{
	struct recording *rec = open_good(path);
	const struct ioas_event *ev;
	const char *why;
	size_t n = 0;

	while (recording_next(rec, &ev) == 1)
		n += !recording_in_keyframe(rec);
	*end = recording_ended(rec, &why);
	recording_close(&rec);
	return n;
}

#endif
