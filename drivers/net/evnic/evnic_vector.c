/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Where the events of a queue are signalled. A vector has one target at a time:
 *
 *   own_attn  ordinary ethdev users. Its states are those of the interrupt: POLL disabled, PARK
 *             enabled, ATTEND fired. Its doorbell is the eventfd that ethdev hands out.
 *   a worker  bound through the registry; the bits then are that worker's.
 *
 * The wire thread does the same for both.
 */

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "evnic.h"

/* EAL reads so many bytes from the eventfd when it returns it: it drains it for stock programs. */
#define EFD_COUNTER_SIZE sizeof(uint64_t)

int
evnic_rxq_intr_enable(struct rte_eth_dev *dev, uint16_t queue)
{
	struct evnic_rxq *q = dev->data->rx_queues[queue];

	if (!evnic_rxq_has_buffers(q))
		return -ENOBUFS;
	/* arm; fence; look again: what came before arming would never fire */
	rouse_attn_park(&q->own_attn);
	rouse_attn_look(&q->own_attn);
	if (rouse_evring_count(q->ring) != 0)
		rouse_attn_wake(&q->own, rte_rdtsc());
	return 0;
}

int
evnic_rxq_intr_disable(struct rte_eth_dev *dev, uint16_t queue)
{
	struct evnic_rxq *q = dev->data->rx_queues[queue];

	rouse_attn_poll(&q->own_attn);
	return 0;
}

/* Hand the doorbells to ethdev as the eventfds of Rx vectors. */
int
evnic_intr_init(struct rte_eth_dev *dev)
{
	uint16_t nb_queues = dev->data->nb_rx_queues;
	struct rte_intr_handle *handle;

	if (nb_queues == 0)
		return 0;
	handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	if (handle == NULL)
		return -ENOMEM;
	if (rte_intr_type_set(handle, RTE_INTR_HANDLE_VDEV) != 0 ||
	    rte_intr_vec_list_alloc(handle, NULL, nb_queues) != 0 ||
	    rte_intr_efd_counter_size_set(handle, EFD_COUNTER_SIZE) != 0 ||
	    rte_intr_nb_efd_set(handle, nb_queues) != 0 ||
	    rte_intr_max_intr_set(handle, nb_queues + RTE_INTR_VEC_RXTX_OFFSET) != 0)
		goto fail;
	for (uint16_t i = 0; i < nb_queues; i++) {
		const struct evnic_rxq *q = dev->data->rx_queues[i];

		if (rte_intr_vec_list_index_set(handle, i, RTE_INTR_VEC_RXTX_OFFSET + i) != 0 ||
		    rte_intr_efds_index_set(handle, i, q->own_attn.doorbell) != 0)
			goto fail;
	}
	dev->intr_handle = handle;
	return 0;

fail:
	rte_intr_vec_list_free(handle);
	rte_intr_instance_free(handle);
	return -ENOMEM;
}

void
evnic_intr_fini(struct rte_eth_dev *dev)
{
	if (dev->intr_handle == NULL)
		return;
	rte_intr_free_epoll_fd(dev->intr_handle);
	rte_intr_vec_list_free(dev->intr_handle);
	rte_intr_instance_free(dev->intr_handle);
	dev->intr_handle = NULL;
}

static struct evnic_rxq *
rxq_of(struct evnic_port *p, uint16_t queue)
{
	return queue < p->data->nb_rx_queues ? p->rxq[queue] : NULL;
}

static int
bind_queue(void *ctx, uint16_t queue, const struct rouse_attn_owner *owner, uint64_t *rings)
{
	struct evnic_rxq *q = rxq_of(ctx, queue);
	const struct rouse_attn_target *own;

	if (q == NULL)
		return -ERANGE;
	own = &q->own;
	if (atomic_load_explicit(&q->target, memory_order_relaxed) != own)
		return -EBUSY;
	/* the wire has let go of it: unbind waits for that */
	q->bound = (struct rouse_attn_target){
		.attn = owner->attn,
		.device = owner->device,
		.ring = (uint8_t)queue,
	};
	/* pairs with the acquire in the wire's publish() */
	atomic_store_explicit(&q->target, &q->bound, memory_order_release);
	/* a queue has its event ring for itself */
	*rings = UINT64_C(1) << queue;
	/* from here on no message goes to the old target */
	evnic_wire_sync(ctx);
	return 0;
}

static int
unbind_queue(void *ctx, uint16_t queue)
{
	struct evnic_rxq *q = rxq_of(ctx, queue);
	const struct rouse_attn_target *own;

	if (q == NULL)
		return -ERANGE;
	own = &q->own;
	if (atomic_load_explicit(&q->target, memory_order_relaxed) == own)
		return -ENOENT;
	atomic_store_explicit(&q->target, own, memory_order_release);
	evnic_wire_sync(ctx);
	return 0;
}

static uint64_t
queue_owed(void *ctx, uint16_t queue)
{
	const struct evnic_port *p = ctx;

	return rouse_evring_owed(p->rxq[queue]->ring) != 0 ? UINT64_C(1) << queue : 0;
}

static bool
queue_has_buffers(void *ctx, uint16_t queue)
{
	const struct evnic_port *p = ctx;

	return evnic_rxq_has_buffers(p->rxq[queue]);
}

const struct rouse_attn_port_ops evnic_attn_ops = {
	.bind = bind_queue,
	.unbind = unbind_queue,
	.owed = queue_owed,
	.has_buffers = queue_has_buffers,
};
