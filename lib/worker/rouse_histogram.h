/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_HISTOGRAM_H
#define ROUSE_HISTOGRAM_H

/**
 * @file
 * A log-linear histogram of 64-bit values: each power of two is cut into 16 equal buckets, so a
 * percentile is at most 1/16 (6.25 %) above the true value. One thread adds, any thread reads.
 */

#include <stdint.h>

#include <rouse_atomic.h>
#include <rouse_counter.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROUSE_HISTOGRAM_SUB_BITS 4 /**< bits of a value that name its bucket in a power of two */
#define ROUSE_HISTOGRAM_SUB	 (1u << ROUSE_HISTOGRAM_SUB_BITS) /**< buckets of a power of two */
/** Buckets in all. */
#define ROUSE_HISTOGRAM_BUCKETS ((64 - ROUSE_HISTOGRAM_SUB_BITS + 1) * ROUSE_HISTOGRAM_SUB)

/** A histogram; all zeros is an empty one. Written by the thread that adds. */
struct rouse_histogram {
	rouse_counter buckets[ROUSE_HISTOGRAM_BUCKETS]; /**< values in each bucket */
	ROUSE_ATOMIC(uint64_t) max;			/**< the largest value, exactly */
};

/** The bucket of a value. */
static inline unsigned int
rouse_histogram_bucket(uint64_t value)
{
	unsigned int shift;

	if (value < ROUSE_HISTOGRAM_SUB)
		return (unsigned int)value;
	shift = 63 - ROUSE_HISTOGRAM_SUB_BITS - (unsigned int)__builtin_clzll(value);
	return (shift + 1) * ROUSE_HISTOGRAM_SUB + ((value >> shift) & (ROUSE_HISTOGRAM_SUB - 1));
}

/** The largest value of a bucket. */
uint64_t rouse_histogram_bucket_max(unsigned int bucket);

/** Add a value. The one writer's. */
static inline void
rouse_histogram_add(struct rouse_histogram *h, uint64_t value)
{
	rouse_counter_add(&h->buckets[rouse_histogram_bucket(value)], 1);
	if (value > atomic_load_explicit(&h->max, memory_order_relaxed))
		atomic_store_explicit(&h->max, value, memory_order_relaxed);
}

/** How many values were added; any thread. */
uint64_t rouse_histogram_count(const struct rouse_histogram *h);

/**
 * The smallest bucket limit that at least the given share of all values does not exceed; any
 * thread.
 *
 * @param h      the histogram
 * @param share  0 to 1, for instance 0.999
 * @return the value, never above the largest one added; 0 if there are none
 */
uint64_t rouse_histogram_percentile(const struct rouse_histogram *h, double share);

/** Copy a histogram, as a remembered zero or to subtract one; any thread, @p out is the caller's.
 */
void rouse_histogram_copy(struct rouse_histogram *out, const struct rouse_histogram *h);

/** Take from @p h, the caller's copy, what had been added when @p zero was copied. The maximum is
 * the limit of the highest bucket that is left. */
void rouse_histogram_since(struct rouse_histogram *h, const struct rouse_histogram *zero);

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_HISTOGRAM_H */
