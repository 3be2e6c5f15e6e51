// SPDX-License-Identifier: GPL-2.0-or-later
/* What a policy of limits says, and for whom. */
#include "unit.h"

#include <errno.h>

#include "core/limits.h"

#define MODE "[policy]\nmode = enforce\n"

/* alice 1000, bob 1001; users 100, gpu 200, admins 300. */
static int user_number(const char *name, uint32_t *uid, void *arg)
{
	(void)arg;
	if (!strcmp(name, "broken"))
		return -EIO;
	if (strcmp(name, "alice") && strcmp(name, "bob"))
		return -ENOENT;
	*uid = *name == 'a' ? 1000 : 1001;
	return 0;
}

static int group_number(const char *name, uint32_t *gid, void *arg)
{
	(void)arg;
	if (!strcmp(name, "users"))
		*gid = 100;
	else if (!strcmp(name, "gpu"))
		*gid = 200;
	else if (!strcmp(name, "admins"))
		*gid = 300;
	else
		return -ENOENT;
	return 0;
}

static const struct limits_names names = { .user = user_number, .group = group_number };

static int read_text(const char *text, struct limits *out, char why[256])
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	int ret;

	assert_non_null(in);
	why[0] = '\0';
	ret = limits_read(in, "p.conf", &names, out, why, 256);
	fclose(in);
	return ret;
}

static struct limits good(const char *text)
{
	struct limits l;
	char why[256];
	int ret = read_text(text, &l, why);

	assert_string_equal(why, "");
	assert_int_equal(ret, 0);
	return l;
}

static void fails(const char *text, int error, const char *want)
{
	struct limits l, before;
	char why[256];

	memset(&l, 0xa5, sizeof(l));
	before = l;
	assert_int_equal(read_text(text, &l, why), error);
	assert_string_equal(why, want);
	assert_memory_equal(&l, &before, sizeof(l));
}

static void bad(const char *text, const char *want)
{
	fails(text, -EINVAL, want);
}

static void test_values(void **state)
{
	struct limits l = good(MODE "[user alice]\npinned = 1G\naction = deny\n"
				    "[user 7]\nmappings=12\naction= kill\n"
				    "[group gpu]\npinned=0\naction = deny\nerrno = EPERM\n"
				    "backends = type1, other\n"
				    "[cgroup /a/b.slice]\npinned = unlimited\nmappings = 0\n"
				    "[user *]\npinned = 4K\n"
				    "[group 300]\nexempt = yes\n");
	const struct limits_section *s = l.sections;

	(void)state;
	assert_int_equal(l.n, 6);
	assert_false(l.audit);
	assert_int_equal(s[0].subject, LIMIT_USER);
	assert_int_equal(s[0].id, 1000);
	assert_string_equal(s[0].name, "alice");
	assert_int_equal(s[0].line, 3);
	assert_true(s[0].has[LIMIT_PINNED]);
	assert_false(s[0].has[LIMIT_MAPPINGS]);
	assert_int_equal(s[0].max[LIMIT_PINNED], 1073741824);
	assert_int_equal(s[0].action, LIMIT_DENY);
	assert_int_equal(s[0].error, EDQUOT);
	assert_int_equal(s[0].scope, 15);
	assert_int_equal(s[1].id, 7);
	assert_int_equal(s[1].max[LIMIT_MAPPINGS], 12);
	assert_int_equal(s[1].action, LIMIT_KILL);
	assert_int_equal(s[2].subject, LIMIT_GROUP);
	assert_int_equal(s[2].id, 200);
	assert_int_equal(s[2].max[LIMIT_PINNED], 0);
	assert_int_equal(s[2].error, EPERM);
	assert_int_equal(s[2].scope, 1 << LIMIT_TYPE1 | 1 << LIMIT_OTHER);
	assert_int_equal(s[3].subject, LIMIT_CGROUP);
	assert_true(s[3].max[LIMIT_PINNED] == LIMIT_NONE);
	assert_int_equal(s[3].max[LIMIT_MAPPINGS], 0);
	assert_int_equal(s[3].action, LIMIT_AUDIT);
	assert_int_equal(s[4].subject, LIMIT_DEFAULT);
	assert_int_equal(s[4].max[LIMIT_PINNED], 4096);
	assert_true(s[5].exempt);
	limits_clear(&l);
	assert_null(l.sections);
}

