/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What a caller gives that cannot be had: an errno, one line that names it and what would be right,
 * and nothing is changed. And what the device or its firmware keeps back.
 */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "igb_rig.h"
#include "no_eal.h"
#include "unit.h"

/* One line, with both; the next one begins anew. */
static void
assert_said(const char *first, const char *second)
{
	if (strstr(rig_log, first) == NULL || strstr(rig_log, second) == NULL)
		fail_msg("it was not said, but: %s", rig_log);
	assert_ptr_equal(strchr(rig_log, '\n'), &rig_log[strlen(rig_log) - 1]);
	rig_log[0] = '\0';
}

static void
vectors_and_intervals_that_there_are_not_are_refused(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 4 });
	assert_int_equal(rouse_igb_vector_get(0, 4), -ERANGE);
	assert_said("Rx queue 4", "from 0 to 3");
	assert_int_equal(rouse_igb_vector_get(1, 0), -ENODEV);
	assert_said("port 1", "one that is");
	assert_int_equal(rouse_igb_moderation_set(0, 5, 10), -ERANGE);
	assert_said("vector 5", "from 0 to 4");
	assert_int_equal(rouse_igb_moderation_get(0, 5), -ERANGE);
	assert_said("vector 5", "from 0 to 4");
	assert_int_equal(rouse_igb_moderation_set(0, 4, 30), 0);
	assert_int_equal(rouse_igb_moderation_set(0, 4, 8192), -ERANGE);
	assert_said("8192 us", "0 to 8191");
	assert_int_equal(rouse_igb_moderation_get(0, 4), 30);
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	assert_int_equal(rouse_igb_vector_get(0, 0), -ENOTSUP);
	assert_said("no vectors", "Rx interrupts");
	rig_destroy();
}

static void
addresses_and_frames_beyond_the_devices_are_refused(void **state)
{
	static struct rte_ether_addr addr = { { 0x02, 1, 2, 3, 4, 5 } };

	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_int_equal(igb_mac_addr_add(rig_dev, &addr, 24, 0), -ENOSPC);
	assert_said("a 25th address", "places for 24, remove one first");
	assert_int_equal(igb_mtu_set(rig_dev, 9703), -EINVAL);
	assert_said("MTU of 9703", "at most 9702");
	assert_int_equal(rig_dev->data->mtu, 1500);
	rig_destroy();
}

static void
a_dump_of_some_of_the_registers_is_refused(void **state)
{
	uint32_t words[4] = { 0 };
	struct rte_dev_reg_info info = { .data = words, .length = 4 };

	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_int_equal(igb_get_reg(rig_dev, &info), -ENOTSUP);
	assert_said("a dump of 4 registers", "or 0 for all");
	assert_int_equal(words[0], 0);
	rig_destroy();
}

static void
queues_without_memory_are_refused(void **state)
{
	const struct rte_eth_rxconf rx = { .offloads = 0 };
	const struct rte_eth_txconf tx = { .offloads = 0 };

	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	rig_has_no_memory = true;
	assert_int_equal(igb_rxq_setup(rig_dev, 0, 64, 0, &rx, rig_pool), -ENOMEM);
	assert_said("Rx queue 0: no memory on socket 0", "hugepages");
	assert_int_equal(igb_txq_setup(rig_dev, 0, 64, 0, &tx), -ENOMEM);
	assert_said("Tx queue 0: no memory on socket 0", "hugepages");
	rig_destroy();
}

/* 4.5.8. */
static void
what_was_counted_before_the_probe_is_forgotten(void **state)
{
	struct rte_eth_stats stats = { 0 };

	device_init();
	/* a reset of the test's device clears all: this is what comes between that and the end of
	 * the probe */
	device.counts_after_reset = 7;
	assert_int_equal(rig_probe(&(struct rig_conf){ .nb_queues = 1 }), 0);
	assert_int_equal(rig_start(&(struct rig_conf){ .nb_queues = 1 }), 0);
	assert_int_equal(igb_stats_get(rig_dev, &stats), 0);
	assert_int_equal(stats.imissed, 0);
	rig_destroy();
}

