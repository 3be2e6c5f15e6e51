// SPDX-License-Identifier: GPL-2.0-or-later
/* What an IOAS is for, and what it has in common with others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/state_shared.h"
#include "unit_state.h"
#include "view/show.h"

#define MIB (1ULL << 20)

static struct state_ioas *ioas(struct state *s, __u32 id)
{
	for (size_t n = 0; n < s->ctxs[0].nioases; n++)
		if (s->ctxs[0].ioases[n].id == id)
			return &s->ctxs[0].ioases[n];
	fail_msg("no IOAS %u", id);
	return NULL;
}

static void test_use(void **arg)
{
	struct state_ioas i = { .backend = IOAS_BACKEND_TYPE1 };

	(void)arg;
	assert_int_equal(state_use(&i), STATE_USE_NONE);
	i.backend = IOAS_BACKEND_IOMMUFD;
	assert_int_equal(state_use(&i), STATE_USE_UNKNOWN);
	assert_null(state_use_name(STATE_USE_UNKNOWN));
	i.users_known = true;
	assert_int_equal(state_use(&i), STATE_USE_NONE);
	i.naccesses = 1;
	assert_int_equal(state_use(&i), STATE_USE_SOFTWARE);
	i.ndomains = 1;
	assert_int_equal(state_use(&i), STATE_USE_BOTH);
	i.naccesses = 0;
	assert_int_equal(state_use(&i), STATE_USE_HARDWARE);
	assert_string_equal(state_use_name(state_use(&i)), "hardware");
	i.ndomains = 0;
	i.ngroups = 1;
	i.groups[0].emulated = true;
	assert_int_equal(state_use(&i), STATE_USE_SOFTWARE);
	i.groups[0].emulated = false;
	assert_int_equal(state_use(&i), STATE_USE_HARDWARE);
}

/*
 * A cache with 3 MiB, of which 2 MiB are mapped by a device's IOAS, 1 MiB of them
 * twice; another MiB is in the cache twice, which is not sharing with another one.
 */
static void fill(struct state *s)
{
	struct state_ctx *c = unit_ctx(s, 1, IOAS_BACKEND_IOMMUFD);
	struct state_domain d = { .id = 9 };
	struct state_pages both, own;
	struct state_ioas *cache, *used;

	unit_ioas(c, 2);
	unit_ioas(c, 3);
	both = unit_pages(c, 5, 0x10000000, 512);
	own = unit_pages(c, 6, 0x20000000, 256);
	cache = ioas(s, 2);
	unit_shared(cache, 0, MIB, &both, 0);
	unit_shared(cache, 4 * MIB, MIB, &own, 0);
	unit_shared(cache, 8 * MIB, MIB, &own, 0);
	unit_shared(cache, 12 * MIB, MIB, &both, MIB);
	used = ioas(s, 3);
	assert_int_equal(state_add_domain(used, &d), 0);
	unit_shared(used, 0, MIB, &both, 0);
	unit_shared(used, 2 * MIB, MIB / 2, &both, 0);
	state_finish(s);
}

static void test_bytes(void **arg)
{
	_cleanup_state_ struct state s = {};
	__u64 *bytes;

	(void)arg;
	fill(&s);
	bytes = state_shared(&s.ctxs[0]);
	assert_non_null(bytes);
	assert_int_equal(bytes[ioas(&s, 2) - s.ctxs[0].ioases], 2 * MIB);
	assert_int_equal(bytes[ioas(&s, 3) - s.ctxs[0].ioases], MIB + MIB / 2);
	free(bytes);
}

static void test_shown(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct show_filter f = {};
	char *text = NULL, *end;
	size_t size;
	FILE *out;

	(void)arg;
	fill(&s);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(show_text(out, &s, &f), 0);
	show_json(out, &s, &f, false);
	fclose(out);
	assert_non_null(strstr(text, "a cache: 2M of it mapped by other IOASes, too"));
	assert_non_null(strstr(text, "\"used_by\":\"none\",\"shared_bytes\":2097152"));
	assert_non_null(strstr(text, "\"used_by\":\"hardware\",\"shared_bytes\":1572864"));
	end = strstr(text, "a cache:");
	assert_null(strstr(end + 1, "a cache:"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_use),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
