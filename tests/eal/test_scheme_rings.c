/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What the driver delivers: every frame to its queue, whichever event rings carry it and whoever
 * polls the queues.
 */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rte_pause.h>

#include "scheme_rig.h"

#define NB_LOOPS UNIT_TIMES(1000u) /* of a capture under two pollers */

static void
frames_reach_their_queue_whatever_ring_carries_them(void **state)
{
	static const char *const maps[] = { "A", "A-ring", "A-vector", "B" };

	for (unsigned int i = 0; i < 4 * UNIT_DIM(maps); i++) {
		bool was_seen[NB_FLOWS] = { false };
		char args[96];
		struct rig *r;

		snprintf(args, sizeof(args), "overrun=wait,map=%s,rings=%u,vectors=%u", maps[i / 4],
			 i % 4 * 3 + 1, i % 3 + 1);
		r = scheme_open(args, 8, 0);
		rig_replay(r);
		assert_int_equal(r->nb_seen, NB_FLOWS);
		for (uint32_t n = 0; n < r->nb_seen; n++) {
			const struct rig_seen *s = &r->seen[n];
			unsigned int flow = s->head[34] * 256u + s->head[35] - 1000;

			assert_int_equal(s->queue, s->hash % 128 % 8);
			assert_true(flow < NB_FLOWS && !was_seen[flow]);
			was_seen[flow] = true;
		}
		rig_close(r);
	}
}

/* One of two threads: polls its queues until all frames have come to either. */
struct poller {
	struct rig *r;
	uint16_t first, step;
	uint64_t expected;
	uint64_t nb_strays, bytes;
	_Atomic uint64_t *sum, *arrived;
};

static void *
poll_queues(void *arg)
{
	struct poller *p = arg;
	struct rte_mbuf *pkts[32];
	cpu_set_t all;

	/* EAL has pinned the first thread to a processor, and so the second one */
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	while (atomic_load(p->sum) < p->expected) {
		/* both begin their round at the same time */
		uint64_t both = (atomic_fetch_add(p->arrived, 1) | 1) + 1;

		while (atomic_load(p->arrived) < both && atomic_load(p->sum) < p->expected)
			rte_pause();
		for (uint16_t q = p->first; q < p->r->nb_rxq; q += p->step) {
			uint16_t n = rte_eth_rx_burst(p->r->port, q, pkts, 32);

			for (uint16_t i = 0; i < n; i++) {
				p->nb_strays += pkts[i]->hash.rss % 128 % p->r->nb_rxq != q;
				p->bytes += pkts[i]->pkt_len;
			}
			rte_pktmbuf_free_bulk(pkts, n);
			atomic_fetch_add(p->sum, n);
		}
	}
	return NULL;
}

static uint64_t
poll_by_two_threads(struct rig *r, uint64_t nb_frames)
{
	_Atomic uint64_t sum = 0, arrived = 0;
	struct poller p[2] = { { r, 0, 2, nb_frames, 0, 0, &sum, &arrived },
			       { r, 1, 2, nb_frames, 0, 0, &sum, &arrived } };
	pthread_t thread;

	rig_start(r);
	assert_int_equal(pthread_create(&thread, NULL, poll_queues, &p[0]), 0);
	poll_queues(&p[1]);
	pthread_join(thread, NULL);
	scheme_wait_for_end(r);
	for (uint16_t q = 0; q < r->nb_rxq; q++)
		assert_int_equal(rig_drain(r, q), 0);
	assert_int_equal(sum, nb_frames);
	assert_int_equal(p[0].nb_strays + p[1].nb_strays, 0);
	rig_stop(r);
	return p[0].bytes + p[1].bytes;
}

static void
two_lcores_can_poll_queues_that_share_a_ring(void **state)
{
	static const char *const maps[] = { "B,rings=1", "A,rings=3" };

	for (unsigned int i = 0; i < UNIT_DIM(maps); i++) {
		uint32_t nb_loops = i == 0 ? NB_LOOPS : NB_LOOPS / 5;
		struct rig *r;
		char args[64];

		snprintf(args, sizeof(args), "overrun=wait,loops=%u,map=%s", nb_loops, maps[i]);
		r = scheme_open(args, 4, 0);
		poll_by_two_threads(r, UINT64_C(1) * nb_loops * NB_FLOWS);
		rig_close(r);
	}
}

static void
frames_in_several_mbufs_come_through_shared_rings(void **state)
{
	struct rig_setup setup = {
		.args = "overrun=wait,loops=100,rings=2",
		.nb_rxq = 5,
		.room = 256,
		.conf = scheme_rss_conf(),
	};
	static struct rig r;
	uint64_t bytes = 0;

	setup.conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER;
	rig_begin(&r);
	for (uint16_t i = 0; i < 100; i++) {
		const struct frame_flow flow = { "10.0.0.1", "10.0.0.2", i, 80 };
		struct frame f;

		frame_make(&f, &flow, FRAME_UDP, i * 14u);
		rig_add(&r, f.at, f.len);
		bytes += f.len;
	}
	rig_open(&r, &setup);
	assert_int_equal(poll_by_two_threads(&r, 100 * 100), 100 * bytes);
	rig_close(&r);
}

static void
a_queue_stops_and_starts_while_others_share_its_ring(void **state)
{
	struct rig *r = scheme_open("overrun=wait,loops=0,rings=1", 3, 0);

	rig_start(r);
	for (unsigned int i = 0; i < 20; i++) {
		uint32_t sum[2] = { 0 };

		while (sum[0] < 500 || sum[1] < 500)
			for (uint16_t q = 0; q < 3; q++)
				sum[q == 1] += rig_poll(r, q);
		assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 1), 0);
		for (sum[0] = 0; sum[0] < 2000;)
			sum[0] += rig_poll(r, 0) + rig_poll(r, 2);
		assert_int_equal(rte_eth_dev_rx_queue_start(r->port, 1), 0);
	}
	rig_stop(r);
	rig_close(r);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_reach_their_queue_whatever_ring_carries_them),
		cmocka_unit_test(two_lcores_can_poll_queues_that_share_a_ring),
		cmocka_unit_test(frames_in_several_mbufs_come_through_shared_rings),
		cmocka_unit_test(a_queue_stops_and_starts_while_others_share_its_ring),
	};

	if (rig_init(argv[0]) < 0)
		return EXIT_FAILURE;
	return UNIT_RUN(tests);
}
