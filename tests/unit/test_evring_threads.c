/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* One producer thread and one consumer thread on one ring: every entry, once, in order, whole. */

#include <rouse_evring.h>

#include "threads.h"
#include "unit.h"

#define ENTRIES		   UNIT_TIMES(1000000u)
#define ENTRIES_A_DEADLINE 10000

static alignas(ROUSE_CACHE_LINE) uint8_t memory[8192];

struct run {
	struct rouse_evring *ring;
	uint32_t batch; /* entries that each side handles at a time, at most */
	uint64_t seed;
};

/* Every bit of the entry follows from its number, so that one read too early shows. */
static void
fill(struct rouse_event *e, uint64_t n)
{
	uint64_t seed = n;

	e->data = n;
	e->time_tsc = unit_random(&seed);
	e->rss_hash = (uint32_t)(e->time_tsc >> 7);
	e->ptype = (uint32_t)(e->time_tsc >> 13);
	e->len = (uint32_t)(e->time_tsc >> 19);
	e->queue = (uint16_t)n;
	e->code = (uint8_t)(n >> 16);
	e->flags = (uint8_t)(n >> 8);
}

static bool
is_whole(const struct rouse_event *e, uint64_t n)
{
	struct rouse_event want;

	fill(&want, n);
	return e->data == want.data && e->time_tsc == want.time_tsc &&
	       e->rss_hash == want.rss_hash && e->ptype == want.ptype && e->len == want.len &&
	       e->queue == want.queue && e->code == want.code && e->flags == want.flags;
}

static void *
produce(void *arg)
{
	const struct run *run = arg;
	uint64_t next = 0, random = run->seed;
	unsigned int spins = 0;

	threads_pin(1);
	while (next < ENTRIES) {
		uint32_t want = 1 + unit_random_below(&random, run->batch);
		uint32_t room = rouse_evring_room(run->ring, want);
		uint32_t n = room < want ? room : want;

		if (n > ENTRIES - next)
			n = (uint32_t)(ENTRIES - next);
		for (uint32_t i = 0; i < n; i++)
			fill(rouse_evring_slot(run->ring, i), next + i);
		if (n == 0) {
			threads_idle(&spins);
			continue;
		}
		rouse_evring_publish(run->ring, n);
		rouse_evring_settle(run->ring);
		spins = 0;
		next += n;
	}
	return NULL;
}

/* The number of entries that were not the next one, or not whole. */
static uint64_t
consume(const struct run *run)
{
	uint64_t next = 0, wrong = 0, random = ~run->seed;
	unsigned int spins = 0;

	while (next < ENTRIES) {
		uint32_t want = 1 + unit_random_below(&random, run->batch);
		uint32_t ready = rouse_evring_peek(run->ring, want);
		uint32_t n = ready < want ? ready : want;

		for (uint32_t i = 0; i < n; i++)
			wrong += !is_whole(rouse_evring_entry(run->ring, i), next + i);
		wrong += rouse_evring_count(run->ring) > run->ring->capacity;
		wrong += rouse_evring_owed(run->ring) > run->ring->capacity;
		if (n == 0) {
			threads_idle(&spins);
			continue;
		}
		rouse_evring_advance(run->ring, n);
		spins = 0;
		next += n;
		if (next / ENTRIES_A_DEADLINE != (next - n) / ENTRIES_A_DEADLINE)
			unit_deadline();
	}
	return wrong;
}

static void
hand_over(uint32_t capacity, uint32_t batch, uint32_t start)
{
	struct run run = { .ring = rouse_evring_init(memory, capacity), .batch = batch };
	pthread_t producer;
	uint64_t wrong;

	run.seed = capacity;
	atomic_store(&run.ring->write, start);
	atomic_store(&run.ring->settled, start);
	atomic_store(&run.ring->read, start);
	run.ring->read_seen = run.ring->write_seen = start;
	unit_deadline();
	assert_int_equal(pthread_create(&producer, NULL, produce, &run), 0);
	wrong = consume(&run);
	pthread_join(producer, NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(rouse_evring_peek(run.ring, 1), 0);
	assert_int_equal(rouse_evring_owed(run.ring), 0);
	assert_int_equal(atomic_load(&run.ring->write), start + ENTRIES);
	assert_int_equal(atomic_load(&run.ring->read), start + ENTRIES);
}

static void
every_entry_passes_through_a_ring_of_2(void **state)
{
	hand_over(2, 2, 0);
}

static void
every_entry_passes_through_a_ring_of_8_across_the_wrap(void **state)
{
	hand_over(8, 5, UINT32_MAX - ENTRIES / 2);
}

static void
every_entry_passes_through_a_ring_of_64_in_batches(void **state)
{
	hand_over(64, 40, UINT32_MAX - 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_passes_through_a_ring_of_2),
		cmocka_unit_test(every_entry_passes_through_a_ring_of_8_across_the_wrap),
		cmocka_unit_test(every_entry_passes_through_a_ring_of_64_in_batches),
	};

	threads_init();
	threads_pin(0);
	return UNIT_RUN(tests);
}
