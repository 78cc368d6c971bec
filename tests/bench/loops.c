/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * loops EAL-ARGUMENTS -- FORWARD: queue 0 of port 0, received on one lcore by one loop after the
 * other, all in this process. So they share caches, memory and luck, and what is left is the loop.
 *
 *   hybrid  rouse_worker_run(), the worker as it comes
 *   poll    the same, and it always polls
 *   bare    rx_burst and the forwarding, for ever: the loop of a program that knows no worker
 *
 * FORWARD is rxonly (packets end here) or io (they go out as they came in). A line "MODE SECONDS"
 * on the standard input is a slice, and is answered by a line with what was counted in it, after a
 * warm-up:
 *
 *   slice MODE packets N seconds S cpu S doorbells N messages N arms N parks N wakes N
 *
 * cpu is the lcore's processor time; doorbells and messages are net_evnic's, 0 elsewhere.
 */

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_version.h>

#include <rouse_counter.h>
#include <rouse_worker.h>

#define NB_MBUFS   8192
#define NB_DESC	   1024
#define BURST	   32
#define WARM_UP_NS 30000000

static const char *const modes[] = { "hybrid", "poll", "bare" };
enum { HYBRID, POLL, BARE };

/* Made before the lcore runs, and only read then. */
static struct rouse_worker *workers[BARE];
static bool sends;

static _Atomic bool stop_bare; /* main -> lcore */
static clockid_t lcore_clock;  /* lcore -> main, before is_running */
static _Atomic bool is_running;

/* Written by the lcore, read by main. */
static alignas(128) rouse_counter nb_packets;

/* ---- the lcore ---- */

static inline void
forward(struct rte_mbuf **pkts, uint16_t nb)
{
	uint16_t sent = sends ? rte_eth_tx_burst(0, 0, pkts, nb) : 0;

	if (sent < nb)
		rte_pktmbuf_free_bulk(pkts + sent, nb - sent);
	rouse_counter_add(&nb_packets, nb);
}

static void
receive(void *arg __rte_unused, uint16_t port __rte_unused, uint16_t queue __rte_unused,
	struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	forward(pkts, nb_pkts);
}

static void
run_bare(void)
{
	struct rte_mbuf *pkts[BURST];

	while (!atomic_load_explicit(&stop_bare, memory_order_relaxed)) {
		uint16_t n = rte_eth_rx_burst(0, 0, pkts, BURST);

		if (n != 0)
			forward(pkts, n);
	}
}

static int
run(void *mode)
{
	struct rouse_worker *w = mode == NULL ? NULL : *(struct rouse_worker **)mode;

	pthread_getcpuclockid(pthread_self(), &lcore_clock);
	atomic_store(&is_running, true);
	if (w == NULL)
		run_bare();
	else
		rouse_worker_run(w);
	return 0;
}

/* ---- main: a slice ---- */

struct look {
	double at, cpu;
	uint64_t packets, doorbells, messages;
	struct rouse_worker_stats worker;
};

