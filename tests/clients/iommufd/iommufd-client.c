// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A user of iommufd that logs what it asks and what it gets.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "session.h"

#define EXIT_WRONG 1
#define EXIT_USAGE 2

static const char usage_text[] =
	"Usage: iommufd-client [OPTION]... SCENARIO\n"
	"\n"
	"Scenarios:\n"
	"  tour    everything the interface allows, each answer checked\n"
	"  random  random operations on three IOASes, each answer checked against a model\n"
	"  race    threads at the same few addresses, while devices come and go\n"
	"  hold    a few typical areas\n"
	"  copies  an area of --max-size, copied 100 times: the kernel's counters stay\n"
	"  files   areas of a file, for which another process pays for a while\n"
	"  compat  the ioctls of a VFIO container on the same file, each answer checked\n"
	"\n"
	"Options:\n"
	"  --device ADDRESS   PCI device bound to vfio-pci, an \"edu\"; may be repeated\n"
	"  --mediated NAME    test device of tests/modules/ioas_testdev; may be repeated\n"
	"  --account WHO      none (default), user or mm: who is charged for pinned pages\n"
	"  --vfio MODE        none (default), v1 or v2: random also uses an IOAS as a container\n"
	"  --log FILE         append a JSON line per operation\n"
	"  --seed N           for random choices (default 1)\n"
	"  --ops N            operations of random, or of each thread of race (default 200)\n"
	"  --threads N        threads of race (default 4)\n"
	"  --seconds N        race for so long, whatever --ops says\n"
	"  --max-size BYTES   largest area (default 16M; suffixes K, M, G)\n"
	"  --buffer BYTES     memory that areas are pieces of (default: the largest area)\n"
	"  --total BYTES      random unmaps more while more than this is mapped (default 512M)\n"
	"  --serve            then read commands from standard input\n"
	"  --help             this text\n"
	"\n"
	"Commands of --serve (numbers decimal or 0x...), after the line READY:\n"
	"  dma r|w IOVA LEN                 ok or fault, as the bytes show\n"
	"  map IOAS IOVA SIZE PROT OFFSET   PROT r, w or rw; OFFSET in the buffer\n"
	"  mapva IOAS IOVA SIZE PROT VA     the same at any address of the process\n"
	"  copy DST IOVA SRC IOVA SIZE PROT\n"
	"  unmap IOAS IOVA SIZE             ok and the size that the kernel gave back\n"
	"  attach DEVICE PT, detach DEVICE, destroy ID, quit\n"
	"  pin DEVICE IOVA PAGES PROT, unpin DEVICE IOVA PAGES, rw DEVICE r|w IOVA LEN\n"
	"  unpin-raw DEVICE IOVA PAGES      one kernel call, whether it pinned that or not\n"
	"  forget DEVICE                    its pins are leaked\n"
	"  ignore DEVICE COUNT WORKER       of the next notifications; WORKER 1: then let a thread "
	"unpin\n"
	"  stats DEVICE                     ok PAGES CALLBACKS IGNORED UNPINNED\n"
	"\n"
	"Examples:\n"
	"  iommufd-client --device 0000:01:00.0 tour\n"
	"  iommufd-client --device 0000:01:00.0 --account mm --max-size 256M copies\n"
	"  echo 'dma r 0x140000000 64' | iommufd-client --device 0000:01:00.0 --serve hold\n"
	"\n"
	"Exit status: 0 all right, 1 a wrong answer or a failure, 2 wrong usage.\n";

struct arguments {
	struct options opt;
	const char *log;
	bool serve;
	const char *scenario;
	unsigned int ndevices;
	const char *devices[MODEL_DEVICES];
	unsigned int nmediated;
	const char *mediated[MODEL_ACCESSES];
};

static const struct {
	const char *name;
	int (*run)(struct session *s);
} scenarios[] = {
	{ "tour", scenario_tour },   { "random", scenario_random }, { "race", scenario_race },
	{ "hold", scenario_hold },   { "copies", scenario_copies }, { "compat", scenario_compat },
	{ "files", scenario_files },
};

static const struct option long_options[] = {
	{ "device", required_argument, NULL, 'd' },
	{ "account", required_argument, NULL, 'a' },
	{ "log", required_argument, NULL, 'l' },
	{ "seed", required_argument, NULL, 's' },
	{ "ops", required_argument, NULL, 'o' },
	{ "threads", required_argument, NULL, 't' },
	{ "max-size", required_argument, NULL, 'm' },
	{ "buffer", required_argument, NULL, 'b' },
	{ "total", required_argument, NULL, 'T' },
	{ "serve", no_argument, NULL, 'S' },
	{ "vfio", required_argument, NULL, 'v' },
	{ "mediated", required_argument, NULL, 'M' },
	{ "seconds", required_argument, NULL, 'e' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static bool parse_name(const char *text, const char *const names[3], unsigned int *number)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (!strcmp(text, names[i])) {
			*number = i;
			return true;
		}
	}
	return false;
}

