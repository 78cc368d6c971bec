/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* rxonly: packets end here. */

#include "app.h"

static void
rx_only(void *arg __rte_unused, uint16_t port __rte_unused, uint16_t queue __rte_unused,
	struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
}

const struct fwd_mode fwd_rxonly = { .name = "rxonly", .sends = false, .rx = rx_only };
