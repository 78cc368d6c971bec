/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Vectors of queues, while the port runs: which queue's cause they signal, arming, moderation. What
 * moves is the cause of a queue, from one vector to another, by its entry in IVAR.
 *
 * A message is asked for once (armed) and comes once, which the device is told twice, as devices
 * differ: a message masks its vector (EIAM, 7.3.2.10), and its cause stays set (no EIAC, 7.3.2.9),
 * so that there is no second edge where EIAM is not heeded. Arming therefore begins with clearing
 * the cause, and that is where an event could be lost:
 *
 *   1  clear the cause      EICR, 8.8.1: a write, which is posted: it arrives later
 *
 *   2  read a register      it has arrived, and packets whose cause it has cleared are in memory:
 *
 *                           the answer does not overtake what the device wrote before
 *
 *   3  set the mask bit     EIMS, 8.8.3: a cause that was set after step 2 fires now
 *
 *   4  look at the rings    what came before
 *
 * Step 4 is the worker's if the queue is a worker's: it looks anyway (the park protocol). For
 * anybody else the driver looks, and fires the vector by hand.
 *
 * Where two owners share a vector, a message wakes both. So who clears a cause takes nothing from
 * the other one: either it has had its message, which has told him too, or it came while nobody had
 * armed the vector. But for one that moderation still holds back: there the cause stays, and may
 * wake for nothing.
 */

#include <errno.h>

#include "igb.h"

/* ---- IVAR, 7.3.1.2 and 8.8.13: which vector a queue's cause is signalled by ---- */

/* 0: by none, and no cause is set. Nothing is flushed. */
static void
write_ivar(struct igb_port *p, uint16_t queue, uint16_t vector)
{
	struct igb_ivar_slot slot = igb_ivar_slot(p->hw.family, queue, false);
	uint32_t *word = &p->intr.ivar[slot.index];
	uint32_t entry = vector != 0 ? vector | IGB_IVAR_VALID : 0;

	*word = (*word & ~(UINT32_C(0xff) << slot.shift)) | entry << slot.shift;
	igb_write(&p->hw, IGB_IVAR(slot.index), *word);
	rouse_counter_add(&p->intr.ivar_writes, 1);
}

static bool
is_mapped(const struct igb_port *p, uint16_t queue)
{
	return (atomic_load_explicit(&p->intr.mapped, memory_order_relaxed) >> queue & 1) != 0;
}

/* The plan has changed; the caller holds intr.lock. */
void
igb_vectors_tell_shared(struct igb_port *p)
{
	for (uint16_t i = 1; i <= p->intr.plan.nb_vectors; i++) {
		struct igb_vector *v = &p->intr.vectors[i];

		rte_spinlock_lock(&v->lock);
		v->is_shared = igb_plan_is_shared(&p->intr.plan, i);
		rte_spinlock_unlock(&v->lock);
	}
}

/* Somebody unknown waits for the queue's vector from here on: by the vector's own eventfd, which a
 * worker's doorbell may have replaced. 0; -ENOSPC: it has, and nothing would wake him. The caller
 * holds intr.lock. */
static int
keep(struct igb_port *p, uint16_t queue)
{
	uint16_t vector = p->intr.plan.vector[queue];

	if (p->intr.vectors[vector].rings != NULL) {
		IGB_LOG(ERR,
			"%s: Rx queue %u: its vector %u rings a worker's doorbell, and would wake "
			"nobody else; take fewer workers than there are vectors (%u), or doorbell=0",
			p->hw.name, queue, vector, p->intr.plan.nb_vectors);
		return -ENOSPC;
	}
	igb_plan_keep(&p->intr.plan, queue);
	igb_vectors_tell_shared(p);
	return 0;
}

/* A queue's cause goes to its vector from the first time on that it is armed, not before: nobody is
 * woken for a queue that nobody waits for. 0 or -ENOSPC of keep() */
static int
map(struct igb_port *p, uint16_t queue)
{
	struct igb_intr *intr = &p->intr;
	int ret = 0;

	rte_spinlock_lock(&intr->lock);
	if (intr->plan.owner[queue] == NULL)
		ret = keep(p, queue);
	if (ret == 0) {
		atomic_fetch_or_explicit(&intr->mapped, UINT32_C(1) << queue, memory_order_relaxed);
		write_ivar(p, queue, intr->plan.vector[queue]);
	}
	rte_spinlock_unlock(&intr->lock);
	return ret;
}

/* When it returns, no packet of the queue sets a cause any more. A message that was sent before may
 * still be on its way. The queue's lcore has let go of it; the caller holds intr.lock. */
