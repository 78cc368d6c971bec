/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Timers: functions that the worker runs at a time, once or again and again. While it is awake it
 * holds the time of each round's end, which it reads anyway, against the first one that is due; its
 * sleep ends then, by the timerfd of its epoll set. They are few: finding the first is a scan.
 */

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "worker.h"

#define MAX_TIMERS 64

struct timer {
	int id;			 /* its place, and how often that was taken before */
	rouse_worker_timer_t fn; /* NULL: there is none in this place */
	void *arg;
	uint64_t due_tsc;
	uint64_t period_tsc; /* 0: once */
};

/* They come and go: what they did is counted as that of one source. */
struct timers {
	struct source all;
	struct timer at[MAX_TIMERS];
};

static const struct source_ops timers_ops = {
	.type = ROUSE_SOURCE_TYPE_TIMERS,
};

/* ---- the worker's side ---- */

static void
find_next(struct rouse_worker *w)
{
	w->next_timer_tsc = UINT64_MAX;
	for (unsigned int i = 0; i < MAX_TIMERS; i++)
		if (w->timers->at[i].fn != NULL)
			w->next_timer_tsc = RTE_MIN(w->next_timer_tsc, w->timers->at[i].due_tsc);
}

/* Run what is due; how many. One that is late is not run twice for it. */
uint32_t
worker_run_timers(struct rouse_worker *w, uint64_t now)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < MAX_TIMERS; i++) {
		struct timer *t = &w->timers->at[i], due = *t;

		if (t->fn == NULL || t->due_tsc > now)
			continue;
		if (t->period_tsc == 0)
			t->fn = NULL;
		else
			t->due_tsc += ((now - t->due_tsc) / t->period_tsc + 1) * t->period_tsc;
		due.fn(w, due.arg);
		n++;
	}
	if (n != 0)
		source_count(w, w->timers->all.counters, n);
	find_next(w);
	return n;
}

/* The timerfd ended the sleep: for a timer? It may have been to look at timed sources. */
void
worker_count_timer_wake(struct rouse_worker *w)
{
	if (w->awake_since_tsc >= w->next_timer_tsc)
		rouse_counter_add(&w->timers->all.counters->wakes, 1);
}

/* ---- changes ---- */

struct change {
	struct timer timer;
	int ret;
};

/* The number of the next timer in a place: who comes late with an old one finds nobody. */
static int
next_id(int id)
{
	return id > INT_MAX - MAX_TIMERS ? id % MAX_TIMERS : id + MAX_TIMERS;
}

static void
put(struct rouse_worker *w, void *arg)
{
	struct change *c = arg;
	unsigned int i = 0;

	while (i < MAX_TIMERS && w->timers->at[i].fn != NULL)
		i++;
	if (i == MAX_TIMERS) {
		c->ret = -ENOSPC;
		return;
	}
	c->timer.id = next_id(w->timers->at[i].id);
	w->timers->at[i] = c->timer;
	find_next(w);
}

static void
take_out(struct rouse_worker *w, void *arg)
{
	struct change *c = arg;
	struct timer *t = &w->timers->at[c->timer.id % MAX_TIMERS];

	if (t->fn == NULL || t->id != c->timer.id) {
		c->ret = -ENOENT;
		return;
	}
	t->fn = NULL;
	find_next(w);
}

/* The first timer that a worker is given is the first that it has to count. 0; -ENOSPC, -ENOMEM */
static int
begin_to_count(struct rouse_worker *w)
{
	struct source *all = &w->timers->all;
	int ret = all->counters == NULL ? source_take_counters(w, all) : 0;

	if (ret == 0)
		source_tell_state(all, ROUSE_SOURCE_ACTIVE);
	return ret;
}

static uint64_t
tsc_of_us(uint64_t us)
{
	return us * (rte_get_tsc_hz() / 1000) / 1000;
}

int
rouse_worker_timer_add(struct rouse_worker *w, uint64_t first_us, uint64_t period_us,
		       rouse_worker_timer_t fn, void *arg)
{
	struct change c = { .ret = 0 };
	int ret;

	if (first_us > ROUSE_WORKER_MAX_TIMER_US || period_us > ROUSE_WORKER_MAX_TIMER_US) {
		WORKER_LOG(ERR,
			   "%s: timer of %" PRIu64 " us, then every %" PRIu64 ": give %" PRIu64
			   " us, an hour, at most",
			   w->name, first_us, period_us, ROUSE_WORKER_MAX_TIMER_US);
		return -ERANGE;
	}
	ret = worker_check_handler(w, fn != NULL);
	if (ret == 0)
		ret = worker_lock(w);
	if (ret != 0)
		return ret;
	c.ret = begin_to_count(w);
	c.timer = (struct timer){
		.fn = fn,
		.arg = arg,
		.due_tsc = rte_rdtsc() + tsc_of_us(first_us),
		.period_tsc = tsc_of_us(period_us),
	};
	if (c.ret == 0)
		worker_change(w, put, &c);
	worker_unlock(w);
	if (c.ret != 0)
		WORKER_LOG(ERR, "%s: timer cannot be added: %s", w->name,
			   c.ret == -ENOSPC ? "there are " RTE_STR(MAX_TIMERS) " already"
					    : rte_strerror(-c.ret));
	return c.ret != 0 ? c.ret : c.timer.id;
}

int
rouse_worker_timer_remove(struct rouse_worker *w, int id)
{
	struct change c = { .timer = { .id = id } };
	int ret;

	if (id < 0)
		return -ENOENT;
	ret = worker_lock(w);
	if (ret != 0)
		return ret;
	worker_change(w, take_out, &c);
	worker_unlock(w);
	return c.ret;
}

int
worker_timers_create(struct rouse_worker *w)
{
	w->next_timer_tsc = UINT64_MAX;
	w->timers = rte_zmalloc_socket("worker_timers", sizeof(*w->timers), 0, w->conf.socket_id);
	if (w->timers == NULL)
		return -ENOMEM;
	w->timers->all.ops = &timers_ops;
	w->timers->all.kind = ROUSE_SOURCE_FD;
	for (int i = 0; i < MAX_TIMERS; i++)
		w->timers->at[i].id = i;
	return 0;
}

void
worker_timers_destroy(struct rouse_worker *w)
{
	rte_free(w->timers);
}
