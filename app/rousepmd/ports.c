/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The ports: one mbuf pool for all, then configure, queues, start; and the way back. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mempool.h>

#include "app.h"

#define POOL_CACHE	256
#define DEFAULT_NB_DESC 1024
#define ENDED_XSTAT	"wire_rx_ended" /* net_evnic: 1 when its source has ended */

static bool is_started[RTE_MAX_ETHPORTS];
static bool was_reset[RTE_MAX_ETHPORTS];    /* and has to be configured anew */
static struct rte_mempool *pool;	    /* of all ports, NULL: not made */
static char why_not[RTE_MAX_ETHPORTS][256]; /* it could not be started: for --check */

static void __rte_format_printf(2, 3) note_why_not(uint16_t port, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why_not[port], sizeof(why_not[port]), fmt, args);
	va_end(args);
}

static int
complain_port(uint16_t port, const char *what, int err)
{
	log_complain("port %u: %s: %s", port, what, rte_strerror(-err));
	note_why_not(port, "%s: %s; what its driver says of it is on stderr", what,
		     rte_strerror(-err));
	return err;
}

/* What all ports have in common. */
static void
complain_ports(const char *why)
{
	uint16_t port;

	COMPLAIN("%s", why);
	RTE_ETH_FOREACH_DEV (port)
		note_why_not(port, "%s", why);
}

static uint16_t
descriptors(uint16_t asked, uint16_t suggested)
{
	if (asked != 0)
		return asked;
	return suggested != 0 ? suggested : DEFAULT_NB_DESC;
}

/* ---- the pool ---- */

/* Descriptors are filled once for each ring of an Rx queue. Of net_vmxnet3's two one is for what
 * does not fit one mbuf, and is filled, too; ethdev has no word for that. */
static unsigned int
rings_of_rxq(const struct rte_eth_dev_info *info)
{
	bool is_vmxnet3 = info->driver_name != NULL &&
			  strcmp(info->driver_name, "net_vmxnet3") == 0;

	return is_vmxnet3 ? 2 : 1;
}

/* As many mbufs as queues and lcores can hold at once. */
static uint32_t
mbufs_in_use(const struct options *o, unsigned int nb_workers)
{
	/* the main lcore's cache fills when it starts the ports */
	uint32_t n = (nb_workers + 1) * (POOL_CACHE * 3 / 2) + nb_workers * o->burst;
	struct rte_eth_dev_info info;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port) {
		if (rte_eth_dev_info_get(port, &info) != 0)
			continue;
		n += o->nb_rxq * rings_of_rxq(&info) *
		     descriptors(o->nb_rxd, info.default_rxportconf.ring_size);
		if (o->fwd->sends || options_have_prompt(o)) /* where it may come to that */
			n += o->nb_txq * descriptors(o->nb_txd, info.default_txportconf.ring_size);
	}
	return n;
}

static int
create_pool(const struct options *o, unsigned int nb_workers)
{
	uint32_t needed = mbufs_in_use(o, nb_workers);
	uint32_t nb = o->nb_mbufs != 0 ? o->nb_mbufs : needed;
	char why[sizeof(why_not[0])];

	/* an Rx queue without a buffer would wait for mbufs that Tx queues keep until the next send
	 */
	if (nb < needed) {
		snprintf(why, sizeof(why),
			 "--total-num-mbufs=%u: queues and lcores can hold %u at once; give as "
			 "many, or fewer descriptors (--rxd, --txd)",
			 nb, needed);
		complain_ports(why);
		return -EINVAL;
	}
	pool = rte_pktmbuf_pool_create("mb_pool_0", nb, POOL_CACHE, 0, o->mbuf_size, SOCKET_ID_ANY);
	if (pool != NULL)
		return 0;
	snprintf(why, sizeof(why),
		 "no memory for %u mbufs of %u bytes (%s); %s, or fewer or smaller mbufs "
		 "(--total-num-mbufs, --rxd, --mbuf-size)",
		 nb, o->mbuf_size, rte_strerror(rte_errno),
		 rte_eal_has_hugepages() ? "give the machine more hugepages (as root, "
					   "dpdk-hugepages.py --pagesize 2M --reserve 512M)"
					 : "give EAL more (-m)");
	complain_ports(why);
	return -ENOMEM;
}

/* All ports are stopped and the workers are gone: every mbuf must be back. */
static int
destroy_pool(void)
{
	unsigned int nb_back;
	int ret = 0;

	if (pool == NULL)
		return 0;
	nb_back = rte_mempool_avail_count(pool);
	if (nb_back != pool->size) {
		COMPLAIN("%u of %u mbufs came back when the ports were stopped; this is a bug of "
			 "a driver or of rousepmd, report it",
			 nb_back, pool->size);
		ret = -EFAULT;
	}
	rte_mempool_free(pool);
	pool = NULL;
	return ret;
}

/* ---- one port ---- */

