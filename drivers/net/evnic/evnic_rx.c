/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Receive queues, the driver's side: read the event entries of the queue's ring, turn the buffers
 * that they name into mbufs, post new buffers.
 */

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "evnic.h"

/* The eight bytes of an mbuf that are the same for every one of a queue. */
static inline uint64_t *
rearm_word(struct rte_mbuf *m)
{
	uintptr_t at = (uintptr_t)&m->rearm_data;

	return (uint64_t *)at;
}

/* ---- data path ---- */

static void
post(struct evnic_rxq *q, struct rte_mbuf **mbufs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (q->next_post + i) & q->mask;

		q->mbufs[at] = mbufs[i];
		q->bufs[at] = (uint64_t)(uintptr_t)mbufs[i]->buf_addr + RTE_PKTMBUF_HEADROOM;
	}
	q->next_post += n;
	/* pairs with the acquire in the wire's take_buffer() */
	atomic_store_explicit(&q->posted, q->next_post, memory_order_release);
}

/* Post buffers for those that were used, by whole batches; the pool's cache is this lcore's. */
static void
refill(struct evnic_rxq *q)
{
	uint32_t read = atomic_load_explicit(&q->ring->read, memory_order_relaxed);
	struct rte_mbuf *mbufs[EVNIC_REFILL];
	uint32_t before = q->next_post;

	while (q->nb_desc - (q->next_post - read) >= EVNIC_REFILL) {
		uint32_t n = EVNIC_REFILL;

		if (unlikely(rte_mempool_get_bulk(q->pool, (void **)mbufs, n) != 0)) {
			/* an empty queue would never be woken again: take what there is */
			n = 1;
			if (q->next_post != read ||
			    rte_mempool_get_bulk(q->pool, (void **)mbufs, n) != 0) {
				rouse_counter_add(&q->nombuf, 1);
				break;
			}
		}
		post(q, mbufs, n);
	}
	if (q->waits && q->next_post != before) {
		const struct rouse_attn_target wire = {
			.attn = &q->port->wire.attn,
			.device = EVNIC_WIRE_ROOM,
			.ring = (uint8_t)q->queue,
		};

		rouse_attn_fence();
		if (atomic_load_explicit(&q->room_wanted, memory_order_relaxed) &&
		    rouse_attn_mark(&wire))
			rouse_attn_wake(&wire, rte_rdtsc());
	}
}

uint16_t
evnic_rx_burst(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct evnic_rxq *q = rxq;
	uint32_t n = RTE_MIN(rouse_evring_peek(q->ring, nb_pkts), nb_pkts);
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct rouse_event *e = rouse_evring_entry(q->ring, i);
		struct rte_mbuf *m = q->mbufs[e->data & q->mask];

		*rearm_word(m) = q->rearm;
		m->ol_flags = q->ol_flags[e->flags];
		m->packet_type = e->ptype;
		m->pkt_len = e->len;
		m->data_len = (uint16_t)e->len;
		m->hash.rss = e->rss_hash;
		m->vlan_tci = 0;
		bytes += e->len;
		pkts[i] = m;
	}
	if (n != 0) {
		rouse_evring_advance(q->ring, n);
		rouse_counter_add(&q->ipackets, n);
		rouse_counter_add(&q->ibytes, bytes);
	}
	refill(q);
	return (uint16_t)n;
}

/* Post what can be posted; whether the device has a buffer then. */
bool
evnic_rxq_has_buffers(struct evnic_rxq *q)
{
	refill(q);
	return q->next_post != atomic_load_explicit(&q->ring->read, memory_order_relaxed);
}

uint32_t
evnic_rxq_count(void *rxq)
{
	const struct evnic_rxq *q = rxq;

	return rouse_evring_count(q->ring);
}

/* ---- setting up ---- */

static uint64_t
rearm_data(uint16_t port)
{
	struct rte_mbuf m = {
		.data_off = RTE_PKTMBUF_HEADROOM,
		.nb_segs = 1,
		.port = port,
	};

	rte_mbuf_refcnt_set(&m, 1);
	return *rearm_word(&m);
}

static void
fill_ol_flags(struct evnic_rxq *q)
{
	for (uint32_t f = 0; f < EVNIC_NB_F; f++) {
		uint64_t flags = 0;

		if (f & ROUSE_EVENT_F_HASH)
			flags |= RTE_MBUF_F_RX_RSS_HASH;
		if (q->offloads & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) {
			if (f & EVNIC_F_IP_GOOD)
				flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
			if (f & EVNIC_F_IP_BAD)
				flags |= RTE_MBUF_F_RX_IP_CKSUM_BAD;
		}
		if (q->offloads & (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)) {
			if (f & EVNIC_F_L4_GOOD)
				flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
			if (f & EVNIC_F_L4_BAD)
				flags |= RTE_MBUF_F_RX_L4_CKSUM_BAD;
		}
		q->ol_flags[f] = flags;
	}
}

