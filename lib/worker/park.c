/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The worker's half of the park protocol: how it goes to sleep, and how it comes back. The stores,
 * fences and looks themselves are those of rouse_attn.h. A source that the application polls itself
 * is armed and named as any other, and never visited (idle.c).
 */

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <rte_cycles.h>

#include "worker.h"

#define MAX_EVENTS 64
#define FD_LOOK_US 100	/* between two looks at file descriptors while awake */
#define STARVED_US 1000 /* longest sleep while a queue may lack mbufs */

/* ---- going to sleep ---- */

/* Of two limits, of which the first may be none. */
static uint32_t
sooner(uint32_t limit, uint32_t other)
{
	return limit == 0 || limit > other ? other : limit;
}

/* Arm the interrupt sources of a list; one that cannot be armed limits the sleep. */
static void
arm_list(struct rouse_worker *w, const struct source_list *list)
{
	for (uint32_t i = 0; i < list->nb; i++) {
		struct source *s = list->at[i];

		if (s->ops->arm == NULL)
			continue;
		s->retry_us = 0;
		s->armed = s->ops->arm(s) == 0;
		if (s->armed)
			source_note_waiting(s);
		rouse_counter_add(s->armed ? &w->stats.arms : &w->stats.arm_errors, 1);
		rouse_counter_add(s->armed ? &s->counters->arms : &s->counters->arm_errors, 1);
		if (!s->armed)
			w->arm_limit_us = sooner(w->arm_limit_us,
						 s->retry_us != 0 ? s->retry_us : w->conf.timed_us);
	}
}

static void
disarm_list(const struct source_list *list)
{
	for (uint32_t i = 0; i < list->nb; i++) {
		struct source *s = list->at[i];

		if (!s->armed)
			continue;
		s->armed = false;
		/* an error is not fatal: an interrupt too many is a spurious wake */
		s->ops->disarm(s);
	}
}

static void
arm_all(struct rouse_worker *w)
{
	w->arm_limit_us = 0;
	arm_list(w, &w->plain);
	arm_list(w, &w->watched);
}

static void
disarm_all(struct rouse_worker *w)
{
	disarm_list(&w->plain);
	disarm_list(&w->watched);
}

/* Queues that the worker visits tell by themselves. */
static void
look_for_dry_watched(struct rouse_worker *w)
{
	for (uint32_t i = 0; i < w->watched.nb; i++)
		if (w->watched.at[i]->kind == ROUSE_SOURCE_HANDSHAKE)
			source_look_for_buffers(w, w->watched.at[i]);
}

/* Whether a plain queue may be silent because there is no mbuf for it. Each is asked: what it went
 * without is counted since it was asked last. */
