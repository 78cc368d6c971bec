/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_COUNTER_H
#define ROUSE_COUNTER_H

/**
 * @file
 * A counter that one thread writes and any thread reads: it only grows, a "clear" is a remembered
 * zero, and neither side needs a lock or a locked instruction.
 */

#include <stdint.h>

#include <rouse_atomic.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is counted so far. Written by one thread, read by any. */
typedef ROUSE_ATOMIC(uint64_t) rouse_counter;

/** Add to a counter; its one writer's. */
static inline void
rouse_counter_add(rouse_counter *c, uint64_t n)
{
	uint64_t before = atomic_load_explicit(c, memory_order_relaxed);

	atomic_store_explicit(c, before + n, memory_order_relaxed);
}

/** Read a counter; any thread. */
static inline uint64_t
rouse_counter_get(const rouse_counter *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_COUNTER_H */
