/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Which frames are received. */

#include <string.h>

#include <rte_ether.h>

#include "exercises.h"
#include "port_rig.h"

#define OWN	    "02:00:00:00:00:aa"
#define SECOND	    "02:00:00:00:00:bb"
#define FOREIGN	    "02:00:00:00:00:cc"
#define JOINED	    "01:00:5e:00:00:01"
#define OTHER	    "01:00:5e:00:00:02"
#define BROADCAST   "ff:ff:ff:ff:ff:ff"
#define FRAME_LEN   60
#define NB_FILTERED 10000
#define OVERHEAD    22 /* a header and two tags */

static const char *const dests[] = { OWN, SECOND, FOREIGN, JOINED, OTHER, BROADCAST };

/* Bits of the frames in a replay, in the order of dests[]. */
enum {
	B_OWN = 1,
	B_SECOND = 2,
	B_FOREIGN = 4,
	B_JOINED = 8,
	B_OTHER = 16,
	B_BROADCAST = 32,
	B_ALL = 63,
};

static struct rte_ether_addr
address(const char *text)
{
	struct rte_ether_addr addr;

	assert_int_equal(rte_ether_unformat_addr(text, &addr), 0);
	return addr;
}

static void
begin(struct rig *r)
{
	struct rte_ether_addr own = address(OWN);

	rig_begin(r);
	for (size_t i = 0; i < UNIT_DIM(dests); i++)
		rig_add_to(r, dests[i], FRAME_LEN);
	rig_open(r, &(struct rig_setup){ .args = "", .nb_rxq = 1, .nb_txq = 1 });
	assert_int_equal(rte_eth_dev_default_mac_addr_set(r->port, &own), 0);
}

/* Which frames one replay gives; the others are counted as filtered, and as nothing else. */
static unsigned int
received(struct rig *r)
{
	uint64_t filtered = rig_xstat(r, "wire_rx_filtered");
	struct rte_eth_stats stats;
	unsigned int bits = 0;

	rig_replay(r);
	for (uint32_t i = 0; i < r->nb_seen; i++)
		for (size_t d = 0; d < UNIT_DIM(dests); d++) {
			struct rte_ether_addr dest = address(dests[d]);

			if (memcmp(r->seen[i].head, &dest, sizeof(dest)) == 0)
				bits |= 1u << d;
		}
	assert_int_equal(__builtin_popcount(bits), r->nb_seen);
	assert_int_equal(rig_xstat(r, "wire_rx_filtered") - filtered, UNIT_DIM(dests) - r->nb_seen);
	stats = rig_stats(r);
	assert_int_equal(stats.imissed + stats.ierrors, 0);
	return bits;
}

void
exercise_promiscuous_mode(void)
{
	struct rig r;

	begin(&r);
	assert_int_equal(rte_eth_promiscuous_get(r.port), 1); /* it comes up so */
	assert_int_equal(received(&r), B_ALL);
	assert_int_equal(rte_eth_promiscuous_disable(r.port), 0);
	assert_int_equal(received(&r), B_OWN | B_BROADCAST);
	assert_int_equal(received(&r), B_OWN | B_BROADCAST); /* a start follows the mode */
	assert_int_equal(rte_eth_promiscuous_enable(r.port), 0);
	assert_int_equal(received(&r), B_ALL);
	rig_close(&r);

	/* and while traffic flows */
	rig_begin(&r);
	rig_add_to(&r, FOREIGN, FRAME_LEN);
	rig_open(&r, &(struct rig_setup){ .args = "overrun=wait,pace=max,infinite_rx=1",
					  .nb_rxq = 1,
					  .nb_txq = 1 });
	rig_start(&r);
	while (rig_poll(&r, 0) == 0)
		;
	assert_int_equal(rte_eth_promiscuous_disable(r.port), 0);
	rig_drain(&r, 0);
	while (rig_xstat(&r, "wire_rx_filtered") < NB_FILTERED)
		assert_int_equal(rig_poll(&r, 0), 0);
	assert_int_equal(rte_eth_promiscuous_enable(r.port), 0);
	while (rig_poll(&r, 0) == 0)
		;
	rig_stop(&r);
	rig_close(&r);
}

void
exercise_allmulticast_mode(void)
{
	struct rig r;

	begin(&r);
	assert_int_equal(rte_eth_promiscuous_disable(r.port), 0);
	assert_int_equal(rte_eth_allmulticast_enable(r.port), 0);
	assert_int_equal(received(&r), B_OWN | B_JOINED | B_OTHER | B_BROADCAST);
	assert_int_equal(rte_eth_allmulticast_disable(r.port), 0);
	assert_int_equal(received(&r), B_OWN | B_BROADCAST);
	rig_close(&r);
}

