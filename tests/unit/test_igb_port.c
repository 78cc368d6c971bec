/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A port from probe to close: what the device is told, and bad input and broken devices: an errno
 * and one line that names the input and the remedy, and nothing is left behind.
 */

#include <errno.h>
#include <string.h>

#include "igb_rig.h"
#include "no_eal.h"
#include "unit.h"

static uint32_t
reg(uint32_t offset)
{
	return device.regs[offset / 4];
}

/* What was logged since the rig was made names all of these. */
static void
assert_said(const char *first, const char *second)
{
	if (strstr(rig_log, first) == NULL || strstr(rig_log, second) == NULL)
		fail_msg("it was not said, but: %s", rig_log);
	/* one line */
	assert_ptr_equal(strchr(rig_log, '\n'), &rig_log[strlen(rig_log) - 1]);
}

/* ---- the probe ---- */

static void
a_port_has_its_address_from_the_device(void **state)
{
	static const struct rte_ether_addr addr = { { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 } };

	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_true(rte_is_same_ether_addr(&rig->macs[0], &addr));
	assert_string_equal(rig_log, "");
	rig_destroy();
}

static void
an_nvm_that_does_not_add_up_is_refused(void **state)
{
	struct rig_conf conf = { .nb_queues = 1 };

	device_init();
	device.nvm[0x20] ^= 1;
	assert_int_equal(rig_probe(&conf), -EBADMSG);
	assert_said("checksum is wrong", "nvm_check=0");
	/* who knows better goes on */
	device_init();
	device.nvm[0x20] ^= 1;
	conf.args = "nvm_check=0";
	assert_int_equal(rig_probe(&conf), 0);
	assert_int_equal(rig_start(&conf), 0);
	rig_destroy();
}

static void
a_device_that_is_gone_is_refused(void **state)
{
	device_init();
	device.is_gone = true;
	assert_int_equal(rig_probe(&(struct rig_conf){ .nb_queues = 1 }), -EIO);
	assert_said("does not answer", "plugged in");
}

static void
a_device_that_stays_in_reset_is_refused(void **state)
{
	device_init();
	device.is_stuck = true;
	assert_int_equal(rig_probe(&(struct rig_conf){ .nb_queues = 1 }), -EIO);
	assert_said("stays in reset", "bind it again");
}

static void
device_arguments_are_checked(void **state)
{
	static const struct {
		const char *args, *named, *remedy;
	} cases[] = {
		{ "vectors=0", "vectors=0", "from 1 to 24" },
		{ "vectors=25", "vectors=25", "from 1 to 24" },
		{ "vectors=two", "vectors=two", "from 1 to 24" },
		{ "vectors=-1", "vectors=-1", "from 1 to 24" },
		{ "vectors=", "vectors=", "" },
		{ "lcore_vectors=0", "lcore_vectors=0", "from 1 to 24" },
		{ "doorbell=2", "doorbell=2", "from 0 to 1" },
		{ "doorbell=yes", "doorbell=yes", "from 0 to 1" },
		{ "moderation_us=8192", "moderation_us=8192", "from 0 to 8191" },
		{ "moderation_us=99999999999999999999", "moderation_us=", "from 0 to 8191" },
		{ "nvm_check=2", "nvm_check=2", "from 0 to 1" },
		{ "queues=0", "queues=0", "from 1 to 16" },
		{ "queues=17", "queues=17", "from 1 to 16" },
		{ "queue=4", "queue=4", "queues=N, vectors=N" },
		{ "vectors", "vectors", "" },
	};

	for (size_t i = 0; i < UNIT_DIM(cases); i++) {
		device_init();
		assert_int_equal(rig_probe(&(struct rig_conf){ .args = cases[i].args }), -EINVAL);
		assert_said(cases[i].named, cases[i].remedy);
		/* the device was not touched */
		assert_int_equal(device.nb_writes, 0);
	}
}

