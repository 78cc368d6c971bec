/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The port in ethdev's terms: probe, configure, start, stop, close, remove; the ops table. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bus_vdev_driver.h>
#include <ethdev_vdev.h>

#include "evnic.h"

RTE_LOG_REGISTER_SUFFIX(evnic_logtype, net.evnic, NOTICE);

/* ---- life ---- */

/* The tables as the device arguments have them. With map A a queue's codes get a ring each. */
static int
init_steer(struct evnic_port *p, uint16_t nb_queues)
{
	const struct evnic_args *args = &p->args;
	bool is_by_code = args->map == ROUSE_STEER_MAP_A || args->map == ROUSE_STEER_MAP_A_RING;
	uint16_t nb_rings = args->nb_rings;
	struct rouse_steer_conf conf;
	int ret;

	if (nb_rings == 0)
		nb_rings = is_by_code ? nb_queues * ROUSE_NB_EVENT_CODES : nb_queues;
	conf = (struct rouse_steer_conf){
		.reta_size = EVNIC_RETA_SIZE,
		.nb_queues = nb_queues,
		.nb_rings = RTE_MIN(nb_rings, EVNIC_MAX_QUEUES),
	};
	conf.nb_vectors = args->nb_vectors != 0 ? args->nb_vectors : conf.nb_rings;
	ret = rouse_steer_init(&p->steer, &conf);
	if (ret != 0)
		return ret;
	rouse_steer_map_set(&p->steer, args->map);
	for (uint16_t i = 0; i < EVNIC_MAX_QUEUES; i++) {
		atomic_store_explicit(&p->vectors[i].masked, false, memory_order_relaxed);
		atomic_store_explicit(&p->vectors[i].interval_tsc, 0, memory_order_relaxed);
	}
	p->is_planned = true;
	p->is_processor_chosen = false;
	evnic_plan(p);
	return 0;
}

static int
dev_configure(struct rte_eth_dev *dev)
{
	const struct rte_eth_conf *conf = &dev->data->dev_conf;
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_rss rss = p->rules.rss;
	bool is_rss = (conf->rxmode.mq_mode & RTE_ETH_MQ_RX_RSS_FLAG) != 0;
	int ret;

	/* first what can be refused */
	if (evnic_is_bound(p)) {
		EVNIC_LOG(ERR,
			  "%s: a queue is bound to a worker; pause the port there, or remove it, "
			  "before it is configured",
			  dev->data->name);
		return -EBUSY;
	}
	if (conf->lpbk_mode > 1) {
		EVNIC_LOG(ERR, "%s: lpbk_mode %u: give 0, or 1: it receives what it sends",
			  dev->data->name, conf->lpbk_mode);
		return -ENOTSUP;
	}
	ret = is_rss ? evnic_rss_check(p, &conf->rx_adv_conf.rss_conf) : 0;
	if (ret == 0)
		ret = evnic_loopback_set(p, conf->lpbk_mode == 1);
	if (ret == 0 && p->is_processor_chosen)
		EVNIC_LOG(
			NOTICE,
			"%s: configured again: the default processor is the lowest started queue, "
			"no longer queue %u, which was chosen",
			dev->data->name, rouse_steer_default_processor_get(&p->steer));
	if (ret == 0)
		ret = init_steer(p, RTE_MAX(dev->data->nb_rx_queues, 1));
	if (ret != 0 || dev->data->nb_rx_queues == 0)
		return ret;
	if (is_rss)
		evnic_rss_apply(&rss, &conf->rx_adv_conf.rss_conf);
	else
		rss.types = 0;
	evnic_rules_change(p, &rss, NULL);
	return 0;
}

/* ethdev lets a port start whose queues were not all set up. */
static int
check_queues(const struct rte_eth_dev *dev)
{
	const struct evnic_port *p = dev->data->dev_private;
	uint16_t rxq = 0, txq = 0;

	while (rxq < dev->data->nb_rx_queues && p->rxq[rxq] != NULL)
		rxq++;
	while (txq < dev->data->nb_tx_queues && p->txq[txq] != NULL)
		txq++;
	if (rxq == dev->data->nb_rx_queues && txq == dev->data->nb_tx_queues)
		return 0;
	EVNIC_LOG(ERR, "port %u: %s queue %u is not set up; do so before the start",
		  dev->data->port_id, rxq < dev->data->nb_rx_queues ? "Rx" : "Tx",
		  rxq < dev->data->nb_rx_queues ? rxq : txq);
	return -EINVAL;
}

