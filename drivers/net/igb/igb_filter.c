/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Which frames are received, 7.1.2: unicast addresses by RAL and RAH (8.10.16), multicast by a
 * table of hashes (MTA, 8.10.15), VLAN ids by VFTA (8.10.18), the longest frame by RLPML (8.10.13).
 * All of it is kept here as well, and written when the port starts. Left out: host filters by
 * protocol and ports (7.1.2.4), pools (7.10), wake-up (5.7).
 */

#include <errno.h>
#include <string.h>

#include "igb.h"

/* ---- to the device ---- */

static void
write_addr(const struct igb_hw *hw, uint32_t index, const struct rte_ether_addr *addr)
{
	const uint8_t *b = addr->addr_bytes;
	uint32_t low = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
	uint32_t high = b[4] | (uint32_t)b[5] << 8;

	/* not valid while it is half of it */
	igb_write(hw, igb_rah(index), 0);
	igb_write(hw, igb_ral(index), low);
	if (!rte_is_zero_ether_addr(addr))
		igb_write(hw, igb_rah(index), high | IGB_RAH_VALID);
}

/* MTA, 8.10.15, and VFTA, 8.10.18. */
static void
write_tables(const struct igb_port *p)
{
	for (uint32_t i = 0; i < IGB_MTA_WORDS; i++)
		igb_write(&p->hw, IGB_MTA(i), p->filter.mta[i]);
	for (uint32_t i = 0; i < IGB_VFTA_WORDS; i++)
		igb_write(&p->hw, IGB_VFTA(i), p->filter.vfta[i]);
}

/* RCTL, 8.10.1, but for RCTL.EN. */
uint32_t
igb_filter_rctl(const struct rte_eth_dev *dev)
{
	uint32_t rctl = IGB_RCTL_BAM | IGB_RCTL_SECRC | IGB_RCTL_LPE;

	if (dev->data->promiscuous)
		rctl |= IGB_RCTL_UPE | IGB_RCTL_MPE;
	if (dev->data->all_multicast)
		rctl |= IGB_RCTL_MPE;
	if ((dev->data->dev_conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_VLAN_FILTER) != 0)
		rctl |= IGB_RCTL_VFE;
	if (dev->data->dev_conf.lpbk_mode != 0)
		rctl |= IGB_RCTL_LBM;
	return rctl;
}

static void
write_rctl(const struct rte_eth_dev *dev)
{
	const struct igb_port *p = dev->data->dev_private;

	if (dev->data->dev_started)
		igb_write(&p->hw, IGB_RCTL, igb_filter_rctl(dev) | IGB_RCTL_EN);
}

/* RLPML, 8.10.13: with the FCS. */
static void
write_mtu(const struct rte_eth_dev *dev)
{
	const struct igb_port *p = dev->data->dev_private;

	igb_write(&p->hw, IGB_RLPML, dev->data->mtu + IGB_L2_OVERHEAD);
}

/* CTRL.VME, 8.2.1: tags are stripped, of all queues or of none. */
static void
write_strip(const struct rte_eth_dev *dev)
{
	const struct igb_port *p = dev->data->dev_private;
	uint32_t ctrl = igb_read(&p->hw, IGB_CTRL);

	if ((dev->data->dev_conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) != 0)
		ctrl |= IGB_CTRL_VME;
	else
		ctrl &= ~IGB_CTRL_VME;
	igb_write(&p->hw, IGB_CTRL, ctrl);
}

/* RXCSUM, 8.10.12. PCSD: descriptors have the hash where a checksum could be; without it there is
 * no RSS. */
static uint32_t
rxcsum_of(uint64_t offloads)
{
	uint32_t rxcsum = IGB_RXCSUM_PCSD;

	if ((offloads & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) != 0)
		rxcsum |= IGB_RXCSUM_IP;
	if ((offloads & (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)) != 0)
		rxcsum |= IGB_RXCSUM_L4;
	if ((offloads & RTE_ETH_RX_OFFLOAD_SCTP_CKSUM) != 0)
		rxcsum |= IGB_RXCSUM_L4 | IGB_RXCSUM_SCTP;
	return rxcsum;
}

/* Part of 4.5.9. */
void
igb_filter_start(struct rte_eth_dev *dev)
{
	const struct igb_port *p = dev->data->dev_private;

	for (uint32_t i = 0; i < p->hw.family->nb_addrs; i++)
		write_addr(&p->hw, i, &p->macs[i]);
	write_tables(p);
	/* 8.10.14: nothing of the parser is switched off; 8.2.7: both tags are 802.1Q */
	igb_write(&p->hw, IGB_RFCTL, 0);
	igb_write(&p->hw, IGB_VET, RTE_ETHER_TYPE_VLAN | (uint32_t)RTE_ETHER_TYPE_VLAN << 16);
	igb_write(&p->hw, IGB_RXCSUM, rxcsum_of(dev->data->dev_conf.rxmode.offloads));
	write_mtu(dev);
	write_strip(dev);
}

