/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The worker's half of the park protocol: what it does in state ATTEND, how it goes to sleep, and
 * how it comes back. The stores, fences and looks themselves are those of rouse_attn.h.
 */

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <rte_cycles.h>
#include <rte_mempool.h>

#include "worker.h"

#define MAX_EVENTS	64
#define AUDITS_PER_WAKE 8    /* handshake sources held against their bits after each wake */
#define FD_LOOK_US	100  /* between two looks at file descriptors while awake */
#define STARVED_US	1000 /* longest sleep while an mbuf pool is empty */
#define MOST_AT_ONCE	64   /* mbufs that a driver takes from it at once, or none */

/* ---- visiting ---- */

static uint32_t
visit_list(struct rouse_worker *w, const struct source_list *list)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < list->nb; i++)
		found += source_visit(w, list->at[i]);
	return found;
}

/* Visit a handshake source in state ATTEND: what a bounded visit leaves has no bit but this one. */
static uint32_t
visit_handshake(struct rouse_worker *w, struct source *s)
{
	uint32_t n = source_visit(w, s);

	if (n == w->burst)
		rouse_attn_mark_own(&s->target);
	return n;
}

/* Visit what a ring bit names. */
static uint32_t
visit_ring(struct rouse_worker *w, unsigned int device, unsigned int ring)
{
	const struct source_link *link = source_of_bits(w, device, ring);
	uint32_t found = 0;

	if (link == NULL)
		rouse_counter_add(&w->stats.stale_bits, 1);
	for (; link != NULL; link = link->next)
		found += visit_handshake(w, link->source);
	return found;
}

static uint32_t
visit_marked(struct rouse_worker *w)
{
	uint32_t found = 0;

	for (uint64_t word = rouse_attn_take(&w->attn); word != 0; word &= word - 1) {
		unsigned int device = (unsigned int)__builtin_ctzll(word);
		uint64_t bits = rouse_attn_take_detail(&w->attn, device);

		rouse_counter_add(&w->stats.detail_words, 1);
		for (; bits != 0; bits &= bits - 1)
			found += visit_ring(w, device, (unsigned int)__builtin_ctzll(bits));
	}
	return found;
}

/* A queue without buffers is silent, and gets new ones only when it is visited: each round, since a
 * worker whose other sources have work may not sleep for long. */
static uint32_t
visit_dry(struct rouse_worker *w)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < w->handshake.nb && w->nb_dry > 0; i++)
		if (w->handshake.at[i]->is_dry)
			found += visit_handshake(w, w->handshake.at[i]);
	return found;
}

/* One round in state POLL. */
uint32_t
worker_poll(struct rouse_worker *w)
{
	return visit_list(w, &w->handshake) + visit_list(w, &w->plain);
}

/* To state ATTEND, from POLL or from the start: the full round that this takes. */
void
worker_enter_attend(struct rouse_worker *w)
{
	rouse_attn_attend(&w->attn);
	for (uint32_t i = 0; i < w->handshake.nb; i++)
		visit_handshake(w, w->handshake.at[i]);
	visit_list(w, &w->plain);
}

/* One round in state ATTEND: what the bits name, then what no bit will name, and every plain
 * source, so that busy bits never starve one. */
uint32_t
worker_attend(struct rouse_worker *w)
{
	return visit_marked(w) + visit_dry(w) + visit_list(w, &w->plain);
}

/* Account for the time since the last round's end; now. */
uint64_t
worker_end_round(struct rouse_worker *w, bool found)
{
	uint64_t now = rte_rdtsc();

	rouse_counter_add(found ? &w->stats.busy_tsc : &w->stats.spin_tsc, now - w->round_tsc);
	w->round_tsc = now;
	return now;
}

/* ---- going to sleep ---- */

/* Arm every interrupt source; whether one could not be armed. */
static bool
arm_all(struct rouse_worker *w)
{
	bool failed = false;

	for (uint32_t i = 0; i < w->plain.nb; i++) {
		struct source *s = w->plain.at[i];

		if (s->ops->arm == NULL)
			continue;
		s->armed = s->ops->arm(s) == 0;
		rouse_counter_add(s->armed ? &w->stats.arms : &w->stats.arm_errors, 1);
		failed |= !s->armed;
	}
	return failed;
}

