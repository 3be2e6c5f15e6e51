// SPDX-License-Identifier: GPL-2.0-or-later
/* How a state that a walk made is shown: what is not known never looks like 0 or none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit_state.h"
#include "view/show.h"

/* The state as text or JSON; to be freed. */
static char *shown(const struct state *s, bool json)
{
	struct show_filter f = {};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (json)
		show_json(out, s, &f, false);
	else
		assert_int_equal(show_text(out, s, &f), 0);
	fclose(out);
	return text;
}

static void has(const struct state *s, bool json, const char *what, bool wanted)
{
	char *text = shown(s, json);

	if (!strstr(text, what) == wanted)
		fail_msg("%s '%s' in: %s", wanted ? "no" : "there is", what, text);
	free(text);
}

static struct state_ioas *walked(struct state *s)
{
	struct state_ctx *c = unit_ctx(s, 1, IOAS_BACKEND_IOMMUFD);
	struct state_access access = { .id = 6, .exact = true, .pins = -1 };
	struct state_ioas *i = unit_ioas(c, 2);

	assert_int_equal(state_add_access(i, &access), 0);
	s->source = STATE_FROM_KERNEL;
	i->object = 5;
	i->dirty = -1;
	i->client_pins = -1;
	i->entries_left = -1;
	i->pinned = -1;
	i->pins_known = false;
	return i;
}

static void test_unknown_json(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = walked(&s);

	(void)arg;
	has(&s, true, "\"object_id\":5", true);
	has(&s, true, "\"dirty_tracking\":null", true);
	has(&s, true, "\"client_pins\":null", true);
	has(&s, true, "\"client_pins\":-1", false);
	has(&s, true, "\"entries_left\":null", true);
	has(&s, true, "\"complete\":true", true);
	i->object = 0;
	i->dirty = 1;
	i->accesses[0].pins = 3;
	i->raced = true;
	has(&s, true, "\"object_id\":null", true);
	has(&s, true, "\"dirty_tracking\":true", true);
	has(&s, true, "\"client_pins\":3", true);
	has(&s, true, "\"complete\":false", true);
}

static void test_unknown_text(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = walked(&s);

	(void)arg;
	has(&s, false, "IOAS 2 (object 5)", true);
	has(&s, false, "dirty tracking", false);
	has(&s, false, "pages held", false);
	has(&s, false, "it changed while it was read", false);
	i->raced = true;
	i->object = 0;
	i->accesses[0].pins = 3;
	has(&s, false, "object", false);
	has(&s, false, "3 pages held", true);
	has(&s, false, "it changed while it was read", true);
	/* A running trace does not know who uses an IOAS of iommufd. */
	i->users_known = false;
	has(&s, false, "who uses it is not known here", true);
	has(&s, false, "no group attached", false);
}

/* The scope is type1's. Of iommufd a domain says it, or the IOAS where domains do not tell. */
static void test_dirty_text(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = walked(&s), *other;
	struct state_domain domain = { .id = 9, .dirty = -1 };

	(void)arg;
	i->dirty = 1;
	has(&s, false, "  dirty tracking on\n", true);
	assert_int_equal(state_add_domain(i, &domain), 0);
	has(&s, false, "  dirty tracking on\n", true);
	i->domains[0].dirty = 1;
	has(&s, false, "  dirty tracking on\n", false);
	has(&s, false, ", dirty tracking on\n", true);
	other = unit_ioas(unit_ctx(&s, 2, IOAS_BACKEND_TYPE1), 3);
	other->dirty = 1;
	has(&s, false, "  dirty tracking on: pinned pages only\n", true);
	other->non_pinned_groups = 1;
	has(&s, false, "  dirty tracking on: every mapped page counts as dirty\n", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_json),
		cmocka_unit_test(test_unknown_text),
		cmocka_unit_test(test_dirty_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
