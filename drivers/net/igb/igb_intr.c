/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * MSI-X from the start of the port to its stop. Vector 0 is that of link changes, which EAL's
 * interrupt thread serves: events without data go to that one place. The others are the queues', by
 * the plan (igb_plan.c), and keep their eventfds as long as the port runs.
 */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/vfio.h>

#include <rte_lcore.h>

#include "igb.h"

#define OTHER_CAUSES 0			 /* the vector of link changes */
#define SINGLE_OTHER (UINT32_C(1) << 31) /* their bit of EIMS where there is one interrupt */

void
igb_intr_init(struct igb_port *p)
{
	rte_spinlock_init(&p->intr.lock);
	for (uint16_t i = 0; i < IGB_MAX_VECTORS; i++)
		rte_spinlock_init(&p->intr.vectors[i].lock);
}

static bool
is_msix(const struct igb_port *p)
{
	return rte_intr_type_get(p->handle) == RTE_INTR_HANDLE_VFIO_MSIX;
}

/* How many MSI-X vectors the kernel lets us have. 0: none; there is another kind of interrupt */
static uint16_t
nb_msix(const struct igb_port *p)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = VFIO_PCI_MSIX_IRQ_INDEX };

	if (!is_msix(p) ||
	    ioctl(rte_intr_dev_fd_get(p->handle), VFIO_DEVICE_GET_IRQ_INFO, &info) != 0)
		return 0;
	return (uint16_t)RTE_MIN(info.count, (uint32_t)p->hw.family->max_vectors);
}

/* How many are for queues: no more than there are queues, and asked for. */
static uint16_t
nb_queue_vectors(const struct igb_port *p, uint16_t nb_queues)
{
	uint16_t msix = nb_msix(p), nb;

	if (msix < 2)
		return 0;
	nb = RTE_MIN((uint16_t)(msix - 1), nb_queues);
	if (p->args.nb_vectors != 0 && p->args.nb_vectors < nb)
		nb = p->args.nb_vectors;
	return nb;
}

/* What EAL must know, so that it makes the eventfds and hands them to the kernel. */
static int
make_eventfds(struct igb_port *p, uint16_t nb_queues, uint16_t nb_vectors)
{
	int ret = rte_intr_efd_enable(p->handle, nb_vectors);

	if (ret != 0)
		return ret;
	if (rte_intr_vec_list_alloc(p->handle, "igb_vectors", nb_queues) != 0)
		return -ENOMEM;
	for (uint16_t q = 0; q < nb_queues; q++)
		igb_intr_tell_vector(p, q);
	return 0;
}

/* By what eventfd ethdev's users wait for a queue. */
void
igb_intr_tell_vector(struct igb_port *p, uint16_t queue)
{
	rte_intr_vec_list_index_set(p->handle, queue,
				    RTE_INTR_VEC_RXTX_OFFSET + p->intr.plan.vector[queue] - 1);
}

/* 7.3.2.11, table 7-47: one interrupt, and all that it says is that there was a cause. */
static void
set_single_mode(const struct igb_hw *hw)
{
	igb_write(hw, IGB_EIMC, UINT32_MAX);
	igb_write(hw, IGB_GPIE, IGB_GPIE_NSICR);
	igb_write(hw, IGB_EICR, UINT32_MAX);
	igb_flush(hw);
}

/* 7.3.2.11, table 7-47: several vectors, by IVAR; a message masks its vector where EIAM says so.
 * Then 8.8.14: the other causes go to vector 0. Left out: the TCP timer (8.8.14), low latency
 * interrupts (7.3.5), DCA (7.5). */
static void
set_multi_mode(struct igb_port *p)
{
	const struct igb_hw *hw = &p->hw;

	igb_write(hw, IGB_EIMC, UINT32_MAX);
	igb_write(hw, IGB_GPIE, IGB_GPIE_MULTI | IGB_GPIE_EIAME | IGB_GPIE_NSICR | IGB_GPIE_PBA);
	/* 8.8.5: only the other causes clear theirs by themselves; 8.8.6: those of queues are
	 * masked instead */
	igb_write(hw, IGB_EIAC, UINT32_C(1) << OTHER_CAUSES);
	igb_write(hw, IGB_EIAM, IGB_ALL_VECTORS & ~(UINT32_C(1) << OTHER_CAUSES));
	igb_write(hw, IGB_IVAR_MISC, (OTHER_CAUSES | IGB_IVAR_VALID) << 8);
	for (uint16_t i = 0; i < RTE_DIM(p->intr.ivar); i++) {
		p->intr.ivar[i] = 0;
		igb_write(hw, IGB_IVAR(i), 0);
	}
	for (uint16_t v = 0; v <= p->intr.plan.nb_vectors; v++)
		igb_vector_moderate(p, v, v == OTHER_CAUSES ? 0 : p->args.moderation_us);
	igb_write(hw, IGB_EICR, UINT32_MAX);
	igb_flush(hw);
}

