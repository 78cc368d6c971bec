/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Transmit queues from set-up to release, and 4.5.10, "Transmit Initialization":
 *
 *   1  memory for the ring
 *   2  base and length of the ring                    TDBAL TDBAH TDLEN
 *   3  thresholds; enable the queue                   TXDCTL, 8.12.13
 *   4  wait until it is enabled
 *   5  enable the transmitter                         TCTL, 8.12.1, after all queues
 *
 * Left out: head write-back (TDWBAL, 8.12.14; reports are looked at in the ring), TCP segmentation
 * (7.2.4), rate limits and pools (7.10), DCA (7.5); TIPG stays as it is after the reset (8.12.3).
 */

#include <errno.h>

#include <rte_malloc.h>

#include "igb.h"

#define ENABLE_MS 10
#define DRAIN_MS  50
#define BUSY_DESC 64 /* so many descriptors are in use before any is reclaimed */

/* 8.12.13: fetched ahead by eight; each report is written at once. */
#define THRESHOLDS IGB_DCTL_THRESHOLDS(8, 1, 0)

/* ---- set-up ---- */

static int
check_setup(const struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, uint16_t threshold)
{
	int ret = igb_check_ring(dev, "Tx", queue, nb_desc);

	if (ret != 0)
		return ret;
	if (threshold >= nb_desc) {
		IGB_LOG(ERR, "%s: Tx queue %u: tx_free_thresh %u of %u descriptors; give less",
			dev->data->name, queue, threshold, nb_desc);
		return -EINVAL;
	}
	return 0;
}

int
igb_txq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
	      const struct rte_eth_txconf *conf)
{
	struct igb_port *p = dev->data->dev_private;
	struct igb_txq *q;
	int ret = check_setup(dev, queue, nb_desc, conf->tx_free_thresh);

	if (ret != 0)
		return ret;
	igb_txq_release(dev, queue);
	q = rte_zmalloc_socket("igb_txq", sizeof(*q), RTE_CACHE_LINE_SIZE, (int)socket);
	if (q == NULL)
		return igb_no_memory(dev, "Tx", queue, socket);
	dev->data->tx_queues[queue] = q;
	q->mbufs = rte_zmalloc_socket("igb_tx_mbufs", nb_desc * sizeof(q->mbufs[0]),
				      RTE_CACHE_LINE_SIZE, (int)socket);
	q->reports = rte_zmalloc_socket("igb_tx_reports", nb_desc * sizeof(q->reports[0]),
					RTE_CACHE_LINE_SIZE, (int)socket);
	q->zone = rte_eth_dma_zone_reserve(dev, "tx_ring", queue, IGB_MAX_DESC * IGB_DESC_SIZE,
					   RTE_CACHE_LINE_SIZE * 2, (int)socket);
	if (q->mbufs == NULL || q->reports == NULL || q->zone == NULL) {
		igb_txq_release(dev, queue);
		return igb_no_memory(dev, "Tx", queue, socket);
	}
	q->ring = q->zone->addr;
	q->iova = q->zone->iova;
	q->hw = &p->hw;
	q->tail = igb_tx_reg(queue, IGB_TDT);
	q->nb_desc = nb_desc;
	q->nb_free = nb_desc - 1;
	q->enough = conf->tx_free_thresh != 0 ? conf->tx_free_thresh
					      : RTE_MAX(nb_desc - BUSY_DESC, nb_desc / 2);
	q->port = p;
	q->queue = queue;
	q->is_deferred = conf->tx_deferred_start != 0;
	q->offloads = conf->offloads | dev->data->dev_conf.txmode.offloads;
	q->fast_free = (q->offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) != 0;
	return 0;
}

void
igb_txq_release(struct rte_eth_dev *dev, uint16_t queue)
{
	struct igb_txq *q = dev->data->tx_queues[queue];

	if (q == NULL)
		return;
	igb_stats_keep_txq(dev->data->dev_private, q);
	rte_memzone_free(q->zone);
	rte_free(q->reports);
	rte_free(q->mbufs);
	rte_free(q);
	dev->data->tx_queues[queue] = NULL;
}

void
igb_txq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_txq_info *info)
{
	const struct igb_txq *q = dev->data->tx_queues[queue];

	info->nb_desc = q->nb_desc;
	info->conf.tx_free_thresh = q->enough;
	info->conf.tx_deferred_start = q->is_deferred;
	info->conf.offloads = q->offloads;
}

/* ---- start and stop ---- */

