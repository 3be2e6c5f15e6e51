// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of those of whom only the group is known, in a tree that looks like sysfs. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/groups.h"
#include "unit.h"

static char root[] = "/tmp/ioascope-groups-XXXXXX";

static void folder(const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	assert_int_equal(mkdir(whole, 0700), 0);
}

static int make_tree(void **arg)
{
	(void)arg;
	assert_non_null(mkdtemp(root));
	folder("kernel");
	folder("kernel/iommu_groups");
	for (int group = 3; group <= 5; group++) {
		char path[64];

		snprintf(path, sizeof(path), "kernel/iommu_groups/%d", group);
		folder(path);
		snprintf(path, sizeof(path), "kernel/iommu_groups/%d/devices", group);
		folder(path);
	}
	folder("kernel/iommu_groups/4/devices/0000:02:00.0");
	folder("kernel/iommu_groups/5/devices/0000:03:00.0");
	folder("kernel/iommu_groups/5/devices/0000:03:00.1");
	return 0;
}

static int remove_tree(void **arg)
{
	char command[64];

	(void)arg;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void name_is(struct explain_user user, const char *want)
{
	struct explanation x = { .nreasons = 1, .ncauses = 1 };

	x.reasons[0].user = x.causes[0].user = user;
	groups_name(&x, root);
	assert_string_equal(x.reasons[0].user.name, want);
	assert_string_equal(x.causes[0].user.name, want);
}

/* Of one device it is that one. Of several it may be each of them: none is named. */
static void test_names(void **arg)
{
	(void)arg;
	name_is((struct explain_user){ .has_group = true, .group = 4 }, "0000:02:00.0");
	name_is((struct explain_user){ .has_group = true, .group = 5 }, "");
	name_is((struct explain_user){ .has_group = true, .group = 3 }, "");
	name_is((struct explain_user){ .has_group = true, .group = 9 }, "");
	name_is((struct explain_user){ .group = 4 }, "");
	name_is((struct explain_user){ .has_group = true, .group = 4, .name = "mdev" }, "mdev");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names) };

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
