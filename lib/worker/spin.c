/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Whether the worker sleeps, and how long it looks before: what is measured (wake_cost.c), within
 * what was asked for. Some sleeps are measured as they come, so that it follows the machine and the
 * load.
 */

#include <errno.h>
#include <time.h>

#include <rte_cycles.h>

#include "worker.h"

#define MAX_US	       1000000
#define MAX_WEIGHT_PCT 1000
#define UNMEASURED_NS  50000 /* break-even where nothing could be measured */
#define ALL_UNTIL      64    /* so many sleeps are measured; of those after them one in EVERY */
#define EVERY	       16    /* reading the clock of a thread twice costs about 0.5 us */

/* ---- what was asked for ---- */

/* 0; -EINVAL, after one line */
int
worker_check_mode(const char *name, enum rouse_worker_mode mode)
{
	if (mode <= ROUSE_WORKER_INTERRUPT)
		return 0;
	WORKER_LOG(ERR, "%s: mode %d: give one of enum rouse_worker_mode", name, (int)mode);
	return -EINVAL;
}

/* 0; -EINVAL, after one line */
int
worker_check_spin(const char *name, const struct rouse_worker_spin *spin)
{
	if (spin->max_us > MAX_US)
		WORKER_LOG(ERR, "%s: spin of %u us at most: give 0 to %d", name, spin->max_us,
			   MAX_US);
	else if (spin->min_us > spin->max_us)
		WORKER_LOG(ERR,
			   "%s: spin of %u us at least, %u us at most: give no more for the first",
			   name, spin->min_us, spin->max_us);
	else if (spin->weight_pct > MAX_WEIGHT_PCT)
		WORKER_LOG(ERR, "%s: weight of %u %%: give 1 to %d, or 0 for 100", name,
			   spin->weight_pct, MAX_WEIGHT_PCT);
	else
		return 0;
	return -EINVAL;
}

static bool
is_measured(const struct rouse_worker *w)
{
	return w->conf.spin.min_us != w->conf.spin.max_us && w->conf.mode == ROUSE_WORKER_HYBRID;
}

static uint64_t
tsc_of_ns(const struct rouse_worker *w, uint64_t ns)
{
	return (uint64_t)((double)ns / w->ns_per_tsc);
}

static void
publish(struct rouse_worker *w, _Atomic uint64_t *to, uint64_t tsc)
{
	atomic_store_explicit(to, (uint64_t)((double)tsc * w->ns_per_tsc), memory_order_relaxed);
}

/* The worker's, or it does not run: by what is known now. */
void
worker_spin_choose(struct rouse_worker *w)
{
	const struct rouse_worker_spin *asked = &w->conf.spin;
	uint64_t least = asked->min_us * UINT64_C(1000), most = asked->max_us * UINT64_C(1000);
	uint64_t weight = asked->weight_pct == 0 ? 100 : asked->weight_pct;
	uint64_t measured = wake_cost_break_even(&w->wake_cost);
	uint64_t ns = (measured == 0 ? UNMEASURED_NS : measured) * weight / 100;

	policy_set_spin(&w->policy, tsc_of_ns(w, RTE_MIN(RTE_MAX(ns, least), most)),
			tsc_of_ns(w, least));
	atomic_store_explicit(&w->break_even_ns, measured, memory_order_relaxed);
	publish(w, &w->spin_ns, w->policy.spin_tsc);
	publish(w, &w->brief_ns, w->policy.brief_tsc);
}

/* ---- the worker's ---- */

/* Before the first run: what there is no traffic yet to show. */
void
worker_spin_begin(struct rouse_worker *w)
{
	if (is_measured(w) && wake_cost_break_even(&w->wake_cost) == 0)
		wake_cost_measure(&w->wake_cost);
}

/* The processor time of the thread in ns, if the sleep that is coming is to be measured; else 0. */
uint64_t
worker_spin_before_sleep(const struct rouse_worker *w)
{
	uint64_t nb = rouse_counter_get(&w->stats.wakes);

	if (!is_measured(w) || (nb >= ALL_UNTIL && nb % EVERY != 0))
		return 0;
	return worker_thread_cpu_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* It is over; began_ns as above. slept_tsc: since the last round ended. */
void
worker_spin_after_sleep(struct rouse_worker *w, uint64_t began_ns, uint64_t slept_tsc)
{
	if (began_ns == 0)
		return;
	wake_cost_add(&w->wake_cost, (uint64_t)((double)slept_tsc * w->ns_per_tsc),
		      worker_thread_cpu_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns);
	worker_spin_choose(w);
}

/* ---- control threads ---- */

static void
change_spin(struct rouse_worker *w, void *arg)
{
	const struct rouse_worker_spin *spin = arg;

	w->conf.spin = *spin;
	worker_spin_choose(w);
}

int
rouse_worker_spin_set(struct rouse_worker *w, const struct rouse_worker_spin *spin)
{
	struct rouse_worker_spin copy = *spin;
	int ret = worker_check_spin(w->name, spin);

	if (ret == 0)
		ret = worker_lock(w);
	if (ret != 0)
		return ret;
	worker_change(w, change_spin, &copy);
	worker_unlock(w);
	return 0;
}

static void
change_mode(struct rouse_worker *w, void *arg)
{
	const enum rouse_worker_mode *mode = arg;

	w->conf.mode = *mode;
	policy_init(&w->policy, *mode, 0, rte_rdtsc());
	worker_spin_choose(w);
}

int
rouse_worker_mode_set(struct rouse_worker *w, enum rouse_worker_mode mode)
{
	int ret = worker_check_mode(w->name, mode);

	if (ret == 0)
		ret = worker_lock(w);
	if (ret != 0)
		return ret;
	worker_change(w, change_mode, &mode);
	worker_unlock(w);
	return 0;
}

void
rouse_worker_spin_get(const struct rouse_worker *w, struct rouse_worker_spin_state *state)
{
	state->break_even_ns = atomic_load_explicit(&w->break_even_ns, memory_order_relaxed);
	state->spin_ns = atomic_load_explicit(&w->spin_ns, memory_order_relaxed);
	state->brief_ns = atomic_load_explicit(&w->brief_ns, memory_order_relaxed);
}
