// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope predict: what would happen if ... */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/predict_subject.h"
#include "cli/source.h"
#include "live/log.h"
#include "view/predict.h"

struct predict_options {
	struct source source;
	struct subject_options subject;
	__u32 ioas;
	bool json;
};

static const char help[] =
	"Usage: ioascope predict attach [OPTION]... DEVICE\n"
	"       ioascope predict attach [OPTION]... --any\n"
	"       ioascope predict attach [OPTION]... --reserved RANGE... [--aperture RANGE]\n\n"
	"Tells whether attaching a device to an I/O address space would succeed with what is\n"
	"mapped in it, which areas and allowed ranges stand in the way, and what would be left\n"
	"of the valid ranges. DEVICE is a PCI address, a device of VFIO (vfio0) or a path in\n"
	"sysfs. A RANGE is START-END, END inclusive.\n\n"
	"      --ioas N       that I/O address space; without it each of them\n"
	"      --any          each device of this host that has an IOMMU group\n"
	"      --reserved RANGE\n"
	"                     a reserved region of the device, or 'none'; with :TYPE behind it\n"
	"                     direct, direct-relaxable, reserved (default) or msi\n"
	"      --aperture RANGE\n"
	"                     what the device's IOMMU can address\n"
	"  -j, --json         JSON (docs/event-schema.md)\n" SOURCE_HELP
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope predict attach 02:00.0 --ioas 3\n"
	"  ioascope predict attach --any\n"
	"  ioascope predict attach -r boot.ioas --at 12.5 --reserved 0xfee00000-0xfeefffff:msi \\\n"
	"                          --aperture 0-0x7fffffffff\n"
	"\nExit status: 0 would succeed, 4 would fail, 1 cannot be told, or a failure.\n";

enum {
	OPT_IOAS = 256,
	OPT_ANY,
	OPT_RESERVED,
	OPT_APERTURE
};

static int parse_subject(int c, struct predict_options *o)
{
	switch (c) {
	case OPT_ANY:
		o->subject.any = true;
		return 0;
	case OPT_RESERVED:
		return subject_reserved(&o->subject, optarg);
	case OPT_APERTURE:
		return subject_aperture(&o->subject, optarg);
	default:
		return source_option(&o->source, c, optarg);
	}
}

/* 0: go on; otherwise *status is the exit status. */
static int parse_one(int c, void *arg, int *status)
{
	struct predict_options *o = arg;
	__u64 v = 0;
	int err = 0;

	switch (c) {
	case OPT_IOAS:
		err = parse_number(optarg, false, 1, ~0U, &v);
		o->ioas = v;
		break;
	case 'j':
		o->json = true;
		break;
	case 'h':
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	default:
		err = parse_subject(c, o);
	}
	if (!err)
		return 0;
	*status = usage_error("predict", "bad value '%s'", optarg);
	return 1;
}

/* "attach", and the device if there is one. 0, or the exit status. */
static int parse_words(int argc, char **argv, struct predict_options *o)
{
	if (optind == argc)
		return usage_error("predict", "what to predict is missing: 'attach'");
	if (strcmp(argv[optind], "attach"))
		return usage_error("predict", "'%s' is nothing that can be predicted; 'attach' is",
				   argv[optind]);
	if (++optind < argc)
		o->subject.name = argv[optind++];
	if (optind < argc)
		return usage_error("predict", "unexpected argument '%s'", argv[optind]);
	if (o->subject.name && o->subject.any)
		return usage_error("predict", "--any and a device exclude each other");
	if (!o->subject.name && !o->subject.any && !subject_described(&o->subject))
		return usage_error("predict", "a device, --any or --reserved is needed");
	return source_check(&o->source, "predict");
}

static int parse(int argc, char **argv, struct predict_options *o, int *status)
{
	static const struct option options[] = {
		{ "ioas", required_argument, NULL, OPT_IOAS },
		{ "any", no_argument, NULL, OPT_ANY },
		{ "reserved", required_argument, NULL, OPT_RESERVED },
		{ "aperture", required_argument, NULL, OPT_APERTURE },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		SOURCE_OPTIONS,
		{}
	};

	if (parse_options("predict", argc, argv, ":jr:vh", options, parse_one, o, status))
		return 1;
	*status = parse_words(argc, argv, o);
	o->source.numbered = o->ioas;
	o->source.users = true;
	return *status;
}

/* Failing is worth more than not knowing, and what could not be read more than both. */
static int status_of(const struct predict_tally *t, int status)
{
	if (status != EXIT_FINE)
		return status;
	if (t->fails)
		return EXIT_VIOLATION;
	return t->unknown ? EXIT_RUNTIME : EXIT_FINE;
}

static int print(const struct predict_options *o, const struct state *s,
		 const struct subjects *subjects, int status)
{
	const struct predict_view v = {
		.state = s,
		.subjects = subjects->subject,
		.n = subjects->n,
		.ioas = o->ioas,
		.common = o->subject.any,
	};
	struct predict_tally tally;
	int err = (o->json ? predict_json : predict_text)(stdout, &v, &tally);

	if (!err && fflush(stdout))
		err = -errno;
	if (err)
		return exit_status(log_err(err, "writing"));
	source_warn_uncertain(s);
	if (tally.ioases)
		return status_of(&tally, status);
	if (o->ioas) {
		log_warn("there is no IOAS %u", o->ioas);
		return EXIT_RUNTIME;
	}
	if (!o->json)
		printf("no I/O address space is there\n");
	return status;
}

static void clear_options(struct predict_options *o)
{
	subject_options_clear(&o->subject);
}

int cmd_predict(int argc, char **argv)
{
	_cleanup_state_ struct state state = {};
	struct subjects subjects __attribute__((cleanup(subjects_clear))) = {};
	struct predict_options o __attribute__((cleanup(clear_options))) = {};
	int status = EXIT_FINE, err;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	err = subjects_find(&o.subject, &subjects);
	if (!err)
		err = source_take(&o.source, &state, NULL, &status);
	if (err)
		return exit_status(err);
	subjects_learn(&subjects, &o.subject, &state);
	return print(&o, &state, &subjects, status);
}
