/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Commands that show what a port is and counted; testpmd's wording, which scripts read. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "prompt.h"

#define BORDER	    "########################"
#define INFO_BORDER "*********************"

static void
show_stats(uint16_t port)
{
	static struct {
		struct rte_eth_stats stats;
		uint64_t tsc; /* 0: it was not shown */
	} last[RTE_MAX_ETHPORTS];
	struct rte_eth_stats s, *l = &last[port].stats;
	uint64_t now = rte_rdtsc();
	double seconds =
		last[port].tsc != 0 ? (double)(now - last[port].tsc) / (double)rte_get_tsc_hz() : 0;
	uint64_t rates[4] = { 0 };

	if (rte_eth_stats_get(port, &s) != 0) {
		REFUSE("port %u: its driver does not count", port);
		return;
	}
	if (seconds > 0 && s.ipackets >= l->ipackets && s.opackets >= l->opackets) {
		rates[0] = (uint64_t)((double)(s.ipackets - l->ipackets) / seconds);
		rates[1] = (uint64_t)((double)(s.ibytes - l->ibytes) / seconds) * 8;
		rates[2] = (uint64_t)((double)(s.opackets - l->opackets) / seconds);
		rates[3] = (uint64_t)((double)(s.obytes - l->obytes) / seconds) * 8;
	}
	*l = s;
	last[port].tsc = now;
	printf("\n  %s NIC statistics for port %-2d %s\n", BORDER, port, BORDER);
	printf("  RX-packets: %-10" PRIu64 " RX-missed: %-10" PRIu64 " RX-bytes:  %-" PRIu64 "\n",
	       s.ipackets, s.imissed, s.ibytes);
	printf("  RX-errors: %-" PRIu64 "\n", s.ierrors);
	printf("  RX-nombuf:  %-10" PRIu64 "\n", s.rx_nombuf);
	printf("  TX-packets: %-10" PRIu64 " TX-errors: %-10" PRIu64 " TX-bytes:  %-" PRIu64 "\n",
	       s.opackets, s.oerrors, s.obytes);
	printf("\n  Throughput (since last show)\n");
	printf("  Rx-pps: %12" PRIu64 "          Rx-bps: %12" PRIu64 "\n  Tx-pps: %12" PRIu64
	       "          Tx-bps: %12" PRIu64 "\n",
	       rates[0], rates[1], rates[2], rates[3]);
	printf("  %s############################%s\n", BORDER, BORDER);
}

static void
show_xstats(uint16_t port)
{
	int nb = rte_eth_xstats_get_names(port, NULL, 0);
	struct rte_eth_xstat_name *names = nb > 0 ? calloc((size_t)nb, sizeof(*names)) : NULL;
	struct rte_eth_xstat *xstats = nb > 0 ? calloc((size_t)nb, sizeof(*xstats)) : NULL;

	printf("###### NIC extended statistics for port %-2d\n", port);
	if (names == NULL || xstats == NULL ||
	    rte_eth_xstats_get_names(port, names, (unsigned int)nb) != nb ||
	    rte_eth_xstats_get(port, xstats, (unsigned int)nb) != nb) {
		REFUSE("port %u: its extended statistics cannot be read", port);
	} else {
		for (int i = 0; i < nb; i++)
			printf("%s: %" PRIu64 "\n", names[i].name, xstats[i].value);
	}
	free(names);
	free(xstats);
}

static void
show_queues(const struct rte_eth_dev_info *info)
{
	printf("Current number of RX queues: %u\n", info->nb_rx_queues);
	printf("Max possible RX queues: %u\n", info->max_rx_queues);
	printf("Max possible number of RXDs per queue: %hu\n", info->rx_desc_lim.nb_max);
	printf("Min possible number of RXDs per queue: %hu\n", info->rx_desc_lim.nb_min);
	printf("RXDs number alignment: %hu\n", info->rx_desc_lim.nb_align);
	printf("Current number of TX queues: %u\n", info->nb_tx_queues);
	printf("Max possible TX queues: %u\n", info->max_tx_queues);
	printf("Max possible number of TXDs per queue: %hu\n", info->tx_desc_lim.nb_max);
	printf("Min possible number of TXDs per queue: %hu\n", info->tx_desc_lim.nb_min);
	printf("TXDs number alignment: %hu\n", info->tx_desc_lim.nb_align);
}

static void
show_link(uint16_t port)
{
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(port, &link) != 0)
		return;
	printf("Link status: %s\n", link.link_status != 0 ? "up" : "down");
	printf("Link speed: %s\n", rte_eth_link_speed_to_str(link.link_speed));
	printf("Link duplex: %s\n",
	       link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX ? "full-duplex" : "half-duplex");
	printf("Autoneg status: %s\n", link.link_autoneg == RTE_ETH_LINK_AUTONEG ? "On" : "Off");
}

