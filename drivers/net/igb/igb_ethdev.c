/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The port in ethdev's terms: probe, configure, start, stop, close, remove; the ops table. */

#include <errno.h>
#include <string.h>

#include <ethdev_pci.h>

#include "igb.h"

RTE_LOG_REGISTER_SUFFIX(igb_logtype, net.igb, NOTICE);

/* ---- life ---- */

static int
check_loopback(const struct rte_eth_dev *dev)
{
	const struct igb_port *p = dev->data->dev_private;
	uint32_t mode = dev->data->dev_conf.lpbk_mode;

	if (mode == 0 || (mode == 1 && p->hw.family->has_lbm))
		return 0;
	IGB_LOG(ERR, "%s: lpbk_mode %u: give 0%s", dev->data->name, mode,
		p->hw.family->has_lbm ? ", or 1: it receives what it sends"
				      : "; only the 82576 has a loopback here");
	return -ENOTSUP;
}

static int
dev_configure(struct rte_eth_dev *dev)
{
	int ret = igb_check_let_go(dev->data->dev_private, 0, IGB_MAX_QUEUES,
				   "the port is configured");

	if (ret == 0)
		ret = check_loopback(dev);
	return ret != 0 ? ret : igb_rss_configure(dev);
}

static int
check_queues(const struct rte_eth_dev *dev)
{
	uint16_t rxq = 0, txq = 0;

	while (rxq < dev->data->nb_rx_queues && dev->data->rx_queues[rxq] != NULL)
		rxq++;
	while (txq < dev->data->nb_tx_queues && dev->data->tx_queues[txq] != NULL)
		txq++;
	if (rxq == dev->data->nb_rx_queues && txq == dev->data->nb_tx_queues)
		return 0;
	IGB_LOG(ERR, "%s: %s queue %u is not set up; do so before the start", dev->data->name,
		rxq < dev->data->nb_rx_queues ? "Rx" : "Tx",
		rxq < dev->data->nb_rx_queues ? rxq : txq);
	return -EINVAL;
}

/* 4.5.6, flow control: pause frames by their standard address and type; none is sent, as
 * CTRL.TFCE stays 0 (8.2.1). FCRTL and FCRTH say how full the packet buffer is when one is: 0, they
 * are not used. */
static void
start_flow_control(const struct igb_hw *hw)
{
	igb_write(hw, IGB_FCAL, 0x00c28001);
	igb_write(hw, IGB_FCAH, 0x00000100);
	igb_write(hw, IGB_FCT, 0x00008808);
	igb_write(hw, IGB_FCTTV, 0);
	igb_write(hw, IGB_FCRTL, 0);
	igb_write(hw, IGB_FCRTH, 0);
}

/* 4.5.3 from flow control on; what comes before was done by the reset (igb_hw.c), of which nothing
 * is left if somebody else has reset the device since. The interrupts come last (4.5.4). */
static int
dev_start(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;
	int ret = check_queues(dev);

	if (ret == 0)
		ret = igb_reset_mend(p);
	if (ret != 0)
		return ret;
	start_flow_control(&p->hw);
	ret = igb_intr_start(dev);
	if (ret != 0)
		return ret;
	igb_filter_start(dev);
	igb_rss_start(p);
	ret = igb_tx_start(dev);
	if (ret != 0)
		goto stop_intr;
	ret = igb_rx_start(dev);
	if (ret != 0)
		goto stop_tx;
	igb_link_start(dev);
	ret = igb_intr_enable(dev);
	if (ret != 0)
		goto stop_rx;
	return 0;

stop_rx:
	igb_rx_stop(dev);
stop_tx:
	igb_tx_stop(dev);
stop_intr:
	igb_intr_stop(dev);
	return ret;
}

static int
dev_stop(struct rte_eth_dev *dev)
{
	dev->data->dev_started = 0;
	igb_intr_stop(dev);
	igb_rx_stop(dev);
	igb_tx_stop(dev);
	igb_link_stop(dev);
	return 0;
}

static int
dev_close(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0;
	/* removed without a stop, it is polled until here */
	rouse_attn_registry_remove(dev->data->port_id);
	if (dev->data->dev_started)
		dev_stop(dev);
	rte_intr_callback_unregister_sync(p->handle, igb_link_on_interrupt, dev);
	igb_reset_forget(dev);
	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++)
		igb_rxq_release(dev, i);
	for (uint16_t i = 0; i < dev->data->nb_tx_queues; i++)
		igb_txq_release(dev, i);
	igb_hw_reset(&p->hw);
	dev->data->mac_addrs = NULL; /* part of the private data, which ethdev frees */
	return 0;
}

