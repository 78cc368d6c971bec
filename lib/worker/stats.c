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
	/* pairs with the release in begin(): the clock of the run is known */
	uint64_t start = atomic_load_explicit(&w->start_tsc, memory_order_acquire);
	uint64_t now;

#define X(member, help) stats->member = rouse_counter_get(&w->stats.member);
	ROUSE_WORKER_STATS(X)
#undef X
	now = rte_rdtsc();
	stats->asleep_tsc = worker_asleep_tsc(w, now);
	stats->cpu_ns = rouse_counter_get(&w->past_cpu_ns);
	stats->wall_tsc = rouse_counter_get(&w->past_tsc);
	if (start != 0) {
		stats->cpu_ns += worker_thread_cpu_ns(w->cpu_clock) - w->start_cpu_ns;
		stats->wall_tsc += now - start;
	}
}

const struct rouse_histogram *
rouse_worker_wake_ns(const struct rouse_worker *w)
{
	return &w->wake_ns;
}