/* The queues may have been set up for another configuration. */
static int
fit_queues(const struct rte_eth_dev *dev)
{
	const struct evnic_port *p = dev->data->dev_private;
	int ret = 0;

	for (uint16_t i = 0; i < dev->data->nb_rx_queues && ret == 0; i++)
		ret = evnic_rxq_fit(p->rxq[i]);
	for (uint16_t i = 0; i < dev->data->nb_tx_queues && ret == 0; i++)
		evnic_txq_fit(p->txq[i]);
	return ret;
}

static int
dev_start(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;
	int ret = check_queues(dev);

	if (ret == 0)
		ret = fit_queues(dev);
	if (ret != 0)
		return ret;
	ret = evnic_rings_start(dev);
	if (ret != 0)
		return ret;
	evnic_events_reset(p);
	ret = evnic_vectors_start(p);
	if (ret != 0)
		return ret;
	if (p->args.trace[0] != '\0' && p->trace == NULL) {
		p->trace = evnic_trace_open(dev->data->name, &p->args);
		if (p->trace == NULL)
			return -EIO;
	}
	ret = evnic_queues_start(dev);
	if (ret != 0)
		return ret;
	ret = evnic_intr_init(dev);
	if (ret != 0)
		goto stop_queues;
	evnic_filter_start(dev);
	ret = evnic_ends_start(p);
	if (ret != 0)
		goto fini_intr;
	evnic_link_start(dev);
	ret = evnic_wire_start(p);
	if (ret != 0)
		goto stop_link;
	dev->tx_pkt_burst = evnic_ends_sink(p) != NULL ? evnic_tx_burst : evnic_tx_drop;
	return 0;

stop_link:
	evnic_link_stop(dev);
	evnic_ends_stop(p);
fini_intr:
	evnic_intr_fini(dev);
stop_queues:
	evnic_queues_stop(dev);
	return ret;
}

static int
dev_stop(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;

	evnic_wire_stop(p);
	evnic_link_stop(dev);
	evnic_ends_stop(p);
	dev->data->dev_started = 0;
	evnic_intr_fini(dev);
	evnic_queues_stop(dev);
	return 0;
}

static int
dev_close(struct rte_eth_dev *dev)
{
	struct evnic_port *p = dev->data->dev_private;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0;
	/* removed without a stop, it is polled until here */
	rouse_attn_registry_remove(dev->data->port_id);
	if (dev->data->dev_started)
		dev_stop(dev);
	evnic_link_fini(dev);
	for (uint16_t i = 0; i < EVNIC_MAX_QUEUES; i++) {
		evnic_unbind(p, i);
		evnic_rxq_release(dev, i);
		evnic_txq_release(dev, i);
	}
	evnic_rings_free(p);
	evnic_vectors_fini(p);
	evnic_trace_close(p->trace);
	evnic_wire_fini(p);
	evnic_ends_destroy(p);
	dev->data->mac_addrs = NULL; /* part of the private data, which ethdev frees */
	return 0;
}

/* ---- what the port is ---- */

static int
dev_infos_get(struct rte_eth_dev *dev __rte_unused, struct rte_eth_dev_info *info)
{
	const struct rte_eth_desc_lim lim = {
		.nb_min = EVNIC_MIN_DESC,
		.nb_max = EVNIC_MAX_DESC,
		.nb_align = EVNIC_DESC_ALIGN,
	};

	info->max_rx_queues = EVNIC_MAX_QUEUES;
	info->max_tx_queues = EVNIC_MAX_QUEUES;
	info->max_mac_addrs = EVNIC_MAX_MAC;
	info->min_rx_bufsize = EVNIC_MIN_BUF;
	info->max_rx_pktlen = EVNIC_MAX_FRAME;
	info->max_mtu = EVNIC_MAX_FRAME - EVNIC_L2_OVERHEAD;
	info->min_mtu = RTE_ETHER_MIN_MTU;
	info->reta_size = EVNIC_RETA_SIZE;
	info->hash_key_size = EVNIC_KEY_SIZE;
	info->flow_type_rss_offloads = EVNIC_RSS_TYPES;
	info->rx_offload_capa = RTE_ETH_RX_OFFLOAD_RSS_HASH | RTE_ETH_RX_OFFLOAD_CHECKSUM |
				RTE_ETH_RX_OFFLOAD_SCATTER;
	info->rx_queue_offload_capa = RTE_ETH_RX_OFFLOAD_CHECKSUM;
	info->tx_offload_capa = RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	info->tx_queue_offload_capa = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	info->rx_desc_lim = lim;
	info->tx_desc_lim = lim;
	info->default_rxportconf = (struct rte_eth_dev_portconf){
		.burst_size = EVNIC_BURST,
		.ring_size = 1024,
		.nb_queues = 1,
	};
	info->default_txportconf = info->default_rxportconf;
	info->speed_capa = RTE_ETH_LINK_SPEED_10G;
	return 0;
}