/* The device as it was when it was probed; then it is to be configured anew. ethdev has stopped it.
 */
static int
dev_reset(struct rte_eth_dev *dev)
{
	struct igb_port *p = dev->data->dev_private;
	int ret = igb_hw_reset(&p->hw);

	if (ret != 0)
		return ret;
	igb_filter_init(p);
	igb_rss_init(&p->rss);
	p->is_link_down = false;
	p->macs[0] = p->addr;
	return 0;
}

/* ---- what the port is ---- */

static int
dev_infos_get(struct rte_eth_dev *dev, struct rte_eth_dev_info *info)
{
	const struct igb_port *p = dev->data->dev_private;
	const struct rte_eth_desc_lim lim = {
		.nb_min = IGB_MIN_DESC,
		.nb_max = IGB_MAX_DESC,
		.nb_align = IGB_DESC_ALIGN,
		.nb_seg_max = IGB_MAX_SEGS,
		.nb_mtu_seg_max = IGB_MAX_SEGS,
	};

	info->max_rx_queues = RTE_MIN(p->hw.family->max_queues, p->args.nb_queues);
	info->max_tx_queues = info->max_rx_queues;
	info->max_mac_addrs = p->hw.family->nb_addrs;
	info->min_rx_bufsize = IGB_MIN_BUF;
	info->max_rx_pktlen = IGB_MAX_FRAME;
	info->max_mtu = IGB_MAX_FRAME - IGB_L2_OVERHEAD;
	info->min_mtu = RTE_ETHER_MIN_MTU;
	info->reta_size = IGB_RETA_SIZE;
	info->hash_key_size = IGB_KEY_SIZE;
	info->flow_type_rss_offloads = IGB_RSS_TYPES;
	info->rx_offload_capa = RTE_ETH_RX_OFFLOAD_RSS_HASH | RTE_ETH_RX_OFFLOAD_CHECKSUM |
				RTE_ETH_RX_OFFLOAD_SCTP_CKSUM | RTE_ETH_RX_OFFLOAD_SCATTER |
				RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
	info->tx_offload_capa = RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE |
				RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |
				RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_SCTP_CKSUM |
				RTE_ETH_TX_OFFLOAD_VLAN_INSERT;
	info->tx_queue_offload_capa = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	info->rx_desc_lim = lim;
	info->tx_desc_lim = lim;
	info->default_rxconf.rx_free_thresh = IGB_REFILL;
	info->default_rxportconf = (struct rte_eth_dev_portconf){
		.burst_size = 32,
		.ring_size = 512,
		.nb_queues = 1,
	};
	info->default_txportconf = info->default_rxportconf;
	info->speed_capa = RTE_ETH_LINK_SPEED_10M_HD | RTE_ETH_LINK_SPEED_10M |
			   RTE_ETH_LINK_SPEED_100M_HD | RTE_ETH_LINK_SPEED_100M |
			   RTE_ETH_LINK_SPEED_1G;
	return 0;
}

/* 8.10.7, 8.12.10: the size of a ring, of which dev_infos_get() tells the same limits. 0; -EINVAL,
 * after one line */
int
igb_check_ring(const struct rte_eth_dev *dev, const char *way, uint16_t queue, uint16_t nb_desc)
{
	if (nb_desc % IGB_DESC_ALIGN == 0 && nb_desc >= IGB_MIN_DESC && nb_desc <= IGB_MAX_DESC)
		return 0;
	IGB_LOG(ERR, "%s: %s queue %u: %u descriptors; give a multiple of %u from %u to %u",
		dev->data->name, way, queue, nb_desc, IGB_DESC_ALIGN, IGB_MIN_DESC, IGB_MAX_DESC);
	return -EINVAL;
}

/* -ENOMEM, after one line: a queue cannot be set up. */
int
igb_no_memory(const struct rte_eth_dev *dev, const char *way, uint16_t queue, unsigned int socket)
{
	IGB_LOG(ERR,
		"%s: %s queue %u: no memory on socket %d; give EAL more hugepages there, or another "
		"socket",
		dev->data->name, way, queue, (int)socket);
	return -ENOMEM;
}