/* Owners stay: their queues find the same vectors again, as far as these are there. */
static void
plan_anew(struct igb_port *p, uint16_t nb_queues, uint16_t nb_vectors)
{
	struct igb_plan before = p->intr.plan, *plan = &p->intr.plan;

	/* a worker has an lcore, and whoever else waits for a queue mostly has one, too */
	igb_plan_init(plan, nb_queues, nb_vectors, p->args.per_owner,
		      (uint16_t)RTE_MIN(rte_lcore_count(), (unsigned int)nb_queues));
	for (uint16_t q = 0; q < RTE_MIN(nb_queues, before.nb_queues); q++)
		if (igb_plan_is_given(&before, q))
			igb_plan_give(plan, q, before.owner[q]);
	igb_vectors_tell_shared(p);
}

static void
forget(struct igb_intr *intr)
{
	atomic_store_explicit(&intr->mapped, 0, memory_order_relaxed);
	for (uint16_t v = 0; v < IGB_MAX_VECTORS; v++) {
		intr->vectors[v].armed = 0;
		intr->vectors[v].is_fresh = false;
		intr->vectors[v].rings = NULL;
	}
}

static int
set_up_queues(struct igb_port *p, uint16_t nb_queues)
{
	const char *name = p->hw.name;
	uint16_t nb = nb_queue_vectors(p, nb_queues);
	int ret;

	if (nb == 0) {
		IGB_LOG(ERR,
			"%s: no MSI-X vector for its queues; bind it to vfio-pci (with an IOMMU), or "
			"configure the port without Rx interrupts",
			name);
		return -ENOTSUP;
	}
	if (nb < nb_queues)
		IGB_LOG(NOTICE,
			"%s: %u vectors for %u queues: those of one worker share one; of more than "
			"%u workers some would wake each other",
			name, nb, nb_queues, nb);
	plan_anew(p, nb_queues, nb);
	ret = make_eventfds(p, nb_queues, nb);
	if (ret != 0)
		IGB_LOG(ERR, "%s: no eventfds for %u vectors: %s; raise the limit of open files",
			name, nb, strerror(-ret));
	return ret;
}

/* Before the queues are started. 0, also if there are no Rx interrupts to set up; -ENOTSUP: there
 * can be none; -errno of eventfd(2) */
int
igb_intr_start(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;
	uint16_t nb_queues = dev->data->nb_rx_queues;
	int ret = 0;

	forget(&p->intr);
	if (dev->data->dev_conf.intr_conf.rxq != 0 && nb_queues != 0)
		ret = set_up_queues(p, nb_queues);
	else
		p->intr.plan.nb_vectors = 0;
	if (ret != 0) {
		igb_intr_stop(dev);
		return ret;
	}
	if (is_msix(p))
		set_multi_mode(p);
	else
		set_single_mode(&p->hw);
	return 0;
}

/* 4.5.4, when everything else runs: the kernel takes the eventfds, and the device may send
 * messages. 0, or -EIO */
int
igb_intr_enable(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;

	if (rte_intr_enable(p->handle) != 0) {
		IGB_LOG(ERR, "%s: the kernel refuses %u MSI-X vectors; try vectors=%u", p->hw.name,
			p->intr.plan.nb_vectors + 1, RTE_MAX(p->intr.plan.nb_vectors / 2, 1));
		return -EIO;
	}
	p->intr.is_enabled = true;
	p->intr.is_on = p->intr.plan.nb_vectors != 0;
	igb_write(&p->hw, IGB_IMS, dev->data->dev_conf.intr_conf.lsc != 0 ? IGB_ICR_LSC : 0);
	igb_write(&p->hw, IGB_EIMS, is_msix(p) ? UINT32_C(1) << OTHER_CAUSES : SINGLE_OTHER);
	igb_flush(&p->hw);
	return 0;
}

/* No message after this; the eventfds are closed. */
void
igb_intr_stop(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;

	p->intr.is_on = false;
	igb_write(&p->hw, IGB_EIMC, UINT32_MAX);
	igb_write(&p->hw, IGB_IMC, UINT32_MAX);
	igb_flush(&p->hw);
	if (p->intr.is_enabled)
		rte_intr_disable(p->handle);
	p->intr.is_enabled = false;
	rte_intr_efd_disable(p->handle);
	rte_intr_vec_list_free(p->handle);
	forget(&p->intr);
}
