/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Reading a worker's counters from any thread. */

#include <string.h>
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

/* Sums over all sources, also those that are gone. */
static void
add_sources(const struct rouse_worker *w, struct rouse_worker_stats *stats)
{
	struct rouse_worker_source_stats s;

	for (unsigned int i = 0; rouse_worker_source_stats_get(w, i, &s); i++) {
		if (s.type == ROUSE_SOURCE_TYPE_RXQ)
			stats->rx_packets += s.packets;
		else if (s.type == ROUSE_SOURCE_TYPE_EVRING)
			stats->events += s.packets;
		else if (s.type == ROUSE_SOURCE_TYPE_INBOX)
			stats->messages += s.packets;
		else if (s.type == ROUSE_SOURCE_TYPE_TIMERS)
			stats->timers += s.packets;
		else
			stats->fd_events += s.packets;
		stats->polls += s.polls;
		stats->empty_polls += s.empty_polls;
		for (unsigned int j = 0; j < ROUSE_WORKER_BURST_SIZES; j++)
			stats->burst_sizes[j] += s.burst_sizes[j];
	}
}

/* The cycles asleep, which go on while it sleeps: a sleep that ends in between is read again. */
static uint64_t
read_asleep(const struct rouse_worker *w)
{
	uint64_t before, asleep, word = atomic_load_explicit(&w->asleep, memory_order_acquire);

	do {
		before = word;
		asleep = before & WORKER_ASLEEP ? rte_rdtsc_precise() - (before & ~WORKER_ASLEEP)
						: before;
		word = atomic_load_explicit(&w->asleep, memory_order_acquire);
	} while (word != before);
	return asleep;
}

/* What the present run adds to those before. A thread that has ended without rouse_worker_leave()
 * has no clock. */
static void
read_run(const struct rouse_worker *w, struct rouse_worker_stats *stats)
{
	uint64_t start = atomic_load_explicit(&w->start_tsc, memory_order_acquire);
	uint64_t start_ns = atomic_load_explicit(&w->start_cpu_ns, memory_order_acquire);
	uint64_t now_ns;

	stats->cpu_ns = atomic_load_explicit(&w->past_cpu_ns, memory_order_acquire);
	stats->wall_tsc = atomic_load_explicit(&w->past_tsc, memory_order_acquire);
	if (start == 0)
		return;
	now_ns = worker_thread_cpu_ns(atomic_load_explicit(&w->cpu_clock, memory_order_acquire));
	stats->cpu_ns += now_ns > start_ns ? now_ns - start_ns : 0;
	stats->wall_tsc += rte_rdtsc() - start;
}

void
rouse_worker_stats_get(const struct rouse_worker *w, struct rouse_worker_stats *stats)
{
	uint32_t turns;

#define X(member, help) stats->member = rouse_counter_get(&w->stats.member);
	ROUSE_WORKER_STATS(X)
#undef X
	memset(stats->burst_sizes, 0, sizeof(stats->burst_sizes));
	add_sources(w, stats);
	stats->asleep_tsc = read_asleep(w);
	do { /* again if a run began or ended meanwhile; pairs with the releases of turn() */
		turns = atomic_load_explicit(&w->nb_turns, memory_order_acquire);
		read_run(w, stats);
	} while (turns % 2 != 0 ||
		 atomic_load_explicit(&w->nb_turns, memory_order_acquire) != turns);
}

void
rouse_worker_stats_since(struct rouse_worker_stats *stats, const struct rouse_worker_stats *zero)
{
#define X(member, help) stats->member -= zero->member;
	ROUSE_WORKER_STATS(X)
#undef X
	for (unsigned int i = 0; i < ROUSE_WORKER_BURST_SIZES; i++)
		stats->burst_sizes[i] -= zero->burst_sizes[i];
	stats->asleep_tsc -= zero->asleep_tsc;
	stats->cpu_ns -= zero->cpu_ns;
	stats->wall_tsc -= zero->wall_tsc;
}

const struct rouse_histogram *
rouse_worker_wake_ns(const struct rouse_worker *w)
{
	return &w->wake_ns;
}