static const uint32_t *
supported_ptypes_get(struct rte_eth_dev *dev __rte_unused)
{
	static const uint32_t ptypes[] = {
		RTE_PTYPE_L2_ETHER,	 RTE_PTYPE_L3_IPV4,	      RTE_PTYPE_L3_IPV4_EXT,
		RTE_PTYPE_L3_IPV6,	 RTE_PTYPE_L3_IPV6_EXT,	      RTE_PTYPE_L4_TCP,
		RTE_PTYPE_L4_UDP,	 RTE_PTYPE_L4_SCTP,	      RTE_PTYPE_TUNNEL_IP,
		RTE_PTYPE_INNER_L3_IPV6, RTE_PTYPE_INNER_L3_IPV6_EXT, RTE_PTYPE_INNER_L4_TCP,
		RTE_PTYPE_INNER_L4_UDP,	 RTE_PTYPE_INNER_L4_SCTP,     RTE_PTYPE_UNKNOWN,
	};

	return ptypes;
}

const struct eth_dev_ops igb_ops = {
	.dev_configure = dev_configure,
	.dev_start = dev_start,
	.dev_stop = dev_stop,
	.dev_close = dev_close,
	.dev_reset = dev_reset,
	.dev_infos_get = dev_infos_get,
	.dev_supported_ptypes_get = supported_ptypes_get,
	.link_update = igb_link_update,
	.dev_set_link_up = igb_set_link_up,
	.dev_set_link_down = igb_set_link_down,
	.promiscuous_enable = igb_promiscuous_enable,
	.promiscuous_disable = igb_promiscuous_disable,
	.allmulticast_enable = igb_allmulticast_enable,
	.allmulticast_disable = igb_allmulticast_disable,
	.mac_addr_add = igb_mac_addr_add,
	.mac_addr_remove = igb_mac_addr_remove,
	.mac_addr_set = igb_mac_addr_set,
	.set_mc_addr_list = igb_set_mc_addr_list,
	.mtu_set = igb_mtu_set,
	.vlan_filter_set = igb_vlan_filter_set,
	.vlan_offload_set = igb_vlan_offload_set,
	.rx_queue_setup = igb_rxq_setup,
	.rx_queue_release = igb_rxq_release,
	.rxq_info_get = igb_rxq_info_get,
	.rx_queue_start = igb_rx_queue_start,
	.rx_queue_stop = igb_rx_queue_stop,
	.rx_burst_mode_get = igb_rx_burst_mode_get,
	.rx_queue_intr_enable = igb_rxq_intr_enable,
	.rx_queue_intr_disable = igb_rxq_intr_disable,
	.tx_queue_setup = igb_txq_setup,
	.tx_queue_release = igb_txq_release,
	.txq_info_get = igb_txq_info_get,
	.tx_queue_start = igb_tx_queue_start,
	.tx_queue_stop = igb_tx_queue_stop,
	.tx_burst_mode_get = igb_tx_burst_mode_get,
	.tx_done_cleanup = igb_tx_done_cleanup,
	.rss_hash_update = igb_rss_hash_update,
	.rss_hash_conf_get = igb_rss_hash_conf_get,
	.reta_update = igb_reta_update,
	.reta_query = igb_reta_query,
	.stats_get = igb_stats_get,
	.stats_reset = igb_stats_reset,
	.xstats_get = igb_xstats_get,
	.xstats_get_names = igb_xstats_get_names,
	.xstats_reset = igb_stats_reset,
	.fw_version_get = igb_fw_version_get,
	.get_reg = igb_get_reg,
	.eth_dev_priv_dump = igb_priv_dump,
};

/* ---- the PCI device ---- */

static int
find_family(const struct rte_pci_device *pci, const struct igb_family **family)
{
	const char *medium;
	int ret = igb_family_find(pci->id.device_id, family, &medium);

	if (ret == -ENOTSUP)
		IGB_LOG(NOTICE,
			"%s: device 0x%04x is %s of the %s family, and this driver has the copper "
			"ports only; leave it to another driver",
			pci->name, pci->id.device_id, medium, (*family)->name);
	else if (ret != 0)
		IGB_LOG(ERR, "%s: device 0x%04x is none that this driver knows", pci->name,
			pci->id.device_id);
	return ret;
}

static int
check_nvm(const struct igb_port *p)
{
	int ret = p->args.nvm_check ? igb_hw_check_nvm(&p->hw) : 0;

	if (ret == -EBADMSG)
		IGB_LOG(ERR,
			"%s: the NVM's checksum is wrong: what it says is not to be trusted; write it "
			"anew with its maker's tool, or give nvm_check=0 to go on",
			p->hw.name);
	else if (ret != 0)
		IGB_LOG(ERR, "%s: the NVM does not answer; give nvm_check=0 to go on without it",
			p->hw.name);
	return ret;
}

