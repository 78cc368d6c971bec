/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Event rings: which queues each carries, that its entries come to the queue that each is for, in
 * order, and that a burst that gives less than it was asked for has seen everything.
 */

#include <string.h>

#include "evnic_rig.h"
#include "unit.h"

#define ROUNDS 20000

static unsigned int nb_told;

static void
on_event(uint16_t port, const struct rouse_event *event, void *arg)
{
	nb_told++;
}

static void
make_with(enum rouse_steer_map map, uint16_t nb_queues, uint16_t nb_rings)
{
	const struct rig_conf conf = {
		.map = map,
		.nb_queues = nb_queues,
		.nb_rings = nb_rings,
		.nb_vectors = nb_rings,
	};

	rig_make(&conf);
	rig->on_event = on_event;
	nb_told = 0;
}

static int
destroy(void **state)
{
	rig_destroy();
	return 0;
}

static void
link_event(void)
{
	evnic_event_link(rig);
	evnic_events_post(rig, 1);
}

/* ---- membership and size ---- */

static void
a_ring_has_the_queues_whose_events_the_map_sends_there(void **state)
{
	uint64_t random = 7;

	for (int i = 0; i < 200; i++) {
		enum rouse_steer_map map =
			(enum rouse_steer_map)unit_random_below(&random, ROUSE_NB_STEER_MAPS);
		uint16_t nb_queues = (uint16_t)(1 + unit_random_below(&random, 8));
		uint16_t nb_rings = (uint16_t)(1 + unit_random_below(&random, 12));

		make_with(map, nb_queues, nb_rings);
		for (uint16_t q = 0; q < nb_queues; q++) {
			const struct evnic_rxq *rxq = rig->rxq[q];
			bool is_any_shared = false;
			uint64_t rings = 0;

			for (int code = 0; code < ROUSE_NB_EVENT_CODES; code++) {
				uint16_t r = rouse_steer_event(&rig->steer, q,
							       (enum rouse_event_code)code)
						     .ring;

				rings |= UINT64_C(1) << r;
				assert_true((rig->rings[r].members >> q & 1) != 0);
				is_any_shared |= rig->rings[r].is_shared;
			}
			assert_true(rxq->rings == rings && evnic_rings_of(rig, q) == rings);
			assert_int_equal(rxq->stash != NULL, is_any_shared);
			assert_int_equal(rxq->gathers,
					 is_any_shared || __builtin_popcountll(rings) > 1);
		}
		for (uint16_t r = 0; r < nb_rings; r++) {
			uint64_t members = 0;

			for (uint16_t q = 0; q < nb_queues; q++)
				members |= (rig->rxq[q]->rings >> r & 1) << q;
			assert_true(rig->rings[r].members == members);
			assert_int_equal(rig->rings[r].is_shared,
					 __builtin_popcountll(members) > 1);
		}
		if (i != 199)
			destroy(NULL);
	}
}

/* Every buffer and every event without a frame that may be there at once: rig_publish() fails if
 * that is more than a ring holds, and a stash that overflows loses an mbuf. */
static void
rings_and_stashes_hold_all_that_can_be_on_its_way(void **state)
{
	for (enum rouse_steer_map map = 0; map < ROUSE_NB_STEER_MAPS; map++) {
		for (uint16_t nb_rings = 1; nb_rings <= 12; nb_rings++) {
			make_with(map, 4, nb_rings);
			for (int i = 0; i < 3; i++) {
				for (uint16_t q = 0; q < 4; q++) {
					struct evnic_rxq *rxq = rig->rxq[q];

					while (rxq->taken != atomic_load(&rxq->posted))
						rig_frame(q, 1);
					evnic_event_tx(rig, q);
				}
				for (int n = 0; n < 40; n++) {
					link_event();
					rig_publish(1);
				}
				/* one of them sorts, the next time another */
				for (uint16_t q = 0; q < 4; q++)
					assert_int_equal(rig_receive_all((q + i) % 4),
							 evnic_rxq_limit(EVNIC_MIN_DESC));
			}
			if (map != ROUSE_NB_STEER_MAPS - 1 || nb_rings != 12)
				destroy(NULL);
		}
	}
}

/* ---- bursts ---- */

static void
a_burst_gives_the_frames_behind_an_event_without_one(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 2);
	link_event();
	for (int i = 0; i < 3; i++)
		rig_frame(0, 1);
	link_event();
	link_event();
	rig_frame(0, 1);
	link_event();
	rig_publish(1);
	assert_int_equal(rig_receive(0), 4);
	assert_int_equal(nb_told, 4);
	assert_int_equal(rouse_evring_count(rig->rings[0].entries), 0);
}

/* As many entries as it was asked for frames are not enough. */
static void
a_small_burst_goes_on_behind_events_without_a_frame(void **state)
{
	struct rte_mbuf *pkts[4];

	make_with(ROUSE_STEER_MAP_B, 2, 2);
	for (int i = 0; i < 4; i++) {
		link_event();
		rig_frame(0, 1);
	}
	rig_publish(1);
	assert_int_equal(evnic_rx_burst(rig->rxq[0], pkts, 4), 4);
	for (int i = 0; i < 4; i++)
		rte_pktmbuf_free(pkts[i]);
	assert_int_equal(nb_told, 4);
}