static const uint32_t *
supported_ptypes_get(struct rte_eth_dev *dev __rte_unused)
{
	static const uint32_t ptypes[] = {
		RTE_PTYPE_L2_ETHER,	RTE_PTYPE_L2_ETHER_VLAN, RTE_PTYPE_L2_ETHER_QINQ,
		RTE_PTYPE_L2_ETHER_ARP, RTE_PTYPE_L3_IPV4,	 RTE_PTYPE_L3_IPV4_EXT,
		RTE_PTYPE_L3_IPV6,	RTE_PTYPE_L3_IPV6_EXT,	 RTE_PTYPE_L4_FRAG,
		RTE_PTYPE_L4_TCP,	RTE_PTYPE_L4_UDP,	 RTE_PTYPE_L4_SCTP,
		RTE_PTYPE_L4_ICMP,	RTE_PTYPE_UNKNOWN,
	};

	return ptypes;
}

const struct eth_dev_ops evnic_ops = {
	.dev_configure = dev_configure,
	.dev_start = dev_start,
	.dev_stop = dev_stop,
	.dev_close = dev_close,
	.dev_infos_get = dev_infos_get,
	.dev_supported_ptypes_get = supported_ptypes_get,
	.link_update = evnic_link_update,
	.dev_set_link_up = evnic_set_link_up,
	.dev_set_link_down = evnic_set_link_down,
	.promiscuous_enable = evnic_promiscuous_enable,
	.promiscuous_disable = evnic_promiscuous_disable,
	.allmulticast_enable = evnic_allmulticast_enable,
	.allmulticast_disable = evnic_allmulticast_disable,
	.mac_addr_add = evnic_mac_addr_add,
	.mac_addr_remove = evnic_mac_addr_remove,
	.mac_addr_set = evnic_mac_addr_set,
	.set_mc_addr_list = evnic_set_mc_addr_list,
	.mtu_set = evnic_mtu_set,
	.rx_queue_setup = evnic_rxq_setup,
	.rx_queue_release = evnic_rxq_release,
	.rxq_info_get = evnic_rxq_info_get,
	.rx_queue_start = evnic_rx_queue_start,
	.rx_queue_stop = evnic_rx_queue_stop,
	.rx_burst_mode_get = evnic_rx_burst_mode_get,
	.rx_queue_intr_enable = evnic_rxq_intr_enable,
	.rx_queue_intr_disable = evnic_rxq_intr_disable,
	.tx_queue_setup = evnic_txq_setup,
	.tx_queue_release = evnic_txq_release,
	.txq_info_get = evnic_txq_info_get,
	.tx_queue_start = evnic_tx_queue_start,
	.tx_queue_stop = evnic_tx_queue_stop,
	.tx_burst_mode_get = evnic_tx_burst_mode_get,
	.tx_done_cleanup = evnic_tx_done_cleanup,
	.rss_hash_update = evnic_rss_hash_update,
	.rss_hash_conf_get = evnic_rss_hash_conf_get,
	.reta_update = evnic_reta_update,
	.reta_query = evnic_reta_query,
	.stats_get = evnic_stats_get,
	.stats_reset = evnic_stats_reset,
	.xstats_get = evnic_xstats_get,
	.xstats_get_names = evnic_xstats_get_names,
	.xstats_reset = evnic_xstats_reset,
	.get_reg = evnic_get_reg,
	.eth_dev_priv_dump = evnic_priv_dump,
};

