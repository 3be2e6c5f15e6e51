/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd (drivers/iommu/iommufd): what the parts of its programs share. The
 * parts say what orders them: iommufd_objects (contexts, IOASes, ioctls), _areas,
 * _splits, _pages (memory and charges), _files, _domains, _ranges, _devices,
 * _accesses, _compat (ioctls of VFIO containers).
 *
 * Objects are found by kernel address: an IOAS by that of its io_pagetable, which
 * nearly every function is given; pages objects, domains, devices and accesses
 * in a map of their own, from first sight to the hook that frees them.
 */
#ifndef IOASCOPE_IOMMUFD_BPF_H
#define IOASCOPE_IOMMUFD_BPF_H

#include "hook.bpf.h"
#include "objects.bpf.h"
#include "refused.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kref {
	int pad;
};

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
	struct {
		long counter;
	} locked_vm;
};

struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[16];
};

struct io_pagetable {
	struct xarray domains;
	unsigned int next_domain_id;
	struct rb_root_cached allowed_itree;
	unsigned char disable_large_pages;
	unsigned long iova_alignment;
};

enum iommufd_object_type {
	IOMMUFD_OBJ_IOAS,
	IOMMUFD_OBJ_HWPT_PAGING,
	IOMMUFD_OBJ_HWPT_NESTED,
};

struct iommufd_object {
	enum iommufd_object_type type;
	unsigned int id;
};

struct iommufd_ctx {
	unsigned char account_mode;
	struct iommufd_ioas *vfio_ioas;
};

struct iommufd_ucmd {
	struct iommufd_ctx *ictx;
	void *cmd;
};

struct iommufd_ioas {
	struct iommufd_object obj;
	struct io_pagetable iopt;
};

struct iopt_pages {
	struct kref kref;
	unsigned long npages;
	unsigned long npinned;
	struct task_struct *source_task;
	struct mm_struct *source_mm;
	struct user_struct *source_user;
	void *uptr;
	unsigned char account_mode;
	bool writable : 1;
};

/* Newer than 6.12, with files as memory; before it all memory is of a process. */
enum iopt_address_type {
	IOPT_ADDRESS_USER,
	IOPT_ADDRESS_FILE,
	IOPT_ADDRESS_DMABUF,
};

struct iopt_pages___typed {
	enum iopt_address_type type;
};

struct iopt_area {
	struct interval_tree_node node;
	struct interval_tree_node pages_node;
	struct io_pagetable *iopt;
	unsigned int page_offset;
	int iommu_prot;
};

struct pfn_batch {
	unsigned int total_pfns;
};

struct iommu_domain_geometry {
	unsigned long aperture_start;
	unsigned long aperture_end;
};

struct iommu_domain {
	unsigned long pgsize_bitmap;
	struct iommu_domain_geometry geometry;
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
	struct iommufd_hw_pagetable *hwpt;
};

/* Up to 6.12: devices that use the page table. */
struct iommufd_group___list {
	struct list_head device_list;
};

/* Newer than 6.12: a page table for each PASID. */
struct iommufd_group___pasid {
	struct xarray pasid_attach;
};

struct iommufd_attach {
	struct iommufd_hw_pagetable *hwpt;
};

struct kobject {
	const char *name;
};

struct device {
	struct kobject kobj;
};

struct iommufd_device {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct iommufd_group *igroup;
	struct device *dev;
};

struct iommufd_access {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct iommufd_ioas *ioas;
	struct iommufd_ioas *ioas_unpin;
	unsigned long iova_alignment;
};

#pragma clang attribute pop

/* What a pages object is charged by (drivers/iommu/iommufd/io_pagetable.h). */
#define FD_ACCOUNT_USER 1
#define FD_ACCOUNT_MM 2

/* What stands at an address, which something else may have had before. */
enum fd_kind {
	FD_PAGES = 1,
	FD_DOMAIN,
	FD_DEVICE,
	FD_ACCESS,
};

struct fd_object {
	__u32 id;
	__u8 kind; /* enum fd_kind */
	__u8 failed; /* domain: it did not come about; a new one may have its address */
	__u8 told; /* domain: that it is attached */
	__u8 pad;
	__u64 ctx_key;
	__u64 ioas_key; /* of a domain or access: the IOAS that it is of; 0: it is neither */
	__s64 pinned; /* pages object: as last told */
	/* pages object: whose it is, as last told; 0: it is no pages object */
	__u64 mm;
	__u64 user;
	__u64 task;
	__u32 payer; /* pages object: our number of who pays, as last told; 0: nobody, or not known
		      */
	__u32 payer_who; /* see struct fd_payer */
	__s64 moving; /* taken back from its owner, and charged to another one */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct fd_object);
} fd_objects SEC(".maps");