static void
init_tables(struct igb_port *p)
{
	for (uint32_t i = 0; i < IGB_NB_RX_FLAGS; i++)
		p->rx_flags[i] = igb_rx_flags(i);
	for (uint32_t i = 0; i < IGB_NB_RX_TYPES; i++)
		p->rx_ptypes[i] = igb_rx_ptype(i);
	igb_intr_init(p);
	rte_spinlock_init(&p->stats_lock);
	igb_rss_init(&p->rss);
	igb_filter_init(p);
}

static int
init_device(struct igb_port *p)
{
	int ret = igb_hw_reset(&p->hw);

	if (ret == 0)
		ret = check_nvm(p);
	if (ret != 0)
		return ret;
	if (igb_hw_read_addr(&p->hw, &p->addr) != 0) {
		IGB_LOG(WARNING, "%s: it has no address of its own; it takes a random one",
			p->hw.name);
		rte_eth_random_addr(p->addr.addr_bytes);
	}
	p->macs[0] = p->addr;
	return 0;
}

/* 0 or -errno: nothing is left behind. */
int
igb_port_init(struct rte_eth_dev *dev)
{
	struct rte_pci_device *pci = RTE_ETH_DEV_TO_PCI(dev);
	struct igb_port *p = dev->data->dev_private;
	int ret;

	p->data = dev->data;
	p->handle = pci->intr_handle;
	p->hw.name = dev->data->name;
	p->hw.bar = pci->mem_resource[0].addr;
	ret = igb_args_parse(dev->data->name, pci->device.devargs, &p->args);
	if (ret != 0)
		return ret;
	ret = find_family(pci, &p->hw.family);
	if (ret != 0)
		return ret;
	init_tables(p);
	ret = init_device(p);
	if (ret != 0)
		return ret;
	igb_stats_reset(dev);
	ret = rte_intr_callback_register(p->handle, igb_link_on_interrupt, dev);
	if (ret != 0)
		return ret;
	ret = rouse_attn_registry_add(dev->data->port_id, &igb_attn_ops, p);
	if (ret != 0) {
		rte_intr_callback_unregister_sync(p->handle, igb_link_on_interrupt, dev);
		return ret;
	}
	rte_eth_copy_pci_info(dev, pci);
	dev->dev_ops = &igb_ops;
	dev->rx_pkt_burst = igb_rx_burst;
	dev->tx_pkt_burst = igb_tx_burst;
	dev->tx_pkt_prepare = igb_tx_prepare;
	dev->rx_queue_count = igb_rxq_count;
	dev->rx_descriptor_status = igb_rx_descriptor_status;
	dev->tx_descriptor_status = igb_tx_descriptor_status;
	dev->data->mac_addrs = p->macs;
	return 0;
}

static int
probe(struct rte_pci_driver *driver __rte_unused, struct rte_pci_device *pci)
{
	const struct igb_family *family;
	int ret = find_family(pci, &family);

	/* more than 0: the bus asks the next driver that knows the device */
	if (ret != 0)
		return 1;
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		IGB_LOG(ERR, "%s: a secondary process cannot use it; start a primary one",
			pci->name);
		return -ENOTSUP;
	}
	return rte_eth_dev_pci_generic_probe(pci, sizeof(struct igb_port), igb_port_init);
}

static int
remove_pci(struct rte_pci_device *pci)
{
	return rte_eth_dev_pci_generic_remove(pci, dev_close);
}

static const struct rte_pci_id ids[] = {
#define X(device, family, medium) { RTE_PCI_DEVICE(0x8086, device) },
	IGB_DEVICES(X)
#undef X
		{ .vendor_id = 0 },
};

static struct rte_pci_driver driver = {
	.id_table = ids,
	.drv_flags = RTE_PCI_DRV_NEED_MAPPING | RTE_PCI_DRV_INTR_LSC,
	.probe = probe,
	.remove = remove_pci,
};

RTE_PMD_REGISTER_PCI(net_igb, driver);
RTE_PMD_REGISTER_PCI_TABLE(net_igb, ids);
RTE_PMD_REGISTER_KMOD_DEP(net_igb, "* vfio-pci");
RTE_PMD_REGISTER_PARAM_STRING(net_igb, "queues=<n> vectors=<n> lcore_vectors=<n> doorbell=0|1 "
				       "moderation_us=<us> nvm_check=0|1");
