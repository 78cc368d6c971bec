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
		q->bufs[evnic_buf_place(q, q->next_post + i)] =
			(uint64_t)(uintptr_t)mbufs[i]->buf_addr + RTE_PKTMBUF_HEADROOM;
	}
	q->next_post += n;
	/* pairs with the acquire in the wire's take_buffer() */
	atomic_store_explicit(&q->posted, q->next_post, memory_order_release);
}

/* The wire asks when it has to drop a frame: is the driver late, or has it no mbufs? */
static void
set_dry(struct evnic_rxq *q, bool is_dry)
{
	if (likely(q->is_dry == is_dry))
		return;
	q->is_dry = is_dry;
	atomic_store_explicit(&q->dry, is_dry, memory_order_relaxed);
}

/* Post buffers for those that were used, by whole batches; the pool's cache is this lcore's. */
static void
refill(struct evnic_rxq *q)
{
	uint32_t consumed = atomic_load_explicit(&q->consumed, memory_order_relaxed);
	struct rte_mbuf *mbufs[EVNIC_REFILL];
	uint32_t before = q->next_post;

	while (q->limit - (q->next_post - consumed) >= EVNIC_REFILL) {
		uint32_t n = EVNIC_REFILL;

		if (unlikely(rte_mempool_get_bulk(q->pool, (void **)mbufs, n) != 0)) {
			set_dry(q, true);
			/* an empty queue would never be woken again: take what there is */
			n = 1;
			if (q->next_post - consumed >= q->chain ||
			    rte_mempool_get_bulk(q->pool, (void **)mbufs, n) != 0) {
				rouse_counter_add(&q->nombuf, 1);
				break;
			}
		} else {
			set_dry(q, false);
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

/* n entries are finished with: frames in `used` buffers, and `controls` events without a frame. */
static void
finish(struct evnic_rxq *q, uint32_t n, uint32_t used, uint32_t controls)
{
	uint32_t consumed = atomic_load_explicit(&q->consumed, memory_order_relaxed);

	rouse_evring_advance(q->entries, n);
	/* relaxed: the wire counts with it, no more */
	atomic_store_explicit(&q->consumed, consumed + used, memory_order_relaxed);
	if (unlikely(controls != 0))
		evnic_events_handled(q);
}

uint16_t
evnic_rx_burst(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct evnic_rxq *q = rxq;
	uint32_t ready, used, controls;
	uint64_t bytes = 0;
	uint16_t n = 0;

	if (unlikely(q->gathers))
		evnic_rxq_gather(q);
	/* again after events without a frame: less than was asked for means that this was all */
	do {
		uint32_t want = (uint32_t)nb_pkts - n;

		controls = 0;
		ready = RTE_MIN(rouse_evring_peek(q->entries, want), want);
		for (used = 0; used < ready; used++) {
			const struct rouse_event *e = rouse_evring_entry(q->entries, used);
			struct rte_mbuf *m;

			if (unlikely(e->code != ROUSE_EVENT_RX)) {
				evnic_event_handle(q, e);
				controls++;
				continue;
			}
			m = q->mbufs[e->data & q->mask];
			*rearm_word(m) = q->rearm;
			m->ol_flags = q->ol_flags[e->flags];
			m->packet_type = e->ptype;
			m->pkt_len = e->len;
			m->data_len = (uint16_t)e->len;
			m->hash.rss = e->rss_hash;
			m->vlan_tci = 0;
			bytes += e->len;
			pkts[n++] = m;
		}
		if (used != 0)
			finish(q, used, used - controls, controls);
	} while (unlikely(controls != 0));
	if (n != 0) {
		rouse_counter_add(&q->ipackets, n);
		rouse_counter_add(&q->ibytes, bytes);
	}
	refill(q);
	return n;
}

/* The mbuf of the frame whose first entry is the i-th; how many entries it takes. */
static uint32_t
chain(const struct evnic_rxq *q, uint32_t i, struct rte_mbuf **out)
{
	const struct rouse_event *e = rouse_evring_entry(q->entries, i);
	struct rte_mbuf *m = q->mbufs[e->data & q->mask], *last = m;
	uint32_t left = e->len, n = 0;

	m->ol_flags = q->ol_flags[e->flags];
	m->packet_type = e->ptype;
	m->pkt_len = e->len;
	m->hash.rss = e->rss_hash;
	m->vlan_tci = 0;
	*rearm_word(m) = q->rearm;
	for (;;) {
		last->data_len = (uint16_t)RTE_MIN(left, q->room);
		left -= last->data_len;
		n++;
		if (left == 0)
			break;
		e = rouse_evring_entry(q->entries, i + n);
		last->next = q->mbufs[e->data & q->mask];
		last = last->next;
		*rearm_word(last) = q->rearm;
		last->ol_flags = 0;
		m->nb_segs++;
	}
	*out = m;
	return n;
}

/*
 * The same for queues whose frames may be longer than a buffer. The entries of a frame follow each
 * other, one a buffer; each says how long the frame is from its buffer on.
 */
uint16_t
evnic_rx_burst_scattered(void *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct evnic_rxq *q = rxq;
	uint32_t ready, used, controls;
	uint64_t bytes = 0;
	uint16_t n = 0;

	if (unlikely(q->gathers))
		evnic_rxq_gather(q);
	do {
		used = controls = 0;
		ready = rouse_evring_peek(q->entries, (nb_pkts - n) * q->chain);
		while (n < nb_pkts && used < ready) {
			const struct rouse_event *e = rouse_evring_entry(q->entries, used);

			if (unlikely(e->code != ROUSE_EVENT_RX)) {
				evnic_event_handle(q, e);
				controls++;
				used++;
				continue;
			}
			/* whoever sorts a shared ring has moved a part of it so far */
			if ((e->len + q->room - 1) / q->room > ready - used)
				break;
			bytes += e->len;
			used += chain(q, used, &pkts[n++]);
		}
		if (used != 0)
			finish(q, used, used - controls, controls);
	} while (unlikely(controls != 0));
	if (n != 0) {
		rouse_counter_add(&q->ipackets, n);
		rouse_counter_add(&q->ibytes, bytes);
	}
	refill(q);
	return n;
}

/* Post what can be posted; whether the device has a buffer for any frame then. A stopped queue
 * needs none. */
bool
evnic_rxq_has_buffers(struct evnic_rxq *q)
{
	refill(q);
	return q->limit == 0 ||
	       q->next_post - atomic_load_explicit(&q->consumed, memory_order_relaxed) >= q->chain;
}

uint32_t
evnic_rxq_count(void *rxq)
{
	const struct evnic_rxq *q = rxq;

	/* pairs with the release in the wire's publish() */
	return atomic_load_explicit(&q->filled, memory_order_acquire) -
	       atomic_load_explicit(&q->consumed, memory_order_relaxed);
}

/* Of the descriptor `offset` places after the next one to be read. */
int
evnic_rx_descriptor_status(void *rxq, uint16_t offset)
{
	struct evnic_rxq *q = rxq;
	uint32_t consumed = atomic_load_explicit(&q->consumed, memory_order_relaxed);

	if (offset >= q->nb_desc)
		return -EINVAL;
	if (offset < evnic_rxq_count(q))
		return RTE_ETH_RX_DESC_DONE;
	return offset < q->next_post - consumed ? RTE_ETH_RX_DESC_AVAIL : RTE_ETH_RX_DESC_UNAVAIL;
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
	rte_compiler_barrier(); /* the fields were written by their own types */
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

/* Bytes of a frame that a buffer of the pool holds. */
static uint32_t
room_of(struct rte_mempool *pool)
{
	uint32_t room = rte_pktmbuf_data_room_size(pool);

	return room <= RTE_PKTMBUF_HEADROOM ? 0 : room - RTE_PKTMBUF_HEADROOM;
}

/* Without RTE_ETH_RX_OFFLOAD_SCATTER: a buffer must hold the longest frame that is known to come.
 */
static int
check_buffers(const struct evnic_rxq *q)
{
	uint32_t longest = evnic_ends_longest(q->port);
	char source[EVNIC_PATH_MAX + 16];

	if (q->room >= EVNIC_MIN_BUF && q->room >= longest)
		return 0;
	evnic_ends_name(q->port, source, sizeof(source));
	EVNIC_LOG(
		ERR,
		"%s: %s: its longest frame has %u bytes, the mbufs of queue %u hold %u; use mbufs "
		"of %u bytes or more (--mbuf-size)",
		q->port->data->name, source, longest, q->queue, q->room,
		longest + RTE_PKTMBUF_HEADROOM);
	return -EINVAL;
}

/* Bytes of the longest frame, where one of any length may be scattered. */
static uint32_t
longest_in_chain(const struct evnic_port *p)
{
	uint32_t longest = evnic_ends_longest(p);

	return longest == 0 ? EVNIC_MAX_FRAME : longest;
}

/* With it the queue must be able to hold that frame. Buffers are posted when EVNIC_REFILL of them
 * are missing: one fewer may be for long. */
static int
check_chain(const struct evnic_rxq *q)
{
	uint32_t longest = longest_in_chain(q->port);
	uint32_t nb = evnic_rxq_limit(q->nb_desc) - (EVNIC_REFILL - 1);
	char source[EVNIC_PATH_MAX + 16];

	if (q->room >= EVNIC_MIN_BUF && (longest + q->room - 1) / q->room <= nb)
		return 0;
	evnic_ends_name(q->port, source, sizeof(source));
	EVNIC_LOG(ERR,
		  "%s: %s: a frame may have %u bytes, too many for the %u buffers that queue %u is "
		  "sure to have, with %u bytes each; use larger mbufs or more descriptors",
		  q->port->data->name, source, longest, nb, q->queue, q->room);
	return -EINVAL;
}

/*
 * What depends on the port's configuration. ethdev keeps queues that are set up when a port is
 * configured again: so at each start, too. 0; -EINVAL: the queue cannot receive what is to come,
 * which was logged.
 */
int
evnic_rxq_fit(struct evnic_rxq *q)
{
	uint64_t of_port = q->port->data->dev_conf.rxmode.offloads;
	bool scatter = (of_port & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
	int ret = scatter ? check_chain(q) : check_buffers(q);

	if (ret != 0)
		return ret;
	q->chain = scatter ? (longest_in_chain(q->port) + q->room - 1) / q->room : 1;
	q->offloads = q->own_offloads | of_port;
	fill_ol_flags(q);
	return 0;
}

int
evnic_rxq_setup(struct rte_eth_dev *dev, uint16_t queue, uint16_t nb_desc, unsigned int socket,
		const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	struct evnic_port *p = dev->data->dev_private;
	uint32_t capacity = rte_align32pow2(nb_desc);
	struct evnic_rxq *q;
	int ret;

	if (p->bound[queue] != NULL) {
		EVNIC_LOG(ERR,
			  "%s: queue %u is bound to a worker; pause the port there, or remove the "
			  "queue, before it is set up",
			  dev->data->name, queue);
		return -EBUSY;
	}
	q = rte_zmalloc_socket("evnic_rxq", sizeof(*q), RTE_CACHE_LINE_SIZE, (int)socket);
	if (q == NULL)
		return -ENOMEM;
	rouse_attn_init_with(&q->own_attn, -1); /* its vector's, when the port starts */
	rouse_attn_poll(&q->own_attn);
	q->own.attn = &q->own_attn;

	q->mask = capacity - 1;
	q->nb_desc = nb_desc;
	q->room = room_of(pool);
	q->own_offloads = conf->offloads;
	q->deferred = conf->rx_deferred_start != 0;
	q->pool = pool;
	q->port = p;
	q->queue = queue;
	q->waits = p->args.overrun == EVNIC_OVERRUN_WAIT;
	q->rearm = rearm_data(dev->data->port_id);
	p->rxq[queue] = q;
	dev->data->rx_queues[queue] = q;

	ret = evnic_rxq_fit(q);
	if (ret != 0)
		goto release;
	ret = -ENOMEM;
	q->mbufs = rte_zmalloc_socket("evnic_mbufs", capacity * sizeof(*q->mbufs),
				      RTE_CACHE_LINE_SIZE, (int)socket);
	if (q->mbufs == NULL)
		goto release;
	q->bufs = rte_zmalloc_socket("evnic_bufs", capacity * sizeof(*q->bufs), RTE_CACHE_LINE_SIZE,
				     (int)socket);
	if (q->bufs == NULL)
		goto release;
	return 0;

release:
	evnic_rxq_release(dev, queue);
	return ret;
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
	/* ethdev asks nobody: a worker that was not told still has it, and finds it stopped */
	if (p->bound[queue] != q)
		evnic_rxq_free(q);
}

void
evnic_rxq_free(struct evnic_rxq *q)
{
	rte_free(q->stash);
	rte_free(q->bufs);
	rte_free(q->mbufs);
	rte_free(q);
}

void
evnic_rxq_info_get(struct rte_eth_dev *dev, uint16_t queue, struct rte_eth_rxq_info *info)
{
	const struct evnic_rxq *q = dev->data->rx_queues[queue];

	info->mp = q->pool;
	info->nb_desc = (uint16_t)q->nb_desc;
	info->conf.offloads = q->offloads;
	info->conf.rx_deferred_start = q->deferred;
	info->scattered_rx = dev->data->scattered_rx;
	info->rx_buf_size = (uint16_t)q->room;
}

/* How many buffers a queue keeps posted: its event ring is a power of two, and takes events
 * without a frame beside them. */
uint32_t
evnic_rxq_limit(uint32_t nb_desc)
{
	return RTE_MIN(nb_desc, rte_align32pow2(nb_desc) - EVNIC_CONTROL_EVENTS);
}

/* Post the first buffers. After a failure some are posted: the caller stops the queue. */
int
evnic_rxq_start(struct evnic_rxq *q)
{
	q->limit = evnic_rxq_limit(q->nb_desc);
	refill(q);
	if (q->limit - q->next_post >= EVNIC_REFILL) {
		EVNIC_LOG(ERR,
			  "port %u: mbuf pool %s is empty before queue %u has its %u buffers; make "
			  "it larger (--total-num-mbufs)",
			  q->port->data->port_id, q->pool->name, q->queue, q->limit);
		return -ENOBUFS;
	}
	return 0;
}

/* What is in the queue's rings, without giving it to anybody. */
static void
discard(struct evnic_rxq *q)
{
	uint32_t n, controls = 0;

	if (q->gathers)
		evnic_rxq_gather(q);
	n = rouse_evring_peek(q->entries, UINT32_MAX);
	for (uint32_t i = 0; i < n; i++) {
		const struct rouse_event *e = rouse_evring_entry(q->entries, i);

		if (e->code != ROUSE_EVENT_RX) {
			evnic_event_handle(q, e);
			controls++;
		}
	}
	finish(q, n, 0, controls);
}

/* Give every buffer back, read or not; the wire thread does not run, or has let go of the queue. */
void
evnic_rxq_stop(struct evnic_rxq *q)
{
	discard(q);
	for (uint32_t i = q->consumed; i != q->next_post; i++)
		rte_mempool_put(q->pool, q->mbufs[i & q->mask]);
	q->limit = q->next_post = 0;
	set_dry(q, false);
	atomic_store_explicit(&q->consumed, 0, memory_order_relaxed);
}

/* The wire's side forgets all buffers; the wire thread's alone while it runs, between two rounds.
 */
void
evnic_rxq_reset(struct evnic_rxq *q)
{
	q->taken = q->posted_seen = 0;
	atomic_store_explicit(&q->posted, 0, memory_order_relaxed);
	atomic_store_explicit(&q->filled, 0, memory_order_relaxed);
}
