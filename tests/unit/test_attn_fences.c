/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The full fences of the park protocol, as litmus tests: in each round a producer and the consumer
 * run the same few steps against each other. Each side stores and then loads what the other
 * stored; without either fence a processor with a store buffer lets both load the old value, a few
 * times in a million.
 */

#include <rouse_attn.h>

#include "threads.h"
#include "unit.h"

#define ROUNDS		 UNIT_TIMES(150000u)
#define STEPS_A_DEADLINE 10000
/* Empty loops that a side waits before its steps: the producer hears of the start later. */
#define CONSUMER_SKEW 600
#define PRODUCER_SKEW 100

/* What each side does in a round. */
struct litmus {
	void (*prepare)(void); /* before both */
	bool (*produce)(void); /* whether the producer saw what the consumer stored */
	bool (*consume)(void); /* whether the consumer saw what the producer stored */
};

static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
static struct rouse_attn attn;
static struct rouse_evring *ring;
static const struct rouse_attn_target target = { .attn = &attn, .device = 3, .ring = 4 };

/* ---- rounds ---- */

/* Each counts to 2 in a round: ready, and off. */
static alignas(ROUSE_CACHE_LINE) _Atomic uint32_t consumer_step;
static alignas(ROUSE_CACHE_LINE) _Atomic uint32_t producer_step;
static bool seen_by_producer; /* ordered by producer_step */

static void
wait_for(_Atomic uint32_t *step, uint32_t wanted)
{
	unsigned int spins = 0;

	while (atomic_load_explicit(step, memory_order_acquire) != wanted)
		threads_idle(&spins);
}

static void
skew(uint64_t *random, uint32_t limit)
{
	for (uint32_t i = unit_random_below(random, limit); i != 0; i--)
		__asm__ volatile("" ::: "memory");
}

/*
 * Have in this processor's cache what the steps will touch. A store then has to wait for the line
 * while the load behind it does not: that is when a processor goes on without waiting.
 */
static void
touch(void)
{
	(void)atomic_load_explicit(&attn.state, memory_order_relaxed);
	(void)atomic_load_explicit(&attn.word, memory_order_relaxed);
	(void)atomic_load_explicit(&ring->write, memory_order_relaxed);
}

static void *
run_producer(void *arg)
{
	const struct litmus *litmus = arg;
	uint64_t random = 1;

	threads_pin(1);
	for (uint32_t step = 1; step <= 2 * ROUNDS; step += 2) {
		wait_for(&consumer_step, step);
		touch();
		atomic_store_explicit(&producer_step, step, memory_order_release);
		wait_for(&consumer_step, step + 1);
		skew(&random, PRODUCER_SKEW);
		seen_by_producer = litmus->produce();
		atomic_store_explicit(&producer_step, step + 1, memory_order_release);
	}
	return NULL;
}

/* In how many rounds neither side saw the other. */
static uint32_t
run(const struct litmus *litmus)
{
	uint64_t random = 2;
	uint32_t blind = 0;
	pthread_t producer;

	unit_deadline();
	assert_int_equal(rouse_attn_init(&attn), 0);
	ring = rouse_evring_init(memory, 8);
	atomic_store(&consumer_step, 0);
	atomic_store(&producer_step, 0);
	assert_int_equal(pthread_create(&producer, NULL, run_producer, (void *)(uintptr_t)litmus),
			 0);
	for (uint32_t step = 1; step <= 2 * ROUNDS; step += 2) {
		bool seen;

		litmus->prepare();
		atomic_store_explicit(&consumer_step, step, memory_order_release);
		wait_for(&producer_step, step);
		touch();
		atomic_store_explicit(&consumer_step, step + 1, memory_order_release);
		skew(&random, CONSUMER_SKEW);
		seen = litmus->consume();
		wait_for(&producer_step, step + 1);
		if (step % STEPS_A_DEADLINE == 1)
			unit_deadline();
		blind += !seen && !seen_by_producer;
		assert_int_equal(rouse_evring_peek(ring, 1), 1);
		rouse_evring_advance(ring, 1);
	}
	pthread_join(producer, NULL);
	rouse_attn_fini(&attn);
	return blind;
}

static void
publish(void)
{
	rouse_evring_slot(ring, 0)->data = 1;
	rouse_evring_publish(ring, 1);
}

/* ---- POLL -> ATTEND against P2 to P4 ---- */

static void
prepare_poll(void)
{
	rouse_attn_poll(&attn);
}

static bool
publish_and_mark(void)
{
	publish();
	rouse_attn_fence();
	return rouse_attn_mark(&target);
}

static bool
attend_and_look_into_the_ring(void)
{
	rouse_attn_attend(&attn);
	return rouse_evring_peek(ring, 1) != 0;
}

static void
who_stops_polling_sees_the_entry_of_who_still_saw_it_poll(void **state)
{
	static const struct litmus litmus = {
		.prepare = prepare_poll,
		.produce = publish_and_mark,
		.consume = attend_and_look_into_the_ring,
	};

	assert_int_equal(run(&litmus), 0);
}

/* ---- ATTEND -> PARK against P5 and P6 ---- */

static void
prepare_attend(void)
{
	rouse_attn_attend(&attn);
	rouse_attn_take(&attn);
	rouse_attn_take_detail(&attn, target.device);
}

/* P6 without the doorbell, which would take longer than all the rest. */
static bool
publish_and_claim(void)
{
	publish();
	rouse_attn_fence();
	rouse_attn_mark(&target);
	return atomic_load_explicit(&attn.state, memory_order_seq_cst) == ROUSE_ATTN_PARK;
}

static bool
park_and_look(void)
{
	rouse_attn_park(&attn);
	return rouse_attn_look(&attn);
}

static void
who_parks_sees_the_bit_of_who_did_not_see_it_park(void **state)
{
	static const struct litmus litmus = {
		.prepare = prepare_attend,
		.produce = publish_and_claim,
		.consume = park_and_look,
	};

	assert_int_equal(run(&litmus), 0);
}

/* ---- ATTEND -> PARK against a producer without bits ---- */

static bool
publish_and_see_state(void)
{
	publish();
	rouse_attn_fence();
	return atomic_load_explicit(&attn.state, memory_order_relaxed) == ROUSE_ATTN_PARK;
}

/* What the second look is to plain sources: the fence comes before it. */
static bool
park_and_look_into_the_ring(void)
{
	rouse_attn_park(&attn);
	rouse_attn_look(&attn);
	return rouse_evring_peek(ring, 1) != 0;
}

static void
who_parks_sees_the_entry_of_who_did_not_see_it_park(void **state)
{
	static const struct litmus litmus = {
		.prepare = prepare_attend,
		.produce = publish_and_see_state,
		.consume = park_and_look_into_the_ring,
	};

	assert_int_equal(run(&litmus), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_stops_polling_sees_the_entry_of_who_still_saw_it_poll),
		cmocka_unit_test(who_parks_sees_the_bit_of_who_did_not_see_it_park),
		cmocka_unit_test(who_parks_sees_the_entry_of_who_did_not_see_it_park),
	};

	threads_init();
	threads_pin(0);
	return UNIT_RUN(tests);
}