static void
disarm_all(struct rouse_worker *w)
{
	for (uint32_t i = 0; i < w->plain.nb; i++) {
		struct source *s = w->plain.at[i];

		if (!s->armed)
			continue;
		s->armed = false;
		/* an error is not fatal: an interrupt too many is a spurious wake */
		s->ops->disarm(s);
	}
}

/* Whether a plain queue may be silent because there is no mbuf for it: the only sure way to know is
 * to take some and put them back, which is this lcore's cache unless that is empty. One is not
 * enough: drivers take several or none. */
static bool
is_starved(const struct rouse_worker *w)
{
	void *mbufs[MOST_AT_ONCE];
	bool is_starved = false;

	for (uint32_t i = 0; i < w->nb_pools; i++) {
		if (rte_mempool_get_bulk(w->pools[i], mbufs, MOST_AT_ONCE) != 0)
			return true;
		rte_mempool_put_bulk(w->pools[i], mbufs, MOST_AT_ONCE);
	}
	for (uint32_t i = 0; i < w->plain.nb; i++)
		is_starved |= source_lacks_mbufs(w->plain.at[i]);
	return is_starved;
}

/* Of two limits, of which the first may be none. */
static uint32_t
sooner(uint32_t limit, uint32_t other)
{
	return limit == 0 || limit > other ? other : limit;
}

/* At least 1, so that it is a limit. */
static uint32_t
us_until(const struct rouse_worker *w, uint64_t tsc)
{
	uint64_t now = rte_rdtsc();
	double us = tsc > now ? (double)(tsc - now) * w->ns_per_tsc / 1e3 : 0;

	return us < UINT32_MAX ? (uint32_t)us + 1 : UINT32_MAX;
}

/* How long the worker may sleep, in us; 0: without a timeout. */
static uint32_t
sleep_limit_us(struct rouse_worker *w, bool arm_failed)
{
	uint32_t limit = w->nb_timed > 0 || arm_failed ? w->conf.timed_us : 0;

	if (w->nb_dry > 0 || is_starved(w)) {
		rouse_counter_add(&w->stats.starved, 1);
		limit = sooner(limit, STARVED_US);
	}
	if (w->next_timer_tsc != UINT64_MAX)
		limit = sooner(limit, us_until(w, w->next_timer_tsc));
	return limit;
}

static void
set_timer(int timer, uint32_t us)
{
	struct itimerspec in = {
		.it_value = { .tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000 },
	};

	timerfd_settime(timer, 0, &in, NULL);
}

/* ---- awake ---- */

/* Does a settled entry wait in a ring whose bits are not set? A few sources at each wake, in turn,
 * so that the cost of a wake does not grow with the number of sources. */
static void
audit(struct rouse_worker *w)
{
	uint32_t nb = RTE_MIN(w->handshake.nb, (uint32_t)AUDITS_PER_WAKE);

	for (uint32_t i = 0; i < nb; i++) {
		struct source *s = w->handshake.at[w->next_audit++ % w->handshake.nb];
		struct rouse_attn_target lost = s->target;
		/* what is owed first: only then must its bits be set */
		uint64_t rings = s->ops->owed(s);

		rings &= ~rouse_attn_marked_rings(&w->attn, lost.device);
		if (rings != 0)
			rouse_counter_add(&w->stats.rescues, 1);
		/* those very bits: they name all whose entries may be there */
		for (; rings != 0; rings &= rings - 1) {
			lost.ring = (uint8_t)__builtin_ctzll(rings);
			rouse_attn_mark_own(&lost);
		}
	}
}

static void
record_latency(struct rouse_worker *w, uint64_t now)
{
	uint64_t event = atomic_load_explicit(&w->attn.event_tsc, memory_order_acquire);

	/* 0: no producer's. Older than the last wake: its producer was held up in between */
	if (event > w->awake_since_tsc && event < now)
		rouse_histogram_add(&w->wake_ns, (uint64_t)((double)(now - event) * w->ns_per_tsc));
	else if (event != 0)
		rouse_counter_add(&w->stats.late_events, 1);
}

