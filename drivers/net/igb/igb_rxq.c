/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Receive queues from set-up to release, and 4.5.9, "Receive Initialization":
 *
 *   1  memory for the ring
 *   2  base and length of the ring                        RDBAL RDBAH RDLEN
 *   3  kind of descriptors, size of buffers               SRRCTL, 8.10.2
 *   4  enable the queue                                   RXDCTL, 8.10.10
 *   5  enable the receiver                                RCTL, 8.10.1, after all queues
 *   6  wait until the queue is enabled, then buffers, and the tail     RDT, 8.10.9
 *
 * Addresses, filters, RSS and checksums are programmed before step 5 (igb_filter.c, igb_rss.c).
 * Left out: header splitting and PSRTYPE (7.1.9), replication (8.10.4), DCA (7.5).
 */

#include <errno.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "igb.h"

#define ENABLE_MS 10

/* 8.10.10: fetched ahead by eight, while the host has eight or more; written back one at a time. */
#define THRESHOLDS IGB_DCTL_THRESHOLDS(8, 8, 1)

/* ---- set-up ---- */

static int
check_setup(const struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc,
	    const struct rte_mempool *pool)
{
	uint16_t room = rte_pktmbuf_data_room_size((struct rte_mempool *)(uintptr_t)pool);
	int ret = igb_check_ring(dev, "Rx", queue, nb_desc);

	if (ret != 0)
		return ret;
	if (room < RTE_PKTMBUF_HEADROOM + IGB_MIN_BUF) {
		IGB_LOG(ERR,
			"%s: Rx queue %u: mbufs with room for %u bytes; give %u or more "
			"(the device has buffers of whole kilobytes)",
			dev->data->name, queue, room, RTE_PKTMBUF_HEADROOM + IGB_MIN_BUF);
		return -EINVAL;
	}
	return 0;
}

static uint64_t
rearm_of(uint16_t port)
{
	struct rte_mbuf m = { .data_off = RTE_PKTMBUF_HEADROOM, .nb_segs = 1, .port = port };

	rte_mbuf_refcnt_set(&m, 1);
	return *igb_rearm_word(&m);
}

int
igb_rxq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
	      const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	struct igb_port *p = dev->data->dev_private;
	struct igb_rxq *q;
	int ret = check_setup(dev, queue, nb_desc, pool);

	if (ret == 0)
		ret = igb_check_let_go(p, queue, 1, "it is set up");
	if (ret != 0)
		return ret;
	igb_rxq_release(dev, queue);
	q = rte_zmalloc_socket("igb_rxq", sizeof(*q), RTE_CACHE_LINE_SIZE, (int)socket);
	if (q == NULL)
		return igb_no_memory(dev, "Rx", queue, socket);
	dev->data->rx_queues[queue] = q;
	q->mbufs = rte_zmalloc_socket("igb_rx_mbufs", nb_desc * sizeof(q->mbufs[0]),
				      RTE_CACHE_LINE_SIZE, (int)socket);
	/* one zone for any size, as ethdev finds it again by its name */
	q->zone = rte_eth_dma_zone_reserve(dev, "rx_ring", queue, IGB_MAX_DESC * IGB_DESC_SIZE,
					   RTE_CACHE_LINE_SIZE * 2, (int)socket);
	if (q->mbufs == NULL || q->zone == NULL) {
		igb_rxq_release(dev, queue);
		return igb_no_memory(dev, "Rx", queue, socket);
	}
	q->ring = q->zone->addr;
	q->iova = q->zone->iova;
	q->flags = p->rx_flags;
	q->ptypes = p->rx_ptypes;
	q->hw = &p->hw;
	q->tail = igb_rx_reg(queue, IGB_RDT);
	q->nb_desc = nb_desc;
	q->nb_free = nb_desc;
	q->pool = pool;
	q->rearm = rearm_of(dev->data->port_id);
	q->port = p;
	q->queue = queue;
	q->is_deferred = conf->rx_deferred_start != 0;
	q->drop = conf->rx_drop_en != 0;
	q->offloads = conf->offloads | dev->data->dev_conf.rxmode.offloads;
	return 0;
}

