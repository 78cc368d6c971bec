/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The receive path. A ring of descriptors, each with a buffer or without one:
 *
 *        refill            next                    refill
 *    ------|   no buffer    |  received, or to be   |------
 *
 * The device has those from `next` on, but for the last: what RDT names is not its own (8.10.9),
 * and RDT is the one before `refill`. Buffers are posted by IGB_REFILL at a time, with one write of
 * RDT. What is received is delivered whether or not there are mbufs to take its place.
 */

#include <rte_prefetch.h>

#include "igb.h"

static inline uint16_t
after(const struct igb_rxq *q, uint16_t at)
{
	return unlikely(at + 1 == q->nb_desc) ? 0 : at + 1;
}

/* The second quadword: the device writes it last, with the bit DD. Pairs with that write. */
static inline uint64_t
read_high(const union igb_rx_desc *d)
{
	return rte_le_to_cpu_64(__atomic_load_n(&d->wb.high, __ATOMIC_ACQUIRE));
}

/* Of `next` and `nb_free`, which igb_rxq_has_packets() may read on another lcore: whole, and that
 * is all. */
static inline void
store(uint16_t *to, uint16_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

/* ---- posting buffers ---- */

/* 7.1.5.1: the address of the buffer; that of the header is none, which clears the bit DD. */
static inline void
post(struct igb_rxq *q, union igb_rx_desc *d, struct rte_mbuf *m)
{
	*igb_rearm_word(m) = q->rearm;
	d->read.addr = rte_cpu_to_le_64(rte_mbuf_iova_get(m) + RTE_PKTMBUF_HEADROOM);
	d->read.header = 0;
}

/* Post what there are mbufs for. One write of RDT for all. */
void
igb_rxq_refill(struct igb_rxq *q)
{
	uint16_t at = q->refill, nb_free = q->nb_free;

	while (nb_free >= IGB_REFILL) {
		struct rte_mbuf **mbufs = &q->mbufs[at];

		if (unlikely(rte_mempool_get_bulk(q->pool, (void **)mbufs, IGB_REFILL) != 0)) {
			rouse_counter_add(&q->nombuf, 1);
			break;
		}
		for (uint16_t i = 0; i < IGB_REFILL; i++)
			post(q, &q->ring[at + i], mbufs[i]);
		nb_free -= IGB_REFILL;
		at = at + IGB_REFILL == q->nb_desc ? 0 : at + IGB_REFILL;
	}
	if (nb_free == q->nb_free)
		return;
	store(&q->nb_free, nb_free);
	q->refill = at;
	/* the write is behind those of the descriptors */
	igb_write(q->hw, q->tail, at == 0 ? q->nb_desc - 1u : at - 1u);
}

/* ---- receiving ---- */

/* What the device found in a frame, 7.1.5.2. */
static inline void
describe(const struct igb_rxq *q, struct rte_mbuf *m, uint64_t low, uint64_t high)
{
	static const uint32_t unknown = RTE_PTYPE_UNKNOWN;

	m->ol_flags = q->flags[igb_rx_flags_index(low, high)];
	m->packet_type = unlikely(IGB_RX_IS_ETQF(low)) ? unknown : q->ptypes[IGB_RX_TYPE(low)];
	/* length and VLAN tag stand in the descriptor as they do in the mbuf, and the hash beside
	 * them */
	m->data_len = IGB_RX_LENGTH(high);
	m->vlan_tci = (uint16_t)(high >> 48);
	m->hash.rss = (uint32_t)(low >> 32);
}

static inline void
finish(struct igb_rxq *q, uint16_t at, uint16_t used, uint16_t nb_pkts, uint64_t bytes)
{
	if (used != 0) {
		store(&q->next, at);
		store(&q->nb_free, q->nb_free + used);
	}
	if (nb_pkts != 0) {
		rouse_counter_add(&q->ipackets, nb_pkts);
		rouse_counter_add(&q->ibytes, bytes);
	}
	if (q->nb_free >= IGB_REFILL)
		igb_rxq_refill(q);
}

uint16_t
igb_rx_burst(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct igb_rxq *q = rxq;
	uint16_t most, at, n;
	uint64_t bytes = 0;

	/* first: what its start wrote is seen only after that */
	if (unlikely(!igb_rxq_is_started(q)))
		return 0;
	/* a descriptor without a buffer still has the bit DD of what was received there last */
	most = RTE_MIN(nb_pkts, (uint16_t)(q->nb_desc - q->nb_free));
	at = q->next;
	for (n = 0; n < most; n++) {
		union igb_rx_desc *d = &q->ring[at];
		uint64_t high = read_high(d), low;
		struct rte_mbuf *m;

		if ((high & IGB_RX_DD) == 0)
			break;
		low = rte_le_to_cpu_64(d->wb.low);
		m = q->mbufs[at];
		describe(q, m, low, high);
		m->pkt_len = m->data_len;
		bytes += m->data_len;
		pkts[n] = m;
		at = after(q, at);
	}
	finish(q, at, n, n, bytes);
	return n;
}

/* A buffer of a frame that takes several. */
static inline void
append(struct igb_rxq *q, struct rte_mbuf *m, uint16_t len)
{
	m->data_len = len;
	if (q->head == NULL) {
		q->head = m;
		m->pkt_len = len;
	} else {
		q->head->pkt_len += len;
		q->head->nb_segs++;
		q->last->next = m;
	}
	q->last = m;
}

/* Frames longer than a buffer: 7.1.5.2, a descriptor a buffer, the last one with EOP. What was
 * found in the frame stands there. */
uint16_t
igb_rx_burst_scattered(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct igb_rxq *q = rxq;
	uint16_t most, at, used, n = 0;
	uint64_t bytes = 0;

	/* first: what its start wrote is seen only after that */
	if (unlikely(!igb_rxq_is_started(q)))
		return 0;
	most = q->nb_desc - q->nb_free;
	at = q->next;
	for (used = 0; used < most && n < nb_pkts; used++) {
		union igb_rx_desc *d = &q->ring[at];
		uint64_t high = read_high(d), low;
		struct rte_mbuf *m;
		uint32_t len;

		if ((high & IGB_RX_DD) == 0)
			break;
		low = rte_le_to_cpu_64(d->wb.low);
		append(q, q->mbufs[at], IGB_RX_LENGTH(high));
		at = after(q, at);
		if ((high & IGB_RX_EOP) == 0)
			continue;
		m = q->head;
		len = m->data_len;
		describe(q, m, low, high);
		m->data_len = (uint16_t)len; /* its first buffer's */
		q->head = NULL;
		bytes += m->pkt_len;
		pkts[n++] = m;
	}
	finish(q, at, used, n, bytes);
	return n;
}

/* ---- looking, without receiving ---- */

static inline bool
is_done(const struct igb_rxq *q, uint16_t ahead)
{
	uint32_t at = (uint32_t)q->next + ahead;

	return (read_high(&q->ring[at < q->nb_desc ? at : at - q->nb_desc]) & IGB_RX_DD) != 0;
}

/* The queue's lcore asks, or another one that shares its vector. That one may see where the ring
 * was before: then the queue's own lcore is awake, and looks itself when it has armed the queue.
 * Pairs with store(). */
bool
igb_rxq_has_packets(const struct igb_rxq *q)
{
	uint16_t nb_free = __atomic_load_n(&q->nb_free, __ATOMIC_RELAXED);
	uint16_t at = __atomic_load_n(&q->next, __ATOMIC_RELAXED);

	return nb_free < q->nb_desc && (read_high(&q->ring[at]) & IGB_RX_DD) != 0;
}

/* To within four, as a look at each would take long. */
uint32_t
igb_rxq_count(void *rxq)
{
	const struct igb_rxq *q = rxq;
	uint16_t most = q->nb_desc - q->nb_free, n = 0;

	while (n < most && is_done(q, n))
		n += 4;
	return RTE_MIN(n, most);
}

int
igb_rx_descriptor_status(void *rxq, uint16_t offset)
{
	const struct igb_rxq *q = rxq;

	if (offset >= q->nb_desc)
		return -EINVAL;
	/* the one that RDT names is not the device's */
	if (offset >= q->nb_desc - q->nb_free)
		return RTE_ETH_RX_DESC_UNAVAIL;
	if (is_done(q, offset))
		return RTE_ETH_RX_DESC_DONE;
	return offset == q->nb_desc - q->nb_free - 1 ? RTE_ETH_RX_DESC_UNAVAIL
						     : RTE_ETH_RX_DESC_AVAIL;
}