static void
a_port_has_no_more_queues_than_were_asked_for(void **state)
{
	struct rte_eth_dev_info info = { 0 };

	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_int_equal(igb_ops.dev_infos_get(rig_dev, &info), 0);
	assert_int_equal(info.max_rx_queues, 16);
	rig_destroy();
	rig_make(&(struct rig_conf){ .nb_queues = 1, .args = "queues=9" });
	assert_int_equal(igb_ops.dev_infos_get(rig_dev, &info), 0);
	assert_int_equal(info.max_rx_queues, 9);
	assert_int_equal(info.max_tx_queues, 9);
	rig_destroy();
}

/* ---- start ---- */

/* 4.5.9 and 4.5.10, as the datasheet wants the registers to be. */
static void
a_started_port_is_programmed_as_the_datasheet_has_it(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 3,
				     .nb_desc = 128,
				     .rx_offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM |
						    RTE_ETH_RX_OFFLOAD_VLAN_STRIP });
	for (uint16_t q = 0; q < 3; q++) {
		const struct igb_rxq *rxq = rig_dev->data->rx_queues[q];
		const struct igb_txq *txq = rig_dev->data->tx_queues[q];

		assert_int_equal(reg(0xc000 + 0x40 * q), (uint32_t)rxq->iova);
		assert_int_equal(reg(0xc004 + 0x40 * q), (uint32_t)(rxq->iova >> 32));
		assert_int_equal(reg(0xc008 + 0x40 * q), 128 * 16);
		assert_int_equal(reg(0xc00c + 0x40 * q), 2 | 1 << 25);
		assert_int_equal(reg(0xc018 + 0x40 * q), 127);
		assert_int_equal(reg(0xc028 + 0x40 * q) >> 25 & 1, 1);
		assert_int_equal(reg(0xe000 + 0x40 * q), (uint32_t)txq->iova);
		assert_int_equal(reg(0xe008 + 0x40 * q), 128 * 16);
		assert_int_equal(reg(0xe028 + 0x40 * q) >> 25 & 1, 1);
	}
	assert_int_equal(reg(0x0100) & 2, 2);		/* RCTL.RXEN */
	assert_int_equal(reg(0x0400) & 2, 2);		/* TCTL.EN */
	assert_int_equal(reg(0x5000), 0x2b00 & ~0x800); /* RXCSUM: PCSD, TUOFL, IPOFL */
	assert_int_equal(reg(0x0000) >> 30 & 1, 1);	/* CTRL.VME */
	assert_int_equal(reg(0x5818) & 0xf, 2);		/* MRQC: RSS */
	assert_int_equal(reg(0x1514), 0xc0000011);	/* GPIE */
	assert_int_equal(reg(0x5c00), 0x00020100);	/* RETA, entries 0 to 3 */
	rig_destroy();
}

static void
fewer_vectors_than_queues_are_said(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 16 });
	assert_said("9 vectors for 16 queues", "worker");
	assert_int_equal(rig->intr.plan.nb_vectors, 9);
	rig_destroy();
	rig_make(&(struct rig_conf){ .nb_queues = 4, .args = "vectors=2" });
	assert_int_equal(rig->intr.plan.nb_vectors, 2);
	rig_destroy();
	/* a device has no more vectors than the kernel lets it have */
	rig_make(&(struct rig_conf){ .nb_queues = 4, .nb_msix = 3 });
	assert_int_equal(rig->intr.plan.nb_vectors, 2);
	rig_destroy();
}

static void
without_a_vector_for_queues_the_start_is_refused(void **state)
{
	struct rig_conf conf = { .nb_queues = 2, .nb_msix = 1 };

	device_init();
	assert_int_equal(rig_probe(&conf), 0);
	assert_int_equal(rig_start(&conf), -ENOTSUP);
	assert_said("no MSI-X vector", "without Rx interrupts");
	rig_destroy();
	conf.without_intr = true;
	device_init();
	assert_int_equal(rig_probe(&conf), 0);
	assert_int_equal(rig_start(&conf), 0);
	assert_int_equal(igb_rxq_intr_enable(rig_dev, 0), -ENOTSUP);
	rig_destroy();
}