static void
show_info(uint16_t port)
{
	struct rte_ether_addr mac;
	struct rte_eth_dev_info info;
	char name[RTE_ETH_NAME_MAX_LEN] = "";
	uint16_t mtu;

	if (rte_eth_dev_info_get(port, &info) != 0) {
		REFUSE("port %u: cannot be asked what it is", port);
		return;
	}
	printf("\n%s Infos for port %-2d %s\n", INFO_BORDER, port, INFO_BORDER);
	if (rte_eth_macaddr_get(port, &mac) == 0)
		printf("MAC address: " RTE_ETHER_ADDR_PRT_FMT "\n", RTE_ETHER_ADDR_BYTES(&mac));
	rte_eth_dev_get_name_by_port(port, name);
	printf("Device name: %s\nDriver name: %s\n", name, info.driver_name);
	printf("Connect to socket: %u\n", (unsigned int)RTE_MAX(rte_eth_dev_socket_id(port), 0));
	show_link(port);
	if (rte_eth_dev_get_mtu(port, &mtu) == 0)
		printf("MTU: %u\n", mtu);
	printf("Promiscuous mode: %s\n",
	       rte_eth_promiscuous_get(port) == 1 ? "enabled" : "disabled");
	printf("Allmulticast mode: %s\n",
	       rte_eth_allmulticast_get(port) == 1 ? "enabled" : "disabled");
	if (info.hash_key_size > 0)
		printf("Hash key size in bytes: %u\n", info.hash_key_size);
	if (info.reta_size > 0)
		printf("Redirection table size: %u\n", info.reta_size);
	if (info.flow_type_rss_offloads != 0)
		rss_show_offloads(info.flow_type_rss_offloads);
	else
		printf("No RSS offload flow type is supported.\n");
	printf("Minimum size of RX buffer: %u\n", info.min_rx_bufsize);
	printf("Maximum configurable length of RX packet: %u\n", info.max_rx_pktlen);
	show_queues(&info);
}

static void
show_one(const char *what, uint16_t port)
{
	if (strcmp(what, "stats") == 0)
		show_stats(port);
	else if (strcmp(what, "xstats") == 0)
		show_xstats(port);
	else
		show_info(port);
}

void
cmd_show_port(struct control *c __rte_unused, const struct command_line *line)
{
	uint32_t n = line->words[3].n;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		if (n == COMMAND_ALL || n == port)
			show_one(line->words[2].word, port);
}

static void
show_line(uint16_t port)
{
	struct rte_ether_addr mac;
	struct rte_eth_dev_info info;
	struct rte_eth_link link;
	char name[RTE_ETH_NAME_MAX_LEN] = "";

	if (rte_eth_dev_info_get(port, &info) != 0 || rte_eth_link_get_nowait(port, &link) != 0 ||
	    rte_eth_macaddr_get(port, &mac) != 0)
		return;
	rte_eth_dev_get_name_by_port(port, name);
	printf("%-4d " RTE_ETHER_ADDR_PRT_FMT " %-12s %-14s %-8s %s\n", port,
	       RTE_ETHER_ADDR_BYTES(&mac), name, info.driver_name,
	       link.link_status != 0 ? "up" : "down", rte_eth_link_speed_to_str(link.link_speed));
}

void
cmd_show_summary(struct control *c __rte_unused, const struct command_line *line)
{
	uint32_t n = line->words[3].n;
	uint16_t port;

	printf("Number of available ports: %i\n", rte_eth_dev_count_avail());
	printf("%-4s %-17s %-12s %-14s %-8s %s\n", "Port", "MAC Address", "Name", "Driver",
	       "Status", "Link");
	RTE_ETH_FOREACH_DEV (port)
		if (n == COMMAND_ALL || n == port)
			show_line(port);
}

void
cmd_clear_port(struct control *c, const struct command_line *line)
{
	bool is_extended = strcmp(line->words[2].word, "xstats") == 0;
	uint32_t n = line->words[3].n;
	uint16_t port;
	int ret;

	RTE_ETH_FOREACH_DEV (port) {
		if (n != COMMAND_ALL && n != port)
			continue;
		ret = is_extended ? rte_eth_xstats_reset(port) : rte_eth_stats_reset(port);
		if (ret != 0) {
			REFUSE("port %u: cannot be cleared: %s", port, strerror(-ret));
			continue;
		}
		rte_eth_stats_get(port, &c->zero[port]);
		if (!is_extended)
			printf("\n  NIC statistics for port %d cleared\n", port);
	}
}