static int
check_queues(uint16_t port, const struct options *o, const struct rte_eth_dev_info *info)
{
	if (o->nb_rxq > info->max_rx_queues)
		note_why_not(port, "--rxq=%u: port %u has %u Rx queues at most", o->nb_rxq, port,
			     info->max_rx_queues);
	else if (o->nb_txq > info->max_tx_queues)
		note_why_not(port, "--txq=%u: port %u has %u Tx queues at most", o->nb_txq, port,
			     info->max_tx_queues);
	else
		return 0;
	COMPLAIN("%s", why_not[port]);
	return -EINVAL;
}

/* The MTU that lets every frame in that an mbuf holds, with two VLAN tags if need be, as far as the
 * port allows. What of a frame is not MTU, ethdev computes as is done here. */
static uint16_t
mtu_of(const struct options *o, const struct rte_eth_dev_info *info)
{
	bool is_known = info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu;
	uint32_t overhead = is_known ? info->max_rx_pktlen - info->max_mtu
				     : RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
	uint32_t tags = is_known ? 0 : 2 * RTE_VLAN_HLEN;
	uint32_t room = o->mbuf_size - RTE_PKTMBUF_HEADROOM;
	uint32_t mtu = room > overhead + tags ? room - overhead - tags : 0;

	mtu = RTE_MIN(RTE_MAX(mtu, (uint32_t)RTE_ETHER_MTU), (uint32_t)info->max_mtu);
	if (info->max_rx_pktlen > overhead)
		mtu = RTE_MIN(mtu, info->max_rx_pktlen - overhead);
	return (uint16_t)mtu;
}

/* The driver has said what it has against Rx interrupts, and would say all else again. */
static int
configure_without(uint16_t port, const struct options *o, struct rte_eth_conf *conf)
{
	uint32_t level = rte_log_get_global_level();
	int ret;

	conf->intr_conf.rxq = 0;
	rte_log_set_global_level(RTE_LOG_CRIT);
	ret = rte_eth_dev_configure(port, o->nb_rxq, o->nb_txq, conf);
	rte_log_set_global_level(level);
	return ret;
}

static int
configure(uint16_t port, const struct options *o, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf conf = {
		.intr_conf.rxq = 1,
		.rxmode.mtu = mtu_of(o, info),
		.rx_adv_conf.rss_conf.rss_hf = o->rss_types & info->flow_type_rss_offloads,
	};
	int ret;

	if (o->nb_rxq > 1 && conf.rx_adv_conf.rss_conf.rss_hf != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rxmode.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
	}
	ret = rte_eth_dev_configure(port, o->nb_rxq, o->nb_txq, &conf);
	/* some drivers refuse Rx interrupts here, by whatever errno */
	if (ret == 0 || configure_without(port, o, &conf) != 0)
		return ret;
	if (ret != -ENOTSUP) /* of a driver that has none this is no news */
		COMPLAIN("port %u: its driver refuses Rx interrupts: %s; it goes on without them%s",
			 port, rte_strerror(-ret),
			 o->check ? "" : " (--check says what the port lacks)");
	log_mark(); /* what was said is over */
	return 0;
}

static int
set_up_queues(uint16_t port, const struct options *o, const struct rte_eth_dev_info *info)
{
	uint16_t nb_rxd = descriptors(o->nb_rxd, info->default_rxportconf.ring_size);
	uint16_t nb_txd = descriptors(o->nb_txd, info->default_txportconf.ring_size);
	int socket = rte_eth_dev_socket_id(port);
	int ret;

	ret = rte_eth_dev_adjust_nb_rx_tx_desc(port, &nb_rxd, &nb_txd);
	if (ret != 0)
		return complain_port(port, "descriptors", ret);
	for (uint16_t q = 0; q < o->nb_rxq; q++) {
		ret = rte_eth_rx_queue_setup(port, q, nb_rxd, (unsigned int)socket, NULL, pool);
		if (ret != 0)
			return complain_port(port, "Rx queue", ret);
	}
	for (uint16_t q = 0; q < o->nb_txq; q++) {
		ret = rte_eth_tx_queue_setup(port, q, nb_txd, (unsigned int)socket, NULL);
		if (ret != 0)
			return complain_port(port, "Tx queue", ret);
	}
	return 0;
}

/* Configured, with its queues; 0, -errno after a complaint. */
static int
set_up(uint16_t port, const struct options *o)
{
	struct rte_eth_dev_info info;
	int ret;

	log_mark();
	ret = rte_eth_dev_info_get(port, &info);
	if (ret != 0)
		return complain_port(port, "cannot be asked what it is", ret);
	ret = check_queues(port, o, &info);
	if (ret != 0)
		return ret;
	ret = configure(port, o, &info);
	if (ret != 0)
		return complain_port(port, "cannot be configured", ret);
	return set_up_queues(port, o, &info);
}

