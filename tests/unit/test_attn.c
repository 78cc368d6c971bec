/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Each step of the park protocol in each state, as one thread sees it. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>

#include <rouse_attn.h>

#include "unit.h"

static struct rouse_attn attn;

static int
make(void **state)
{
	memset(&attn, 0xff, sizeof(attn));
	return rouse_attn_init(&attn);
}

static int
destroy(void **state)
{
	rouse_attn_fini(&attn);
	return 0;
}

/* How often the doorbell was rung since the last call. */
static uint64_t
rings(void)
{
	uint64_t n;

	return read(attn.doorbell, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static enum rouse_attn_state
state_of(void)
{
	return atomic_load(&attn.state);
}

static struct rouse_attn_target
target(uint8_t device, uint8_t ring)
{
	return (struct rouse_attn_target){ .attn = &attn, .device = device, .ring = ring };
}

static bool
is_marked(const struct rouse_attn_target *t)
{
	return (rouse_attn_marked_rings(t->attn, t->device) >> t->ring & 1) != 0;
}

/* Exactly these bits are set, of all 64 + 64 x 64. */
static void
assert_bits(uint64_t word, unsigned int device, uint64_t detail)
{
	assert_true(atomic_load(&attn.word) == word);
	for (unsigned int d = 0; d < ROUSE_ATTN_BITS; d++)
		assert_true(atomic_load(&attn.detail[d]) == (d == device ? detail : 0));
}

static void
a_new_attention_attends_without_a_bit(void **state)
{
	assert_int_equal(state_of(), ROUSE_ATTN_ATTEND);
	assert_bits(0, 0, 0);
	assert_int_equal(rings(), 0);
	assert_true(atomic_load(&attn.event_tsc) == 0);
	assert_true((fcntl(attn.doorbell, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(attn.doorbell, F_GETFD) & FD_CLOEXEC) != 0);
}

static void
fini_closes_the_doorbell(void **state)
{
	struct rouse_attn a;
	int doorbell;

	assert_int_equal(rouse_attn_init(&a), 0);
	doorbell = a.doorbell;
	rouse_attn_fini(&a);
	assert_int_equal(fcntl(doorbell, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
}

static void
init_says_when_no_file_descriptor_is_left(void **state)
{
	struct rlimit before, none;
	struct rouse_attn a = { .doorbell = 0 };
	int ret;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	ret = rouse_attn_init(&a);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(ret, -EMFILE);
	assert_true(a.doorbell < 0);
}

static void
state_words_and_details_are_on_cache_lines_of_their_own(void **state)
{
	assert_int_equal(offsetof(struct rouse_attn, word) % ROUSE_CACHE_LINE, 0);
	assert_int_equal(offsetof(struct rouse_attn, detail) % ROUSE_CACHE_LINE, 0);
	assert_true(offsetof(struct rouse_attn, event_tsc) / ROUSE_CACHE_LINE <
		    offsetof(struct rouse_attn, word) / ROUSE_CACHE_LINE);
	assert_true(offsetof(struct rouse_attn, word) / ROUSE_CACHE_LINE <
		    offsetof(struct rouse_attn, detail) / ROUSE_CACHE_LINE);
	assert_int_equal(sizeof(struct rouse_attn) % ROUSE_CACHE_LINE, 0);
}

/* ---- the producer's half ---- */

static void
a_consumer_that_polls_is_owed_nothing(void **state)
{
	const struct rouse_attn_target t = target(3, 5);

	rouse_attn_poll(&attn);
	assert_false(rouse_attn_mark(&t));
	assert_false(rouse_attn_wake(&t, 77));
	assert_false(rouse_attn_signal(&t, 77));
	assert_bits(0, 0, 0);
	assert_int_equal(rings(), 0);
	assert_int_equal(state_of(), ROUSE_ATTN_POLL);
	assert_true(atomic_load(&attn.event_tsc) == 0);
}

static void
a_consumer_that_attends_gets_both_bits_and_no_doorbell(void **state)
{
	const struct rouse_attn_target t = target(3, 5);

	assert_true(rouse_attn_mark(&t));
	assert_bits(1 << 3, 3, 1 << 5);
	assert_false(rouse_attn_wake(&t, 77));
	assert_false(rouse_attn_signal(&t, 77));
	assert_bits(1 << 3, 3, 1 << 5);
	assert_int_equal(rings(), 0);
	assert_int_equal(state_of(), ROUSE_ATTN_ATTEND);
	assert_true(atomic_load(&attn.event_tsc) == 0);
}

static void
a_consumer_that_parks_gets_both_bits_one_doorbell_and_the_time(void **state)
{
	const struct rouse_attn_target t = target(3, 5), other = target(3, 6);

	rouse_attn_park(&attn);
	assert_true(rouse_attn_mark(&t));
	assert_int_equal(state_of(), ROUSE_ATTN_PARK);
	assert_int_equal(rings(), 0);
	assert_true(rouse_attn_wake(&t, 77));
	assert_int_equal(rings(), 1);
	assert_int_equal(state_of(), ROUSE_ATTN_ATTEND);
	assert_true(atomic_load(&attn.event_tsc) == 77);
	/* whoever comes later leaves bits and no more */
	assert_false(rouse_attn_signal(&other, 88));
	assert_int_equal(rings(), 0);
	assert_true(atomic_load(&attn.event_tsc) == 77);
	assert_bits(1 << 3, 3, 1 << 5 | 1 << 6);
}

static void
signal_is_mark_and_wake(void **state)
{
	const struct rouse_attn_target t = target(0, 63);

	rouse_attn_park(&attn);
	assert_true(rouse_attn_signal(&t, 99));
	assert_bits(1, 0, UINT64_C(1) << 63);
	assert_int_equal(rings(), 1);
	assert_int_equal(state_of(), ROUSE_ATTN_ATTEND);
	assert_true(atomic_load(&attn.event_tsc) == 99);
}

static void
every_pair_of_device_and_ring_has_bits_of_its_own(void **state)
{
	for (uint8_t device = 0; device < ROUSE_ATTN_BITS; device++) {
		for (uint8_t ring = 0; ring < ROUSE_ATTN_BITS; ring++) {
			const struct rouse_attn_target t = target(device, ring);

			assert_false(is_marked(&t));
			assert_true(rouse_attn_mark(&t));
			assert_true(is_marked(&t));
			assert_bits(UINT64_C(1) << device, device, UINT64_C(1) << ring);
			assert_true(rouse_attn_take(&attn) == UINT64_C(1) << device);
			assert_true(rouse_attn_take_detail(&attn, device) == UINT64_C(1) << ring);
		}
	}
}

static void
bits_accumulate_and_overwrite_nothing(void **state)
{
	static const uint8_t pairs[][2] = { { 0, 0 }, { 0, 63 }, { 63, 0 }, { 7, 9 }, { 0, 0 } };

	for (size_t i = 0; i < UNIT_DIM(pairs); i++) {
		const struct rouse_attn_target t = target(pairs[i][0], pairs[i][1]);

		assert_true(rouse_attn_mark(&t));
	}
	assert_true(rouse_attn_take(&attn) == (UINT64_C(1) << 63 | 1 << 7 | 1));
	assert_true(rouse_attn_take_detail(&attn, 0) == (UINT64_C(1) << 63 | 1));
	assert_true(rouse_attn_take_detail(&attn, 7) == 1 << 9);
	assert_true(rouse_attn_take_detail(&attn, 63) == 1);
	assert_bits(0, 0, 0);
}

/* ---- the consumer's half ---- */

static void
poll_and_attend_are_stores_of_the_state(void **state)
{
	rouse_attn_poll(&attn);
	assert_int_equal(state_of(), ROUSE_ATTN_POLL);
	rouse_attn_attend(&attn);
	assert_int_equal(state_of(), ROUSE_ATTN_ATTEND);
	assert_bits(0, 0, 0);
}

static void
take_empties_the_word_and_leaves_the_details(void **state)
{
	const struct rouse_attn_target t = target(9, 4);

	assert_true(rouse_attn_take(&attn) == 0);
	rouse_attn_mark(&t);
	assert_true(rouse_attn_take(&attn) == 1 << 9);
	assert_true(rouse_attn_take(&attn) == 0);
	assert_bits(0, 9, 1 << 4);
}

static void
take_detail_empties_the_word_of_that_device_alone(void **state)
{
	const struct rouse_attn_target t = target(9, 4), other = target(10, 5);

	assert_true(rouse_attn_take_detail(&attn, 9) == 0);
	rouse_attn_mark(&t);
	rouse_attn_mark(&other);
	assert_true(rouse_attn_take_detail(&attn, 9) == 1 << 4);
	assert_true(rouse_attn_take_detail(&attn, 9) == 0);
	assert_bits(1 << 9 | 1 << 10, 10, 1 << 5);
}

static void
mark_own_sets_both_bits_in_every_state_and_rings_nobody(void **state)
{
	static const enum rouse_attn_state states[] = { ROUSE_ATTN_POLL, ROUSE_ATTN_ATTEND,
							ROUSE_ATTN_PARK };
	const struct rouse_attn_target t = target(2, 1);

	for (size_t i = 0; i < UNIT_DIM(states); i++) {
		atomic_store(&attn.state, states[i]);
		rouse_attn_mark_own(&t);
		assert_bits(1 << 2, 2, 1 << 1);
		assert_int_equal(state_of(), states[i]);
		assert_int_equal(rings(), 0);
		rouse_attn_take(&attn);
		rouse_attn_take_detail(&attn, 2);
	}
}

static void
marked_means_both_bits_of_the_target(void **state)
{
	const struct rouse_attn_target t = target(2, 1), device = target(2, 7), ring = target(3, 1);

	rouse_attn_mark(&device);
	rouse_attn_mark(&ring);
	assert_false(is_marked(&t));
	rouse_attn_mark(&t);
	assert_true(is_marked(&t));
	rouse_attn_take(&attn);
	assert_false(is_marked(&t));
	rouse_attn_mark(&t);
	rouse_attn_take_detail(&attn, 2);
	assert_false(is_marked(&t));
}

static void
park_forgets_the_last_event_time_and_keeps_bits(void **state)
{
	const struct rouse_attn_target t = target(2, 1);

	atomic_store(&attn.event_tsc, 55);
	rouse_attn_mark(&t);
	rouse_attn_park(&attn);
	assert_int_equal(state_of(), ROUSE_ATTN_PARK);
	assert_true(atomic_load(&attn.event_tsc) == 0);
	assert_bits(1 << 2, 2, 1 << 1);
	assert_int_equal(rings(), 0);
}

static void
look_says_whether_a_bit_is_set_and_takes_none(void **state)
{
	const struct rouse_attn_target t = target(63, 1);

	rouse_attn_park(&attn);
	assert_false(rouse_attn_look(&attn));
	rouse_attn_mark(&t);
	assert_true(rouse_attn_look(&attn));
	assert_bits(UINT64_C(1) << 63, 63, 1 << 1);
	assert_int_equal(state_of(), ROUSE_ATTN_PARK);
}

static void
unpark_says_whether_a_producer_was_first(void **state)
{
	const struct rouse_attn_target t = target(2, 1);

	rouse_attn_park(&attn);
	assert_false(rouse_attn_unpark(&attn));
	assert_int_equal(state_of(), ROUSE_ATTN_ATTEND);
	rouse_attn_park(&attn);
	assert_true(rouse_attn_signal(&t, 1));
	assert_true(rouse_attn_unpark(&attn));
	assert_int_equal(state_of(), ROUSE_ATTN_ATTEND);
}

static void
a_doorbell_rung_before_the_block_lets_it_return_at_once(void **state)
{
	const struct rouse_attn_target t = target(2, 1);
	struct pollfd fd = { .fd = attn.doorbell, .events = POLLIN };

	assert_int_equal(poll(&fd, 1, 0), 0);
	rouse_attn_park(&attn);
	rouse_attn_signal(&t, 1);
	assert_int_equal(poll(&fd, 1, 0), 1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, destroy)
	const struct CMUnitTest tests[] = {
		TEST(a_new_attention_attends_without_a_bit),
		TEST(fini_closes_the_doorbell),
		TEST(init_says_when_no_file_descriptor_is_left),
		TEST(state_words_and_details_are_on_cache_lines_of_their_own),
		TEST(a_consumer_that_polls_is_owed_nothing),
		TEST(a_consumer_that_attends_gets_both_bits_and_no_doorbell),
		TEST(a_consumer_that_parks_gets_both_bits_one_doorbell_and_the_time),
		TEST(signal_is_mark_and_wake),
		TEST(every_pair_of_device_and_ring_has_bits_of_its_own),
		TEST(bits_accumulate_and_overwrite_nothing),
		TEST(poll_and_attend_are_stores_of_the_state),
		TEST(take_empties_the_word_and_leaves_the_details),
		TEST(take_detail_empties_the_word_of_that_device_alone),
		TEST(mark_own_sets_both_bits_in_every_state_and_rings_nobody),
		TEST(marked_means_both_bits_of_the_target),
		TEST(park_forgets_the_last_event_time_and_keeps_bits),
		TEST(look_says_whether_a_bit_is_set_and_takes_none),
		TEST(unpark_says_whether_a_producer_was_first),
		TEST(a_doorbell_rung_before_the_block_lets_it_return_at_once),
	};

	return UNIT_RUN(tests);
}