static void
a_kernel_that_refuses_vectors_is_reported(void **state)
{
	struct rig_conf conf = { .nb_queues = 2 };

	device_init();
	assert_int_equal(rig_probe(&conf), 0);
	rig_kernel_refuses = true;
	assert_int_equal(rig_start(&conf), -EIO);
	assert_non_null(strstr(rig_log, "try vectors="));
	assert_int_equal(no_eal_mbufs_out, 0);
	rig_kernel_refuses = false;
	rig_destroy();
}

static void
a_queue_that_is_never_enabled_ends_the_start(void **state)
{
	struct rig_conf conf = { .nb_queues = 2 };

	device_init();
	assert_int_equal(rig_probe(&conf), 0);
	device.drops_enable = true;
	assert_int_equal(rig_start(&conf), -ETIMEDOUT);
	assert_non_null(strstr(rig_log, "does not start; reset the port"));
	assert_int_equal(no_eal_mbufs_out, 0);
	rig_destroy();
}

static void
a_pool_without_mbufs_ends_the_start(void **state)
{
	struct rig_conf conf = { .nb_queues = 2, .nb_mbufs = 70 };

	device_init();
	assert_int_equal(rig_probe(&conf), 0);
	assert_int_equal(rig_start(&conf), -ENOMEM);
	assert_said("no mbufs in pool", "larger");
	assert_int_equal(no_eal_mbufs_out, 0);
	rig_destroy();
}

static void
a_phy_that_does_not_answer_leaves_the_link_down(void **state)
{
	struct rig_conf conf = { .nb_queues = 1 };

	device_init();
	assert_int_equal(rig_probe(&conf), 0);
	device.phy_is_stuck = true;
	device.regs[0x20 / 4] = 0;
	assert_int_equal(rig_start(&conf), 0);
	assert_said("PHY", "does not answer");
	assert_int_equal(rig_dev->data->dev_link.link_status, RTE_ETH_LINK_DOWN);
	assert_int_equal(igb_set_link_down(rig_dev), -EIO);
	rig_destroy();
}

static void
queues_are_checked_when_they_are_set_up(void **state)
{
	static const uint16_t wrong[] = { 0, 32, 65, 100, 4128 };
	const struct rte_eth_rxconf rx = { .offloads = 0 };
	struct rte_eth_txconf tx = { .offloads = 0 };

	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	for (size_t i = 0; i < UNIT_DIM(wrong); i++) {
		rig_log[0] = '\0';
		assert_int_equal(igb_rxq_setup(rig_dev, 0, wrong[i], 0, &rx, rig_pool), -EINVAL);
		assert_said("descriptors", "multiple of 32");
		rig_log[0] = '\0';
		assert_int_equal(igb_txq_setup(rig_dev, 0, wrong[i], 0, &tx), -EINVAL);
		assert_said("descriptors", "multiple of 32");
	}
	tx.tx_free_thresh = 64;
	rig_log[0] = '\0';
	assert_int_equal(igb_txq_setup(rig_dev, 0, 64, 0, &tx), -EINVAL);
	assert_said("tx_free_thresh 64", "less");
	rig_destroy();
	/* an mbuf that the device cannot fill */
	device_init();
	assert_int_equal(rig_probe(&(struct rig_conf){ .nb_queues = 1 }), 0);
	assert_int_equal(rig_configure(&(struct rig_conf){ .room = 1000 }), -EINVAL);
	assert_said("room for 1128 bytes", "give 1152");
	rig_destroy();
}

static void
a_port_without_its_queues_does_not_start(void **state)
{
	struct rig_conf conf = { .nb_queues = 2 };

	device_init();
	assert_int_equal(rig_probe(&conf), 0);
	assert_int_equal(rig_configure(&conf), 0);
	igb_txq_release(rig_dev, 1);
	assert_int_equal(igb_ops.dev_start(rig_dev), -EINVAL);
	assert_said("Tx queue 1 is not set up", "before the start");
	rig_destroy();
}

