// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A user of the type1 backend of VFIO that logs what it asks and what it gets.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "client.h"

#define EXIT_WRONG 1
#define EXIT_USAGE 2

static const char usage_text[] =
	"Usage: type1-client [OPTION]... SCENARIO\n"
	"\n"
	"Scenarios:\n"
	"  tour    everything the interface allows, each answer checked\n"
	"  random  random maps, unmaps and pins, each answer checked against a model\n"
	"  race    threads at the same few addresses\n"
	"  hold    a few typical areas\n"
	"Scenarios that make one mistake, and a checker must name it:\n"
	"  break-v1-inside     v1: an unmap begins inside an area, and removes nothing\n"
	"  break-stale         v1: the same, and the addresses are used again\n"
	"  break-leak          an emulated device goes, and leaves its pins\n"
	"  break-double-unpin  an emulated device unpins twice\n"
	"\n"
	"Options:\n"
	"  --mode v1|v2       rules of the container (default v2)\n"
	"  --device ADDRESS   PCI device bound to vfio-pci, an \"edu\"; may be repeated\n"
	"  --emulated NAME    emulated test device (ioas_test0, ...); may be repeated\n"
	"  --log FILE         append a JSON line per operation\n"
	"  --seed N           for random choices (default 1)\n"
	"  --ops N            operations of random, or of each thread of race (default 200)\n"
	"  --threads N        threads of race (default 8)\n"
	"  --max-size BYTES   largest area (default 64M; suffixes K, M, G)\n"
	"  --buffer BYTES     memory that areas are pieces of (default: the largest area)\n"
	"  --total BYTES      random unmaps more while more than this is mapped (default 2G)\n"
	"  --serve            then read commands from standard input\n"
	"  --help             this text\n"
	"\n"
	"Commands of --serve (numbers decimal or 0x...), after the line READY:\n"
	"  dma r|w IOVA LEN           ok, fault or partial, as the bytes show\n"
	"  map IOVA SIZE PROT OFFSET  PROT r, w or rw; OFFSET in the buffer\n"
	"  unmap IOVA SIZE [FLAGS]    ok and the size that the kernel gave back\n"
	"  pin IOVA NPAGES PROT       by the first emulated device\n"
	"  unpin IOVA NPAGES\n"
	"  attach DEVICE, detach DEVICE, sleep MS, quit\n"
	"\n"
	"Examples:\n"
	"  type1-client --device 0000:01:00.0 tour\n"
	"  type1-client --mode v1 --device 0000:01:00.0 --seed 7 --ops 500 --log log random\n"
	"  type1-client --emulated ioas_test0 --emulated ioas_test1 race\n"
	"  echo 'dma r 0x100000000 64' | type1-client --device 0000:01:00.0 --serve hold\n"
	"\n"
	"Exit status: 0 all right, 1 a wrong answer or a failure, 2 wrong usage.\n";

struct arguments {
	struct options opt;
	const char *log;
	bool serve;
	const char *scenario;
	unsigned int ndevices;
	struct {
		const char *name;
		bool emulated;
	} devices[CLIENT_DEVICES_MAX];
};

static const struct {
	const char *name;
	int (*run)(struct client *client);
} scenarios[] = {
	{ "tour", scenario_tour },
	{ "random", scenario_random },
	{ "race", scenario_race },
	{ "hold", scenario_hold },
	{ "break-v1-inside", scenario_break_v1_inside },
	{ "break-stale", scenario_break_stale },
	{ "break-leak", scenario_break_leak },
	{ "break-double-unpin", scenario_break_double_unpin },
};

