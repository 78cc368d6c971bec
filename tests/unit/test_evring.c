/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The event ring as one thread sees it, from a new ring on and across the wrap of its indicators.
 */

#include <stdlib.h>
#include <string.h>

#include <rouse_evring.h>

#include "unit.h"

#define MAX_CAPACITY 64

static alignas(ROUSE_CACHE_LINE) uint8_t memory[8192];

/* Free-running indicators at which a ring is started: new, about to wrap, at the sign bit. */
static const uint32_t starts[] = { 0, UINT32_MAX - 40, UINT32_MAX, 0x7fffffe0 };

static struct rouse_evring *
ring_at(uint32_t capacity, uint32_t start)
{
	struct rouse_evring *r;

	assert_true(rouse_evring_memsize(capacity) <= sizeof(memory));
	r = rouse_evring_init(memory, capacity);
	assert_non_null(r);
	atomic_store(&r->write, start);
	atomic_store(&r->settled, start);
	atomic_store(&r->read, start);
	r->read_seen = r->write_seen = start;
	return r;
}

static struct rouse_event
numbered(uint64_t n)
{
	return (struct rouse_event){
		.data = n,
		.time_tsc = ~n,
		.rss_hash = (uint32_t)n * 3,
		.ptype = (uint32_t)n * 5,
		.len = (uint32_t)n * 7,
		.queue = (uint16_t)n,
		.code = ROUSE_EVENT_TX,
		.flags = (uint8_t)n,
	};
}

static void
assert_numbered(const struct rouse_event *e, uint64_t n)
{
	const struct rouse_event want = numbered(n);

	assert_memory_equal(e, &want, sizeof(want));
}

static void
only_powers_of_two_from_1_to_2_20_have_a_size(void **state)
{
	static const uint32_t wrong[] = { 0, (1u << 20) + 1, 1u << 21, 1u << 31, UINT32_MAX };

	for (uint32_t capacity = 1; capacity <= 4096; capacity++) {
		size_t want = 0;

		for (uint32_t power = 1; power <= 4096; power *= 2)
			if (capacity == power)
				want = offsetof(struct rouse_evring, entries) + 32u * capacity;
		assert_int_equal(rouse_evring_memsize(capacity), want);
	}
	assert_int_equal(rouse_evring_memsize(1u << 20),
			 offsetof(struct rouse_evring, entries) + (32u << 20));
	for (size_t i = 0; i < UNIT_DIM(wrong); i++) {
		assert_int_equal(rouse_evring_memsize(wrong[i]), 0);
		assert_null(rouse_evring_init(memory, wrong[i]));
	}
	assert_null(rouse_evring_init(memory, 3));
}

static void
memory_that_is_missing_or_off_a_cache_line_is_refused(void **state)
{
	assert_null(rouse_evring_init(NULL, 8));
	for (size_t off = 1; off < ROUSE_CACHE_LINE; off++)
		assert_null(rouse_evring_init(memory + off, 8));
	assert_ptr_equal(rouse_evring_init(memory + ROUSE_CACHE_LINE, 8),
			 memory + ROUSE_CACHE_LINE);
}

static void
a_new_ring_is_empty_whatever_its_memory_held(void **state)
{
	struct rouse_evring *r;
	uint64_t random = 8;

	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = (uint8_t)(unit_random(&random) | 1);
	r = rouse_evring_init(memory, 8);
	assert_int_equal(rouse_evring_peek(r, 1), 0);
	assert_int_equal(rouse_evring_count(r), 0);
	assert_int_equal(rouse_evring_owed(r), 0);
	assert_int_equal(rouse_evring_room(r, 1), 8);
	/* and the memory behind it is not its own */
	assert_int_not_equal(memory[rouse_evring_memsize(8)], 0);
}

