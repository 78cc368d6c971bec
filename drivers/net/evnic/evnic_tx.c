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

/* A queue that sends nothing: stopped, it accepts nothing; without carrier it loses everything. */
static uint16_t
refuse(struct evnic_txq *q, uint8_t gate, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	if (gate & EVNIC_GATE_STOPPED)
		return 0;
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
	rouse_counter_add(&q->odropped, nb_pkts);
	return nb_pkts;
}

/* RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE: one pool, one reference each. Chains take the long way. */
static void
free_fast(struct rte_mbuf **pkts, uint32_t nb_pkts)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i <= nb_pkts; i++) {
		if (i < nb_pkts && likely(pkts[i]->nb_segs == 1))
			continue;
		if (i != first)
			rte_mempool_put_bulk(pkts[first]->pool, (void **)&pkts[first], i - first);
		if (i < nb_pkts)
			rte_pktmbuf_free(pkts[i]);
		first = i + 1;
	}
}

uint16_t
evnic_tx_drop(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct evnic_txq *q = txq;
	uint8_t gate = atomic_load_explicit(&q->gate, memory_order_relaxed);
	uint64_t bytes = 0;

	if (unlikely(gate != 0))
		return refuse(q, gate, pkts, nb_pkts);
	for (uint16_t i = 0; i < nb_pkts; i++)
		bytes += pkts[i]->pkt_len;
	if (q->fast_free)
		free_fast(pkts, nb_pkts);
	else
		rte_pktmbuf_free_bulk(pkts, nb_pkts);
	rouse_counter_add(&q->opackets, nb_pkts);
	rouse_counter_add(&q->obytes, bytes);
	return nb_pkts;
}

/* Free at most `max` of the mbufs that were sent; returns how many. */
static uint32_t
reclaim(struct evnic_txq *q, uint32_t max)
{
	/* pairs with the release in evnic_txq_send() */
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);
	uint32_t n = RTE_MIN(tail - q->reclaimed, max);

	for (uint32_t left = n; left != 0;) {
		uint32_t at = q->reclaimed & q->mask;
		uint32_t run = RTE_MIN(left, q->mask + 1 - at); /* up to the end of the array */

		if (q->fast_free)
			free_fast(&q->pkts[at], run);
		else
			rte_pktmbuf_free_bulk(&q->pkts[at], run);
		q->reclaimed += run;
		left -= run;
	}
	return n;
}

/* As many of nb_pkts as the Tx ring has room for. */
static uint32_t
put(struct evnic_txq *q, struct rte_mbuf **pkts, uint32_t nb_pkts)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	uint64_t bytes = 0;
	uint32_t n;

	reclaim(q, UINT32_MAX);
	n = RTE_MIN(q->nb_desc - (head - q->reclaimed), nb_pkts);
	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		q->pkts[(head + i) & q->mask] = pkts[i];
		bytes += pkts[i]->pkt_len;
	}
	/* before the wire knows of them, and may count some as errors */
	rouse_counter_add(&q->opackets, n);
	rouse_counter_add(&q->obytes, bytes);
	/* pairs with the acquire in evnic_txq_send() */
	atomic_store_explicit(&q->head, head + n, memory_order_release);
	rouse_attn_signal(&q->wire, rte_rdtsc());
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
	uint8_t gate = atomic_load_explicit(&q->gate, memory_order_relaxed);
	uint64_t give_up;
	uint32_t n;

	if (unlikely(gate != 0))
		return refuse(q, gate, pkts, nb_pkts);
	n = put(q, pkts, nb_pkts);
	if (likely(n == nb_pkts) || !q->waits)
		return (uint16_t)n;
	give_up = rte_get_timer_cycles() + MAX_WAIT_S * rte_get_timer_hz();
	while (n < nb_pkts && rte_get_timer_cycles() < give_up) {
		sched_yield();
		n += put(q, pkts + n, nb_pkts - n);
	}
	return (uint16_t)n;
}

/* A TX event: what was sent is freed by the lcore that the event woke, which sends here, too. */
void
evnic_txq_reclaim(struct evnic_txq *q)
{
	/* ethdev lets a queue be stopped while its number is received from: that frees everything
	 */
	if (rte_spinlock_trylock(&q->reclaim_lock) == 0)
		return;
	reclaim(q, UINT32_MAX);
	rte_spinlock_unlock(&q->reclaim_lock);
}

/* Of the descriptor `offset` places after the next one to be written. */
int
evnic_tx_descriptor_status(void *txq, uint16_t offset)
{
	const struct evnic_txq *q = txq;
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);

	if (offset >= q->nb_desc)
		return -EINVAL;
	return q->nb_desc - offset <= head - tail ? RTE_ETH_TX_DESC_FULL : RTE_ETH_TX_DESC_DONE;
}

