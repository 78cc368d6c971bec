/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Which frames are received: by destination address, as an Ethernet controller filters, and by
 * length. The verdict on a replayed frame is part of what the wire thread remembers of it, next to
 * its hash, so that it costs nothing a frame; a change makes the wire look again.
 */

#include <errno.h>
#include <string.h>

#include "evnic.h"

/* ---- the decision ---- */

void
evnic_filter_init(struct evnic_filter *filter, const struct rte_ether_addr *own)
{
	memset(filter, 0, sizeof(*filter));
	filter->promiscuous = true;
	filter->max_len = RTE_ETHER_MTU + EVNIC_L2_OVERHEAD;
	filter->room = UINT32_MAX;
	filter->unicast[0] = *own;
}

static bool
is_one_of(const struct rte_ether_addr *addr, const struct rte_ether_addr *list, uint32_t nb)
{
	for (uint32_t i = 0; i < nb; i++)
		if (rte_is_same_ether_addr(addr, &list[i]))
			return true;
	return false;
}

static bool
is_for_us(const struct evnic_filter *filter, const uint8_t *frame, uint32_t len)
{
	struct rte_ether_addr dest;

	if (filter->promiscuous)
		return true;
	if (len < sizeof(dest))
		return false;
	memcpy(&dest, frame, sizeof(dest));
	if (rte_is_broadcast_ether_addr(&dest))
		return true;
	if (rte_is_multicast_ether_addr(&dest))
		return filter->allmulticast ||
		       is_one_of(&dest, filter->multicast, filter->nb_multicast);
	/* what is unused is zero, and nobody's address */
	return !rte_is_zero_ether_addr(&dest) && is_one_of(&dest, filter->unicast, EVNIC_MAX_MAC);
}

/* EVNIC_FATE_ bits of a frame; whether it can be hashed is for others to say. */
uint8_t
evnic_filter_fate(const struct evnic_filter *filter, const uint8_t *frame, uint32_t len)
{
	if (!is_for_us(filter, frame, len))
		return EVNIC_FATE_FILTERED;
	if (len > filter->max_len)
		return EVNIC_FATE_TOO_LONG;
	return len > filter->room ? EVNIC_FATE_CHAINED : 0;
}

/* ---- ops: each returns when the wire goes by the new filter ---- */

static int
change(struct evnic_port *p, const struct evnic_filter *to)
{
	/* ethdev says everything again at each start: that must not cost a second verdict */
	if (memcmp(&p->rules.filter, to, sizeof(*to)) == 0)
		return 0;
	evnic_rules_change(p, NULL, to);
	return 0;
}

/* Before the wire thread starts: what ethdev and the queues say by then. */
void
evnic_filter_start(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_filter to = p->rules.filter;

	to.promiscuous = dev->data->promiscuous != 0;
	to.allmulticast = dev->data->all_multicast != 0;
	to.max_len = dev->data->mtu + EVNIC_L2_OVERHEAD;
	to.room = UINT32_MAX;
	for (uint16_t i = 0; dev->data->scattered_rx && i < dev->data->nb_rx_queues; i++)
		to.room = RTE_MIN(to.room, p->rxq[i]->room);
	change(p, &to);
}

int
evnic_promiscuous_enable(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_filter to = p->rules.filter;

	to.promiscuous = true;
	return change(p, &to);
}

int
evnic_promiscuous_disable(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_filter to = p->rules.filter;

	to.promiscuous = false;
	return change(p, &to);
}

int
evnic_allmulticast_enable(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_filter to = p->rules.filter;

	to.allmulticast = true;
	return change(p, &to);
}

int
evnic_allmulticast_disable(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_filter to = p->rules.filter;

	to.allmulticast = false;
	return change(p, &to);
}

int
evnic_mac_addr_add(struct rte_eth_dev *dev, struct rte_ether_addr *addr, uint32_t index,
		   uint32_t pool)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_filter to = p->rules.filter;

	if (pool != 0) {
		EVNIC_LOG(ERR, "%s: address for pool %u: there are no pools, use 0",
			  dev->data->name, pool);
		return -EINVAL;
	}
	if (index >= EVNIC_MAX_MAC)
		return -ENOSPC;
	to.unicast[index] = *addr;
	return change(p, &to);
}

void
evnic_mac_addr_remove(struct rte_eth_dev *dev, uint32_t index)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_filter to = p->rules.filter;

	if (index >= EVNIC_MAX_MAC)
		return;
	memset(&to.unicast[index], 0, sizeof(to.unicast[index]));
	change(p, &to);
}

int
evnic_mac_addr_set(struct rte_eth_dev *dev, struct rte_ether_addr *addr)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_filter to = p->rules.filter;

	to.unicast[0] = *addr;
	return change(p, &to);
}

int
evnic_set_mc_addr_list(struct rte_eth_dev *dev, struct rte_ether_addr *addrs, uint32_t nb)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_filter to = p->rules.filter;

	if (nb > EVNIC_MAX_MC) {
		EVNIC_LOG(ERR, "%s: %u multicast addresses: %d at most; use allmulticast mode",
			  dev->data->name, nb, EVNIC_MAX_MC);
		return -ENOSPC;
	}
	for (uint32_t i = 0; i < nb; i++) {
		if (!rte_is_multicast_ether_addr(&addrs[i])) {
			EVNIC_LOG(ERR, "%s: address %u of the list is not a multicast address",
				  dev->data->name, i);
			return -EINVAL;
		}
	}
	memset(to.multicast, 0, sizeof(to.multicast));
	if (nb != 0)
		memcpy(to.multicast, addrs, nb * sizeof(*addrs));
	to.nb_multicast = nb;
	return change(p, &to);
}

/* ethdev has held it against the limits of dev_infos_get. */
int
evnic_mtu_set(struct rte_eth_dev *dev, uint16_t mtu)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_filter to = p->rules.filter;

	to.max_len = mtu + EVNIC_L2_OVERHEAD;
	return change(p, &to);
}
