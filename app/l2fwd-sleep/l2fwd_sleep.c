/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* DPDK's l2fwd, on workers that sleep. What a port receives its pair sends (ports 0 and 1, 2 and 3;
 * a last one is its own pair), from the sender's address to 02:00:00:00:00:<its number>. */

#include <signal.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#include <rouse_worker.h>

#define NB_DESC 1024

static struct rouse_worker *workers[RTE_MAX_LCORE];    /* by lcore */
static uint64_t nb_dropped[RTE_MAX_LCORE];	       /* by lcore, which alone writes it */
static struct rte_ether_hdr headers[RTE_MAX_ETHPORTS]; /* by port, of what it sends */

static void
forward(void *arg __rte_unused, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb)
{
	uint16_t sent, peer = rte_eth_dev_is_valid_port(port ^ 1) ? port ^ 1 : port;

	for (uint16_t i = 0; i < nb; i++) /* the addresses; the type stays */
		memcpy(rte_pktmbuf_mtod(pkts[i], void *), &headers[peer], 2 * RTE_ETHER_ADDR_LEN);
	sent = rte_eth_tx_burst(peer, queue, pkts, nb);
	rte_pktmbuf_free_bulk(pkts + sent, nb - sent);
	nb_dropped[rte_lcore_id()] += nb - sent;
}

static bool
start_port(uint16_t port, struct rte_mempool *pool)
{
	struct rte_eth_conf with = { .intr_conf.rxq = 1 }, without = { .intr_conf.rxq = 0 };
	uint16_t nb_rxd = NB_DESC, nb_txd = NB_DESC;

	headers[port].dst_addr = (struct rte_ether_addr){ { 2, [5] = (uint8_t)port } };
	return (rte_eth_dev_configure(port, 1, 1, &with) == 0 || /* some PMDs have no interrupts */
		rte_eth_dev_configure(port, 1, 1, &without) == 0) &&
	       rte_eth_dev_adjust_nb_rx_tx_desc(port, &nb_rxd, &nb_txd) == 0 &&
	       rte_eth_rx_queue_setup(port, 0, nb_rxd, SOCKET_ID_ANY, NULL, pool) == 0 &&
	       rte_eth_tx_queue_setup(port, 0, nb_txd, SOCKET_ID_ANY, NULL) == 0 &&
	       rte_eth_macaddr_get(port, &headers[port].src_addr) == 0 &&
	       rte_eth_dev_start(port) == 0;
}

int
main(int argc, char **argv)
{
	char name[16];
	struct rouse_worker_conf conf = { .name = name, .spin = ROUSE_WORKER_SPIN_MEASURED };
	struct rouse_worker_stats s;
	struct rte_mempool *pool;
	unsigned int lcore;
	sigset_t signals;
	uint16_t port;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL); /* of all threads: they wait for sigwait() below */
	if (rte_eal_init(argc, argv) < 0 || rte_lcore_count() < 2)
		rte_exit(EXIT_FAILURE, "give EAL two lcores or more: the main one only waits\n");
	pool = rte_pktmbuf_pool_create(
		"mbufs", 2 * NB_DESC * (rte_eth_dev_count_avail() + rte_lcore_count()), 256, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	RTE_ETH_FOREACH_DEV (port)
		if (pool == NULL || !start_port(port, pool))
			rte_exit(EXIT_FAILURE, "port %u cannot be started\n", port);
	RTE_LCORE_FOREACH_WORKER (lcore) {
		snprintf(name, sizeof(name), "lcore%u", lcore);
		workers[lcore] = rouse_worker_create(&conf);
		if (workers[lcore] == NULL ||
		    rte_eal_remote_launch(rouse_worker_run, workers[lcore], lcore) != 0)
			rte_exit(EXIT_FAILURE, "lcore %u has no worker\n", lcore);
	}
	RTE_ETH_FOREACH_DEV (port) {		  /* dealt out in turn */
		rte_eth_promiscuous_enable(port); /* a PMD without it receives everything */
		lcore = rte_get_next_lcore(lcore, 1, 1);
		if (rouse_worker_ethdev_add(workers[lcore], port, 0, forward, NULL) != 0)
			rte_exit(EXIT_FAILURE, "port %u cannot be drained\n", port);
	}
	sigwait(&signals, &(int){ 0 });
	RTE_LCORE_FOREACH_WORKER (lcore) {
		rouse_worker_stop(workers[lcore]);
		rte_eal_wait_lcore(lcore);
		rouse_worker_stats_get(workers[lcore], &s);
		printf("lcore %u: %" PRIu64 " received, %" PRIu64 " dropped, %" PRIu64
		       " wakes, %.2f %% asleep, %.3f s of processor time\n",
		       lcore, s.rx_packets, nb_dropped[lcore], s.wakes,
		       100.0 * s.asleep_tsc / s.wall_tsc, s.cpu_ns / 1e9);
		rouse_worker_destroy(workers[lcore]);
	}
	RTE_ETH_FOREACH_DEV (port)
		rte_eth_dev_stop(port);
	return rte_eal_cleanup();
}
