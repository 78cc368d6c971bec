/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <string.h>

#include "numbered.h"

#define FIRST_PORT 1024
#define DATA_LEN   18
#define NUMBER_AT  (14 + 20 + 8 + DATA_LEN - 4)
#define TUPLE_LEN  12

static const struct frame_flow first = { "10.0.0.1", "10.0.0.2", FIRST_PORT, 80 };

void
numbered_add(struct rig *r, uint32_t nb)
{
	for (uint32_t i = 0; i < nb; i++) {
		struct frame_flow flow = first;
		struct frame f;

		flow.source_port = (uint16_t)(FIRST_PORT + i % NUMBERED_NB_FLOWS);
		frame_make(&f, &flow, FRAME_UDP, DATA_LEN);
		assert_int_equal(f.len, NUMBER_AT + 4);
		frame_set16(&f, NUMBER_AT, (uint16_t)(i >> 16));
		frame_set16(&f, NUMBER_AT + 2, (uint16_t)i);
		rig_add(r, f.at, f.len);
	}
}

uint32_t
numbered_read(const struct rte_mbuf *m)
{
	const uint8_t *at = rte_pktmbuf_mtod_offset(m, const uint8_t *, NUMBER_AT);

	assert_int_equal(m->pkt_len, NUMBER_AT + 4);
	assert_int_equal(m->nb_segs, 1);
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Each bit of the tuple that is set adds the 32 bits of the key that begin at its place. */
uint32_t
numbered_hash(uint32_t number, const uint8_t *key)
{
	uint16_t source = (uint16_t)(FIRST_PORT + number % NUMBERED_NB_FLOWS);
	const uint8_t tuple[TUPLE_LEN] = {
		10, 0, 0, 1, 10, 0, 0, 2, (uint8_t)(source >> 8), (uint8_t)source, 0, 80,
	};
	uint32_t hash = 0;

	for (uint32_t bit = 0; bit < 8 * TUPLE_LEN; bit++) {
		uint32_t window = 0;

		if ((tuple[bit / 8] & 0x80u >> bit % 8) == 0)
			continue;
		for (uint32_t i = bit; i < bit + 32; i++)
			window = window << 1 | (key[i / 8] >> (7 - i % 8) & 1u);
		hash ^= window;
	}
	return hash;
}

void
numbered_set_reta(struct rig *r, const uint16_t *queues, uint16_t nb_entries)
{
	struct rte_eth_rss_reta_entry64 reta[RTE_ETH_RSS_RETA_SIZE_128 / RTE_ETH_RETA_GROUP_SIZE];

	assert_in_range(nb_entries, 1, RTE_ETH_RSS_RETA_SIZE_128);
	memset(reta, 0, sizeof(reta));
	for (uint16_t i = 0; i < nb_entries; i++) {
		reta[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
							  << i % RTE_ETH_RETA_GROUP_SIZE;
		reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = queues[i];
	}
	assert_int_equal(rte_eth_dev_rss_reta_update(r->port, reta, RTE_ETH_RSS_RETA_SIZE_128), 0);
}
