/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* "show config": how packets are forwarded, and by whom; in testpmd's form. */

#include <inttypes.h>
#include <string.h>

#include "prompt.h"

static void
show_cores(const struct crew *crew)
{
	printf("List of forwarding lcores:");
	for (uint32_t i = 0; i < crew->nb; i++)
		printf(" %2u", crew->members[i].lcore);
	printf("\n");
}

/* ---- queues ---- */

static void
show_thresholds(const char *what, const struct rte_eth_thresh *t)
{
	printf("      %s threshold registers: pthresh=%d hthresh=%d  wthresh=%d\n", what,
	       t->pthresh, t->hthresh, t->wthresh);
}

/* Of the first; what the driver does not tell is what was asked for. */
static void
show_rxq(uint16_t port, const struct options *o)
{
	struct rte_eth_rxq_info q;

	if (rte_eth_rx_queue_info_get(port, 0, &q) != 0)
		q = (struct rte_eth_rxq_info){ .nb_desc = o->nb_rxd };
	printf("    RX queue: 0\n      RX desc=%d - RX free threshold=%d\n", q.nb_desc,
	       q.conf.rx_free_thresh);
	show_thresholds("RX", &q.conf.rx_thresh);
	printf("      RX Offloads=0x%" PRIx64 "\n", q.conf.offloads);
}

static void
show_txq(uint16_t port, const struct options *o)
{
	struct rte_eth_txq_info q;

	if (rte_eth_tx_queue_info_get(port, 0, &q) != 0)
		q = (struct rte_eth_txq_info){ .nb_desc = o->nb_txd };
	printf("    TX queue: 0\n      TX desc=%d - TX free threshold=%d\n", q.nb_desc,
	       q.conf.tx_free_thresh);
	show_thresholds("TX", &q.conf.tx_thresh);
	printf("      TX offloads=0x%" PRIx64 " - TX RS bit threshold=%d\n", q.conf.offloads,
	       q.conf.tx_rs_thresh);
}

static void
show_rxtx(const struct control *c)
{
	const struct options *o = c->options;
	struct rte_eth_conf conf = { 0 };
	uint16_t port;

	printf("  %s packet forwarding packets/burst=%u\n", o->fwd->name, o->burst);
	if (o->fwd->generate != NULL)
		printf("  packet len=%u - nb packet segments=%d\n", FWD_PACKET_LEN, 1);
	printf("  nb forwarding cores=%u - nb forwarding ports=%u\n", c->crew->nb,
	       rte_eth_dev_count_avail());
	RTE_ETH_FOREACH_DEV (port) {
		printf("  port %u: RX queue number: %u Tx queue number: %u\n", port, o->nb_rxq,
		       o->nb_txq);
		rte_eth_dev_conf_get(port, &conf);
		printf("    Rx offloads=0x%" PRIx64 " Tx offloads=0x%" PRIx64 "\n",
		       conf.rxmode.offloads, conf.txmode.offloads);
		show_rxq(port, o);
		show_txq(port, o);
	}
}

/* ---- streams ---- */

/* Those whose packets the worker receives now; of all members, as queues move. Returns how many. */
static uint32_t
show_streams_of(struct crew *crew, const struct crew_member *owner, bool prints)
{
	uint32_t nb = 0;

	for (uint32_t i = 0; i < crew->nb; i++) {
		for (uint32_t k = 0; k < crew->members[i].nb_streams; k++) {
			const struct fwd_stream *s = &crew->members[i].streams[k];

			if (crew_owner(crew, s->rx_port, s->rx_queue) != owner)
				continue;
			nb++;
			if (prints)
				printf("\n  RX P=%d/Q=%d (socket %d) -> TX P=%d/Q=%d (socket %d) "
				       "peer=02:00:00:00:00:%02X",
				       s->rx_port, s->rx_queue,
				       RTE_MAX(rte_eth_dev_socket_id(s->rx_port), 0), s->tx_port,
				       s->tx_queue, RTE_MAX(rte_eth_dev_socket_id(s->tx_port), 0),
				       s->tx_port);
		}
	}
	return nb;
}

static void
show_streams(const struct control *c)
{
	uint32_t nb = 0;

	for (uint32_t i = 0; i < c->crew->nb; i++)
		nb += show_streams_of(c->crew, &c->crew->members[i], false);
	/* workers have their memory where they are, and mbufs are DPDK's own */
	printf("%s packet forwarding - ports=%d - cores=%d - streams=%d - NUMA support enabled, MP "
	       "allocation mode: native\n",
	       c->options->fwd->name, rte_eth_dev_count_avail(), c->crew->nb, nb);
	for (uint32_t i = 0; i < c->crew->nb; i++) {
		const struct crew_member *m = &c->crew->members[i];

		printf("Logical Core %u (socket %u) forwards packets on %u streams:", m->lcore,
		       rte_lcore_to_socket_id(m->lcore), show_streams_of(c->crew, m, false));
		show_streams_of(c->crew, m, true);
		printf("\n");
	}
	printf("\n");
}

void
cmd_show_config(struct control *c, const struct command_line *line)
{
	const char *what = line->words[2].word;

	if (strcmp(what, "cores") == 0)
		show_cores(c->crew);
	else if (strcmp(what, "rxtx") == 0)
		show_rxtx(c);
	else
		show_streams(c);
}