void
exercise_unicast_mac_filter(void)
{
	struct rte_ether_addr second = address(SECOND), foreign = address(FOREIGN);
	struct rte_ether_addr none = address("02:00:00:00:00:dd");
	struct rig r;

	begin(&r);
	assert_int_equal(rte_eth_promiscuous_disable(r.port), 0);
	assert_int_equal(rte_eth_dev_mac_addr_add(r.port, &second, 0), 0);
	assert_int_equal(received(&r), B_OWN | B_SECOND | B_BROADCAST);
	assert_int_equal(rte_eth_dev_default_mac_addr_set(r.port, &foreign), 0);
	assert_int_equal(received(&r), B_FOREIGN | B_SECOND | B_BROADCAST);
	assert_int_equal(rte_eth_dev_mac_addr_remove(r.port, &second), 0);
	assert_int_equal(received(&r), B_FOREIGN | B_BROADCAST);
	assert_int_equal(rte_eth_dev_mac_addr_add(r.port, &second, 1), -EINVAL); /* no pools */
	/* as many as dev_infos_get says, and no more */
	for (uint8_t i = 1; i < 16; i++) {
		none.addr_bytes[4] = i;
		assert_int_equal(rte_eth_dev_mac_addr_add(r.port, &none, 0), 0);
	}
	assert_int_equal(rte_eth_dev_mac_addr_add(r.port, &second, 0), -ENOSPC);
	rig_close(&r);
}

void
exercise_multicast_mac_filter(void)
{
	struct rte_ether_addr joined[65] = { address(JOINED) }, own = address(OWN);
	struct rig r;

	begin(&r);
	assert_int_equal(rte_eth_promiscuous_disable(r.port), 0);
	assert_int_equal(rte_eth_dev_set_mc_addr_list(r.port, joined, 1), 0);
	assert_int_equal(received(&r), B_OWN | B_JOINED | B_BROADCAST);
	assert_int_equal(rte_eth_dev_set_mc_addr_list(r.port, &own, 1), -EINVAL);
	for (int i = 0; i < 65; i++)
		joined[i] = joined[0];
	assert_int_equal(rte_eth_dev_set_mc_addr_list(r.port, joined, 65), -ENOSPC);
	assert_int_equal(received(&r), B_OWN | B_JOINED | B_BROADCAST);
	assert_int_equal(rte_eth_dev_set_mc_addr_list(r.port, NULL, 0), 0);
	assert_int_equal(received(&r), B_OWN | B_BROADCAST);
	rig_close(&r);
}

/* Frames just within and just beyond the MTU. */
void
exercise_mtu_update(void)
{
	static const uint16_t mtus[] = { 1500, 576, 9000 };
	struct rig r;

	rig_begin(&r);
	for (size_t i = 0; i < UNIT_DIM(mtus); i++) {
		rig_add_to(&r, OWN, mtus[i] + OVERHEAD);
		rig_add_to(&r, OWN, mtus[i] + OVERHEAD + 1);
	}
	rig_open(&r, &(struct rig_setup){ .args = "", .nb_rxq = 1, .nb_txq = 1, .room = 9100 });
	for (size_t i = 0; i < UNIT_DIM(mtus); i++) {
		uint32_t longest = 0, nb = 0;
		uint16_t mtu;

		if (i != 0) /* the first is the default */
			assert_int_equal(rte_eth_dev_set_mtu(r.port, mtus[i]), 0);
		assert_int_equal(rte_eth_dev_get_mtu(r.port, &mtu), 0);
		assert_int_equal(mtu, mtus[i]);
		assert_int_equal(rte_eth_stats_reset(r.port), 0);
		rig_replay(&r);
		for (uint32_t k = 0; k < r.nb_seen; k++)
			longest = RTE_MAX(longest, r.seen[k].len);
		for (size_t k = 0; k < UNIT_DIM(mtus); k++)
			nb += (mtus[k] <= mtu) + (mtus[k] < mtu);
		assert_int_equal(longest, mtu + OVERHEAD);
		assert_int_equal(r.nb_seen, nb);
		assert_int_equal(rig_stats(&r).ierrors, 2 * UNIT_DIM(mtus) - nb);
	}
	assert_int_equal(rte_eth_dev_set_mtu(r.port, UINT16_MAX), -EINVAL);
	rig_close(&r);
}
