/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Statistics. Packets and bytes are counted by the queues, as they are handed over; what was lost
 * before that is the device's to know (8.19). Its counters are cleared by reading: their sums are
 * kept here, and a reset forgets them.
 */

#include <errno.h>
#include <string.h>

#include "igb.h"

static const struct {
	const char *name;
	size_t offset;
	uint32_t reg, high;
} device_stats[] = {
#define X(member, reg, high, name) { name, offsetof(struct igb_stats, member), reg, high },
	IGB_HW_STATS(X)
#undef X
};

static const struct {
	const char *name;
	size_t offset;
} vector_stats[] = {
#define X(member, name, help) { name, offsetof(struct igb_vector, member) },
	IGB_VECTOR_STATS(X)
#undef X
};

static uint64_t *
member(struct igb_stats *s, size_t offset)
{
	return (uint64_t *)(void *)((char *)s + offset);
}

/* RQDPC, 8.10.11. What is dropped between a read and the write is not counted. */
static uint32_t
read_dropped(const struct igb_hw *hw, uint16_t queue)
{
	uint32_t nb = igb_read(hw, igb_rx_reg(queue, IGB_RQDPC));

	if (nb != 0 && hw->family->keeps_rqdpc)
		igb_write(hw, igb_rx_reg(queue, IGB_RQDPC), 0);
	return nb;
}

/* 8.19: add what the device has counted since the last time. */
static void
read_device(struct igb_port *p)
{
	/* pulled out: all ones is no count */
	if (igb_read(&p->hw, IGB_STATUS) == UINT32_MAX)
		return;
	for (size_t i = 0; i < RTE_DIM(device_stats); i++) {
		uint64_t value = igb_read(&p->hw, device_stats[i].reg);

		/* the upper half clears both, and is read last */
		if (device_stats[i].high != 0)
			value |= (uint64_t)igb_read(&p->hw, device_stats[i].high) << 32;
		*member(&p->stats, device_stats[i].offset) += value;
	}
	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++)
		p->stats.dropped[i] += read_dropped(&p->hw, i);
}

static void
read_queues(const struct igb_port *p, struct igb_stats *now)
{
	memset(now, 0, sizeof(*now));
	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++) {
		const struct igb_rxq *q = p->data->rx_queues[i];

		if (q == NULL)
			continue;
		now->ipackets[i] = rouse_counter_get(&q->ipackets);
		now->ibytes[i] = rouse_counter_get(&q->ibytes);
		now->nombuf[i] = rouse_counter_get(&q->nombuf);
	}
	for (uint16_t i = 0; i < p->data->nb_tx_queues; i++) {
		const struct igb_txq *q = p->data->tx_queues[i];

		if (q == NULL)
			continue;
		now->opackets[i] = rouse_counter_get(&q->opackets);
		now->obytes[i] = rouse_counter_get(&q->obytes);
	}
}

/* What is told is the difference to the sums: it stays when the queue's counters begin anew. */
void
igb_stats_keep_rxq(struct igb_port *p, const struct igb_rxq *q)
{
	rte_spinlock_lock(&p->stats_lock);
	p->stats.ipackets[q->queue] -= rouse_counter_get(&q->ipackets);
	p->stats.ibytes[q->queue] -= rouse_counter_get(&q->ibytes);
	p->stats.nombuf[q->queue] -= rouse_counter_get(&q->nombuf);
	rte_spinlock_unlock(&p->stats_lock);
}

void
igb_stats_keep_txq(struct igb_port *p, const struct igb_txq *q)
{
	rte_spinlock_lock(&p->stats_lock);
	p->stats.opackets[q->queue] -= rouse_counter_get(&q->opackets);
	p->stats.obytes[q->queue] -= rouse_counter_get(&q->obytes);
	rte_spinlock_unlock(&p->stats_lock);
}

