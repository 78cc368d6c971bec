/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The carrier. It comes with the start of the port and goes with its stop; in between it goes and
 * comes with set_link_down and set_link_up. Without carrier the wire holds the replay back, and
 * tx_burst drops what it is given and counts it in oerrors: frames must not wait for a link that
 * may never come, as their mbufs would be missed elsewhere.
 *
 * A change is told by an eventfd to EAL's interrupt thread, which calls the users' callbacks: none
 * runs in the wire thread, nor in the thread that made the change.
 */

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "evnic.h"

static void
report_change(void *arg)
{
	struct rte_eth_dev *dev = arg;
	struct evnic_port *p = dev->data->dev_private;
	eventfd_t changes; /* several that nobody has been told of are one event */

	if (eventfd_read(p->link.event, &changes) != 0)
		return;
	if (dev->data->dev_conf.intr_conf.lsc != 0)
		rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_LSC, NULL);
}

int
evnic_link_init(struct rte_eth_dev *dev)
{
	struct evnic_link *l = &((struct evnic_port *)dev->data->dev_private)->link;
	int ret = -ENOMEM;

	l->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->event < 0)
		return -errno;
	l->intr = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	if (l->intr == NULL)
		goto close_event;
	/* EXT: EAL reads nothing from it, report_change() does */
	if (rte_intr_type_set(l->intr, RTE_INTR_HANDLE_EXT) != 0 ||
	    rte_intr_fd_set(l->intr, l->event) != 0)
		goto free_intr;
	ret = rte_intr_callback_register(l->intr, report_change, dev);
	if (ret == 0)
		return 0;

free_intr:
	rte_intr_instance_free(l->intr);
	l->intr = NULL;
close_event:
	close(l->event);
	l->event = -1;
	return ret;
}

void
evnic_link_fini(struct rte_eth_dev *dev)
{
	struct evnic_link *l = &((struct evnic_port *)dev->data->dev_private)->link;

	if (l->intr == NULL)
		return;
	rte_intr_callback_unregister_sync(l->intr, report_change, dev);
	rte_intr_instance_free(l->intr);
	l->intr = NULL;
	close(l->event);
	l->event = -1;
}

int
evnic_link_update(struct rte_eth_dev *dev, int wait __rte_unused)
{
	struct evnic_port *p = dev->data->dev_private;
	bool up = atomic_load_explicit(&p->link.up, memory_order_relaxed);
	struct rte_eth_link link = {
		.link_speed = RTE_ETH_SPEED_NUM_10G,
		.link_duplex = RTE_ETH_LINK_FULL_DUPLEX,
		.link_autoneg = RTE_ETH_LINK_FIXED,
		.link_status = up ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN,
	};

	return rte_eth_linkstatus_set(dev, &link);
}

/* Nothing happens if it is so already. */
static void
set_carrier(struct rte_eth_dev *dev, bool up)
{
	struct evnic_port *p = dev->data->dev_private;

	if (atomic_load_explicit(&p->link.up, memory_order_relaxed) == up)
		return;
	for (uint16_t i = 0; i < dev->data->nb_tx_queues; i++) {
		_Atomic uint8_t *gate = &p->txq[i]->gate;

		if (up)
			atomic_fetch_and_explicit(gate, (uint8_t)~EVNIC_GATE_NO_CARRIER,
						  memory_order_relaxed);
		else
			atomic_fetch_or_explicit(gate, EVNIC_GATE_NO_CARRIER, memory_order_relaxed);
	}
	/* pairs with the acquire in the wire's follow_carrier() */
	atomic_store_explicit(&p->link.up, up, memory_order_release);
	evnic_wire_sync(p);
	evnic_link_update(dev, 0);
	if (dev->data->dev_conf.intr_conf.lsc != 0)
		eventfd_write(p->link.event, 1);
}

/* Before the wire thread starts. */
void
evnic_link_start(struct rte_eth_dev *dev)
{
	set_carrier(dev, true);
}

/* After the wire thread has ended. The port's user knows: no event. */
void
evnic_link_stop(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;

	atomic_store_explicit(&p->link.up, false, memory_order_relaxed);
	evnic_link_update(dev, 0);
}

/* A port that is stopped has no carrier, and gets it when it starts. */
int
evnic_set_link_up(struct rte_eth_dev *dev)
{
	if (dev->data->dev_started)
		set_carrier(dev, true);
	return 0;
}

int
evnic_set_link_down(struct rte_eth_dev *dev)
{
	if (dev->data->dev_started)
		set_carrier(dev, false);
	return 0;
}
