/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Transmit queues. Without a sink frames are dropped in tx_burst. With one, the driver puts mbufs
 * into the queue's Tx ring and signals the wire thread, which writes them; the driver frees them
 * when it comes by again, so that no mempool traffic crosses threads.
 */

#include <errno.h>
#include <sched.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "evnic.h"

#define MAX_WAIT_S 1 /* for room in the Tx ring, overrun=wait */

/* ---- data path, the driver's side ---- */

uint16_t
evnic_tx_drop(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct evnic_txq *q = txq;
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < nb_pkts; i++)
		bytes += pkts[i]->pkt_len;
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
	rouse_counter_add(&q->opackets, nb_pkts);
	rouse_counter_add(&q->obytes, bytes);
	return nb_pkts;
}

static void
reclaim(struct evnic_txq *q)
{
	/* pairs with the release in evnic_txq_send() */
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);

	while (q->reclaimed != tail)
		rte_pktmbuf_free(q->pkts[q->reclaimed++ & q->mask]);
}

/* As many of nb_pkts as the Tx ring has room for. */
static uint32_t
put(struct evnic_txq *q, struct rte_mbuf **pkts, uint32_t nb_pkts)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	uint64_t bytes = 0;
	uint32_t n;

	reclaim(q);
	n = RTE_MIN(q->nb_desc - (head - q->reclaimed), nb_pkts);
	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		q->pkts[(head + i) & q->mask] = pkts[i];
		bytes += pkts[i]->pkt_len;
	}
	/* pairs with the acquire in evnic_txq_send() */
	atomic_store_explicit(&q->head, head + n, memory_order_release);
	rouse_attn_signal(&q->wire, rte_rdtsc());
	rouse_counter_add(&q->opackets, n);
	rouse_counter_add(&q->obytes, bytes);
	return n;
}

/*
 * With overrun=wait nothing is lost on the way out, either: where net_pcap would block in the
 * write of the file, this waits for the wire thread, which may share the processor. A sink that
 * takes nothing for long gives it up.
 */
uint16_t
evnic_tx_burst(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct evnic_txq *q = txq;
	uint32_t n = put(q, pkts, nb_pkts);
	uint64_t give_up;

	if (likely(n == nb_pkts) || !q->waits)
		return (uint16_t)n;
	give_up = rte_get_timer_cycles() + MAX_WAIT_S * rte_get_timer_hz();
	while (n < nb_pkts && rte_get_timer_cycles() < give_up) {
		sched_yield();
		n += put(q, pkts + n, nb_pkts - n);
	}
	return (uint16_t)n;
}

/* ---- the wire's side ---- */

bool
evnic_txq_waits(const struct evnic_txq *q)
{
	return atomic_load_explicit(&q->head, memory_order_acquire) !=
	       atomic_load_explicit(&q->tail, memory_order_relaxed);
}

/* Write at most a burst into the sink, and add what became of it to *sent. */
void
evnic_txq_send(struct evnic_txq *q, struct evnic_sink *sink, struct evnic_sent *sent)
{
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	/* pairs with the release in evnic_tx_burst() */
	uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);
	uint32_t n = RTE_MIN(head - tail, (uint32_t)EVNIC_BURST);

	for (uint32_t i = 0; i < n; i++) {
		int ret = sink->ops->write(sink, q->pkts[(tail + i) & q->mask]);

		if (ret == -EAGAIN && q->waits) {
			sent->is_full = true;
			n = i;
			break;
		}
		if (ret != 0)
			sent->errors++;
	}
	if (n != 0) /* pairs with the acquire in reclaim() */
		atomic_store_explicit(&q->tail, tail + n, memory_order_release);
	sent->frames += n;
}

/* ---- setting up ---- */

int
evnic_txq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
		const struct rte_eth_txconf *conf __rte_unused)
{
	struct evnic_port *p = dev->data->dev_private;
	uint32_t capacity = rte_align32pow2(nb_desc);
	struct evnic_txq *q;

	q = rte_zmalloc_socket("evnic_txq", sizeof(*q), RTE_CACHE_LINE_SIZE, (int)socket);
	if (q == NULL)
		return -ENOMEM;
	q->mask = capacity - 1;
	q->nb_desc = nb_desc;
	q->port = p;
	q->queue = queue;
	q->wire = (struct rouse_attn_target){
		.attn = &p->wire.attn,
		.device = EVNIC_WIRE_TX,
		.ring = (uint8_t)queue,
	};
	p->txq[queue] = q;
	dev->data->tx_queues[queue] = q;
	q->waits = p->args.overrun == EVNIC_OVERRUN_WAIT;
	q->pkts = rte_zmalloc_socket("evnic_pkts", capacity * sizeof(*q->pkts), RTE_CACHE_LINE_SIZE,
				     (int)socket);
	if (q->pkts == NULL) {
		evnic_txq_release(dev, queue);
		return -ENOMEM;
	}
	return 0;
}

void
evnic_txq_release(struct rte_eth_dev *dev, uint16_t queue)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_txq *q = p->txq[queue];

	if (q == NULL)
		return;
	p->txq[queue] = NULL;
	p->zero.opackets[queue] = p->zero.obytes[queue] = 0;
	dev->data->tx_queues[queue] = NULL;
	rte_free(q->pkts);
	rte_free(q);
}

void
evnic_txq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_txq_info *info)
{
	const struct evnic_txq *q = dev->data->tx_queues[queue];

	info->nb_desc = (uint16_t)q->nb_desc;
}

/* Free every mbuf; the wire thread does not run. How many a sink without room has left. */
uint32_t
evnic_txq_stop(struct evnic_txq *q)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	uint32_t left = head - atomic_load_explicit(&q->tail, memory_order_relaxed);

	atomic_store_explicit(&q->tail, head, memory_order_relaxed);
	reclaim(q);
	return left;
}