int
igb_stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *stats)
{
	struct igb_port *p = dev->data->dev_private;
	const struct igb_stats *sum = &p->stats;
	struct igb_stats now;

	igb_reset_look(dev);
	rte_spinlock_lock(&p->stats_lock);
	read_device(p);
	read_queues(p, &now);
	for (uint16_t i = 0; i < IGB_MAX_QUEUES; i++) {
		uint64_t ipackets = now.ipackets[i] - sum->ipackets[i];
		uint64_t ibytes = now.ibytes[i] - sum->ibytes[i];
		uint64_t opackets = now.opackets[i] - sum->opackets[i];
		uint64_t obytes = now.obytes[i] - sum->obytes[i];

		stats->ipackets += ipackets;
		stats->ibytes += ibytes;
		stats->opackets += opackets;
		stats->obytes += obytes;
		stats->imissed += sum->dropped[i];
		stats->rx_nombuf += now.nombuf[i] - sum->nombuf[i];
		if (i >= RTE_ETHDEV_QUEUE_STAT_CNTRS)
			continue;
		stats->q_ipackets[i] = ipackets;
		stats->q_ibytes[i] = ibytes;
		stats->q_opackets[i] = opackets;
		stats->q_obytes[i] = obytes;
		stats->q_errors[i] = sum->dropped[i];
	}
	stats->imissed += sum->missed;
	stats->ierrors = sum->crc_errors + sum->align_errors + sum->length_errors + sum->rx_errors +
			 sum->oversize;
	stats->oerrors = sum->late_collisions;
	rte_spinlock_unlock(&p->stats_lock);
	return 0;
}

int
igb_stats_reset(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;
	struct igb_stats now;

	rte_spinlock_lock(&p->stats_lock);
	read_device(p);
	read_queues(p, &now);
	p->stats = now;
	rte_spinlock_unlock(&p->stats_lock);
	return 0;
}

/*
 * Extended statistics: those of the device, packets by queue for all queues, what was dropped by
 * receive queue, then those of the vectors. The vectors' are not reset.
 */
static unsigned int
nb_xstats(const struct igb_port *p)
{
	return RTE_DIM(device_stats) + 2u * p->data->nb_rx_queues + p->data->nb_tx_queues + 2u +
	       RTE_DIM(vector_stats) * p->intr.plan.nb_vectors;
}

int
igb_xstats_get_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned int size)
{
	const struct igb_port *p = dev->data->dev_private;
	unsigned int n = 0;

	if (names == NULL || size < nb_xstats(p))
		return (int)nb_xstats(p);
	for (size_t i = 0; i < RTE_DIM(device_stats); i++)
		snprintf(names[n++].name, sizeof(names->name), "%s", device_stats[i].name);
	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++) {
		snprintf(names[n++].name, sizeof(names->name), "rxq%u_packets", i);
		snprintf(names[n++].name, sizeof(names->name), "rxq%u_dropped", i);
	}
	for (uint16_t i = 0; i < p->data->nb_tx_queues; i++)
		snprintf(names[n++].name, sizeof(names->name), "txq%u_packets", i);
	snprintf(names[n++].name, sizeof(names->name), "vector_moves");
	snprintf(names[n++].name, sizeof(names->name), "vector_map_writes");
	for (uint16_t v = 1; v <= p->intr.plan.nb_vectors; v++)
		for (size_t i = 0; i < RTE_DIM(vector_stats); i++)
			snprintf(names[n++].name, sizeof(names->name), "vector%u_%s", v,
				 vector_stats[i].name);
	return (int)n;
}

int
igb_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int size)
{
	struct igb_port *p = dev->data->dev_private;
	struct igb_stats *sum = &p->stats, now;
	unsigned int n = 0;

	if (xstats == NULL || size < nb_xstats(p))
		return (int)nb_xstats(p);
	rte_spinlock_lock(&p->stats_lock);
	read_device(p);
	read_queues(p, &now);
	for (size_t i = 0; i < RTE_DIM(device_stats); i++)
		xstats[n++].value = *member(sum, device_stats[i].offset);
	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++) {
		xstats[n++].value = now.ipackets[i] - sum->ipackets[i];
		xstats[n++].value = sum->dropped[i];
	}
	for (uint16_t i = 0; i < p->data->nb_tx_queues; i++)
		xstats[n++].value = now.opackets[i] - sum->opackets[i];
	rte_spinlock_unlock(&p->stats_lock);
	xstats[n++].value = rouse_counter_get(&p->intr.moves);
	xstats[n++].value = rouse_counter_get(&p->intr.ivar_writes);
	for (uint16_t v = 1; v <= p->intr.plan.nb_vectors; v++)
		for (size_t i = 0; i < RTE_DIM(vector_stats); i++)
			xstats[n++].value = rouse_counter_get(
				(const rouse_counter *)((const char *)&p->intr.vectors[v] +
							vector_stats[i].offset));
	for (unsigned int i = 0; i < n; i++)
		xstats[i].id = i;
	return (int)n;
}
