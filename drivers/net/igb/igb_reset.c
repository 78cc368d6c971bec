/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A device that was reset behind the port's back: by its function level reset (4.2.1.5), which
 * anybody with the rights may ask the kernel for, or by what the kernel does about an error of the
 * bus. Everything that was programmed is gone, so no frame comes and no interrupt tells of it: the
 * driver can only see it as it looks at the device, when somebody asks for the link or for
 * statistics.
 */

#include <rte_alarm.h>

#include "igb.h"

/* The interrupt thread's, as all of a port's events. The port may have been started anew by now. */
static void
tell(void *arg)
{
	struct rte_eth_dev *dev = arg;
	const struct igb_port *p = dev->data->dev_private;

	if (atomic_load_explicit(&p->is_reset_behind, memory_order_relaxed))
		rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_RESET, NULL);
}

/* TCTL.EN, 8.12.1: set from start to stop, and clear after any reset. RCTL.EN is too, but a change
 * of the mode, promiscuous or not, sets it again. Said and told once until the next start. Any
 * thread's. */
void
igb_reset_look(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;
	uint32_t tctl;

	if (!dev->data->dev_started)
		return;
	tctl = igb_read(&p->hw, IGB_TCTL);
	/* all ones: it was pulled out, which the bus tells of */
	if (tctl == UINT32_MAX || (tctl & IGB_TCTL_EN) != 0)
		return;
	/* a stop says so before it writes TCTL */
	if (!dev->data->dev_started ||
	    atomic_exchange_explicit(&p->is_reset_behind, true, memory_order_relaxed))
		return;
	IGB_LOG(ERR,
		"%s: the device was reset while the port runs, and receives nothing any more; stop "
		"the port and start it, or reset it (rte_eth_dev_reset)",
		p->hw.name);
	/* who asks may hold a lock that the callbacks take */
	rte_eal_alarm_set(1, tell, dev);
}

/* As a port starts: 4.5.3 anew, if the device is not as the driver left it. CTRL_EXT.DRV_LOAD,
 * 8.2.3, is the driver's, and a reset clears it. 0, or -EIO of the reset */
int
igb_reset_mend(struct igb_port *p)
{
	atomic_store_explicit(&p->is_reset_behind, false, memory_order_relaxed);
	if ((igb_read(&p->hw, IGB_CTRL_EXT) & IGB_CTRL_EXT_LOADED) != 0)
		return 0;
	return igb_hw_reset(&p->hw);
}

/* Nothing is told any more when it returns. */
void
igb_reset_forget(struct rte_eth_dev *dev)
{
	rte_eal_alarm_cancel(tell, dev);
}
