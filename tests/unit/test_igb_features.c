/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What docs/nics/features/igb.ini claims, row by row, against the operations and capabilities that
 * the driver has; and nothing that it has is left out. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "igb_rig.h"
#include "unit.h"

#define MAX_OPS	 4
#define OP(name) (offsetof(struct eth_dev_ops, name) + 1) /* 0: no more */

static const struct row {
	const char *name;
	size_t ops[MAX_OPS];
	uint64_t rx_offloads, tx_offloads; /* that must be offered */
} rows[] = {
	{ .name = "Speed capabilities", .ops = { OP(dev_infos_get) } },
	{ .name = "Link status",
	  .ops = { OP(link_update), OP(dev_set_link_up), OP(dev_set_link_down) } },
	{ .name = "Link status event", .ops = { OP(link_update) } },
	{ .name = "Rx interrupt", .ops = { OP(rx_queue_intr_enable), OP(rx_queue_intr_disable) } },
	{ .name = "Fast mbuf free",
	  .ops = { OP(tx_queue_setup) },
	  .tx_offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE },
	{ .name = "Free Tx mbuf on demand", .ops = { OP(tx_done_cleanup) } },
	{ .name = "Queue start/stop",
	  .ops = { OP(rx_queue_start), OP(rx_queue_stop), OP(tx_queue_start), OP(tx_queue_stop) } },
	{ .name = "Burst mode info", .ops = { OP(rx_burst_mode_get), OP(tx_burst_mode_get) } },
	{ .name = "MTU update", .ops = { OP(mtu_set) } },
	{ .name = "Scattered Rx",
	  .ops = { OP(rxq_info_get) },
	  .rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER },
	{ .name = "Promiscuous mode", .ops = { OP(promiscuous_enable), OP(promiscuous_disable) } },
	{ .name = "Allmulticast mode",
	  .ops = { OP(allmulticast_enable), OP(allmulticast_disable) } },
	{ .name = "Unicast MAC filter",
	  .ops = { OP(mac_addr_add), OP(mac_addr_remove), OP(mac_addr_set) } },
	{ .name = "Multicast MAC filter", .ops = { OP(set_mc_addr_list) } },
	{ .name = "RSS hash",
	  .ops = { OP(rss_hash_conf_get) },
	  .rx_offloads = RTE_ETH_RX_OFFLOAD_RSS_HASH },
	{ .name = "RSS key update", .ops = { OP(rss_hash_update) } },
	{ .name = "RSS reta update", .ops = { OP(reta_update), OP(reta_query) } },
	{ .name = "VLAN filter",
	  .ops = { OP(vlan_filter_set) },
	  .rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER },
	{ .name = "VLAN offload",
	  .ops = { OP(vlan_offload_set) },
	  .rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_STRIP,
	  .tx_offloads = RTE_ETH_TX_OFFLOAD_VLAN_INSERT },
	{ .name = "L3 checksum offload",
	  .ops = { 0 },
	  .rx_offloads = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM,
	  .tx_offloads = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM },
	{ .name = "L4 checksum offload",
	  .ops = { 0 },
	  .rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM,
	  .tx_offloads = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM },
	{ .name = "Packet type parsing", .ops = { OP(dev_supported_ptypes_get) } },
	{ .name = "Rx descriptor status", .ops = { 0 } }, /* not in the table of operations */
	{ .name = "Tx descriptor status", .ops = { 0 } },
	{ .name = "Basic stats", .ops = { OP(stats_get), OP(stats_reset) } },
	{ .name = "Extended stats",
	  .ops = { OP(xstats_get), OP(xstats_get_names), OP(xstats_reset) } },
	{ .name = "Stats per queue", .ops = { OP(stats_get) } },
	{ .name = "FW version", .ops = { OP(fw_version_get) } },
	{ .name = "Registers dump", .ops = { OP(get_reg) } },
	{ .name = "Linux", .ops = { 0 } },
	{ .name = "x86-64", .ops = { 0 } },
	{ .name = "Usage doc", .ops = { 0 } },
};

static const struct row *
row_of(const char *name)
{
	for (size_t i = 0; i < UNIT_DIM(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static void
every_claim_has_a_row_and_every_row_a_claim(void **state)
{
	const char *docs = getenv("ROUSE_DOCS");
	char path[1024], line[128];
	unsigned int nb = 0;
	FILE *f;

	assert_non_null(docs);
	snprintf(path, sizeof(path), "%s/nics/features/igb.ini", docs);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		char *value = strchr(line, '=');

		if (line[0] == ';' || value == NULL)
			continue;
		assert_int_equal(value[2], 'Y');
		while (value > line && isspace((unsigned char)value[-1]))
			value--;
		*value = '\0';
		if (row_of(line) == NULL)
			fail_msg("igb.ini claims \"%s\", and nothing is held against it", line);
		nb++;
	}
	fclose(f);
	assert_int_equal(nb, UNIT_DIM(rows));
}

static void
the_driver_has_what_every_row_needs(void **state)
{
	struct rte_eth_dev_info info = { .device = NULL };

	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_int_equal(igb_ops.dev_infos_get(rig_dev, &info), 0);
	for (size_t i = 0; i < UNIT_DIM(rows); i++) {
		for (size_t k = 0; k < MAX_OPS && rows[i].ops[k] != 0; k++) {
			const char *at = (const char *)&igb_ops + rows[i].ops[k] - 1;

			if (*(void *const *)(const void *)at == NULL)
				fail_msg("%s: operation %zu is not set", rows[i].name, k);
		}
		if ((rows[i].rx_offloads & ~info.rx_offload_capa) != 0 ||
		    (rows[i].tx_offloads & ~info.tx_offload_capa) != 0)
			fail_msg("%s: its offload is not offered", rows[i].name);
	}
	assert_non_null(rig_dev->rx_descriptor_status);
	assert_non_null(rig_dev->tx_descriptor_status);
	assert_non_null(rig_dev->rx_queue_count);
	assert_non_null(rig_dev->tx_pkt_prepare);
	assert_true(rig_dev->data->dev_flags & RTE_ETH_DEV_INTR_LSC);
	rig_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_claim_has_a_row_and_every_row_a_claim),
		cmocka_unit_test(the_driver_has_what_every_row_needs),
	};

	return UNIT_RUN(tests);
}
