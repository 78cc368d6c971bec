/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A worker with every source that it can have: a port, and 63 times 64 event rings. Each of them
 * wakes it, and the wake visits that one and no other.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "worker_mock.h"

#define NB_RINGS  ((ROUSE_ATTN_BITS - 1) * ROUSE_ATTN_BITS)
#define RING_SIZE 4
#define ROOM	  1024 /* bytes of a ring */

static struct rouse_worker worker, *const w = &worker;

static struct ring {
	alignas(ROUSE_CACHE_LINE) uint8_t memory[ROOM];
	struct rouse_evring *ring;
	struct rouse_attn_target target;
	unsigned int nb_events;
} rings[NB_RINGS];

static void
count(void *arg, const struct rouse_event *event)
{
	struct ring *r = arg;

	r->nb_events++;
}

static struct ring *to_signal; /* before the worker blocks; NULL: the port's queue */

static void
signal_one(void *arg)
{
	static const struct rouse_event event = { .code = ROUSE_EVENT_TX };

	if (to_signal == NULL) {
		mock_deliver(0, 0, 0);
		mock_signal(0, 0);
		return;
	}
	rouse_evring_post(to_signal->ring, &event);
	rouse_attn_signal(&to_signal->target, 1);
}

static int
make(void **state)
{
	mock_init();
	mock_worker_init(w);
	w->conf.before_sleep = signal_one;
	assert_int_equal(mock_add(w, 0, 0), 0);
	for (unsigned int i = 0; i < NB_RINGS; i++) {
		struct ring *r = &rings[i];

		r->ring = rouse_evring_init(r->memory, RING_SIZE);
		r->nb_events = 0;
		assert_int_equal(rouse_worker_evring_add(w, r->ring, count, r, &r->target), 0);
	}
	worker_enter_attend(w);
	worker_attend(w);
	return 0;
}

static int
destroy(void **state)
{
	mock_worker_fini(w);
	mock_fini();
	return 0;
}

static uint64_t
polls(void)
{
	return rouse_counter_get(&w->stats.wake_visits);
}

static void
wake_by(struct ring *r)
{
	uint64_t before = polls(), words = rouse_counter_get(&w->stats.detail_words);

	to_signal = r;
	worker_park(w);
	assert_int_equal(polls(), before + 1);
	assert_int_equal(rouse_counter_get(&w->stats.detail_words), words + 1);
}

static void
each_of_4032_rings_wakes_the_worker_and_is_the_one_that_it_visits(void **state)
{
	struct rouse_worker_stats stats;

	for (unsigned int i = 0; i < NB_RINGS; i++) {
		unit_deadline();
		wake_by(&rings[i]);
		assert_int_equal(rings[i].nb_events, 1);
	}
	wake_by(NULL);
	assert_int_equal(mock_ports[0].queues[0].taken, 1);
	/* and no other was */
	for (unsigned int i = 0; i < NB_RINGS; i++)
		assert_int_equal(rings[i].nb_events, 1);
	rouse_worker_stats_get(w, &stats);
	assert_int_equal(stats.wakes, NB_RINGS + 1);
	assert_int_equal(stats.events, NB_RINGS);
	assert_int_equal(stats.empty_polls, 1 + NB_RINGS + 1 + NB_RINGS);
	assert_int_equal(stats.wake_misses, 0);
	assert_int_equal(stats.stale_bits, 0);
	assert_int_equal(stats.recheck_hits, 0);
	assert_int_equal(stats.rescues, 0);
}

static void
all_of_them_at_once_are_drained_in_one_round(void **state)
{
	static const struct rouse_event event = { .code = ROUSE_EVENT_TX };

	for (unsigned int i = 0; i < NB_RINGS; i++) {
		rouse_evring_post(rings[i].ring, &event);
		rouse_attn_signal(&rings[i].target, 1);
	}
	assert_int_equal(worker_attend(w), NB_RINGS);
	for (unsigned int i = 0; i < NB_RINGS; i++)
		assert_int_equal(rings[i].nb_events, 1);
	assert_int_equal(worker_attend(w), 0);
}

static void
a_removed_one_makes_room_for_one_more_and_no_other_port(void **state)
{
	struct rouse_attn_target target;
	struct rouse_evring *one_more = mock_event_ring(0);
	struct ring *r = &rings[NB_RINGS / 2];

	assert_int_equal(rouse_worker_evring_add(w, one_more, count, r, &target), -ENOSPC);
	assert_int_equal(mock_add(w, 1, 0), -ENOSPC);
	assert_int_equal(rouse_worker_evring_remove(w, r->ring), 0);
	assert_int_equal(mock_add(w, 1, 0), -ENOSPC);
	assert_int_equal(rouse_worker_evring_add(w, r->ring, count, r, &target), 0);
	assert_int_equal(target.device, r->target.device);
	assert_int_equal(target.ring, r->target.ring);
	worker_attend(w);
	wake_by(r);
	assert_int_equal(r->nb_events, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_of_4032_rings_wakes_the_worker_and_is_the_one_that_it_visits),
		TEST(all_of_them_at_once_are_drained_in_one_round),
		TEST(a_removed_one_makes_room_for_one_more_and_no_other_port),
	};

	return UNIT_RUN(tests);
}