/* ---- the vdev ---- */

static int
init_port(struct rte_eth_dev *dev, const struct evnic_args *args)
{
	struct evnic_port *p = dev->data->dev_private;
	int ret;

	p->data = dev->data;
	p->args = *args;
	pthread_mutex_init(&p->lock, NULL);
	p->rules.version = 1; /* 0 is of frames that were not judged yet */
	p->rules.stamps = p->args.stamps;
	evnic_rss_init(&p->rules.rss);
	rte_spinlock_init(&p->sort_lock);
	rte_spinlock_init(&p->rings_lock);
	evnic_vectors_init(p);
	init_steer(p, 1);
	p->macs[0] = (struct rte_ether_addr){
		.addr_bytes = { 0x02, 'R', 'o', 'u', 's', (uint8_t)dev->data->port_id },
	};
	evnic_filter_init(&p->rules.filter, &p->macs[0]);

	ret = evnic_wire_init(p);
	if (ret != 0)
		return ret;
	ret = evnic_ends_create(p);
	if (ret != 0)
		goto fini_wire;
	ret = evnic_link_init(dev);
	if (ret != 0)
		goto destroy_ends;
	ret = rouse_attn_registry_add(dev->data->port_id, &evnic_attn_ops, p);
	if (ret != 0)
		goto fini_link;
	dev->dev_ops = &evnic_ops;
	dev->rx_pkt_burst = evnic_rx_burst;
	dev->tx_pkt_burst = evnic_tx_drop;
	dev->rx_queue_count = evnic_rxq_count;
	dev->rx_descriptor_status = evnic_rx_descriptor_status;
	dev->tx_descriptor_status = evnic_tx_descriptor_status;
	dev->data->mac_addrs = p->macs;
	/* What the source holds was recorded for others, and programs enable the mode only after
	 * the start: a port that came up without it would lose the first frames. */
	dev->data->promiscuous = 1;
	dev->data->dev_flags |= RTE_ETH_DEV_INTR_LSC;
	dev->data->dev_link.link_speed = RTE_ETH_SPEED_NUM_10G;
	dev->data->dev_link.link_duplex = RTE_ETH_LINK_FULL_DUPLEX;
	return 0;

fini_link:
	evnic_link_fini(dev);
destroy_ends:
	evnic_ends_destroy(p);
fini_wire:
	evnic_wire_fini(p);
	return ret;
}

static int
probe(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	struct evnic_args args;
	struct rte_eth_dev *dev;
	int ret;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		EVNIC_LOG(ERR, "%s: a secondary process cannot use it; start a primary one", name);
		return -ENOTSUP;
	}
	ret = evnic_args_parse(name, rte_vdev_device_args(vdev), &args);
	if (ret != 0)
		return ret;
	if (args.numa_node >= 0)
		vdev->device.numa_node = args.numa_node;
	dev = rte_eth_vdev_allocate(vdev, sizeof(struct evnic_port));
	if (dev == NULL)
		return -ENOMEM;
	ret = init_port(dev, &args);
	if (ret != 0) {
		rte_eth_dev_release_port(dev);
		return ret;
	}
	rte_eth_dev_probing_finish(dev);
	return 0;
}

static int
remove_vdev(struct rte_vdev_device *vdev)
{
	struct rte_eth_dev *dev = rte_eth_dev_allocated(rte_vdev_device_name(vdev));

	if (dev == NULL)
		return 0; /* closed already */
	dev_close(dev);
	return rte_eth_dev_release_port(dev);
}

static struct rte_vdev_driver driver = {
	.probe = probe,
	.remove = remove_vdev,
};

RTE_PMD_REGISTER_VDEV(net_evnic, driver);
RTE_PMD_REGISTER_PARAM_STRING(net_evnic, "rx_pcap=<file> tx_pcap=<file> iface=<interface> "
					 "rx_iface=<interface> tx_iface=<interface> cable=<port> "
					 "pace=orig|max|<pps> "
					 "speed=<factor> loops=<n> infinite_rx=0|1 "
					 "overrun=wait|drop numa=<node> wire_cpu=<cpu> "
					 "map=A|A-ring|A-vector|B rings=<n> vectors=<n> "
					 "tx_events=0|1 stamp=0|1 trace=<file>");
