// SPDX-License-Identifier: GPL-2.0-or-later
/* What sysfs tells of a device, from a tree made here. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live/device.h"
#include "unit.h"

static FILE *text(const char *words)
{
	FILE *f = fmemopen((void *)words, strlen(words), "r");

	assert_non_null(f);
	return f;
}

static void test_regions(void **arg)
{
	FILE *f = text("0x0000000000001000 0x0000000000001fff direct\n"
		       "0x0000000000002000 0x0000000000002fff direct-relaxable\n"
		       "0x00000000fee00000 0x00000000feefffff msi\n"
		       "0x000000fd00000000 0xffffffffffffffff reserved\n");
	struct predict_region *r = NULL;
	size_t n = 99;

	(void)arg;
	assert_int_equal(device_parse_regions(f, &r, &n), 0);
	fclose(f);
	assert_int_equal(n, 4);
	assert_int_equal(r[0].type, PREDICT_DIRECT);
	assert_int_equal(r[1].type, PREDICT_DIRECT_RELAXABLE);
	assert_int_equal(r[2].iova, 0xfee00000);
	assert_int_equal(r[2].last, 0xfeefffff);
	assert_int_equal(r[2].type, PREDICT_MSI);
	assert_int_equal(r[3].type, PREDICT_RESERVED);
	assert_int_equal(r[3].last, UINT64_MAX);
	free(r);
}

static void test_bad_regions(void **arg)
{
	static const char *const bad[] = {
		"0x1000 0x1fff\n",
		"0x1000 0x1fff no-such-type\n",
		"0x1000 0xfff msi\n",
		"0x1000 0x1fff msi\nrubbish\n",
	};

	(void)arg;
	for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
		struct predict_region *r = (void *)&bad;
		size_t n = 99;
		FILE *f = text(bad[i]);

		assert_int_equal(device_parse_regions(f, &r, &n), -EPROTO);
		assert_ptr_equal(r, (void *)&bad);
		assert_int_equal(n, 99);
		fclose(f);
	}
}

/* CAP: SAGAW in bits 8 to 12 (1: 39, 2: 48, 3: 57 bits), MGAW - 1 in bits 16 to 21. */
static __u64 cap(unsigned int sagaw, unsigned int mgaw)
{
	return (__u64)sagaw << 8 | (__u64)(mgaw - 1) << 16;
}

static void test_vtd(void **arg)
{
	const __u64 scalable = 1ULL << 43, first_stage = 1ULL << 47;
	__u64 last = 7;

	(void)arg;
	assert_true(device_vtd_last(cap(1 << 1, 39), 0, &last));
	assert_int_equal(last, 0x7fffffffff);
	assert_true(device_vtd_last(cap(1 << 1 | 1 << 2, 48), 0, &last));
	assert_int_equal(last, 0xffffffffffff);
	assert_true(device_vtd_last(cap(1 << 2, 39), 0, &last)); /* the unit takes less */
	assert_int_equal(last, 0x7fffffffff);
	assert_true(device_vtd_last(cap(1 << 3 | 1 << 2, 57), scalable, &last));
	assert_int_equal(last, (1ULL << 57) - 1);
	last = 7;
	assert_false(device_vtd_last(cap(1 << 2, 48), scalable | first_stage, &last));
	assert_false(device_vtd_last(cap(0, 48), 0, &last));
	assert_int_equal(last, 7);
}

/* ---- a tree ---- */

static char root[] = "/tmp/test_device.XXXXXX";

static void folder(const char *path)
{
	char whole[256];

	for (size_t n = 1; n <= strlen(path); n++) {
		if (path[n] != '/' && path[n])
			continue;
		snprintf(whole, sizeof(whole), "%s/%.*s", root, (int)n, path);
		assert_true(!mkdir(whole, 0700) || errno == EEXIST);
	}
}

static void file(const char *path, const char *words)
{
	char whole[256];
	FILE *f;

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	f = fopen(whole, "w");
	assert_non_null(f);
	fputs(words, f);
	fclose(f);
}

/* Targets are below the root, too. */
static void link_to(const char *path, const char *target)
{
	char whole[256], to[256];

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	snprintf(to, sizeof(to), "%s/%s", root, target);
	assert_int_equal(symlink(to, whole), 0);
}

/* A device of the PCI bus, in a group if there is one. */
static void pci(const char *name, const char *group, const char *class)
{
	char path[128], to[160];

	snprintf(path, sizeof(path), "devices/pci/%s", name);
	folder(path);
	snprintf(to, sizeof(to), "bus/pci/devices/%s", name);
	link_to(to, path);
	snprintf(to, sizeof(to), "%s/class", path);
	file(to, class);
	if (!group)
		return;
	snprintf(path, sizeof(path), "devices/pci/%s/iommu_group", name);
	snprintf(to, sizeof(to), "kernel/iommu_groups/%s", group);
	link_to(path, to);
	snprintf(path, sizeof(path), "kernel/iommu_groups/%s/devices/%s", group, name);
	snprintf(to, sizeof(to), "devices/pci/%s", name);
	link_to(path, to);
	snprintf(path, sizeof(path), "devices/pci/%s/iommu", name);
	link_to(path, "devices/virtual/iommu/dmar0");
}