static void
each_side_writes_cache_lines_of_its_own(void **state)
{
	size_t producer = offsetof(struct rouse_evring, write) / ROUSE_CACHE_LINE;
	size_t settled = offsetof(struct rouse_evring, settled) / ROUSE_CACHE_LINE;
	size_t consumer = offsetof(struct rouse_evring, read) / ROUSE_CACHE_LINE;
	size_t entries = offsetof(struct rouse_evring, entries) / ROUSE_CACHE_LINE;

	/* what the consumer polls, and what is the producer's or the audit's */
	assert_int_not_equal(settled, producer);
	assert_int_not_equal(settled, consumer);
	assert_int_equal(offsetof(struct rouse_evring, read_seen) / ROUSE_CACHE_LINE, settled);
	assert_int_equal(offsetof(struct rouse_evring, write_seen) / ROUSE_CACHE_LINE, consumer);
	assert_int_not_equal(offsetof(struct rouse_evring, capacity) / ROUSE_CACHE_LINE, producer);
	assert_int_not_equal(offsetof(struct rouse_evring, mask) / ROUSE_CACHE_LINE, producer);
	assert_int_not_equal(producer, consumer);
	assert_int_not_equal(producer, entries);
	assert_int_not_equal(consumer, entries);
	assert_int_equal(offsetof(struct rouse_evring, entries) % ROUSE_CACHE_LINE, 0);
}

static void
a_full_ring_refuses_and_keeps_what_it_holds(void **state)
{
	for (uint32_t capacity = 1; capacity <= MAX_CAPACITY; capacity *= 2) {
		for (size_t s = 0; s < UNIT_DIM(starts); s++) {
			struct rouse_evring *r = ring_at(capacity, starts[s]);
			struct rouse_event e;

			for (uint32_t i = 0; i < capacity; i++) {
				e = numbered(i);
				assert_true(rouse_evring_post(r, &e));
				assert_int_equal(rouse_evring_count(r), i + 1);
			}
			e = numbered(99999);
			assert_false(rouse_evring_post(r, &e));
			assert_int_equal(rouse_evring_room(r, 1), 0);
			assert_int_equal(rouse_evring_peek(r, UINT32_MAX), capacity);
			for (uint32_t i = 0; i < capacity; i++)
				assert_numbered(rouse_evring_entry(r, i), i);
			rouse_evring_advance(r, capacity);
			assert_int_equal(rouse_evring_peek(r, 1), 0);
			assert_int_equal(rouse_evring_room(r, 1), capacity);
		}
	}
}

static void
entries_are_invisible_until_they_are_published(void **state)
{
	struct rouse_evring *r = ring_at(8, 0);

	*rouse_evring_slot(r, 0) = numbered(0);
	*rouse_evring_slot(r, 1) = numbered(1);
	assert_int_equal(rouse_evring_peek(r, 1), 0);
	assert_int_equal(rouse_evring_count(r), 0);
	rouse_evring_publish(r, 2);
	assert_int_equal(rouse_evring_peek(r, 1), 2);
	assert_numbered(rouse_evring_entry(r, 0), 0);
	assert_numbered(rouse_evring_entry(r, 1), 1);
}

/* Batches of random sizes against two 64-bit counters, which never wrap. */
static void
run_against_model(uint32_t capacity, uint32_t start, uint64_t *random)
{
	struct rouse_evring *r = ring_at(capacity, start);
	uint64_t written = 0, taken = 0, settled = 0;

	for (int step = 0; step < 10000; step++) {
		uint32_t n = unit_random_below(random, capacity + 1);

		switch (unit_random_below(random, 3)) {
		case 0:
			assert_int_equal(rouse_evring_room(r, capacity),
					 capacity - (written - taken));
			if (n > capacity - (written - taken))
				n = (uint32_t)(capacity - (written - taken));
			for (uint32_t i = 0; i < n; i++)
				*rouse_evring_slot(r, i) = numbered(written + i);
			rouse_evring_publish(r, n);
			written += n;
			break;
		case 1:
			assert_int_equal(rouse_evring_peek(r, capacity), written - taken);
			if (n > written - taken)
				n = (uint32_t)(written - taken);
			for (uint32_t i = 0; i < n; i++)
				assert_numbered(rouse_evring_entry(r, i), taken + i);
			rouse_evring_advance(r, n);
			taken += n;
			break;
		default:
			rouse_evring_settle(r);
			settled = written;
			break;
		}
		assert_int_equal(rouse_evring_count(r), written - taken);
		assert_int_equal(rouse_evring_owed(r), settled > taken ? settled - taken : 0);
	}
	assert_true(written > 4 * capacity);
}

