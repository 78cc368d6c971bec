/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Rx interrupts of ordinary ethdev users. Each queue has an attention of its own, whose states are
 * those of its interrupt: POLL disabled, PARK enabled, ATTEND fired. Its doorbell is the eventfd of
 * the vector that its frames are signalled by, as on a NIC: queues that share a vector share it.
 */

#include <errno.h>

#include <rte_cycles.h>

#include "evnic.h"

/* EAL reads so many bytes from the eventfd when it returns it: it drains it for stock programs. */
#define EFD_COUNTER_SIZE sizeof(uint64_t)

static uint16_t
vector_of(const struct evnic_port *p, uint16_t queue)
{
	return rouse_steer_event(&p->steer, queue, ROUSE_EVENT_RX).vector;
}

/* What came before the interrupt was enabled. Where mask or interval have a say, the wire sends the
 * message. */
static void
fire(struct evnic_port *p, struct evnic_rxq *q)
{
	struct evnic_vector *v = &p->vectors[vector_of(p, q->queue)];

	if (!atomic_load_explicit(&v->masked, memory_order_relaxed) &&
	    atomic_load_explicit(&v->interval_tsc, memory_order_relaxed) == 0) {
		if (rouse_attn_wake(&q->own, rte_rdtsc()))
			atomic_fetch_add_explicit(&v->fired, 1, memory_order_relaxed);
		return;
	}
	atomic_fetch_or_explicit(&v->pending, UINT64_C(1) << (q->ring - p->rings),
				 memory_order_relaxed);
	evnic_wire_request(p);
}

int
evnic_rxq_intr_enable(struct rte_eth_dev *dev, uint16_t queue)
{
	struct evnic_rxq *q = dev->data->rx_queues[queue];

	if (!evnic_rxq_has_buffers(q))
		return -ENOBUFS;
	/* arm; fence; look again: what came before arming would never fire. The write indicator
	 * counts: a wire that found the interrupt disabled may not have settled its entries yet */
	rouse_attn_park(&q->own_attn);
	rouse_attn_look(&q->own_attn);
	if (evnic_rxq_count(q) != 0 || (q->port->args.tx_events && evnic_rxq_has_entries(q)))
		fire(q->port, q);
	return 0;
}

int
evnic_rxq_intr_disable(struct rte_eth_dev *dev, uint16_t queue)
{
	struct evnic_rxq *q = dev->data->rx_queues[queue];

	rouse_attn_poll(&q->own_attn);
	return 0;
}

/* Hand the vectors' doorbells to ethdev as the eventfds of Rx vectors. */
int
evnic_intr_init(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;
	uint16_t nb_queues = dev->data->nb_rx_queues, nb_vectors = p->steer.nb_vectors;
	struct rte_intr_handle *handle;

	if (nb_queues == 0)
		return 0;
	handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	if (handle == NULL)
		return -ENOMEM;
	if (rte_intr_type_set(handle, RTE_INTR_HANDLE_VDEV) != 0 ||
	    rte_intr_vec_list_alloc(handle, NULL, nb_queues) != 0 ||
	    rte_intr_efd_counter_size_set(handle, EFD_COUNTER_SIZE) != 0 ||
	    rte_intr_nb_efd_set(handle, nb_vectors) != 0 ||
	    rte_intr_max_intr_set(handle, nb_vectors + RTE_INTR_VEC_RXTX_OFFSET) != 0)
		goto fail;
	for (uint16_t i = 0; i < nb_vectors; i++)
		if (rte_intr_efds_index_set(handle, i, p->vectors[i].doorbell) != 0)
			goto fail;
	for (uint16_t i = 0; i < nb_queues; i++) {
		uint16_t vector = vector_of(p, i);

		if (rte_intr_vec_list_index_set(handle, i, RTE_INTR_VEC_RXTX_OFFSET + vector) != 0)
			goto fail;
		p->rxq[i]->own_attn.doorbell = p->vectors[vector].doorbell;
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
