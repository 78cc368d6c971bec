/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The histogram: its buckets, and its percentiles against the sorted values themselves. */

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rouse_histogram.h>

#include "unit.h"

#define VALUES 10007 /* a prime: no share but 1 falls on a whole rank */

static struct rouse_histogram histogram;

static int
clear(void **state)
{
	memset(&histogram, 0, sizeof(histogram));
	return 0;
}

/* ---- buckets ---- */

static void
every_value_below_32_has_a_bucket_of_its_own(void **state)
{
	for (unsigned int v = 0; v < 32; v++) {
		assert_int_equal(rouse_histogram_bucket(v), v);
		assert_true(rouse_histogram_bucket_max(v) == v);
	}
}

static void
buckets_follow_each_other_without_a_gap_up_to_the_largest_value(void **state)
{
	uint64_t next = 0; /* the first value that no bucket has held yet */

	for (unsigned int i = 0; i < ROUSE_HISTOGRAM_BUCKETS; i++) {
		uint64_t max = rouse_histogram_bucket_max(i);

		assert_int_equal(rouse_histogram_bucket(next), i);
		assert_int_equal(rouse_histogram_bucket(max), i);
		assert_int_equal(rouse_histogram_bucket(next + (max - next) / 2), i);
		assert_true(max >= next);
		/* at most 1/16 of the smallest value wide */
		assert_true((max - next) <= next / 16);
		next = max + 1;
	}
	assert_true(next == 0);
	assert_true(rouse_histogram_bucket_max(ROUSE_HISTOGRAM_BUCKETS - 1) == UINT64_MAX);
}

static void
the_extremes_are_in_the_first_and_the_last_bucket(void **state)
{
	assert_int_equal(rouse_histogram_bucket(0), 0);
	assert_int_equal(rouse_histogram_bucket(UINT64_MAX), ROUSE_HISTOGRAM_BUCKETS - 1);
	rouse_histogram_add(&histogram, UINT64_MAX);
	rouse_histogram_add(&histogram, 0);
	assert_true(rouse_histogram_count(&histogram) == 2);
	assert_true(rouse_histogram_percentile(&histogram, 0.5) == 0);
	assert_true(rouse_histogram_percentile(&histogram, 0.51) == UINT64_MAX);
	assert_true(rouse_histogram_percentile(&histogram, 1) == UINT64_MAX);
	assert_true(atomic_load(&histogram.max) == UINT64_MAX);
}

/* ---- percentiles ---- */

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Shares in ten thousandths, so that the rank is found by whole numbers. */
static const uint32_t shares[] = { 1, 10, 100, 1000, 2500, 5000, 9000, 9900, 9990, 9999, 10000 };

static void
assert_percentiles(uint64_t (*draw)(uint64_t *random), uint64_t seed)
{
	static uint64_t sorted[VALUES];

	clear(NULL);
	for (int i = 0; i < VALUES; i++) {
		sorted[i] = draw(&seed);
		rouse_histogram_add(&histogram, sorted[i]);
	}
	qsort(sorted, VALUES, sizeof(sorted[0]), compare);
	assert_true(rouse_histogram_count(&histogram) == VALUES);
	assert_true(atomic_load(&histogram.max) == sorted[VALUES - 1]);
	for (size_t i = 0; i < UNIT_DIM(shares); i++) {
		uint64_t rank = ((uint64_t)shares[i] * VALUES + 9999) / 10000; /* from 1 */
		uint64_t want = sorted[rank - 1];
		uint64_t got = rouse_histogram_percentile(&histogram, shares[i] / 10000.0);

		assert_true(got >= want);
		assert_true(got - want <= want / 16);
		assert_true(got <= sorted[VALUES - 1]);
	}
	assert_true(rouse_histogram_percentile(&histogram, 1) == sorted[VALUES - 1]);
}

static uint64_t
draw_small(uint64_t *random)
{
	return unit_random_below(random, 100);
}

static uint64_t
draw_latency(uint64_t *random)
{
	/* most about 5 us, some as much as a second */
	return unit_random_below(random, 50) != 0 ? 4000 + unit_random_below(random, 3000)
						  : unit_random_below(random, 1000000000);
}

static uint64_t
draw_any_magnitude(uint64_t *random)
{
	return unit_random(random) >> unit_random_below(random, 64);
}

static uint64_t
draw_one(uint64_t *random)
{
	return 123457;
}

static void
percentiles_are_at_most_a_sixteenth_above_the_sorted_values(void **state)
{
	assert_percentiles(draw_small, 1);
	assert_percentiles(draw_latency, 2);
	assert_percentiles(draw_any_magnitude, 3);
	assert_percentiles(draw_any_magnitude, 4);
}

static void
percentiles_of_one_value_are_that_value(void **state)
{
	assert_percentiles(draw_one, 0);
	for (size_t i = 0; i < UNIT_DIM(shares); i++)
		assert_true(rouse_histogram_percentile(&histogram, shares[i] / 10000.0) == 123457);
}

static void
small_values_are_counted_exactly(void **state)
{
	for (uint64_t v = 1; v <= 20; v++)
		rouse_histogram_add(&histogram, v);
	assert_true(rouse_histogram_percentile(&histogram, 0.05) == 1);
	assert_true(rouse_histogram_percentile(&histogram, 0.5) == 10);
	assert_true(rouse_histogram_percentile(&histogram, 0.51) == 11);
	assert_true(rouse_histogram_percentile(&histogram, 1) == 20);
}

static void
an_empty_histogram_has_percentile_0(void **state)
{
	assert_true(rouse_histogram_count(&histogram) == 0);
	assert_true(rouse_histogram_percentile(&histogram, 0.5) == 0);
	assert_true(rouse_histogram_percentile(&histogram, 1) == 0);
}

/* ---- one adds, another reads ---- */

static _Atomic bool done;

static void *
add_values(void *arg)
{
	uint64_t random = 9;

	for (int i = 0; i < 200000; i++)
		rouse_histogram_add(&histogram, 1000 + unit_random_below(&random, 1000));
	atomic_store(&done, true);
	return NULL;
}

static void
a_reader_meanwhile_sees_counts_that_grow_and_values_that_were_added(void **state)
{
	uint64_t before = 0, wrong = 0;
	pthread_t writer;

	assert_int_equal(pthread_create(&writer, NULL, add_values, NULL), 0);
	while (!atomic_load(&done)) {
		uint64_t n = rouse_histogram_count(&histogram);
		uint64_t median = rouse_histogram_percentile(&histogram, 0.5);

		wrong += n < before;
		wrong += median != 0 && (median < 1000 || median > 2000);
		before = n;
	}
	pthread_join(writer, NULL);
	assert_int_equal(wrong, 0);
	assert_true(rouse_histogram_count(&histogram) == 200000);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, clear)
	const struct CMUnitTest tests[] = {
		TEST(every_value_below_32_has_a_bucket_of_its_own),
		TEST(buckets_follow_each_other_without_a_gap_up_to_the_largest_value),
		TEST(the_extremes_are_in_the_first_and_the_last_bucket),
		TEST(percentiles_are_at_most_a_sixteenth_above_the_sorted_values),
		TEST(percentiles_of_one_value_are_that_value),
		TEST(small_values_are_counted_exactly),
		TEST(an_empty_histogram_has_percentile_0),
		TEST(a_reader_meanwhile_sees_counts_that_grow_and_values_that_were_added),
	};

	return UNIT_RUN(tests);
}