static bool
is_starved(const struct rouse_worker *w)
{
	struct pool_seen seen = { .pool = NULL };
	bool is_starved = false;

	for (uint32_t i = 0; i < w->plain.nb; i++)
		is_starved |= source_lacks_mbufs(w->plain.at[i], &seen);
	for (uint32_t i = 0; i < w->watched.nb; i++)
		is_starved |= source_lacks_mbufs(w->watched.at[i], &seen);
	return is_starved;
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
sleep_limit_us(struct rouse_worker *w)
{
	uint32_t limit = w->arm_limit_us;

	if (w->nb_timed > 0 || w->is_renewal_due)
		limit = sooner(limit, w->conf.timed_us);
	look_for_dry_watched(w);
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

/* Its timers alone limit the sleep. */
void
worker_set_timer(struct rouse_worker *w)
{
	set_timer(w->timer, w->next_timer_tsc == UINT64_MAX ? 0 : us_until(w, w->next_timer_tsc));
}

/* ---- awake ---- */

/* Does a settled entry wait in a ring whose bits are not set? */
static void
audit_source(struct rouse_worker *w, const struct source *s)
{
	struct rouse_attn_target lost = s->target;
	uint64_t rings;

	if (s->kind != ROUSE_SOURCE_HANDSHAKE || s->is_in_transit)
		return;
	/* what is owed first: only then must its bits be set */
	rings = s->ops->owed(s);
	rings &= ~rouse_attn_marked_rings(&w->attn, lost.device);
	if (rings != 0)
		rouse_counter_add(&w->stats.rescues, 1);
	/* those very bits: they name all whose entries may be there */
	for (; rings != 0; rings &= rings - 1) {
		lost.ring = (uint8_t)__builtin_ctzll(rings);
		rouse_attn_mark_own(&lost);
	}
}

/* One source at each wake, in turn: what a wake costs does not grow with their number. */
static void
audit(struct rouse_worker *w)
{
	uint32_t nb = w->handshake.nb + w->watched.nb, at;

	if (nb == 0)
		return;
	at = w->next_audit++ % nb;
	audit_source(w, at < w->handshake.nb ? w->handshake.at[at]
					     : w->watched.at[at - w->handshake.nb]);
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

/* The next queue of those that share an interrupt. */
static struct source *
next_of_fd(const struct source *s)
{
	return source_is_ethdev(s) ? s->ethdev.next_of_fd : NULL;
}

/* Drain what a vector that fired names. */
static uint32_t
visit_fired_source(struct rouse_worker *w, const struct epoll_event *event)
{
	struct source *s = event->data.ptr;
	uint32_t found = 0;

	if (!s->is_in_set)
		return 0;
	if (s->ops->type == ROUSE_SOURCE_TYPE_FD)
		return source_fd_visit(w, s, event->events);
	for (struct source *named = s; named != NULL; named = named->ethdev.next_of_fd)
		found += named->is_watched ? 0 : source_visit(w, named);
	return found;
}

static uint32_t
visit_fired(struct rouse_worker *w, const struct epoll_event *events, int nb)
{
	uint32_t found = 0;

	for (int i = 0; i < nb; i++)
		if (events[i].data.u64 != EPOLL_TIMER && events[i].data.u64 != EPOLL_DOORBELL)
			found += visit_fired_source(w, &events[i]);
	return found;
}

/* While awake, now and then: is a file descriptor of the application ready? */
uint32_t
worker_look_at_fds(struct rouse_worker *w, uint64_t now)
{
	struct epoll_event events[MAX_EVENTS];
	int nb = epoll_wait(w->epoll, events, MAX_EVENTS, 0);

	w->next_look_tsc = now + (uint64_t)(FD_LOOK_US * 1e3 / w->ns_per_tsc);
	return visit_fired(w, events, nb);
}

/* Is a wake that found nothing the last interrupt of a queue that has left? Asked once for each. */
static bool
is_stale(struct rouse_worker *w, const struct epoll_event *events, int nb)
{
	bool is_stale = false;

	for (int i = 0; i < nb; i++) {
		struct source *s = events[i].data.ptr;
		bool *mark;

		if (events[i].data.u64 == EPOLL_TIMER)
			continue;
		if (events[i].data.u64 == EPOLL_DOORBELL)
			mark = &w->may_be_stale;
		else if (source_is_ethdev(s))
			mark = &s->ethdev.may_be_stale;
		else
			continue;
		is_stale |= *mark;
		*mark = false;
	}
	return is_stale;
}

/* What woke the worker; it may be several things. Whether it was the timer alone. */
static bool
count_causes(struct rouse_worker *w, const struct epoll_event *events, int nb)
{
	bool doorbell = false, timer = false, interrupt = false, fd = false;
	uint32_t nb_named = 0;

	for (int i = 0; i < nb; i++) {
		if (events[i].data.u64 == EPOLL_DOORBELL) {
			doorbell = true;
		} else if (events[i].data.u64 == EPOLL_TIMER) {
			timer = true;
		} else {
			const struct source *s = events[i].data.ptr;

			for (const struct source *named = s; named != NULL;
			     named = next_of_fd(named)) {
				rouse_counter_add(&named->counters->wakes, 1);
				nb_named += source_is_ethdev(named);
			}
			fd |= s->ops->type == ROUSE_SOURCE_TYPE_FD;
			interrupt |= s->ops->type == ROUSE_SOURCE_TYPE_RXQ;
		}
	}
	/* a doorbell that an interrupt rings names nothing */
	nb_named += doorbell ? w->nb_ringing : 0;
	rouse_counter_add(&w->stats.wake_candidates, nb_named);
	rouse_counter_add(&w->stats.doorbell_wakes, doorbell);
	rouse_counter_add(&w->stats.interrupt_wakes, interrupt);
	rouse_counter_add(&w->stats.fd_wakes, fd);
	rouse_counter_add(&w->stats.timer_wakes, timer);
	if (timer)
		worker_count_timer_wake(w);
	return timer && nb == 1;
}

/* The first round after a wake: what fired, then a round in state ATTEND. */
static uint32_t
visit_after_wake(struct rouse_worker *w, const struct epoll_event *events, int nb)
{
	uint32_t found;

	w->is_waking = true;
	found = visit_fired(w, events, nb) + worker_attend(w);
	w->is_waking = false;
	return found;
}

/* Block until something fires; how much did. */
static int
block(struct rouse_worker *w, struct epoll_event *events)
{
	uint64_t slept = worker_asleep_tsc(w, 0), asleep;
	int nb;

	rouse_counter_add(&w->stats.blocks, 1);
	ROUSE_WINDOW(C_LOOKED);
	if (w->conf.before_sleep != NULL)
		w->conf.before_sleep(w->conf.hook_arg);
	asleep = worker_end_round(w, false); /* what the application does is no sleep */
	atomic_store_explicit(&w->asleep, WORKER_ASLEEP | (asleep - slept), memory_order_relaxed);
	nb = epoll_wait(w->epoll, events, MAX_EVENTS, -1);
	ROUSE_WINDOW(C_WOKEN);
	rouse_attn_unpark(&w->attn);
	ROUSE_WINDOW(C_UNPARKED);
	w->round_tsc = rte_rdtsc();
	/* before the hook: for readers the time asleep goes on until this, and never back */
	atomic_store_explicit(&w->asleep, slept + (w->round_tsc - asleep), memory_order_relaxed);
	if (w->conf.after_sleep != NULL)
		w->conf.after_sleep(w->conf.hook_arg);
	rouse_counter_add(&w->stats.wakes, 1);
	return nb;
}

/* Block; returns in state ATTEND after a first round. What woke the worker is served first, and
 * accounted for then. */
static void
sleep_until_woken(struct rouse_worker *w)
{
	uint64_t began_ns = worker_spin_before_sleep(w);
	uint32_t limit_us = sleep_limit_us(w), found;
	struct epoll_event events[MAX_EVENTS];
	bool timer_only, stale;
	uint64_t parked = w->round_tsc, awake, now;
	int nb;

	if (limit_us != 0)
		set_timer(w->timer, limit_us);
	nb = block(w, events);
	awake = w->round_tsc;
	disarm_all(w);
	worker_spin_after_sleep(w, began_ns, awake - parked);
	audit(w); /* while the bits are there that the round takes */
	found = visit_after_wake(w, events, nb);

	record_latency(w, awake);
	w->awake_since_tsc = awake;
	timer_only = count_causes(w, events, nb);
	stale = is_stale(w, events, nb);
	if (found == 0 && !timer_only) {
		/* who polls queues himself may yet find what woke him */
		w->is_wake_open = w->watched.nb != 0;
		rouse_counter_add(&w->stats.spurious_wakes, w->is_wake_open ? 0 : 1);
		rouse_counter_add(&w->stats.stale_wakes, stale && !w->is_wake_open ? 1 : 0);
	}
	if (limit_us != 0 && !timer_only)
		set_timer(w->timer, 0);
	now = worker_end_round(w, found != 0);
	if (found == 0 && timer_only)
		policy_look(&w->policy, awake, now);
	else
		policy_wake(&w->policy, awake, found != 0, now);
}

/* PARK -> ATTEND instead of blocking. */
void
worker_give_up_parking(struct rouse_worker *w)
{
	w->is_parking = false;
	rouse_attn_unpark(&w->attn);
	disarm_all(w);
}

/* The second look, and then the sleep: ATTEND again. */
void
worker_look_again(struct rouse_worker *w, bool found)
{
	uint64_t now;

	/* a stop has no entry: its bit may have been taken in the round before */
	if (found || rouse_attn_look(&w->attn) || worker_shall_stop(w) ||
	    worker_visit_list(w, &w->plain) != 0) {
		worker_give_up_parking(w);
		rouse_counter_add(&w->stats.recheck_hits, 1);
		now = worker_end_round(w, true);
		policy_wake(&w->policy, now, true, now);
		return;
	}
	w->is_parking = false;
	sleep_until_woken(w);
}

/* ATTEND -> PARK -> ATTEND; or only to PARK, if the second look is the application's. */
void
worker_park(struct rouse_worker *w)
{
	rouse_counter_add(&w->stats.parks, 1);
	rouse_attn_park(&w->attn);
	arm_all(w);
	if (w->nb_to_look_at != 0 && !rouse_attn_look(&w->attn))
		w->is_parking = true;
	else
		worker_look_again(w, false);
}