void
igb_rxq_release(struct rte_eth_dev *dev, uint16_t queue)
{
	struct igb_rxq *q = dev->data->rx_queues[queue];

	if (q == NULL)
		return;
	igb_stats_keep_rxq(dev->data->dev_private, q);
	rte_memzone_free(q->zone);
	rte_free(q->mbufs);
	rte_free(q);
	dev->data->rx_queues[queue] = NULL;
}

void
igb_rxq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_rxq_info *info)
{
	const struct igb_rxq *q = dev->data->rx_queues[queue];

	info->mp = q->pool;
	info->nb_desc = q->nb_desc;
	info->scattered_rx = dev->data->scattered_rx;
	info->conf.rx_free_thresh = IGB_REFILL;
	info->conf.rx_drop_en = q->drop;
	info->conf.rx_deferred_start = q->is_deferred;
	info->conf.offloads = q->offloads;
}

/* ---- start and stop ---- */

/* What the device fills of a buffer: a multiple of a kilobyte. */
static uint32_t
buffer_kb(const struct igb_rxq *q)
{
	uint32_t kb = (rte_pktmbuf_data_room_size(q->pool) - RTE_PKTMBUF_HEADROOM) / 1024u;

	return RTE_MIN(kb, IGB_SRRCTL_SIZE);
}

uint32_t
igb_rxq_room(const struct igb_rxq *q)
{
	return buffer_kb(q) * 1024;
}

/* 4.5.9, steps 1 to 4, but for the buffers: a refill writes the tail, which is too early. */
static void
start_ring(struct igb_rxq *q)
{
	const struct igb_hw *hw = &q->port->hw;
	uint16_t i = q->queue;
	uint32_t srrctl = buffer_kb(q) | IGB_SRRCTL_ONE;

	q->next = q->refill = 0;
	q->nb_free = q->nb_desc;
	for (uint16_t d = 0; d < q->nb_desc; d++)
		q->ring[d] = (union igb_rx_desc){ .read.addr = 0 };
	igb_write(hw, igb_rx_reg(i, IGB_RXDCTL), 0);
	igb_write(hw, igb_rx_reg(i, IGB_RDBAL), (uint32_t)q->iova);
	igb_write(hw, igb_rx_reg(i, IGB_RDBAH), (uint32_t)(q->iova >> 32));
	igb_write(hw, igb_rx_reg(i, IGB_RDLEN), (uint32_t)q->nb_desc * IGB_DESC_SIZE);
	igb_write(hw, igb_rx_reg(i, IGB_RDH), 0);
	igb_write(hw, igb_rx_reg(i, IGB_RDT), 0);
	if (q->drop)
		srrctl |= IGB_SRRCTL_DROP;
	igb_write(hw, igb_rx_reg(i, IGB_SRRCTL), srrctl);
	if (hw->family->has_dvmolr)
		igb_write(hw, igb_rx_reg(i, IGB_DVMOLR),
			  igb_read(hw, igb_rx_reg(i, IGB_DVMOLR)) | IGB_DVMOLR_STRCRC);
	igb_write(hw, igb_rx_reg(i, IGB_RXDCTL), THRESHOLDS | IGB_RXDCTL_EN);
}

/* 4.5.9, step 6. 0; -ETIMEDOUT: the device does not enable it; -ENOMEM: the pool is empty */
static int
finish_start(struct rte_eth_dev *dev, struct igb_rxq *q)
{
	const struct igb_hw *hw = &q->port->hw;

	if (igb_hw_poll(hw, igb_rx_reg(q->queue, IGB_RXDCTL), IGB_RXDCTL_EN, IGB_RXDCTL_EN,
			ENABLE_MS) != 0) {
		IGB_LOG(ERR, "%s: Rx queue %u does not start; reset the port", hw->name, q->queue);
		return -ETIMEDOUT;
	}
	igb_rxq_refill(q);
	if (q->nb_free == q->nb_desc) {
		IGB_LOG(ERR, "%s: Rx queue %u: no mbufs in pool %s; make it larger", hw->name,
			q->queue, q->pool->name);
		return -ENOMEM;
	}
	/* pairs with the acquire of igb_rxq_is_started() */
	atomic_store_explicit(&q->is_started, true, memory_order_release);
	dev->data->rx_queue_state[q->queue] = RTE_ETH_QUEUE_STATE_STARTED;
	return 0;
}

