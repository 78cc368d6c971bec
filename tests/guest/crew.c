/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "crew.h"

#define NB_DESC 512

struct rouse_worker *crew[CREW_MAX_WORKERS];
unsigned int crew_size;
static unsigned int lcores[CREW_MAX_WORKERS];
static struct rte_mempool *pool;

void
crew_fail(const char *what, int ret)
{
	printf("%s: %s\n", what, strerror(-ret));
	exit(1);
}

static int
say_link(uint16_t port, enum rte_eth_event_type event __rte_unused, void *arg __rte_unused,
	 void *ret __rte_unused)
{
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(port, &link) == 0)
		printf("link %s\n", link.link_status == RTE_ETH_LINK_UP ? "up" : "down");
	return 0;
}

void
crew_start_port(uint16_t nb_queues, const struct rte_eth_rss_conf *rss)
{
	struct rte_eth_conf conf = { .intr_conf.rxq = 1 };
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(CREW_PORT, &info);

	if (ret != 0)
		crew_fail("port", ret);
	conf.intr_conf.lsc = (*info.dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
	/* one that has no RSS has one queue */
	if (rss != NULL && (info.flow_type_rss_offloads & rss->rss_hf) != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf = *rss;
	}
	rte_eth_dev_callback_register(CREW_PORT, RTE_ETH_EVENT_INTR_LSC, say_link, NULL);
	pool = rte_pktmbuf_pool_create("pool", nb_queues * NB_DESC * 2, 32, 0,
				       RTE_MBUF_DEFAULT_BUF_SIZE, (int)rte_socket_id());
	if (pool == NULL)
		crew_fail("mbuf pool", -ENOMEM);
	ret = rte_eth_dev_configure(CREW_PORT, nb_queues, nb_queues, &conf);
	for (uint16_t q = 0; q < nb_queues && ret == 0; q++) {
		ret = rte_eth_rx_queue_setup(CREW_PORT, q, NB_DESC, rte_socket_id(), NULL, pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(CREW_PORT, q, NB_DESC, rte_socket_id(), NULL);
	}
	if (ret == 0)
		ret = rte_eth_promiscuous_enable(CREW_PORT);
	if (ret == 0)
		ret = rte_eth_dev_start(CREW_PORT);
	if (ret != 0)
		crew_fail("port", ret);
}

static void
say_hello(struct rouse_worker *w __rte_unused, void *runs)
{
	atomic_store((atomic_bool *)runs, true);
}

/* It runs when this returns: one that is taken offline before it has begun does not begin. */
static void
run(unsigned int worker)
{
	static atomic_bool runs;
	int ret = rouse_worker_post(crew[worker], say_hello, &runs);

	if (ret == 0)
		ret = rte_eal_remote_launch(rouse_worker_run, crew[worker], lcores[worker]);
	if (ret != 0)
		crew_fail("run", ret);
	while (!atomic_exchange(&runs, false))
		usleep(100);
}

void
crew_start(void)
{
	unsigned int lcore;
	char name[16];

	RTE_LCORE_FOREACH_WORKER (lcore) {
		struct rouse_worker_conf conf = { .name = name, .socket_id = SOCKET_ID_ANY };

		snprintf(name, sizeof(name), "lcore%u", lcore);
		/* fixed, so that counts can be compared: the clock of an emulator means nothing */
		conf.spin = (struct rouse_worker_spin){ .min_us = 50, .max_us = 50 };
		crew[crew_size] = rouse_worker_create(&conf);
		if (crew[crew_size] == NULL)
			crew_fail("worker", -ENOMEM);
		lcores[crew_size] = lcore;
		run(crew_size++);
	}
}

void
crew_cycle(unsigned int worker)
{
	int ret = rouse_worker_offline(crew[worker]);

	if (ret != 0)
		crew_fail("offline", ret);
	rte_eal_wait_lcore(lcores[worker]);
	ret = rouse_worker_online(crew[worker]);
	if (ret != 0)
		crew_fail("online", ret);
	run(worker);
	ret = rouse_worker_rebalance();
	if (ret <= 0)
		crew_fail("rebalance", ret);
}

void
crew_give(unsigned int worker, uint16_t queue, rouse_worker_rx_t handler)
{
	int ret = rouse_worker_ethdev_add(crew[worker], CREW_PORT, queue, handler, NULL);

	if (ret != 0)
		crew_fail("add", ret);
}

bool
crew_link_is_up(void)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(CREW_PORT, &link) == 0 &&
	       link.link_status == RTE_ETH_LINK_UP;
}

uint32_t
crew_number(const struct rte_mbuf *m)
{
	const uint8_t *at = rte_pktmbuf_mtod(m, const uint8_t *) + m->data_len - CREW_NUMBER_LEN;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool
crew_is_told(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&in, 1, 0) > 0;
}

void
crew_stop(void)
{
	for (unsigned int i = 0; i < crew_size; i++)
		rouse_worker_stop(crew[i]);
	rte_eal_mp_wait_lcore();
	for (unsigned int i = 0; i < crew_size; i++) {
		struct rouse_worker_stats s;

		rouse_worker_stats_get(crew[i], &s);
		printf("worker %u: packets %lu parks %lu blocks %lu wakes %lu interrupts %lu "
		       "spurious %lu stale %lu candidates %lu rescues %lu arm_errors %lu\n",
		       i, (unsigned long)s.rx_packets, (unsigned long)s.parks,
		       (unsigned long)s.blocks, (unsigned long)s.wakes,
		       (unsigned long)s.interrupt_wakes, (unsigned long)s.spurious_wakes,
		       (unsigned long)s.stale_wakes, (unsigned long)s.wake_candidates,
		       (unsigned long)s.rescues, (unsigned long)s.arm_errors);
	}
}

void
crew_close(void)
{
	int stopped, closed;

	for (unsigned int i = 0; i < crew_size; i++)
		rouse_worker_destroy(crew[i]);
	stopped = rte_eth_dev_stop(CREW_PORT);
	closed = rte_eth_dev_close(CREW_PORT);
	printf("stop %d close %d missing %u\n", stopped, closed,
	       pool->size - rte_mempool_avail_count(pool));
	rte_eal_cleanup();
}
