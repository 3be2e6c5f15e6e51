/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests use of the kernel's linux/iommufd.h and of the parts of linux/vfio.h that go with
 * it, which the headers of the host may lack. Numbers and layouts are the kernel's.
 */
#ifndef CLIENT_IOMMUFD_UAPI_H
#define CLIENT_IOMMUFD_UAPI_H

#include <stdint.h>
#include <sys/ioctl.h>

#define FD_IO(number) _IO(';', number)

#define FD_DESTROY FD_IO(0x80)
#define FD_IOAS_ALLOC FD_IO(0x81)
#define FD_IOAS_ALLOW FD_IO(0x82)
#define FD_IOAS_COPY FD_IO(0x83)
#define FD_IOAS_RANGES FD_IO(0x84)
#define FD_IOAS_MAP FD_IO(0x85)
#define FD_IOAS_UNMAP FD_IO(0x86)
#define FD_OPTION FD_IO(0x87)
#define FD_VFIO_IOAS FD_IO(0x88)
#define FD_HWPT_ALLOC FD_IO(0x89)
#define FD_HWPT_DIRTY FD_IO(0x8b)
/* Newer than 6.12. */
#define FD_IOAS_MAP_FILE FD_IO(0x8f)
#define FD_IOAS_CHANGE_PROCESS FD_IO(0x92)

/* Of the character device of a VFIO device. */
#define FD_DEVICE_BIND FD_IO(118)
#define FD_DEVICE_ATTACH FD_IO(119)
#define FD_DEVICE_DETACH FD_IO(120)

#define FD_MAP_FIXED 1u
#define FD_MAP_WRITE 2u
#define FD_MAP_READ 4u

#define FD_HWPT_NEST_PARENT 1u
#define FD_HWPT_DIRTY_TRACKING 2u
#define FD_HWPT_FAULT 4u
#define FD_HWPT_DATA_VTD_S1 1u

enum fd_option_id {
	FD_OPTION_RLIMIT_MODE = 0,
	FD_OPTION_HUGE_PAGES = 1,
};

enum fd_option_op {
	FD_OPTION_SET = 0,
	FD_OPTION_GET = 1,
};

enum fd_vfio_ioas_op {
	FD_VFIO_IOAS_GET = 0,
	FD_VFIO_IOAS_SET = 1,
	FD_VFIO_IOAS_CLEAR = 2,
};

/* Each begins with its own size. */
struct fd_arg_destroy {
	uint32_t size, id;
};

struct fd_arg_alloc {
	uint32_t size, flags, out_id;
};

struct fd_range {
	uint64_t start, last;
};

struct fd_arg_ranges {
	uint32_t size, ioas, count, reserved;
	uint64_t ranges, out_alignment;
};

struct fd_arg_allow {
	uint32_t size, ioas, count, reserved;
	uint64_t ranges;
};

struct fd_arg_map {
	uint32_t size, flags, ioas, reserved;
	uint64_t va, length, iova;
};

struct fd_arg_map_file {
	uint32_t size, flags, ioas;
	int32_t file;
	uint64_t start, length, iova;
};

struct fd_arg_change_process {
	uint32_t size, reserved;
};

struct fd_arg_copy {
	uint32_t size, flags, dst, src;
	uint64_t length, dst_iova, src_iova;
};

struct fd_arg_unmap {
	uint32_t size, ioas;
	uint64_t iova, length;
};

struct fd_arg_option {
	uint32_t size, id;
	uint16_t op, reserved;
	uint32_t object;
	uint64_t value;
};

struct fd_arg_vfio_ioas {
	uint32_t size, ioas;
	uint16_t op, reserved;
};

struct fd_arg_hwpt {
	uint32_t size, flags, device, pt, out_id, reserved, data_type, data_len;
	uint64_t data;
	uint32_t fault, reserved2;
};

struct fd_arg_dirty {
	uint32_t size, flags, hwpt, reserved;
};

struct fd_arg_bind {
	uint32_t size, flags;
	int32_t iommufd;
	uint32_t out_device;
};

struct fd_arg_attach {
	uint32_t size, flags, pt;
};

struct fd_arg_detach {
	uint32_t size, flags;
};

_Static_assert(sizeof(struct fd_arg_map) == 40, "as the kernel has it");
_Static_assert(sizeof(struct fd_arg_map_file) == 40, "as the kernel has it");
_Static_assert(sizeof(struct fd_arg_copy) == 40, "as the kernel has it");
_Static_assert(sizeof(struct fd_arg_unmap) == 24, "as the kernel has it");
_Static_assert(sizeof(struct fd_arg_ranges) == 32, "as the kernel has it");
_Static_assert(sizeof(struct fd_arg_option) == 24, "as the kernel has it");
_Static_assert(sizeof(struct fd_arg_hwpt) == 48, "as the kernel has it");

#endif