/* By those that clear RQDPC as they are read, and by those that do not. */
static void
frames_that_a_ring_has_no_room_for_are_counted_once(void **state)
{
	struct rte_eth_stats stats = { 0 };

	for (int keeps = 0; keeps <= 1; keeps++) {
		const struct igb_family *family;

		rig_make(&(struct rig_conf){ .nb_queues = 2 });
		device.keeps_rqdpc = keeps == 1;
		family = rig->hw.family;
		rig->hw.family = keeps == 1 ? &igb_i210 : family;
		for (int i = 0; i < 63; i++)
			assert_true(rig_receive_one(1));
		for (uint64_t nb = 1; nb <= 5; nb++) {
			assert_false(rig_receive_one(1));
			memset(&stats, 0, sizeof(stats));
			assert_int_equal(igb_stats_get(rig_dev, &stats), 0);
			assert_int_equal(stats.imissed, nb);
			assert_int_equal(stats.q_errors[1], nb);
		}
		/* and all that come after that are received */
		while (rig_burst(1) != 0)
			;
		for (int i = 0; i < 200; i++) {
			assert_true(rig_receive_one(1));
			assert_int_equal(rig_burst(1), 1);
		}
		rig->hw.family = family;
		rig_destroy();
	}
}

/* ---- the PHY, which is the firmware's as well: 4.7 ---- */

#define SW_FW_SYNC 0x5b5c

static void
a_phy_is_given_back_though_the_firmware_is_slow(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	device.regs[0x20 / 4] = 0; /* MDIC: the PHY was not spoken to yet */
	device.nb_refusals = 5000;
	assert_int_equal(igb_set_link_down(rig_dev), 0);
	assert_string_equal(rig_log, "");
	assert_int_equal(device.regs[SW_FW_SYNC / 4], 0);
	rig_destroy();
}

static void
a_phy_that_cannot_be_given_back_is_said(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	device.regs[0x20 / 4] = 0;
	device.nb_refusals = UINT_MAX;
	assert_int_equal(igb_set_link_down(rig_dev), 0);
	assert_said("cannot be given back", "cycle the machine's power");
	assert_int_not_equal(device.regs[SW_FW_SYNC / 4], 0);
	device.nb_refusals = 0;
	rig_destroy();
}

/* ---- what several threads touch ---- */

static bool was_free;

static void
try_lock(void)
{
	if (!rte_spinlock_trylock(&rig->intr.vectors[1].lock))
		return;
	rte_spinlock_unlock(&rig->intr.vectors[1].lock);
	was_free = true;
}

/* A lcore that arms looks at the interval. */
static void
an_interval_changes_under_its_vectors_lock(void **state)
{
	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	was_free = false;
	device.on_access = try_lock;
	assert_int_equal(rouse_igb_moderation_set(0, 1, 100), 0);
	device.on_access = NULL;
	assert_false(was_free);
	rig_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_and_intervals_that_there_are_not_are_refused),
		cmocka_unit_test(addresses_and_frames_beyond_the_devices_are_refused),
		cmocka_unit_test(a_dump_of_some_of_the_registers_is_refused),
		cmocka_unit_test(queues_without_memory_are_refused),
		cmocka_unit_test(what_was_counted_before_the_probe_is_forgotten),
		cmocka_unit_test(frames_that_a_ring_has_no_room_for_are_counted_once),
		cmocka_unit_test(a_phy_is_given_back_though_the_firmware_is_slow),
		cmocka_unit_test(a_phy_that_cannot_be_given_back_is_said),
		cmocka_unit_test(an_interval_changes_under_its_vectors_lock),
	};

	return UNIT_RUN(tests);
}
