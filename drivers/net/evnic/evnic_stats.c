/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Statistics: counters that only grow, read from any thread; a reset is a remembered zero. */

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "evnic.h"

static const struct {
	const char *name;
	size_t offset;
} wire_xstats[] = {
#define X(member, name, help) { name, offsetof(struct evnic_wire_stats, member) },
	EVNIC_WIRE_STATS(X)
#undef X
};

/* The basic statistics that a clear remembers, as they stand now. */
static void
snapshot(const struct evnic_port *p, struct evnic_stats_zero *now)
{
	memset(now, 0, sizeof(*now));
	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++) {
		const struct evnic_rxq *q = p->rxq[i];

		if (q == NULL)
			continue;
		now->ipackets[i] = rouse_counter_get(&q->ipackets);
		now->ibytes[i] = rouse_counter_get(&q->ibytes);
		now->nombuf[i] = rouse_counter_get(&q->nombuf);
		now->missed[i] = rouse_counter_get(&q->missed);
	}
	for (uint16_t i = 0; i < p->data->nb_tx_queues; i++) {
		const struct evnic_txq *q = p->txq[i];

		if (q == NULL)
			continue;
		now->opackets[i] = rouse_counter_get(&q->opackets);
		now->obytes[i] = rouse_counter_get(&q->obytes);
		now->oerrors[i] = rouse_counter_get(&q->errors);
		now->oerror_bytes[i] = rouse_counter_get(&q->error_bytes);
		now->odropped[i] = rouse_counter_get(&q->odropped);
	}
	now->ierrors = rouse_counter_get(&p->wire.stats.too_long);
	now->lost = rouse_counter_get(&p->wire.stats.lost);
}

int
evnic_stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *stats)
{
	const struct evnic_port *p = dev->data->dev_private;
	const struct evnic_stats_zero *zero = &p->zero;
	struct evnic_stats_zero now;

	snapshot(p, &now);
	for (int i = 0; i < EVNIC_MAX_QUEUES; i++) {
		uint64_t ipackets = now.ipackets[i] - zero->ipackets[i];
		uint64_t ibytes = now.ibytes[i] - zero->ibytes[i];
		uint64_t oerrors = now.oerrors[i] - zero->oerrors[i];
		uint64_t opackets = now.opackets[i] - zero->opackets[i] - oerrors;
		uint64_t obytes = now.obytes[i] - zero->obytes[i] -
				  (now.oerror_bytes[i] - zero->oerror_bytes[i]);
		uint64_t missed = now.missed[i] - zero->missed[i];

		stats->ipackets += ipackets;
		stats->ibytes += ibytes;
		stats->opackets += opackets;
		stats->obytes += obytes;
		stats->oerrors += oerrors;
		stats->imissed += missed;
		stats->oerrors += now.odropped[i] - zero->odropped[i];
		stats->rx_nombuf += now.nombuf[i] - zero->nombuf[i];
		if (i >= RTE_ETHDEV_QUEUE_STAT_CNTRS)
			continue;
		stats->q_ipackets[i] = ipackets;
		stats->q_ibytes[i] = ibytes;
		stats->q_opackets[i] = opackets;
		stats->q_obytes[i] = obytes;
		stats->q_errors[i] = missed;
	}
	stats->imissed += now.lost - zero->lost;
	stats->ierrors = now.ierrors - zero->ierrors;
	return 0;
}

int
evnic_stats_reset(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_stats_zero now;

	snapshot(p, &now);
	memcpy(now.wire, p->zero.wire, sizeof(now.wire));
	p->zero = now;
	return 0;
}

/*
 * Extended statistics: those of the wire, then packets by receive and transmit queue for all
 * queues (the basic ones end at RTE_ETHDEV_QUEUE_STAT_CNTRS).
 */
static unsigned int
nb_xstats(const struct evnic_port *p)
{
	return RTE_DIM(wire_xstats) + p->data->nb_rx_queues + p->data->nb_tx_queues;
}

int
evnic_xstats_get_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned int size)
{
	const struct evnic_port *p = dev->data->dev_private;
	unsigned int n = 0;

	if (names == NULL || size < nb_xstats(p))
		return (int)nb_xstats(p);
	for (size_t i = 0; i < RTE_DIM(wire_xstats); i++)
		snprintf(names[n++].name, sizeof(names->name), "%s", wire_xstats[i].name);
	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++)
		snprintf(names[n++].name, sizeof(names->name), "rxq%u_packets", i);
	for (uint16_t i = 0; i < p->data->nb_tx_queues; i++)
		snprintf(names[n++].name, sizeof(names->name), "txq%u_packets", i);
	return (int)n;
}

/* What a counter of the wire says, with what others than the wire counted. */
static uint64_t
wire_xstat(const struct evnic_port *p, unsigned int i)
{
	const char *at = (const char *)&p->wire.stats + wire_xstats[i].offset;
	uint64_t value = rouse_counter_get((const rouse_counter *)at);

	return i == EVNIC_WIRE_doorbells ? value + evnic_vectors_fired(p) : value;
}

int
evnic_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int size)
{
	const struct evnic_port *p = dev->data->dev_private;
	struct evnic_stats_zero now;
	unsigned int n = 0;

	if (xstats == NULL || size < nb_xstats(p))
		return (int)nb_xstats(p);
	snapshot(p, &now);
	for (unsigned int i = 0; i < RTE_DIM(wire_xstats); i++)
		xstats[n++].value = wire_xstat(p, i) - p->zero.wire[i];
	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++)
		xstats[n++].value = now.ipackets[i] - p->zero.ipackets[i];
	for (uint16_t i = 0; i < p->data->nb_tx_queues; i++)
		xstats[n++].value = now.opackets[i] - p->zero.opackets[i];
	for (unsigned int i = 0; i < n; i++)
		xstats[i].id = i;
	return (int)n;
}

/* The basic ones, too. Whether the source has ended is a state, and no count. */
int
evnic_xstats_reset(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;

	for (unsigned int i = 0; i < RTE_DIM(wire_xstats); i++)
		if (i != EVNIC_WIRE_ended)
			p->zero.wire[i] = wire_xstat(p, i);
	return evnic_stats_reset(dev);
}