/* Drain what the vectors that fired name; what kinds of things woke the worker. */
static uint32_t
visit_fired(struct rouse_worker *w, const struct epoll_event *events, int nb, bool *timer_only)
{
	uint32_t found = 0;

	*timer_only = nb > 0;
	for (int i = 0; i < nb; i++) {
		if (events[i].data.u64 != EPOLL_TIMER)
			*timer_only = false;
		if (events[i].data.u64 != EPOLL_TIMER && events[i].data.u64 != EPOLL_DOORBELL)
			found += source_visit(w, events[i].data.ptr);
		/* readable or not: what there was to read was read just now, or never will be */
		if ((events[i].events & (EPOLLHUP | EPOLLERR)) != 0 &&
		    (events[i].events & EPOLLIN) == 0)
			source_fd_hang_up(w, events[i].data.ptr);
	}
	return found;
}

/* While awake, now and then: is a file descriptor of the application ready? */
uint32_t
worker_look_at_fds(struct rouse_worker *w, uint64_t now)
{
	struct epoll_event events[MAX_EVENTS];
	bool timer_only;
	int nb = epoll_wait(w->epoll, events, MAX_EVENTS, 0);

	w->next_look_tsc = now + (uint64_t)(FD_LOOK_US * 1e3 / w->ns_per_tsc);
	return visit_fired(w, events, nb, &timer_only);
}

/* Block; returns in state ATTEND after a first round. */
static void
sleep_until_woken(struct rouse_worker *w, bool arm_failed)
{
	uint32_t limit_us = sleep_limit_us(w, arm_failed);
	struct epoll_event events[MAX_EVENTS];
	uint64_t slept = worker_asleep_tsc(w, 0), asleep, awake;
	uint32_t found;
	bool timer_only;
	int nb;

	if (limit_us != 0)
		set_timer(w->timer, limit_us);
	asleep = worker_end_round(w, false);
	atomic_store_explicit(&w->asleep, WORKER_ASLEEP | (asleep - slept), memory_order_relaxed);
	ROUSE_WINDOW(C_LOOKED);
	if (w->conf.before_sleep != NULL)
		w->conf.before_sleep(w->conf.hook_arg);
	nb = epoll_wait(w->epoll, events, MAX_EVENTS, -1);
	ROUSE_WINDOW(C_WOKEN);
	rouse_attn_unpark(&w->attn);
	ROUSE_WINDOW(C_UNPARKED);
	awake = rte_rdtsc();
	if (w->conf.after_sleep != NULL)
		w->conf.after_sleep(w->conf.hook_arg);
	record_latency(w, awake);
	rouse_counter_add(&w->stats.wakes, 1);
	atomic_store_explicit(&w->asleep, slept + (awake - asleep), memory_order_relaxed);
	w->awake_since_tsc = w->round_tsc = awake;
	disarm_all(w);
	audit(w);

	found = visit_fired(w, events, nb, &timer_only);
	found += worker_attend(w);
	if (timer_only)
		rouse_counter_add(&w->stats.timer_wakes, 1);
	else if (found == 0)
		rouse_counter_add(&w->stats.spurious_wakes, 1);
	if (limit_us != 0 && !timer_only)
		set_timer(w->timer, 0);
	policy_wake(&w->policy, worker_end_round(w, found != 0));
}

/* ATTEND -> PARK -> ATTEND. */
void
worker_park(struct rouse_worker *w)
{
	bool arm_failed;

	rouse_counter_add(&w->stats.parks, 1);
	rouse_attn_park(&w->attn);
	arm_failed = arm_all(w);
	if (rouse_attn_look(&w->attn) || visit_list(w, &w->plain) != 0) {
		rouse_attn_unpark(&w->attn);
		disarm_all(w);
		rouse_counter_add(&w->stats.recheck_hits, 1);
		policy_wake(&w->policy, worker_end_round(w, true));
		return;
	}
	sleep_until_woken(w, arm_failed);
}
