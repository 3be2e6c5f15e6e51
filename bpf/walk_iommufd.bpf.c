// SPDX-License-Identifier: GPL-2.0
/*
 * Reads what the kernel has of iommufd, without events: the files that tasks
 * hold, the objects of each context by its table of numbers, each IOAS by its own
 * trees.
 *
 * No lock is held. Each call fills its part of the program's data. What it hands
 * out has been looked at for what must hold (an object's number is its place in
 * the table, an area names its IOAS), and the caller reads everything twice.
 */
#include "walk.bpf.h"
#include "walk_iommufd_types.bpf.h"
#include "walk_xarray.bpf.h"
#include <ioascope/walk_iommufd.h>

char LICENSE[] SEC("license") = "GPL";

#define PAGE_SHIFT 12
/* The kernel's own dev_t: 20 bits of minor. /dev/vfio/vfio is 10:196. */
#define VFIO_CONTAINER_RDEV (10 << 20 | 196)

/* The functions behind /dev/iommu and the devices' own files. */
extern const void iommufd_fops_open __ksym __weak;
extern const void vfio_device_fops_cdev_open __ksym __weak;

struct walk_fd_objects fd_objects;
struct walk_fd_ioas fd_ioas;
struct walk_fd_areas fd_areas;

/* ---- files ---- */

/*
 * A file of its own; or that of a device, which keeps the context that it is
 * bound to.
 */
SEC("iter/task_file")
int walk_fd_files(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct vfio_device_file *device;
	struct walk_file f = {};
	const void *open;

	if (!file)
		return 0;
	open = BPF_CORE_READ(file, f_op, open);
	if (!open)
		return 0;
	if (open == &iommufd_fops_open) {
		f.context = (__u64)BPF_CORE_READ(file, private_data);
		f.compat = BPF_CORE_READ(file, f_inode, i_rdev) == VFIO_CONTAINER_RDEV;
	} else if (open == &vfio_device_fops_cdev_open &&
		   bpf_core_field_exists(struct vfio_device_file, iommufd)) {
		device = BPF_CORE_READ(file, private_data);
		f.context = (__u64)BPF_CORE_READ(device, iommufd);
		f.closed = 1;
	}
	if (f.context)
		walk_file_tell(ctx, &f);
	return 0;
}

/* ---- devices and accesses ---- */

static __always_inline __u64 iopt_of(struct iommufd_ioas *ioas)
{
	return ioas ? (__u64)ioas + bpf_core_field_offset(struct iommufd_ioas, iopt) : 0;
}

/* The IOAS that a page table maps: its own, or that of the one it is nested in. */
static __always_inline __u64 iopt_of_hwpt(struct iommufd_hw_pagetable *hwpt)
{
	struct iommufd_hwpt_paging *paging = (void *)hwpt;
	struct iommufd_hwpt_nested *nested = (void *)hwpt;

	/* Older kernels have no nesting. */
	if (bpf_core_enum_value_exists(enum iommufd_object_type, IOMMUFD_OBJ_HWPT_NESTED) &&
	    BPF_CORE_READ(hwpt, obj.type) ==
		    bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_HWPT_NESTED))
		paging = BPF_CORE_READ(nested, parent);
	return iopt_of(BPF_CORE_READ(paging, ioas));
}

struct member {
	__u64 at; /* a list_head */
	__u64 head;
	__u64 wanted;
	__u32 found;
	__u32 pad;
};

static long member_step(__u32 i, struct member *m)
{
	struct list_head *l = (void *)m->at;

	m->at = (__u64)BPF_CORE_READ(l, next);
	m->found = m->at == m->wanted;
	return m->found || !m->at || m->at == m->head;
}

#define GROUP_DEVICES 256

/* Up to 6.14: a group has one page table, for those of its devices that are attached. */
static __always_inline struct iommufd_hw_pagetable *hwpt_by_list(struct iommufd_device *idev,
								 struct iommufd_group *igroup)
{
	struct member m = {};

