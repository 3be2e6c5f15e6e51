// SPDX-License-Identifier: GPL-2.0-or-later
/* The writer's files: how they come to be, get their names and go. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/recording_impl.h"

int rec_file_new(const char *path, char **name)
{
	char *template;
	int fd, err;

	if (asprintf(&template, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	/* O_EXCL: what somebody else has put there is neither followed nor used. */
	fd = mkostemp(template, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		free(template);
		return err;
	}
	/* Whatever the umask. */
	if (fchmod(fd, 0600)) {
		err = -errno;
		unlink(template);
		close(fd);
		free(template);
		return err;
	}
	*name = template;
	return fd;
}

int rec_file_place(const char *name, const char *path)
{
	struct stat st;

	/* A recording to /dev/null must not become /dev/null. */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EEXIST;
	return rename(name, path) ? -errno : 0;
}

/* The number of a file of the set, 0 if the name is of no such file: NAME.1 to NAME.999999999. */
static unsigned long set_number(const char *base, const char *name)
{
	size_t length = strlen(base);
	const char *digits = name + length + 1;

	if (strncmp(name, base, length) != 0 || name[length] != '.' || *digits == '0' ||
	    strlen(digits) > 9 || strspn(digits, "0123456789") != strlen(digits))
		return 0;
	return strtoul(digits, NULL, 10);
}

/* Calls `each` with the number of each file of the set. 0 or -errno. */
static int walk_set(const char *path, void (*each)(const char *path, unsigned long n, void *arg),
		    void *arg)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	struct dirent *entry;
	DIR *dir;

	if (!folder)
		return -ENOMEM;
	dir = opendir(folder);
	free(folder);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		unsigned long n = set_number(base, entry->d_name);

		if (n)
			each(path, n, arg);
	}
	closedir(dir);
	return 0;
}

static void find_highest(const char *path, unsigned long n, void *arg)
{
	unsigned long *highest = arg;

	(void)path;
	if (n > *highest)
		*highest = n;
}

/* A name alone does not make a file ours to remove. */
static bool is_recording(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t header[REC_HEADER_FIXED];
	struct stat st;
	bool is;

	if (fd < 0)
		return false;
	is = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	     read(fd, header, sizeof(header)) == sizeof(header) && rec_header_length(header) > 0;
	close(fd);
	return is;
}

static void remove_old(const char *path, unsigned long n, void *arg)
{
	const unsigned long *oldest_kept = arg;
	char *name;

	if (n >= *oldest_kept || asprintf(&name, "%s.%lu", path, n) < 0)
		return;
	/* One that cannot be removed costs room, not events. */
	if (is_recording(name))
		unlink(name);
	free(name);
}

/*
 * Gives `path` a second name, the first free one from *number on: so it is never
 * missing, and nothing is overwritten. Where there are no hard links, it moves.
 */
static int name_finished(const char *path, unsigned long *number)
{
	for (;; ++*number) {
		char *name;
		int err = 0;

		if (asprintf(&name, "%s.%lu", path, *number) < 0)
			return -ENOMEM;
		if (link(path, name))
			err = -errno;
		if (err == -EPERM || err == -EOPNOTSUPP || err == -EMLINK)
			err = renameat2(AT_FDCWD, path, AT_FDCWD, name, RENAME_NOREPLACE) ? -errno
											  : 0;
		free(name);
		if (err != -EEXIST)
			return err;
	}
}

int rec_file_rotate(const char *name, const char *path, unsigned int keep)
{
	unsigned long number = 0, oldest_kept;
	int err;

	err = walk_set(path, find_highest, &number);
	if (err)
		return err;
	number++;
	err = name_finished(path, &number);
	if (err)
		return err;
	err = rec_file_place(name, path);
	if (err || !keep || number < keep)
		return err;
	oldest_kept = number - keep + 1;
	walk_set(path, remove_old, &oldest_kept);
	return 0;
}
