// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program refuses (policy.bpf.c) is not done, if the module was loaded so that it may. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/libbpf.h>

#include "be.h"

#define DENIED 0xdead0000ULL
#define ODD 0xbeef0000ULL
#define BASE 0x100000000ULL

static void of_areas(char *buf)
{
	int fd = be_open(), client, file = memfd_create("policy", MFD_CLOEXEC);
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), dev = be_device(fd, PAGE, 0, TOP, NULL, 0);
	struct ioasb_map_file m = { .size = sizeof(m),
				    .flags = RW_PROT | IOASB_FIXED,
				    .ioas_id = ioas,
				    .fd = file,
				    .length = PAGE,
				    .iova = DENIED };
	struct ioasb_client_pin p = { .size = sizeof(p), .iova = BASE, .length = 13 * PAGE };
	uint64_t at = DENIED;

	CHECK(file >= 0 && !ftruncate(file, PAGE));
	EQ(be_map_at(fd, ioas, buf, PAGE, DENIED), -EDQUOT);
	EQ(be_map_at(fd, ioas, buf, PAGE, ODD), -EPERM);
	EQ(be_call(fd, IOASB_MAP_FILE, &m), -EDQUOT);
	EQ(be_map_at(fd, ioas, buf, 13 * PAGE, BASE), 0);
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, BASE, PAGE, &at), -EDQUOT);
	EQ(be_sum(fd).areas, 1);
	/* What is not pinned is nobody's business; what would be is refused wherever it is. */
	EQ(be_attach(fd, dev, ioas, 0), -EDQUOT);
	client = be_client(fd, ioas, 0);
	EQ(be_call(client, IOASB_CLIENT_PIN, &p), -EDQUOT);
	EQ(be_sum(fd).npinned, 0);
	EQ(be_sum(fd).ncharged, 0);
	p.length = PAGE;
	EQ(be_call(client, IOASB_CLIENT_PIN, &p), 0);
	/* Twelve are left. */
	EQ(be_attach(fd, dev, ioas, 0), 0);
	EQ(be_map_at(fd, ioas, buf, 13 * PAGE, 2 * BASE), -EDQUOT);
	EQ(be_sum(fd).npinned, 13);
	EQ(be_unmap(fd, ioas, BASE + 5 * PAGE, PAGE, NULL), 0);
	EQ(be_sum(fd).npinned, 12);
	close(client);
	close(file);
	close(fd);
}

static void of_table(char *buf)
{
	int fd = be_open();
	struct ioasb_ioas_alloc a = { .size = sizeof(a),
				      .mode = IOASB_MODE_TCE,
				      .window_start = DENIED,
				      .window_length = 32 * PAGE };

	EQ(be_call(fd, IOASB_IOAS_ALLOC, &a), 0);
	EQ(be_map_at(fd, a.out_ioas_id, buf, PAGE, DENIED), -EDQUOT);
	EQ(be_map_at(fd, a.out_ioas_id, buf, 13 * PAGE, DENIED + PAGE), -EDQUOT);
	EQ(be_map_at(fd, a.out_ioas_id, buf, 12 * PAGE, DENIED + PAGE), 0);
	close(fd);
}

/* It also takes type information, with which not every kernel's headers build a module. */
static bool is_deniable(void)
{
	FILE *f = fopen("/sys/module/ioas_backend/parameters/deniable", "r");
	bool yes = f && fgetc(f) == 'Y';

	if (f)
		fclose(f);
	return yes && !access("/sys/kernel/btf/ioas_backend", F_OK);
}

/* They go with the process. */
static void attach(void)
{
	struct bpf_object *object = bpf_object__open_file("build/tests/backend-policy.bpf.o", NULL);
	struct bpf_program *program;

	CHECK(object, "%s", strerror(errno));
	EQ(bpf_object__load(object), 0);
	bpf_object__for_each_program(program, object)
		CHECK(bpf_program__attach(program), "%s", bpf_program__name(program));
}

void test_policy(void)
{
	char *buf = be_memory(16 * PAGE);

	if (!be_root || !is_deniable()) {
		fprintf(stderr, "# nothing may be refused\n");
		return;
	}
	attach();
	of_areas(buf);
	of_table(buf);
	EQ(be_status("VmPin:"), 0);
}