/* ---- RSS ---- */

static void
rss_settings_are_checked(void **state)
{
	uint8_t key[52] = { 0 };
	struct rte_eth_rss_conf conf = { .rss_key = key, .rss_key_len = 52 };
	struct rte_eth_rss_reta_entry64 reta[2] = { { .mask = 0 } };
	uint32_t before = 0;

	rig_make(&(struct rig_conf){ .nb_queues = 4 });
	before = reg(0x5c80);
	assert_int_equal(igb_rss_hash_update(rig_dev, &conf), -EINVAL);
	assert_said("key of 52 bytes", "give 40");
	conf.rss_key_len = 40;
	conf.rss_hf = RTE_ETH_RSS_L2_PAYLOAD;
	rig_log[0] = '\0';
	assert_int_equal(igb_rss_hash_update(rig_dev, &conf), -ENOTSUP);
	assert_said("cannot be hashed", "give some of");
	assert_int_equal(reg(0x5c80), before);

	reta[1].mask = UINT64_C(1) << 5;
	reta[1].reta[5] = 4;
	rig_log[0] = '\0';
	assert_int_equal(igb_reta_update(rig_dev, reta, 128), -EINVAL);
	assert_said("entry 69", "names queue 4; there are 4");
	rig_log[0] = '\0';
	assert_int_equal(igb_reta_update(rig_dev, reta, 64), -EINVAL);
	assert_said("64 entries", "give 128");
	assert_int_equal(igb_reta_query(rig_dev, reta, 512), -EINVAL);
	rig_destroy();
}

static void
key_types_and_table_reach_the_device_while_it_runs(void **state)
{
	uint8_t key[40], back[40];
	struct rte_eth_rss_conf conf = { .rss_key = key,
					 .rss_key_len = 40,
					 .rss_hf = RTE_ETH_RSS_IPV4 |
						   RTE_ETH_RSS_NONFRAG_IPV4_TCP };
	struct rte_eth_rss_reta_entry64 reta[2] = { { .mask = 0 } };

	for (int i = 0; i < 40; i++)
		key[i] = (uint8_t)(i + 1);
	rig_make(&(struct rig_conf){ .nb_queues = 4 });
	assert_int_equal(igb_rss_hash_update(rig_dev, &conf), 0);
	assert_int_equal(reg(0x5c80), 0x04030201);
	assert_int_equal(reg(0x5ca4), 0x28272625);
	assert_int_equal(reg(0x5818), 2 | 1 << 16 | 1 << 17);
	conf = (struct rte_eth_rss_conf){ .rss_key = back, .rss_key_len = 40 };
	assert_int_equal(igb_rss_hash_conf_get(rig_dev, &conf), 0);
	assert_memory_equal(back, key, 40);
	assert_int_equal(conf.rss_hf, RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP);

	for (uint16_t i = 0; i < 128; i++) {
		reta[i / 64].mask |= UINT64_C(1) << i % 64;
		reta[i / 64].reta[i % 64] = (uint16_t)(3 - i % 4);
	}
	assert_int_equal(igb_reta_update(rig_dev, reta, 128), 0);
	for (uint32_t i = 0; i < 32; i++)
		assert_int_equal(reg(0x5c00 + 4 * i), 0x00010203);
	memset(reta, 0, sizeof(reta));
	reta[0].mask = reta[1].mask = UINT64_MAX;
	assert_int_equal(igb_reta_query(rig_dev, reta, 128), 0);
	assert_int_equal(reta[1].reta[1], 2);
	/* nothing is hashed: there is no RSS, everything goes to queue 0 */
	conf = (struct rte_eth_rss_conf){ .rss_hf = 0 };
	assert_int_equal(igb_rss_hash_update(rig_dev, &conf), 0);
	assert_int_equal(reg(0x5818), 0);
	rig_destroy();
}