	m.head = (__u64)igroup + bpf_core_field_offset(struct iommufd_group, device_list);
	m.wanted = (__u64)idev + bpf_core_field_offset(struct iommufd_device, group_item);
	m.at = m.head;
	bpf_loop(GROUP_DEVICES, member_step, &m, 0);
	return m.found ? BPF_CORE_READ(igroup, hwpt) : NULL;
}

/* Later: one for each PASID. What is attached without a PASID is at 0. */
static __always_inline struct iommufd_hw_pagetable *hwpt_by_pasid(struct iommufd_device *idev,
								  struct iommufd_group *igroup)
{
	struct look l = { .head = (__u64)BPF_CORE_READ(igroup, pasid_attach.xa_head) };
	struct iommufd_attach *attach;

	xa_look(&l);
	attach = (void *)l.entry;
	if (!attach)
		return NULL;
	l.head = (__u64)BPF_CORE_READ(attach, device_array.xa_head);
	l.index = BPF_CORE_READ(idev, obj.id);
	xa_look(&l);
	return l.entry ? BPF_CORE_READ(attach, hwpt) : NULL;
}

static __always_inline void read_device(struct walk_fd_object *o, struct iommufd_device *idev)
{
	struct iommufd_group *igroup = BPF_CORE_READ(idev, igroup);
	struct iommufd_hw_pagetable *hwpt;

	if (bpf_core_field_exists(struct iommufd_group, hwpt))
		hwpt = hwpt_by_list(idev, igroup);
	else
		hwpt = hwpt_by_pasid(idev, igroup);
	if (!hwpt)
		return;
	o->type = WALK_FD_DEVICE;
	o->key = (__u64)BPF_CORE_READ(idev, dev);
	o->iopt = iopt_of_hwpt(hwpt);
	o->domain = (__u64)BPF_CORE_READ(hwpt, domain);
	o->group = BPF_CORE_READ(igroup, group, id);
	bpf_probe_read_kernel_str(o->name, sizeof(o->name), BPF_CORE_READ(idev, dev, kobj.name));
}

static __always_inline void read_access(struct walk_fd_object *o, struct iommufd_access *access)
{
	o->iopt = iopt_of(BPF_CORE_READ(access, ioas));
	if (!o->iopt)
		return;
	o->type = WALK_FD_ACCESS;
	o->key = (__u64)access;
	o->alignment = BPF_CORE_READ(access, iova_alignment);
}

/* ---- the objects of a context ---- */

static __noinline int read_object(struct walk_fd_object *o, __u64 key, __u32 id)
{
	struct iommufd_object *obj = (void *)key;
	__u32 type = BPF_CORE_READ(obj, type);

	if (!o)
		return 0;
	__builtin_memset(o, 0, sizeof(*o));
	o->id = BPF_CORE_READ(obj, id);
	if (o->id != id)
		return 0; /* freed meanwhile */
	if (type == bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_IOAS)) {
		o->type = WALK_FD_IOAS;
		o->key = iopt_of((void *)key);
	} else if (type == bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_DEVICE)) {
		read_device(o, (void *)key);
	} else if (type == bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_ACCESS)) {
		read_access(o, (void *)key);
	}
	return 0;
}

/*
 * Counts live in the program's data: what the verifier would know of one on the
 * stack it would follow number by number.
 */
static long object_step(__u32 i, struct look *l)
{
	__u32 n = fd_objects.count, id = l->index;

	if (n >= WALK_FD_OBJECTS)
		return 1;
	fd_objects.more = xa_next(l);
	if (l->entry) {
		read_object(&fd_objects.object[n], l->entry, id);
		fd_objects.count = n + 1;
	}
	return !fd_objects.more;
}

/* Empty slots cost a step too. */
#define OBJECT_STEPS (8 * WALK_FD_OBJECTS)

SEC("syscall")
int walk_fd_objects(void *unused)
{
	struct iommufd_ctx *ictx = (void *)fd_objects.context;
	struct look l = { .index = fd_objects.from };

	l.head = (__u64)BPF_CORE_READ(ictx, objects.xa_head);
	fd_objects.count = 0;
	bpf_loop(OBJECT_STEPS, object_step, &l, 0);
	fd_objects.from = l.index;
	return 0;
}

