// SPDX-License-Identifier: GPL-2.0-or-later
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FD_PATH "/dev/iommu"

static int fd_ioctl(const struct fd *fd, unsigned long request, void *arg)
{
	return ioctl(fd->fd, request, arg) < 0 ? -errno : 0;
}

const char *fd_prot_name(uint32_t flags)
{
	if (flags & FD_MAP_READ)
		return flags & FD_MAP_WRITE ? "rw" : "r";
	return flags & FD_MAP_WRITE ? "w" : "-";
}

int fd_open(struct fd *fd, struct log *log, int context)
{
	int ret = 0;

	fd->log = log;
	fd->context = context;
	fd->fd = open(FD_PATH, O_RDWR | O_CLOEXEC);
	if (fd->fd < 0)
		ret = -errno;
	log_write(log, &(struct log_op){ .op = "open", .context = context, .result = ret });
	return ret;
}

void fd_close(struct fd *fd)
{
	if (fd->fd < 0)
		return;
	close(fd->fd);
	fd->fd = -1;
	log_write(fd->log, &(struct log_op){ .op = "close", .context = fd->context });
}

int fd_alloc(struct fd *fd, uint32_t *ioas)
{
	struct fd_arg_alloc arg = { .size = sizeof(arg) };
	int ret = fd_ioctl(fd, FD_IOAS_ALLOC, &arg);

	if (!ret)
		*ioas = arg.out_id;
	log_write(fd->log, &(struct log_op){ .op = "alloc",
					     .context = fd->context,
					     .fields = ret ? 0 : LOG_IOAS,
					     .ioas = arg.out_id,
					     .result = ret });
	return ret;
}

int fd_destroy(struct fd *fd, uint32_t id)
{
	struct fd_arg_destroy arg = { .size = sizeof(arg), .id = id };
	int ret = fd_ioctl(fd, FD_DESTROY, &arg);

	log_write(fd->log, &(struct log_op){ .op = "destroy",
					     .context = fd->context,
					     .fields = LOG_PT,
					     .pt = id,
					     .result = ret });
	return ret;
}

int fd_query(struct fd *fd, uint32_t ioas, unsigned int room, struct fd_ranges *ranges)
{
	struct fd_range got[FD_RANGES_MAX];
	struct fd_arg_ranges arg = { .size = sizeof(arg),
				     .ioas = ioas,
				     .count = room < FD_RANGES_MAX ? room : FD_RANGES_MAX,
				     .ranges = (uintptr_t)got };
	int ret = fd_ioctl(fd, FD_IOAS_RANGES, &arg);
	unsigned int i;

	if (!ret) {
		ranges->n = arg.count;
		ranges->alignment = arg.out_alignment;
		for (i = 0; i < arg.count; i++)
			ranges->range[i] = got[i];
	}
	log_write(fd->log, &(struct log_op){ .op = "query",
					     .context = fd->context,
					     .fields = LOG_IOAS | LOG_VALUE,
					     .ioas = ioas,
					     .what = "ranges",
					     .value = arg.count,
					     .result = ret });
	return ret;
}

int fd_allow(struct fd *fd, uint32_t ioas, const struct fd_range *ranges, unsigned int n)
{
	struct fd_arg_allow arg = {
		.size = sizeof(arg), .ioas = ioas, .count = n, .ranges = (uintptr_t)ranges
	};
	int ret = fd_ioctl(fd, FD_IOAS_ALLOW, &arg);

	log_write(fd->log, &(struct log_op){ .op = "allow",
					     .context = fd->context,
					     .fields = LOG_IOAS | LOG_VALUE,
					     .ioas = ioas,
					     .value = n,
					     .result = ret });
	return ret;
}

int fd_map(struct fd *fd, uint32_t ioas, uint32_t flags, uint64_t va, uint64_t size, uint64_t *iova)
{
	struct fd_arg_map arg = { .size = sizeof(arg),
				  .flags = flags,
				  .ioas = ioas,
				  .va = va,
				  .length = size,
				  .iova = *iova };
	int ret = fd_ioctl(fd, FD_IOAS_MAP, &arg);

	if (!ret)
		*iova = arg.iova;
	log_write(fd->log, &(struct log_op){ .op = "map",
					     .context = fd->context,
					     .fields = LOG_IOAS | LOG_IOVA | LOG_SIZE | LOG_VA |
						       LOG_PROT | LOG_FLAGS,
					     .ioas = ioas,
					     .iova = *iova,
					     .size = size,
					     .va = va,
					     .prot = fd_prot_name(flags),
					     .flags = flags,
					     .result = ret });
	return ret;
}

int fd_map_file(struct fd *fd, uint32_t ioas, uint32_t flags, int file, uint64_t start,
		uint64_t size, uint64_t *iova)
{
	struct fd_arg_map_file arg = { .size = sizeof(arg),
				       .flags = flags,
				       .ioas = ioas,
				       .file = file,
				       .start = start,
				       .length = size,
				       .iova = *iova };
	int ret = fd_ioctl(fd, FD_IOAS_MAP_FILE, &arg);

	if (!ret)
		*iova = arg.iova;
	log_write(fd->log, &(struct log_op){ .op = "map-file",
					     .context = fd->context,
					     .fields = LOG_IOAS | LOG_IOVA | LOG_SIZE | LOG_VALUE |
						       LOG_PROT | LOG_FLAGS,
					     .ioas = ioas,
					     .iova = *iova,
					     .size = size,
					     .value = start,
					     .prot = fd_prot_name(flags),
					     .flags = flags,
					     .result = ret });
	return ret;
}

