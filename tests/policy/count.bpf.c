// SPDX-License-Identifier: GPL-2.0
/*
 * Counts, for programs named "pinner", what the kernel's pin functions returned less what its
 * unpin functions released: nothing of enforcement is in here. Both are counted when the function
 * has ended, so that the number is never less than what is pinned.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define FOLL_LONGTERM 0x100

struct pins {
	__s64 now, most;
	__u64 pinned; /* in all */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pins);
} pins SEC(".maps");

static __always_inline int ours(void)
{
	const char want[] = "pinner";
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	for (int i = 0; i < sizeof(want); i++) {
		if (comm[i] != want[i])
			return 0;
	}
	return 1;
}

static __always_inline void add(__s64 n)
{
	__u32 zero = 0;
	struct pins *p = bpf_map_lookup_elem(&pins, &zero);
	__s64 now;

	if (!p || !ours())
		return;
	now = __sync_fetch_and_add(&p->now, n) + n;
	if (n > 0)
		__sync_fetch_and_add(&p->pinned, n);
	/* Whoever loses tries again. */
	for (int i = 0; i < 64; i++) {
		__s64 most = p->most;

		if (now <= most || __sync_val_compare_and_swap(&p->most, most, now) == most)
			return;
	}
}

SEC("fexit/pin_user_pages_fast")
int BPF_PROG(count_fast, unsigned long start, int nr_pages, unsigned int gup_flags, void *pages,
	     int ret)
{
	if (gup_flags & FOLL_LONGTERM && ret > 0)
		add(ret);
	return 0;
}

SEC("fexit/pin_user_pages_remote")
int BPF_PROG(count_remote, void *mm, unsigned long start, unsigned long nr_pages,
	     unsigned int gup_flags, void *pages, int *locked, long ret)
{
	if (gup_flags & FOLL_LONGTERM && ret > 0)
		add(ret);
	return 0;
}

SEC("fexit/unpin_user_page")
int BPF_PROG(count_one, void *page)
{
	add(-1);
	return 0;
}

SEC("fexit/unpin_user_pages")
int BPF_PROG(count_many, void *pages, unsigned long npages)
{
	add(-(__s64)npages);
	return 0;
}

SEC("fexit/unpin_user_page_range_dirty_lock")
int BPF_PROG(count_range, void *page, unsigned long npages, _Bool make_dirty)
{
	add(-(__s64)npages);
	return 0;
}

SEC("fexit/unpin_user_folio")
int BPF_PROG(count_folio, void *folio, unsigned long npages)
{
	add(-(__s64)npages);
	return 0;
}

/* Clean pages it leaves to unpin_user_pages(). */
SEC("fexit/unpin_user_pages_dirty_lock")
int BPF_PROG(count_dirty, void *pages, unsigned long npages, _Bool make_dirty)
{
	if (make_dirty)
		add(-(__s64)npages);
	return 0;
}