static bool parse_account(const char *text, enum account *account)
{
	static const char *const names[] = { "none", "user", "mm" };
	unsigned int number;

	if (!parse_name(text, names, &number))
		return false;
	*account = (enum account)number;
	return true;
}

static bool parse_vfio(const char *text, enum vfio *vfio)
{
	static const char *const names[] = { "none", "v1", "v2" };
	unsigned int number;

	if (!parse_name(text, names, &number))
		return false;
	*vfio = (enum vfio)number;
	return true;
}

static bool parse_device(const char **names, unsigned int *n, unsigned int most, const char *name)
{
	if (*n == most || strlen(name) > 32 || strchr(name, '/'))
		return false;
	names[(*n)++] = name;
	return true;
}

static bool parse_option(struct arguments *args, int id, const char *value)
{
	switch (id) {
	case 'd':
		return parse_device(args->devices, &args->ndevices, MODEL_DEVICES, value);
	case 'M':
		return parse_device(args->mediated, &args->nmediated, MODEL_ACCESSES, value);
	case 'a':
		return parse_account(value, &args->opt.account);
	case 'v':
		return parse_vfio(value, &args->opt.vfio);
	case 'l':
		args->log = value;
		return true;
	case 's':
		return parse_number(value, &args->opt.seed);
	case 'o':
		return parse_count(value, &args->opt.ops);
	case 't':
		return parse_count(value, &args->opt.threads);
	case 'e':
		return parse_count(value, &args->opt.seconds);
	case 'm':
		return parse_bytes(value, &args->opt.max_size);
	case 'b':
		return parse_bytes(value, &args->opt.buffer);
	case 'T':
		return parse_bytes(value, &args->opt.total);
	case 'S':
		args->serve = true;
		return true;
	default:
		return false;
	}
}

/* 0, or the exit status plus one. */
static int parse_arguments(int argc, char **argv, struct arguments *args)
{
	int id;

	*args = (struct arguments){ .opt = { .seed = 1,
					     .ops = 200,
					     .threads = 4,
					     .max_size = 16 * MIB,
					     .total = 512 * MIB } };
	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (id == 'h') {
			fputs(usage_text, stdout);
			return 1;
		}
		if (id == '?')
			return EXIT_USAGE + 1;
		if (!parse_option(args, id, optarg)) {
			fprintf(stderr, "iommufd-client: wrong value: %s\n", optarg);
			return EXIT_USAGE + 1;
		}
	}
	if (!args->opt.buffer)
		args->opt.buffer = args->opt.max_size;
	if (optind != argc - 1 || !args->ndevices) {
		fprintf(stderr,
			"iommufd-client: one scenario and at least one device, see --help\n");
		return EXIT_USAGE + 1;
	}
	args->scenario = argv[optind];
	return 0;
}

static int run(struct session *s, const struct arguments *args, int (*scenario)(struct session *s))
{
	int ret = 0;

	for (s->ndevices = 0; s->ndevices < args->ndevices; s->ndevices++) {
		ret = cdev_open(&s->devices[s->ndevices], args->devices[s->ndevices], false);
		if (ret)
			return ret;
	}
	for (s->nmediated = 0; s->nmediated < args->nmediated; s->nmediated++) {
		ret = cdev_open(&s->mediated[s->nmediated], args->mediated[s->nmediated], true);
		if (ret)
			return ret;
	}
	ret = session_start(s);
	if (!ret)
		ret = scenario(s);
	if (!ret && args->serve)
		ret = serve(s);
	session_stop(s);
	return ret;
}

int main(int argc, char **argv)
{
	static struct session session;
	struct arguments args;
	size_t i;
	int ret;

	ret = parse_arguments(argc, argv, &args);
	if (ret)
		return ret - 1;
	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		if (!strcmp(args.scenario, scenarios[i].name))
			break;
	if (i == ARRAY_SIZE(scenarios)) {
		fprintf(stderr, "iommufd-client: no scenario %s, see --help\n", args.scenario);
		return EXIT_USAGE;
	}
	session.opt = &args.opt;
	session.fd.fd = -1;
	ret = log_open(&session.log, args.log, "iommufd");
	if (ret) {
		fprintf(stderr, "%s: %s\n", args.log, strerror(-ret));
		return EXIT_WRONG;
	}
	ret = run(&session, &args, scenarios[i].run);
	log_close(&session.log);
	return ret ? EXIT_WRONG : 0;
}
