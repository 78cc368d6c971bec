/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Single queues: start, stop, and what their bursts are.
 *
 * As ethdev has it, no lcore is in a burst of a queue while the queue is started or stopped. What
 * comes for a stopped receive queue is dropped and counted in imissed, whatever overrun= says; a
 * stopped transmit queue accepts nothing, and what it had accepted was sent. There always is a
 * default processor: a queue that was chosen for it is not stopped, another one is replaced.
 */

#include <errno.h>
#include <string.h>

#include "evnic.h"

/* ---- receive ---- */

/* Unless the user has said which it is, the default processor is the lowest queue that is started.
 * While none is, it stays, and the wire keeps its events. */
static void
settle_processor(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;

	if (p->is_processor_chosen)
		return;
	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++) {
		if (dev->data->rx_queue_state[i] != RTE_ETH_QUEUE_STATE_STARTED)
			continue;
		rouse_steer_default_processor_set(&p->steer, i);
		break;
	}
}

static void
stop_rxq(struct rte_eth_dev *dev, uint16_t queue)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_rxq *q = p->rxq[queue];

	q->limit = 0;
	atomic_store_explicit(&q->stopped, true, memory_order_relaxed);
	if (p->wire.running) {
		/* pairs with the acquire in the wire's honour_requests() */
		atomic_store_explicit(&q->reset_wanted, true, memory_order_release);
		evnic_wire_sync(p);
	} else {
		evnic_rxq_reset(q);
	}
	evnic_rxq_stop(q);
	dev->data->rx_queue_state[queue] = RTE_ETH_QUEUE_STATE_STOPPED;
}

static int
start_rxq(struct rte_eth_dev *dev, uint16_t queue)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_rxq *q = p->rxq[queue];
	int ret = evnic_rxq_start(q);

	if (ret != 0) {
		stop_rxq(dev, queue); /* the wire may have filled some of them */
		return ret;
	}
	/* pairs with the acquires in the wire's lack_buffers() and is_received() */
	atomic_store_explicit(&q->stopped, false, memory_order_release);
	dev->data->rx_queue_state[queue] = RTE_ETH_QUEUE_STATE_STARTED;
	return 0;
}

int
evnic_rx_queue_start(struct rte_eth_dev *dev, uint16_t queue)
{
	int ret = start_rxq(dev, queue);

	if (ret != 0)
		return ret;
	settle_processor(dev);
	/* it may have kept events, for want of a queue that somebody receives from */
	evnic_wire_request(dev->data->dev_private);
	return 0;
}

int
evnic_rx_queue_stop(struct rte_eth_dev *dev, uint16_t queue)
{
	const struct evnic_port *p = dev->data->dev_private;

	if (p->is_processor_chosen && rouse_steer_default_processor_get(&p->steer) == queue) {
		EVNIC_LOG(ERR,
			  "port %u: queue %u is the default processor, as was chosen: name another "
			  "one with rouse_evnic_default_processor_set() before it is stopped",
			  dev->data->port_id, queue);
		return -EBUSY;
	}
	/* events go elsewhere before it is stopped */
	dev->data->rx_queue_state[queue] = RTE_ETH_QUEUE_STATE_STOPPED;
	settle_processor(dev);
	stop_rxq(dev, queue);
	return 0;
}

int
evnic_rx_burst_mode_get(struct rte_eth_dev *dev, uint16_t queue __rte_unused,
			struct rte_eth_burst_mode *mode)
{
	snprintf(mode->info, sizeof(mode->info), "%s",
		 dev->rx_pkt_burst == evnic_rx_burst_scattered ? "Scalar Scattered" : "Scalar");
	return 0;
}

/* ---- transmit ---- */

int
evnic_tx_queue_start(struct rte_eth_dev *dev, uint16_t queue)
{
	struct evnic_port *p = dev->data->dev_private;

	atomic_fetch_and_explicit(&p->txq[queue]->gate, (uint8_t)~EVNIC_GATE_STOPPED,
				  memory_order_relaxed);
	dev->data->tx_queue_state[queue] = RTE_ETH_QUEUE_STATE_STARTED;
	return 0;
}

int
evnic_tx_queue_stop(struct rte_eth_dev *dev, uint16_t queue)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_txq *q = p->txq[queue];

	atomic_fetch_or_explicit(&q->gate, EVNIC_GATE_STOPPED, memory_order_relaxed);
	while (p->wire.running && evnic_txq_waits(q))
		evnic_wire_sync(p); /* each time it sends at least a burst of every queue */
	evnic_txq_stop(q);
	dev->data->tx_queue_state[queue] = RTE_ETH_QUEUE_STATE_STOPPED;
	return 0;
}

int
evnic_tx_burst_mode_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_burst_mode *mode)
{
	const struct evnic_port *p = dev->data->dev_private;

	snprintf(mode->info, sizeof(mode->info), "Scalar%s%s",
		 dev->tx_pkt_burst == evnic_tx_drop ? " Drop" : "",
		 p->txq[queue]->fast_free ? " Fast Free" : "");
	return 0;
}

/* ---- all of them ---- */

/* Those that are not deferred, which wait for their own start; the wire thread does not run. */
int
evnic_queues_start(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;
	int ret;

	dev->data->scattered_rx =
		(dev->data->dev_conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
	dev->rx_pkt_burst = dev->data->scattered_rx ? evnic_rx_burst_scattered : evnic_rx_burst;
	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++) {
		if (p->rxq[i]->deferred) {
			stop_rxq(dev, i);
			continue;
		}
		ret = start_rxq(dev, i);
		if (ret != 0) {
			evnic_queues_stop(dev);
			return ret;
		}
	}
	settle_processor(dev);
	for (uint16_t i = 0; i < dev->data->nb_tx_queues; i++)
		if (p->txq[i]->deferred)
			evnic_tx_queue_stop(dev, i);
		else
			evnic_tx_queue_start(dev, i);
	return 0;
}

/* Gives back every mbuf; the wire thread does not run. */
void
evnic_queues_stop(struct rte_eth_dev *dev)
{
	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++)
		stop_rxq(dev, i);
	for (uint16_t i = 0; i < dev->data->nb_tx_queues; i++)
		evnic_tx_queue_stop(dev, i);
}
