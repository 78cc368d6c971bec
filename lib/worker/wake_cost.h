/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef WAKE_COST_H
#define WAKE_COST_H

/*
 * What a sleep and its end cost in processor time of the thread, by how long nothing happened: the
 * longer the gap, the deeper the processor slept and the colder its caches are. From that follows
 * the gap at which looking on costs as much as a sleep. Pure, but for wake_cost_measure().
 */

#include <stdbool.h>
#include <stdint.h>

#define WAKE_COST_FIRST	  12 /* log2 of ns: all gaps below 2^13 ns = 8.2 us share a bucket */
#define WAKE_COST_BUCKETS 19 /* the last has all from 2^30 ns = 1.07 s on */

struct wake_cost {
	uint32_t ns[WAKE_COST_BUCKETS];	  /* moving average */
	uint32_t seen[WAKE_COST_BUCKETS]; /* how many were averaged, up to WAKE_COST_WEIGHT */
};

#define WAKE_COST_WEIGHT 8 /* the newest of a bucket weighs an eighth, once there are so many */

/* A sleep of gap_ns cost cost_ns. */
void wake_cost_add(struct wake_cost *c, uint64_t gap_ns, uint64_t cost_ns);

/*
 * The shortest gap in ns that costs as much when it is slept through as when it is looked through:
 * whoever looks for so long and then sleeps pays at most twice what it costs to know the gap.
 * 0: nothing is known yet. A gap of which nothing is known costs what the next shorter one does, or
 * else the next longer.
 */
uint64_t wake_cost_break_even(const struct wake_cost *c);

/*
 * Measure the gaps from 16 us to 4 ms on the calling thread, by sleeps that a timer ends: 25 to 60
 * ms. What it cannot have (no file descriptors left) it leaves unknown.
 */
void wake_cost_measure(struct wake_cost *c);

#endif /* WAKE_COST_H */
