/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* mac: as a router would, from the Tx port's MAC address to its peer's, which is testpmd's,
 * 02:00:00:00:00:PORT. */

#include <rte_ether.h>

#include "app.h"

static void
rx_mac(void *arg, uint16_t port __rte_unused, uint16_t queue __rte_unused, struct rte_mbuf **pkts,
       uint16_t nb_pkts)
{
	const struct fwd_stream *stream = arg;
	const struct rte_ether_addr peer = {
		.addr_bytes = { RTE_ETHER_LOCAL_ADMIN_ADDR, 0, 0, 0, 0, (uint8_t)stream->tx_port },
	};

	for (uint16_t i = 0; i < nb_pkts; i++) {
		struct rte_ether_hdr *eth = rte_pktmbuf_mtod(pkts[i], struct rte_ether_hdr *);

		if (unlikely(pkts[i]->data_len < sizeof(*eth)))
			continue; /* a runt has no addresses */
		eth->dst_addr = peer;
		eth->src_addr = stream->tx_mac;
	}
	fwd_send(arg, pkts, nb_pkts);
}

const struct fwd_mode fwd_mac = { .name = "mac", .sends = true, .rx = rx_mac };