/* ---- an IOAS: its domains and ranges ---- */

static long domain_step(__u32 i, struct look *l)
{
	__u32 n = fd_ioas.ndomains;
	struct iommu_domain *domain;
	__u64 sizes;

	if (n >= WALK_FD_DOMAINS)
		return 1;
	fd_ioas.more = xa_next(l);
	if (l->entry) {
		domain = (void *)l->entry;
		sizes = BPF_CORE_READ(domain, pgsize_bitmap);
		fd_ioas.domain[n].key = l->entry;
		fd_ioas.domain[n].page_size = sizes & -sizes;
		fd_ioas.ndomains = n + 1;
	}
	return !fd_ioas.more;
}

/* Where a tree of ranges is being read: in order, for some may begin at one place. */
static struct {
	__u64 node; /* rb_node to go down from; 0: take one from the stack */
	__u32 depth;
	__u32 class;
	__u32 done;
	__u32 pad;
	__u64 stack[TREE_DEPTH];
} ranges;

static __always_inline void read_range(struct walk_fd_range *r, __u64 node)
{
	struct iopt_reserved *reserved =
		(void *)(node - bpf_core_field_offset(struct iopt_reserved, node.rb));

	r->start = BPF_CORE_READ(reserved, node.start);
	r->last = BPF_CORE_READ(reserved, node.last);
	r->class = ranges.class;
	r->pad = 0;
	r->owner = ranges.class == IOAS_RANGE_RESERVED ? (__u64)BPF_CORE_READ(reserved, owner) : 0;
}

/* Down to the left, as far as it goes. */
static __always_inline bool range_down(struct rb_node *node)
{
	__u32 depth = ranges.depth;

	if (depth >= TREE_DEPTH)
		return false;
	ranges.stack[depth] = (__u64)node;
	ranges.depth = depth + 1;
	ranges.node = (__u64)BPF_CORE_READ(node, rb_left);
	return true;
}

/* The range on top of the stack, then to the right of it. */
static __always_inline bool range_take(void)
{
	__u32 n = fd_ioas.nranges, depth = ranges.depth - 1;
	struct rb_node *node;

	if (n >= WALK_FD_RANGES || depth >= TREE_DEPTH)
		return false;
	node = (void *)ranges.stack[depth];
	read_range(&fd_ioas.range[n], (__u64)node);
	fd_ioas.nranges = n + 1;
	ranges.depth = depth;
	ranges.node = (__u64)BPF_CORE_READ(node, rb_right);
	return true;
}

static long range_step(__u32 i, void *unused)
{
	struct rb_node *node = (void *)ranges.node;

	if (node)
		return !range_down(node);
	ranges.done = !ranges.depth;
	return ranges.done || !range_take();
}

/* All ranges of one class. */
static __always_inline void read_ranges(struct rb_node *root, __u32 class)
{
	ranges.node = (__u64)root;
	ranges.depth = 0;
	ranges.class = class;
	ranges.done = 0;
	bpf_loop(2 * WALK_FD_RANGES + 1, range_step, NULL, 0);
	fd_ioas.more |= !ranges.done;
}

SEC("syscall")
int walk_fd_ioas(void *unused)
{
	struct io_pagetable *iopt = (void *)fd_ioas.iopt;
	struct look l = { .head = (__u64)BPF_CORE_READ(iopt, domains.xa_head) };

	fd_ioas.ndomains = 0;
	fd_ioas.nranges = 0;
	bpf_loop(8 * WALK_FD_DOMAINS, domain_step, &l, 0);
	read_ranges(BPF_CORE_READ(iopt, reserved_itree.rb_root.rb_node), IOAS_RANGE_RESERVED);
	read_ranges(BPF_CORE_READ(iopt, allowed_itree.rb_root.rb_node), IOAS_RANGE_ALLOWED);
	return 0;
}

/* ---- areas ---- */