void
igb_vector_unmap(struct igb_port *p, uint16_t queue)
{
	struct igb_vector *v = &p->intr.vectors[p->intr.plan.vector[queue]];

	if (!is_mapped(p, queue))
		return;
	rte_spinlock_lock(&v->lock);
	v->armed &= ~(UINT32_C(1) << queue);
	v->is_fresh = false;
	rte_spinlock_unlock(&v->lock);
	atomic_fetch_and_explicit(&p->intr.mapped, ~(UINT32_C(1) << queue), memory_order_relaxed);
	write_ivar(p, queue, 0);
	igb_flush(&p->hw);
}

/* ---- arming ---- */

/* Steps 1 to 3 of the top. */
static void
arm(struct igb_port *p, struct igb_vector *v, uint32_t bit)
{
	igb_write(&p->hw, IGB_EICR, bit);
	igb_flush(&p->hw);
	igb_write(&p->hw, IGB_EIMS, bit);
	v->is_fresh = true;
	rouse_counter_add(&v->arms, 1);
}

/* Step 4, for who does not look himself: is there a packet in any of these queues? */
static bool
have_packets(const struct igb_port *p, uint32_t queues)
{
	for (; queues != 0; queues &= queues - 1)
		if (igb_rxq_has_packets(p->data->rx_queues[__builtin_ctz(queues)]))
			return true;
	return false;
}

/* A queue without buffers is silent: nothing would ever come. One that is stopped gets its own when
 * it is started. */
static bool
has_buffers(struct igb_rxq *q)
{
	if (!igb_rxq_is_started(q))
		return true;
	if (q->nb_free == q->nb_desc)
		igb_rxq_refill(q);
	return q->nb_free != q->nb_desc;
}

/* By the queue's lcore. 0; -ENOTSUP: queues have no vectors; -ENOBUFS: the queue has no buffer, and
 * there is none to be had; -ENOSPC: its vector rings somebody else's doorbell, which is said */
int
igb_rxq_intr_enable(struct rte_eth_dev *dev, uint16_t queue)
{
	struct igb_port *p = dev->data->dev_private;
	struct igb_rxq *q = dev->data->rx_queues[queue];
	bool was_mapped = is_mapped(p, queue);
	uint32_t to_look_at = 0;
	struct igb_vector *v;
	bool looks_himself;
	uint16_t vector;
	int ret = 0;

	if (!p->intr.is_on)
		return -ENOTSUP;
	if (!has_buffers(q))
		return -ENOBUFS;
	if (!was_mapped)
		ret = map(p, queue);
	if (ret != 0)
		return ret;
	/* without intr.lock: of a queue that somebody waits for they change only when it is given
	 * to another one, of which he has let go by then */
	vector = p->intr.plan.vector[queue];
	v = &p->intr.vectors[vector];
	looks_himself = igb_plan_is_given(&p->intr.plan, queue);

	rte_spinlock_lock(&v->lock);
	v->armed |= UINT32_C(1) << queue;
	if (v->is_fresh && was_mapped && !v->is_shared && looks_himself) {
		/* its worker has armed the vector since it was disarmed last, and looks at this
		 * queue, too, before it blocks */
		rouse_counter_add(&v->joins, 1);
	} else {
		arm(p, v, UINT32_C(1) << vector);
	}
	if (!looks_himself)
		to_look_at = UINT32_C(1) << queue;
	if (v->is_shared && v->moderation_us != 0)
		to_look_at = v->armed;
	if (have_packets(p, to_look_at)) {
		igb_write(&p->hw, IGB_EICS, UINT32_C(1) << vector);
		rouse_counter_add(&v->fires, 1);
	}
	rte_spinlock_unlock(&v->lock);
	return 0;
}

/* The vector is disarmed with the last of its queues. A packet that comes after that sets a cause,
 * and arming clears it. */
int
igb_rxq_intr_disable(struct rte_eth_dev *dev, uint16_t queue)
{
	struct igb_port *p = dev->data->dev_private;
	uint16_t vector = p->intr.plan.vector[queue];
	struct igb_vector *v = &p->intr.vectors[vector];

	if (!p->intr.is_on)
		return -ENOTSUP;
	rte_spinlock_lock(&v->lock);
	if ((v->armed >> queue & 1) != 0) {
		v->armed &= ~(UINT32_C(1) << queue);
		v->is_fresh = false;
		if (v->armed == 0) {
			igb_write(&p->hw, IGB_EIMC, UINT32_C(1) << vector);
			rouse_counter_add(&v->disarms, 1);
		}
	}
	rte_spinlock_unlock(&v->lock);
	return 0;
}

/* ---- moderation, 8.8.12 ---- */

/* From 0 to IGB_EITR_MAX_US. Who arms meanwhile sees the interval that the device has. */
void
igb_vector_moderate(struct igb_port *p, uint16_t vector, uint32_t us)
{
	struct igb_vector *v = &p->intr.vectors[vector];

	rte_spinlock_lock(&v->lock);
	igb_write(&p->hw, IGB_EITR(vector), igb_eitr_of_us(us));
	v->moderation_us = us;
	rte_spinlock_unlock(&v->lock);
}
