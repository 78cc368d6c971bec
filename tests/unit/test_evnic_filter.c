/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Which frames are received: every mode against every kind of address, and lengths at the edges. */

#include <string.h>

#include "evnic_mock.h"
#include "unit.h"

#define LEN 60

static const struct rte_ether_addr own = { { 2, 0, 0, 0, 0, 1 } };
static const struct rte_ether_addr second = { { 2, 0, 0, 0, 0, 2 } };
static const struct rte_ether_addr foreign = { { 2, 0, 0, 0, 0, 3 } };
static const struct rte_ether_addr joined = { { 1, 0, 0x5e, 0, 0, 1 } };
static const struct rte_ether_addr other = { { 1, 0, 0x5e, 0, 0, 2 } };
static const struct rte_ether_addr broadcast = { { 255, 255, 255, 255, 255, 255 } };
static const struct rte_ether_addr zero;

static uint8_t
fate(const struct evnic_filter *filter, const struct rte_ether_addr *dest, uint32_t len)
{
	uint8_t frame[LEN] = { 0 };

	memcpy(frame, dest, sizeof(*dest));
	return evnic_filter_fate(filter, frame, len);
}

static void
addresses_and_modes_decide(void **state)
{
	static const struct {
		const struct rte_ether_addr *dest;
		bool plain, allmulticast;
	} rows[] = {
		{ &own, true, true },	 { &second, true, true }, { &foreign, false, false },
		{ &joined, true, true }, { &other, false, true }, { &broadcast, true, true },
		{ &zero, false, false },
	};
	struct evnic_filter filter;

	evnic_filter_init(&filter, &own);
	filter.unicast[EVNIC_MAX_MAC - 1] = second;
	filter.multicast[0] = joined;
	filter.nb_multicast = 1;
	for (size_t i = 0; i < UNIT_DIM(rows); i++) {
		filter.promiscuous = true;
		filter.allmulticast = false;
		assert_int_equal(fate(&filter, rows[i].dest, LEN), 0);
		filter.promiscuous = false;
		assert_int_equal(fate(&filter, rows[i].dest, LEN),
				 rows[i].plain ? 0 : EVNIC_FATE_FILTERED);
		filter.allmulticast = true;
		assert_int_equal(fate(&filter, rows[i].dest, LEN),
				 rows[i].allmulticast ? 0 : EVNIC_FATE_FILTERED);
	}
}

static void
a_frame_without_a_whole_address_is_nobodys(void **state)
{
	struct evnic_filter filter;

	evnic_filter_init(&filter, &own);
	assert_int_equal(fate(&filter, &own, 5), 0);
	filter.promiscuous = false;
	assert_int_equal(fate(&filter, &own, 5), EVNIC_FATE_FILTERED);
	assert_int_equal(fate(&filter, &own, 6), 0);
}

static void
length_decides_at_the_byte(void **state)
{
	struct evnic_filter filter;

	evnic_filter_init(&filter, &own);
	assert_int_equal(fate(&filter, &own, 1522), 0);
	assert_int_equal(fate(&filter, &own, 1523), EVNIC_FATE_TOO_LONG);
	filter.room = 256;
	assert_int_equal(fate(&filter, &own, 256), 0);
	assert_int_equal(fate(&filter, &own, 257), EVNIC_FATE_CHAINED);
	assert_int_equal(fate(&filter, &own, 1523), EVNIC_FATE_TOO_LONG);
	/* one reason a frame: who filters does not count it as too long as well */
	filter.promiscuous = false;
	assert_int_equal(fate(&filter, &foreign, 1523), EVNIC_FATE_FILTERED);
}

static void
a_change_waits_for_the_wire_and_none_does_not(void **state)
{
	struct evnic_port port = { 0 };
	struct rte_eth_dev_data data = { .dev_private = &port };
	struct rte_eth_dev dev = { .data = &data };
	struct rte_ether_addr addr = second;
	uint32_t version = 0;

	pthread_mutex_init(&port.lock, NULL);
	evnic_filter_init(&port.rules.filter, &own);
	mock_syncs = 0;
	assert_int_equal(evnic_promiscuous_enable(&dev), 0); /* as it is */
	assert_int_equal(port.rules.version, version);
	assert_int_equal(evnic_promiscuous_disable(&dev), 0);
	assert_int_equal(evnic_allmulticast_enable(&dev), 0);
	assert_int_equal(evnic_mac_addr_add(&dev, &addr, 3, 0), 0);
	assert_int_equal(evnic_mtu_set(&dev, 9000), 0);
	evnic_mac_addr_remove(&dev, 3);
	assert_int_equal(port.rules.version, version + 5);
	assert_int_equal(mock_syncs, 5);
	assert_int_equal(mock_version_at_sync, version + 5); /* the version first, then the wait */
	assert_int_equal(port.rules.filter.max_len, 9022);
	assert_true(rte_is_zero_ether_addr(&port.rules.filter.unicast[3]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_modes_decide),
		cmocka_unit_test(a_frame_without_a_whole_address_is_nobodys),
		cmocka_unit_test(length_decides_at_the_byte),
		cmocka_unit_test(a_change_waits_for_the_wire_and_none_does_not),
	};

	return UNIT_RUN(tests);
}
