// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of addresses of code. */
#include "live/symbols.h"

#include <errno.h>

#include "unit.h"

static FILE *text(const char *lines)
{
	FILE *f = fmemopen((void *)(uintptr_t)lines, strlen(lines), "r");

	assert_non_null(f);
	return f;
}

static void test_kernel(void **state)
{
	FILE *f = text("ffffffff81000200 T second\n"
		       "ffffffff81000100 t first\n"
		       "ffffffff81000180 D data\n"
		       "not a line\n"
		       "ffffffffc0000000 t vfio_ioctl\t[vfio]\n");
	struct symbols *s;
	char buf[64];
	(void)state;

	assert_int_equal(symbols_read(f, &s), 0);
	fclose(f);
	assert_string_equal(symbols_kernel(s, 0xffffffff810001ff, buf, sizeof(buf)), "first+0xff");
	assert_string_equal(symbols_kernel(s, 0xffffffff81000200, buf, sizeof(buf)), "second+0x0");
	assert_string_equal(symbols_kernel(s, 0xffffffffc0000012, buf, sizeof(buf)),
			    "vfio_ioctl+0x12 [vfio]");
	assert_string_equal(symbols_kernel(s, 0xff, buf, sizeof(buf)), "0xff");
	assert_string_equal(symbols_kernel(NULL, 0xff, buf, sizeof(buf)), "0xff");
	assert_string_equal(symbols_kernel(s, 0xffffffffc0000012, buf, 6), "vfio_");
	symbols_free(s);
}

/* To who may not see them the kernel shows zeros. */
static void test_hidden(void **state)
{
	FILE *f = text("0000000000000000 T first\n0000000000000000 t second\n");
	struct symbols *s = NULL;
	(void)state;

	assert_int_equal(symbols_read(f, &s), -EPERM);
	assert_null(s);
	fclose(f);
	symbols_free(NULL);
}

static void test_user(void **state)
{
	FILE *f = text("55d000000000-55d000001000 r--p 00000000 08:01 42 /usr/bin/my vmm\n"
		       "55d000001000-55d000003000 r-xp 00001000 08:01 42 /usr/bin/my vmm\n"
		       "7f0000000000-7f0000001000 rw-p 00000000 00:00 0\n"
		       "7fff00000000-7fff00001000 r-xp 00000000 00:00 0 [vdso]\n");
	char buf[64];
	(void)state;

	assert_string_equal(symbols_user(f, 0x55d000001234, buf, sizeof(buf)),
			    "/usr/bin/my vmm+0x1234");
	assert_string_equal(symbols_user(f, 0x55d000000000, buf, sizeof(buf)),
			    "/usr/bin/my vmm+0x0");
	assert_string_equal(symbols_user(f, 0x7f0000000010, buf, sizeof(buf)), "0x7f0000000010");
	assert_string_equal(symbols_user(f, 0x55d000003000, buf, sizeof(buf)), "0x55d000003000");
	fclose(f);
	assert_string_equal(symbols_user(NULL, 0x10, buf, sizeof(buf)), "0x10");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