/* 4.5.10, steps 1 to 4. 0; -ETIMEDOUT: the device does not enable it */
static int
start_ring(struct rte_eth_dev *dev, struct igb_txq *q)
{
	const struct igb_hw *hw = &q->port->hw;
	uint16_t i = q->queue;

	q->next = q->clean = 0;
	q->nb_free = q->nb_desc - 1;
	q->first_report = q->next_report = 0;
	for (uint16_t d = 0; d < q->nb_desc; d++)
		q->ring[d] = (union igb_tx_desc){ .data.addr = 0 };
	/* what no frame asks for: the device has no context yet */
	for (int c = 0; c < IGB_TX_CONTEXTS; c++)
		q->contexts[c] = (struct igb_tx_context){ .lens = UINT32_MAX };
	igb_write(hw, igb_tx_reg(i, IGB_TXDCTL), 0);
	igb_write(hw, igb_tx_reg(i, IGB_TDBAL), (uint32_t)q->iova);
	igb_write(hw, igb_tx_reg(i, IGB_TDBAH), (uint32_t)(q->iova >> 32));
	igb_write(hw, igb_tx_reg(i, IGB_TDLEN), (uint32_t)q->nb_desc * IGB_DESC_SIZE);
	igb_write(hw, igb_tx_reg(i, IGB_TDH), 0);
	igb_write(hw, igb_tx_reg(i, IGB_TDT), 0);
	igb_write(hw, igb_tx_reg(i, IGB_TXDCTL), THRESHOLDS | IGB_TXDCTL_EN);
	if (igb_hw_poll(hw, igb_tx_reg(i, IGB_TXDCTL), IGB_TXDCTL_EN, IGB_TXDCTL_EN, ENABLE_MS) !=
	    0) {
		IGB_LOG(ERR, "%s: Tx queue %u does not start; reset the port", hw->name, i);
		return -ETIMEDOUT;
	}
	/* pairs with the acquire of igb_txq_is_started() */
	atomic_store_explicit(&q->is_started, true, memory_order_release);
	dev->data->tx_queue_state[i] = RTE_ETH_QUEUE_STATE_STARTED;
	return 0;
}

/* What was given to the device is sent, if it can be; then the queue is disabled, and nothing of it
 * is the device's any more. */
static void
stop_ring(struct rte_eth_dev *dev, struct igb_txq *q)
{
	const struct igb_hw *hw = &q->port->hw;

	if (!igb_txq_is_started(q))
		return;
	/* pairs with nothing: the queue's lcore has let go of it */
	atomic_store_explicit(&q->is_started, false, memory_order_relaxed);
	dev->data->tx_queue_state[q->queue] = RTE_ETH_QUEUE_STATE_STOPPED;
	/* without a link nothing is ever sent */
	if ((igb_read(hw, IGB_STATUS) & IGB_STATUS_LU) != 0)
		igb_hw_poll(hw, igb_tx_reg(q->queue, IGB_TDH), UINT16_MAX, q->next, DRAIN_MS);
	igb_write(hw, igb_tx_reg(q->queue, IGB_TXDCTL), 0);
	if (igb_hw_poll(hw, igb_tx_reg(q->queue, IGB_TXDCTL), IGB_TXDCTL_EN, 0, ENABLE_MS) != 0)
		IGB_LOG(WARNING, "%s: Tx queue %u does not stop", hw->name, q->queue);
	for (uint16_t i = 0; i < q->nb_desc; i++) {
		if (q->mbufs[i] != NULL)
			rte_pktmbuf_free_seg(q->mbufs[i]);
		q->mbufs[i] = NULL;
	}
}

int
igb_tx_queue_start(struct rte_eth_dev *dev, uint16_t queue)
{
	struct igb_txq *q = dev->data->tx_queues[queue];

	return igb_txq_is_started(q) ? 0 : start_ring(dev, q);
}

int
igb_tx_queue_stop(struct rte_eth_dev *dev, uint16_t queue)
{
	stop_ring(dev, dev->data->tx_queues[queue]);
	return 0;
}

/* 8.12.1: the transmitter; the collision threshold is that of half duplex. */
static void
start_transmitter(const struct igb_hw *hw)
{
	uint32_t tctl = igb_read(hw, IGB_TCTL) & ~IGB_TCTL_CT_ALL;

	igb_write(hw, IGB_TCTL,
		  tctl | IGB_TCTL_CT(15) | IGB_TCTL_PSP | IGB_TCTL_RTLC | IGB_TCTL_EN);
}

/* 4.5.10, all queues. 0 or -errno, and nothing is started. */
int
igb_tx_start(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;
	int ret = 0;

	/* 8.12.13: a queue is enabled with the transmitter, not before */
	start_transmitter(&p->hw);
	for (uint16_t i = 0; i < dev->data->nb_tx_queues && ret == 0; i++) {
		struct igb_txq *q = dev->data->tx_queues[i];

		if (!q->is_deferred)
			ret = start_ring(dev, q);
	}
	if (ret != 0)
		igb_tx_stop(dev);
	return ret;
}

/* The queues, and then TCTL.EN, 8.12.1. */
void
igb_tx_stop(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;

	for (uint16_t i = 0; i < dev->data->nb_tx_queues; i++)
		stop_ring(dev, dev->data->tx_queues[i]);
	igb_write(&p->hw, IGB_TCTL, igb_read(&p->hw, IGB_TCTL) & ~IGB_TCTL_EN);
}

int
igb_tx_burst_mode_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_burst_mode *mode)
{
	const struct igb_txq *q = dev->data->tx_queues[queue];

	snprintf(mode->info, sizeof(mode->info), "%s",
		 q->fast_free ? "Scalar Fast Free" : "Scalar");
	return 0;
}