/* Frames are freed whole: the count is of frames, as ethdev has it. 0: as many as there are. */
int
evnic_tx_done_cleanup(void *txq, uint32_t free_cnt)
{
	struct evnic_txq *q = txq;

	return (int)reclaim(q, free_cnt == 0 ? UINT32_MAX : free_cnt);
}

/* ---- the wire's side ---- */

bool
evnic_txq_waits(const struct evnic_txq *q)
{
	return atomic_load_explicit(&q->head, memory_order_acquire) !=
	       atomic_load_explicit(&q->tail, memory_order_relaxed);
}

/* Count those of n frames of the queue that are named by a bit of `refused`. */
static void
count_refused(struct evnic_txq *q, struct rte_mbuf *const *pkts, uint32_t n, uint64_t refused)
{
	for (uint32_t i = 0; i < n; i++) {
		if ((refused >> i & 1) == 0)
			continue;
		rouse_counter_add(&q->errors, 1);
		rouse_counter_add(&q->error_bytes, pkts[i]->pkt_len);
	}
}

/*
 * Give at most a burst to the sink; how many frames were taken from the queue, refused ones
 * included. Where the sink has no room the rest waits, *is_full, or with overrun=drop is refused.
 */
uint32_t
evnic_txq_send(struct evnic_txq *q, struct evnic_sink *sink, bool *is_full)
{
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	/* pairs with the release in put() */
	uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);
	uint32_t n = RTE_MIN(head - tail, (uint32_t)EVNIC_BURST), done;
	struct rte_mbuf *pkts[EVNIC_BURST];
	uint64_t refused = 0;

	*is_full = false;
	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		pkts[i] = q->pkts[(tail + i) & q->mask];
	done = sink->ops->write(sink, pkts, n, &refused);
	if (unlikely(done != n)) {
		/* a queue that is being stopped waits for nobody */
		if (q->waits && (atomic_load_explicit(&q->gate, memory_order_relaxed) &
				 EVNIC_GATE_STOPPED) == 0) {
			*is_full = true;
			n = done;
		} else {
			refused |= UINT64_MAX << done;
		}
	}
	if (unlikely(refused != 0))
		count_refused(q, pkts, n, refused);
	/* pairs with the acquire in reclaim() */
	atomic_store_explicit(&q->tail, tail + n, memory_order_release);
	return n;
}

/* ---- setting up ---- */

/* What depends on the port's configuration, which may change without a new setup of the queue. */
void
evnic_txq_fit(struct evnic_txq *q)
{
	uint64_t offloads = q->own_offloads | q->port->data->dev_conf.txmode.offloads;

	q->fast_free = (offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) != 0;
}

int
evnic_txq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
		const struct rte_eth_txconf *conf)
{
	struct evnic_port *p = dev->data->dev_private;
	uint32_t capacity = rte_align32pow2(nb_desc);
	struct evnic_txq *q;

	q = rte_zmalloc_socket("evnic_txq", sizeof(*q), RTE_CACHE_LINE_SIZE, (int)socket);
	if (q == NULL)
		return -ENOMEM;
	rte_spinlock_init(&q->reclaim_lock);
	q->mask = capacity - 1;
	q->nb_desc = nb_desc;
	q->port = p;
	q->queue = queue;
	q->own_offloads = conf->offloads;
	evnic_txq_fit(q);
	q->deferred = conf->tx_deferred_start != 0;
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
	p->zero.opackets[queue] = p->zero.obytes[queue] = p->zero.odropped[queue] = 0;
	p->zero.oerrors[queue] = p->zero.oerror_bytes[queue] = 0;
	dev->data->tx_queues[queue] = NULL;
	rte_free(q->pkts);
	rte_free(q);
}

void
evnic_txq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_txq_info *info)
{
	const struct evnic_txq *q = dev->data->tx_queues[queue];

	info->nb_desc = (uint16_t)q->nb_desc;
	info->conf.tx_deferred_start = q->deferred;
	info->conf.offloads = q->fast_free ? RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE : 0;
}

/* Free every mbuf; the wire thread does not run. What a sink had no room for counts as errors. */
void
evnic_txq_stop(struct evnic_txq *q)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);

	rte_spinlock_lock(&q->reclaim_lock);
	for (uint32_t i = atomic_load_explicit(&q->tail, memory_order_relaxed); i != head; i++)
		count_refused(q, &q->pkts[i & q->mask], 1, 1);
	atomic_store_explicit(&q->tail, head, memory_order_relaxed);
	reclaim(q, UINT32_MAX);
	rte_spinlock_unlock(&q->reclaim_lock);
}
