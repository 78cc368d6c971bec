/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf.h>

#include "station.h"

#define CACHE	  32
#define KEY_BYTES 40
#define HASHED	  (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)

/* That of Microsoft's verification suite, as the oracle's. */
static uint8_t key[KEY_BYTES] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

/* A change of the link, and that the device is gone, as EAL's thread is told. */
static int
tell_event(uint16_t port, enum rte_eth_event_type event, void *arg __rte_unused,
	   void *ret __rte_unused)
{
	struct rte_eth_link link;

	if (event == RTE_ETH_EVENT_INTR_RMV)
		printf("event: removed\n");
	else if (rte_eth_link_get_nowait(port, &link) == 0)
		printf("event: link %s\n", link.link_status ? "up" : "down");
	return 0;
}

int
port_set_up(struct station *st)
{
	struct rte_eth_conf conf = { .intr_conf = { .rxq = 1 } };
	struct rte_eth_dev_info info;
	uint16_t nb_rxd = st->nb_desc, nb_txd = st->nb_desc;
	int ret = rte_eth_dev_info_get(st->port, &info);

	if (ret != 0)
		return ret;
	st->nb_txq = RTE_MIN(st->nb_queues, info.max_tx_queues);
	conf.intr_conf.lsc = (*info.dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
	conf.intr_conf.rmv = (*info.dev_flags & RTE_ETH_DEV_INTR_RMV) != 0;
	st->has_rss = st->nb_queues > 1 && (info.flow_type_rss_offloads & HASHED) != 0;
	if (st->has_rss) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_RSS_HASH & info.rx_offload_capa;
		conf.rx_adv_conf.rss_conf.rss_key = key;
		conf.rx_adv_conf.rss_conf.rss_key_len = KEY_BYTES;
		conf.rx_adv_conf.rss_conf.rss_hf = HASHED & info.flow_type_rss_offloads;
	}
	ret = rte_eth_dev_configure(st->port, st->nb_queues, st->nb_txq, &conf);
	if (ret == 0)
		ret = rte_eth_dev_adjust_nb_rx_tx_desc(st->port, &nb_rxd, &nb_txd);
	for (uint16_t q = 0; q < st->nb_queues && ret == 0; q++)
		ret = rte_eth_rx_queue_setup(st->port, q, nb_rxd, SOCKET_ID_ANY, NULL, st->pool);
	for (uint16_t q = 0; q < st->nb_txq && ret == 0; q++)
		ret = rte_eth_tx_queue_setup(st->port, q, nb_txd, SOCKET_ID_ANY, NULL);
	return ret;
}

int
port_start(struct station *st)
{
	int ret = rte_eth_dev_start(st->port);

	return ret == 0 ? rte_eth_promiscuous_enable(st->port) : ret;
}

int
port_stop(struct station *st)
{
	return rte_eth_dev_stop(st->port);
}

int
port_open(struct station *st, uint16_t nb_mbufs)
{
	int ret;

	st->port = (uint16_t)rte_eth_find_next(0);
	if (st->port >= RTE_MAX_ETHPORTS)
		return -ENODEV;
	st->pool = rte_pktmbuf_pool_create("station", nb_mbufs, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					   SOCKET_ID_ANY);
	if (st->pool == NULL)
		return -rte_errno;
	rte_eth_dev_callback_register(st->port, RTE_ETH_EVENT_INTR_LSC, tell_event, NULL);
	rte_eth_dev_callback_register(st->port, RTE_ETH_EVENT_INTR_RMV, tell_event, NULL);
	ret = port_set_up(st);
	return ret == 0 ? port_start(st) : ret;
}

/* Entry i of the table is queues[i % nb]. */
int
port_set_reta(const struct station *st, const unsigned int *queues, unsigned int nb)
{
	struct rte_eth_rss_reta_entry64 reta[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(st->port, &info);

	if (ret != 0 || nb == 0)
		return ret != 0 ? ret : -EINVAL;
	memset(reta, 0, sizeof(reta));
	for (unsigned int i = 0; i < info.reta_size; i++) {
		reta[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
							  << i % RTE_ETH_RETA_GROUP_SIZE;
		reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			(uint16_t)queues[i % nb];
	}
	return rte_eth_dev_rss_reta_update(st->port, reta, info.reta_size);
}

bool
port_close(struct station *st)
{
	unsigned int nb;

	if (rte_eth_dev_is_valid_port(st->port)) {
		rte_eth_dev_stop(st->port);
		rte_eth_dev_close(st->port);
	}
	nb = rte_mempool_avail_count(st->pool);
	printf("%u of %u mbufs came back\n", nb, st->pool->size);
	return nb == st->pool->size;
}