/* An errno before its action, and names of sections longer than inih keeps. */
static void test_order_and_length(void **state)
{
	struct limits l =
		good("[user bob]\nerrno = ENOMEM\naction = deny\npinned = 1P\n"
		     "[cgroup /kubepods.slice/kubepods-burstable.slice/kubepods-pod0123.slice]\n"
		     "pinned = 2T\n"
		     "[cgroup /kubepods.slice/kubepods-burstable.slice/kubepods-pod0124.slice]\n"
		     "pinned = 3M\n[policy]\nmode = audit\n");

	(void)state;
	assert_true(l.audit);
	assert_int_equal(l.sections[0].error, ENOMEM);
	assert_int_equal(l.sections[0].max[LIMIT_PINNED], 1LL << 50);
	assert_int_equal(limits_action(&l, &l.sections[0]), LIMIT_AUDIT);
	assert_int_equal(l.sections[1].max[LIMIT_PINNED], 2LL << 40);
	assert_string_equal(l.sections[2].name,
			    "/kubepods.slice/kubepods-burstable.slice/kubepods-pod0124.slice");
	assert_int_equal(l.sections[2].max[LIMIT_PINNED], 3 << 20);
	limits_clear(&l);
}

static void test_bad_sections(void **state)
{
	(void)state;
	bad("[moon]\n", "p.conf:1: unknown section [moon]; there are [policy], [user NAME], "
			"[user *], [group NAME] and [cgroup /PATH]");
	bad("[user]\n", "p.conf:1: unknown section [user]; there are [policy], [user NAME], "
			"[user *], [group NAME] and [cgroup /PATH]");
	bad(MODE "[user carol]\n", "p.conf:3: there is no user 'carol' here");
	bad(MODE "[group carol]\n", "p.conf:3: there is no group 'carol' here");
	bad(MODE "[user 4294967295]\n", "p.conf:3: '4294967295' is no number of a user");
	bad(MODE "[user 12x]\n", "p.conf:3: '12x' is no number of a user");
	bad(MODE "[group 99999999999999999999]\n",
	    "p.conf:3: '99999999999999999999' is no number of a group");
	fails(MODE "[user broken]\n", -EIO, "p.conf:3: user 'broken' cannot be looked up");
	bad(MODE "[cgroup machine.slice]\n",
	    "p.conf:3: 'machine.slice' is no path of a cgroup, as /machine.slice is");
	bad(MODE "[cgroup /a/]\n", "p.conf:3: '/a/' is no path of a cgroup, as /machine.slice is");
	bad(MODE "[cgroup /a//b]\n",
	    "p.conf:3: '/a//b' is no path of a cgroup, as /machine.slice is");
	bad(MODE "[cgroup /a/../b]\n",
	    "p.conf:3: '/a/../b' is no path of a cgroup, as /machine.slice is");
	bad(MODE "[cgroup /.]\n", "p.conf:3: '/.' is no path of a cgroup, as /machine.slice is");
	bad(MODE "[user alice]\npinned = 1G\n\n[user 1000]\n",
	    "p.conf:6: user '1000' has a section already, in line 3");
	bad(MODE "[cgroup /a]\npinned = 1G\n[cgroup /a]\n",
	    "p.conf:5: cgroup '/a' has a section already, in line 3");
	bad(MODE "[user *]\npinned = 1G\n[user *]\n",
	    "p.conf:5: user '*' has a section already, in line 3");
	bad(MODE "[policy]\n", "p.conf:3: [policy] is there twice");
	bad("pinned = 1G\n", "p.conf:1: 'pinned' is in no section");
}

static void test_bad_values(void **state)
{
	(void)state;
#define USER MODE "[user bob]\n"
	bad(USER "pinned = 1X\n", "p.conf:4: pinned: '1X' needs a unit: K, M, G, T or P (of 1024)");
	bad(USER "pinned = 1GB\n",
	    "p.conf:4: pinned: '1GB' needs a unit: K, M, G, T or P (of 1024)");
	bad(USER "pinned = 4096\n",
	    "p.conf:4: pinned: '4096' needs a unit: K, M, G, T or P (of 1024)");
	bad(USER "pinned = -1G\n", "p.conf:4: pinned: '-1G' is neither a number nor 'unlimited'");
	bad(USER "pinned =\n", "p.conf:4: pinned: '' is neither a number nor 'unlimited'");
	bad(USER "pinned = 3K\n", "p.conf:4: pinned: '3K' is no whole number of pages (4K)");
	bad(USER "pinned = 8192P\n",
	    "p.conf:4: pinned: '8192P' is more than any machine has; say 'unlimited'");
	bad(USER "pinned = 99999999999999999999G\n",
	    "p.conf:4: pinned: '99999999999999999999G' is more than any machine has; say "
	    "'unlimited'");
	bad(USER "mappings = 1K\n", "p.conf:4: mappings: '1K' is no plain number");
	bad(USER "pinned = 1G\npinned = 2G\n", "p.conf:5: pinned is set twice");
	bad(USER "limit = 1G\n", "p.conf:4: unknown key 'limit'; there are pinned, mappings, "
				 "action, errno, backends and exempt");
	bad(USER "action = fail\n",
	    "p.conf:4: action: unknown value 'fail'; there are audit, deny and kill");
	bad(USER "errno = EINVAL\n", "p.conf:4: errno: 'EINVAL' is none that can be given; there "
				     "are EDQUOT, ENOMEM, EPERM, EACCES, ENOSPC, EAGAIN");
	bad(USER "backends = type1, moon\n",
	    "p.conf:4: backends: unknown 'moon'; there are type1, iommufd, bundled and other");
	bad(USER "backends =\n", "p.conf:4: backends: none is named");
	bad(USER "exempt = no\n", "p.conf:4: exempt: unknown value 'no'; there is yes");
	bad(USER "nothing\n", "p.conf:4: neither [SECTION] nor NAME = VALUE");
	bad("[policy]\nmode = on\n",
	    "p.conf:2: mode: unknown value 'on'; there are audit and enforce");
	bad("[policy]\nmodes = audit\n",
	    "p.conf:2: unknown key 'modes' in [policy]; there is mode");
	bad("[policy]\nmode = audit\nmode = audit\n", "p.conf:3: mode is set twice");
}

