/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <string.h>

#include <rte_common.h>

#include "app.h"

static const struct fwd_mode *const modes[] = { &fwd_io, &fwd_mac, &fwd_macswap, &fwd_rxonly,
						&fwd_txonly };

const struct fwd_mode *
fwd_find(const char *name)
{
	for (size_t i = 0; i < RTE_DIM(modes); i++)
		if (strcmp(modes[i]->name, name) == 0)
			return modes[i];
	return NULL;
}

const char *
fwd_names(void)
{
	return "give io, mac, macswap, rxonly or txonly";
}

/* Send; what the Tx queue has no room for is dropped and counted. */
void
fwd_send(struct fwd_stream *stream, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	uint16_t sent = rte_eth_tx_burst(stream->tx_port, stream->tx_queue, pkts, nb_pkts);

	rouse_counter_add(&stream->tx_packets, sent);
	if (unlikely(sent < nb_pkts)) {
		rte_pktmbuf_free_bulk(pkts + sent, nb_pkts - sent);
		rouse_counter_add(&stream->tx_dropped, nb_pkts - sent);
	}
}