/* ---- filters, link, statistics ---- */

static void
addresses_and_modes_reach_the_device(void **state)
{
	static struct rte_ether_addr second = { { 0x02, 1, 2, 3, 4, 5 } };
	static struct rte_ether_addr groups[2] = { { { 0x01, 0, 0x5e, 0, 0, 1 } },
						   { { 0x01, 0, 0x5e, 0x7f, 0x2f, 0xa5 } } };

	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_int_equal(igb_mac_addr_add(rig_dev, &second, 17, 0), 0);
	assert_int_equal(reg(0x54e8), 0x03020102);
	assert_int_equal(reg(0x54ec), 0x80000504);
	assert_int_equal(igb_mac_addr_add(rig_dev, &second, 24, 0), -ENOSPC);
	igb_mac_addr_remove(rig_dev, 17);
	assert_int_equal(reg(0x54ec), 0);
	assert_int_equal(igb_set_mc_addr_list(rig_dev, groups, 2), 0);
	assert_int_equal(reg(0x5200), 1 << 16);
	assert_int_equal(reg(0x5200 + 4 * (0xa52 / 32)), 1 << 0xa52 % 32);
	assert_int_equal(igb_promiscuous_enable(rig_dev), 0);
	assert_int_equal(reg(0x0100) & 0x18, 0x18);
	assert_int_equal(igb_promiscuous_disable(rig_dev), 0);
	assert_int_equal(igb_allmulticast_enable(rig_dev), 0);
	assert_int_equal(reg(0x0100) & 0x1a, 0x12);
	assert_int_equal(igb_allmulticast_disable(rig_dev), 0);
	assert_int_equal(igb_vlan_filter_set(rig_dev, 100, 1), 0);
	assert_int_equal(reg(0x5600 + 4 * 3), 1 << 4);
	assert_int_equal(igb_vlan_filter_set(rig_dev, 100, 0), 0);
	assert_int_equal(reg(0x5600 + 4 * 3), 0);
	rig_destroy();
}

static void
set_link_down_and_up_go_to_the_phy(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_int_equal(rig_dev->data->dev_link.link_status, RTE_ETH_LINK_UP);
	assert_int_equal(rig_dev->data->dev_link.link_speed, RTE_ETH_SPEED_NUM_1G);
	assert_int_equal(igb_set_link_down(rig_dev), 0);
	assert_int_equal(reg(0x0008) & 2, 0);
	assert_int_equal(rig_dev->data->dev_link.link_status, RTE_ETH_LINK_DOWN);
	assert_int_equal(igb_set_link_up(rig_dev), 0);
	assert_int_equal(rig_dev->data->dev_link.link_status, RTE_ETH_LINK_UP);
	/* the link outlives a stop: a start need not wait for it */
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	assert_int_equal(reg(0x0008) & 2, 2);
	rig_destroy();
}

static void
a_port_in_loopback_is_programmed_as_the_datasheet_has_it(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_int_equal(reg(0x0100) >> 6 & 3, 0); /* RCTL.LBM */
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	rig_dev->data->dev_conf.lpbk_mode = 1;
	assert_int_equal(igb_ops.dev_configure(rig_dev), 0);
	assert_int_equal(igb_ops.dev_start(rig_dev), 0);
	assert_int_equal(reg(0x0100) >> 6 & 3, 1);
	/* CTRL: SLU and FD; FRCSPD and FRCDPX; SPEED 1 Gb/s */
	assert_int_equal(reg(0x0000) & 0x1b41, 0x1a41);
	/* other changes of RCTL leave it */
	rig_dev->data->dev_started = 1;
	rig_dev->data->promiscuous = 1;
	assert_int_equal(igb_promiscuous_enable(rig_dev), 0);
	assert_int_equal(reg(0x0100) & 0xc8, 0x48);
	/* and back: nothing is forced any more */
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	rig_dev->data->dev_conf.lpbk_mode = 0;
	assert_int_equal(igb_ops.dev_configure(rig_dev), 0);
	assert_int_equal(igb_ops.dev_start(rig_dev), 0);
	assert_int_equal(reg(0x0100) >> 6 & 3, 0);
	assert_int_equal(reg(0x0000) & 0x1800, 0);
	rig_dev->data->dev_started = 1;
	rig_destroy();
}