static int
check_buffers(const struct rte_eth_dev *dev, uint16_t queue, const struct rte_mempool *pool)
{
	const struct evnic_port *p = dev->data->dev_private;
	struct rte_mempool *mp = (struct rte_mempool *)(uintptr_t)pool;
	uint32_t room = rte_pktmbuf_data_room_size(mp);
	uint32_t longest = evnic_ends_longest(p);

	if (room <= RTE_PKTMBUF_HEADROOM || room - RTE_PKTMBUF_HEADROOM < longest) {
		EVNIC_LOG(ERR,
			  "%s: %s: its longest frame has %u bytes, the mbufs of queue %u hold %u; "
			  "use mbufs of %u bytes or more (--mbuf-size)",
			  dev->data->name, p->args.rx_pcap, longest, queue,
			  room <= RTE_PKTMBUF_HEADROOM ? 0 : room - RTE_PKTMBUF_HEADROOM,
			  longest + RTE_PKTMBUF_HEADROOM);
		return -EINVAL;
	}
	return 0;
}

int
evnic_rxq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
		const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	struct evnic_port *p = dev->data->dev_private;
	uint32_t capacity = rte_align32pow2(nb_desc);
	struct evnic_rxq *q;
	void *ring;
	int ret = check_buffers(dev, queue, pool);

	if (ret != 0)
		return ret;
	q = rte_zmalloc_socket("evnic_rxq", sizeof(*q), RTE_CACHE_LINE_SIZE, (int)socket);
	if (q == NULL)
		return -ENOMEM;
	ret = rouse_attn_init(&q->own_attn);
	if (ret != 0) {
		rte_free(q);
		return ret;
	}
	rouse_attn_poll(&q->own_attn);
	q->own.attn = &q->own_attn;
	atomic_store_explicit(&q->target, &q->own, memory_order_relaxed);

	q->mask = capacity - 1;
	q->nb_desc = nb_desc;
	q->pool = pool;
	q->port = p;
	q->queue = queue;
	q->waits = p->args.overrun == EVNIC_OVERRUN_WAIT;
	q->rearm = rearm_data(dev->data->port_id);
	q->offloads = conf->offloads | dev->data->dev_conf.rxmode.offloads;
	fill_ol_flags(q);
	p->rxq[queue] = q;
	dev->data->rx_queues[queue] = q;

	ring = rte_zmalloc_socket("evnic_ring", rouse_evring_memsize(capacity), RTE_CACHE_LINE_SIZE,
				  (int)socket);
	q->ring = rouse_evring_init(ring, capacity);
	q->mbufs = rte_zmalloc_socket("evnic_mbufs", capacity * sizeof(*q->mbufs),
				      RTE_CACHE_LINE_SIZE, (int)socket);
	q->bufs = rte_zmalloc_socket("evnic_bufs", capacity * sizeof(*q->bufs), RTE_CACHE_LINE_SIZE,
				     (int)socket);
	if (q->ring == NULL || q->mbufs == NULL || q->bufs == NULL) {
		evnic_rxq_release(dev, queue);
		return -ENOMEM;
	}
	return 0;
}

void
evnic_rxq_release(struct rte_eth_dev *dev, uint16_t queue)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_rxq *q = p->rxq[queue];

	if (q == NULL)
		return;
	p->rxq[queue] = NULL;
	p->zero.ipackets[queue] = p->zero.ibytes[queue] = 0;
	p->zero.nombuf[queue] = p->zero.missed[queue] = 0;
	dev->data->rx_queues[queue] = NULL;
	rouse_attn_fini(&q->own_attn);
	rte_free(q->bufs);
	rte_free(q->mbufs);
	rte_free(q->ring);
	rte_free(q);
}

void
evnic_rxq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_rxq_info *info)
{
	const struct evnic_rxq *q = dev->data->rx_queues[queue];

	info->mp = q->pool;
	info->nb_desc = (uint16_t)q->nb_desc;
	info->conf.offloads = q->offloads;
	info->rx_buf_size = rte_pktmbuf_data_room_size(q->pool) - RTE_PKTMBUF_HEADROOM;
}

/* Post the first buffers; the wire thread does not run. */
int
evnic_rxq_start(struct evnic_rxq *q)
{
	refill(q);
	if (q->next_post != q->nb_desc) {
		EVNIC_LOG(
			ERR,
			"port %u: mbuf pool %s is empty after %u of %u buffers for queue %u; make "
			"it larger (--total-num-mbufs)",
			q->port->data->port_id, q->pool->name, q->next_post, q->nb_desc, q->queue);
		evnic_rxq_stop(q);
		return -ENOBUFS;
	}
	return 0;
}

/* Give every buffer back, read or not; the wire thread does not run. */
void
evnic_rxq_stop(struct evnic_rxq *q)
{
	uint32_t read = atomic_load_explicit(&q->ring->read, memory_order_relaxed);

	for (uint32_t i = read; i != q->next_post; i++)
		rte_mempool_put(q->pool, q->mbufs[i & q->mask]);
	rouse_evring_init(q->ring, q->ring->capacity);
	q->next_post = 0;
	q->taken = q->posted_seen = q->pending = 0;
	atomic_store_explicit(&q->posted, 0, memory_order_relaxed);
}
