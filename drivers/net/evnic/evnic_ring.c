/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Event rings. How many there are, and which events each carries, follows from the map; so does
 * how large it is: an entry for every buffer of the queues whose frames it carries, and
 * EVNIC_CONTROL_EVENTS. So the wire always has room for a frame for which it has a buffer.
 *
 * Ordinarily a ring is drained by one queue's rx_burst, in place. A ring that carries events of
 * several queues is sorted: whoever comes by moves its entries into the stash of the queue that
 * each is for, and rx_burst reads the stash of its own. The queues may be polled by different
 * lcores, so one of them sorts at a time.
 */

#include <errno.h>

#include <rte_malloc.h>

#include "evnic.h"

/* ---- data path, the driver's side ---- */

/* One lock for the whole port, as a stash takes from several rings. Only rings that several queues
 * share come here. */
static void
sort(struct evnic_port *p, struct evnic_ring *r)
{
	uint32_t n;

	if (rouse_evring_count(r->entries) == 0)
		return;
	rte_spinlock_lock(&p->sort_lock);
	n = rouse_evring_peek(r->entries, r->entries->capacity);
	for (uint32_t i = 0; i < n; i++) {
		const struct rouse_event *event = rouse_evring_entry(r->entries, i);

		/* It fits: there are as many entries as the queue has buffers, and as its rings
		 * take events without a frame until these were handled. */
		rouse_evring_post(p->rxq[event->queue]->stash, event);
	}
	rouse_evring_advance(r->entries, n);
	rte_spinlock_unlock(&p->sort_lock);
}

/* A ring, or a stash, that holds nothing but events without a frame. */
static void
handle_all(struct evnic_rxq *q, struct rouse_evring *entries)
{
	uint32_t n = rouse_evring_peek(entries, 1);

	if (n == 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		evnic_event_handle(q, rouse_evring_entry(entries, i));
	rouse_evring_advance(entries, n);
	evnic_events_handled(q);
}

/* Before rx_burst reads the entries of the queue: what comes by other rings, or by a shared one. */
void
evnic_rxq_gather(struct evnic_rxq *q)
{
	for (uint64_t rings = q->rings; rings != 0; rings &= rings - 1) {
		struct evnic_ring *r = &q->port->rings[__builtin_ctzll(rings)];

		if (r->is_shared)
			sort(q->port, r);
		else if (r != q->ring)
			handle_all(q, r->entries);
	}
	if (q->stash != NULL && q->entries != q->stash)
		handle_all(q, q->stash);
}

/* The queue's rings that hold entries whose handshake is over and that are not read yet. What was
 * moved to the stash is out of them: whoever moved it visits the queue. */
uint64_t
evnic_rxq_owed(const struct evnic_rxq *q)
{
	uint64_t owed = 0;

	for (uint64_t rings = q->rings; rings != 0; rings &= rings - 1)
		if (rouse_evring_owed(q->port->rings[__builtin_ctzll(rings)].entries) != 0)
			owed |= rings & -rings;
	return owed;
}

/* Is there an entry for the queue, or may there be one in a shared ring? The look after a fence: it
 * finds what was published before, though its handshake may not be over. */
bool
evnic_rxq_has_entries(const struct evnic_rxq *q)
{
	for (uint64_t rings = q->rings; rings != 0; rings &= rings - 1)
		if (rouse_evring_count(q->port->rings[__builtin_ctzll(rings)].entries) != 0)
			return true;
	/* last: on its way from a shared ring an entry is in both */
	return q->stash != NULL && rouse_evring_count(q->stash) != 0;
}

/* ---- setting up: control threads, the wire thread does not run ---- */

/* The event rings by which events of the queue can come, a bit each. */
uint64_t
evnic_rings_of(const struct evnic_port *p, uint16_t queue)
{
	uint64_t rings = 0;

	for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++)
		rings |= UINT64_C(1)
			 << rouse_steer_event(&p->steer, queue, (enum rouse_event_code)code).ring;
	return rings;
}

static struct rouse_evring *
make(struct rouse_evring *old, uint32_t nb_entries, int socket)
{
	uint32_t capacity = rte_align32pow2(nb_entries);
	void *mem;

	if (old != NULL && old->capacity == capacity)
		return rouse_evring_init(old, capacity);
	rte_free(old);
	mem = rte_malloc_socket("evnic_ring", rouse_evring_memsize(capacity), RTE_CACHE_LINE_SIZE,
				socket);
	return mem == NULL ? NULL : rouse_evring_init(mem, capacity);
}

static int
start_ring(struct evnic_port *p, uint16_t ring)
{
	struct evnic_ring *r = &p->rings[ring];
	uint32_t nb_entries = EVNIC_CONTROL_EVENTS;

	r->members = 0;
	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++) {
		if ((evnic_rings_of(p, i) >> ring & 1) == 0)
			continue;
		r->members |= UINT64_C(1) << i;
		if (rouse_steer_event(&p->steer, i, ROUSE_EVENT_RX).ring == ring)
			nb_entries += evnic_rxq_limit(p->rxq[i]->nb_desc);
	}
	r->is_shared = (r->members & (r->members - 1)) != 0;
	r->pending = r->controls = 0;
	r->vectors = r->addressed = 0;
	atomic_store_explicit(&r->controls_read, 0, memory_order_relaxed);
	if (r->members == 0)
		return 0; /* no event goes there */
	r->entries = make(r->entries, nb_entries, p->data->numa_node);
	return r->entries == NULL ? -ENOMEM : 0;
}

static int
start_queue(struct evnic_port *p, struct evnic_rxq *q)
{
	uint32_t nb_entries = evnic_rxq_limit(q->nb_desc);
	bool is_any_shared = false;

	q->rings = evnic_rings_of(p, q->queue);
	q->ring = &p->rings[rouse_steer_event(&p->steer, q->queue, ROUSE_EVENT_RX).ring];
	for (uint64_t rings = q->rings; rings != 0; rings &= rings - 1) {
		is_any_shared |= p->rings[__builtin_ctzll(rings)].is_shared;
		nb_entries += EVNIC_CONTROL_EVENTS;
	}
	q->gathers = is_any_shared || (q->rings & (q->rings - 1)) != 0;
	if (is_any_shared) {
		q->stash = make(q->stash, nb_entries, p->data->numa_node);
		if (q->stash == NULL)
			return -ENOMEM;
	} else {
		rte_free(q->stash);
		q->stash = NULL;
	}
	q->entries = q->ring->is_shared ? q->stash : q->ring->entries;
	return 0;
}

/* Before the queues start: rings and stashes as the map and the queues' sizes want them. */
int
evnic_rings_start(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;
	int ret = 0;

	rte_spinlock_lock(&p->rings_lock);
	for (uint16_t i = 0; i < p->steer.nb_rings && ret == 0; i++)
		ret = start_ring(p, i);
	for (uint16_t i = 0; i < dev->data->nb_rx_queues && ret == 0; i++)
		ret = start_queue(p, p->rxq[i]);
	rte_spinlock_unlock(&p->rings_lock);
	if (ret != 0)
		EVNIC_LOG(ERR, "%s: no memory for its event rings; give fewer descriptors",
			  dev->data->name);
	return ret;
}

void
evnic_rings_free(struct evnic_port *p)
{
	for (uint16_t i = 0; i < EVNIC_MAX_QUEUES; i++) {
		rte_free(p->rings[i].entries);
		p->rings[i].entries = NULL;
	}
}
