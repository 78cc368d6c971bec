/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * RETA and key change while frames arrive, thousands of times. Each frame is received once; each
 * has the hash of one of the keys, never of a mixture; and those that are sent after the last
 * update have the hash and the queue that the definition of the Toeplitz hash says.
 *
 * One thread changes, another receives, the wire sends. The receiver waits for a change before each
 * of its rounds, and the wire waits for buffers (overrun=wait): so the changes are spread over the
 * whole of the traffic, whatever the machine does.
 */

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "numbered.h"

#define NB_QUEUES	4
#define NB_FRAMES	65536
#define NB_UNDER_UPDATE (3 * NB_FRAMES / 4)
#define BURST		8 /* frames of a queue that are received between two changes */
#define MIN_UPDATES	(NB_UNDER_UPDATE / (NB_QUEUES * BURST))
#define KEY_EVERY	4 /* changes of the RETA */
#define NB_KEYS		4
#define RETA_SIZE	RTE_ETH_RSS_RETA_SIZE_128
/* Frames that the wire may have had in hand, beside those that it has counted. */
#define IN_HAND 1024

static const struct rte_eth_conf conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
};

/* The last two are the changing thread's alone while it runs. */
static struct changes {
	struct rig *rig;
	atomic_uint nb;
	atomic_bool stop;
	uint16_t reta[RETA_SIZE];
	unsigned int key;
} changes;

static uint8_t keys[NB_KEYS][NUMBERED_KEY_SIZE];
static uint32_t hashes[NB_KEYS][NUMBERED_NB_FLOWS];

static struct received {
	uint32_t hash;
	uint16_t queue, nb_times;
} received[NB_FRAMES];

static void
change_key(struct changes *c, uint64_t *dice)
{
	struct rte_eth_rss_conf rss = {
		.rss_key_len = NUMBERED_KEY_SIZE,
		.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
	};

	c->key = unit_random_below(dice, NB_KEYS);
	rss.rss_key = keys[c->key];
	assert_int_equal(rte_eth_dev_rss_hash_update(c->rig->port, &rss), 0);
}

/* As many entries as it happens, from the first on. */
static void
change_reta(struct changes *c, uint64_t *dice)
{
	uint16_t nb = (uint16_t)(1 + unit_random_below(dice, RETA_SIZE));

	for (uint16_t i = 0; i < nb; i++)
		c->reta[i] = (uint16_t)unit_random_below(dice, NB_QUEUES);
	numbered_set_reta(c->rig, c->reta, nb);
}

static void *
change(void *arg)
{
	struct changes *c = arg;
	uint64_t dice = 7;

	for (unsigned int i = 1; !atomic_load(&c->stop); i++) {
		change_reta(c, &dice);
		if (i % KEY_EVERY == 0)
			change_key(c, &dice);
		atomic_store(&c->nb, i);
	}
	/* the key last: its setter returns when the wire uses it */
	change_reta(c, &dice);
	change_key(c, &dice);
	return NULL;
}

static uint32_t
receive(const struct rig *r)
{
	struct rte_mbuf *pkts[BURST];
	uint32_t sum = 0;

	for (uint16_t q = 0; q < NB_QUEUES; q++) {
		uint16_t n = rte_eth_rx_burst(r->port, q, pkts, BURST);

		for (uint16_t i = 0; i < n; i++) {
			uint32_t number = numbered_read(pkts[i]);

			assert_in_range(number, 0, NB_FRAMES - 1);
			received[number].nb_times++;
			received[number].queue = q;
			received[number].hash = pkts[i]->hash.rss;
		}
		rte_pktmbuf_free_bulk(pkts, n);
		sum += n;
	}
	return sum;
}

static void
wait_for_a_change(unsigned int *seen)
{
	while (atomic_load(&changes.nb) == *seen)
		sched_yield();
	*seen = atomic_load(&changes.nb);
}

