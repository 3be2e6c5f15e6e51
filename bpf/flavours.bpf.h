/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel types we look into, cut down to the fields in use. CO-RE moves
 * each access to where the running kernel has the field. A name after ___ is
 * a flavour: libbpf strips it and matches the rest.
 */
#ifndef IOASCOPE_FLAVOURS_BPF_H
#define IOASCOPE_FLAVOURS_BPF_H

#include <linux/types.h>

typedef _Bool bool;
#define true 1
#define false 0
#ifndef NULL
#define NULL ((void *)0)
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct list_head {
	struct list_head *next;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t uid;
};

typedef struct {
	int counter;
} atomic_t;

struct mm_struct {
	atomic_t mm_users;
	unsigned long locked_vm;
};

struct rlimit {
	unsigned long rlim_cur;
};

struct signal_struct {
	struct rlimit rlim[16];
};

struct task_struct {
	int tgid;
	const struct cred *cred;
	struct mm_struct *mm;
	struct signal_struct *signal;
	char comm[16];
};

struct file_operations {
	void *open;
};

struct inode {
	unsigned int i_rdev;
};

struct file {
	void *private_data;
	struct inode *f_inode;
	const struct file_operations *f_op;
};

struct iommu_group {
	int id;
};

/* drivers/vfio: in the BTF of modules vfio and vfio_iommu_type1 */

struct vfio_container {
	struct list_head group_list;
	void *iommu_data;
};

struct vfio_group {
	struct iommu_group *iommu_group;
	struct vfio_container *container;
};

struct vfio_device {
	struct vfio_group *group;
};

struct vfio_iommu {
	struct list_head domain_list;
	struct list_head iova_list;
	struct rb_root dma_list;
	unsigned int dma_avail;
	unsigned int vaddr_invalid_count;
	__u64 num_non_pinned_groups;
	_Bool v2;
	_Bool dirty_page_tracking;
	struct list_head emulated_iommu_groups;
};

struct vfio_iova {
	struct list_head list;
	__u64 start;
	__u64 end;
};

struct vfio_domain {
	struct list_head next;
	struct list_head group_list;
};

struct vfio_iommu_group {
	struct iommu_group *iommu_group;
	struct list_head next;
};

struct vfio_dma {
	struct rb_node node;
	__u64 iova;
	unsigned long vaddr;
	__u64 size;
	int prot;
	_Bool iommu_mapped;
	_Bool vaddr_invalid;
	struct task_struct *task;
	struct rb_root pfn_list;
	struct mm_struct *mm;
	__u64 locked_vm;
	_Bool lock_cap;
};

struct vfio_pfn {
	struct rb_node node;
	__u64 iova;
	unsigned int ref_count;
};

#pragma clang attribute pop

#endif