static void
a_burst_that_gives_less_than_it_was_asked_for_leaves_nothing(void **state)
{
	uint64_t random = 9;

	for (enum rouse_steer_map map = 0; map < ROUSE_NB_STEER_MAPS; map++) {
		make_with(map, 3, 4);
		rouse_steer_default_processor_set(&rig->steer, 1);
		for (int i = 0; i < 2000; i++) {
			uint16_t queue = (uint16_t)unit_random_below(&random, 3);
			uint32_t n = unit_random_below(&random, 4);

			for (; n != 0; n--) {
				uint16_t to = (uint16_t)unit_random_below(&random, 3);

				if (unit_random_below(&random, 3) == 0)
					link_event();
				else if (rig->rxq[to]->taken != atomic_load(&rig->rxq[to]->posted))
					rig_frame(to, 1);
			}
			rig_publish(1);
			if (rig_receive(queue) == 32)
				continue;
			assert_true(evnic_rxq_owed(rig->rxq[queue]) == 0);
			assert_int_equal(evnic_rxq_count(rig->rxq[queue]), 0);
			if (rig->rxq[queue]->stash != NULL)
				assert_int_equal(rouse_evring_count(rig->rxq[queue]->stash), 0);
		}
		if (map != ROUSE_NB_STEER_MAPS - 1)
			destroy(NULL);
	}
}

/* What an mbuf is: its buffer's address is the device's mark. */
static void
frames_come_to_their_queue_in_order_whoever_sorts(void **state)
{
	uint64_t random = 1;

	for (enum rouse_steer_map map = 0; map < ROUSE_NB_STEER_MAPS; map++) {
		uint32_t next[4] = { 0 }, sent[4] = { 0 };
		unsigned int nb_links = 0;

		make_with(map, 4, 3);
		rouse_steer_default_processor_set(&rig->steer, 2);
		for (int i = 0; i < ROUNDS; i++) {
			uint16_t queue = (uint16_t)unit_random_below(&random, 4);
			struct evnic_rxq *q = rig->rxq[queue];
			struct rte_mbuf *pkts[8];
			uint16_t n;

			if (unit_random_below(&random, 2) == 0) {
				if (q->taken == atomic_load(&q->posted))
					continue;
				/* in the buffer, as a frame is */
				memcpy((void *)(uintptr_t)q->bufs[evnic_buf_place(q, q->taken)],
				       (uint32_t[]){ queue, sent[queue]++ }, 8);
				rig_frame(queue, 1);
				if (unit_random_below(&random, 16) == 0) {
					link_event();
					nb_links++;
				}
				if (unit_random_below(&random, 2) == 0)
					rig_publish(1);
				continue;
			}
			n = evnic_rx_burst(q, pkts, (uint16_t)(1 + unit_random_below(&random, 8)));
			for (uint16_t k = 0; k < n; k++) {
				const uint32_t *mark = rte_pktmbuf_mtod(pkts[k], uint32_t *);

				assert_int_equal(mark[0], queue);
				assert_int_equal(mark[1], next[queue]++);
				rte_pktmbuf_free(pkts[k]);
			}
		}
		rig_publish(1);
		for (int i = 0; i < 3; i++) {
			for (uint16_t queue = 0; queue < 4; queue++)
				next[queue] += rig_receive_all(queue);
			evnic_events_post(rig, 1);
			rig_publish(1);
		}
		for (uint16_t queue = 0; queue < 4; queue++)
			assert_int_equal(next[queue], sent[queue]);
		assert_true(nb_told <= nb_links && nb_told > 0);
		assert_int_equal(nb_told, rouse_counter_get(&rig->wire.stats.link_events));
		if (map != ROUSE_NB_STEER_MAPS - 1)
			destroy(NULL);
	}
}

static void
only_rings_with_settled_entries_are_owed(void **state)
{
	make_with(ROUSE_STEER_MAP_A_RING, 2, 8);
	rig_frame(1, 1);
	rouse_evring_publish(rig->rings[1].entries, 1);
	assert_true(evnic_rxq_owed(rig->rxq[1]) == 0);
	rouse_evring_settle(rig->rings[1].entries);
	rig->rings[1].pending = 0;
	assert_true(evnic_rxq_owed(rig->rxq[1]) == 1 << 1);
	assert_true(evnic_rxq_owed(rig->rxq[0]) == 0);
	link_event();
	rig_publish(1);
	assert_true(evnic_rxq_owed(rig->rxq[0]) == 1 << (2 * ROUSE_EVENT_LINK));
	rig_receive_all(0);
	rig_receive_all(1);
	assert_true(evnic_rxq_owed(rig->rxq[0]) == 0 && evnic_rxq_owed(rig->rxq[1]) == 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ring_has_the_queues_whose_events_the_map_sends_there),
		TEST(rings_and_stashes_hold_all_that_can_be_on_its_way),
		TEST(a_burst_gives_the_frames_behind_an_event_without_one),
		TEST(a_small_burst_goes_on_behind_events_without_a_frame),
		TEST(a_burst_that_gives_less_than_it_was_asked_for_leaves_nothing),
		TEST(frames_come_to_their_queue_in_order_whoever_sorts),
		TEST(only_rings_with_settled_entries_are_owed),
	};

	return UNIT_RUN(tests);
}
