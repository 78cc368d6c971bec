/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* macswap: source and destination MAC addresses change places. */

#include <rte_ether.h>

#include "app.h"

static void
rx_macswap(void *arg, uint16_t port __rte_unused, uint16_t queue __rte_unused,
	   struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	for (uint16_t i = 0; i < nb_pkts; i++) {
		struct rte_ether_hdr *eth = rte_pktmbuf_mtod(pkts[i], struct rte_ether_hdr *);
		struct rte_ether_addr src;

		if (unlikely(pkts[i]->data_len < sizeof(*eth)))
			continue; /* a runt has no addresses to swap */
		src = eth->src_addr;
		eth->src_addr = eth->dst_addr;
		eth->dst_addr = src;
	}
	fwd_send(arg, pkts, nb_pkts);
}

const struct fwd_mode fwd_macswap = { .name = "macswap", .sends = true, .rx = rx_macswap };
