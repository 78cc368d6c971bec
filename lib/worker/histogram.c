/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include "rouse_histogram.h"

uint64_t
rouse_histogram_bucket_max(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < ROUSE_HISTOGRAM_SUB)
		return bucket;
	shift = bucket / ROUSE_HISTOGRAM_SUB - 1;
	/* unsigned wrap makes the very last bucket end at UINT64_MAX */
	return ((uint64_t)(ROUSE_HISTOGRAM_SUB + bucket % ROUSE_HISTOGRAM_SUB + 1) << shift) - 1;
}

uint64_t
rouse_histogram_count(const struct rouse_histogram *h)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < ROUSE_HISTOGRAM_BUCKETS; i++)
		n += rouse_counter_get(&h->buckets[i]);
	return n;
}

uint64_t
rouse_histogram_percentile(const struct rouse_histogram *h, double share)
{
	uint64_t max = atomic_load_explicit(&h->max, memory_order_relaxed);
	uint64_t total = rouse_histogram_count(h);
	uint64_t seen = 0;

	if (total == 0)
		return 0;
	for (unsigned int i = 0; i < ROUSE_HISTOGRAM_BUCKETS; i++) {
		uint64_t limit = rouse_histogram_bucket_max(i);

		seen += rouse_counter_get(&h->buckets[i]);
		if ((double)seen >= share * (double)total)
			return limit < max ? limit : max;
	}
	return max;
}

void
rouse_histogram_copy(struct rouse_histogram *out, const struct rouse_histogram *h)
{
	for (unsigned int i = 0; i < ROUSE_HISTOGRAM_BUCKETS; i++)
		atomic_store_explicit(&out->buckets[i], rouse_counter_get(&h->buckets[i]),
				      memory_order_relaxed);
	/* after the buckets: no value above it is in them, but for one that is being added */
	atomic_store_explicit(&out->max, atomic_load_explicit(&h->max, memory_order_relaxed),
			      memory_order_relaxed);
}

void
rouse_histogram_since(struct rouse_histogram *h, const struct rouse_histogram *zero)
{
	uint64_t max = 0, before = atomic_load_explicit(&h->max, memory_order_relaxed);

	for (unsigned int i = 0; i < ROUSE_HISTOGRAM_BUCKETS; i++) {
		uint64_t left = rouse_counter_get(&h->buckets[i]) -
				rouse_counter_get(&zero->buckets[i]);

		atomic_store_explicit(&h->buckets[i], left, memory_order_relaxed);
		if (left != 0)
			max = rouse_histogram_bucket_max(i);
	}
	atomic_store_explicit(&h->max, max < before ? max : before, memory_order_relaxed);
}
