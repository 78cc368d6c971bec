/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A queue that falls silent because the mbuf pool is empty comes back when the pool does.
 *
 * The handler keeps every mbuf. The device has a frame for ever, waits for a buffer, and so says
 * nothing more when the pool is empty. Then this thread frees what was kept, which signals nobody:
 * the worker must find out by itself. ROUNDS times over; a worker that does not stalls.
 *
 * Then the handler frees at once, with bursts that can take every mbuf there is: rx_burst finds the
 * pool empty when it refills, and full again is it only after the handler.
 */

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ring.h>

#include "stress.h"
#include "watchdog.h"

#define ROUNDS	 20
#define NB_DESC	 64 /* a burst takes as many, and the pool has as many */
#define NB_MBUFS 64
#define FRAME	 64
#define MANY	 100000

static struct rte_ring *kept;
static _Atomic uint64_t received;
static _Atomic bool free_at_once;

static void
keep(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb)
{
	(void)arg;
	(void)port;
	(void)queue;
	if (atomic_load(&free_at_once))
		rte_pktmbuf_free_bulk(pkts, nb);
	else
		CHECK(rte_ring_enqueue_bulk(kept, (void **)pkts, nb, NULL) == nb, "ring full");
	atomic_fetch_add(&received, nb);
}

static void
free_kept(void)
{
	void *pkt;

	while (rte_ring_dequeue(kept, &pkt) == 0)
		rte_pktmbuf_free(pkt);
}

static uint64_t
starved(const struct rouse_worker *w)
{
	struct rouse_worker_stats stats;

	rouse_worker_stats_get(w, &stats);
	return stats.starved;
}

/* Who frees before the worker comes to sleep leaves it nothing to find. */
static void
wait_until_starved(struct rouse_worker *w)
{
	uint64_t limit = rte_rdtsc() + STALL_S * rte_get_tsc_hz();

	while (starved(w) == 0) {
		if (rte_rdtsc() > limit)
			watchdog_bark(w, "it does not see that the pool is empty");
		sched_yield();
	}
}

/* A capture of one frame, by hand: the classic format, microseconds, Ethernet. */
static void
write_capture(const char *path)
{
	const uint32_t file[] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 };
	const uint32_t record[] = { 0, 0, FRAME, FRAME };
	const uint8_t frame[FRAME] = { 0 };
	FILE *f = fopen(path, "w");

	CHECK(f != NULL, "%s", path);
	fwrite(file, sizeof(file), 1, f);
	fwrite(record, sizeof(record), 1, f);
	fwrite(frame, sizeof(frame), 1, f);
	CHECK(fclose(f) == 0, "%s", path);
}

static struct rte_mempool *
start_port(void)
{
	const struct rte_eth_conf conf = { .rxmode.mq_mode = RTE_ETH_MQ_RX_NONE };
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("pool", NB_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);

	CHECK(pool != NULL, "no memory");
	CHECK(rte_eth_dev_configure(0, 1, 1, &conf) == 0, "configure");
	CHECK(rte_eth_rx_queue_setup(0, 0, NB_DESC, -1, NULL, pool) == 0, "Rx queue");
	CHECK(rte_eth_tx_queue_setup(0, 0, NB_DESC, -1, NULL) == 0, "Tx queue");
	CHECK(rte_eth_dev_start(0) == 0, "start");
	return pool;
}

int
main(int argc, char **argv)
{
	char path[] = "/tmp/rouse-starved-XXXXXX", vdev[128];
	const char *const vdevs[] = { vdev, NULL };
	struct rouse_worker_stats stats;
	struct rte_mempool *pool;
	struct rouse_worker *w;
	int fd = mkstemp(path);

	(void)argc;
	CHECK(fd >= 0, "%s", path);
	write_capture(path);
	snprintf(vdev, sizeof(vdev), "net_evnic0,rx_pcap=%s,pace=max,infinite_rx=1", path);
	stress_init(argv[0], vdevs);
	remove(path);
	pool = start_port();
	kept = rte_ring_create("kept", 1024, -1, 0);
	CHECK(kept != NULL, "no memory");

	w = stress_worker_burst(ROUSE_WORKER_INTERRUPT, 0, NB_DESC * 2);
	CHECK(rouse_worker_ethdev_add(w, 0, 0, keep, NULL) == 0, "add");
	stress_run(w);
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		stress_wait(w, &received, round * NB_MBUFS, "after the pool was empty");
		if (round == 1)
			wait_until_starved(w);
		if (round == ROUNDS)
			atomic_store(&free_at_once, true);
		free_kept();
	}
	stress_wait(w, &received, MANY, "with a pool as large as a burst");
	stress_stop(w);
	rouse_worker_stats_get(w, &stats);
	printf("%d rounds: starved %" PRIu64 ", rescues %" PRIu64 "\n", ROUNDS, stats.starved,
	       stats.rescues);
	CHECK(stats.starved > 0, "the pool never was empty");
	CHECK(stats.rescues == 0, "%" PRIu64 " rescues", stats.rescues);
	rouse_worker_destroy(w);
	rte_eth_dev_stop(0);
	free_kept();
	CHECK(rte_mempool_full(pool), "%u of %d mbufs came back", rte_mempool_avail_count(pool),
	      NB_MBUFS);
	rte_eth_dev_close(0);
	rte_eal_cleanup();
	return 0;
}
