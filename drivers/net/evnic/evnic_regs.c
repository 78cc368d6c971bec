/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The registers dump: what can be read of a running device without asking it. 32-bit words:
 *
 *   port            0 layout version (EVNIC_REGS_VERSION)
 *                   1 receive queues        2 transmit queues
 *                   3 event rings           4 vectors
 *                   5 map (enum rouse_steer_map)
 *                   6 default processor     7 RSS default queue
 *                   8 bit 0: wire thread runs, bit 1: carrier
 *                   9 version of RSS and filter settings
 *                   10 the wire's attention state (enum rouse_attn_state)
 *                   11, 12 frames delivered, low and high word
 *   receive queue   0 started               1 descriptors
 *                   2 buffers posted        3 buffers filled
 *                   4 buffers consumed      5 event ring of its frames
 *                   6 the wire waits for a buffer
 *                   7 attention state of the queue's own interrupt
 *   transmit queue  0 gate (EVNIC_GATE_)    1 descriptors
 *                   2 head, the driver's    3 tail, the wire's
 *   event ring      0 write indicator       1 entries that were signalled
 *                   2 read indicator        3 queues bound to a worker
 *   vector          0 messages              1 doorbells
 *                   2 masked                3 messages held
 *
 * Port, receive queues, transmit queues, event rings, vectors. Indicators are free-running; the
 * words are read one after the other while the device goes on.
 */

#include <errno.h>
#include <string.h>

#include <rte_dev_info.h>

#include "evnic.h"

static uint32_t *
dump_port(const struct evnic_port *p, uint32_t *at)
{
	const struct evnic_wire *w = &p->wire;
	uint64_t frames = rouse_counter_get(&w->stats.frames);
	bool up = atomic_load_explicit(&p->link.up, memory_order_relaxed);

	*at++ = EVNIC_REGS_VERSION;
	*at++ = p->data->nb_rx_queues;
	*at++ = p->data->nb_tx_queues;
	*at++ = p->steer.nb_rings;
	*at++ = p->steer.nb_vectors;
	*at++ = rouse_steer_map_get(&p->steer);
	*at++ = rouse_steer_default_processor_get(&p->steer);
	*at++ = rouse_steer_rss_default_queue_get(&p->steer);
	*at++ = (w->running ? 1 : 0) | (up ? 2 : 0);
	*at++ = p->rules.version;
	*at++ = atomic_load_explicit(&w->attn.state, memory_order_relaxed);
	*at++ = (uint32_t)frames;
	*at++ = (uint32_t)(frames >> 32);
	return at;
}

static uint32_t *
dump_rxq(const struct evnic_port *p, const struct evnic_rxq *q, uint32_t *at)
{
	*at++ = p->data->rx_queue_state[q->queue] == RTE_ETH_QUEUE_STATE_STARTED;
	*at++ = q->nb_desc;
	*at++ = atomic_load_explicit(&q->posted, memory_order_relaxed);
	*at++ = atomic_load_explicit(&q->filled, memory_order_relaxed);
	*at++ = atomic_load_explicit(&q->consumed, memory_order_relaxed);
	*at++ = rouse_steer_event(&p->steer, q->queue, ROUSE_EVENT_RX).ring;
	*at++ = atomic_load_explicit(&q->room_wanted, memory_order_relaxed);
	*at++ = atomic_load_explicit(&q->own_attn.state, memory_order_relaxed);
	return at;
}

static uint32_t *
dump_txq(const struct evnic_txq *q, uint32_t *at)
{
	*at++ = atomic_load_explicit(&q->gate, memory_order_relaxed);
	*at++ = q->nb_desc;
	*at++ = atomic_load_explicit(&q->head, memory_order_relaxed);
	*at++ = atomic_load_explicit(&q->tail, memory_order_relaxed);
	return at;
}

static uint32_t *
dump_ring(const struct evnic_ring *ring, uint32_t *at)
{
	const struct rouse_evring *r = ring->entries;

	*at++ = r == NULL ? 0 : atomic_load_explicit(&r->write, memory_order_relaxed);
	*at++ = r == NULL ? 0 : atomic_load_explicit(&r->settled, memory_order_relaxed);
	*at++ = r == NULL ? 0 : atomic_load_explicit(&r->read, memory_order_relaxed);
	*at++ = (uint32_t)__builtin_popcountll(ring->bound_queues);
	return at;
}

static uint32_t *
dump_vector(const struct evnic_vector *v, uint32_t *at)
{
	*at++ = (uint32_t)rouse_counter_get(&v->messages);
	*at++ = (uint32_t)evnic_vector_doorbells(v);
	*at++ = atomic_load_explicit(&v->masked, memory_order_relaxed);
	*at++ = (uint32_t)__builtin_popcountll(
		atomic_load_explicit(&v->pending, memory_order_relaxed));
	return at;
}

static uint32_t
length_of(const struct evnic_port *p)
{
	return EVNIC_REGS_PORT + p->data->nb_rx_queues * EVNIC_REGS_RXQ +
	       p->data->nb_tx_queues * EVNIC_REGS_TXQ + p->steer.nb_rings * EVNIC_REGS_RING +
	       p->steer.nb_vectors * EVNIC_REGS_VECTOR;
}

/* Without data: how much there is. In part it is not to be had. */
int
evnic_get_reg(struct rte_eth_dev *dev, struct rte_dev_reg_info *info)
{
	const struct evnic_port *p = dev->data->dev_private;
	uint32_t length = length_of(p);
	uint32_t *at = info->data;

	if (at == NULL) {
		info->length = length;
		info->width = sizeof(uint32_t);
		return 0;
	}
	if (info->length != 0 && info->length != length)
		return -ENOTSUP;
	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++)
		if (p->rxq[i] == NULL)
			return -EAGAIN;
	for (uint16_t i = 0; i < dev->data->nb_tx_queues; i++)
		if (p->txq[i] == NULL)
			return -EAGAIN;
	info->version = EVNIC_REGS_VERSION;
	info->width = sizeof(uint32_t);
	info->length = length;
	at = dump_port(p, at);
	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++)
		at = dump_rxq(p, p->rxq[i], at);
	for (uint16_t i = 0; i < dev->data->nb_tx_queues; i++)
		at = dump_txq(p->txq[i], at);
	for (uint16_t i = 0; i < p->steer.nb_rings; i++)
		at = dump_ring(&p->rings[i], at);
	for (uint16_t i = 0; i < p->steer.nb_vectors; i++)
		at = dump_vector(&p->vectors[i], at);
	return 0;
}