/* What says nothing, or contradicts itself: the line is that of the section. */
static void test_bad_wholes(void **state)
{
	(void)state;
	bad(MODE "[user bob]\naction = deny\n",
	    "p.conf:3: [user bob] has neither pinned nor mappings nor exempt = yes");
	bad(MODE "[user bob]\n[user alice]\npinned = 1G\n",
	    "p.conf:3: [user bob] has neither pinned nor mappings nor exempt = yes");
	bad(MODE "[user bob]\nexempt = yes\npinned = 1G\n",
	    "p.conf:3: [user bob] exempts: it can have no other key");
	bad(MODE "[user bob]\npinned = 1G\nerrno = EPERM\n",
	    "p.conf:3: [user bob] has an errno, but does not deny");
	bad(MODE "[user *]\nexempt = yes\n",
	    "p.conf:4: exempt: [user *] is everybody; leave the section out");
	bad(MODE, "p.conf:2: there is no section of a user, group or cgroup");
	bad("[user bob]\npinned = 1G\n",
	    "p.conf:2: [policy] with mode = audit or mode = enforce is missing");
	bad("# nothing\n", "p.conf:1: there is no section of a user, group or cgroup");
}

/* The line in which the section begins that limits the item; 0: none. */
static int limited_by(const struct limits *l, enum limit_item item, uint32_t uid, uint32_t gid1,
		      uint32_t gid2)
{
	uint32_t gids[] = { gid1, gid2 };
	struct limits_who who = { .uid = uid, .gids = gids, .ngids = 2 };
	struct limits_found found;

	limits_find(l, &who, &found);
	assert_null(found.exempt);
	return found.user[item][LIMIT_OTHER] ? found.user[item][LIMIT_OTHER]->line : 0;
}

static void test_most_specific(void **state)
{
	struct limits l = good(MODE "[user *]\npinned = 1G\nmappings = 9\n" /* 3 */
				    "[group gpu]\npinned = 2G\n" /* 6 */
				    "[group users]\npinned = 3G\nmappings = 8\n" /* 8 */
				    "[user alice]\nmappings = 7\n"); /* 11 */

	(void)state;
	assert_int_equal(limited_by(&l, LIMIT_PINNED, 5, 6, 7), 3);
	assert_int_equal(limited_by(&l, LIMIT_PINNED, 1001, 100, 200), 6);
	assert_int_equal(limited_by(&l, LIMIT_PINNED, 1001, 100, 7), 8);
	assert_int_equal(limited_by(&l, LIMIT_MAPPINGS, 1001, 100, 200), 8);
	assert_int_equal(limited_by(&l, LIMIT_MAPPINGS, 1001, 7, 200), 3);
	assert_int_equal(limited_by(&l, LIMIT_MAPPINGS, 1000, 100, 200), 11);
	assert_int_equal(limited_by(&l, LIMIT_PINNED, 1000, 100, 200), 6);
	limits_clear(&l);
	l = good(MODE "[user alice]\npinned = 1G\n");
	assert_int_equal(limited_by(&l, LIMIT_PINNED, 1001, 100, 200), 0);
	limits_clear(&l);
}

