// SPDX-License-Identifier: GPL-2.0-or-later
/* A policy that is applied, as it is printed. */
#include "view/enforced.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const char *name(uint32_t uid)
{
	return uid == 7 ? "anna" : NULL;
}

/* What `state` prints, as text or as JSON; to be freed. */
static char *printed(const struct enforce_state *s, bool json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (json)
		enforced_json(out, s);
	else
		assert_int_equal(enforced_text(out, s, name), 0);
	fclose(out);
	return text;
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static struct enforce_subject limited(__u64 uid, __s64 used, __u64 max)
{
	struct enforce_subject s = { .key = { .kind = POLICY_USER, .id = uid }, .limited = true };

	s.use.used[POLICY_TYPE1] = used;
	s.use.peak = used + 1;
	for (int i = 0; i < POLICY_SCOPES; i++) {
		s.rule.max[i] = max;
		s.rule.together[i] = 0xf;
		s.rule.action[i] = POLICY_DENY;
		s.rule.error[i] = EDQUOT;
		s.rule.line[i] = 3;
	}
	return s;
}

static struct enforce_state state_of(struct enforce_subject *subjects, size_t n)
{
	struct enforce_state s = { .subjects = subjects, .n = n };

	strcpy(s.about.name, "limits.conf");
	s.about.action[0] = POLICY_DENY;
	s.about.line[0] = 2;
	s.backend[POLICY_TYPE1].strength = POLICY_S_GATE;
	strcpy(s.backend[POLICY_IOMMUFD].why, "module iommufd is not loaded");
	return s;
}

static void test_strengths(void **unused)
{
	(void)unused;
	for (__u32 s = 0; s < POLICY_STRENGTHS; s++)
		assert_int_equal(enforce_strength_of(enforce_strength_name(s)), s);
	assert_int_equal(enforce_strength_of("moon"), POLICY_STRENGTHS);
	assert_null(enforce_strength_name(POLICY_STRENGTHS));
}

static void test_user(void **unused)
{
	struct enforce_subject subject = limited(7, 256, 512);
	struct enforce_state s = state_of(&subject, 1);
	char *text = printed(&s, false);

	(void)unused;
	expect(text, "limits.conf: mode enforce, 2 sections\n");
	expect(text, "type1    gate\n");
	expect(text, "iommufd  none (module iommufd is not loaded)\n");
	expect(text, "user anna all   1M    2M deny EDQUOT");
	free(text);
	text = printed(&s, true);
	expect(text, "\"max_bytes\": 2097152");
	expect(text, "\"used_bytes\": 1048576");
	expect(text, "\"peak_bytes\": 1052672");
	expect(text, "\"errno\": \"EDQUOT\"");
	expect(text, "\"why_not_stronger\": null");
	free(text);
}

/* Two limits of a user, of different backends, are two lines; a negative number is none. */
static void test_apart(void **unused)
{
	struct enforce_subject subject = limited(8, 256, 512);
	struct enforce_state s;
	char *text;

	(void)unused;
	subject.use.used[POLICY_OTHER] = -1;
	for (int i = 0; i < POLICY_SCOPES; i++)
		subject.rule.together[i] = i == POLICY_OTHER ? 8 : 7;
	subject.rule.max[POLICY_OTHER] = 0;
	s = state_of(&subject, 1);
	text = printed(&s, false);
	expect(text, "user 8  type1,iommufd,bundled   1M    2M deny EDQUOT");
	expect(text, "user 8  other                    0     0 deny EDQUOT");
	free(text);
	text = printed(&s, true);
	expect(text, "\"other\": 0");
	free(text);
}

static void test_exempt_and_cgroup(void **unused)
{
	struct enforce_subject subjects[2] = { limited(0, 256, 512), limited(44, 0, 1) };
	struct enforce_state s = state_of(subjects, 2);
	char *text;

	(void)unused;
	subjects[0].rule.exempt = 9;
	subjects[1].key.kind = POLICY_CGROUP;
	strcpy(subjects[1].rule.name, "/machine.slice");
	text = printed(&s, false);
	expect(text, "exempt -");
	expect(text, "cgroup /machine.slice all    0     4K deny EDQUOT");
	free(text);
	text = printed(&s, true);
	expect(text, "\"exempt\": true");
	expect(text, "\"name\": \"/machine.slice\"");
	expect(text, "\"id\": 44");
	free(text);
}

/* A cgroup without a limit is of no interest to people; a user who has pinned is. */
static void test_unlimited(void **unused)
{
	struct enforce_subject subjects[2] = {
		{ .key = { .kind = POLICY_USER, .id = 11 } },
		{ .key = { .kind = POLICY_CGROUP, .id = 12 } },
	};
	struct enforce_state s = state_of(subjects, 2);
	char *text = printed(&s, false);

	(void)unused;
	expect(text, "user 11 all    0  none -");
	assert_null(strstr(text, "cgroup"));
	free(text);
}

static void test_event(void **unused)
{
	struct policy_event e = { .kind = POLICY_USER,
				  .id = 7,
				  .uid = 7,
				  .tgid = 99,
				  .scope = POLICY_OTHER,
				  .action = POLICY_DENY,
				  .error = EDQUOT,
				  .line = 3,
				  .asked = 1,
				  .used = 256,
				  .max = 256,
				  .untold = 5,
				  .comm = "a\033b" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)unused;
	assert_non_null(out);
	enforced_event_text(out, &e, name);
	enforced_event_json(out, &e);
	fclose(out);
	expect(text, "other denied by a?b (99), for user anna: asked 4K, had 1M of 1M of the user, "
		     "line 3; 5 more before\n");
	expect(text, "\"asked_bytes\":4096");
	expect(text, "\"errno\":\"EDQUOT\"");
	expect(text, "\"untold\":5");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strengths), cmocka_unit_test(test_user),
		cmocka_unit_test(test_apart),	  cmocka_unit_test(test_exempt_and_cgroup),
		cmocka_unit_test(test_unlimited), cmocka_unit_test(test_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