static double
now_s(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t
xstat(const char *name)
{
	uint64_t id, value;

	if (rte_eth_xstats_get_id_by_name(0, name, &id) != 0 ||
	    rte_eth_xstats_get_by_id(0, &id, &value, 1) != 1)
		return 0;
	return value;
}

static struct look
look(const struct rouse_worker *w)
{
	struct look l = { .doorbells = xstat("wire_doorbells"),
			  .messages = xstat("wire_messages") };

	if (w != NULL)
		rouse_worker_stats_get(w, &l.worker);
	l.cpu = now_s(lcore_clock);
	l.at = now_s(CLOCK_MONOTONIC);
	l.packets = rouse_counter_get(&nb_packets);
	return l;
}

static void
wait_s(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

static void
tell(const char *mode, const struct look *a, const struct look *b)
{
	printf("slice %s packets %" PRIu64 " seconds %.9f cpu %.9f doorbells %" PRIu64
	       " messages %" PRIu64 " arms %" PRIu64 " parks %" PRIu64 " wakes %" PRIu64 "\n",
	       mode, b->packets - a->packets, b->at - a->at, b->cpu - a->cpu,
	       b->doorbells - a->doorbells, b->messages - a->messages,
	       b->worker.arms - a->worker.arms, b->worker.parks - a->worker.parks,
	       b->worker.wakes - a->worker.wakes);
	fflush(stdout);
}

/* The queue is the worker's only while it runs: the bare loop's wire owes nobody a bit. */
static int
slice(unsigned int mode, double seconds)
{
	struct rouse_worker *w = mode == BARE ? NULL : workers[mode];
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);
	const struct timespec warm_up = { .tv_nsec = WARM_UP_NS };
	struct look before, after;

	if (w != NULL && rouse_worker_ethdev_add(w, 0, 0, receive, NULL) != 0)
		return -1;
	atomic_store(&stop_bare, false);
	atomic_store(&is_running, false);
	if (rte_eal_remote_launch(run, w == NULL ? NULL : &workers[mode], lcore) != 0)
		return -1;
	while (!atomic_load(&is_running))
		sched_yield();
	clock_nanosleep(CLOCK_MONOTONIC, 0, &warm_up, NULL);
	before = look(w);
	wait_s(seconds);
	after = look(w);
	if (w == NULL)
		atomic_store(&stop_bare, true);
	else
		rouse_worker_stop(w);
	rte_eal_wait_lcore(lcore);
	if (w != NULL && rouse_worker_ethdev_remove(w, 0, 0) != 0)
		return -1;
	if (after.worker.rescues != 0)
		printf("lost wake-ups: %" PRIu64 "\n", after.worker.rescues);
	tell(modes[mode], &before, &after);
	return 0;
}

/* ---- main ---- */

static int
start_port(void)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"mbufs", NB_MBUFS, 250, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct rte_eth_conf conf = { 0 };

	if (pool == NULL || rte_eth_dev_configure(0, 1, 1, &conf) != 0 ||
	    rte_eth_rx_queue_setup(0, 0, NB_DESC, 0, NULL, pool) != 0 ||
	    rte_eth_tx_queue_setup(0, 0, NB_DESC, 0, NULL) != 0)
		return -1;
	return rte_eth_dev_start(0);
}

static int
make_workers(void)
{
	for (unsigned int mode = 0; mode < BARE; mode++) {
		const struct rouse_worker_conf conf = {
			.name = modes[mode],
			.socket_id = SOCKET_ID_ANY,
			.mode = mode == HYBRID ? ROUSE_WORKER_HYBRID : ROUSE_WORKER_POLL,
			.burst = BURST,
			.spin = ROUSE_WORKER_SPIN_MEASURED,
		};

		workers[mode] = rouse_worker_create(&conf);
		if (workers[mode] == NULL)
			return -1;
	}
	return 0;
}

static int
fail(const char *why)
{
	printf("loops: %s\n", why);
	return EXIT_FAILURE;
}

static int
serve(void)
{
	char line[64], name[16];
	unsigned int mode;
	double seconds;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "%15s %lf", name, &seconds) != 2 || !(seconds > 0))
			return fail("give a mode and seconds");
		for (mode = 0; mode < RTE_DIM(modes) && strcmp(name, modes[mode]) != 0; mode++)
			;
		if (mode == RTE_DIM(modes))
			return fail("give hybrid, poll or bare");
		if (slice(mode, seconds) != 0)
			return fail("the loop does not run");
	}
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv), ret;

	if (used < 0 || argc != used + 2)
		return fail("give EAL arguments, --, and rxonly or io");
	sends = strcmp(argv[used + 1], "io") == 0;
	if (!sends && strcmp(argv[used + 1], "rxonly") != 0)
		return fail("give rxonly or io");
	if (rte_eth_dev_count_avail() == 0 || rte_lcore_count() != 2)
		return fail("give a port, and two lcores");
	if (start_port() != 0 || make_workers() != 0)
		return fail("the port does not start");
	printf("RTE Version: '%s'\nready\n", rte_version());
	fflush(stdout);
	ret = serve();
	for (unsigned int mode = 0; mode < BARE; mode++)
		rouse_worker_destroy(workers[mode]);
	rte_eth_dev_stop(0);
	rte_eal_cleanup();
	return ret;
}
