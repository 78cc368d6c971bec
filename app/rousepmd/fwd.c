/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <string.h>

#include <rte_common.h>

#include "app.h"

static const struct fwd_mode *const modes[] = { &fwd_io, &fwd_macswap, &fwd_rxonly };

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
	return "give io, macswap or rxonly";
}

static void
count(_Atomic uint64_t *counter, uint64_t n)
{
	/* one writer: no need for an atomic add */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/* Send; what the Tx queue has no room for is dropped and counted. */
void
fwd_send(struct fwd_stream *stream, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	uint16_t sent = rte_eth_tx_burst(stream->tx_port, stream->tx_queue, pkts, nb_pkts);

	count(&stream->tx_packets, sent);
	if (unlikely(sent < nb_pkts)) {
		rte_pktmbuf_free_bulk(pkts + sent, nb_pkts - sent);
		count(&stream->tx_dropped, nb_pkts - sent);
	}
}