/* A section that is for some backends leaves the others to the next. */
static void test_scopes(void **state)
{
	struct limits l = good(MODE "[user *]\npinned = 1G\n" /* 3 */
				    "[group gpu]\npinned = 2G\nbackends = type1, other\n" /* 5 */
				    "[user alice]\npinned = 3G\nbackends = type1\n"); /* 8 */
	uint32_t gpu = 200;
	struct limits_who who = { .uid = 1000, .gids = &gpu, .ngids = 1 };
	struct limits_found found;

	(void)state;
	limits_find(&l, &who, &found);
	assert_int_equal(found.user[LIMIT_PINNED][LIMIT_TYPE1]->line, 8);
	assert_int_equal(found.user[LIMIT_PINNED][LIMIT_OTHER]->line, 5);
	assert_int_equal(found.user[LIMIT_PINNED][LIMIT_IOMMUFD]->line, 3);
	assert_int_equal(found.user[LIMIT_PINNED][LIMIT_BUNDLED]->line, 3);
	assert_null(found.user[LIMIT_MAPPINGS][LIMIT_TYPE1]);
	limits_clear(&l);
}

/* The line of what exempts; 0: nothing does. */
static int exempted_by(const struct limits *l, uint32_t uid, uint32_t gid, const char *cgroup)
{
	struct limits_who who = { .uid = uid, .gids = &gid, .ngids = 1, .cgroup = cgroup };
	struct limits_found found;

	limits_find(l, &who, &found);
	for (int i = 0; found.exempt && i < LIMIT_ITEMS; i++)
		assert_null(found.user[i][LIMIT_TYPE1]);
	return found.exempt ? found.exempt->line : 0;
}

static void test_exempt(void **state)
{
	struct limits l = good(MODE "[group admins]\nexempt = yes\n" /* 3 */
				    "[user alice]\npinned = 1G\n" /* 5 */
				    "[user bob]\nexempt = yes\n" /* 7 */
				    "[cgroup /system.slice]\nexempt = yes\n" /* 9 */
				    "[user *]\npinned = 1G\n");

	(void)state;
	assert_int_equal(exempted_by(&l, 5, 300, NULL), 3);
	assert_int_equal(exempted_by(&l, 1000, 300, NULL), 0); /* her own section is there */
	assert_int_equal(exempted_by(&l, 1001, 7, NULL), 7);
	assert_int_equal(exempted_by(&l, 5, 7, "/system.slice/x"), 9);
	assert_int_equal(exempted_by(&l, 1000, 7, "/system.slice"), 9);
	assert_int_equal(exempted_by(&l, 5, 7, "/system.slices"), 0);
	assert_int_equal(exempted_by(&l, 5, 7, "/"), 0);
	assert_int_equal(exempted_by(&l, 5, 7, NULL), 0);
	limits_clear(&l);
}

static void test_cgroups(void **state)
{
	struct limits l = good(MODE "[cgroup /a/b]\npinned = 1G\n" /* 3 */
				    "[cgroup /a/c]\npinned = 1G\n" /* 5 */
				    "[cgroup /]\npinned = 9G\n" /* 7 */
				    "[cgroup /a]\nexempt = yes\n"
				    "[cgroup /a/b/c]\nmappings = 1\n"); /* 11 */
	const struct limits_section *s;

	(void)state;
	s = limits_next_cgroup(&l, "/a/b/c/d", NULL);
	assert_int_equal(s->line, 3);
	s = limits_next_cgroup(&l, "/a/b/c/d", s);
	assert_int_equal(s->line, 7);
	s = limits_next_cgroup(&l, "/a/b/c/d", s);
	assert_int_equal(s->line, 11);
	assert_null(limits_next_cgroup(&l, "/a/b/c/d", s));
	assert_int_equal(limits_next_cgroup(&l, "/", NULL)->line, 7);
	assert_int_equal(limits_next_cgroup(&l, "/a/bb", NULL)->line, 7);
	limits_clear(&l);
}

static int any_name(const char *name, uint32_t *id, void *arg)
{
	(void)arg;
	*id = !strcmp(name, "root") ? 0 : 4242;
	return 0;
}

/* The files that are shipped, on a host that has their users. */
static void test_shipped(void **state)
{
	static const struct limits_names any = { .user = any_name, .group = any_name };
	static const struct {
		const char *file;
		size_t sections;
		bool audit;
	} files[] = {
		{ "policies/limits-audit.conf", 1, true },
		{ "policies/limits-virt-host.conf", 4, false },
		{ "policies/limits-kubernetes.conf", 4, false },
		{ "policies/limits-research.conf", 3, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *in = fopen(files[i].file, "r");
		char why[256] = "";
		struct limits l;

		assert_non_null(in);
		assert_int_equal(limits_read(in, files[i].file, &any, &l, why, sizeof(why)), 0);
		assert_string_equal(why, "");
		assert_int_equal(l.n, files[i].sections);
		assert_int_equal(l.audit, files[i].audit);
		limits_clear(&l);
		fclose(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	     cmocka_unit_test(test_order_and_length),
		cmocka_unit_test(test_bad_sections), cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_bad_wholes),   cmocka_unit_test(test_most_specific),
		cmocka_unit_test(test_exempt),	     cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_shipped),	     cmocka_unit_test(test_scopes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