/* 4.5.9.2: the device takes no frame for the queue any more. Then its buffers come back. */
static void
stop_ring(struct igb_rxq *q)
{
	const struct igb_hw *hw = &q->port->hw;
	uint16_t nb = q->nb_desc - q->nb_free, at = q->next;

	/* pairs with nothing: the queue's lcore has let go of it */
	atomic_store_explicit(&q->is_started, false, memory_order_relaxed);
	igb_write(hw, igb_rx_reg(q->queue, IGB_RXDCTL), 0);
	if (igb_hw_poll(hw, igb_rx_reg(q->queue, IGB_RXDCTL), IGB_RXDCTL_EN, 0, ENABLE_MS) != 0)
		IGB_LOG(WARNING, "%s: Rx queue %u does not stop", hw->name, q->queue);
	/* what was on its way when it stopped */
	rte_delay_us_sleep(100);
	for (; nb > 0; nb--) {
		rte_pktmbuf_free_seg(q->mbufs[at]);
		at = at + 1 == q->nb_desc ? 0 : at + 1;
	}
	rte_pktmbuf_free(q->head);
	q->head = NULL;
	q->nb_free = q->nb_desc;
}

int
igb_rx_queue_start(struct rte_eth_dev *dev, uint16_t queue)
{
	struct igb_rxq *q = dev->data->rx_queues[queue];
	int ret;

	if (dev->data->rx_queue_state[queue] == RTE_ETH_QUEUE_STATE_STARTED)
		return 0;
	start_ring(q);
	ret = finish_start(dev, q);
	if (ret != 0)
		stop_ring(q);
	return ret;
}

int
igb_rx_queue_stop(struct rte_eth_dev *dev, uint16_t queue)
{
	if (dev->data->rx_queue_state[queue] == RTE_ETH_QUEUE_STATE_STOPPED)
		return 0;
	dev->data->rx_queue_state[queue] = RTE_ETH_QUEUE_STATE_STOPPED;
	stop_ring(dev->data->rx_queues[queue]);
	return 0;
}

/* Does a frame of the MTU need more than a buffer of any queue? */
static bool
needs_scatter(const struct rte_eth_dev *dev)
{
	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++)
		if ((uint32_t)dev->data->mtu + IGB_L2_OVERHEAD >
		    igb_rxq_room(dev->data->rx_queues[i]))
			return true;
	return (dev->data->dev_conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
}

/* 4.5.9, all queues, and the receiver itself. 0 or -errno, and nothing is started. */
int
igb_rx_start(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;
	int ret = 0;

	dev->data->scattered_rx = needs_scatter(dev);
	dev->rx_pkt_burst = dev->data->scattered_rx ? igb_rx_burst_scattered : igb_rx_burst;
	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++) {
		struct igb_rxq *q = dev->data->rx_queues[i];

		if (!q->is_deferred)
			start_ring(q);
	}
	/* 8.10.10: a queue is enabled with the receiver, not before */
	igb_write(&p->hw, IGB_RCTL, igb_filter_rctl(dev) | IGB_RCTL_EN);
	for (uint16_t i = 0; i < dev->data->nb_rx_queues && ret == 0; i++) {
		struct igb_rxq *q = dev->data->rx_queues[i];

		if (!q->is_deferred)
			ret = finish_start(dev, q);
	}
	if (ret != 0)
		igb_rx_stop(dev);
	return ret;
}

/* RCTL.EN, 8.10.1, and the queues. */
void
igb_rx_stop(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;

	igb_write(&p->hw, IGB_RCTL, igb_filter_rctl(dev));
	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++) {
		dev->data->rx_queue_state[i] = RTE_ETH_QUEUE_STATE_STOPPED;
		stop_ring(dev->data->rx_queues[i]);
	}
}

int
igb_rx_burst_mode_get(struct rte_eth_dev *dev, uint16_t queue __rte_unused,
		      struct rte_eth_burst_mode *mode)
{
	snprintf(mode->info, sizeof(mode->info), "%s",
		 dev->data->scattered_rx ? "Scalar Scattered" : "Scalar Bulk Alloc");
	return 0;
}
