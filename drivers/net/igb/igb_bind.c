/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Which worker a queue's interrupt is for, by the registry (rouse_attn.h). The device cannot set
 * attention bits; what it can do is to wake nobody but the owner. So the driver learns who that is,
 * and lets the cause of the queue go to a vector of his (igb_plan.c). Nothing is written to IVAR
 * before the owner arms the queue: until then nobody waits for it.
 *
 * The owner waits for the vector's eventfd, whose epoll data names his queues of that vector; or,
 * with doorbell=1, every vector of his rings his doorbell, which names nothing.
 */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/vfio.h>

#include "igb.h"

/* ---- which eventfd a vector rings ---- */

/* The kernel takes another eventfd for one vector, while the others go on. A message that comes
 * meanwhile is lost: nobody may be waiting for it. */
static int
set_eventfd(struct igb_port *p, uint16_t vector, int fd)
{
	char buf[sizeof(struct vfio_irq_set) + sizeof(int)];
	struct vfio_irq_set *set = (struct vfio_irq_set *)(void *)buf;

	*set = (struct vfio_irq_set){
		.argsz = sizeof(buf),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.start = vector,
		.count = 1,
	};
	memcpy(set->data, &fd, sizeof(fd));
	if (ioctl(rte_intr_dev_fd_get(p->handle), VFIO_DEVICE_SET_IRQS, set) == 0)
		return 0;
	IGB_LOG(ERR, "%s: the kernel does not take an eventfd for vector %u: %s", p->hw.name,
		vector, strerror(errno));
	return -EIO;
}

static int
own_eventfd(const struct igb_port *p, uint16_t vector)
{
	return rte_intr_efds_index_get(p->handle, vector - 1);
}

static bool
is_anothers_too(const struct igb_plan *plan, uint16_t vector, const void *owner)
{
	for (uint16_t q = 0; q < plan->nb_queues; q++)
		if (plan->vector[q] == vector && plan->owner[q] != NULL && plan->owner[q] != owner)
			return true;
	return false;
}

/* Let the vector ring its owner's doorbell. -ENOSPC: somebody else waits for it, too */
static int
ring_doorbell(struct igb_port *p, uint16_t vector, const struct rouse_attn *attn)
{
	struct igb_vector *v = &p->intr.vectors[vector];
	int ret;

	if (v->rings == attn)
		return 0;
	if (is_anothers_too(&p->intr.plan, vector, attn)) {
		IGB_LOG(ERR,
			"%s: each of its %u vectors is somebody else's, and rings one doorbell; "
			"take fewer workers, or doorbell=0",
			p->hw.name, p->intr.plan.nb_vectors);
		return -ENOSPC;
	}
	ret = set_eventfd(p, vector, attn->doorbell);
	if (ret == 0)
		v->rings = attn;
	return ret;
}

/* ---- the registry's ops ---- */

/* Nothing of the queue is signalled any more. The caller holds intr.lock. */
static void
take_from_owner(struct igb_port *p, uint16_t queue)
{
	uint16_t vector = p->intr.plan.vector[queue];
	struct igb_vector *v = &p->intr.vectors[vector];

	igb_vector_unmap(p, queue);
	p->intr.plan.owner[queue] = NULL;
	/* a doorbell that the vector rings for nobody's queue may be gone tomorrow */
	if (v->rings != NULL && !igb_plan_is_used(&p->intr.plan, vector)) {
		set_eventfd(p, vector, own_eventfd(p, vector));
		v->rings = NULL;
	}
}

static void
leave(struct igb_port *p, uint16_t queue)
{
	take_from_owner(p, queue);
	igb_plan_give(&p->intr.plan, queue, NULL);
	igb_vectors_tell_shared(p);
	for (uint16_t q = 0; q < p->intr.plan.nb_queues; q++)
		igb_intr_tell_vector(p, q);
}

static int
assign(void *ctx, uint16_t queue, const struct rouse_attn_owner *owner,
       struct rouse_attn_intr *intr)
{
	struct igb_port *p = ctx;
	uint16_t vector;
	int ret = 0;

	if (queue >= p->data->nb_rx_queues)
		return -ERANGE;
	if (!p->intr.is_on)
		return -ENOTSUP;
	rte_spinlock_lock(&p->intr.lock);
	if (igb_plan_is_given(&p->intr.plan, queue))
		rouse_counter_add(&p->intr.moves, 1);
	take_from_owner(p, queue);
	vector = igb_plan_give(&p->intr.plan, queue, owner->attn);
	igb_vectors_tell_shared(p);
	if (p->args.doorbell)
		ret = ring_doorbell(p, vector, owner->attn);
	if (ret != 0) {
		leave(p, queue);
	} else {
		for (uint16_t q = 0; q < p->intr.plan.nb_queues; q++)
			igb_intr_tell_vector(p, q);
		intr->fd = p->args.doorbell ? -1 : own_eventfd(p, vector);
		intr->vector = vector;
	}
	rte_spinlock_unlock(&p->intr.lock);
	return ret;
}

static int
release(void *ctx, uint16_t queue)
{
	struct igb_port *p = ctx;
	int ret = 0;

	if (queue >= IGB_MAX_QUEUES)
		return -ERANGE;
	rte_spinlock_lock(&p->intr.lock);
	if (!igb_plan_is_given(&p->intr.plan, queue))
		ret = -ENOENT;
	else if (p->intr.is_on)
		leave(p, queue);
	else
		p->intr.plan.owner[queue] = NULL;
	rte_spinlock_unlock(&p->intr.lock);
	return ret;
}

/* Would a worker not notice what is done to the port? 0; -EBUSY, after one line: it has one of
 * these queues */
int
igb_check_let_go(const struct igb_port *p, uint16_t first, uint16_t nb, const char *what)
{
	for (uint16_t q = first; q < first + nb; q++) {
		if (!igb_plan_is_given(&p->intr.plan, q))
			continue;
		IGB_LOG(ERR,
			"%s: Rx queue %u is a worker's; pause the port there, or remove the queue, "
			"before %s",
			p->hw.name, q, what);
		return -EBUSY;
	}
	return 0;
}

static int
moderate(void *ctx, uint16_t vector, uint32_t us)
{
	const struct igb_port *p = ctx;

	return rouse_igb_moderation_set(p->data->port_id, vector, us);
}

const struct rouse_attn_port_ops igb_attn_ops = {
	.assign = assign,
	.release = release,
	.moderate = moderate,
};
