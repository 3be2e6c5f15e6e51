/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel types of iommufd that the walk reads: its own, so that it shares nothing
 * with the hooks that it is compared with. Fields of several kernels stand
 * together; which there are is asked where they differ.
 */
#ifndef IOASCOPE_WALK_IOMMUFD_TYPES_BPF_H
#define IOASCOPE_WALK_IOMMUFD_TYPES_BPF_H

#include "flavours.bpf.h"
#include "walk_xarray.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct interval_tree_node {
	struct rb_node rb;
	unsigned long start;
	unsigned long last;
};

struct rb_root_cached {
	struct rb_root rb_root;
};

struct user_struct {
	kuid_t uid;
};

struct iommu_domain {
	unsigned long pgsize_bitmap;
};

struct kobject {
	const char *name;
};

struct device {
	struct kobject kobj;
};

/* drivers/iommu/iommufd: in the BTF of module iommufd */

enum iommufd_object_type {
	IOMMUFD_OBJ_DEVICE,
	IOMMUFD_OBJ_HWPT_PAGING,
	IOMMUFD_OBJ_HWPT_NESTED,
	IOMMUFD_OBJ_IOAS,
	IOMMUFD_OBJ_ACCESS,
};

struct iommufd_object {
	enum iommufd_object_type type;
	unsigned int id;
};

struct iommufd_ctx {
	struct xarray objects;
};

struct io_pagetable {
	struct xarray domains;
	struct rb_root_cached area_itree;
	struct rb_root_cached allowed_itree;
	struct rb_root_cached reserved_itree;
};

struct iommufd_ioas {
	struct iommufd_object obj;
	struct io_pagetable iopt;
};

enum iopt_address_type {
	IOPT_ADDRESS_USER,
	IOPT_ADDRESS_FILE,
	IOPT_ADDRESS_DMABUF,
};

struct iopt_pages {
	unsigned long npages;
	unsigned long npinned;
	unsigned long last_npinned;
	struct task_struct *source_task;
	struct mm_struct *source_mm;
	struct user_struct *source_user;
	enum iopt_address_type type; /* since 6.13; before it all is of a process */
	void *uptr;
	unsigned long start; /* since 6.13 */
	bool writable : 1;
	unsigned char account_mode;
};

struct iopt_area {
	struct interval_tree_node node;
	struct interval_tree_node pages_node;
	struct io_pagetable *iopt;
	struct iopt_pages *pages;
	unsigned int page_offset;
	int iommu_prot;
	bool prevent_access : 1;
	unsigned int num_accesses;
};

struct iopt_reserved {
	struct interval_tree_node node;
	void *owner;
};

struct iommufd_hw_pagetable {
	struct iommufd_object obj;
	struct iommu_domain *domain;
};

struct iommufd_hwpt_paging {
	struct iommufd_hw_pagetable common;
	struct iommufd_ioas *ioas;
};

struct iommufd_hwpt_nested {
	struct iommufd_hw_pagetable common;
	struct iommufd_hwpt_paging *parent;
};

struct iommufd_group {
	struct iommu_group *group;
	struct iommufd_hw_pagetable *hwpt; /* up to 6.14 */
	struct list_head device_list; /* up to 6.14 */
	struct xarray pasid_attach; /* since 6.15: struct iommufd_attach by PASID */
};

struct iommufd_attach {
	struct iommufd_hw_pagetable *hwpt;
	struct xarray device_array;
};

struct iommufd_device {
	struct iommufd_object obj;
	struct iommufd_group *igroup;
	struct list_head group_item; /* up to 6.14 */
	struct device *dev;
};

struct iommufd_access {
	struct iommufd_object obj;
	struct iommufd_ioas *ioas;
	unsigned long iova_alignment;
};

/* drivers/vfio */

struct vfio_device_file {
	struct iommufd_ctx *iommufd;
};

#pragma clang attribute pop

/* What a pages object is charged by (drivers/iommu/iommufd/io_pagetable.h). */
#define ACCOUNT_USER 1
#define ACCOUNT_MM 2

#endif