int fd_change_process(struct fd *fd)
{
	struct fd_arg_change_process arg = { .size = sizeof(arg) };
	int ret = fd_ioctl(fd, FD_IOAS_CHANGE_PROCESS, &arg);

	log_write(fd->log, &(struct log_op){
				   .op = "change-process", .context = fd->context, .result = ret });
	return ret;
}

int fd_copy(struct fd *fd, uint32_t dst, uint32_t src, uint32_t flags, uint64_t src_iova,
	    uint64_t size, uint64_t *iova)
{
	struct fd_arg_copy arg = { .size = sizeof(arg),
				   .flags = flags,
				   .dst = dst,
				   .src = src,
				   .length = size,
				   .dst_iova = *iova,
				   .src_iova = src_iova };
	int ret = fd_ioctl(fd, FD_IOAS_COPY, &arg);

	if (!ret)
		*iova = arg.dst_iova;
	log_write(fd->log,
		  &(struct log_op){ .op = "copy",
				    .context = fd->context,
				    .fields = LOG_COPY | LOG_IOVA | LOG_SIZE | LOG_PROT | LOG_FLAGS,
				    .dst = dst,
				    .src = src,
				    .src_iova = src_iova,
				    .iova = *iova,
				    .size = size,
				    .prot = fd_prot_name(flags),
				    .flags = flags,
				    .result = ret });
	return ret;
}

int fd_unmap(struct fd *fd, uint32_t ioas, uint64_t iova, uint64_t size, uint64_t *returned)
{
	struct fd_arg_unmap arg = {
		.size = sizeof(arg), .ioas = ioas, .iova = iova, .length = size
	};
	int ret = fd_ioctl(fd, FD_IOAS_UNMAP, &arg);

	if (!ret)
		*returned = arg.length;
	log_write(fd->log, &(struct log_op){ .op = "unmap",
					     .context = fd->context,
					     .fields = LOG_IOAS | LOG_IOVA | LOG_SIZE |
						       (ret ? 0 : LOG_RETURNED),
					     .ioas = ioas,
					     .iova = iova,
					     .size = size,
					     .returned = arg.length,
					     .result = ret });
	return ret;
}

static int fd_option(struct fd *fd, struct fd_arg_option *arg, const char *what)
{
	int ret = fd_ioctl(fd, FD_OPTION, arg);

	log_write(fd->log, &(struct log_op){ .op = "option",
					     .context = fd->context,
					     .fields = LOG_IOAS | LOG_FLAGS | LOG_VALUE,
					     .ioas = arg->object,
					     .flags = arg->id,
					     .what = what,
					     .value = arg->value,
					     .result = ret });
	return ret;
}

int fd_set_option(struct fd *fd, uint32_t option, uint32_t object, uint64_t value)
{
	struct fd_arg_option arg = { .size = sizeof(arg),
				     .id = option,
				     .op = FD_OPTION_SET,
				     .object = object,
				     .value = value };

	return fd_option(fd, &arg, "set");
}

int fd_get_option(struct fd *fd, uint32_t option, uint32_t object, uint64_t *value)
{
	struct fd_arg_option arg = {
		.size = sizeof(arg), .id = option, .op = FD_OPTION_GET, .object = object
	};
	int ret = fd_option(fd, &arg, "get");

	if (!ret)
		*value = arg.value;
	return ret;
}

int fd_hwpt(struct fd *fd, uint32_t device, uint32_t pt, uint32_t flags, uint32_t *hwpt)
{
	return fd_hwpt_data(fd, device, pt, flags, &(struct fd_hwpt_data){ .type = 0 }, hwpt);
}

int fd_hwpt_data(struct fd *fd, uint32_t device, uint32_t pt, uint32_t flags,
		 const struct fd_hwpt_data *data, uint32_t *hwpt)
{
	struct fd_arg_hwpt arg = { .size = sizeof(arg),
				   .flags = flags,
				   .device = device,
				   .pt = pt,
				   .data_type = data->type,
				   .data_len = data->len,
				   .data = (uintptr_t)data->bytes };
	int ret = fd_ioctl(fd, FD_HWPT_ALLOC, &arg);

	if (!ret)
		*hwpt = arg.out_id;
	log_write(fd->log, &(struct log_op){ .op = "hwpt-alloc",
					     .context = fd->context,
					     .fields = LOG_PT | LOG_FLAGS | (ret ? 0 : LOG_HWPT),
					     .pt = pt,
					     .flags = flags,
					     .hwpt = arg.out_id,
					     .result = ret });
	return ret;
}

int fd_dirty(struct fd *fd, uint32_t hwpt, bool on)
{
	struct fd_arg_dirty arg = { .size = sizeof(arg), .flags = on, .hwpt = hwpt };
	int ret = fd_ioctl(fd, FD_HWPT_DIRTY, &arg);

	log_write(fd->log, &(struct log_op){ .op = "dirty",
					     .context = fd->context,
					     .fields = LOG_PT | LOG_FLAGS,
					     .pt = hwpt,
					     .flags = arg.flags,
					     .result = ret });
	return ret;
}