enum option_id {
	OPT_MODE = 1,
	OPT_DEVICE,
	OPT_EMULATED,
	OPT_LOG,
	OPT_SEED,
	OPT_OPS,
	OPT_THREADS,
	OPT_MAX_SIZE,
	OPT_BUFFER,
	OPT_TOTAL,
	OPT_SERVE,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "emulated", required_argument, NULL, OPT_EMULATED },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "ops", required_argument, NULL, OPT_OPS },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "max-size", required_argument, NULL, OPT_MAX_SIZE },
	{ "buffer", required_argument, NULL, OPT_BUFFER },
	{ "total", required_argument, NULL, OPT_TOTAL },
	{ "serve", no_argument, NULL, OPT_SERVE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool parse_mode(const char *text, struct options *opt)
{
	opt->v2 = !strcmp(text, "v2");
	return opt->v2 || !strcmp(text, "v1");
}

static bool parse_device(struct arguments *args, const char *name, bool emulated)
{
	if (args->ndevices == CLIENT_DEVICES_MAX || strlen(name) > 32 || strchr(name, '/'))
		return false;
	args->devices[args->ndevices].name = name;
	args->devices[args->ndevices].emulated = emulated;
	args->ndevices++;
	return true;
}

static bool parse_option(struct arguments *args, int id, const char *value)
{
	switch (id) {
	case OPT_MODE:
		return parse_mode(value, &args->opt);
	case OPT_DEVICE:
	case OPT_EMULATED:
		return parse_device(args, value, id == OPT_EMULATED);
	case OPT_LOG:
		args->log = value;
		return true;
	case OPT_SEED:
		return parse_number(value, &args->opt.seed);
	case OPT_OPS:
		return parse_count(value, &args->opt.ops);
	case OPT_THREADS:
		return parse_count(value, &args->opt.threads);
	case OPT_MAX_SIZE:
		return parse_bytes(value, &args->opt.max_size);
	case OPT_BUFFER:
		return parse_bytes(value, &args->opt.buffer);
	case OPT_TOTAL:
		return parse_bytes(value, &args->opt.total);
	case OPT_SERVE:
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

	*args = (struct arguments){ .opt = { .v2 = true,
					     .seed = 1,
					     .ops = 200,
					     .threads = 8,
					     .max_size = 64 * MIB,
					     .total = 2 * GIB } };
	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (id == OPT_HELP) {
			fputs(usage_text, stdout);
			return 1;
		}
		if (id == '?')
			return EXIT_USAGE + 1;
		if (!parse_option(args, id, optarg)) {
			fprintf(stderr, "type1-client: wrong value: %s\n", optarg);
			return EXIT_USAGE + 1;
		}
	}
	if (!args->opt.buffer)
		args->opt.buffer = args->opt.max_size;
	if (optind != argc - 1 || !args->ndevices) {
		fprintf(stderr, "type1-client: one scenario and at least one device, see --help\n");
		return EXIT_USAGE + 1;
	}
	args->scenario = argv[optind];
	return 0;
}

static int run(struct client *client, const struct arguments *args,
	       int (*scenario)(struct client *client))
{
	unsigned int i;
	int ret;

	for (i = 0; i < args->ndevices; i++) {
		ret = device_init(&client->devices[i], args->devices[i].name,
				  args->devices[i].emulated);
		if (ret)
			return ret;
		client->ndevices++;
	}
	ret = client_start(client);
	if (!ret)
		ret = scenario(client);
	if (!ret && args->serve)
		ret = serve(client);
	client_stop(client);
	return ret;
}

int main(int argc, char **argv)
{
	static struct client client;
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
		fprintf(stderr, "type1-client: no scenario %s, see --help\n", args.scenario);
		return EXIT_USAGE;
	}
	client.opt = &args.opt;
	client.vfio.fd = -1;
	client.log.mode = args.opt.v2 ? "v2" : "v1";
	ret = log_open(&client.log, args.log, "type1");
	if (ret) {
		fprintf(stderr, "%s: %s\n", args.log, strerror(-ret));
		return EXIT_WRONG;
	}
	ret = run(&client, &args, scenarios[i].run);
	log_close(&client.log);
	return ret ? EXIT_WRONG : 0;
}