static int make_tree(void **arg)
{
	(void)arg;
	assert_non_null(mkdtemp(root));
	folder("bus/pci/devices");
	folder("bus/mdev/devices");
	folder("class/vfio-dev/vfio0");
	folder("kernel/iommu_groups/5/devices");
	folder("kernel/iommu_groups/6/devices");
	folder("devices/virtual/iommu/dmar0/intel-iommu");
	file("devices/virtual/iommu/dmar0/intel-iommu/cap", "260200\n"); /* SAGAW 2, MGAW 39 */
	file("devices/virtual/iommu/dmar0/intel-iommu/ecap", "f0004a\n");
	file("kernel/iommu_groups/5/reserved_regions",
	     "0x00000000fee00000 0x00000000feefffff msi\n");
	file("kernel/iommu_groups/6/reserved_regions", "");
	pci("0000:02:00.0", "5", "0x020000\n");
	pci("0000:03:00.0", "6", "0x010802\n");
	pci("0000:03:00.1", "6", "0x010802\n");
	pci("0000:00:1c.0", "5", "0x060400\n"); /* a bridge */
	pci("0000:04:00.0", NULL, "0x020000\n");
	link_to("class/vfio-dev/vfio0/device", "devices/pci/0000:03:00.1");
	return 0;
}

static int remove_tree(void **arg)
{
	char command[64];

	(void)arg;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void test_find(void **arg)
{
	static const char *const names[] = { "0000:02:00.0", "02:00.0", "2:0.0" };
	char why[DEVICE_WHY] = "";

	(void)arg;
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		_cleanup_device_ struct device d = {};

		assert_int_equal(device_find(root, names[i], &d, why), 0);
		assert_string_equal(d.desc.name, "0000:02:00.0");
		assert_int_equal(d.desc.group, 5);
		assert_string_equal(d.iommu, "dmar0");
		assert_true(d.desc.regions_known);
		assert_int_equal(d.desc.nregions, 1);
		assert_int_equal(d.desc.regions[0].last, 0xfeefffff);
		assert_true(d.desc.aperture_known);
		assert_int_equal(d.desc.aperture_last, (1ULL << 39) - 1);
		assert_true(d.desc.shared); /* with the bridge */
		assert_false(d.desc.emulated);
	}
}

static void test_other_names(void **arg)
{
	char why[DEVICE_WHY] = "", path[64];
	_cleanup_device_ struct device d = {};

	(void)arg;
	assert_int_equal(device_find(root, "vfio0", &d, why), 0);
	assert_string_equal(d.desc.name, "0000:03:00.1");
	assert_int_equal(d.desc.nregions, 0);
	assert_true(d.desc.regions_known);
	device_clear(&d);
	assert_int_equal(device_find(root, "/dev/vfio/devices/vfio0", &d, why), 0);
	assert_string_equal(d.desc.name, "0000:03:00.1");
	device_clear(&d);
	snprintf(path, sizeof(path), "%s/bus/pci/devices/0000:03:00.0", root);
	assert_int_equal(device_find(root, path, &d, why), 0);
	assert_string_equal(d.desc.name, "0000:03:00.0");
	assert_string_equal(device_iommu(root, "03:00.0", path, sizeof(path)), "dmar0");
	assert_string_equal(device_iommu(root, "04:00.0", path, sizeof(path)), "");
}

static void test_absent(void **arg)
{
	static const char *const names[] = { "0000:05:00.0", "05:00", "vfio7", "", "5:0.9", "x" };
	char why[DEVICE_WHY] = "";
	struct device d = { .iommu = "untouched" };

	(void)arg;
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		assert_int_equal(device_find(root, names[i], &d, why), -ENODEV);
		assert_non_null(strstr(why, "there is no device"));
		assert_string_equal(d.iommu, "untouched");
	}
	assert_int_equal(device_find(root, "04:00.0", &d, why), -ENODEV);
	assert_non_null(strstr(why, "behind no IOMMU"));
}

static void test_all(void **arg)
{
	char why[DEVICE_WHY] = "";
	struct device *d;
	size_t n;

	(void)arg;
	assert_int_equal(device_all(root, &d, &n, why), 0);
	assert_int_equal(n, 3);
	assert_string_equal(d[0].desc.name, "0000:02:00.0");
	assert_string_equal(d[1].desc.name, "0000:03:00.0");
	assert_string_equal(d[2].desc.name, "0000:03:00.1");
	assert_int_equal(d[0].desc.regions[0].iova, 0xfee00000);
	device_clear_all(d, n);
	assert_int_equal(device_all("/nonexistent", &d, &n, why), -ENODEV);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_regions),	    cmocka_unit_test(test_bad_regions),
		cmocka_unit_test(test_vtd),	    cmocka_unit_test(test_find),
		cmocka_unit_test(test_other_names), cmocka_unit_test(test_absent),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