static void
a_loopback_that_there_is_not_is_refused(void **state)
{
	const struct igb_family *family;

	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	rig_dev->data->dev_conf.lpbk_mode = 2;
	assert_int_equal(igb_ops.dev_configure(rig_dev), -ENOTSUP);
	assert_said("lpbk_mode 2", "or 1: it receives what it sends");
	rig_log[0] = '\0';
	family = rig->hw.family;
	rig->hw.family = &igb_i350;
	rig_dev->data->dev_conf.lpbk_mode = 1;
	assert_int_equal(igb_ops.dev_configure(rig_dev), -ENOTSUP);
	assert_said("lpbk_mode 1: give 0;", "82576");
	rig->hw.family = family;
	rig_destroy();
}

static void
counters_that_reading_clears_are_summed_up(void **state)
{
	struct rte_eth_stats stats;

	rig_make(&(struct rig_conf){ .nb_queues = 2 });
	for (uint64_t round = 1; round <= 3; round++) {
		device.regs[0x4010 / 4] = 5; /* MPC */
		device.regs[0x4000 / 4] = 1; /* CRCERRS */
		memset(&stats, 0, sizeof(stats));
		assert_int_equal(igb_stats_get(rig_dev, &stats), 0);
		assert_int_equal(stats.imissed, 5 * round);
		assert_int_equal(stats.ierrors, round);
	}
	assert_int_equal(igb_stats_reset(rig_dev), 0);
	memset(&stats, 0, sizeof(stats));
	assert_int_equal(igb_stats_get(rig_dev, &stats), 0);
	assert_int_equal(stats.imissed, 0);
	/* a device that was pulled out has counted nothing */
	device.is_gone = true;
	assert_int_equal(igb_stats_get(rig_dev, &stats), 0);
	assert_int_equal(stats.imissed, 0);
	device.is_gone = false;
	rig_destroy();
}

static void
set_up_anew(void)
{
	const struct rte_eth_rxconf rx = { .offloads = 0 };
	const struct rte_eth_txconf tx = { .offloads = 0 };

	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	for (uint16_t i = 0; i < rig_dev->data->nb_rx_queues; i++) {
		assert_int_equal(igb_rxq_setup(rig_dev, i, IGB_MIN_DESC, 0, &rx, rig_pool), 0);
		assert_int_equal(igb_txq_setup(rig_dev, i, IGB_MIN_DESC, 0, &tx), 0);
	}
	assert_int_equal(igb_ops.dev_start(rig_dev), 0);
	rig_dev->data->dev_started = 1; /* as ethdev does */
}

static void
what_was_counted_stays_when_queues_are_set_up_anew(void **state)
{
	struct rte_eth_stats stats;

	rig_make(&(struct rig_conf){ .nb_queues = 2 });
	for (uint64_t round = 0; round < 3; round++) {
		for (uint64_t i = 0; i < 5; i++) {
			assert_true(rig_receive_one(0));
			assert_int_equal(rig_burst(0), 1);
		}
		memset(&stats, 0, sizeof(stats));
		assert_int_equal(igb_stats_get(rig_dev, &stats), 0);
		assert_int_equal(stats.ipackets, 5);
		if (round == 1)
			set_up_anew();
		memset(&stats, 0, sizeof(stats));
		assert_int_equal(igb_stats_get(rig_dev, &stats), 0);
		assert_int_equal(stats.ipackets, 5);
		assert_int_equal(igb_stats_reset(rig_dev), 0);
		if (round == 0)
			set_up_anew();
		memset(&stats, 0, sizeof(stats));
		assert_int_equal(igb_stats_get(rig_dev, &stats), 0);
		assert_int_equal(stats.ipackets, 0);
	}
	rig_destroy();
}