/* The addresses that the port has had since the device's reset. */
void
igb_filter_init(struct igb_port *p)
{
	memset(&p->filter, 0, sizeof(p->filter));
	for (uint32_t i = 1; i < IGB_MAX_ADDRS; i++)
		p->macs[i] = (struct rte_ether_addr){ .addr_bytes = { 0 } };
}

/* ---- what users ask for ---- */

int
igb_promiscuous_enable(struct rte_eth_dev *dev)
{
	dev->data->promiscuous = 1;
	write_rctl(dev);
	return 0;
}

int
igb_promiscuous_disable(struct rte_eth_dev *dev)
{
	dev->data->promiscuous = 0;
	write_rctl(dev);
	return 0;
}

int
igb_allmulticast_enable(struct rte_eth_dev *dev)
{
	dev->data->all_multicast = 1;
	write_rctl(dev);
	return 0;
}

int
igb_allmulticast_disable(struct rte_eth_dev *dev)
{
	dev->data->all_multicast = 0;
	write_rctl(dev);
	return 0;
}

/* ethdev has put it into its list, which is ours. */
int
igb_mac_addr_add(struct rte_eth_dev *dev, struct rte_ether_addr *addr, uint32_t index,
		 uint32_t pool __rte_unused)
{
	const struct igb_port *p = dev->data->dev_private;

	if (index >= p->hw.family->nb_addrs) {
		IGB_LOG(ERR, "%s: a %uth address; the device has places for %u, remove one first",
			p->hw.name, index + 1, p->hw.family->nb_addrs);
		return -ENOSPC;
	}
	write_addr(&p->hw, index, addr);
	return 0;
}

void
igb_mac_addr_remove(struct rte_eth_dev *dev, uint32_t index)
{
	const struct rte_ether_addr none = { .addr_bytes = { 0 } };
	const struct igb_port *p = dev->data->dev_private;

	write_addr(&p->hw, index, &none);
}

int
igb_mac_addr_set(struct rte_eth_dev *dev, struct rte_ether_addr *addr)
{
	const struct igb_port *p = dev->data->dev_private;

	write_addr(&p->hw, 0, addr);
	return 0;
}

/* Addresses that hash alike are received, too. */
int
igb_set_mc_addr_list(struct rte_eth_dev *dev, struct rte_ether_addr *addrs, uint32_t nb)
{
	struct igb_port *p = dev->data->dev_private;

	memset(p->filter.mta, 0, sizeof(p->filter.mta));
	for (uint32_t i = 0; i < nb; i++) {
		uint32_t bit = igb_mta_bit(addrs[i].addr_bytes);

		p->filter.mta[bit / 32] |= UINT32_C(1) << bit % 32;
	}
	write_tables(p);
	return 0;
}

int
igb_mtu_set(struct rte_eth_dev *dev, uint16_t mtu)
{
	uint32_t frame = (uint32_t)mtu + IGB_L2_OVERHEAD;

	if (frame > IGB_MAX_FRAME) {
		IGB_LOG(ERR, "%s: an MTU of %u; give at most %u", dev->data->name, mtu,
			IGB_MAX_FRAME - IGB_L2_OVERHEAD);
		return -EINVAL;
	}
	if (!dev->data->dev_started)
		return 0;
	/* the receive function that runs takes a frame to be one buffer */
	if (!dev->data->scattered_rx)
		for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++) {
			const struct igb_rxq *q = dev->data->rx_queues[i];

			if (frame <= igb_rxq_room(q))
				continue;
			IGB_LOG(ERR,
				"%s: frames of an MTU of %u take more than a buffer of Rx queue %u; "
				"stop the port first, or give the offload SCATTER",
				dev->data->name, mtu, i);
			return -EBUSY;
		}
	dev->data->mtu = mtu;
	write_mtu(dev);
	return 0;
}

int
igb_vlan_filter_set(struct rte_eth_dev *dev, uint16_t vlan, int on)
{
	struct igb_port *p = dev->data->dev_private;
	uint32_t *word = &p->filter.vfta[vlan / 32];

	if (on)
		*word |= UINT32_C(1) << vlan % 32;
	else
		*word &= ~(UINT32_C(1) << vlan % 32);
	igb_write(&p->hw, IGB_VFTA(vlan / 32), *word);
	return 0;
}

/* ethdev has changed the offloads of the port. */
int
igb_vlan_offload_set(struct rte_eth_dev *dev, int mask)
{
	if ((mask & RTE_ETH_VLAN_STRIP_MASK) != 0)
		write_strip(dev);
	if ((mask & RTE_ETH_VLAN_FILTER_MASK) != 0)
		write_rctl(dev);
	return 0;
}
