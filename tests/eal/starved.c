/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A queue that ran out of buffers, while its worker slept, receives again when there are mbufs:
 * starved EAL-ARGUMENTS. The handler keeps every packet until the pool is empty and the worker has
 * gone to sleep over it; then the main thread gives them all back. Exit status 0, 1, or 77.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include <rouse_worker.h>

#define NB_MBUFS 512
#define NB_DESC	 64
#define LIMIT_S	 20

static struct rte_mbuf *kept[NB_MBUFS]; /* worker; main while the worker has nothing to keep */
static _Atomic unsigned int nb_kept;	/* worker -> main */
static _Atomic bool keeps = true;	/* main -> worker */

static void
keep(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	if (!atomic_load(&keeps)) {
		rte_pktmbuf_free_bulk(pkts, nb_pkts);
		return;
	}
	for (uint16_t i = 0; i < nb_pkts; i++)
		kept[atomic_fetch_add(&nb_kept, 1)] = pkts[i];
}

static struct rte_mempool *
start_port(void)
{
	/* no cache: what is free, is free for everybody */
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"mbufs", NB_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct rte_eth_conf conf = { .intr_conf.rxq = 1 };

	if (pool == NULL || rte_eth_dev_configure(0, 1, 1, &conf) != 0 ||
	    rte_eth_rx_queue_setup(0, 0, NB_DESC, 0, NULL, pool) != 0 ||
	    rte_eth_tx_queue_setup(0, 0, NB_DESC, 0, NULL) != 0 || rte_eth_dev_start(0) != 0)
		return NULL;
	return pool;
}

/* Every mbuf is kept, so the device has no buffer, and the worker went to sleep over it. */
static bool
is_starved(const struct rouse_worker *w)
{
	static uint64_t starved_before;
	struct rouse_worker_stats stats;

	rouse_worker_stats_get(w, &stats);
	if (atomic_load(&nb_kept) < NB_MBUFS)
		starved_before = stats.starved;
	return stats.starved > starved_before + 1;
}

static bool
receives(uint64_t more_than)
{
	struct rte_eth_stats stats;

	return rte_eth_stats_get(0, &stats) == 0 && stats.ipackets > more_than;
}

static int
fail(const char *why)
{
	printf("%s\n", why);
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	const struct rouse_worker_conf conf = { .name = "starved", .socket_id = SOCKET_ID_ANY };
	struct rouse_worker *w;
	struct rte_mempool *pool;
	time_t end;

	if (rte_eal_init(argc, argv) < 0 || rte_eth_dev_count_avail() == 0)
		return fail("no port");
	pool = start_port();
	w = rouse_worker_create(&conf);
	if (pool == NULL || w == NULL || rouse_worker_ethdev_add(w, 0, 0, keep, NULL) != 0)
		return fail("the port does not start");
	rte_eal_remote_launch(rouse_worker_run, w, rte_get_next_lcore(-1, 1, 0));

	end = time(NULL) + LIMIT_S;
	while (!is_starved(w) && time(NULL) < end)
		nanosleep(&pause, NULL);
	if (!is_starved(w))
		return fail("the worker does not sleep over an empty pool");
	atomic_store(&keeps, false);
	rte_pktmbuf_free_bulk(kept, NB_MBUFS);

	while (!receives(2 * NB_MBUFS) && time(NULL) < end)
		nanosleep(&pause, NULL);
	if (!receives(2 * NB_MBUFS))
		return fail("the queue receives no more, though there are mbufs");
	rouse_worker_stop(w);
	rte_eal_mp_wait_lcore();
	rouse_worker_destroy(w);
	rte_eth_dev_stop(0);
	if (rte_mempool_avail_count(pool) != NB_MBUFS)
		return fail("mbufs are lost");
	rte_eal_cleanup();
	return EXIT_SUCCESS;
}
