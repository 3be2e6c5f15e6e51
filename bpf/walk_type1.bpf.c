// SPDX-License-Identifier: GPL-2.0
/*
 * Reads what the kernel has of type1, without events: the container files that
 * tasks hold, then each IOAS by its own tree.
 */
#include "walk.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* The functions behind /dev/vfio/vfio: how its files are told from others. */
extern const void vfio_fops_open __ksym __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WALK_CHUNK);
	__type(key, __u32);
	__type(value, struct walk_dma);
} walk_out SEC(".maps");

SEC("iter/task_file")
int walk_files(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct vfio_container *c;
	struct walk_file f = {};

	if (!file || !&vfio_fops_open)
		return 0;
	if ((const void *)BPF_CORE_READ(file, f_op, open) != &vfio_fops_open)
		return 0;
	c = BPF_CORE_READ(file, private_data);
	f.context = (__u64)c;
	f.iommu = (__u64)BPF_CORE_READ(c, iommu_data);
	walk_file_tell(ctx, &f);
	return 0;
}

struct pfn_walk {
	__u64 root; /* struct rb_node * */
	__u64 from;
	__u64 pfns;
	__u64 refs;
	__u64 done;
};

static long pfn_step(__u32 i, struct pfn_walk *w)
{
	struct descent d = {
		.node = w->root,
		.from = w->from,
		.key_offset = bpf_core_field_offset(struct vfio_pfn, iova),
	};
	struct vfio_pfn *p;

	bpf_loop(TREE_DEPTH, descend_step, &d, 0);
	if (!d.best) {
		w->done = 1;
		return 1;
	}
	p = (void *)d.best;
	w->pfns++;
	w->refs += BPF_CORE_READ(p, ref_count);
	w->from = d.best_key + 1;
	return 0;
}

static __always_inline void read_dma(struct vfio_dma *dma, struct walk_dma *o)
{
	struct pfn_walk w = {};

	o->iova = BPF_CORE_READ(dma, iova);
	o->size = BPF_CORE_READ(dma, size);
	o->va = BPF_CORE_READ(dma, vaddr);
	o->locked = BPF_CORE_READ(dma, locked_vm);
	o->prot = BPF_CORE_READ(dma, prot);
	o->tgid = BPF_CORE_READ(dma, task, tgid);
	o->uid = BPF_CORE_READ(dma, task, cred, uid.val);
	o->iommu_mapped = BPF_CORE_READ(dma, iommu_mapped);
	o->vaddr_invalid = BPF_CORE_READ(dma, vaddr_invalid);
	BPF_CORE_READ_STR_INTO(&o->comm, dma, task, comm);
	w.root = (__u64)BPF_CORE_READ(dma, pfn_list.rb_node);
	if (w.root)
		bpf_loop(WALK_PFNS, pfn_step, &w, 0);
	o->pfns = w.pfns;
	o->refs = w.refs;
	o->pfns_more = w.root && !w.done;
	o->pad = 0;
}

struct dma_walk {
	__u64 root;
	__u64 from;
	__u32 count;
	__u32 done;
};

static long dma_step(__u32 i, struct dma_walk *w)
{
	struct descent d = {
		.node = w->root,
		.from = w->from,
		.key_offset = bpf_core_field_offset(struct vfio_dma, iova),
	};
	struct walk_dma *out;

	bpf_loop(TREE_DEPTH, descend_step, &d, 0);
	out = d.best ? bpf_map_lookup_elem(&walk_out, &i) : NULL;
	if (!out) {
		w->done = 1;
		return 1;
	}
	read_dma((void *)d.best, out);
	w->count++;
	w->from = d.best_key + 1;
	return 0;
}

/* One list of groups; .at starts as .head, the address of its list_head. */
struct group_walk {
	__u64 head;
	__u64 at;
	__u32 emulated;
	__u32 n;
	struct ioas_group groups[IOAS_GROUPS_MAX];
};

static long group_step(__u32 i, struct group_walk *w)
{
	struct list_head *l = (void *)w->at;
	struct vfio_iommu_group *g;
	__u32 n = w->n;

	w->at = (__u64)BPF_CORE_READ(l, next);
	if (!w->at || w->at == w->head || n >= IOAS_GROUPS_MAX)
		return 1;
	g = (void *)(w->at - bpf_core_field_offset(struct vfio_iommu_group, next));
	w->groups[n].id = BPF_CORE_READ(g, iommu_group, id);
	w->groups[n].emulated = w->emulated;
	w->n = n + 1;
	return 0;
}

static __always_inline void walk_groups(struct group_walk *w, __u64 head, bool emulated)
{
	w->head = head;
	w->at = head;
	w->emulated = emulated;
	bpf_loop(IOAS_GROUPS_MAX + 1, group_step, w, 0);
}

static __always_inline void walk_domains(struct group_walk *w, __u64 head)
{
	struct list_head *l = (void *)head;
	__u64 at;

	for (int i = 0; i < 4; i++) {
		l = BPF_CORE_READ(l, next);
		at = (__u64)l;
		if (!at || at == head)
			return;
		at -= bpf_core_field_offset(struct vfio_domain, next);
		walk_groups(w, at + bpf_core_field_offset(struct vfio_domain, group_list), false);
	}
}

/* A frame of its own: with that of the mappings it would not fit the stack. */
static __noinline int read_groups(struct walk_args *a)
{
	struct group_walk g = {};
	__u64 key = a->iommu;

	walk_domains(&g, key + bpf_core_field_offset(struct vfio_iommu, domain_list));
	walk_groups(&g, key + bpf_core_field_offset(struct vfio_iommu, emulated_iommu_groups),
		    true);
	a->ngroups = g.n;
	__builtin_memcpy(a->groups, g.groups, sizeof(a->groups));
	return 0;
}

SEC("syscall")
int walk_ioas(struct walk_args *a)
{
	struct vfio_container *container = (void *)a->container;
	struct vfio_iommu *iommu = (void *)a->iommu;
	struct dma_walk w = { .from = a->from };

	a->mode = BPF_CORE_READ(iommu, v2) ? IOAS_MODE_V2 : IOAS_MODE_V1;
	a->dirty = BPF_CORE_READ(iommu, dirty_page_tracking);
	a->vaddr_invalid = BPF_CORE_READ(iommu, vaddr_invalid_count);
	a->entries_left = BPF_CORE_READ(iommu, dma_avail);
	a->non_pinned_groups = BPF_CORE_READ(iommu, num_non_pinned_groups);
	read_groups(a);
	w.root = (__u64)BPF_CORE_READ(iommu, dma_list.rb_node);
	bpf_loop(WALK_CHUNK, dma_step, &w, 0);
	/* Freed memory would have been walked: whoever still has it says it was not. */
	a->stale = (__u64)BPF_CORE_READ(container, iommu_data) != a->iommu;
	a->count = w.count;
	a->more = !w.done;
	a->from = w.from;
	return 0;
}