/* An IOAS by the number that user space gives, for ioctls. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct fd_name);
	__type(value, __u64);
} fd_names SEC(".maps");

static __always_inline struct fd_object *fd_find(__u64 key, __u8 kind)
{
	struct fd_object *o = bpf_map_lookup_elem(&fd_objects, &key);

	return o && o->kind == kind ? o : NULL;
}

/* An object at first sight; NULL: no room (counted, the context is uncertain). */
static __always_inline struct fd_object *fd_new(struct ioas_ctx *c, __u64 key, __u8 kind,
						__u64 ctx_key, __u64 ioas_key)
{
	struct fd_object v = { .kind = kind, .ctx_key = ctx_key, .ioas_key = ioas_key };

	v.id = new_id();
	if (bpf_map_update_elem(&fd_objects, &key, &v, BPF_ANY)) {
		stat_inc(IOAS_STAT_MAP_FULL);
		mark_uncertain(c);
		return NULL;
	}
	return fd_find(key, kind);
}

/* The object at that address, taken in at first sight; NULL as fd_new(). */
static __always_inline struct fd_object *fd_get(struct ioas_ctx *c, __u64 key, __u8 kind,
						__u64 ctx_key, __u64 ioas_key)
{
	struct fd_object *o = fd_find(key, kind);

	return o ? o : fd_new(c, key, kind, ctx_key, ioas_key);
}

/* A domain, at first sight or where one that is no more has been: it has one IOAS for good. */
static __always_inline struct fd_object *fd_domain(struct ioas_ctx *c, __u64 domain, __u64 ctx_key,
						   __u64 iopt)
{
	struct fd_object *o = fd_find(domain, FD_DOMAIN);

	return o && !o->failed && o->ioas_key == iopt ? o
						      : fd_new(c, domain, FD_DOMAIN, ctx_key, iopt);
}

static __always_inline void fd_forget(__u64 key)
{
	bpf_map_delete_elem(&fd_objects, &key);
}

/* What an IOAS of that context is of. */
static __always_inline __u8 fd_backend(__u64 ctx_key)
{
	struct ioas_ctx *c = bpf_map_lookup_elem(&ioas_ctx, &ctx_key);

	return c ? c->backend : IOAS_BACKEND_IOMMUFD;
}

/* The IOAS of an io_pagetable; one that is older than the hooks is adopted. */
static __always_inline struct ioas_ioas *fd_ioas(__u64 iopt)
{
	struct ioas_ioas *s = bpf_map_lookup_elem(&ioas_ioas, &iopt);
	struct op *op;
	__u64 ctx_key;

	if (s || !iopt)
		return s;
	op = op_get(LEVEL_DRIVER);
	ctx_key = op && op->ctx_key ? op->ctx_key : iopt;
	return ioas_new(iopt, ctx_key, fd_backend(ctx_key), IOAS_MODE_COVER, true);
}

/* The address of an IOAS's io_pagetable, by which it is known. */
static __always_inline __u64 fd_iopt(struct iommufd_ioas *ioas)
{
	return ioas ? (__u64)ioas + bpf_core_field_offset(struct iommufd_ioas, iopt) : 0;
}

/* The op that runs, told which IOAS it turned out to be about. */
static __always_inline struct op *fd_op(__u64 iopt)
{
	struct op *op = op_get(LEVEL_DRIVER);

	if (op && !op->ioas_key)
		op->ioas_key = iopt;
	return op;
}

static __always_inline __u64 fd_op_num(const struct op *op)
{
	return op ? op->num : 0;
}

/* An op in a context, which is adopted if it is older than the hooks; NULL: no room. */
static __always_inline struct op *fd_begin(__u64 ctx_key, __u32 what)
{
	struct op *op;

	if (!ctx_get(ctx_key, IOAS_BACKEND_IOMMUFD))
		return NULL;
	op = op_new(LEVEL_DRIVER, what);
	if (op)
		op->ctx_key = ctx_key;
	return op;
}

/* Its end: what it was asked, and in which IOAS it was, stands in the op. */
static __noinline int fd_end(__u32 what, int ret, __u8 flags)
{
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_ctx *c;
	__u64 key;

	if (!op || op->what != what)
		return 0;
	key = op->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &key);
	key = op->ioas_key;
	op_emit(c, key ? bpf_map_lookup_elem(&ioas_ioas, &key) : NULL, op, ret, 0, flags);
	op_del(LEVEL_DRIVER);
	return 0;
}

#endif