static __always_inline __u32 memory_of(struct iopt_pages *pages)
{
	__u32 type;

	if (!bpf_core_field_exists(struct iopt_pages, type))
		return IOAS_MEMORY_USER;
	type = BPF_CORE_READ(pages, type);
	return type == bpf_core_enum_value(enum iopt_address_type, IOPT_ADDRESS_USER)
		       ? IOAS_MEMORY_USER
	       : type == bpf_core_enum_value(enum iopt_address_type, IOPT_ADDRESS_FILE)
		       ? IOAS_MEMORY_FILE
		       : IOAS_MEMORY_DMABUF;
}

static __always_inline void read_pages(struct walk_fd_area *a, struct iopt_pages *pages)
{
	__u8 mode = BPF_CORE_READ(pages, account_mode);

	a->memory = memory_of(pages);
	if (a->memory == IOAS_MEMORY_USER)
		a->base = (__u64)BPF_CORE_READ(pages, uptr);
	else if (a->memory == IOAS_MEMORY_FILE)
		a->base = BPF_CORE_READ(pages, start);
	a->npages = BPF_CORE_READ(pages, npages);
	a->pinned = BPF_CORE_READ(pages, npinned);
	if (mode == ACCOUNT_USER) {
		a->account = IOAS_COUNTER_USER_LOCKED;
		a->payer = (__u64)BPF_CORE_READ(pages, source_user);
	} else if (mode == ACCOUNT_MM) {
		a->account = IOAS_COUNTER_MM_LOCKED;
		a->payer = (__u64)BPF_CORE_READ(pages, source_mm);
	}
	if (a->account)
		a->charged = BPF_CORE_READ(pages, last_npinned);
	a->writable = BPF_CORE_READ_BITFIELD_PROBED(pages, writable);
	a->tgid = BPF_CORE_READ(pages, source_task, tgid);
	a->uid = BPF_CORE_READ(pages, source_user, uid.val);
	BPF_CORE_READ_STR_INTO(&a->comm, pages, source_task, comm);
}

/* Returns whether it is whole: of this IOAS, and with its memory. */
static __noinline int read_area(struct walk_fd_area *a, __u64 key, __u64 iopt)
{
	struct iopt_area *area = (void *)key;
	struct iopt_pages *pages;

	if (!a)
		return 0;
	__builtin_memset(a, 0, sizeof(*a));
	a->iova = BPF_CORE_READ(area, node.start);
	a->last = BPF_CORE_READ(area, node.last);
	a->at = ((__u64)BPF_CORE_READ(area, pages_node.start) << PAGE_SHIFT) +
		BPF_CORE_READ(area, page_offset);
	a->prot = BPF_CORE_READ(area, iommu_prot) & (IOAS_PROT_READ | IOAS_PROT_WRITE);
	a->accesses = BPF_CORE_READ(area, num_accesses);
	a->going = BPF_CORE_READ_BITFIELD_PROBED(area, prevent_access);
	pages = BPF_CORE_READ(area, pages);
	a->pages = (__u64)pages;
	if (!pages || (__u64)BPF_CORE_READ(area, iopt) != iopt)
		return 0;
	read_pages(a, pages);
	return 1;
}

static long area_step(__u32 i, __u64 *root)
{
	struct descent d = {
		.node = *root,
		.from = fd_areas.from,
		.key_offset = bpf_core_field_offset(struct interval_tree_node, start),
	};
	__u32 n = fd_areas.count;

	if (n >= WALK_FD_AREAS)
		return 1;
	bpf_loop(TREE_DEPTH, descend_step, &d, 0);
	fd_areas.from = d.best_key + 1;
	fd_areas.more = d.best && fd_areas.from;
	if (!d.best)
		return 1;
	d.best -= bpf_core_field_offset(struct iopt_area, node.rb);
	if (read_area(&fd_areas.area[n], d.best, fd_areas.iopt))
		fd_areas.count = n + 1;
	else
		fd_areas.torn++;
	return !fd_areas.more;
}

SEC("syscall")
int walk_fd_areas(void *unused)
{
	struct io_pagetable *iopt = (void *)fd_areas.iopt;
	__u64 root = (__u64)BPF_CORE_READ(iopt, area_itree.rb_root.rb_node);

	fd_areas.count = 0;
	fd_areas.torn = 0;
	bpf_loop(WALK_FD_AREAS, area_step, &root, 0);
	return 0;
}
