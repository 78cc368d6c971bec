/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* rxonly: packets end here. */

#include "app.h"

/* Mbufs of one segment and one pool go back to it together. rte_pktmbuf_free_bulk() does it for any
 * mbufs, by twice the instructions each: where nothing else is done with a packet, that is the most
 * of what it costs. */
void
fwd_drop(void *arg __rte_unused, uint16_t port __rte_unused, uint16_t queue __rte_unused,
	 struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct rte_mempool *pool = pkts[0]->pool;
	void *unused[APP_MAX_BURST];
	unsigned int nb = 0;

	for (uint16_t i = 0; i < nb_pkts; i++) {
		struct rte_mbuf *m = pkts[i];

		if (unlikely(m->nb_segs != 1 || m->pool != pool)) {
			rte_pktmbuf_free(m);
			continue;
		}
		m = rte_pktmbuf_prefree_seg(m);
		if (likely(m != NULL))
			unused[nb++] = m;
	}
	rte_mempool_put_bulk(pool, unused, nb);
}

const struct fwd_mode fwd_rxonly = { .name = "rxonly", .sends = false, .rx = fwd_drop };
