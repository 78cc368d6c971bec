/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Queues bound to workers, by the registry. An event ring has one consumer: all queues of which it
 * can carry events are bound to the same worker, or left to ordinary users, each of which is told
 * by its queue's own attention.
 */

#include <errno.h>

#include "evnic.h"

static struct evnic_rxq *
rxq_of(struct evnic_port *p, uint16_t queue)
{
	return queue < p->data->nb_rx_queues ? p->rxq[queue] : NULL;
}

/* Is any queue? */
bool
evnic_is_bound(const struct evnic_port *p)
{
	for (uint16_t i = 0; i < EVNIC_MAX_QUEUES; i++)
		if (p->bound[i] != NULL)
			return true;
	return false;
}

/* Let rings of one worker share vectors, rather than those of two, unless the user says which. */
void
evnic_plan(struct evnic_port *p)
{
	uint16_t nb_rings = p->steer.nb_rings, vector_of_ring[EVNIC_MAX_QUEUES];
	const void *owners[EVNIC_MAX_QUEUES] = { NULL };
	uint64_t used = 0;

	if (!p->is_planned)
		return;
	for (uint16_t i = 0; i < p->steer.nb_queues; i++)
		used |= evnic_rings_of(p, i);
	for (uint16_t i = 0; i < nb_rings; i++)
		owners[i] = p->rings[i].bound_queues != 0 ? p->rings[i].bound.attn : NULL;
	evnic_plan_vectors(owners, nb_rings, used, p->steer.nb_vectors, vector_of_ring);
	for (uint16_t i = 0; i < nb_rings; i++)
		rouse_steer_vector_set(&p->steer, i, vector_of_ring[i]);
	for (uint16_t i = 0; i < p->steer.nb_queues * ROUSE_NB_EVENT_CODES; i++) {
		uint16_t queue = i / ROUSE_NB_EVENT_CODES;
		enum rouse_event_code code = (enum rouse_event_code)(i % ROUSE_NB_EVENT_CODES);
		/* the ring that the chosen map names, beside the one that the entry does */
		uint16_t ring = rouse_steer_event(&p->steer, queue, code).ring;

		rouse_steer_event_set(&p->steer, queue, code,
				      rouse_steer_event_entry(&p->steer, queue, code).ring,
				      vector_of_ring[ring]);
	}
}

static int
bind_queue(void *ctx, uint16_t queue, const struct rouse_attn_owner *owner, uint64_t *rings)
{
	struct evnic_port *p = ctx;

	if (rxq_of(p, queue) == NULL)
		return -ERANGE;
	if (p->bound[queue] != NULL)
		return -EBUSY;
	*rings = evnic_rings_of(p, queue);
	for (uint64_t bits = *rings; bits != 0; bits &= bits - 1) {
		const struct evnic_ring *r = &p->rings[__builtin_ctzll(bits)];

		if (r->bound_queues != 0 &&
		    (r->bound.attn != owner->attn || r->bound.device != owner->device))
			return -EBUSY;
	}
	for (uint64_t bits = *rings; bits != 0; bits &= bits - 1) {
		struct evnic_ring *r = &p->rings[__builtin_ctzll(bits)];

		if (r->bound_queues == 0) {
			r->bound = (struct rouse_attn_target){
				.attn = owner->attn,
				.device = owner->device,
				.ring = (uint8_t)__builtin_ctzll(bits),
			};
			/* pairs with the acquire in evnic_vector_signal() */
			atomic_store_explicit(&r->target, &r->bound, memory_order_release);
		}
		r->bound_queues |= UINT64_C(1) << queue;
	}
	p->bound[queue] = p->rxq[queue];
	evnic_plan(p);
	/* from here on no message goes to the old target */
	evnic_wire_sync(p);
	return 0;
}

/* Nothing happens if it is not bound. The queue may have been released meanwhile. */
void
evnic_unbind(struct evnic_port *p, uint16_t queue)
{
	struct evnic_rxq *q = p->bound[queue];

	if (q == NULL)
		return;
	for (uint64_t bits = evnic_rings_of(p, queue); bits != 0; bits &= bits - 1) {
		struct evnic_ring *r = &p->rings[__builtin_ctzll(bits)];

		r->bound_queues &= ~(UINT64_C(1) << queue);
		if (r->bound_queues == 0)
			atomic_store_explicit(&r->target, NULL, memory_order_release);
	}
	evnic_plan(p);
	evnic_wire_sync(p);
	p->bound[queue] = NULL;
	if (p->rxq[queue] != q)
		evnic_rxq_free(q);
}

static int
unbind_queue(void *ctx, uint16_t queue)
{
	struct evnic_port *p = ctx;

	if (queue >= EVNIC_MAX_QUEUES)
		return -ERANGE;
	if (p->bound[queue] == NULL)
		return rxq_of(p, queue) == NULL ? -ERANGE : -ENOENT;
	evnic_unbind(p, queue);
	return 0;
}

/* ---- what a worker asks, though the port may have been stopped, or changed ---- */

/* Whether rx_burst takes entries out. Where the port is stopped, or not quite started, ethdev has a
 * function of its own in the place; the queues are what it exchanges last. Any thread. */
bool
evnic_is_received(const struct evnic_port *p)
{
	const struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[p->data->port_id];
	void **queues = __atomic_load_n(&ops->rxq.data, __ATOMIC_ACQUIRE);

	return queues != NULL && queues == p->data->rx_queues;
}

static uint64_t
queue_owed(void *ctx, uint16_t queue)
{
	struct evnic_port *p = ctx;
	uint64_t owed;

	/* what the bits named of a port that is stopped is still there, and was not lost; who
	 * starts it has the rings, and there is nothing in them */
	if (!evnic_is_received(p) || rte_spinlock_trylock(&p->rings_lock) == 0)
		return 0;
	owed = evnic_rxq_owed(p->bound[queue]);
	rte_spinlock_unlock(&p->rings_lock);
	return owed;
}

/* That of a stopped queue has all that it needs. */
static bool
queue_has_buffers(void *ctx, uint16_t queue)
{
	const struct evnic_port *p = ctx;

	return evnic_rxq_has_buffers(p->bound[queue]);
}

static int
moderate(void *ctx, uint16_t vector, uint32_t us)
{
	const struct evnic_port *p = ctx;

	return rouse_evnic_vector_interval_set(p->data->port_id, vector, us);
}

const struct rouse_attn_port_ops evnic_attn_ops = {
	.bind = bind_queue,
	.unbind = unbind_queue,
	.owed = queue_owed,
	.has_buffers = queue_has_buffers,
	.moderate = moderate,
};