static void
batches_of_any_size_keep_to_a_model_across_the_wrap(void **state)
{
	uint64_t random = 1;

	for (uint32_t capacity = 1; capacity <= MAX_CAPACITY; capacity *= 2)
		for (size_t s = 0; s < UNIT_DIM(starts); s++)
			run_against_model(capacity, starts[s], &random);
}

static void
the_producer_looks_at_the_consumer_only_when_short_of_room(void **state)
{
	struct rouse_evring *r = ring_at(8, UINT32_MAX - 1);

	rouse_evring_publish(r, 5);
	assert_int_equal(rouse_evring_peek(r, 5), 5);
	rouse_evring_advance(r, 4);
	/* the last look gave 3, which is enough for 3; so no look, and no news */
	assert_int_equal(rouse_evring_room(r, 3), 3);
	assert_int_equal(rouse_evring_room(r, 4), 7);
	assert_int_equal(rouse_evring_room(r, 1), 7);
}

static void
the_consumer_looks_at_the_producer_only_when_short_of_entries(void **state)
{
	struct rouse_evring *r = ring_at(8, UINT32_MAX - 1);

	rouse_evring_publish(r, 2);
	assert_int_equal(rouse_evring_peek(r, 1), 2);
	rouse_evring_publish(r, 3);
	assert_int_equal(rouse_evring_peek(r, 2), 2);
	assert_int_equal(rouse_evring_peek(r, 3), 5);
	rouse_evring_advance(r, 5);
	assert_int_equal(rouse_evring_peek(r, 0), 0);
}

static void
only_settled_entries_are_owed(void **state)
{
	for (size_t s = 0; s < UNIT_DIM(starts); s++) {
		struct rouse_evring *r = ring_at(8, starts[s]);

		rouse_evring_publish(r, 3);
		assert_int_equal(rouse_evring_owed(r), 0);
		rouse_evring_settle(r);
		assert_int_equal(rouse_evring_owed(r), 3);
		rouse_evring_publish(r, 2);
		assert_int_equal(rouse_evring_owed(r), 3);
		rouse_evring_advance(r, 1);
		assert_int_equal(rouse_evring_owed(r), 2);
		/* read before the producer got round to settling them */
		rouse_evring_advance(r, 4);
		assert_int_equal(rouse_evring_owed(r), 0);
		rouse_evring_settle(r);
		assert_int_equal(rouse_evring_owed(r), 0);
	}
}

static void
a_count_taken_between_two_moves_is_never_above_the_capacity(void **state)
{
	struct rouse_evring *r = ring_at(8, UINT32_MAX - 1);

	/* as if `read` had been loaded before a whole turn of the ring, and `write` after it */
	atomic_store(&r->write, UINT32_MAX - 1 + 20u);
	assert_int_equal(rouse_evring_count(r), 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_powers_of_two_from_1_to_2_20_have_a_size),
		cmocka_unit_test(memory_that_is_missing_or_off_a_cache_line_is_refused),
		cmocka_unit_test(a_new_ring_is_empty_whatever_its_memory_held),
		cmocka_unit_test(each_side_writes_cache_lines_of_its_own),
		cmocka_unit_test(a_full_ring_refuses_and_keeps_what_it_holds),
		cmocka_unit_test(entries_are_invisible_until_they_are_published),
		cmocka_unit_test(batches_of_any_size_keep_to_a_model_across_the_wrap),
		cmocka_unit_test(the_producer_looks_at_the_consumer_only_when_short_of_room),
		cmocka_unit_test(the_consumer_looks_at_the_producer_only_when_short_of_entries),
		cmocka_unit_test(only_settled_entries_are_owed),
		cmocka_unit_test(a_count_taken_between_two_moves_is_never_above_the_capacity),
	};

	return UNIT_RUN(tests);
}
