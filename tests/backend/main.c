// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: backend-test [--user UID] [--memlock BYTES] [--tracker NAME] [TEST]...
 * Each test runs in a process of its own, as that user; then no page may be pinned any more.
 * IOASCOPE_SEED and IOASCOPE_SCALE as everywhere.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "be.h"

uint64_t be_seed = 1;
double be_scale = 1;
bool be_root = true;

static const char *const trackers[] = { "interval", "xarray", "table", "array" };

static const struct test {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "modes", test_modes },
	{ "all", test_all },
	{ "tce", test_tce },
	{ "file", test_file },
	{ "watch", test_watch },
	{ "query", test_query },
	{ "scatter", test_scatter },
	{ "owner", test_owner },
	{ "policy", test_policy },
	{ "metadata", test_metadata },
	{ "merge", test_merge },
	{ "test-attach", test_test_attach },
	{ "map", test_map },
	{ "alloc", test_alloc },
	{ "copy", test_copy },
	{ "share", test_share },
	{ "ranges", test_ranges },
	{ "reservations", test_reservations },
	{ "devices", test_devices },
	{ "rw", test_rw },
	{ "charge-user", test_charge_user },
	{ "charge-mm", test_charge_mm },
	{ "sparse", test_sparse },
	{ "structs", test_structs },
	{ "arguments", test_arguments },
	{ "memory", test_memory },
	{ "processes", test_processes },
	{ "dump", test_dump },
	{ "client", test_client },
	{ "trackers", test_trackers },
	{ "random", test_random },
	{ "stress", test_stress },
	{ "killed", test_killed },
	{ "waiting", test_waiting },
	{ "many", test_many },
	/* Only by their names. */
	{ "faults", test_faults },
	{ "failing-client", test_failing_client },
};

struct options {
	uid_t uid;
	rlim_t memlock;
};

static void become(const struct options *opt)
{
	struct rlimit limit = { opt->memlock, opt->memlock };

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &limit));
	if (!opt->uid)
		return;
	CHECK(!setgroups(0, NULL) && !setgid(opt->uid) && !setuid(opt->uid));
	be_root = false;
}

static bool run(const struct test *test, const struct options *opt)
{
	long before = be_pins(), after;
	int status, i;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		become(opt);
		test->run();
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	/* The pins of clients may go later than the process. */
	for (i = 0; (after = be_pins()) != before && i < 100; i++)
		usleep(50000);
	if (after != before)
		printf("# %ld pages are still pinned\n", after - before);
	else if (WIFSIGNALED(status))
		printf("# died of signal %d\n", WTERMSIG(status));
	else if (!WEXITSTATUS(status)) {
		printf("ok - %s, uid %d, %s\n", test->name, (int)opt->uid, trackers[be_tracker]);
		return true;
	}
	printf("not ok - %s, uid %d, %s\n", test->name, (int)opt->uid, trackers[be_tracker]);
	return false;
}

static bool chosen(const struct test *test, char **names)
{
	bool any = *names || test->run == test_faults || test->run == test_failing_client;

	for (; *names; names++)
		if (!strcmp(*names, test->name))
			return true;
	return !any;
}

static uint32_t tracker(const char *name)
{
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(trackers); i++)
		if (!strcmp(trackers[i], name))
			return i;
	exit(2);
}

static void parse(int argc, char **argv, struct options *opt)
{
	static const struct option longs[] = { { "user", 1, NULL, 'u' },
					       { "memlock", 1, NULL, 'm' },
					       { "tracker", 1, NULL, 't' },
					       {} };
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'u')
			opt->uid = atoi(optarg);
		else if (c == 'm')
			opt->memlock = strtoull(optarg, NULL, 0);
		else if (c == 't')
			be_tracker = tracker(optarg);
		else
			exit(2);
	}
	if (getenv("IOASCOPE_SEED"))
		be_seed = strtoull(getenv("IOASCOPE_SEED"), NULL, 0);
	if (getenv("IOASCOPE_SCALE"))
		be_scale = atof(getenv("IOASCOPE_SCALE"));
}

int main(int argc, char **argv)
{
	struct options opt = { .memlock = 64 * MIB };
	unsigned int i, passed = 0, failed = 0;

	parse(argc, argv, &opt);
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		if (!chosen(&tests[i], argv + optind))
			continue;
		if (run(&tests[i], &opt))
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
