// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: pin-count OBJECT
 * Attaches count.bpf.c, says READY, and answers each line with "NOW MOST ALL SKIPPED": pages, and
 * runs of its programs that the kernel left out.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>

struct pins {
	__s64 now, most;
	__u64 pinned;
};

static unsigned long long skipped(struct bpf_object *obj)
{
	unsigned long long n = 0;
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
	{
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (!bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			n += info.recursion_misses;
	}
	return n;
}

int main(int argc, char **argv)
{
	struct bpf_object *obj = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *prog;
	char line[64];
	int fd;

	if (!obj || bpf_object__load(obj))
		return 1;
	bpf_object__for_each_program(prog, obj)
	{
		if (!bpf_program__attach(prog))
			return 1;
	}
	fd = bpf_object__find_map_fd_by_name(obj, "pins");
	printf("READY\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		struct pins p = {};
		__u32 zero = 0;

		if (bpf_map_lookup_elem(fd, &zero, &p))
			return 1;
		printf("%lld %lld %llu %llu\n", p.now, p.most, p.pinned, skipped(obj));
		fflush(stdout);
	}
	return 0;
}