/* Returns the first frame that was surely sent after the last change. */
static uint32_t
receive_while_it_changes(struct rig *r)
{
	uint32_t sum = 0, nb, settled;
	bool has_ended;
	unsigned int seen = 0;
	pthread_t thread;

	rig_start(r);
	assert_int_equal(rte_ctrl_thread_create(&thread, "changes", NULL, change, &changes), 0);
	while (sum < NB_UNDER_UPDATE) {
		unit_deadline();
		wait_for_a_change(&seen);
		sum += receive(r);
	}
	atomic_store(&changes.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	settled = (uint32_t)rig_xstat(r, "wire_rx_frames") + IN_HAND;

	do {
		has_ended = rig_xstat(r, "wire_rx_ended") != 0;
		nb = receive(r);
		sum += nb;
	} while (nb != 0 || !has_ended);
	assert_int_equal(sum, NB_FRAMES);
	assert_int_equal(rig_stats(r).ipackets, NB_FRAMES);
	assert_int_equal(rig_stats(r).imissed, 0);
	rig_stop(r);
	return settled;
}

static void
make_keys(uint64_t *dice)
{
	for (unsigned int k = 0; k < NB_KEYS; k++) {
		for (unsigned int i = 0; i < NUMBERED_KEY_SIZE; i++)
			keys[k][i] = (uint8_t)unit_random(dice);
		for (uint32_t flow = 0; flow < NUMBERED_NB_FLOWS; flow++)
			hashes[k][flow] = numbered_hash(flow, keys[k]);
	}
}

static bool
is_hash_of_a_key(uint32_t hash, uint32_t number)
{
	for (unsigned int k = 0; k < NB_KEYS; k++)
		if (hash == hashes[k][number % NUMBERED_NB_FLOWS])
			return true;
	return false;
}

static void
check(uint32_t settled)
{
	uint32_t nb_moved = 0;

	for (uint32_t i = 0; i < NB_FRAMES; i++) {
		const struct received *f = &received[i];

		if (f->nb_times != 1)
			fail_msg("frame %u was received %u times", i, f->nb_times);
		if (!is_hash_of_a_key(f->hash, i))
			fail_msg("frame %u has the hash %#x, which is that of no key", i, f->hash);
		if (i >= NUMBERED_NB_FLOWS)
			nb_moved += f->queue != received[i - NUMBERED_NB_FLOWS].queue;
	}
	for (uint32_t i = settled; i < NB_FRAMES; i++) {
		uint32_t hash = hashes[changes.key][i % NUMBERED_NB_FLOWS];

		assert_int_equal(received[i].hash, hash);
		assert_int_equal(received[i].queue, changes.reta[hash % RETA_SIZE]);
	}
	/* the changes were seen by the traffic */
	assert_true(nb_moved > MIN_UPDATES);
	print_message("# %u updates of the RETA, %u frames later than their flow's last one moved, "
		      "%u came after the last update\n",
		      atomic_load(&changes.nb), nb_moved, NB_FRAMES - settled);
}

static void
updates_of_reta_and_key_lose_and_double_no_frame(void **state __rte_unused)
{
	uint64_t dice = 11;
	struct rig r;

	make_keys(&dice);
	rig_begin(&r);
	numbered_add(&r, NB_FRAMES);
	rig_open(&r,
		 &(struct rig_setup){ .args = "", .nb_rxq = NB_QUEUES, .nb_txq = 1, .conf = conf });
	changes.rig = &r;
	for (uint16_t i = 0; i < RETA_SIZE; i++)
		changes.reta[i] = i % NB_QUEUES;
	numbered_set_reta(&r, changes.reta, RETA_SIZE);
	change_key(&changes, &dice);

	uint32_t settled = receive_while_it_changes(&r);

	assert_true(atomic_load(&changes.nb) >= MIN_UPDATES);
	assert_in_range(settled, NB_UNDER_UPDATE, NB_FRAMES - NB_FRAMES / 8);
	check(settled);
	rig_close(&r);
}

int
main(int argc __rte_unused, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(updates_of_reta_and_key_lose_and_double_no_frame),
	};
	int ret;

	if (rig_init(argv[0]) < 0)
		return 1;
	ret = UNIT_RUN(tests);
	rte_eal_cleanup();
	return ret;
}