static void
every_extended_statistic_has_a_name_of_its_own(void **state)
{
	struct rte_eth_xstat_name names[256];
	struct rte_eth_xstat values[256];
	int nb;

	rig_make(&(struct rig_conf){ .nb_queues = 16 });
	nb = igb_xstats_get_names(rig_dev, NULL, 0);
	assert_in_range(nb, 1, UNIT_DIM(names));
	assert_int_equal(igb_xstats_get_names(rig_dev, names, UNIT_DIM(names)), nb);
	assert_int_equal(igb_xstats_get(rig_dev, values, UNIT_DIM(values)), nb);
	for (int i = 0; i < nb; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(names[i].name, names[k].name);
	rig_destroy();
}

static void
registers_and_version_are_told(void **state)
{
	struct rte_dev_reg_info info = { .data = NULL };
	uint32_t words[1024];
	char text[32], small[4];

	rig_make(&(struct rig_conf){ .nb_queues = 2 });
	assert_int_equal(igb_get_reg(rig_dev, &info), 0);
	assert_int_equal(info.width, 4);
	assert_in_range(info.length, 20, UNIT_DIM(words));
	memset(words, 0xa5, sizeof(words));
	info.data = words;
	assert_int_equal(igb_get_reg(rig_dev, &info), 0);
	assert_int_equal(words[info.length], 0xa5a5a5a5);
	assert_int_equal(words[1], reg(0x0008));
	info.length = 3;
	assert_int_equal(igb_get_reg(rig_dev, &info), -ENOTSUP);
	assert_int_equal(igb_fw_version_get(rig_dev, text, sizeof(text)), 0);
	assert_string_equal(text, "2.01, 0x00000000");
	assert_int_equal(igb_fw_version_get(rig_dev, small, sizeof(small)), 17);
	rig_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_has_its_address_from_the_device),
		cmocka_unit_test(an_nvm_that_does_not_add_up_is_refused),
		cmocka_unit_test(a_device_that_is_gone_is_refused),
		cmocka_unit_test(a_device_that_stays_in_reset_is_refused),
		cmocka_unit_test(device_arguments_are_checked),
		cmocka_unit_test(a_port_has_no_more_queues_than_were_asked_for),
		cmocka_unit_test(a_started_port_is_programmed_as_the_datasheet_has_it),
		cmocka_unit_test(fewer_vectors_than_queues_are_said),
		cmocka_unit_test(without_a_vector_for_queues_the_start_is_refused),
		cmocka_unit_test(a_kernel_that_refuses_vectors_is_reported),
		cmocka_unit_test(a_queue_that_is_never_enabled_ends_the_start),
		cmocka_unit_test(a_pool_without_mbufs_ends_the_start),
		cmocka_unit_test(a_phy_that_does_not_answer_leaves_the_link_down),
		cmocka_unit_test(queues_are_checked_when_they_are_set_up),
		cmocka_unit_test(a_port_without_its_queues_does_not_start),
		cmocka_unit_test(rss_settings_are_checked),
		cmocka_unit_test(key_types_and_table_reach_the_device_while_it_runs),
		cmocka_unit_test(addresses_and_modes_reach_the_device),
		cmocka_unit_test(set_link_down_and_up_go_to_the_phy),
		cmocka_unit_test(a_port_in_loopback_is_programmed_as_the_datasheet_has_it),
		cmocka_unit_test(a_loopback_that_there_is_not_is_refused),
		cmocka_unit_test(counters_that_reading_clears_are_summed_up),
		cmocka_unit_test(what_was_counted_stays_when_queues_are_set_up_anew),
		cmocka_unit_test(every_extended_statistic_has_a_name_of_its_own),
		cmocka_unit_test(registers_and_version_are_told),
	};

	return UNIT_RUN(tests);
}
