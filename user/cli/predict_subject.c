// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/predict_subject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "live/log.h"

/* ---- options ---- */

void subject_options_clear(struct subject_options *o)
{
	free(o->region);
	*o = (struct subject_options){};
}

/* "START-END", at most @len characters of @text. */
static int parse_range(const char *text, size_t len, __u64 *first, __u64 *last)
{
	char copy[64], *dash;
	__u64 from, to;

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	dash = strchr(copy, '-');
	if (!dash)
		return -EINVAL;
	*dash++ = '\0';
	if (parse_number(copy, true, 0, UINT64_MAX, &from) ||
	    parse_number(dash, true, 0, UINT64_MAX, &to) || from > to)
		return -EINVAL;
	*first = from;
	*last = to;
	return 0;
}

int subject_reserved(struct subject_options *o, const char *text)
{
	struct predict_region r = { .type = PREDICT_RESERVED }, *more;
	size_t len = strcspn(text, ":");
	int type = PREDICT_RESERVED;

	if (!strcmp(text, "none")) {
		o->reserved = true;
		return 0;
	}
	if (text[len])
		type = predict_type_from_name(text + len + 1);
	if (type < 0 || parse_range(text, len, &r.iova, &r.last))
		return -EINVAL;
	r.type = type;
	more = realloc(o->region, (o->nregions + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	o->region = more;
	o->region[o->nregions++] = r;
	o->reserved = true;
	return 0;
}

int subject_aperture(struct subject_options *o, const char *text)
{
	int err = parse_range(text, strlen(text), &o->first, &o->last);

	if (!err)
		o->aperture = true;
	return err;
}

bool subject_described(const struct subject_options *o)
{
	return o->reserved || o->aperture;
}

/* ---- devices ---- */

void subjects_clear(struct subjects *s)
{
	if (s->device)
		device_clear_all(s->device, s->n);
	free(s->subject);
	free(s->region);
	*s = (struct subjects){};
}

static int find_devices(const struct subject_options *o, struct subjects *s)
{
	char why[DEVICE_WHY] = "";
	int err;

	if (o->any) {
		err = device_all(NULL, &s->device, &s->n, why);
	} else {
		s->device = calloc(1, sizeof(*s->device));
		if (!s->device)
			return log_err(-ENOMEM, "looking for devices");
		err = device_find(NULL, o->name, s->device, why);
		s->n = 1;
	}
	if (err)
		log_warn("%s", why);
	return err;
}

/* What the command line says goes before what sysfs does. */
static int override(const struct subject_options *o, struct subjects *s)
{
	size_t bytes = o->nregions * sizeof(*o->region);

	if (o->nregions) {
		s->region = malloc(bytes);
		if (!s->region)
			return log_err(-ENOMEM, "looking for devices");
		memcpy(s->region, o->region, bytes);
	}
	for (size_t n = 0; n < s->n; n++) {
		struct predict_subject *x = &s->subject[n];

		if (o->reserved) {
			x->dev.regions = s->region;
			x->dev.nregions = o->nregions;
			x->dev.regions_known = true;
			x->dev.shared = false;
		}
		if (o->aperture) {
			x->dev.aperture_known = true;
			x->dev.aperture_width = false;
			x->dev.aperture = o->first;
			x->dev.aperture_last = o->last;
			x->aperture_from = "option";
		}
	}
	return 0;
}

static void fill_subject(const struct device *d, struct predict_subject *out)
{
	out->iommu = "";
	if (!d) {
		out->dev.group = -1;
		return;
	}
	out->dev = d->desc;
	out->iommu = d->iommu;
	if (d->desc.aperture_known)
		out->aperture_from = "iommu";
}

int subjects_find(const struct subject_options *o, struct subjects *out)
{
	struct subjects s = {};
	int err = 0;

	if (o->name || o->any)
		err = find_devices(o, &s);
	else
		s.n = 1;
	if (!err) {
		s.subject = calloc(s.n, sizeof(*s.subject));
		if (!s.subject)
			err = log_err(-ENOMEM, "looking for devices");
	}
	for (size_t n = 0; n < s.n && !err; n++)
		fill_subject(s.device ? &s.device[n] : NULL, &s.subject[n]);
	if (!err)
		err = override(o, &s);
	if (err) {
		subjects_clear(&s);
		return err;
	}
	*out = s;
	return 0;
}

/* ---- what the state tells ---- */

static void learn_from(struct subjects *s, const struct state_ioas *i)
{
	for (size_t n = 0; n < i->ndevices; n++) {
		char iommu[32];
		__u64 first, last;

		device_iommu(NULL, i->devices[n].name, iommu, sizeof(iommu));
		if (!*iommu || !predict_domain_aperture(i, i->devices[n].domain, &first, &last))
			continue;
		for (size_t k = 0; k < s->n; k++) {
			struct predict_subject *x = &s->subject[k];

			if (strcmp(x->iommu, iommu))
				continue;
			x->dev.aperture_known = true;
			/* Type1 asks for its domains in another way, which may say more. */
			x->dev.aperture_width = true;
			x->dev.aperture = first;
			x->dev.aperture_last = last;
			x->aperture_from = "domain";
		}
	}
}

void subjects_learn(struct subjects *s, const struct subject_options *o, const struct state *state)
{
	if (!s->device || o->aperture)
		return;
	for (size_t c = 0; c < state->nctxs; c++) {
		for (size_t i = 0; i < state->ctxs[c].nioases; i++)
			learn_from(s, &state->ctxs[c].ioases[i]);
	}
}
