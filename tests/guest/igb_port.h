/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef IGB_PORT_H
#define IGB_PORT_H

/* The one port of a program in the guest, whose output is read by a test. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#define PORT 0

static inline void
fail(const char *what, int ret)
{
	printf("%s: %s\n", what, strerror(-ret));
	exit(1);
}

/* With as many Tx queues, and twice the mbufs that all rings take. */
static inline void
start_port(uint16_t nb_queues, uint16_t nb_desc, const struct rte_eth_conf *conf)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create("pool", nb_queues * nb_desc * 4u, 256, 0,
							   RTE_MBUF_DEFAULT_BUF_SIZE,
							   (int)rte_socket_id());
	int ret;

	if (pool == NULL)
		fail("mbuf pool", -ENOMEM);
	ret = rte_eth_dev_configure(PORT, nb_queues, nb_queues, conf);
	for (uint16_t q = 0; q < nb_queues && ret == 0; q++) {
		ret = rte_eth_rx_queue_setup(PORT, q, nb_desc, rte_socket_id(), NULL, pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(PORT, q, nb_desc, rte_socket_id(), NULL);
	}
	if (ret == 0)
		ret = rte_eth_promiscuous_enable(PORT);
	if (ret == 0)
		ret = rte_eth_dev_start(PORT);
	if (ret != 0)
		fail("port", ret);
}

#endif /* IGB_PORT_H */
