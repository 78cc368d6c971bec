/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* io: packets go out as they came in. */

#include "app.h"

static void
rx_io(void *arg, uint16_t port __rte_unused, uint16_t queue __rte_unused, struct rte_mbuf **pkts,
      uint16_t nb_pkts)
{
	fwd_send(arg, pkts, nb_pkts);
}

const struct fwd_mode fwd_io = { .name = "io", .sends = true, .rx = rx_io };
