// SPDX-License-Identifier: GPL-2.0-or-later
#include "gen.h"

#include <string.h>

static const struct {
	const char *name;
	uint8_t backend;
	uint8_t mode;
} kinds[GEN_KINDS] = {
	[GEN_T1_V1] = { "type1 v1", IOAS_BACKEND_TYPE1, IOAS_MODE_V1 },
	[GEN_T1_V2] = { "type1 v2", IOAS_BACKEND_TYPE1, IOAS_MODE_V2 },
	[GEN_T1_MEDIATED] = { "type1 mediated", IOAS_BACKEND_TYPE1, IOAS_MODE_V2 },
	[GEN_T1_MIXED] = { "type1 mixed", IOAS_BACKEND_TYPE1, IOAS_MODE_V2 },
	[GEN_IOMMUFD] = { "iommufd", IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER },
	[GEN_COMPAT_V1] = { "compat v1", IOAS_BACKEND_COMPAT, IOAS_MODE_ANY },
	[GEN_COMPAT_V2] = { "compat v2", IOAS_BACKEND_COMPAT, IOAS_MODE_COVER },
	[GEN_EXACT] = { "bundled exact", IOAS_BACKEND_BUNDLED, IOAS_MODE_EXACT },
	[GEN_COVER] = { "bundled cover", IOAS_BACKEND_BUNDLED, IOAS_MODE_COVER },
	[GEN_FIRST] = { "bundled first", IOAS_BACKEND_BUNDLED, IOAS_MODE_FIRST },
	[GEN_ANY] = { "bundled any", IOAS_BACKEND_BUNDLED, IOAS_MODE_ANY },
	[GEN_TCE] = { "bundled tce", IOAS_BACKEND_BUNDLED, IOAS_MODE_TCE },
};

const char *gen_kind_name(enum gen_kind kind)
{
	return kind < GEN_KINDS ? kinds[kind].name : "?";
}

static uint64_t below(struct gen *g, uint64_t n)
{
	return unit_below(g->r, n);
}

static bool once_in(struct gen *g, unsigned int n)
{
	return below(g, n) == 0;
}

static uint64_t address(const struct gen *g, uint64_t place)
{
	return g->base + place * g->unit;
}

/* Where hardware reaches, and what it keeps for itself: at the edges of what is in use. */
static void world_hardware(struct gen *g)
{
	for (unsigned int i = 0; i < MODEL_HARDWARE; i++) {
		struct model_range *reach = &g->world.aperture[i];

		reach->last = UINT64_MAX;
		if (once_in(g, 3) && g->base)
			reach->iova = address(g, below(g, g->places / 8 + 1));
		if (once_in(g, 3))
			reach->last = address(g, g->places - below(g, g->places / 8 + 1)) - 1;
		g->world.nresv[i] = (unsigned int)below(g, MODEL_RESV + 1);
		for (unsigned int k = 0; k < g->world.nresv[i]; k++) {
			struct model_range *r = &g->world.resv[i][k];

			r->iova = address(g, below(g, g->places - 1));
			r->last = r->iova + g->unit * (1 + below(g, 2)) - 1;
			if (r->last < r->iova)
				r->last = UINT64_MAX;
		}
	}
	/* The two that share a domain have one reach. */
	if (kinds[g->kind[0]].backend != IOAS_BACKEND_TYPE1)
		g->world.aperture[1] = g->world.aperture[0];
}

void gen_world(struct gen *g, struct unit_random *r, enum gen_kind a, enum gen_kind b,
	       unsigned int places)
{
	static const uint64_t units[] = { MODEL_PAGE, 2 * MODEL_PAGE, 1ULL << 21,
					  1ULL << 30, 1ULL << 38,     1ULL << 43 };

	memset(g, 0, sizeof(*g));
	g->r = r;
	g->kind[0] = a;
	g->kind[1] = b;
	g->places = places;
	g->mixes = places > 1000 || once_in(g, 2);
	g->eager = places > 1000 ? 7 : (unsigned int)below(g, 5);
	g->unit = units[below(g, UNIT_COUNT(units))];
	switch (below(g, 4)) {
	case 0:
		g->base = 0;
		break;
	case 1:
		g->base = 0 - (uint64_t)places * g->unit; /* up to the last address */
		break;
	default:
		g->base = 1ULL << 32;
		break;
	}
	for (unsigned int i = 0; i < MODEL_CTXS; i++) {
		g->world.backend[i] = kinds[g->kind[i]].backend;
		g->world.mode[i] = kinds[g->kind[i]].mode;
	}
	g->world.empty_fails = once_in(g, 2);
	g->world.gone_late = once_in(g, 2);
	world_hardware(g);
}
