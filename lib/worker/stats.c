/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Reading a worker's counters from any thread. */

#include <time.h>

#include <rte_cycles.h>

#include "worker.h"

uint64_t
worker_thread_cpu_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

void
rouse_worker_stats_get(const struct rouse_worker *w, struct rouse_worker_stats *stats)
{
	/* pairs with the release at the end of a run: then the end_ values are there */
	bool running = atomic_load_explicit(&w->running, memory_order_acquire);
	uint64_t start = atomic_load_explicit(&w->start_tsc, memory_order_acquire);

#define X(member, help) stats->member = rouse_counter_get(&w->stats.member);
	ROUSE_WORKER_STATS(X)
#undef X
	if (start == 0) { /* it has not begun yet */
		stats->cpu_ns = stats->wall_tsc = 0;
	} else if (running) {
		uint64_t now = rte_rdtsc();
		uint64_t asleep = atomic_load_explicit(&w->asleep_since_tsc, memory_order_relaxed);

		stats->cpu_ns = worker_thread_cpu_ns(w->cpu_clock) - w->start_cpu_ns;
		stats->wall_tsc = now - start;
		if (asleep != 0 && now > asleep) /* the sleep that is not over yet */
			stats->asleep_tsc += now - asleep;
	} else {
		stats->cpu_ns = atomic_load_explicit(&w->end_cpu_ns, memory_order_relaxed);
		stats->wall_tsc = atomic_load_explicit(&w->end_tsc, memory_order_relaxed) - start;
	}
}

const struct rouse_histogram *
rouse_worker_wake_ns(const struct rouse_worker *w)
{
	return &w->wake_ns;
}
