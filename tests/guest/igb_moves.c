/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 *
 * Queues of a port that move from worker to worker while frames come: igb_moves EAL -- QUEUES
 * MOVES. One worker for each lcore beside the main one. The frames are those of frames.py: of known
 * flows, numbered. What was received is said whenever it grows; after the last move a line on
 * standard input ends the program, which then says what it has counted.
 */

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include <rouse_worker.h>

#define MAX_QUEUES  16
#define MAX_WORKERS 8
#define NB_FLOWS    64
#define PORT	    0
#define FIRST_SPORT 1024
#define SPORT_AT    34 /* in a frame of UDP over IPv4 */
#define NB_DESC	    512

static struct rouse_worker *workers[MAX_WORKERS];
static unsigned int nb_workers, nb_queues, owner_of[MAX_QUEUES];

/* By flow: the last number, and one more. A flow has one queue, and that one worker at a time. */
static _Atomic uint32_t next_of_flow[NB_FLOWS];
static _Atomic uint64_t nb_received, nb_disordered;

static void
receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	for (uint16_t i = 0; i < nb_pkts; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(pkts[i], const uint8_t *);
		const uint8_t *last = frame + pkts[i]->data_len - 4;
		unsigned int flow = (unsigned int)(frame[SPORT_AT] << 8 | frame[SPORT_AT + 1]) -
				    FIRST_SPORT;
		uint32_t number = (uint32_t)last[0] << 24 | (uint32_t)last[1] << 16 |
				  (uint32_t)last[2] << 8 | last[3];

		if (flow < NB_FLOWS) {
			if (number < atomic_load(&next_of_flow[flow]))
				atomic_fetch_add(&nb_disordered, 1);
			atomic_store(&next_of_flow[flow], number + 1);
			atomic_fetch_add(&nb_received, 1);
		}
	}
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
}

static void
fail(const char *what, int ret)
{
	printf("%s: %s\n", what, strerror(-ret));
	exit(1);
}

static void
start_port(void)
{
	struct rte_eth_conf conf = { .intr_conf.rxq = 1, .rxmode.mq_mode = RTE_ETH_MQ_RX_RSS };
	struct rte_mempool *pool = rte_pktmbuf_pool_create("pool", nb_queues * NB_DESC * 2, 32, 0,
							   RTE_MBUF_DEFAULT_BUF_SIZE,
							   (int)rte_socket_id());
	int ret;

	conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IPV4;
	if (pool == NULL)
		fail("mbuf pool", -ENOMEM);
	ret = rte_eth_dev_configure(PORT, (uint16_t)nb_queues, (uint16_t)nb_queues, &conf);
	for (uint16_t q = 0; q < nb_queues && ret == 0; q++) {
		ret = rte_eth_rx_queue_setup(PORT, q, NB_DESC, rte_socket_id(), NULL, pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(PORT, q, NB_DESC, rte_socket_id(), NULL);
	}
	if (ret == 0)
		ret = rte_eth_promiscuous_enable(PORT);
	if (ret == 0)
		ret = rte_eth_dev_start(PORT);
	if (ret != 0)
		fail("port", ret);
}

static void
start_workers(void)
{
	unsigned int lcore;
	char name[16];

	RTE_LCORE_FOREACH_WORKER (lcore) {
		struct rouse_worker_conf conf = { .name = name, .socket_id = SOCKET_ID_ANY };

		snprintf(name, sizeof(name), "lcore%u", lcore);
		conf.spin_us = ROUSE_WORKER_DEFAULT_SPIN_US;
		workers[nb_workers] = rouse_worker_create(&conf);
		if (workers[nb_workers] == NULL)
			fail("worker", -ENOMEM);
		rte_eal_remote_launch(rouse_worker_run, workers[nb_workers++], lcore);
	}
}

static void
give(uint16_t queue, unsigned int worker)
{
	int ret = rouse_worker_ethdev_add(workers[worker], PORT, queue, receive, NULL);

	if (ret != 0)
		fail("add", ret);
	owner_of[queue] = worker;
}

static void
say_received(void)
{
	static uint64_t said = UINT64_MAX;
	uint64_t nb = atomic_load(&nb_received);

	if (nb != said)
		printf("received %lu\n", (unsigned long)nb);
	said = nb;
}

/* A line on standard input, or its end. */
static bool
is_told_to_end(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&in, 1, 0) > 0;
}

static void
move_one(uint64_t *random)
{
	uint16_t queue;
	int ret;

	*random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
	queue = (uint16_t)((*random >> 33) % nb_queues);
	ret = rouse_worker_ethdev_remove(workers[owner_of[queue]], PORT, queue);
	if (ret != 0)
		fail("remove", ret);
	give(queue,
	     (owner_of[queue] + 1 + (unsigned int)(*random >> 50) % (nb_workers - 1)) % nb_workers);
}

static void
report(unsigned int nb_moves)
{
	printf("moves %u received %lu disordered %lu\n", nb_moves,
	       (unsigned long)atomic_load(&nb_received),
	       (unsigned long)atomic_load(&nb_disordered));
	for (unsigned int i = 0; i < nb_workers; i++) {
		struct rouse_worker_stats s;

		rouse_worker_stats_get(workers[i], &s);
		printf("worker %u: packets %lu parks %lu blocks %lu wakes %lu interrupts %lu "
		       "spurious %lu stale %lu candidates %lu rescues %lu arm_errors %lu\n",
		       i, (unsigned long)s.rx_packets, (unsigned long)s.parks,
		       (unsigned long)s.blocks, (unsigned long)s.wakes,
		       (unsigned long)s.interrupt_wakes, (unsigned long)s.spurious_wakes,
		       (unsigned long)s.stale_wakes, (unsigned long)s.wake_candidates,
		       (unsigned long)s.rescues, (unsigned long)s.arm_errors);
	}
}

int
main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv);
	unsigned int nb_moves, done = 0;
	uint64_t random = 1;
	int stopped;

	if (used < 0 || argc - used != 3)
		return 1;
	nb_queues = (unsigned int)atoi(argv[used + 1]);
	nb_moves = (unsigned int)atoi(argv[used + 2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	start_port();
	start_workers();
	for (uint16_t q = 0; q < nb_queues; q++)
		give(q, q % nb_workers);
	printf("ready\n");
	while (done < nb_moves || !is_told_to_end()) {
		/* frames come in between: a move that nothing meets shows nothing */
		if (done < nb_moves && atomic_load(&nb_received) > done) {
			move_one(&random);
			if (++done == nb_moves)
				printf("moved\n");
		}
		say_received();
		usleep(2000);
	}
	say_received();
	for (unsigned int i = 0; i < nb_workers; i++)
		rouse_worker_stop(workers[i]);
	rte_eal_mp_wait_lcore();
	report(done);
	for (unsigned int i = 0; i < nb_workers; i++)
		rouse_worker_destroy(workers[i]);
	stopped = rte_eth_dev_stop(PORT);
	printf("stop %d close %d\n", stopped, rte_eth_dev_close(PORT));
	rte_eal_cleanup();
	return 0;
}