/* A driver that lacks mbufs names a queue, and not the pool. */
static int
complain_start(uint16_t port, int err)
{
	if (err != -ENOMEM && err != -ENOBUFS)
		return complain_port(port, "cannot be started", err);
	note_why_not(port,
		     "port %u cannot be started: %s; its driver may take more mbufs than it has "
		     "descriptors: give more (--total-num-mbufs=%u)",
		     port, rte_strerror(-err), pool->size * 2);
	COMPLAIN("%s", why_not[port]);
	return err;
}

static int
start_port(uint16_t port, const struct options *o)
{
	int ret = set_up(port, o);

	if (ret != 0)
		return ret;
	ret = rte_eth_dev_start(port);
	if (ret != 0)
		return complain_start(port, ret);
	is_started[port] = true;
	/* not every driver has it, and those without receive everything */
	rte_eth_promiscuous_enable(port);
	return 0;
}

static const char *
how_to_get_a_nic(const struct options *o)
{
	if (!o->check)
		return ", or a NIC (rousepmd --check says what each lacks)";
	return o->check_nics ? ", or a NIC, when it has what its line says that it lacks" : "";
}

/* 0, or -errno after a complaint: of the first that cannot be started. With --check the others are
 * all the same. */
int
ports_start(const struct options *o, unsigned int nb_workers)
{
	uint16_t port;
	int ret;

	if (rte_eth_dev_count_avail() == 0) {
		COMPLAIN("there is no port; give one, such as --vdev=net_evnic0,rx_pcap=FILE%s",
			 how_to_get_a_nic(o));
		return -ENODEV;
	}
	ret = create_pool(o, nb_workers);
	if (ret != 0)
		return ret;
	RTE_ETH_FOREACH_DEV (port) {
		int error = start_port(port, o);

		if (ret == 0)
			ret = error;
		if (ret != 0 && !o->check)
			return ret;
	}
	return ret;
}

const char *
ports_why_not(uint16_t port)
{
	return why_not[port];
}

bool
ports_is_started(uint16_t port)
{
	return is_started[port];
}

int
ports_start_again(uint16_t port, const struct options *o)
{
	int ret = 0;

	if (is_started[port])
		return 0;
	if (was_reset[port])
		ret = set_up(port, o);
	if (ret == 0)
		ret = rte_eth_dev_start(port);
	if (ret == 0 && was_reset[port])
		rte_eth_promiscuous_enable(port);
	is_started[port] = ret == 0;
	was_reset[port] &= ret != 0;
	return ret;
}

int
ports_stop_one(uint16_t port)
{
	int ret = is_started[port] ? rte_eth_dev_stop(port) : 0;

	is_started[port] &= ret != 0;
	return ret;
}

int
ports_reset_one(uint16_t port)
{
	int ret = rte_eth_dev_reset(port);

	was_reset[port] |= ret == 0;
	return ret;
}

int
ports_close_one(uint16_t port)
{
	was_reset[port] = false;
	return rte_eth_dev_close(port);
}

struct rte_mempool *
ports_pool(void)
{
	return pool;
}

/* ---- what was received before a start ---- */

/* A source that never ends is not waited for. */
static void
flush_queue(uint16_t port, uint16_t queue)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz();
	struct rte_mbuf *pkts[APP_MAX_BURST];
	uint16_t nb;

	do {
		nb = rte_eth_rx_burst(port, queue, pkts, RTE_DIM(pkts));
		rte_pktmbuf_free_bulk(pkts, nb);
	} while (nb > 0 && rte_rdtsc() < end);
}

/* No worker runs: drop what is there. */
void
ports_flush(const struct options *o)
{
	struct rte_eth_rxq_info info;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		for (uint16_t q = 0; q < o->nb_rxq && is_started[port]; q++)
			if (rte_eth_rx_queue_info_get(port, q, &info) != 0 ||
			    info.queue_state != RTE_ETH_QUEUE_STATE_STOPPED)
				flush_queue(port, q);
}

int
ports_stop(void)
{
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		if (is_started[port])
			rte_eth_dev_stop(port);
	RTE_ETH_FOREACH_DEV (port)
		rte_eth_dev_close(port);
	return destroy_pool();
}

/* ---- has everything been received that ever will? ---- */

bool
ports_xstat(uint16_t port, const char *name, uint64_t *value)
{
	uint64_t id;

	return rte_eth_xstats_get_id_by_name(port, name, &id) == 0 &&
	       rte_eth_xstats_get_by_id(port, &id, value, 1) == 1;
}

static bool
source_has_ended(uint16_t port)
{
	uint64_t value;

	return ports_xstat(port, ENDED_XSTAT, &value) && value != 0;
}

bool
ports_have_ended(void)
{
	struct rte_eth_dev_info info;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port) {
		if (!source_has_ended(port) || rte_eth_dev_info_get(port, &info) != 0)
			return false;
		for (uint16_t q = 0; q < info.nb_rx_queues; q++)
			if (rte_eth_rx_queue_count(port, q) > 0)
				return false;
	}
	return true;
}
