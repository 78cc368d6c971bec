/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The link, 4.5.7. It is negotiated when the port starts for the first time, and stays when it
 * stops: a port that starts again need not wait for it. A change is told by vector 0 to EAL's
 * interrupt thread, which runs the users' callbacks.
 */

#include <errno.h>

#include <rte_cycles.h>

#include "igb.h"

#define WAIT_MS	 9000 /* as long as ethdev's users wait at most */
#define LOOK_MS	 50
#define NB_LOOKS (WAIT_MS / LOOK_MS)

/* STATUS, 8.2.2. */
static void
read_link(const struct rte_eth_dev *dev, struct rte_eth_link *link)
{
	static const uint32_t speeds[] = { RTE_ETH_SPEED_NUM_10M, RTE_ETH_SPEED_NUM_100M,
					   RTE_ETH_SPEED_NUM_1G, RTE_ETH_SPEED_NUM_1G };
	const struct igb_port *p = dev->data->dev_private;
	uint32_t status = igb_read(&p->hw, IGB_STATUS);

	*link = (struct rte_eth_link){
		.link_autoneg = RTE_ETH_LINK_AUTONEG,
		.link_duplex = RTE_ETH_LINK_HALF_DUPLEX,
		.link_speed = RTE_ETH_SPEED_NUM_NONE,
	};
	/* all ones: it was pulled out */
	if (p->is_link_down || status == UINT32_MAX || (status & IGB_STATUS_LU) == 0)
		return;
	link->link_status = RTE_ETH_LINK_UP;
	link->link_speed = speeds[IGB_STATUS_SPEED(status)];
	link->link_duplex = (status & IGB_STATUS_FD) != 0 ? RTE_ETH_LINK_FULL_DUPLEX
							  : RTE_ETH_LINK_HALF_DUPLEX;
}

int
igb_link_update(struct rte_eth_dev *dev, int wait)
{
	struct rte_eth_link link;

	igb_reset_look(dev);
	for (int i = 0; i < NB_LOOKS; i++) {
		read_link(dev, &link);
		if (!wait || link.link_status == RTE_ETH_LINK_UP || !dev->data->dev_started)
			break;
		rte_delay_us_sleep(LOOK_MS * 1000);
	}
	return rte_eth_linkstatus_set(dev, &link);
}

/* EAL's interrupt thread. ICR, 8.8.7: reading it clears it (GPIE.NSICR), so that the next change is
 * an edge again. */
void
igb_link_on_interrupt(void *arg)
{
	struct rte_eth_dev *dev = arg;
	struct igb_port *p = dev->data->dev_private;
	uint32_t causes = igb_read(&p->hw, IGB_ICR);

	rte_intr_ack(p->handle);
	if (causes == UINT32_MAX || (causes & IGB_ICR_LSC) == 0 || !dev->data->dev_started)
		return;
	/* told even if it is as it was: it may have been otherwise in between */
	igb_link_update(dev, 0);
	rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_LSC, NULL);
}

/* CTRL, 8.2.1. In loopback (RCTL.LBM, 8.10.1) the MAC has nobody to agree with: speed and duplex
 * are forced. Back from it they are the PHY's again, whose link has stayed. */
static void
force_mac(const struct igb_hw *hw, bool is_loopback)
{
	const uint32_t forced = IGB_CTRL_FRCSPD | IGB_CTRL_FRCDPX;
	uint32_t ctrl = igb_read(hw, IGB_CTRL);

	if (is_loopback)
		igb_write(hw, IGB_CTRL,
			  (ctrl & ~IGB_CTRL_SPEED) | IGB_CTRL_SPEED_1G | IGB_CTRL_SLU |
				  IGB_CTRL_FD | forced);
	else if ((ctrl & forced) != 0)
		igb_write(hw, IGB_CTRL, ctrl & ~forced);
}

/* A PHY that does not answer leaves the link as it is. */
void
igb_link_start(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;

	if (!p->is_link_down && (igb_read(&p->hw, IGB_STATUS) & IGB_STATUS_LU) == 0)
		igb_phy_start(&p->hw);
	force_mac(&p->hw, dev->data->dev_conf.lpbk_mode != 0);
	igb_link_update(dev, 0);
}

void
igb_link_stop(struct rte_eth_dev *dev)
{
	const struct rte_eth_link none = { .link_status = RTE_ETH_LINK_DOWN };

	rte_eth_linkstatus_set(dev, &none);
}

int
igb_set_link_up(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;
	int ret = 0;

	if (p->is_link_down)
		ret = igb_phy_start(&p->hw);
	if (ret != 0)
		return ret;
	p->is_link_down = false;
	if (dev->data->dev_started)
		igb_link_update(dev, 0);
	return 0;
}

int
igb_set_link_down(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;
	int ret = igb_phy_stop(&p->hw);

	if (ret != 0)
		return ret;
	p->is_link_down = true;
	igb_link_update(dev, 0);
	return 0;
}
