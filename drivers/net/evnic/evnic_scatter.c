/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Frames longer than a buffer (RTE_ETH_RX_OFFLOAD_SCATTER): all buffers of a frame or none, an
 * entry each, in order. An entry's length is that of the frame from its buffer on; so the driver
 * finds the end without a mark. The wire thread's alone.
 */

#include <string.h>

#include <rte_memcpy.h>

#include "evnic.h"

/* False: the queue has too few buffers for it. */
bool
evnic_scatter_deliver(struct evnic_port *p, const struct evnic_frame *f,
		      struct rouse_steer_path path, uint64_t tsc)
{
	struct evnic_rxq *q = p->rxq[path.queue];
	struct evnic_ring *ring = &p->rings[path.ring];
	uint32_t nb = (f->len + q->room - 1) / q->room;
	const uint8_t *from = f->data;
	uint32_t left = f->len;

	if (q->posted_seen - q->taken < nb) {
		/* pairs with the release in the driver's refill */
		q->posted_seen = atomic_load_explicit(&q->posted, memory_order_acquire);
		if (q->posted_seen - q->taken < nb)
			return false;
	}
	while (left != 0) {
		/* a ring has an entry for every buffer of its queues: there is always room */
		struct rouse_event *event = rouse_evring_slot(ring->entries, ring->pending++);
		uint32_t part = RTE_MIN(left, q->room);

		rte_memcpy((void *)(uintptr_t)q->bufs[evnic_buf_place(q, q->taken)], from, part);
		event->data = q->taken++;
		event->time_tsc = tsc;
		event->rss_hash = f->hash;
		event->ptype = f->ptype;
		event->len = left;
		event->queue = path.queue;
		event->code = ROUSE_EVENT_RX;
		event->flags = f->flags;
		if (unlikely(p->wire.trace != NULL && left == f->len))
			evnic_trace_event(p->wire.trace, event, path);
		from += part;
		left -= part;
	}
	ring->vectors |= UINT64_C(1) << path.vector;
	ring->addressed |= UINT64_C(1) << path.queue;
	p->wire.touched |= UINT64_C(1) << path.ring;
	return true;
}
