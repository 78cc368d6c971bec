/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Resets: those that were asked for, and those that somebody else does while the port runs; and a
 * device that is pulled out. */

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

/* What was logged since the rig was made names both, in one line. */
static void
assert_said(const char *first, const char *second)
{
	if (strstr(rig_log, first) == NULL || strstr(rig_log, second) == NULL)
		fail_msg("it was not said, but: %s", rig_log);
	assert_ptr_equal(strchr(rig_log, '\n'), &rig_log[strlen(rig_log) - 1]);
}

static void
a_reset_port_is_as_it_was_probed(void **state)
{
	struct rig_conf conf = { .nb_queues = 2 };
	static struct rte_ether_addr other = { { 0x02, 9, 9, 9, 9, 9 } };

	rig_make(&conf);
	assert_int_equal(igb_mac_addr_set(rig_dev, &other), 0);
	for (int i = 0; i < 10; i++)
		assert_true(rig_receive_one((uint16_t)(i % 2)));
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	assert_int_equal(igb_ops.dev_reset(rig_dev), 0);
	assert_int_equal(no_eal_mbufs_out, 0);
	assert_int_equal(reg(0x0100) & 2, 0);
	no_eal_pool_free();
	assert_int_equal(rig_start(&conf), 0);
	assert_true(rig_receive_one(1));
	assert_int_equal(rig_burst(1), 1);
	device.is_stuck = true;
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	assert_int_equal(igb_ops.dev_reset(rig_dev), -EIO);
	device.is_stuck = false;
	device.regs[0] = 0;
	rig_destroy();
}

/* Nobody's address: a reset gives the port the one back that it was probed with. */
static void
a_random_address_outlives_a_reset(void **state)
{
	static struct rte_ether_addr other = { { 0x02, 9, 9, 9, 9, 9 } };
	struct rte_ether_addr probed;

	device_init();
	device.regs[0x5400 / 4] = device.regs[0x5404 / 4] = 0;
	assert_int_equal(rig_probe(&(struct rig_conf){ .nb_queues = 1 }), 0);
	assert_said("no address of its own", "random");
	rig_log[0] = '\0';
	probed = rig->macs[0];
	assert_true(rte_is_valid_assigned_ether_addr(&probed));
	assert_int_equal(rig_start(&(struct rig_conf){ .nb_queues = 1 }), 0);
	rig->macs[0] = other; /* as ethdev does */
	assert_int_equal(igb_mac_addr_set(rig_dev, &other), 0);
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	device.regs[0x5400 / 4] = device.regs[0x5404 / 4] = 0;
	assert_int_equal(igb_ops.dev_reset(rig_dev), 0);
	assert_true(rte_is_same_ether_addr(&rig->macs[0], &probed));
	assert_string_equal(rig_log, "");
	rig_destroy();
}

/* What it looks like is told once, by whom it may be told, and a start mends it. */
static void
a_device_that_was_reset_behind_the_port_is_said_once_and_started_anew(void **state)
{
	struct rte_eth_stats stats;

	rig_make(&(struct rig_conf){ .nb_queues = 2, .lsc = true });
	assert_int_equal(igb_link_update(rig_dev, 0), -1); /* as it was */
	assert_string_equal(rig_log, "");
	device_reset();
	igb_link_update(rig_dev, 0);
	assert_said("was reset while the port runs", "stop the port and start it, or reset it");
	/* not in the thread that asks, whatever it holds */
	assert_int_equal(rig_reset_events, 0);
	rig_run_alarm();
	assert_int_equal(rig_reset_events, 1);
	igb_link_on_interrupt(rig_dev);
	assert_int_equal(igb_stats_get(rig_dev, &stats), 0);
	rig_run_alarm();
	assert_int_equal(rig_reset_events, 1);
	assert_said("was reset while the port runs", "stop the port and start it, or reset it");

	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	assert_int_equal(no_eal_mbufs_out, 0);
	assert_int_equal(igb_ops.dev_start(rig_dev), 0);
	rig_dev->data->dev_started = 1;
	assert_int_equal(reg(0x0018) >> 28 & 1, 1); /* CTRL_EXT.DRV_LOAD */
	assert_true(rig_receive_one(1));
	assert_int_equal(rig_burst(1), 1);

	/* the next one is news, though a mode is changed since; a start comes before anybody was
	 * told */
	rig_log[0] = '\0';
	device_reset();
	assert_int_equal(igb_promiscuous_enable(rig_dev), 0);
	assert_int_equal(igb_stats_get(rig_dev, &stats), 0);
	assert_said("was reset while the port runs", "stop the port and start it, or reset it");
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	assert_int_equal(igb_ops.dev_start(rig_dev), 0);
	rig_dev->data->dev_started = 1;
	rig_run_alarm();
	assert_int_equal(rig_reset_events, 1);
	/* and nobody is told of a port that is closed */
	device_reset();
	igb_link_update(rig_dev, 0);
	rig_destroy();
}

/* The device is pulled out while the port runs: nothing hangs, and the mbufs come back. */
static void
a_port_whose_device_is_gone_can_be_stopped(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 2 });
	device.is_gone = true;
	igb_link_on_interrupt(rig_dev);
	assert_int_equal(igb_link_update(rig_dev, 0), 0);
	assert_int_equal(rig_dev->data->dev_link.link_status, RTE_ETH_LINK_DOWN);
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	assert_int_equal(no_eal_mbufs_out, 0);
	rig_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reset_port_is_as_it_was_probed),
		cmocka_unit_test(a_random_address_outlives_a_reset),
		cmocka_unit_test(
			a_device_that_was_reset_behind_the_port_is_said_once_and_started_anew),
		cmocka_unit_test(a_port_whose_device_is_gone_can_be_stopped),
	};

	return UNIT_RUN(tests);
}
